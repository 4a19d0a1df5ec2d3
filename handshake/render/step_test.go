package render

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
)

func TestStepPrompt(t *testing.T) {
	e, err := handshake.NewClient(&handshake.Config{ServerName: "www.lab.test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{"ClientHello -> WAIT_SH"},
		{"ServerHello (TLS 1.2) -> WAIT_CERT", "ServerHello (TLS 1.3) -> WAIT_EE", "ChangeCipherSpec (TLS 1.3) -> dropped"}} {
		var b bytes.Buffer
		if err := StepPrompt(&b, e.Role(), e.State(), e.Legal(), TerminalOptions{Width: 200}); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(b.String(), "\n")
		for i, l := range lines {
			if l != "" && slices.Contains(lines[:i], l) {
				t.Errorf("in state %v: twice: %s", e.State(), l)
			}
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("in state %v: no %q in %q", e.State(), w, b.String())
			}
		}
		if _, err := e.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// Each row of the tables that has a guard says in words when it is taken, in every language,
// and one that is tried behind it says that it is the other case.
func TestStepNamesTheCondition(t *testing.T) {
	for _, r := range []event.Role{event.Client, event.Server} {
		type at struct {
			state   event.State
			version iana.Version
		}
		rows := map[at][]event.Move{} // of each version, as they are when it is settled
		for _, m := range handshake.Moves(r) {
			for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
				if m.Version == 0 || m.Version == v {
					rows[at{m.In, v}] = append(rows[at{m.In, v}], m)
				}
			}
			if m.Guarded != (m.When != "") {
				t.Errorf("%v, %v to %v: guarded %v, when %q", r, m, m.To, m.Guarded, m.When)
			}
		}
		for state, legal := range rows {
			for _, l := range narrate.Langs() {
				var b bytes.Buffer
				term := newPen(&b, TerminalOptions{Lang: l, Width: 400})
				term.legal(legal)
				guarded := 0
				for _, m := range legal {
					free := slices.ContainsFunc(legal, func(x event.Move) bool { return !x.Guarded && x.String() == m.String() && x.To == m.To })
					if m.Guarded && !free {
						guarded++
						words, ok := narrate.Get(l, narrate.Guard, string(m.When))
						if !ok || !strings.Contains(b.String(), words.Title+"\n") {
							t.Errorf("%v, %v, %s: %v to %v does not say %q:\n%s", r, state, l, m, m.To, m.When, b.String())
						}
					}
				}
				last := legal[len(legal)-1]
				if guarded > 0 && !last.Guarded && last.Dir == event.Send && !strings.HasSuffix(strings.TrimSpace(b.String()), term.Say.UI("unguarded")) {
					t.Errorf("%v, %v, %s: the last is the other case:\n%s", r, state, l, b.String())
				}
			}
		}
	}
}
