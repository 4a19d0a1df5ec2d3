package foreign_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"tlslab/handshake/foreign"
)

// What stands above a Writer cuts nothing in two that the Writer has to see whole, however it is written to it:
// not at the end of a buffer, not in a line longer than any buffer.
func TestLinesCutNoCharacter(t *testing.T) {
	line := "\x1b[1m通常是密钥的哈希。\x1b[22m naïve 😀 \x1b[31;1m用这把密钥签发\x1b[0;22m\n"
	long := strings.ReplaceAll(strings.Repeat(line, 300), "\n", "")
	for name, text := range map[string]string{"lines": strings.Repeat(line, 300), "one line": long, "both": line + long + "\n" + line} {
		for seed := range uint64(200) {
			r := rand.New(rand.NewPCG(seed, 19))
			var out bytes.Buffer
			w := foreign.NewLines(foreign.NewWriter(&out, true))
			most := 1 + r.IntN(9000)
			for rest := []byte(text); len(rest) > 0; {
				n := min(len(rest), 1+r.IntN(most))
				if got, err := w.Write(rest[:n]); got != n || err != nil {
					t.Fatal(got, err)
				}
				rest = rest[n:]
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != text {
				at := 0
				for at < len(got) && at < len(text) && got[at] == text[at] {
					at++
				}
				t.Fatalf("%s, split %d: from byte %d of %d on %.40q came out as %.40q", name, seed, at, len(text), text[at:], got[at:])
			}
		}
	}
}

// What cannot be made whole is passed on all the same, and is escaped.
func TestLinesKeepNothing(t *testing.T) {
	for name, s := range hostile {
		var out, straight bytes.Buffer
		w := foreign.NewLines(foreign.NewWriter(&out, true))
		_, _ = w.Write([]byte(s))
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if _, _ = foreign.NewWriter(&straight, true).Write([]byte(s)); out.String() != straight.String() {
			t.Errorf("%s: %q in place of %q", name, &out, &straight)
		}
		out.Reset()
		if _, _ = w.Write([]byte(strings.Repeat(s, 9000))); out.Len() == 0 {
			t.Errorf("%s: all of a stranger's text is held back", name)
		}
	}
}

type broken struct{ error }

func (b broken) Write([]byte) (int, error) { return 0, b }

func TestLinesTellOfErrors(t *testing.T) {
	full := broken{errors.New("no space left")}
	w := foreign.NewLines(full)
	if _, err := w.Write([]byte("a")); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := w.Flush(); !errors.Is(err, full) {
			t.Error(err)
		}
		if _, err := w.Write([]byte("a")); !errors.Is(err, full) {
			t.Error(err)
		}
	}
}
