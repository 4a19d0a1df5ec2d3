package render

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"tlslab/handshake/foreign"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"
)

// cells measures text as a terminal lays it out: Chinese takes two columns. It
// does not ask the environment, so that the same run looks the same everywhere.
var cells measure = &runewidth.Condition{EastAsianWidth: false}

// measure is runewidth's; tests count what it is asked to look at.
type measure interface {
	StringWidth(s string) int
	Truncate(s string, n int, tail string) string
	RuneWidth(r rune) int
}

// width is how many columns s takes.
func width(s string) int { return cells.StringWidth(s) }

// pad fills s up with spaces to n columns.
func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-width(s))) }

// ahead is a beginning of s that is wider than n columns, or all of s if nothing is: it
// cuts and breaks at n columns as s does, for what a character is does not depend on
// what comes after the next one, and none gets narrower by what is added to it. Whoever
// looks no further than this takes time for what is shown, not for what a peer sent.
func ahead(s string, n int) string {
	for k := 2*max(n, 0) + 16; k < len(s); k *= 2 {
		if part := s[:boundary(s, k)]; width(part) > n {
			return part
		}
	}
	return s
}

// boundary is where the character that holds byte i of s begins, i itself if it holds none.
func boundary[T string | []byte](s T, i int) int {
	for at := i; at > 0 && at > i-utf8.UTFMax; at-- {
		if utf8.RuneStart(s[at]) {
			return at
		}
	}
	return i
}

// cut shortens s to n columns, and says so with an ellipsis.
func cut(s string, n int) string {
	n = max(n, 1)
	return cells.Truncate(ahead(s, n), n, "…")
}

