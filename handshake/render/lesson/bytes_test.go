package lesson

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/record"
	"tlslab/handshake/render"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/suite"
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

// Of every record of every lesson each byte is under one field, and each field has words. What
// was opened is divided by its protection; and so is what was found inside, which ends with
// what the record carried.
func TestRecordsAreDivided(t *testing.T) {
	divided := map[string]int{}
	for name := range rendertest.Lessons() {
		for _, r := range rendertest.Play(t, name).Records() {
			fields := r.Fields()
			if err := wire.Covered(fields, len(r.Wire)); err != nil || len(fields) < 4 {
				t.Fatalf("%s, %v record: %v %v", name, r.Type, err, fields)
			}
			inside, opened := r.Opened()
			if err := wire.Covered(opened, len(inside)); err != nil {
				t.Fatalf("%s, %v record: %v", name, r.Type, err)
			}
			for _, f := range append(fields, opened...) {
				if _, ok := narrate.Get(narrate.En, narrate.Field, narrate.RecordFieldKey(f, r)); !ok || narrate.RecordFieldRef(f, r) == "" {
					t.Errorf("%s: %s has no words, or no section", name, f.Name)
				}
				divided[f.Name]++
			}
			if parts := len(fields) > 5; parts != (r.Protected && r.Payload != nil) && len(r.Wire) > 5 && len(r.Payload) > 0 {
				t.Errorf("%s, %v record of %d bytes: protected %v, and in %d fields", name, r.Type, len(r.Wire), r.Protected, len(fields))
			}
			if r.Step(suite.StepCompressed) == nil && opened != nil && !bytes.HasPrefix(inside, r.Payload) {
				t.Errorf("%s, %v record: what is inside does not begin with what it carries", name, r.Type)
			}
		}
	}
	for _, path := range record.FieldPaths() {
		// No lesson pads what it does not encrypt, and those of CBC put the MAC outside.
		if divided[path] == 0 && path != "record.fragment.zeros" && path != "opened.mac" {
			t.Errorf("no record has a %s", path)
		}
	}
}

// At level Bytes each byte of a certificate and of a stapled status stands in the dump of its
// message once, at its offset, and what it is beside it: the names of RFC 5280, which are said
// what they mean once.
func TestCertificatesAreDividedToTheByte(t *testing.T) {
	row := regexp.MustCompile(`(?m)^ {5}([0-9a-f]{4}) {2,3}((?:[0-9a-f]{2} ?)+)(?: |$)`)
	documents := map[string]int{}
	for name := range rendertest.Lessons() {
		for _, e := range rendertest.Play(t, name).Events() {
			m, ok := e.(*event.Message)
			if !ok || !slices.ContainsFunc(m.Fields, func(f wire.Field) bool { return m.Inside(f) != nil }) {
				continue
			}
			for _, f := range m.Fields {
				inside := m.Inside(f)
				if inside == nil {
					continue
				}
				documents[inside[0].Name[len(f.Name)+1:]]++
				if err := wire.Covered(shifted(inside, -f.Off), f.Len); err != nil {
					t.Fatalf("%s: %v: %v", name, m.Kind, err)
				}
				for _, x := range inside {
					if !strings.HasPrefix(x.Name, f.Name+".") || x.Depth <= f.Depth {
						t.Fatalf("%s: %s is not below %s", name, x.Name, f.Name)
					}
				}
			}
			for _, width := range []int{40, 80, 200} {
				got, _ := write(t, []event.Event{m}, render.TerminalOptions{Level: render.Bytes, Width: width})
				var dumped []byte
				for _, r := range row.FindAllStringSubmatch(got, -1) {
					off, err1 := strconv.ParseInt(r[1], 16, 0)
					b, err2 := hex.DecodeString(strings.ReplaceAll(r[2], " ", ""))
					if err1 != nil || err2 != nil || int(off) != len(dumped) {
						t.Fatalf("%s: %v, width %d: byte %#x comes after %#x: %q", name, m.Kind, width, off, len(dumped), r[0])
					}
					dumped = append(dumped, b...)
				}
				if !bytes.Equal(dumped, m.Raw) {
					t.Fatalf("%s: %v, width %d: %d of %d bytes stand there", name, m.Kind, width, len(dumped), len(m.Raw))
				}
				if n := strings.Count(strings.Join(strings.Fields(got), " "), "by these names a path is built"); n > 1 {
					t.Errorf("%s: what an issuer is stands there %d times", name, n)
				}
			}
		}
	}
	if documents["certificate"] < 100 || documents["ocsp_response"] == 0 {
		t.Errorf("seen were %v", documents)
	}
}

func shifted(fields []wire.Field, by int) []wire.Field {
	out := slices.Clone(fields)
	for i := range out {
		out[i].Off += by
	}
	return out
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
