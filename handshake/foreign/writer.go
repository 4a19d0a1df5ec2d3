package foreign

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Writer is a second net below everything that a person reads in a terminal: what should
// have been quoted where it became text, and was not, is so here. Newlines and tabs are
// ours and pass, and so do the codes that set a colour where colours are on.
//
// Each Write is looked at by itself. A character that is cut in two between Writes is
// shown as its bytes: who gathers Writes above one does so with Lines.
type Writer struct {
	w      io.Writer
	colour bool
}

// NewWriter returns a Writer above w. colour says whether escape sequences that set one
// of our colours pass.
func NewWriter(w io.Writer, colour bool) *Writer { return &Writer{w, colour} }

// Unwrap returns what is written to, for those who ask whether it is a terminal.
func (w *Writer) Unwrap() io.Writer { return w.w }

// Write writes p. The count it returns is of p's bytes, so that a caller's sums hold.
func (w *Writer) Write(p []byte) (int, error) {
	out := p
	if !w.passes(p) {
		out = w.escape(p)
	}
	if n, err := w.w.Write(out); err != nil {
		return min(n, len(p)), err
	}
	return len(p), nil
}

// passes reports whether nothing in p needs to be escaped: mostly so.
func (w *Writer) passes(p []byte) bool {
	for len(p) > 0 {
		n := 0
		for n < len(p) && (' ' <= p[n] && p[n] <= '~' || p[n] == '\n' || p[n] == '\t') {
			n++
		}
		if p = p[n:]; len(p) == 0 {
			break
		}
		r, n := utf8.DecodeRune(p)
		if !visible(r) || r == utf8.RuneError && n == 1 {
			return false
		}
		p = p[n:]
	}
	return true
}

func (w *Writer) escape(p []byte) []byte {
	out := make([]byte, 0, len(p)+64)
	for len(p) > 0 {
		if p[0] == '\n' || p[0] == '\t' {
			out, p = append(out, p[0]), p[1:]
			continue
		}
		if n := colourCode(p); w.colour && n > 0 {
			out, p = append(out, p[:n]...), p[n:]
			continue
		}
		// Up to what this loop looks at itself. An escape character that begins no
		// colour is the first of what is escaped.
		n := 1 + bytes.IndexAny(p[1:], "\n\t\x1b")
		if n == 0 {
			n = len(p)
		}
		out, p = escape(out, string(p[:n]), false), p[n:]
	}
	return out
}

// colourCode is the length of the Select Graphic Rendition (ECMA-48 §8.3.117) at the start
// of p, if it is one of those that we write: reset, bold, faint and their end, and the
// eight colours of letters. Others, blinking and concealed among them, are not ours.
func colourCode(p []byte) int {
	if !bytes.HasPrefix(p, []byte("\x1b[")) {
		return 0
	}
	end := bytes.IndexByte(p[:min(len(p), 16)], 'm') // the longest of ours has 7 bytes
	if end < 0 {
		return 0
	}
	for parameter := range bytes.SplitSeq(p[2:end], []byte(";")) {
		switch s := string(parameter); {
		case s == "0", s == "1", s == "2", s == "22":
		case len(s) == 2 && s[0] == '3' && s[1] <= '9' && s[1] != '8':
		default:
			return 0
		}
	}
	return end + 1
}
