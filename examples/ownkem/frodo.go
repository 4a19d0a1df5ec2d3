package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/frodo/frodo640shake"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// Frodo is FrodoKEM-640: lattices without the ring that makes ML-KEM small and fast,
// and that somebody might yet find a way through. Caution costs eight times the bytes.
type Frodo struct{}

var scheme = frodo640shake.Scheme()

func (Frodo) ID() iana.Group { return iana.GroupPrivate + 1 } // 0xFE01: nobody else's number
func (Frodo) Name() string   { return "frodo640" }

// Offer makes a key pair; the public key is the share.
func (Frodo) Offer(rand io.Reader) (kx.Offer, error) {
	seed := make([]byte, scheme.SeedSize())
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, err
	}
	public, private := scheme.DeriveKeyPair(seed)
	share, err := public.MarshalBinary()
	return &offer{private: private, share: share}, err
}

// Answer draws the secret and seals it under the offered key; the ciphertext is the
// share. Nobody but the offerer can open it: that is all a KEM does.
func (Frodo) Answer(rand io.Reader, offered []byte) (kx.Answer, error) {
	public, err := scheme.UnmarshalBinaryPublicKey(offered)
	if err != nil {
		return nil, err
	}
	seed := make([]byte, scheme.EncapsulationSeedSize())
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, err
	}
	a := &answer{key: bytes.Clone(offered)}
	a.ciphertext, a.secret, err = scheme.EncapsulateDeterministically(public, seed)
	return a, err
}

type offer struct {
	private                   kem.PrivateKey
	share, ciphertext, secret []byte
}

func (o *offer) Share() []byte { return o.share }

// Finish opens the ciphertext. A forged one of the right length is not refused: it
// yields a secret that no one else has, and the handshake fails at its Finished.
func (o *offer) Finish(ciphertext []byte) (secret []byte, err error) {
	if len(ciphertext) != scheme.CiphertextSize() {
		return nil, fmt.Errorf("a ciphertext has %d bytes", scheme.CiphertextSize())
	}
	o.ciphertext = bytes.Clone(ciphertext)
	o.secret, err = scheme.Decapsulate(o.private, ciphertext)
	return o.secret, err
}

type answer struct{ key, ciphertext, secret []byte }

func (a *answer) Share() []byte  { return a.ciphertext }
func (a *answer) Secret() []byte { return a.secret }

// Explain is optional: with it the transcript shows the numbers, by FIPS 203's names.
func (o *offer) Explain() []kx.Value  { return values(o.share, o.ciphertext, o.secret) }
func (a *answer) Explain() []kx.Value { return values(a.key, a.ciphertext, a.secret) }

func values(key, ciphertext, secret []byte) []kx.Value {
	v := []kx.Value{{Name: "ek", Bytes: key}}
	if secret != nil {
		v = append(v, kx.Value{Name: "c", Bytes: ciphertext}, kx.Value{Name: "K", Bytes: secret, Private: true})
	}
	return v
}