// Wrap breaks text into lines of at most n columns: at spaces, and between two
// Chinese characters except where punctuation must stay with its neighbour. A
// word longer than a line is broken wherever the line ends.
func Wrap(text string, n int) []string {
	n = max(n, 8)
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line, at := "", 0 // at columns wide
		for _, w := range words(paragraph) {
			if line != "" && at+len(w.glue)+width(ahead(w.text, n)) > n {
				lines, line = append(lines, line), ""
			}
			if line != "" {
				line += w.glue
			}
			line += w.text
			for {
				part := ahead(line, n)
				if at = width(part); at <= n {
					break
				}
				head := head(part, n)
				lines, line = append(lines, head), line[len(head):]
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// head is as much of s as goes into n columns: whole characters as readers count them,
// but of one that is wider than a line by itself, for it may be made of as many as a peer
// likes, those of its parts that do. It is never empty.
func head(s string, n int) string {
	if whole := cells.Truncate(s, n, ""); whole != "" {
		return whole
	}
	at := 0
	for i, r := range s {
		if at += cells.RuneWidth(r); i > 0 && at > n {
			return s[:i]
		}
	}
	return s
}

// word is what no line may end within, and what stands between it and the one before.
type word struct{ glue, text string }

// words splits at spaces, and between characters of double width.
func words(s string) []word {
	var out []word
	for _, w := range strings.Fields(s) {
		glue, start, prev := " ", 0, rune(0)
		for i, r := range w {
			if i > 0 && breakable(prev, r) {
				out = append(out, word{glue, w[start:i]})
				glue, start = "", i
			}
			prev = r
		}
		out = append(out, word{glue, w[start:]})
	}
	return out
}

// breakable reports whether a line may end between a and b.
func breakable(a, b rune) bool {
	wide := func(r rune) bool { return cells.RuneWidth(r) == 2 }
	if !wide(a) && !wide(b) || strings.ContainsRune("（「《“‘([", a) {
		return false
	}
	return !strings.ContainsRune("，。、；：？！）」》”’…,.;:?!)]", b) && !unicode.Is(unicode.Mn, b)
}

// paint colours text, or leaves it alone. Its methods say what a text is, not which colour
// that has.
type paint struct{ on bool }

func (p paint) with(s string, a ...color.Attribute) string {
	if !p.on || s == "" {
		return s
	}
	c := color.New(a...)
	c.EnableColor() // whether to colour was decided by whoever set Options.Color
	return c.Sprint(s)
}

// bold is a heading.
func (p paint) bold(s string) string { return p.with(s, color.Bold) }

// dim is beside the point: an aside, a section's number.
func (p paint) dim(s string) string { return p.with(s, color.Faint) }

// good came out as it should.
func (p paint) good(s string) string { return p.with(s, color.FgGreen) }

// bad did not.
func (p paint) bad(s string) string { return p.with(s, color.FgRed, color.Bold) }

// secret must be known to nobody else.
func (p paint) secret(s string) string { return p.with(s, color.FgYellow) }

// name is what stands before a value.
func (p paint) name(s string) string { return p.with(s, color.FgCyan) }

// myth is what is often said wrongly.
func (p paint) myth(s string) string { return p.with(s, color.FgMagenta) }

// page writes lines of at most width columns and remembers the first error.
type page struct {
	w     io.Writer
	width int // columns; not to be changed
	paint paint
	fault error
	empty bool // the last line was
}

// newPage returns a page on w, width columns wide: 0 means DefaultWidth, below 40 is 40. With
// color it is painted with escape sequences.
func newPage(w io.Writer, width int, color bool) *page {
	if width == 0 {
		width = DefaultWidth
	}
	return &page{w: foreign.NewWriter(w, color), width: max(width, 40), paint: paint{color}}
}

// err is the first error of the writer, or nil.
func (p *page) err() error { return p.fault }

// line writes one line. It is one whatever s holds: a newline or a tab in it would be a
// peer's, not quoted where it became text, and could forge a line or a column of ours.
func (p *page) line(s string) {
	if p.fault == nil {
		s = peersLayout.Replace(strings.TrimRight(s, " "))
		p.empty = s == ""
		_, p.fault = fmt.Fprintln(p.w, s)
	}
}

var peersLayout = strings.NewReplacer("\n", `\n`, "\t", `\t`)

// blank leaves one line free, however often it is called.
func (p *page) blank() {
	if !p.empty {
		p.line("")
	}
}

// text writes a paragraph, each line after indent columns and painted with f, which may be nil.
func (p *page) text(indent int, s string, f func(string) string) {
	if s == "" {
		return
	}
	for _, l := range Wrap(s, p.width-indent) {
		if f != nil {
			l = f(l)
		}
		p.line(strings.Repeat(" ", indent) + l)
	}
}

// row writes a label of n columns and a value that may wrap under itself.
func (p *page) row(indent int, label string, n int, value string, f func(string) string) {
	p.hang(strings.Repeat(" ", indent)+p.paint.name(pad(label, n))+" ", indent+max(n, width(label))+1, value, f)
}

// hang writes head, which is at columns wide, and value behind it, wrapped under itself.
func (p *page) hang(head string, at int, value string, f func(string) string) {
	p.hangRef(head, at, value, "", f)
}

// hangRef hangs value behind head, as hang does, with a reference at the end of the last line, or below it if there is no
// room.
func (p *page) hangRef(head string, at int, value, ref string, f func(string) string) {
	if at > p.width/2 {
		p.line(head)
		head, at = strings.Repeat(" ", 8), 8
	}
	lines := Wrap(value, p.width-at)
	for i, l := range lines {
		gap := 0
		if i == len(lines)-1 && ref != "" {
			gap = p.width - at - width(l) - width(ref)
		}
		if f != nil {
			l = f(l)
		}
		if i > 0 {
			head = strings.Repeat(" ", at)
		}
		if gap >= 1 {
			l, ref = l+strings.Repeat(" ", gap)+p.paint.dim(ref), ""
		}
		p.line(head + l)
	}
	if ref != "" {
		p.line(strings.Repeat(" ", max(0, p.width-width(ref))) + p.paint.dim(cut(ref, p.width)))
	}
}

// textRef writes a paragraph with a reference at the end of the last line, or below it.
func (p *page) textRef(indent int, s, ref string, f func(string) string) {
	if s != "" || ref != "" {
		p.hangRef(strings.Repeat(" ", indent), indent, s, ref, f)
	}
}

// sides writes left, and right at the end of the same line; on the next line if
// there is no room.
func (p *page) sides(left, right string, f func(string) string) {
	l := left
	if f != nil {
		l = f(left)
	}
	gap := p.width - width(left) - width(right)
	switch {
	case right != "" && gap >= 1:
		p.line(l + strings.Repeat(" ", gap) + p.paint.dim(right))
		return
	case width(left) <= p.width:
		p.line(l)
	default:
		indent := len(left) - len(strings.TrimLeft(left, " "))
		p.text(indent, left, f)
	}
	if right != "" {
		p.line(strings.Repeat(" ", max(0, p.width-width(right))) + p.paint.dim(cut(right, p.width)))
	}
}

// Size is a number of bytes in words: "512 B", "1.2 KiB", "3.4 GiB".
func Size(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f := float64(n)
	for _, unit := range []string{"KiB", "MiB", "GiB"} {
		if f /= 1 << 10; f < 1000 {
			return fmt.Sprintf("%.3g %s", f, unit)
		}
	}
	return fmt.Sprintf("%.3g TiB", f/(1<<10))
}
