package sheet

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/render/rendertest"
)

// counter counts the bytes that are measured.
type counter struct {
	measure
	bytes int
}

func (c *counter) StringWidth(s string) int {
	c.bytes += len(s)
	return c.measure.StringWidth(s)
}

func (c *counter) Truncate(s string, n int, tail string) string {
	c.bytes += len(s)
	return c.measure.Truncate(s, n, tail)
}

func (c *counter) RuneWidth(r rune) int {
	c.bytes++
	return c.measure.RuneWidth(r)
}

// measured is how many bytes f looks at to lay text out.
func measured(t *testing.T, f func()) int {
	t.Helper()
	was := cells
	defer func() { cells = was }()
	c := &counter{measure: was}
	cells = c
	f()
	return c.bytes
}

// What a peer may send that is long and has no place to break, or has one everywhere.
var long = map[string]func(n int) string{
	"hex":             func(n int) string { return strings.Repeat("0f", n/2) },
	"words":           func(n int) string { return strings.Repeat("word ", n/5) },
	"lines":           func(n int) string { return strings.Repeat("a\n", n/2) },
	"spaces":          func(n int) string { return strings.Repeat(" ", n) },
	"Chinese":         func(n int) string { return strings.Repeat("握手", n/6) },
	"punctuation":     func(n int) string { return strings.Repeat("，", n/3) },
	"marks":           func(n int) string { return strings.Repeat("\u0301", n/2) },
	"letters, marked": func(n int) string { return strings.Repeat("e\u0301", n/3) },
	"flags":           func(n int) string { return strings.Repeat("🇨", n/4) },
	"skin tones":      func(n int) string { return "a" + strings.Repeat("🏻", n/4) },
	"prefixes":        func(n int) string { return strings.Repeat("\u0d4e", n/3) }, // one character to a reader, however many
	"skin and marks":  func(n int) string { return strings.Repeat("a🏻\u0301", n/7) },
	"Hangul":          func(n int) string { return strings.Repeat("\u1100\u1161", n/6) },
}

// Twice the text takes twice the work, whatever it is: a line is broken without a look at
// the lines behind it.
func TestWrapIsLinear(t *testing.T) {
	for name, text := range long {
		once := measured(t, func() { Wrap(text(1<<15), 60) })
		twice := measured(t, func() { Wrap(text(2<<15), 60) })
		if twice > once*11/5 {
			t.Errorf("%s: %d bytes looked at for 32 KiB, %d for 64", name, once, twice)
		}
	}
	if n := measured(t, func() { Wrap(long["hex"](1<<16), 60) }); n > 16<<16 {
		t.Errorf("each byte of a word is looked at %d times", n>>16)
	}
}

// What is cut costs what is left of it, not what it was.
func TestCutLooksAtWhatIsLeft(t *testing.T) {
	for name, text := range long {
		if name == "lines" || name == "spaces" || name == "marks" || name == "skin tones" || name == "prefixes" {
			continue // to be quoted first; or one character, which has to be read to its end
		}
		little, much := text(1<<10), text(1<<18)
		if a, b := measured(t, func() { Cut(little, 40) }), measured(t, func() { Cut(much, 40) }); b > a {
			t.Errorf("%s: %d bytes looked at for 1 KiB, %d for 256", name, a, b)
		}
	}
}

// A character that is wider than a line is broken too: nothing is lost, and wrap returns.
func TestWrapBreaksWhatIsWiderThanALine(t *testing.T) {
	const prefix = "\u0d4e" // a letter that belongs to the next one, and so on
	for _, text := range []string{
		strings.Repeat(prefix, 60),
		"one " + strings.Repeat(prefix, 60) + "x two",
		strings.Repeat(prefix, 9) + "\u0301" + strings.Repeat(prefix, 9),
		strings.Repeat(strings.Repeat(prefix, 9)+"x", 5),
		"a" + strings.Repeat("🏻", 60),
	} {
		lines := Wrap(text, 8)
		for _, l := range lines {
			if Width(l) > 8 {
				t.Errorf("%q is %d wide", l, Width(l))
			}
		}
		if got, want := strings.Join(lines, ""), strings.ReplaceAll(text, " ", ""); strings.ReplaceAll(got, " ", "") != want {
			t.Errorf("%q became %q", text, lines)
		}
	}
}

