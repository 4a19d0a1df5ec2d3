package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// ServerKeyExchange carries the server's offer, signed under its certificate's
// key (RFC 5246 §7.4.3). Its shape depends on the suite's key exchange; RSA key
// transport has no such message.
type ServerKeyExchange interface {
	Message
	// AppendParams appends what the signature covers after the two randoms:
	// the parameters, without header and signature.
	AppendParams(dst []byte) ([]byte, error)
	// Signed is the signature, to be filled or verified in place.
	Signed() *Signature
}

func newServerKeyExchange(k iana.Kx) Message {
	switch {
	case k == iana.KxECDHE:
		return new(ServerKeyExchangeECDHE)
	case k == iana.KxDHE:
		return new(ServerKeyExchangeDHE)
	case k >= iana.KxPrivate:
		return new(ServerKeyExchangeOpaque)
	}
	return nil
}

// walkServerKeyExchange visits what all shapes have in common.
func walkServerKeyExchange(c *wire.Codec, ref string, params wire.Struct, s *Signature) {
	group, body := header(c, "server_key_exchange", iana.ServerKeyExchange, ref)
	p := c.Enter("params")
	params.Walk(c)
	c.End(p)
	s.walk(c)
	footer(c, group, body)
}

// ServerKeyExchangeECDHE offers a point on a named curve (RFC 8422 §5.4).
type ServerKeyExchangeECDHE struct {
	Group     iana.Group
	Point     []byte // in the group's own encoding
	Signature Signature
}

// Kind returns KindServerKeyExchange.
func (m *ServerKeyExchangeECDHE) Kind() Kind { return KindServerKeyExchange }

// Signed returns &m.Signature.
func (m *ServerKeyExchangeECDHE) Signed() *Signature { return &m.Signature }

// AppendParams appends ServerECDHParams.
func (m *ServerKeyExchangeECDHE) AppendParams(dst []byte) ([]byte, error) {
	return wire.Append(dst, (*ecdheParams)(m), nil)
}

// Walk visits the message.
func (m *ServerKeyExchangeECDHE) Walk(c *wire.Codec) {
	walkServerKeyExchange(c, "RFC 8422 §5.4", (*ecdheParams)(m), &m.Signature)
}

type ecdheParams ServerKeyExchangeECDHE

func (p *ecdheParams) Walk(c *wire.Codec) {
	wire.Const8(c, "curve_type", iana.NamedCurve)
	wire.U16(c, "named_curve", &p.Group)
	c.Opaque(1, "point", &p.Point, 1)
}

// ServerKeyExchangeDHE offers a finite field and a public value in it (RFC 5246
// §7.4.3). The numbers are big-endian.
type ServerKeyExchangeDHE struct {
	P, G, Y   []byte
	Signature Signature
}

// Kind returns KindServerKeyExchange.
func (m *ServerKeyExchangeDHE) Kind() Kind { return KindServerKeyExchange }

// Signed returns &m.Signature.
func (m *ServerKeyExchangeDHE) Signed() *Signature { return &m.Signature }

// AppendParams appends ServerDHParams.
func (m *ServerKeyExchangeDHE) AppendParams(dst []byte) ([]byte, error) {
	return wire.Append(dst, (*dheParams)(m), nil)
}

// Walk visits the message.
func (m *ServerKeyExchangeDHE) Walk(c *wire.Codec) {
	walkServerKeyExchange(c, "RFC 5246 §7.4.3", (*dheParams)(m), &m.Signature)
}

type dheParams ServerKeyExchangeDHE

func (p *dheParams) Walk(c *wire.Codec) {
	c.Opaque(2, "dh_p", &p.P, 1)
	c.Opaque(2, "dh_g", &p.G, 1)
	c.Opaque(2, "dh_Ys", &p.Y, 1)
}

// ServerKeyExchangeOpaque offers whatever a private exchange wants to, Kx from
// iana.KxPrivate on: one vector of up to 2^16-1 bytes.
type ServerKeyExchangeOpaque struct {
	Share     []byte
	Signature Signature
}

// Kind returns KindServerKeyExchange.
func (m *ServerKeyExchangeOpaque) Kind() Kind { return KindServerKeyExchange }

// Signed returns &m.Signature.
func (m *ServerKeyExchangeOpaque) Signed() *Signature { return &m.Signature }

// AppendParams appends the share and its length.
func (m *ServerKeyExchangeOpaque) AppendParams(dst []byte) ([]byte, error) {
	return wire.Append(dst, (*opaqueParams)(m), nil)
}

// Walk visits the message.
func (m *ServerKeyExchangeOpaque) Walk(c *wire.Codec) {
	walkServerKeyExchange(c, "RFC 5246 §7.4.3", (*opaqueParams)(m), &m.Signature)
}

type opaqueParams ServerKeyExchangeOpaque

func (p *opaqueParams) Walk(c *wire.Codec) { c.Opaque(2, "share", &p.Share, 0) }
