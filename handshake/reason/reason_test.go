package reason

import "testing"

// Every Reason has a word of its own, which finds it again; None and what is no Reason have
// none that does.
func TestWords(t *testing.T) {
	seen := map[string]Reason{}
	for _, r := range All() {
		word := r.String()
		if twin, ok := seen[word]; ok || word == "" {
			t.Errorf("%d and %d are both called %q", r, twin, word)
		}
		seen[word] = r
		if again, ok := Parse(word); !ok || again != r {
			t.Errorf("%q is found as %v, %v", word, again, ok)
		}
	}
	if len(seen) < 60 {
		t.Errorf("there are %d reasons", len(seen))
	}
	for _, word := range []string{"", "0xc8", "no_such_reason", "BAD_VALUE"} {
		if r, ok := Parse(word); ok || r != None {
			t.Errorf("%q is found as %v", word, r)
		}
	}
	if s := Reason(200).String(); s != "0xc8" {
		t.Errorf("200 is called %q", s)
	}
}
