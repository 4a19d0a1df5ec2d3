package relay

import (
	"net/http"
	"slices"
	"strings"
)

// Changes is what is to become of a message beyond what the RFCs demand.
type Changes struct {
	Host  string   // what Host, or :authority, of a request becomes; "": as it came
	Drop  []string // fields to leave out, in lower case
	Body  Filter   // nil: the body goes on as it comes
	Stale []string // fields to leave out if Body has a body to change, since they tell of that as it came

	// Of a message that was held (hold.go) there is more. A zero value leaves it as it came.
	Fields         []Placed // all the fields as they go on, in order; of HTTP/2 with those of the first line
	Method, Target string   // of a request
	Status         int      // of a reply
	Reason         string   // of a reply in HTTP/1.1, with Status
	Stream         bool     // the body is the holder's: Take, Give, GiveEnd
}

// hosts reports whether a request gets another Host, and notes it. That of a CONNECT which makes a
// tunnel is of where the tunnel leads.
func (c *Changes) hosts(h *Head) bool {
	switch {
	case c.Host == "", h.host == c.Host && (h.Authority == "" || h.Authority == c.Host):
		return false
	case h.Method == http.MethodConnect && (h.upgrade == "" || strings.HasPrefix(h.Proto, "HTTP/1")):
		return false
	}
	h.note(NoteFixedHost)
	return true
}

// hosted is h with the Host that c wants, in HTTP/2.
func (c *Changes) hosted(h *Head) *Head {
	if !c.hosts(h) {
		return h
	}
	fresh := *h
	fresh.Fields = slices.Clone(h.Fields)
	for i, f := range fresh.Fields {
		if f.Name == ":authority" || f.Name == "host" {
			fresh.Fields[i].Value = c.Host
		}
	}
	return &fresh
}

// Filter changes a body as it passes.
type Filter interface {
	// Add appends to dst what may go on once p has come too.
	Add(dst, p []byte) []byte
	// End appends the rest.
	End(dst []byte) []byte
}

// Failing is a Filter that may find that a body is not what its head says. Its message is then
// broken off.
type Failing interface {
	Filter
	Err() error
}

// failure is why a body could not be changed; nil if it could.
func failure(f Filter, from Side) *Refusal {
	if f, ok := f.(Failing); ok && f.Err() != nil {
		return &Refusal{From: from, Rule: RuleContentCoding, Detail: quote(f.Err().Error())}
	}
	return nil
}

// edits is how a head that goes on differs from the one that came.
type edits struct {
	start string   // the first line, without its end; "": as it came
	host  string   // the value of Host; "": as it came
	drop  []string // names in lower case
	last  string   // a line to add

	fields []Placed // the fields that go on, in order; nil: those that came
}

func (e *edits) none() bool {
	return e.start == "" && e.host == "" && len(e.drop) == 0 && e.last == "" && e.fields == nil
}

// edited is the head as it goes on, if it cannot go on as it came.
func (h *Head) edited(e *edits) []byte {
	out := make([]byte, 0, len(h.Raw)+len(e.last)+32)
	first, rest, _ := cutLine(h.Raw)
	if e.start != "" {
		first = e.start + "\r\n"
	}
	out = append(out, first...)
	if e.host != "" && h.hosts == 0 {
		out = append(out, "Host: "+e.host+"\r\n"...)
	}
	return h.editedFields(out, rest, e)
}

// editedFields appends to out the lines of s that go on.
func (h *Head) editedFields(out []byte, s string, e *edits) []byte {
	var lines [][2]string // if they go on in another order
	for s != "" {
		var text, end string
		text, end, s = cutField(s)
		switch {
		case text == "":
			out = h.placed(out, lines, e)
			return append(append(out, e.last...), end...)
		case e.fields != nil:
			lines = append(lines, [2]string{text, end})
		default:
			out = h.editedField(out, text, end, e)
		}
	}
	return out
}

// placed appends the fields that a holder wants to go on.
func (h *Head) placed(out []byte, lines [][2]string, e *edits) []byte {
	for _, p := range e.fields {
		switch {
		case p.Came > 0 && p.Came <= len(lines):
			out = h.editedField(out, lines[p.Came-1][0], lines[p.Came-1][1], e)
		case p.Came == 0 && !drops(e.drop, p.Name):
			out = appendField(out, p.Name, p.Value)
		}
	}
	return out
}

// editedField appends a line that came, if it goes on.
func (h *Head) editedField(out []byte, text, end string, e *edits) []byte {
	name, value, _ := strings.Cut(text, ":")
	clean := strings.TrimRight(name, " \t")
	if h.drops(clean) || drops(e.drop, clean) {
		return out
	}
	switch {
	case e.host != "" && sameName(clean, "Host"):
		value = " " + e.host
	case sameName(clean, "Connection"):
		var some bool
		if value, some = keepOptions(value); !some {
			return out
		}
	}
	out = append(append(out, clean...), ':')
	return append(append(out, value...), end...)
}

// cutField cuts s behind its first field, and unfolds that: a fold is one space or more
// (RFC 9112 §5.2). end is the end of its last line.
func cutField(s string) (text, end, rest string) {
	line, rest, _ := cutLine(s)
	text = trimEnd(line)
	end = line[len(text):]
	if text == "" || rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return text, end, rest
	}
	whole := []byte(text)
	for rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		line, rest, _ = cutLine(rest)
		text = trimEnd(line)
		end = line[len(text):]
		whole = append(append(whole, ' '), strings.TrimLeft(text, " \t")...)
	}
	return string(whole), end, rest
}

func drops(names []string, name string) bool {
	for _, n := range names {
		if sameName(n, name) {
			return true
		}
	}
	return false
}

// keepOptions is a value of Connection with what is of this relay's connections too; as it came
// if that is all. some is false if nothing of it is, and the field goes no further.
func keepOptions(value string) (kept string, some bool) {
	var options []string
	all := true
	for option := range strings.SplitSeq(value, ",") {
		if option = trimOWS(option); keptOptions[lower(option)] {
			options = append(options, option)
		} else {
			all = all && option == ""
		}
	}
	switch {
	case all:
		return value, true
	case len(options) == 0:
		return "", false
	}
	return " " + strings.Join(options, ", "), true
}
