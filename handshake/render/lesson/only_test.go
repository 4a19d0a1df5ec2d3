package lesson

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
)

// only tells one thing of a lesson.
func only(t *testing.T, name string, level render.Level, o render.Only) (string, *render.Terminal) {
	t.Helper()
	events := rendertest.Play(t, name).Events()
	got, term := write(t, events, render.TerminalOptions{Level: level, Only: o})
	if strings.Contains(got, "\n\n\n") {
		t.Errorf("%s: %+v: two empty lines", name, o)
	}
	return got, term
}

// TestOnlyMessage opens each message of a lesson: its bytes, and what its reader checked.
func TestOnlyMessage(t *testing.T) {
	for _, name := range []string{"tls13", "ecdhe", "0rtt", "mitm"} {
		tr := rendertest.Play(t, name)
		_, term := write(t, tr.Events(), render.TerminalOptions{Level: render.Bytes})
		_, n := term.Found()
		for i := 1; i <= n; i++ {
			got, term := only(t, name, render.Bytes, render.Only{Message: i})
			if found, _ := term.Found(); !found {
				t.Errorf("%s: message %d is not found", name, i)
			}
			if !strings.Contains(got, fmt.Sprintf("\n%2d ", i)) || strings.Contains(got, fmt.Sprintf("\n%2d ", i+1)) {
				t.Errorf("%s: message %d has not its heading alone", name, i)
			}
		}
		if _, term := only(t, name, render.Bytes, render.Only{Message: n + 1}); true {
			if found, last := term.Found(); found || last != n {
				t.Errorf("%s: message %d is found; there are %d, told %d", name, n+1, n, last)
			}
		}
	}
	got, _ := only(t, "tls13", render.Bytes, render.Only{Message: 5})
	for _, want := range []string{" 5 client <-- server  Certificate ", "client reads Certificate", "? the certificate chain", "certificate_list", "# record"} {
		if !strings.Contains(got, want) {
			t.Errorf("message 5: no %q", want)
		}
	}
	if strings.Contains(got, "verify_data") {
		t.Error("message 5: tells of Finished")
	}
	for _, e := range rendertest.Play(t, "tls13").Events() {
		m, ok := e.(*event.Message)
		if !ok || m.Kind != message.KindCertificate {
			continue
		}
		for _, f := range m.Fields {
			if name := f.Name[strings.LastIndex(f.Name, ".")+1:]; f.Leaf() && !strings.Contains(got, name) {
				t.Errorf("message 5: no field %s", f.Name)
			}
		}
	}
}

// TestOnlySecrets holds that each secret is told of with its value, and no check.
func TestOnlySecrets(t *testing.T) {
	for _, name := range []string{"tls13", "rsa", "psk"} {
		got, _ := only(t, name, render.Bytes, render.Only{Secrets: true})
		for _, e := range rendertest.Play(t, name).Events() {
			s, ok := e.(*event.Secret)
			if ok && s.Function != event.FunctionPart && !strings.Contains(got, string(s.Label)) && !strings.HasSuffix(string(s.Label), "_n") {
				t.Errorf("%s: no %s", name, s.Label)
			}
		}
		if strings.Contains(got, "   ? ") || strings.Contains(got, "often said") || strings.Contains(got, "offset bytes") {
			t.Errorf("%s: tells of other things", name)
		}
	}
}

// TestOnlyChecks holds that each check is told with its verdict, and no secret; a refusal has its reason.
func TestOnlyChecks(t *testing.T) {
	for _, name := range []string{"tls13", "expired", "mutual", "psk"} {
		got, _ := only(t, name, render.Bytes, render.Only{Checks: true})
		n := 0
		for _, e := range rendertest.Play(t, name).Events() {
			if _, ok := e.(*event.Check); ok {
				n++
			}
		}
		if told := strings.Count(got, "\n   ? "); told != n || n == 0 {
			t.Errorf("%s: %d checks of %d", name, told, n)
		}
		if strings.Contains(got, "\n   * ") || strings.Contains(got, "often said") {
			t.Errorf("%s: tells of other things", name)
		}
	}
	if got, _ := only(t, "expired", render.Bytes, render.Only{Checks: true}); !strings.Contains(got, "refused by client, with the alert certificate_expired") {
		t.Error("a refusal is not told")
	}
}

// TestOnlyMyths holds that all corrections of the lesson are told, each with where it belongs.
func TestOnlyMyths(t *testing.T) {
	for _, name := range []string{"tls13", "rsa", "mitm", "id"} {
		c := new(narrate.Context)
		var want []string
		for _, e := range rendertest.Play(t, name).Events() {
			want = append(want, narrate.Myths(e, c)...)
		}
		got, _ := only(t, name, render.Default, render.Only{Myths: true})
		if n := strings.Count(got, "   ! often said "); n != len(want) || n == 0 {
			t.Errorf("%s: %d corrections of %d", name, n, len(want))
		}
		for _, part := range strings.Split(got, "\n\n")[1:] {
			if strings.HasPrefix(part, "   ! ") {
				t.Errorf("%s: it does not say where that belongs: %s", name, part)
			}
		}
	}
}

// TestOnlyCA tells how the certificate was issued, and nothing else.
func TestOnlyCA(t *testing.T) {
	got, _ := only(t, "tls13", render.Default, render.Only{CA: true})
	if n := strings.Count(got, "\n   CA: "); n != 6 || strings.Contains(got, "ClientHello") || strings.Contains(got, "often said") {
		t.Errorf("%d steps: %s", n, got)
	}
	both, _ := only(t, "tls13", render.Default, render.Only{CA: true, Myths: true})
	if n := strings.Count(both, "\n   CA: "); n != 6 || !slices.Contains(strings.Split(both, "\n"), `   ! often said "The certificate, that is, the CA."`) {
		t.Errorf("two things together: %s", both)
	}
}
