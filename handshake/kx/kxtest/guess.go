package kxtest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/binary"
	"math/big"

	"tlslab/handshake/kx"
)

// Guess is RSA key transport played by a client that does not know the premaster secret, as in
// Bleichenbacher's attack (CRYPTO '98). If padded is true, the ciphertext decrypts to a block
// that is padded rightly and has a premaster secret of the right version in it; if false, it
// does not. The client computes with another secret, so a server must answer bad_record_mac to
// its Finished. Neither what the server answers nor how long it takes may tell the two cases
// apart (RFC 5246 §7.4.7.1). It is for clients.
func Guess(padded bool) kx.Exchange { return guess{kx.RSA, padded} }

type guess struct {
	kx.Exchange
	padded bool
}

// Answer draws a block and encrypts it.
func (g guess) Answer(in kx.ClientInput) (kx.Answer, error) {
	key, ok := in.PublicKey.(*rsa.PublicKey)
	if !ok {
		return kx.RSA.Answer(in) // which says what is wrong
	}
	block := make([]byte, key.Size())
	if _, err := rand.Read(block); err != nil {
		return nil, err
	}
	const premaster = 48
	padding, secret := block[:len(block)-premaster], block[len(block)-premaster:]
	for i := range padding {
		padding[i] |= 1 // a zero would end it
	}
	padding[0], padding[1], padding[len(padding)-1] = 0, 2, 0
	if !g.padded {
		padding[1] = 1
	}
	binary.BigEndian.PutUint16(secret, uint16(in.ClientVersion))
	m := new(big.Int).SetBytes(block)
	return guessed(m.Exp(m, big.NewInt(int64(key.E)), key.N).FillBytes(block)), nil
}

// guessed is the ciphertext.
type guessed []byte

func (g guessed) Share() []byte  { return g }
func (g guessed) Secret() []byte { return make([]byte, 48) }
