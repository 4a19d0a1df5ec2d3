package mitm_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"tlslab/handshake/mitm"
)

// inPieces is what becomes of text where it comes in pieces as long as size says.
func inPieces(rw *mitm.Rewriter, text string, size func() int) string {
	var out []byte
	for text != "" {
		n := min(len(text), size())
		out, text = rw.Add(out, []byte(text[:n])), text[n:]
	}
	return string(rw.End(out))
}

// TestRewriter: over whatever pieces a text comes in, the result is that of the whole.
func TestRewriter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := func(least, most int) string {
		b := make([]byte, least+rnd.IntN(most-least+1))
		for i := range b {
			b[i] = "ab"[rnd.IntN(2)]
		}
		return string(b)
	}
	for range 5000 {
		text, rules, pairs := letters(0, 40), []mitm.Rewrite(nil), []string(nil)
		for range 1 + rnd.IntN(3) {
			rule := mitm.Rewrite{Old: letters(1, 4), New: "<>"[:rnd.IntN(3)]}
			rules, pairs = append(rules, rule), append(pairs, rule.Old, rule.New)
		}
		rw := mitm.NewRewriter(rules...)
		got := inPieces(rw, text, func() int { return rnd.IntN(4) })
		// The standard library's Replacer has the same rules.
		if want := strings.NewReplacer(pairs...).Replace(text); got != want {
			t.Fatalf("%q with %q: %q, want %q", text, rules, got, want)
		}
		if len(rules) == 1 && rw.Replaced != strings.Count(text, rules[0].Old) {
			t.Fatalf("%q with %q: replaced %d times", text, rules, rw.Replaced)
		}
	}
}

// TestRewriterRules: of several rules the first place counts, and there the first rule; what
// was put in is not looked through again.
func TestRewriterRules(t *testing.T) {
	rw := mitm.NewRewriter(mitm.Rewrite{Old: "abc", New: "1"}, mitm.Rewrite{Old: "b", New: "abc"}, mitm.Rewrite{Old: "ab", New: "2"})
	if got := inPieces(rw, "abcabdb", func() int { return 1 }); got != "12dabc" {
		t.Errorf("%q", got)
	}
}

// TestParseRewrite: OLD=NEW.
func TestParseRewrite(t *testing.T) {
	for text, want := range map[string]mitm.Rewrite{"a=b": {Old: "a", New: "b"}, "a=": {Old: "a"}, "a=b=c": {Old: "a", New: "b=c"}, "ä=ö": {Old: "ä", New: "ö"}} {
		if r, err := mitm.ParseRewrite(text); err != nil || r != want {
			t.Errorf("%q: %q, %v", text, r, err)
		}
	}
	for _, bad := range []string{"", "a", "=b", "="} {
		if _, err := mitm.ParseRewrite(bad); err == nil {
			t.Errorf("%q is no rewriting", bad)
		}
	}
}

// FuzzRewrite: what is a rewriting gives what the standard library does, in whatever pieces
// the text comes.
func FuzzRewrite(f *testing.F) {
	f.Add("a=b", []byte("banana"), []byte{0})
	f.Add("ana=", []byte("banana"), []byte{1, 0})
	f.Add("=x", []byte("banana"), []byte{})
	f.Add("aab=a=b", []byte("aaaaab"), []byte{2})
	f.Fuzz(func(t *testing.T, text string, b, pattern []byte) {
		rule, err := mitm.ParseRewrite(text)
		if err != nil {
			return
		}
		rw, i := mitm.NewRewriter(rule), 0
		got := inPieces(rw, string(b), func() int {
			if i++; len(pattern) == 0 {
				return len(b)
			}
			return 1 + int(pattern[i%len(pattern)])
		})
		old := []byte(rule.Old)
		if want := bytes.ReplaceAll(b, old, []byte(rule.New)); got != string(want) || rw.Replaced != bytes.Count(b, old) {
			t.Fatalf("%q of %q: %q, want %q", text, b, got, want)
		}
	})
}
