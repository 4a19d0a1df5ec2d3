package sheet

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fatih/color"

	"tlslab/handshake/foreign"
)

// Width is how many columns s takes.
func Width(s string) int { return cells.StringWidth(s) }

// Pad fills s up with spaces to n columns.
func Pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-Width(s))) }

// Flush sets s to the right of n columns.
func Flush(s string, n int) string { return strings.Repeat(" ", max(0, n-Width(s))) + s }

// ahead is a beginning of s that is wider than n columns, or all of s if s is not wider. Cut
// or broken at n columns it gives the same as s: a character does not depend on what comes
// after the next one, and text does not get narrower when more is added to it. A caller that
// looks no further than this takes time for what is shown, not for what a peer sent.
func ahead(s string, n int) string {
	for k := 2*max(n, 0) + 16; k < len(s); k *= 2 {
		if part := s[:boundary(s, k)]; Width(part) > n {
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

// Cut shortens s to n columns, and says so with an ellipsis.
func Cut(s string, n int) string {
	n = max(n, 1)
	return cells.Truncate(ahead(s, n), n, "…")
}

// Wrap breaks text into lines of at most n columns: at spaces, and between two
// Chinese characters except where punctuation must stay with its neighbour. A
// word longer than a line is broken wherever the line ends, or before the character
// that must stay.
func Wrap(text string, n int) []string {
	n = max(n, 8)
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		paragraph = spaced(paragraph)
		from, to, at := 0, 0, 0 // the line at hand is paragraph[from:to], at columns wide
		for to < len(paragraph) {
			start, end := word(paragraph, to)
			more := start - to + Width(ahead(paragraph[start:end], n))
			fits := at+more <= n
			if !fits && to > from {
				lines, from = append(lines, paragraph[from:to]), start
			}
			// A space between ASCII and ASCII is a character of its own, and so the widths add up.
			apart := start > to && to > 0 && paragraph[to-1] < utf8.RuneSelf && paragraph[start] < utf8.RuneSelf
			if to = end; fits && apart {
				at += more
				continue
			}
			for {
				part := ahead(paragraph[from:to], n)
				if at = Width(part); at <= n {
					break
				}
				head := head(part, n)
				head = unparted(head, part[len(head):])
				lines, from = append(lines, head), from+len(head)
			}
		}
		lines = append(lines, paragraph[from:to])
	}
	return lines
}

// spaced is s with one space between any two words, and none around them.
func spaced(s string) string {
	before := ' '
	for _, r := range s {
		if unicode.IsSpace(r) && (r != ' ' || before == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
		before = r
	}
	return strings.TrimSuffix(s, " ")
}

// word is where in s, behind at, that begins and ends which no line may end within: what is between spaces, or between
// characters of double width.
func word(s string, at int) (start, end int) {
	if start = at; s[start] == ' ' {
		start++
	}
	before := rune(0)
	for i, r := range s[start:] {
		if i > 0 && (r == ' ' || breakable(before, r)) {
			return start, start + i
		}
		before = r
	}
	return start, len(s)
}

// head is as much of s as goes into n columns, in whole characters as readers count them. A
// peer can make one character of any number of parts: if the first character alone is wider
// than n columns, head is as many of its parts as fit. It is never empty.
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

// breakable reports whether a line may end between a and b.
func breakable(a, b rune) bool {
	if a < utf8.RuneSelf && b < utf8.RuneSelf {
		return false
	}
	wide := func(r rune) bool { return cells.RuneWidth(r) == 2 }
	if !wide(a) && !wide(b) || strings.ContainsRune(opening+"([", a) {
		return false
	}
	return !strings.ContainsRune(closing+",.;:?!)]", b) && !unicode.Is(unicode.Mn, b)
}

// Chinese punctuation that may not end a line, and that may not begin one.
const opening, closing = "（「《“‘", "，。、；：？！）」》”’…"

// unparted is a beginning of head, as long as it may be, that parts no such punctuation from its neighbour there or in
// rest; or head, if there is none.
func unparted(head, rest string) string {
	for h := head; h != ""; h = cells.Truncate(h, Width(h)-1, "") {
		a, _ := utf8.DecodeLastRuneInString(h)
		next := head[len(h):]
		if next == "" {
			next = rest
		}
		b, _ := utf8.DecodeRuneInString(next)
		if !strings.ContainsRune(opening, a) && !strings.ContainsRune(closing, b) {
			return h
		}
	}
	return head
}

// Paint colours text, or leaves it alone. Its methods say what a text is, not which colour
// that has.
type Paint struct {
	on    bool
	marks bool // for blocks: each style has its own mark
}

func (p Paint) with(s string, style Style, a ...color.Attribute) string {
	switch {
	case s == "":
		return s
	case p.marks:
		return marked(s, style)
	case !p.on:
		return s
	}
	c := color.New(a...)
	c.EnableColor() // whether to colour was decided by whoever set Options.Color
	return c.Sprint(s)
}

// Bold is a heading.
func (p Paint) Bold(s string) string { return p.with(s, BoldStyle, color.Bold) }

// Dim is beside the point: an aside, a section's number.
func (p Paint) Dim(s string) string { return p.with(s, DimStyle, color.Faint) }

// Good came out as it should.
func (p Paint) Good(s string) string { return p.with(s, GoodStyle, color.FgGreen) }

// Bad did not.
func (p Paint) Bad(s string) string { return p.with(s, BadStyle, color.FgRed, color.Bold) }

// Secret must be known to nobody else.
func (p Paint) Secret(s string) string { return p.with(s, SecretStyle, color.FgYellow) }

// Name is what stands before a value.
func (p Paint) Name(s string) string { return p.with(s, NameStyle, color.FgCyan) }

// Myth is what is often said wrongly.
func (p Paint) Myth(s string) string { return p.with(s, MythStyle, color.FgMagenta) }

// Page writes lines of at most width columns and remembers the first error.
type Page struct {
	w     io.Writer
	Width int // columns; not to be changed
	Paint Paint
	Of    any // what the next blocks are about, as Block.Of
	fault error
	empty bool        // the last line was
	take  func(Block) // gets all, and nothing is written; or nil
}

// NewPage returns a page on w, width columns wide: 0 means DefaultWidth, below 40 is 40. With
// color it is painted with escape sequences.
func NewPage(w io.Writer, width int, color bool) *Page {
	if width == 0 {
		width = DefaultWidth
	}
	return &Page{w: foreign.NewWriter(w, color), Width: max(width, 40), Paint: Paint{on: color}}
}

// Err is the first error of the writer, or nil.
func (p *Page) Err() error { return p.fault }

// Line writes one line. It is one whatever s holds: a newline or a tab in it would be a
// peer's, not quoted where it became text, and could forge a line or a column of ours.
func (p *Page) Line(s string) {
	if p.take != nil {
		if strings.TrimSpace(Unpainted(s)) != "" {
			p.Put(Block{Kind: Plain, Text: s})
		}
		return
	}
	if p.fault == nil {
		s = unbroken(s)
		p.empty = s == ""
		_, p.fault = fmt.Fprintln(p.w, s)
	}
}

var peersLayout = strings.NewReplacer("\n", `\n`, "\t", `\t`)

// Blank leaves one line free, however often it is called.
func (p *Page) Blank() {
	if !p.empty {
		p.Line("")
	}
}

// Text writes a paragraph, each line after indent columns and painted with f, which may be nil.
func (p *Page) Text(indent int, s string, f func(string) string) {
	if s == "" {
		return
	}
	if p.take != nil {
		for _, paragraph := range strings.Split(s, "\n") {
			p.Put(Block{Indent: indent, Text: painted(paragraph, f)})
		}
		return
	}
	for _, l := range Wrap(s, p.Width-indent) {
		if f != nil {
			l = f(l)
		}
		p.Line(strings.Repeat(" ", indent) + l)
	}
}

// Row writes a label of n columns and a value that may wrap under itself.
func (p *Page) Row(indent int, label string, n int, value string, f func(string) string) {
	if p.take != nil {
		for _, line := range strings.Split(value, "\n") { // such as key shares, one each
			p.Put(Block{Kind: Row, Indent: indent, Label: label, Text: painted(line, f)})
			label = ""
		}
		return
	}
	p.Hang(strings.Repeat(" ", indent)+p.Paint.Name(Pad(label, n))+" ", indent+max(n, Width(label))+1, value, f)
}

// Hang writes head, which is at columns wide, and value behind it, wrapped under itself.
func (p *Page) Hang(head string, at int, value string, f func(string) string) {
	p.HangRef(head, at, value, "", f)
}

// HangRef hangs value behind head, as Hang does, with a reference at the end of the last line, or below it if there is no
// room.
func (p *Page) HangRef(head string, at int, value, ref string, f func(string) string) {
	if p.take != nil {
		label, indent := unindented(head)
		kind := Item
		if label == "" {
			kind, indent = Paragraph, at
		}
		p.Put(Block{Kind: kind, Indent: indent, Label: label, Text: painted(value, f), Ref: ref})
		return
	}
	if at > p.Width/2 {
		p.Line(head)
		_, indent := unindented(head)
		at = max(8, min(indent+2, p.Width/2)) // deeper than what it belongs to
		head = strings.Repeat(" ", at)
	}
	lines := Wrap(value, p.Width-at)
	for i, l := range lines {
		gap := 0
		if i == len(lines)-1 && ref != "" {
			gap = p.Width - at - Width(l) - Width(ref)
		}
		if f != nil {
			l = f(l)
		}
		if i > 0 {
			head = strings.Repeat(" ", at)
		}
		if gap >= 1 {
			l, ref = l+strings.Repeat(" ", gap)+p.Paint.Dim(ref), ""
		}
		p.Line(head + l)
	}
	if ref != "" {
		p.Line(strings.Repeat(" ", max(0, p.Width-Width(ref))) + p.Paint.Dim(Cut(ref, p.Width)))
	}
}

// TextRef writes a paragraph with a reference at the end of the last line, or below it.
func (p *Page) TextRef(indent int, s, ref string, f func(string) string) {
	if s != "" || ref != "" {
		p.HangRef(strings.Repeat(" ", indent), indent, s, ref, f)
	}
}

// Sides writes left, and right at the end of the same line; on the next line if
// there is no room.
func (p *Page) Sides(left, right string, f func(string) string) {
	if p.take != nil {
		text, indent := unindented(left)
		p.Put(Block{Kind: Heading, Indent: indent, Text: painted(text, f), Ref: right})
		return
	}
	l := left
	if f != nil {
		l = f(left)
	}
	gap := p.Width - Width(left) - Width(right)
	switch {
	case right != "" && gap >= 1:
		p.Line(l + strings.Repeat(" ", gap) + p.Paint.Dim(right))
		return
	case Width(left) <= p.Width:
		p.Line(l)
	default:
		indent := len(left) - len(strings.TrimLeft(left, " "))
		p.Text(indent, left, f)
	}
	if right != "" {
		p.Line(strings.Repeat(" ", max(0, p.Width-Width(right))) + p.Paint.Dim(Cut(right, p.Width)))
	}
}

// Banner heads a part with a line over the whole width.
func (p *Page) Banner(head string) {
	if p.take != nil {
		p.Put(Block{Kind: Banner, Text: head})
		return
	}
	p.Across(head, "=")
}

// Across writes a heading within a line of strokes over the whole width.
func (p *Page) Across(head, stroke string) {
	head = Cut(stroke+stroke+" "+head+" ", p.Width-2)
	p.Line(p.Paint.Bold(head + strings.Repeat(stroke, p.Width-Width(head))))
}

// Title writes a line that heads what is below it.
func (p *Page) Title(indent int, s string) {
	if p.take != nil {
		p.Put(Block{Kind: Heading, Indent: indent, Text: p.Paint.Bold(s)})
		return
	}
	p.Line(strings.Repeat(" ", indent) + p.Paint.Bold(s))
}

// painted is s painted with f, which may be nil.
func painted(s string, f func(string) string) string {
	if f == nil {
		return s
	}
	return f(s)
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

// DefaultWidth is how many columns a line has where nobody says otherwise.
const DefaultWidth = 80
