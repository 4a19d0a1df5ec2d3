package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
)

// KeyKind names a kind of key pair, in the words of the command line.
type KeyKind string

// The kinds that GenerateKey makes.
const (
	RSA2048 KeyKind = "rsa2048"
	RSA3072 KeyKind = "rsa3072"
	RSA4096 KeyKind = "rsa4096"
	RSAPSS  KeyKind = "rsa-pss" // 2048 bits, for RSASSA-PSS alone (id-RSASSA-PSS)
	P256    KeyKind = "p256"
	P384    KeyKind = "p384"
	P521    KeyKind = "p521"
	Ed25519 KeyKind = "ed25519"
	Ed448   KeyKind = "ed448"
)

// KeyKinds lists the kinds that GenerateKey makes.
func KeyKinds() []KeyKind {
	return []KeyKind{RSA2048, RSA3072, RSA4096, RSAPSS, P256, P384, P521, Ed25519, Ed448}
}

// GenerateKey makes a fresh key pair. With a nil rand it draws from crypto/rand.
//
// A key of an elliptic curve is a function of the bytes of rand, so a seeded
// run gets the same key again: the standard library's generators ignore their
// reader since Go 1.26. An RSA key is not: rand is ignored for it, and a lesson
// that must repeat itself uses the keys of pki/lesson.
func GenerateKey(kind KeyKind, rand io.Reader) (crypto.Signer, error) {
	if rand == nil {
		rand = cryptorand.Reader
	}
	switch kind {
	case RSA2048:
		return rsa.GenerateKey(cryptorand.Reader, 2048)
	case RSA3072:
		return rsa.GenerateKey(cryptorand.Reader, 3072)
	case RSA4096:
		return rsa.GenerateKey(cryptorand.Reader, 4096)
	case RSAPSS:
		k, err := rsa.GenerateKey(cryptorand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		return &sig.PSSPrivateKey{RSA: k}, nil
	case P256:
		return ecdsaKeyFrom(rand, elliptic.P256())
	case P384:
		return ecdsaKeyFrom(rand, elliptic.P384())
	case P521:
		return ecdsaKeyFrom(rand, elliptic.P521())
	case Ed25519:
		seed := make([]byte, ed25519.SeedSize)
		if _, err := io.ReadFull(rand, seed); err != nil {
			return nil, fmt.Errorf("no randomness for an ed25519 key: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	case Ed448:
		seed := make([]byte, ed448.SeedSize)
		if _, err := io.ReadFull(rand, seed); err != nil {
			return nil, fmt.Errorf("no randomness for an ed448 key: %w", err)
		}
		return ed448.NewKeyFromSeed(seed), nil
	}
	return nil, fmt.Errorf("unknown kind of key %q; known are %v", kind, KeyKinds())
}

// maxDraws bounds rejection sampling. A draw is out of range with probability
// below 2^-32 on each of the curves, so a second miss already means a broken reader.
const maxDraws = 8

// ecdsaKeyFrom draws a private scalar uniformly from [1, n-1] by drawing again
// whenever the bytes are out of range (FIPS 186-5 A.2.2).
func ecdsaKeyFrom(rand io.Reader, curve elliptic.Curve) (crypto.Signer, error) {
	d := make([]byte, (curve.Params().BitSize+7)/8)
	for range maxDraws {
		if _, err := io.ReadFull(rand, d); err != nil {
			return nil, fmt.Errorf("no randomness for an ecdsa key: %w", err)
		}
		d[0] &= 0xff >> (8*len(d) - curve.Params().BitSize) // 521 bits are no whole bytes
		if key, err := ecdsa.ParseRawPrivateKey(curve, d); err == nil {
			return key, nil
		}
	}
	return nil, errors.New("the source of randomness gives no scalar below the curve's order")
}
