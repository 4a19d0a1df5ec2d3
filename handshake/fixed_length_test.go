package handshake_test

import (
	"fmt"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// A message whose length the version and the suite fix (Finished: RFC 5246 §7.4.9, RFC 9846
// §4.5.3; those that say nothing or one byte) is, a byte longer or shorter, not well formed:
// decode_error (RFC 5246 §7.2.2, RFC 9846 §6.2), whoever gets it, in whatever flow.
func TestMessagesOfFixedLength(t *testing.T) {
	fixed := []message.Kind{message.KindServerHelloDone, message.KindFinished, message.KindEndOfEarlyData, message.KindKeyUpdate}
	seen := map[string]bool{}
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{client, server} {
			for _, m := range rec.messages(t, role) {
				if m.typ != iana.Handshake || !slices.Contains(fixed, message.Kind(m.payload[0])) {
					continue
				}
				kind := message.Kind(m.payload[0])
				if len(m.payload) != 4+int(m.payload[3]) || m.payload[1] != 0 || m.payload[2] != 0 {
					continue // not alone in its record
				}
				seen[fmt.Sprint(rec.version, role, kind)] = true
				for _, n := range []int{len(m.payload) - 5, len(m.payload) - 3} {
					if n < 0 {
						continue
					}
					b := append([]byte{m.payload[0], 0, 0, byte(n)}, append(slices.Clone(m.payload[4:]), 0)[:n]...)
					s := rec.replay(t, role, m.at)
					s.feed(put(t, rec.writer(t, role, m.at), iana.Handshake, b))
					e := s.refused(t)
					if alert, _ := reason.Alert(e.Reason); alert != iana.DecodeError {
						t.Errorf("%s: a %v of %d bytes to a %v: %v, so %v", rec.name, kind, n, role, e, alert)
					}
				}
			}
		}
	}
	for _, want := range []string{"TLS 1.2 client finished", "TLS 1.2 server finished", "TLS 1.2 client server_hello_done",
		"TLS 1.3 client finished", "TLS 1.3 server finished", "TLS 1.3 server end_of_early_data", "TLS 1.3 server key_update", "TLS 1.3 client key_update"} {
		if !seen[want] {
			t.Errorf("no flow has %s; there are %v", want, seen)
		}
	}
}
