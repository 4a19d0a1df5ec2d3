package lesson

import (
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/render/sheet"
)

// A key that was given by other means is no session: nothing is resumed by it, no ticket is
// told of, and what stands in pre_shared_key has the names of RFC 9846 §4.3.11.
func TestGivenKeyIsNoSession(t *testing.T) {
	for _, l := range narrate.Langs() {
		got, _ := write(t, rendertest.Play(t, "psk_ke").Events(), render.TerminalOptions{Lang: l})
		ticket := narrate.Must(l, narrate.Scene, "psk_tried").Text
		_, last, _ := strings.Cut(strings.TrimRight(ticket, ".。"), map[narrate.Lang]string{narrate.En: "that the ", narrate.Zh: "参与其中。"}[l])
		if last == "" || strings.Contains(squeezed(got), squeezed(last)) {
			t.Errorf("%s: %q is told of a key that no ticket stands for", l, last)
		}
		session := "   - " + narrate.Must(l, narrate.Decision, "resumption").Title
		given := "   - " + narrate.Must(l, narrate.Decision, "resumption+given").Title
		if strings.Contains(got, session) || strings.Count(got, given) != 1 {
			t.Errorf("%s: want one line %q and none %q", l, given, session)
		}
		for _, part := range []string{"sensor 7\n", " obfuscated_ticket_age 0\n", " binder "} {
			if !strings.Contains(got, part) {
				t.Errorf("%s: no %q in the ClientHello's pre_shared_key", l, part)
			}
		}
	}
}

// What a scene shows has a label in the reader's language, and not the name that it has in
// the transcript.
func TestSceneLabelsAreWords(t *testing.T) {
	for _, name := range []string{"id", "ticket", "psk", "0rtt", "mitm", "psk_ke"} {
		tr, say := rendertest.Play(t, name), sheet.Speak(narrate.Zh)
		got, _ := write(t, tr.Events(), render.TerminalOptions{Lang: narrate.Zh})
		for _, e := range tr.Events() {
			s, ok := e.(event.Scene)
			if !ok {
				continue
			}
			for _, v := range s.Values() {
				if say.Label(v.Name) == v.Name && strings.Contains(got, "\n     "+v.Name+" ") {
					t.Errorf("%s: %s: %q has no label in Chinese", name, s.Key(), v.Name)
				}
			}
		}
	}
}

// What a message means is said once in a flow: not again of the other end's KeyUpdate.
func TestMeaningIsToldOnce(t *testing.T) {
	for _, l := range narrate.Langs() {
		got, _ := write(t, rendertest.Play(t, "update").Events(), render.TerminalOptions{Lang: l})
		says := squeezed(narrate.Must(l, narrate.Move, "server/send/key_update/tls13").Text)
		if n := strings.Count(squeezed(got), says); n != 1 {
			t.Errorf("%s: what a KeyUpdate means is told %d times", l, n)
		}
	}
}
