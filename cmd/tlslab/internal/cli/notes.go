package cli

import (
	"bytes"
	"io"
	"os"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/render/sheet"
)

// Notes is where errors and remarks go, standard error. On a terminal their lines are broken at its width. Elsewhere each
// stays one line: a file of them is searched with grep.
type Notes struct {
	*foreign.Writer
	terminal *os.File // nil if it is none
}

// NewNotes writes to w, which leads to the place to.
func NewNotes(w, to io.Writer) *Notes {
	f, _ := Unfiltered(to).(*os.File)
	return &Notes{foreign.NewWriter(w, false), f}
}

// Write writes p. A line that is not whole, such as a prompt, passes.
func (n *Notes) Write(p []byte) (int, error) {
	if n.terminal == nil || !bytes.HasSuffix(p, []byte("\n")) {
		return n.Writer.Write(p)
	}
	width := Columns(n.terminal) // now: a window is drawn wider
	if width < leastBeside {
		return n.Writer.Write(p)
	}
	var out strings.Builder
	for line := range strings.Lines(string(p)) {
		for _, l := range folded(strings.TrimSuffix(line, "\n"), width) {
			out.WriteString(l + "\n")
		}
	}
	if _, err := io.WriteString(n.Writer, out.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// ourName stands before what went wrong.
const ourName = "tlslab: "

// folded is a line in lines of so many columns. What goes on is indented as its beginning is: below the words of an
// error, and so apart from the advice that follows. A line with a word that has no room, a path, is the terminal's to
// break, from which it can be copied whole; and so is one with a gap, which breaking it would close.
func folded(line string, width int) []string {
	if sheet.Width(line) <= width {
		return []string{line}
	}
	text := strings.TrimLeft(line, " ")
	first := line[:len(line)-len(text)]
	if rest, ok := strings.CutPrefix(line, ourName); ok {
		first, text = ourName, rest
	}
	room := width - sheet.Width(first)
	if room < leastBeside || strings.Contains(text, "  ") {
		return []string{line}
	}
	for _, word := range strings.FieldsFunc(text, breaksBeside) {
		if sheet.Width(word) > room {
			return []string{line}
		}
	}
	lines := sheet.Wrap(text, room)
	for i := range lines {
		lines[i] = first + lines[i]
		first = strings.Repeat(" ", sheet.Width(first))
	}
	return lines
}
