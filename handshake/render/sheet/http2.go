package sheet

import (
	"tlslab/handshake/event"
	"tlslab/handshake/http2"
)

// HTTP/2 as a person reads it. Whether application data is HTTP/2 its first bytes say: each
// end has to begin with what nothing else begins with (RFC 9113 §3.4).

// Talk is what each direction of each connection has said, as far as a frame is unfinished.
type Talk map[Way]*http2.Reader

// frames are those that end in e; ok is false where it is no HTTP/2.
func (t Talk) frames(e *event.Data) (frames []http2.Frame, ok bool) {
	w := LegOf(e.Head()).Way(e.Dir)
	if t[w] == nil {
		t[w] = new(http2.Reader)
	}
	return t[w].Feed(e.Data)
}

// Spoken is what application data holds of HTTP/2.
type Spoken struct {
	HTTP2  bool
	Frames []http2.Frame
}

// Add takes the next piece of the data. No piece may be taken twice.
func (s *Spoken) Add(t Talk, e *event.Data) {
	frames, ok := t.frames(e)
	s.HTTP2, s.Frames = ok, append(s.Frames, frames...)
}

// FewFrames is how many frames of one piece of data are shown each in a line.
const FewFrames = 8

// About is what application data begins with, in n columns: the names of its frames, or its
// first line.
func (s *Spoken) About(say Voice, data []byte, n int) string {
	if !s.HTTP2 {
		return Beginning(data, n)
	}
	var names []string
	for _, f := range s.Frames[:min(len(s.Frames), FewFrames)] {
		names = append(names, f.Brief())
	}
	if len(names) == 0 || len(names) < len(s.Frames) {
		names = append(names, "…") // or its end comes with the next piece
	}
	return Cut(say.List(names), n)
}
