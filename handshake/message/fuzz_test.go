package message_test

import (
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

func context(version, k uint8, fromServer bool) message.Context {
	return message.Context{Version: iana.SSL30 + iana.Version(version), Kx: iana.Kx(k), FromServer: fromServer}
}

func FuzzParse(f *testing.F) {
	for _, s := range message.Samples() {
		f.Add(uint8(s.Ctx.Version-iana.SSL30), uint8(s.Ctx.Kx), s.Ctx.FromServer, marshal(f, s.Msg))
	}
	for _, c := range captures(f) {
		for _, m := range c.messages {
			f.Add(uint8(3), uint8(iana.KxECDHE), m.fromServer, m.raw)
			f.Add(uint8(4), uint8(iana.KxNone), m.fromServer, m.raw)
		}
	}
	f.Fuzz(func(t *testing.T, version, k uint8, fromServer bool, b []byte) {
		holds(t, context(version, k, fromServer), b)
	})
}

// handshake puts a header before body, so that no mutation is lost on a length.
func handshake(t iana.HandshakeType, body []byte) []byte {
	n := len(body)
	return append([]byte{byte(t), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

func FuzzClientHello(f *testing.F) {
	for _, s := range message.Samples() {
		if s.Msg.Kind() == message.KindClientHello {
			f.Add(marshal(f, s.Msg)[4:])
		}
	}
	for _, c := range captures(f) {
		f.Add(c.messages[0].raw[4:])
	}
	f.Fuzz(func(t *testing.T, body []byte) { holds(t, message.Context{}, handshake(iana.ClientHello, body)) })
}

// FuzzExtensions reads one extension, type and data, in each kind of message that
// holds any.
func FuzzExtensions(f *testing.F) {
	for _, s := range message.Samples() {
		for _, block := range blocks(s.Msg) {
			for _, x := range block.List {
				f.Add(uint16(x.Type()), marshal(f, x))
			}
		}
	}
	f.Fuzz(func(t *testing.T, kind uint16, data []byte) {
		if len(data) > 60_000 {
			return // longer than a block can hold
		}
		x := &message.Raw{ExtType: iana.ExtensionType(kind), Data: data}
		for _, m := range []message.Message{
			&message.ServerHello{}, &message.ServerHello{Random: message.HelloRetryRequestRandom}, hello(),
			&message.EncryptedExtensions{}, &message.CertificateRequest13{}, &message.NewSessionTicket13{Ticket: []byte{1}},
			&message.Certificate13{Entries: []message.CertificateEntry{{Cert: []byte{1}}}},
		} {
			blocks(m)[0].Add(x)
			if _, err := holds(t, tls13, marshal(t, m)); x.Type() == 0x1a1a && err != nil {
				t.Fatalf("a %s with GREASE: %v", m.Kind(), err)
			}
		}
		over := hello()
		over.Extensions.Add(x)
		holds(t, message.Context{Version: iana.TLS13, QUIC: true}, marshal(t, over)) // where transport parameters mean something
	})
}
