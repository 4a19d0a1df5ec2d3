package sheet

import (
	"strings"
)

// Block is one piece of what a Page would write, before it has columns. A face that lays out
// by itself, such as an HTML page, takes blocks, so that its words are the terminal's.
//
// Label, Text and the cells of Rows are painted: Runs parts them by what they are. What a peer
// wrote is quoted in them as on a terminal, and is still to be escaped for whatever they go into.
type Block struct {
	Kind   BlockKind
	Indent int    // columns: what is indented deeper belongs to what stands before it
	Label  string // what stands before the text: of a Row its name, of an Item its mark
	Text   string
	Ref    string     // where it is specified, "RFC 9846 §4.2.3"; of a Heading whatever stands on the right
	Rows   [][]string // of a Table; the first is its head
	Of     any        // what it is about more closely than an event: a *pki.Check, or nil
}

// BlockKind says what a Block is.
type BlockKind uint8

// The kinds.
const (
	Paragraph BlockKind = iota
	Heading             // of a move, a scene, a computation
	Row                 // a name and its value
	Item                // a mark, or a few words, and what is said of it
	Plain               // a line whose columns mean something, such as a dump's
	Table
	Command // Text is for a shell, to be copied as it is
	Myth    // Label is often said, Text is true
	Banner  // heads a flow
	Bar     // like a Row, and the value is as long as what it stands for: its characters are equally wide
)

// Style is what a run of text is. The zero value is nothing in particular.
type Style uint8

// The styles, as Paint has them.
const (
	NoStyle Style = iota
	BoldStyle
	DimStyle
	GoodStyle
	BadStyle
	SecretStyle
	NameStyle
	MythStyle
)

// Run is text of one style.
type Run struct {
	Style Style
	Text  string
}

// Runs parts what was painted for blocks. Text that nobody painted is one run.
func Runs(s string) []Run {
	var runs []Run
	open := []Style{NoStyle}
	add := func(text string) {
		if text != "" {
			runs = append(runs, Run{open[len(open)-1], text})
		}
	}
	for {
		at := strings.IndexByte(s, escape)
		if at < 0 || at+1 >= len(s) {
			add(s)
			return runs
		}
		add(s[:at])
		switch style := s[at+1] - '0'; {
		case style != byte(NoStyle):
			open = append(open, Style(style))
		case len(open) > 1:
			open = open[:len(open)-1]
		}
		s = s[at+2:]
	}
}

// Unpainted is what was painted for blocks, without its styles.
func Unpainted(s string) string {
	var b strings.Builder
	for _, r := range Runs(s) {
		b.WriteString(r.Text)
	}
	return b.String()
}

// escape stands before the digit of a style, and before a 0 where it ends. What a peer wrote
// has no such byte: it is quoted where it becomes text.
const escape = 0x1b

// marked is s between its style's marks.
func marked(s string, style Style) string {
	return string([]byte{escape, '0' + byte(style)}) + s + string([]byte{escape, '0'})
}

// NewBlocks returns a page whose blocks go to take, and that writes nothing. Width is what
// its callers may count on, and no line is broken at it.
func NewBlocks(take func(Block)) *Page {
	return &Page{take: take, Width: 100, Paint: Paint{marks: true}}
}

// Takes reports whether the page's blocks are taken as they are. Then a table is one Block,
// and is not to be laid out by hand.
func (p *Page) Takes() bool { return p.take != nil }

// Put gives a block to whoever takes them.
func (p *Page) Put(b Block) {
	if b.Of == nil {
		b.Of = p.Of
	}
	if b.Indent == 0 {
		b.Text, b.Indent = unindented(b.Text)
	}
	if b.Label = unbroken(b.Label); b.Kind != Command { // a command's lines are its own
		b.Text = unbroken(b.Text)
	}
	p.take(b)
}

// unindented is s without the spaces that it begins with, and how many they are.
func unindented(s string) (string, int) {
	rest := strings.TrimLeft(s, " ")
	return rest, len(s) - len(rest)
}

// unbroken shows a line break or a tab that is left, which would be a peer's.
func unbroken(s string) string { return peersLayout.Replace(strings.TrimRight(s, " ")) }
