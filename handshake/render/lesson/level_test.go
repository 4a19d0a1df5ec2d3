package lesson

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
)

// The two values on which all others rest have a command at level Default, each
// once; level Bytes has more.
func TestCommandsByLevel(t *testing.T) {
	events := rendertest.Play(t, "ecdhe").Events()
	got, _ := write(t, events, render.TerminalOptions{})
	if n := strings.Count(got, "TLS1-PRF"); n != 1 {
		t.Errorf("%d PRF commands at level Default, want the master secret's alone", n)
	}
	if n := strings.Count(got, "pkeyutl -derive"); n != 1 {
		t.Errorf("%d commands for the premaster secret at level Default", n)
	}
	all, _ := write(t, events, render.TerminalOptions{Level: render.Bytes})
	if n := strings.Count(all, "TLS1-PRF"); n < 4 { // master secret, key block, two verify_data
		t.Errorf("%d PRF commands at level Bytes", n)
	}
	if n := strings.Count(all, "pkeyutl -derive"); n != 2 {
		t.Errorf("%d commands for the premaster secret at level Bytes, want each end's", n)
	}
}

// The default level is to be read in a few screens. Of each number some 15 lines are five
// corrections that every flow has: what the CA does to the hash, CN, Finished, four
// handshakes, the port.
func TestDefaultLength(t *testing.T) {
	for name, lines := range map[string]int{"rsa": 380, "dhe": 390, "ecdhe": 395,
		"tls13": 595, "retry": 640, // of three times as many secrets
		"mitm": 545, "mitm13": 710, // of two connections, the second in a line a move
		"id": 365, "ticket": 375, "psk": 665, "0rtt": 755} { // of four and five flows
		got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{})
		if n := strings.Count(got, "\n"); n > lines {
			t.Errorf("%s: %d lines, at most %d", name, n, lines)
		}
	}
}

// What an attacker's moves mean the flow before has told: they are told in a line each, and
// no computation a second time.
func TestAttacksAreNotToldTwice(t *testing.T) {
	for _, l := range narrate.Langs() {
		same, _ := narrate.Get(l, narrate.UI, "same_secrets")
		_, words, _ := strings.Cut(same.Title, "{party}")
		words, _, _ = strings.Cut(words, "{")
		for _, name := range []string{"id", "ticket", "psk", "0rtt"} {
			got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{Lang: l, Width: 1000})
			attacker, _ := narrate.Get(l, narrate.Party, "attacker")
			if words == "" || !strings.Contains(got, words) || strings.Contains(got, attacker.Title+words) {
				t.Errorf("%s: %s: the attacker computes the same, and it is told again", l, name)
			}
		}
	}
}

// Five parties leave room for what each of them can do.
func TestKnowledgeIsWhole(t *testing.T) {
	for _, name := range []string{"mitm", "psk", "0rtt", "ticket", "psk_ke"} {
		got, _ := write(t, rendertest.Play(t, name).Events(), render.TerminalOptions{})
		parts := strings.Split(got, "WHO KNOWS WHAT")
		for _, table := range parts[1:] {
			table, _, _ = strings.Cut(table, "\n\n")
			if strings.Contains(table, "…") {
				t.Errorf("%s: the table is cut short: %s", name, table)
			}
		}
		if len(parts) == 1 {
			t.Errorf("%s: no table", name)
		}
	}
}

// Whoever is to compute a value has all bytes of what it is computed from.
func TestWorksheetHasWholeInputs(t *testing.T) {
	events := rendertest.Play(t, "ecdhe").Events()
	got, _ := write(t, events, render.TerminalOptions{Worksheet: true, Width: 200})
	for _, e := range events {
		if s, ok := e.(*event.Secret); ok && s.Label == event.LabelPremasterSecret && s.Party == "client" {
			for _, v := range s.Inputs {
				if v.Name != "abG" && !strings.Contains(got, fmt.Sprintf("%x", v.Bytes)) {
					t.Errorf("%s is not shown whole", v.Name)
				}
			}
			if strings.Contains(got, fmt.Sprintf("%x", s.Value)) {
				t.Error("the premaster secret is shown")
			}
		}
	}
}

// What is said of a run holds for it: without encryption nothing is called
// encrypted, without a handshake none is complete.
func TestTrueOfTheRun(t *testing.T) {
	got, _ := write(t, rendertest.Play(t, "null").Events(), render.TerminalOptions{})
	if strings.Contains(got, "first encrypted message") || strings.Contains(got, "travels encrypted") {
		t.Error("a NULL suite is said to encrypt")
	}
	for _, l := range narrate.Langs() {
		want, _ := narrate.Get(l, narrate.UI, "done_plain")
		if got, _ := write(t, rendertest.Play(t, "plain").Events(), render.TerminalOptions{Lang: l}); !strings.Contains(got, want.Text) {
			t.Errorf("%s: bare TCP does not end as such", l)
		}
	}
	want, _ := narrate.Get(narrate.En, narrate.UI, "guessed")
	if got, _ := write(t, rendertest.Play(t, "id").Events(), render.TerminalOptions{Level: render.Bytes}); !strings.Contains(got, want.Title) {
		t.Error("the attacker's guess is not called one")
	}
}

// Each orderly end is told once, though all are the same two bytes.
func TestEachEndOnce(t *testing.T) {
	tr := rendertest.Play(t, "mitm")
	want := 0
	for _, e := range tr.Events() {
		if a, ok := e.(*event.Alert); ok && a.Dir == event.Send && a.Description == iana.CloseNotify {
			want++
		}
	}
	got, _ := write(t, tr.Events(), render.TerminalOptions{})
	if n := len(closing.FindAllString(got, -1)); n != want || n == 0 {
		t.Errorf("%d lines for %d alerts sent", n, want)
	}
}

var closing = regexp.MustCompile(`Alert close_notify`)
