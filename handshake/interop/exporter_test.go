package interop_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/suite"
)

// TestExporter derives what the programs print, in a handshake that has a staple and a
// protocol, too.
func TestExporter(t *testing.T) {
	const label, n = "EXPORTER-lab", 48
	bothVersions(t, "exporter", func(t *testing.T, m meeting) {
		kinds := m.kindsOr("ecdsa")
		if m.peer == openssl && m.role == event.Server {
			kinds = m.kinds
		}
		for _, kind := range kinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				words, printed := []string{"-keymatexport", label, "-keymatexportlen", fmt.Sprint(n)}, `Keying material: ([0-9A-F]+)`
				if m.peer == gnutls {
					words, printed = []string{"--keymatexport", label, "--keymatexportsize", fmt.Sprint(n)}, `Key material: ([0-9a-f]+)`
				}
				got := m.meet(t, nil, deal{server: []string{kind}, words: words, typed: true, staple: true,
					clientProtocols: []string{"http/1.1", "lab/2"}, serverProtocols: []string{"lab/2"}})
				if staple := tlstest.Servers()[kind].Staple; got.Protocol != "lab/2" || m.role == event.Client && !bytes.Equal(got.Staple, staple) {
					t.Errorf("protocol %q; a staple of %d bytes, of %d sent", got.Protocol, len(got.Staple), len(staple))
				}
				ours, err := got.conn.Export(label, nil, n)
				if theirs := got.prog.waitFor(printed)[1]; err != nil || fmt.Sprintf("%x", ours) != strings.ToLower(theirs) {
					t.Errorf("%x, %v; %s has %s", ours, err, m.name, theirs)
				}
			})
		}
	})
}

// TestStdlibExporter exports what crypto/tls exports. In TLS 1.2 that goes to the ends of what
// RFC 5705 §4 allows: the PRF takes a label of any length, none too, and gives as much as is
// asked for; a context has two bytes of length.
func TestStdlibExporter(t *testing.T) {
	type question struct {
		label   string
		context int // bytes; less than none: no context
		n       int
	}
	for v, questions := range map[iana.Version][]question{
		iana.TLS12: {{"", -1, 32}, {"", 0, 32}, {"EXPORTER-lab", -1, 0}, {strings.Repeat("l", 1000), 3, 32},
			{"EXPORTER-lab", 1<<16 - 1, 32}, {"EXPORTER-lab", -1, 255*48 + 1}, {"EXPORTER-lab", 1 << 16, 32}},
		iana.TLS13: {{"EXPORTER-lab", -1, 77}, {"EXPORTER-lab", 0, 77}, {"EXPORTER-lab", 9, 77}},
	} {
		m := meeting{stdlib, v, event.Client}
		suites := []*suite.Suite{nil}
		if v == iana.TLS13 {
			suites = m.suites(v)
		}
		for _, s := range suites {
			name := v.String()
			if s != nil {
				name = s.String()
			}
			t.Run(name, func(t *testing.T) {
				got := m.meet(t, nil, deal{server: []string{"ecdsa"}, suite: s})
				for _, q := range questions {
					var context []byte
					if q.context >= 0 {
						context = bytes.Repeat([]byte("c"), q.context)
					}
					ours, err := got.conn.Export(q.label, context, q.n)
					theirs, err2 := got.std.ExportKeyingMaterial(q.label, context, q.n)
					if (err != nil) != (err2 != nil) || v == iana.TLS13 && err != nil || !bytes.Equal(ours, theirs) {
						t.Errorf("a label of %d bytes, a context of %d, %d bytes: %v; crypto/tls: %v; the same: %v",
							len(q.label), q.context, q.n, err, err2, bytes.Equal(ours, theirs))
					}
				}
				if _, err := got.conn.Export("EXPORTER-lab", nil, -1); err == nil {
					t.Error("less than no bytes are exported")
				}
			})
		}
	}
}
