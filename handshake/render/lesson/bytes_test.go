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
	"tlslab/handshake/wire"
)

// At level Bytes the header of each record is divided as RFC 9846 §5.1 divides it, and the
// values are the wire's.
func TestRecordHeadersAreDivided(t *testing.T) {
	const bytesPerLine = 8
	for _, name := range []string{"ecdhe", "tls13", "retry", "integrity"} {
		for _, r := range rendertest.Play(t, name).Records() {
			if r.Dir != event.Send {
				continue
			}
			got, _ := write(t, []event.Event{r}, render.TerminalOptions{Level: render.Bytes, Width: 200})
			w := r.Wire
			for _, want := range []string{
				fmt.Sprintf("0000   %02x %*s type = %v", w[0], 3*bytesPerLine-3, "", iana.ContentType(w[0])),
				fmt.Sprintf("0001   %02x %02x %*s version = %v", w[1], w[2], 3*bytesPerLine-6, "", iana.Version(w[1])<<8|iana.Version(w[2])),
				fmt.Sprintf("0003   %02x %02x %*s record.length = %d", w[3], w[4], 3*bytesPerLine-6, "", len(w)-5),
			} {
				if strings.Count(got, want) != 1 {
					t.Errorf("%s, %v record: no %q in\n%s", name, r.Type, want, got)
				}
			}
		}
	}
}

// The first ClientHello may come in a record of TLS 1.0, no other message (RFC 9846 §5.1):
// each version is explained where it stands, once.
func TestRecordVersionIsExplained(t *testing.T) {
	for _, l := range narrate.Langs() {
		initial, _ := narrate.Get(l, narrate.Field, "record.version"+narrate.Initial)
		other, _ := narrate.Get(l, narrate.Field, "record.version")
		got, _ := write(t, rendertest.Play(t, "retry").Events(), render.TerminalOptions{Lang: l, Level: render.Bytes, Width: 400})
		a, b := strings.Index(got, initial.Text), strings.Index(got, other.Text)
		if a < 0 || b < a || strings.Count(got, initial.Text) != 1 || strings.Count(got, other.Text) != 1 {
			t.Errorf("%s: 03 01 is explained at %d, 03 03 at %d", l, a, b)
		}
		if n := len(regexp.MustCompile(`(?m)^ +0001 +03 01 `).FindAllString(got, -1)); n != 1 {
			t.Errorf("%s: %d records say TLS 1.0", l, n)
		}
	}
}

// What is said of an empty extension stands beside one that is empty, and nowhere else.
func TestZeroIsSaidOfZero(t *testing.T) {
	empty, _ := narrate.Get(narrate.En, narrate.Field, "*.extensions.*.length+empty")
	said := 0
	for name := range rendertest.Lessons() {
		for _, e := range rendertest.Play(t, name).Events() {
			m, ok := e.(*event.Message)
			if !ok {
				continue
			}
			zero := func(f wire.Field) bool { return narrate.FieldKeyOf(f, m) == "*.extensions.*.length+empty" }
			want := false
			for _, f := range m.Fields {
				want = want || zero(f)
				if zero(f) != (strings.HasPrefix(narrate.FieldKey(f.Name, m), "*.extensions.*.length") && f.Value == 0) {
					t.Fatalf("%s: %s = %v", name, f.Name, f.Value)
				}
			}
			got, _ := write(t, []event.Event{m}, render.TerminalOptions{Level: render.Bytes, Width: 400})
			at := strings.Index(got, empty.Text)
			if want != (at >= 0) {
				t.Errorf("%s: %v: zero is said: %v, want %v", name, m.Kind, at >= 0, want)
			}
			if at >= 0 {
				said++
				line := got[strings.LastIndex(got[:strings.LastIndex(got[:at], "\n")], "\n")+1 : at]
				if !strings.Contains(line, ".length = 0 ") {
					t.Errorf("%s: %v: it stands below %q", name, m.Kind, line)
				}
			}
		}
	}
	if said == 0 {
		t.Error("it is never said")
	}
}
