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

// The last message of a flight ends the peer's turn. What stands behind it in its record was
// said before the peer could know our answer, and is refused when that is due, whole or only
// begun: in both roles and versions, where keys change and where they do not. Only a
// HelloRequest may come at any time (RFC 5246 §7.4.1.1).
func TestMoreThanTheFlight(t *testing.T) {
	seen := map[string]bool{}
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{client, server} {
			for _, m := range rec.messages(t, role) {
				at := rec.replay(t, role, m.at)
				if m.typ != iana.Handshake || at.Done() {
					continue
				}
				said := len(at.out)
				at.feed(rec.to(role)[m.at])
				if len(at.out) == said { // the peer's turn goes on
					continue
				}
				kind := message.Kind(m.payload[0])
				seen[fmt.Sprint(rec.version, " ", role, " ", kind)] = true
				with := func(tail []byte) *subject {
					s := rec.replay(t, role, m.at)
					s.feed(put(t, rec.writer(t, role, m.at), iana.Handshake, append(slices.Clone(m.payload), tail...)))
					return s
				}
				for _, tail := range [][]byte{m.payload, m.payload[:1], {11, 0, 0}, {20, 0, 0, 12}, {15}, {4, 0, 0, 0}} {
					s := with(tail)
					e := s.refused(t)
					if alert, _ := reason.Alert(e.Reason); alert != iana.UnexpectedMessage {
						t.Errorf("%s: %x behind %v to a %v: %v", rec.name, tail[:1], kind, role, e)
					}
					if len(s.out) > said+200 { // an alert, and no answer
						t.Errorf("%s: %x behind %v to a %v is answered with %d bytes", rec.name, tail[:1], kind, role, len(s.out)-said)
					}
				}
				if s := with([]byte{0, 0, 0, 0}); role == client && rec.version == iana.TLS12 {
					if s.Err() != nil {
						t.Errorf("%s: a HelloRequest behind %v: %v", rec.name, kind, s.Err())
					}
				} else if e := s.refused(t); e.Reason != reason.UnexpectedMessage && e.Reason != reason.KeyChangeMidMessage {
					t.Errorf("%s: a HelloRequest behind %v to a %v: %v", rec.name, kind, role, e)
				}
			}
		}
	}
	for _, want := range []string{"TLS 1.2 server client_hello", "TLS 1.2 client server_hello_done", "TLS 1.2 server finished", "TLS 1.2 client finished",
		"TLS 1.3 server client_hello", "TLS 1.3 client server_hello", "TLS 1.3 client finished", "TLS 1.3 server finished"} {
		if !seen[want] {
			t.Errorf("no flow ends a turn with %s; there are %v", want, seen)
		}
	}
}
