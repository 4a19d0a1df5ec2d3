package sheet

import (
	"slices"
	"testing"
)

func TestRuns(t *testing.T) {
	p := NewBlocks(func(Block) {})
	s := "a " + p.Paint.Good("b "+p.Paint.Dim("c")+" d") + " e"
	want := []Run{{NoStyle, "a "}, {GoodStyle, "b "}, {DimStyle, "c"}, {GoodStyle, " d"}, {NoStyle, " e"}}
	if got := Runs(s); !slices.Equal(got, want) {
		t.Errorf("%q: %v", s, got)
	}
	if got := Unpainted(s); got != "a b c d e" {
		t.Errorf("%q", got)
	}
	for _, s := range []string{"", "\x1b", "a\x1b", "\x1b0", "\x1b0\x1b0x", "\x1b9x"} {
		Runs(s) // whatever it is, it has an end
	}
}

// A page whose blocks are taken writes the same words as one with columns, and breaks none.
func TestBlocksOfAPage(t *testing.T) {
	var got []Block
	p := NewBlocks(func(b Block) { got = append(got, b) })
	p.Banner("TLS 1.3: client, server")
	p.Sides("   a heading", "RFC 9846 §6", p.Paint.Bold)
	p.Blank()
	p.Text(5, "one\ntwo", nil)
	p.Row(7, "name", 12, "value\nanother", nil)
	p.HangRef("   - ", 5, "said", "§5", nil)
	p.HangRef("     ", 5, "said on", "§6", nil)
	p.Line("     0000  17 03")
	p.Put(Block{Kind: Paragraph, Text: "a\tpeer's"})
	want := []Block{
		{Kind: Banner, Text: "TLS 1.3: client, server"},
		{Kind: Heading, Indent: 3, Text: p.Paint.Bold("a heading"), Ref: "RFC 9846 §6"},
		{Indent: 5, Text: "one"}, {Indent: 5, Text: "two"},
		{Kind: Row, Indent: 7, Label: "name", Text: "value"}, {Kind: Row, Indent: 7, Text: "another"},
		{Kind: Item, Indent: 3, Label: "-", Text: "said", Ref: "§5"}, {Indent: 5, Text: "said on", Ref: "§6"},
		{Kind: Plain, Indent: 5, Text: "0000  17 03"}, {Text: `a\tpeer's`},
	}
	if len(got) != len(want) {
		t.Fatalf("%d blocks: %v", len(got), got)
	}
	for i := range want {
		g, w := got[i], want[i]
		if g.Kind != w.Kind || g.Indent != w.Indent || g.Label != w.Label || g.Text != w.Text || g.Ref != w.Ref {
			t.Errorf("%d: %+v, want %+v", i, g, w)
		}
	}
}
