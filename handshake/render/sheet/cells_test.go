package sheet

import (
	"math/rand/v2"
	"testing"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// TestKnownCells: what is counted here is as wide as runewidth says, alone, in text, and where text is cut.
func TestKnownCells(t *testing.T) {
	theirs := &runewidth.Condition{}
	ours := terminal{theirs}
	var all []rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		w := known(r)
		if w == 0 {
			continue
		}
		all = append(all, r)
		if want := theirs.RuneWidth(r); w != want {
			t.Errorf("%U is %d columns wide, want %d", r, w, want)
		}
	}
	if len(all) < 20_000 {
		t.Errorf("only %d characters are known", len(all))
	}
	random := rand.New(rand.NewPCG(19, 1))
	odd := []rune("\u0301\u200d\ufe0f👩🏻🇨\u1100\u1161\x00\n\r\ufffdé§")
	for range 20_000 {
		var text []rune
		for range random.IntN(12) {
			text = append(text, all[random.IntN(len(all))])
		}
		if random.IntN(2) == 0 {
			text = append(text, odd[random.IntN(len(odd))], 'a')
		}
		s, n := string(text), random.IntN(14)
		if got, want := ours.StringWidth(s), theirs.StringWidth(s); got != want {
			t.Fatalf("%q is %d columns wide, want %d", s, got, want)
		}
		for _, tail := range []string{"", "…", "..."} {
			if got, want := ours.Truncate(s, n, tail), theirs.Truncate(s, n, tail); got != want {
				t.Fatalf("%q in %d columns is %q, want %q", s, n, got, want)
			}
		}
	}
}
