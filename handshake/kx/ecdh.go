package kx

import (
	"crypto/ecdh"
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// The NIST curves. A share is an uncompressed point, 04 || x || y; the secret is
// an x coordinate (RFC 8422 §5.4.1, §5.10).
var (
	P256 = FromECDH(iana.P256, ecdh.P256())
	P384 = FromECDH(iana.P384, ecdh.P384())
	P521 = FromECDH(iana.P521, ecdh.P521())
)

// FromECDH makes a Group of one of crypto/ecdh's curves. The package checks that a
// share is a point on the curve and not the one at infinity.
//
// The private scalar is drawn here, because crypto/ecdh's GenerateKey ignores its
// reader since Go 1.26 and a seeded run must be repeatable.
func FromECDH(id iana.Group, curve ecdh.Curve) Described {
	var d draw
	var share, secret int
	switch curve { // crypto/ecdh lets nobody else write a Curve, so these are all
	case ecdh.P256():
		d, share, secret = draw{32, 0xff}, 1+2*32, 32
	case ecdh.P384():
		d, share, secret = draw{48, 0xff}, 1+2*48, 48
	case ecdh.P521():
		d, share, secret = draw{66, 0x01}, 1+2*66, 66
	case ecdh.X25519():
		d, share, secret = draw{32, 0xff}, 32, 32
	default:
		panic("kx: a crypto/ecdh curve newer than this package")
	}
	generate := func(rand io.Reader) (dhKey, error) {
		for range maxDraws {
			scalar, err := d.from(rand)
			if err != nil {
				return nil, err
			}
			// The one thing a scalar of the right length can be is out of range:
			// zero, or not below the order of the group.
			if key, err := curve.NewPrivateKey(scalar); err == nil {
				return ecdhKey{key, share}, nil
			}
		}
		return nil, errStuck
	}
	return &dhGroup{
		id: id, name: id.String(),
		about:    Description{Kind: KindECDH, Offer: share, Answer: share, Secret: secret},
		generate: generate, offerer: curveOfferer, answerer: curveAnswerer,
	}
}

// draw says how many random bytes make a private key, and which bits of the first
// one count: P-521 has 521 of them, and without the mask one draw in 128 would do.
type draw struct {
	size int
	mask byte
}

func (d draw) from(rand io.Reader) ([]byte, error) {
	b := make([]byte, d.size)
	if err := fill(rand, b); err != nil {
		return nil, err
	}
	b[0] &= d.mask
	return b, nil
}

type ecdhKey struct {
	*ecdh.PrivateKey
	share int
}

func (k ecdhKey) private() []byte { return k.Bytes() }
func (k ecdhKey) public() []byte  { return k.PublicKey().Bytes() }

func (k ecdhKey) agree(peer []byte) ([]byte, error) {
	if len(peer) != k.share {
		return nil, wrongLength("RFC 9846 §4.3.8.2", k.share, len(peer))
	}
	public, err := k.Curve().NewPublicKey(peer)
	if err != nil {
		return nil, reason.Wrap(reason.BadShare, "RFC 9846 §4.3.8.2", "", err)
	}
	secret, err := k.ECDH(public)
	if err != nil { // X25519 only: the all-zero result
		return nil, reason.Wrap(reason.BadShare, "RFC 9846 §7.4.2", "", err)
	}
	return secret, nil
}
