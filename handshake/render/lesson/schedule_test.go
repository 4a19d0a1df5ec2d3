package lesson

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/suite"
)

// Each stage of the key schedule is shown once, with the label that it was expanded
// under; the second end has the same.
func TestKeyScheduleIsWhole(t *testing.T) {
	for _, name := range []string{"tls13", "retry", "update", "x25519"} {
		tr := rendertest.Play(t, name)
		got, _ := write(t, tr.Events(), render.TerminalOptions{})
		for _, label := range []event.SecretLabel{event.LabelSharedSecret, event.LabelEarlySecret, event.LabelEarlyDerived, event.LabelHandshakeSecret,
			event.LabelClientHandshakeTrafficSecret, event.LabelServerHandshakeTrafficSecret, event.LabelClientHandshakeKey, event.LabelServerHandshakeIV,
			event.LabelClientFinishedKey, event.LabelServerVerifyData, event.LabelHandshakeDerived, event.LabelMainSecret, event.LabelClientApplicationTrafficSecret0,
			event.LabelServerApplicationKey, event.LabelExporterSecret, event.LabelResumptionSecret, event.LabelResumptionPSK} {
			if strings.Count(got, "* "+string(label)+" ") == 0 || !strings.Contains(got, hex.EncodeToString(tr.Secret(label))[:24]) {
				t.Errorf("%s: %s is not shown", name, label)
			}
		}
		stages := regexp.MustCompile(`(?m)^   \* (\w+) +RFC \d+ §[\d.]+ \[hash\]$`).FindAllStringSubmatch(got, -1)
		if len(stages) < 20 {
			t.Errorf("%s: only %d stages", name, len(stages))
		}
		for _, m := range stages {
			if n := strings.Count(got, "   * "+m[1]+" "); n != 1 && name != "update" {
				t.Errorf("%s: %s is shown %d times", name, m[1], n)
			}
		}
		for _, tag := range []string{`"tls13 c hs traffic"`, `"tls13 key"`, `"tls13 iv"`, `"tls13 finished"`, `"tls13 exp master"`, `"tls13 resumption"`} {
			if !strings.Contains(got, tag) {
				t.Errorf("%s: no HkdfLabel with %s", name, tag)
			}
		}
	}
}

// At level Bytes every step has its command, but for what openssl lacks.
func TestEveryStepHasItsCommand(t *testing.T) {
	for _, name := range []string{"tls13", "x25519", "0rtt", "psk_ke"} {
		tr := rendertest.Play(t, name)
		got, _ := write(t, tr.Events(), render.TerminalOptions{Level: render.Bytes, Width: 4000})
		for _, e := range tr.Events() {
			if s, ok := e.(*event.Secret); ok {
				cmd, why := narrate.Recompute(s)
				if cmd == "" && why != "recompute.mlkem" {
					t.Errorf("%s: %s has no command: %s", name, s.Label, why)
				}
				if first, _, _ := strings.Cut(cmd, "\n"); !strings.Contains(got, strings.TrimSuffix(first, " \\")) {
					t.Errorf("%s: the command for %s is not shown", name, s.Label)
				}
			}
		}
	}
}

// A protected record is shown as it travels, with what it claims to be, and opened,
// with the type and the zeros behind the content.
func TestRecordsAreShownTwice(t *testing.T) {
	got, _ := write(t, rendertest.Play(t, "update").Events(), render.TerminalOptions{Width: 100})
	sent := 0
	for _, r := range rendertest.Play(t, "update").Records() {
		if r.Protected && r.Dir == event.Send && r.Type != iana.Alert {
			sent++
			if n := len(r.Step(suite.StepZeros)); n != 16 {
				t.Errorf("%d zeros of padding", n)
			}
		}
	}
	for what, want := range map[string]int{"on the wire 17 03 03": sent, ", then 16 zeros": sent,
		"(says application_data)": sent - 2, "then 16 (handshake)": sent - 2, "then 17 (application_data)": 2} { // request and reply
		if n := strings.Count(got, what); n != want {
			t.Errorf("%q stands %d times, want %d", what, n, want)
		}
	}
	refused, _ := write(t, rendertest.Play(t, "refused13").Events(), render.TerminalOptions{})
	if !strings.Contains(refused, "0230, then 15 (alert)") {
		t.Error("the encrypted alert is not opened")
	}
}

// Of a suite that does not encrypt the request can be read in the record.
func TestIntegrityOnly(t *testing.T) {
	got, _ := write(t, rendertest.Play(t, "integrity").Events(), render.TerminalOptions{})
	for _, want := range []string{"GET / HTTP/", "This cipher suite encrypts nothing", "has a MAC, but is not encrypted", "     MAC         "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q", want)
		}
	}
	if strings.Contains(got, "from here on is encrypted") {
		t.Error("it is said to be encrypted")
	}
}
