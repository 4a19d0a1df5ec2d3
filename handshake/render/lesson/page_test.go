package lesson

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

// No value that a student is to compute stands anywhere on a handout, in whatever form; and the
// answers are those of the worksheet in text, with the same numbers.
func TestHandoutHidesItsAnswers(t *testing.T) {
	for _, name := range []string{"rsa", "ecdhe", "cbc", "tls13", "psk", "integrity"} {
		l := rendertest.Play(t, name)
		var handout, whole, answers bytes.Buffer
		if err := WritePage(&handout, l, page.Options{Worksheet: true}, &answers); err != nil {
			t.Fatal(err)
		}
		if err := WritePage(&whole, l, page.Options{}, nil); err != nil {
			t.Fatal(err)
		}
		var list []render.Answer
		if err := json.Unmarshal(answers.Bytes(), &list); err != nil {
			t.Fatal(err)
		}
		text := new(bytes.Buffer)
		term := NewTerminal(text, render.TerminalOptions{Lang: narrate.En, Worksheet: true})
		for _, e := range l.Events() {
			term.Event(e)
		}
		if err := term.Close(); err != nil {
			t.Fatal(err)
		}
		if want := term.Answers(); len(list) < 5 || len(list) != len(want) {
			t.Fatalf("%s: %d answers, in text %d", name, len(list), len(want))
		} else {
			for i := range want {
				if list[i] != want[i] {
					t.Errorf("%s: answer %d is %+v, in text %+v", name, i, list[i], want[i])
				}
			}
		}
		shown := 0
		for _, a := range list {
			b, err := hex.DecodeString(a.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []string{a.Value, sheet.Spaced(b)} {
				if strings.Contains(handout.String(), form) {
					t.Errorf("%s: the handout shows %s: %s", name, a.Label, form)
				}
				if strings.Contains(whole.String(), form) {
					shown++
				}
			}
		}
		if shown < len(list) {
			t.Errorf("%s: the page itself shows %d forms of %d values: the test looked in the wrong place", name, shown, len(list))
		}
	}
}