// Where it breaks and cuts is where one would who looks at all of it at every step.
func TestLookingAheadChangesNothing(t *testing.T) {
	type part struct{ glue, text string }
	words := func(s string) (out []part) {
		for _, w := range strings.Fields(s) {
			glue, start, prev := " ", 0, rune(0)
			for i, r := range w {
				if i > 0 && breakable(prev, r) {
					out = append(out, part{glue, w[start:i]})
					glue, start = "", i
				}
				prev = r
			}
			out = append(out, part{glue, w[start:]})
		}
		return out
	}
	wrapAll := func(text string, n int) (lines []string) {
		for _, paragraph := range strings.Split(text, "\n") {
			line := ""
			for _, w := range words(paragraph) {
				if line != "" && Width(line)+len(w.glue)+Width(w.text) > n {
					lines, line = append(lines, line), ""
				}
				if line != "" {
					line += w.glue
				}
				for line += w.text; Width(line) > n; {
					h := head(line, n)
					h = unparted(h, line[len(h):])
					lines, line = append(lines, h), line[len(h):]
				}
			}
			lines = append(lines, line)
		}
		return lines
	}
	cutAll := func(s string, n int) string {
		if Width(s) <= n {
			return s
		}
		return cells.Truncate(s, max(n, 1), "…")
	}
	parts := []string{"a", "b", "0", " ", "\t", "\u00a0", "\n", "密", "钥", "，", "（", "é", "e\u0301", "\u0301", "🇨", "🇭", "🏻", "👩", "\u200d", "💻",
		"\ufe0f", "ㅎ", "\u1100", "\u1161", "\u11a8", "한", "क", "\u094d", "ष", "\u0d4e", "\u0600", "\u0e33", "\x1b", "\x80", "\xe4\xbd", "\xff", "…", "“"}
	r := rand.New(rand.NewPCG(3, 4))
	for range 20000 {
		var b strings.Builder
		some := parts[r.IntN(len(parts)):]
		some = some[:1+r.IntN(len(some))]
		for range r.IntN(200) {
			if r.IntN(3) > 0 {
				b.WriteString(some[r.IntN(len(some))])
			} else {
				b.WriteString(parts[r.IntN(len(parts))])
			}
		}
		text, n := b.String(), 8+r.IntN(30)
		if got, want := fmt.Sprintf("%q", Wrap(text, n)), fmt.Sprintf("%q", wrapAll(text, n)); got != want {
			t.Fatalf("Wrap(%q, %d)\n got %s\nwant %s", text, n, got, want)
		}
		if n = r.IntN(40) - 2; Cut(text, n) != cutAll(text, n) {
			t.Fatalf("cut(%q, %d)\n got %q\nwant %q", text, n, Cut(text, n), cutAll(text, n))
		}
	}
}

// BenchmarkWrap is the price of a MiB without a space in it, and how many times that of
// 256 KiB it is: 4, where the work grows with the text.
func BenchmarkWrap(b *testing.B) {
	for _, name := range []string{"hex", "Chinese", "words"} {
		b.Run(name, func(b *testing.B) {
			quarter, whole := long[name](1<<18), long[name](1<<20)
			var of, all time.Duration
			for b.Loop() {
				of += rendertest.Elapsed(func() { Wrap(quarter, 60) })
				all += rendertest.Elapsed(func() { Wrap(whole, 60) })
			}
			b.ReportMetric(float64(all)/float64(of), "MiB/256KiB")
			b.ReportMetric(float64(all.Milliseconds())/float64(b.N), "ms/MiB")
		})
	}
}
