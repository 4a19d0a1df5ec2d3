package tls_test

import (
	"crypto/aes"
	"crypto/cipher"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"tlslab/handshake/suite"
)

// bareAEAD is the suite's cipher with nothing around it.
func bareAEAD(tb testing.TB, s *suite.Suite) cipher.AEAD {
	key := make([]byte, s.Cipher.KeyLen)
	if s.Cipher.Name == "ChaCha20-Poly1305" {
		a, err := chacha20poly1305.New(key)
		if err != nil {
			tb.Fatal(err)
		}
		return a
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
