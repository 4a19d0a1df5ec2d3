package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// ClientKeyExchange carries the client's answer (RFC 5246 §7.4.7). Its shape
// depends on the suite's key exchange.
type ClientKeyExchange interface {
	Message
	// Share is the answer, without its length.
	Share() []byte
}

func newClientKeyExchange(k iana.Kx) Message {
	switch {
	case k == iana.KxRSA:
		return new(ClientKeyExchangeRSA)
	case k == iana.KxDHE:
		return new(ClientKeyExchangeDHE)
	case k == iana.KxECDHE:
		return new(ClientKeyExchangeECDHE)
	case k >= iana.KxPrivate:
		return new(ClientKeyExchangeOpaque)
	}
	return nil
}

// walkClientKeyExchange visits a body that is one vector.
func walkClientKeyExchange(c *wire.Codec, ref string, prefix int, name string, share *[]byte, min int) {
	group, body := header(c, "client_key_exchange", iana.ClientKeyExchange, ref)
	c.Opaque(prefix, name, share, min)
	footer(c, group, body)
}

// ClientKeyExchangeRSA carries the premaster secret, encrypted under the
// certificate's key (RFC 5246 §7.4.7.1). Any length is read: what a wrong one
// means must not show before the padding check would.
type ClientKeyExchangeRSA struct {
	EncryptedPreMaster []byte
}

// Kind returns KindClientKeyExchange.
func (m *ClientKeyExchangeRSA) Kind() Kind { return KindClientKeyExchange }

// Share returns m.EncryptedPreMaster.
func (m *ClientKeyExchangeRSA) Share() []byte { return m.EncryptedPreMaster }

// Walk visits the message.
func (m *ClientKeyExchangeRSA) Walk(c *wire.Codec) {
	walkClientKeyExchange(c, "RFC 5246 §7.4.7.1", 2, "encrypted_pre_master_secret", &m.EncryptedPreMaster, 0)
}

// ClientKeyExchangeDHE carries the client's public value, big-endian (RFC 5246
// §7.4.7.2). The implicit form, for a client whose certificate holds a
// Diffie–Hellman key, is not read.
type ClientKeyExchangeDHE struct {
	Y []byte
}

// Kind returns KindClientKeyExchange.
func (m *ClientKeyExchangeDHE) Kind() Kind { return KindClientKeyExchange }

// Share returns m.Y.
func (m *ClientKeyExchangeDHE) Share() []byte { return m.Y }

// Walk visits the message.
func (m *ClientKeyExchangeDHE) Walk(c *wire.Codec) {
	walkClientKeyExchange(c, "RFC 5246 §7.4.7.2", 2, "dh_Yc", &m.Y, 1)
}

// ClientKeyExchangeECDHE carries the client's point (RFC 8422 §5.7).
type ClientKeyExchangeECDHE struct {
	Point []byte // in the group's own encoding
}

// Kind returns KindClientKeyExchange.
func (m *ClientKeyExchangeECDHE) Kind() Kind { return KindClientKeyExchange }

// Share returns m.Point.
func (m *ClientKeyExchangeECDHE) Share() []byte { return m.Point }

// Walk visits the message.
func (m *ClientKeyExchangeECDHE) Walk(c *wire.Codec) {
	walkClientKeyExchange(c, "RFC 8422 §5.7", 1, "ecdh_Yc", &m.Point, 1)
}

// ClientKeyExchangeOpaque carries whatever a private exchange answers, Kx from
// iana.KxPrivate on: one vector of up to 2^16-1 bytes.
type ClientKeyExchangeOpaque struct {
	Bytes []byte
}

// Kind returns KindClientKeyExchange.
func (m *ClientKeyExchangeOpaque) Kind() Kind { return KindClientKeyExchange }

// Share returns m.Bytes.
func (m *ClientKeyExchangeOpaque) Share() []byte { return m.Bytes }

// Walk visits the message.
func (m *ClientKeyExchangeOpaque) Walk(c *wire.Codec) {
	walkClientKeyExchange(c, "RFC 5246 §7.4.7", 2, "share", &m.Bytes, 0)
}
