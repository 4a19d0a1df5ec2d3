package handshake

import (
	"bytes"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
)

// How the two key exchange messages of TLS 1.2 and kx's offers and answers fit
// into each other, and the signatures around them.

// paramsOf reads a ServerKeyExchange of any shape.
func paramsOf(m message.ServerKeyExchange) kx.Params {
	switch m := m.(type) {
	case *message.ServerKeyExchangeECDHE:
		return kx.Params{Group: m.Group, Share: m.Point}
	case *message.ServerKeyExchangeDHE:
		return kx.Params{P: m.P, G: m.G, Share: m.Y}
	case *message.ServerKeyExchangeOpaque:
		return kx.Params{Share: m.Share}
	}
	panic("handshake: a ServerKeyExchange of a new shape")
}

// fieldID names the finite field of a prime, 0 if it has no number: DHE's
// parameters travel without one.
func fieldID(p []byte) iana.Group {
	for _, g := range kx.All() {
		if f, ok := g.(kx.Field); ok {
			if q, _ := f.Params(); bytes.Equal(bytes.TrimLeft(p, "\x00"), q) {
				return g.ID()
			}
		}
	}
	return 0
}

// serverKeyExchange writes one, unsigned.
func serverKeyExchange(k iana.Kx, p kx.Params) message.ServerKeyExchange {
	switch k {
	case iana.KxECDHE:
		return &message.ServerKeyExchangeECDHE{Group: p.Group, Point: p.Share}
	case iana.KxDHE:
		return &message.ServerKeyExchangeDHE{P: p.P, G: p.G, Y: p.Share}
	}
	return &message.ServerKeyExchangeOpaque{Share: p.Share}
}

func clientKeyExchange(k iana.Kx, share []byte) message.Message {
	switch k {
	case iana.KxRSA:
		return &message.ClientKeyExchangeRSA{EncryptedPreMaster: share}
	case iana.KxECDHE:
		return &message.ClientKeyExchangeECDHE{Point: share}
	case iana.KxDHE:
		return &message.ClientKeyExchangeDHE{Y: share}
	}
	return &message.ClientKeyExchangeOpaque{Bytes: share}
}
