package scenario_test

import (
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/scenario"
)

// TestKeysOfRecords: which keys a record is under is what the figures of RFC 9846 §2 show
// for what is in it.
func TestKeysOfRecords(t *testing.T) {
	want := map[iana.HandshakeType]handshake.Keys{
		iana.ClientHello: handshake.InClear, iana.ServerHello: handshake.InClear, iana.EndOfEarlyData: handshake.EarlyKeys,
		iana.EncryptedExtensions: handshake.HandshakeKeys, iana.CertificateRequest: handshake.HandshakeKeys, iana.Certificate: handshake.HandshakeKeys,
		iana.CompressedCertificate: handshake.HandshakeKeys, iana.CertificateVerify: handshake.HandshakeKeys, iana.Finished: handshake.HandshakeKeys,
		iana.NewSessionTicket: handshake.ApplicationKeys, iana.KeyUpdate: handshake.ApplicationKeys,
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
		now := map[int]map[string]handshake.Keys{} // by connection, and party with direction
		for _, e := range tr.Events() {
			h := e.Head()
			if now[h.Conn] == nil {
				now[h.Conn] = map[string]handshake.Keys{}
			}
			switch e := e.(type) {
			case *handshake.KeyChangeEvent:
				now[h.Conn][h.Party+e.Dir.String()] = e.Keys
			case *handshake.RecordEvent:
				passedOver := e.Dir == handshake.Receive && e.Keys == handshake.EarlyKeys && e.Payload == nil
				if (e.Keys != handshake.InClear) != e.Protected || e.Protected && !passedOver && e.Keys != now[h.Conn][h.Party+e.Dir.String()] {
					t.Errorf("%s: connection %d: %s %v, protected %v, is under %v keys, and the last change was to %v", name, h.Conn, e.Dir, e.Type, e.Protected, e.Keys, now[h.Conn][h.Party+e.Dir.String()])
				}
				if e.Keys == handshake.EarlyKeys {
					early++
				}
				switch {
				case !tls13[h.Conn] && e.Protected && e.Keys != handshake.ApplicationKeys:
					t.Errorf("%s: TLS 1.2, under %v keys", name, e.Keys)
				case tls13[h.Conn] && e.Type == iana.Handshake:
					if k, ok := want[iana.HandshakeType(e.Payload[0])]; !ok || k != e.Keys {
						t.Errorf("%s: %v is under %v keys, want %v", name, iana.HandshakeType(e.Payload[0]), e.Keys, k)
					}
				case tls13[h.Conn] && e.Type == iana.ApplicationData && e.Keys != handshake.ApplicationKeys && e.Keys != handshake.EarlyKeys:
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
	var got []handshake.Keys
	for _, e := range f.Events {
		if k, ok := e.(*handshake.KeyChangeEvent); ok && k.Party == "client" && k.Dir == handshake.Send {
			got = append(got, k.Keys)
		}
	}
	want := []handshake.Keys{handshake.EarlyKeys, handshake.InClear, handshake.HandshakeKeys, handshake.ApplicationKeys}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}
