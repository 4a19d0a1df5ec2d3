package scenario_test

import (
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/scenario"
)

// TestKeysOfRecords: which keys a record is under is what the figures of RFC 9846 §2 show
// for what is in it.
func TestKeysOfRecords(t *testing.T) {
	want := map[iana.HandshakeType]event.Keys{
		iana.ClientHello: event.InClear, iana.ServerHello: event.InClear, iana.EndOfEarlyData: event.EarlyKeys,
		iana.EncryptedExtensions: event.HandshakeKeys, iana.CertificateRequest: event.HandshakeKeys, iana.Certificate: event.HandshakeKeys,
		iana.CompressedCertificate: event.HandshakeKeys, iana.CertificateVerify: event.HandshakeKeys, iana.Finished: event.HandshakeKeys,
		iana.NewSessionTicket: event.ApplicationKeys, iana.KeyUpdate: event.ApplicationKeys,
	}
	early := 0
	for name, o := range everyLesson() {
		o.Seed = "test"
		tr := run(t, o)
		tls13 := map[int]bool{}
		for _, e := range tr.Events() {
			if h := e.Head(); strings.HasSuffix(h.Move, "/tls13") {
				tls13[h.Conn] = true
			}
		}
		now := map[int]map[string]event.Keys{} // by connection, and party with direction
		for _, e := range tr.Events() {
			h := e.Head()
			if now[h.Conn] == nil {
				now[h.Conn] = map[string]event.Keys{}
			}
			switch e := e.(type) {
			case *event.KeyChange:
				now[h.Conn][h.Party+e.Dir.String()] = e.Keys
			case *event.Record:
				passedOver := e.Dir == event.Receive && e.Keys == event.EarlyKeys && e.Payload == nil
				if (e.Keys != event.InClear) != e.Protected || e.Protected && !passedOver && e.Keys != now[h.Conn][h.Party+e.Dir.String()] {
					t.Errorf("%s: connection %d: %s %v, protected %v, is under %v keys, and the last change was to %v", name, h.Conn, e.Dir, e.Type, e.Protected, e.Keys, now[h.Conn][h.Party+e.Dir.String()])
				}
				if e.Keys == event.EarlyKeys {
					early++
				}
				switch {
				case !tls13[h.Conn] && e.Protected && e.Keys != event.ApplicationKeys:
					t.Errorf("%s: TLS 1.2, under %v keys", name, e.Keys)
				case tls13[h.Conn] && e.Type == iana.Handshake:
					if k, ok := want[iana.HandshakeType(e.Payload[0])]; !ok || k != e.Keys {
						t.Errorf("%s: %v is under %v keys, want %v", name, iana.HandshakeType(e.Payload[0]), e.Keys, k)
					}
				case tls13[h.Conn] && e.Type == iana.ApplicationData && e.Keys != event.ApplicationKeys && e.Keys != event.EarlyKeys:
					t.Errorf("%s: data under %v keys", name, e.Keys)
				}
			}
		}
	}
	if early == 0 {
		t.Error("nothing was under early keys")
	}
}

// TestBackInClear: a client whose early data is rejected for a HelloRetryRequest sends its
// second ClientHello in clear, and tells of the change.
func TestBackInClear(t *testing.T) {
	f := run(t, scenario.Options{Resume: scenario.ResumeEarly, HelloRetry: true, Seed: "test"}).Flow("resumed")
	var got []event.Keys
	for _, e := range f.Events {
		if k, ok := e.(*event.KeyChange); ok && k.Party == "client" && k.Dir == event.Send {
			got = append(got, k.Keys)
		}
	}
	want := []event.Keys{event.EarlyKeys, event.InClear, event.HandshakeKeys, event.ApplicationKeys}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
