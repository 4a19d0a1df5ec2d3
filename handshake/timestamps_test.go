package handshake_test

import (
	"bytes"
	"reflect"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// TestTimestamps: a client that asks gets the timestamps of the leaf, in both versions, and still
// has them when it resumes; who does not ask gets none.
func TestTimestamps(t *testing.T) {
	timestamps := [][]byte{append([]byte{0}, bytes.Repeat([]byte{7}, 60)...), {1, 2, 3}}
	for name, configure := range resumingWays(t) {
		for _, asks := range []bool{true, false} {
			cc, sc := configure()
			cc.CertificateTimestamps = asks
			sc.Certificates[0].Timestamps = timestamps
			var want [][]byte
			if asks {
				want = timestamps
			}
			for i := range 3 {
				c := connect(t, cc, sc).run(nil).completes()
				s := c.ends[client].Summary()
				if !reflect.DeepEqual(s.Timestamps, want) || s.Resumed != (i > 0) {
					t.Errorf("%s, asks %v, connection %d: %x", name, asks, i, s.Timestamps)
				}
				if version := c.ends[client].Summary().Version; version == iana.TLS12 {
					hello := c.sent(server, message.KindServerHello)[0].(*message.ServerHello)
					if sent := hello.Extensions.Find(iana.ExtSignedCertTimestamp) != nil; sent != (asks && i == 0) { // not in a resumption
						t.Errorf("%s, asks %v, connection %d: the ServerHello has them: %v", name, asks, i, sent)
					}
				}
				if asks != (c.sent(client, message.KindClientHello)[0].(*message.ClientHello).Extensions.Find(iana.ExtSignedCertTimestamp) != nil) {
					t.Errorf("%s: the ClientHello asks %v", name, !asks)
				}
			}
		}
	}
	for _, bad := range [][][]byte{{{}}, {{1}, nil}, {make([]byte, 1<<16)}, {make([]byte, 1<<15), make([]byte, 1<<15)}} {
		cc, sc := pair13()
		sc.Certificates[0].Timestamps = bad
		if _, err := handshake.NewServer(sc); reason.Of(err) != reason.Misuse {
			t.Errorf("%d timestamps that cannot be sent: %v", len(bad), err)
		}
		_ = cc
	}
}
