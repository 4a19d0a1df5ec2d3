package lesson

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/scenario"
)

// The table of full and resumed has the lesson's numbers, in columns.
func TestFullBesideResumed(t *testing.T) {
	for _, name := range []string{"id", "ticket", "psk", "0rtt"} {
		scene := scenario.SceneOf[*scenario.FullVsResumed](rendertest.Play(t, name).Flow("resumed"))
		for _, lang := range narrate.Langs() {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: lang})
			if len(scene.Rows()) != 6 {
				t.Fatalf("%d rows", len(scene.Rows()))
			}
			for _, r := range scene.Rows() {
				label := narrate.Must(lang, narrate.UI, "compared."+r.What).Title
				row := fmt.Sprintf(`(?m)^     %s +%v +%v$`, regexp.QuoteMeta(label), r.Full, r.Resumed)
				if !regexp.MustCompile(row).MatchString(got) {
					t.Errorf("%s, %s: no row %s", name, lang, row)
				}
			}
		}
	}
}

// What the text says of the savings is true of the numbers: early data saves the round
// trip, a pre-shared key alone does not.
func TestSavingsAreToldTrue(t *testing.T) {
	for name, says := range map[string]string{"id": "and one round trip", "psk": "saves no round trip", "0rtt": "the wait as well"} {
		got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Width: 200})
		for _, text := range []string{"and one round trip", "saves no round trip", "the wait as well"} {
			if strings.Contains(got, text) != (text == says) {
				t.Errorf("%s: %q: %v", name, text, text != says)
			}
		}
	}
}

// Early data is called so where it is sent and where an attacker sends it again; the
// server's reply is none.
func TestEarlyDataIsCalledSo(t *testing.T) {
	for _, level := range []render.Level{render.Default, render.Brief} {
		got, _ := write(t, rendertest.Play(t, "0rtt").Events(), render.TerminalOptions{Level: level})
		if n := len(regexp.MustCompile(`(?m)^ ?\d+ (client|attacker) --> server  early data `).FindAllString(got, -1)); n != 2 {
			t.Errorf("level %d: early data is headed %d times", level, n)
		}
		if regexp.MustCompile(`<-- server  early data`).MatchString(got) {
			t.Errorf("level %d: the reply is called early data", level)
		}
	}
}
