package sheet

import "github.com/mattn/go-runewidth"

// cells measures text as a terminal lays it out: Chinese takes two columns. It
// does not ask the environment, so that the same run looks the same everywhere.
var cells measure = terminal{&runewidth.Condition{EastAsianWidth: false}}

// measure is a part of runewidth.Condition. Tests put another one in its place, to count the
// text that it is asked to look at.
type measure interface {
	StringWidth(s string) int
	Truncate(s string, n int, tail string) string
	RuneWidth(r rune) int
}

// terminal is a Condition that is asked only about what needs its tables. At the first character behind U+02FF
// it fills two of them, of a byte for each character that there can be: 2 MB and a millisecond, which was an eighth
// of all that tlslab verify did, for the ellipsis in its report.
type terminal struct{ *runewidth.Condition }

// known is the width of characters that most of our own text is made of; 0 of all others. None of them
// joins with its neighbours to one character, so that they can be counted one by one.
func known(r rune) int {
	switch {
	case ' ' <= r && r <= '~',
		'¡' <= r && r < 0x300 && r != 0xad, // the rest of Latin; 0xad is a hyphen that is not seen
		'‐' <= r && r <= '‧',               // dashes, quotation marks, the ellipsis
		'∀' <= r && r <= '⋿':               // ≤, ∙ and their like
		return 1
	case '、' <= r && r <= '〟' && r != '〒' && r != '〓', // the punctuation of Chinese
		'一' <= r && r <= '龥',
		'！' <= r && r <= '～':
		return 2
	}
	return 0
}

func (t terminal) RuneWidth(r rune) int {
	if w := known(r); w > 0 {
		return w
	}
	return t.Condition.RuneWidth(r)
}

func (t terminal) StringWidth(s string) int {
	width := 0
	for _, r := range s {
		w := known(r)
		if w == 0 {
			return t.Condition.StringWidth(s)
		}
		width += w
	}
	return width
}

func (t terminal) Truncate(s string, n int, tail string) string {
	width, cut, room := 0, -1, n-t.StringWidth(tail)
	for i, r := range s {
		w := known(r)
		if w == 0 {
			return t.Condition.Truncate(s, n, tail)
		}
		if width += w; width > room && cut < 0 {
			cut = i
		}
	}
	if width <= n {
		return s
	}
	return s[:max(cut, 0)] + tail
}
