package relay

import "strings"

// Changes is what is to become of a message beyond what the RFCs demand.
type Changes struct {
	Drop []string // fields to leave out, in lower case
	Body Filter   // nil: the body goes on as it comes
}

// Filter changes a body as it passes.
type Filter interface {
	// Add appends to dst what may go on once p has come too.
	Add(dst, p []byte) []byte
	// End appends the rest.
	End(dst []byte) []byte
}

// edits is how a head that goes on differs from the one that came.
type edits struct {
	start string   // the first line, without its end; "": as it came
	host  string   // the value of Host; "": as it came
	drop  []string // names in lower case
	last  string   // a line to add
}

func (e *edits) none() bool {
	return e.start == "" && e.host == "" && len(e.drop) == 0 && e.last == ""
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
	dropped := false
	for s != "" {
		var line string
		line, s, _ = cutLine(s)
		text := trimEnd(line)
		end := line[len(text):]
		if text == "" {
			out = append(append(out, e.last...), end...)
			break
		}
		if text[0] == ' ' || text[0] == '\t' { // RFC 9112 §5.2: a fold is one space or more
			if !dropped {
				out = append(unendLine(out), ' ')
				out = append(append(out, strings.TrimLeft(text, " \t")...), end...)
			}
			continue
		}
		name, value, _ := strings.Cut(text, ":")
		clean := strings.TrimRight(name, " \t")
		if dropped = h.drops(clean) || drops(e.drop, clean); dropped {
			continue
		}
		switch {
		case e.host != "" && strings.EqualFold(clean, "Host"):
			value = " " + e.host
		case strings.EqualFold(clean, "Connection"):
			if value = keepOptions(value); value == "" {
				dropped = true
				continue
			}
		}
		out = append(append(out, clean...), ':')
		out = append(append(out, value...), end...)
	}
	return out
}

// unendLine takes the end of the last line off again.
func unendLine(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	if n := len(b); n > 0 && b[n-1] == '\r' {
		b = b[:n-1]
	}
	return b
}

func drops(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// keepOptions is a value of Connection with what is of this relay's connections too; as it came
// if that is all.
func keepOptions(value string) string {
	var kept []string
	all := true
	for option := range strings.SplitSeq(value, ",") {
		if option = trimOWS(option); keptOptions[strings.ToLower(option)] {
			kept = append(kept, option)
		} else {
			all = all && option == ""
		}
	}
	switch {
	case all:
		return value
	case len(kept) == 0:
		return ""
	}
	return " " + strings.Join(kept, ", ")
}
