package main

import (
	"encoding/binary"
	"errors"
	"io"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// Toy is Diffie–Hellman over a field small enough to read. Both p and (p-1)/2 = q
// are prime and g has the order q, so every share but 1 and p-1 is as good as any
// other; a laptop finds a from g^a all the same, in seconds.
type Toy struct{}

const p, q, g = 4294967087, (p - 1) / 2, 2

func (Toy) ID() iana.Group { return iana.GroupPrivate } // 0xFE00: nobody else's number
func (Toy) Name() string   { return "toy32" }

func (Toy) Offer(rand io.Reader) (kx.Offer, error) {
	e := &end{own: "a", share: "A = g^a mod p", peer: "B"}
	return e, e.draw(rand)
}

func (Toy) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	e := &end{own: "b", share: "B = g^b mod p", peer: "A"}
	if err := e.draw(rand); err != nil {
		return nil, err
	}
	_, err := e.Finish(offered)
	return e, err
}

// end is what one end knows, and what a textbook calls it.
type end struct {
	own, share, peer                   string
	exponent, public, received, secret uint64
}

func (e *end) draw(rand io.Reader) error {
	var b [8]byte
	_, err := io.ReadFull(rand, b[:])
	e.exponent = 1 + binary.BigEndian.Uint64(b[:])%(q-1) // 1 to q-1: never 0, so never the share 1
	e.public = pow(g, e.exponent)
	return err
}

func (e *end) Share() []byte  { return number(e.public) }
func (e *end) Secret() []byte { return number(e.secret) }

func (e *end) Finish(peer []byte) ([]byte, error) {
	if len(peer) != 4 {
		return nil, errors.New("a share has 4 bytes")
	}
	e.received = uint64(binary.BigEndian.Uint32(peer))
	if e.received <= 1 || e.received >= p-1 {
		return nil, errors.New("a share must lie between 1 and p-1: outside, everybody knows the secret")
	}
	e.secret = pow(e.received, e.exponent)
	return e.Secret(), nil
}

// Explain is optional: with it the transcript shows the numbers.
func (e *end) Explain() []kx.Value {
	v := []kx.Value{{Name: "p", Bytes: number(p)}, {Name: "g", Bytes: number(g)},
		{Name: e.own, Bytes: number(e.exponent), Private: true}, {Name: e.share, Bytes: e.Share()}}
	if e.secret != 0 {
		v = append(v, kx.Value{Name: e.peer, Bytes: number(e.received)},
			kx.Value{Name: "g^ab mod p", Bytes: e.Secret(), Private: true})
	}
	return v
}

// pow squares and multiplies. Its time tells the exponent: kx.FiniteField's does not.
func pow(base, exponent uint64) uint64 {
	z := uint64(1)
	for ; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			z = z * base % p
		}
		base = base * base % p // p < 2^32: no product overflows
	}
	return z
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
