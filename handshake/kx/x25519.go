package kx

import (
	"io"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/dh/x25519"
	"github.com/cloudflare/circl/dh/x448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// X25519 and X448 are the Montgomery curves of RFC 7748. A share is 32 or 56
// bytes, little-endian, and so is the secret. Every string of that length is a
// share; one of small order would make the secret all zeros whatever the private
// key is, and is refused (RFC 7748 §6, RFC 8422 §5.11).
//
// They come from circl, which is faster here than crypto/ecdh (BenchmarkX25519)
// and has X448 at all.
var (
	X25519 Described = &dhGroup{
		id: iana.X25519, name: "x25519",
		about:    Description{Kind: KindECDH, Offer: x25519.Size, Answer: x25519.Size, Secret: x25519.Size},
		generate: newX25519, offerer: curveOfferer, answerer: curveAnswerer,
	}
	X448 Described = &dhGroup{
		id: iana.X448, name: "x448",
		about:    Description{Kind: KindECDH, Offer: x448.Size, Answer: x448.Size, Secret: x448.Size},
		generate: newX448, offerer: curveOfferer, answerer: curveAnswerer,
	}
)

var errSmallOrder = invalid("RFC 9846 §7.4.2", reason.Because("a point of small order: the secret would be zero for every private key"))

// x25519Key holds the private key as drawn; the arithmetic clamps it
// (RFC 7748 §5), here as in every other implementation.
type x25519Key struct{ secret, share x25519.Key }

func newX25519(rand io.Reader) (dhKey, error) {
	k := new(x25519Key)
	if err := fill(rand, k.secret[:]); err != nil {
		return nil, err
	}
	// The base point is the same each time, so tables of its multiples pay: 18 µs in the place of
	// 34. They are edwards25519's, whose curve is this one by another name (RFC 7748 §4.1): a
	// multiple of its base point, told by its u-coordinate.
	scalar, err := new(edwards25519.Scalar).SetBytesWithClamping(k.secret[:])
	if err != nil {
		return nil, reason.Fault("", err)
	}
	copy(k.share[:], new(edwards25519.Point).ScalarBaseMult(scalar).BytesMontgomery())
	return k, nil
}

func (k *x25519Key) private() []byte { return k.secret[:] }
func (k *x25519Key) public() []byte  { return k.share[:] }

func (k *x25519Key) agree(peer []byte) ([]byte, error) {
	if len(peer) != x25519.Size {
		return nil, wrongLength("RFC 9846 §4.3.8.2", x25519.Size, len(peer))
	}
	public, shared := x25519.Key(peer), new(x25519.Key)
	if !x25519.Shared(shared, &k.secret, &public) {
		return nil, errSmallOrder
	}
	return shared[:], nil
}

type x448Key struct{ secret, share x448.Key }

func newX448(rand io.Reader) (dhKey, error) {
	k := new(x448Key)
	if err := fill(rand, k.secret[:]); err != nil {
		return nil, err
	}
	x448.KeyGen(&k.share, &k.secret)
	return k, nil
}

func (k *x448Key) private() []byte { return k.secret[:] }
func (k *x448Key) public() []byte  { return k.share[:] }

func (k *x448Key) agree(peer []byte) ([]byte, error) {
	if len(peer) != x448.Size {
		return nil, wrongLength("RFC 9846 §4.3.8.2", x448.Size, len(peer))
	}
	public, shared := x448.Key(peer), new(x448.Key)
	if !x448.Shared(shared, &k.secret, &public) {
		return nil, errSmallOrder
	}
	return shared[:], nil
}
