package proxytest

import (
	"strings"

	"tlslab/handshake/mitm/relay"
)

// Exchange is what two ends say to each other on one connection.
type Exchange struct {
	Name       string
	Steps      []Step
	Exceptions []Exception // why what is heard by way of the proxy is not all that was said
	NotIn      []Form      // in which it means nothing
	HTTP2      bool
}

// Step is one thing that an end does. The other has heard it before the next step, unless it is
// not awaited.
type Step struct {
	Who relay.Side
	Do  Act

	// Bytes is what is said, or heard. Of what a client says " @/" is the beginning of a target: "/"
	// but to a forward proxy, which wants an absolute form.
	Bytes  string
	Frames []Frame // the same in HTTP/2

	free    bool             // nobody waits until it is heard
	slow    bool             // it is said byte by byte
	through map[Form]*string // what is heard of it by way of the proxy, if that is another
	frames  *[]Frame         // the same in HTTP/2
	refused *Refused
	ends    End // how it is heard by way of the proxy, if Do is an ending
}

// Act is what a Step does.
type Act string

// The acts.
const (
	Says   Act = "says"
	Hears  Act = "hears"  // waits for what was said and not awaited
	Ends   Act = "ends"   // in order, with a goodbye where there is one
	Halves Act = "halves" // says nothing more, and still hears
	Cuts   Act = "cuts"   // ends without a goodbye: where there is none this is Ends
	Resets Act = "resets"
)

// Refused is a message that does not go on: what answers it in its receiver's place.
type Refused struct {
	Status int // what the client reads, where it has read nothing of a reply; 0: no more than an end
	Rule   relay.Rule
}

// End is how a stream ended.
type End string

// The ends.
const (
	NoEnd  End = ""
	Over   End = "over"   // in order
	Broken End = "broken" // without a goodbye, or reset: who reads knows that there may have been more
	Own    End = "own"    // the reader's own doing
)

// C is what the client says, and S what the server does.
func C(s string) Step { return Step{Who: relay.Client, Do: Says, Bytes: s} }

// S is what the server says.
func S(s string) Step { return Step{Who: relay.Server, Do: Says, Bytes: s} }

// CHears has the client wait for what was said and not awaited.
func CHears(s string) Step { return Step{Who: relay.Client, Do: Hears, Bytes: s} }

// SHears has the server wait for it.
func SHears(s string) Step { return Step{Who: relay.Server, Do: Hears, Bytes: s} }

// CDoes is an ending by the client, and SDoes one by the server.
func CDoes(a Act) Step { return Step{Who: relay.Client, Do: a} }

// SDoes is an ending by the server.
func SDoes(a Act) Step { return Step{Who: relay.Server, Do: a} }

// CF is frames of the client's, and SF of the server's.
func CF(f ...Frame) Step { return Step{Who: relay.Client, Do: Says, Frames: f} }

// SF is frames of the server's.
func SF(f ...Frame) Step { return Step{Who: relay.Server, Do: Says, Frames: f} }

// Free is s without anybody who waits until it was heard.
func (s Step) Free() Step { s.free = true; return s }

// Slow is s byte by byte.
func (s Step) Slow() Step { s.slow = true; return s }

// Heard says that of s that is heard by way of the proxy.
func (s Step) Heard(text string) Step {
	for _, f := range Forms() {
		s = s.HeardIn(f, text)
	}
	return s
}

// HeardIn says so of one form.
func (s Step) HeardIn(f Form, text string) Step {
	m := map[Form]*string{f: &text}
	for k, v := range s.through {
		if k != f {
			m[k] = v
		}
	}
	s.through = m
	return s
}

// Changed reports whether something else is heard of s by way of the proxy.
func (s Step) Changed() bool { return len(s.through) > 0 || s.frames != nil }

// HeardFrames is Heard for HTTP/2.
func (s Step) HeardFrames(f ...Frame) Step { s.frames = &f; return s }

// Refused says that the proxy does not pass s on, and why; it is the last step then.
func (s Step) Refused(status int, rule relay.Rule) Step {
	s.refused = &Refused{status, rule}
	return s
}

// As says how an ending is heard by way of the proxy.
func (s Step) As(e End) Step { s.ends = e; return s }

// said is what is said in a form.
func (s *Step) said(f Form) string {
	if s.Who != relay.Client || !strings.Contains(s.Bytes, " @") {
		return s.Bytes
	}
	if f == Forward {
		return strings.ReplaceAll(strings.ReplaceAll(s.Bytes, " @*", " http://"+Name), " @/", " http://"+Name+"/")
	}
	return s.plain()
}

// plain is what is heard if nothing is changed.
func (s *Step) plain() string {
	if s.Who != relay.Client && s.Do == Says || !strings.Contains(s.Bytes, " @") {
		return s.Bytes
	}
	return strings.ReplaceAll(strings.ReplaceAll(s.Bytes, " @*", " *"), " @/", " /")
}

// heardIn is what is heard of it in a form.
func (s *Step) heardIn(f Form) string {
	if text := s.through[f]; text != nil && !f.direct() {
		return *text
	}
	return s.plain()
}

// Exception is a change that the RFCs demand of a relay, or allow it.
type Exception struct {
	Name string
	Ref  string     // the sentence that says so
	Note relay.Note // what an Entry says of it; "" if it has no note
	// Refusal says that the message does not go on.
	Refusal bool
}
