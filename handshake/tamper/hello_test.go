package tamper_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/tamper"
)

// onClientHello and onServerHello are scripts that change one of the hellos.
func onClientHello(f func(*message.ClientHello)) tamper.Script {
	return tamper.EditHello(func(m message.Message) {
		if m, ok := m.(*message.ClientHello); ok {
			f(m)
		}
	})
}

func onServerHello(f func(*message.ServerHello)) tamper.Script {
	return tamper.EditHello(func(m message.Message) {
		if m, ok := m.(*message.ServerHello); ok {
			f(m)
		}
	})
}

// TestEditedHellos: what is in clear in TLS 1.3 can be changed on the way, and then the
// handshake fails, at once or as soon as something depends on the transcript.
func TestEditedHellos(t *testing.T) {
	without := func(id iana.Group) func(*message.ClientHello) {
		return func(m *message.ClientHello) {
			for _, x := range m.Extensions.List {
				switch x := x.(type) {
				case *message.SupportedGroups:
					x.Groups = slices.DeleteFunc(x.Groups, func(g iana.Group) bool { return g == id })
				case *message.KeyShareClient:
					x.Shares = slices.DeleteFunc(x.Shares, func(e message.KeyShareEntry) bool { return e.Group == id })
				}
			}
		}
	}
	for _, a := range []struct {
		name           string
		script         tamper.Script
		client, server reason.Reason
	}{
		{"TLS 1.3 taken off the offer", onClientHello(func(m *message.ClientHello) {
			x, _ := message.Get[*message.SupportedVersions](&m.Extensions)
			x.Versions = []iana.Version{iana.TLS12}
		}), reason.DowngradeDetected, reason.PeerAlert},
		// The client notices only that nothing opens: its traffic secrets are from
		// another transcript.
		{"the hybrid taken off the offer", onClientHello(without(iana.X25519MLKEM768)), reason.BadRecordMAC, reason.BadRecordMAC},
		{"every share taken off the offer", onClientHello(func(m *message.ClientHello) {
			x, _ := message.Get[*message.KeyShareClient](&m.Extensions)
			x.Shares = nil
		}), reason.BadValue, reason.PeerAlert}, // by HelloRetryRequest, for a group whose share was sent
		{"another server name", onClientHello(func(m *message.ClientHello) {
			m.Extensions.List = slices.DeleteFunc(m.Extensions.List, func(x message.Extension) bool { return x.Type() == iana.ExtServerName })
		}), reason.BadRecordMAC, reason.BadRecordMAC},
		{"another suite chosen", onServerHello(func(m *message.ServerHello) { m.CipherSuite = 0x1303 }), reason.BadRecordMAC, reason.BadRecordMAC},
		{"a suite of TLS 1.2 chosen", onServerHello(func(m *message.ServerHello) { m.CipherSuite = 0xc02b }), reason.NotOffered, reason.PeerAlert},
		{"another share", onServerHello(func(m *message.ServerHello) {
			x, _ := message.Get[*message.KeyShareServer](&m.Extensions)
			x.Entry.Share[len(x.Entry.Share)-1] ^= 1
		}), reason.BadRecordMAC, reason.BadRecordMAC},
		{"another random", onServerHello(func(m *message.ServerHello) { m.Random[0] ^= 1 }), reason.BadRecordMAC, reason.BadRecordMAC},
		{"another session ID", onServerHello(func(m *message.ServerHello) { m.SessionID = nil }), reason.BadValue, reason.PeerAlert},
	} {
		t.Run(a.name, func(t *testing.T) {
			c, s, got := meet(t, 0, a.script)
			if reason.Of(c.Err()) != a.client || reason.Of(s.Err()) != a.server || got != "" {
				t.Errorf("got %q; the client says %v, the server %v", got, c.Err(), s.Err())
			}
		})
	}
}

// TestNoHello: what only looks like a hello passes as it is.
func TestNoHello(t *testing.T) {
	called := false
	script := tamper.EditHello(func(message.Message) { called = true })
	for _, rec := range [][]byte{
		{22, 3, 3, 0, 0},
		{22, 3, 3, 0, 3, 1, 0, 0},
		{22, 3, 3, 0, 4, 1, 0, 0, 1},    // goes on in another record
		{22, 3, 3, 0, 5, 1, 0, 0, 1, 3}, // no ClientHello
		{23, 3, 3, 0, 5, 1, 0, 0, 1, 3},
	} {
		if out := script(tamper.ToServer, bytes.Clone(rec)); called || len(out) != 1 || !bytes.Equal(out[0], rec) {
			t.Errorf("% x became % x", rec, out)
		}
	}
}

// TestHelloTooLong: what f makes too long for a record goes as it came, whatever else
// f did.
func TestHelloTooLong(t *testing.T) {
	c, s, got := meet(t, 0, onClientHello(func(m *message.ClientHello) {
		m.SessionID[0] ^= 1
		m.Extensions.Add(&message.Raw{ExtType: 0xfafa, Data: make([]byte, 1<<14)})
	}))
	if got != "onetwo" {
		t.Errorf("got %q; %v, %v", got, c.Err(), s.Err())
	}
}
