package narrate

import (
	"slices"
	"testing"
)

// TestGists holds, in every language, that a gist has at most two sentences and something to
// say, unless the caption has said it, and that a correction in short corrects.
func TestGists(t *testing.T) {
	for _, l := range Langs() {
		for _, key := range Keys(Move) {
			gist := Gist(l, key)
			if FirstSentences(gist, 2) != gist {
				t.Errorf("%s: %s: more than two sentences: %s", l, key, gist)
			}
			if e, own := Get(l, Short, key); gist == "" && (!own || e.Title != asCaption) {
				t.Errorf("%s: %s has no gist", l, key)
			}
			if e, own := Get(l, Short, key); own && e.Text != "" {
				t.Errorf("%s: %s: the gist is one line of the file", l, key)
			}
		}
		for _, key := range Keys(Myth) {
			if gist := MythGist(l, key); gist == "" || FirstSentences(gist, 2) != gist {
				t.Errorf("%s: %s: %q", l, key, gist)
			}
		}
	}
}

func TestFirstSentences(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"One. Two. Three.", 2, "One. Two."},
		{"One.", 2, "One."},
		{"In TLS 1.3 it is so (RFC 9846 §4.2.3). And so on.", 1, "In TLS 1.3 it is so (RFC 9846 §4.2.3)."},
		{"Why? Because. So.", 2, "Why? Because."},
		{"第一句。第二句。第三句。", 2, "第一句。第二句。"},
		{"他说：“不行。”然后走了。", 1, "他说：“不行。”然后走了。"},
		{"no end", 1, "no end"},
		{"", 2, ""},
	} {
		if got := FirstSentences(c.text, c.n); got != c.want {
			t.Errorf("%q, %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}

// Each correction that is preferred is one, and is there once.
func TestMythRank(t *testing.T) {
	for i, key := range foremost {
		if !has(Myth, key) || slices.Index(foremost, key) != i {
			t.Errorf("%s is no myth, or twice", key)
		}
		if MythRank(key) != i+1 {
			t.Errorf("%s has rank %d", key, MythRank(key))
		}
	}
	if MythRank("finished_encrypted") != 0 {
		t.Error("what all lessons have is preferred")
	}
}
