package foreign

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Lines is a buffer above a Writer: many small Writes become few. A Writer looks at each Write by itself, so
// that a buffer which is passed on wherever it happens to be full (bufio's) cuts characters and colours in two,
// and what a reader sees of them is escapes. This one is passed on up to the end of a line, and of a line that is
// longer than the buffer, up to the end of a character.
//
// It is for one goroutine. Flush passes on what is left.
type Lines struct {
	w    io.Writer
	held []byte
	err  error // the first of w's: nothing is written after it
}

// linesPiece is how many bytes are gathered before they are passed on: as many as bufio gathers.
const linesPiece = 4096

// NewLines returns a buffer above w.
func NewLines(w io.Writer) *Lines { return &Lines{w: w} }

// Write writes p, or keeps it.
func (l *Lines) Write(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	if l.held = append(l.held, p...); len(l.held) >= linesPiece {
		l.pass(whole(l.held))
	}
	return len(p), l.err
}

// Flush passes on all there is, and returns the first error of the writer below.
func (l *Lines) Flush() error {
	l.pass(len(l.held))
	return l.err
}

// pass passes on the first n bytes.
func (l *Lines) pass(n int) {
	if l.err == nil && n > 0 {
		_, l.err = l.w.Write(l.held[:n])
		l.held = append(l.held[:0], l.held[n:]...)
	}
}

// whole is how much of p can be looked at by itself: its lines, or, where no line ends in it, all but a
// character, or a colour of ours, that may go on.
func whole(p []byte) int {
	if n := bytes.LastIndexByte(p, '\n'); n >= 0 {
		return n + 1
	}
	n := len(p)
	for back := 1; back < utf8.UTFMax; back++ {
		if b := p[n-back]; utf8.RuneStart(b) {
			if !utf8.FullRune(p[n-back:]) {
				n -= back
			}
			break
		}
	}
	const colour = 7 // bytes of the longest of ours, less its end
	if esc := bytes.LastIndexByte(p[:n], '\x1b'); esc >= n-colour && bytes.IndexByte(p[esc:n], 'm') < 0 {
		n = esc
	}
	return n
}
