package authority_test

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
)

func TestGenerateKeyFollowsItsReader(t *testing.T) {
	for _, kind := range []authority.KeyKind{authority.P256, authority.P384, authority.P521, authority.Ed25519, authority.Ed448} {
		make := func(seed byte) []byte {
			key, err := authority.GenerateKey(kind, pkitest.Seeded(seed))
			if err != nil {
				t.Fatal(err)
			}
			return pkitest.PKCS8(t, key)
		}
		if !bytes.Equal(make(1), make(1)) || bytes.Equal(make(1), make(2)) {
			t.Errorf("%s: the key is no function of the seed", kind)
		}
		if _, err := authority.GenerateKey(kind, iotest.ErrReader(io.ErrUnexpectedEOF)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s from a broken reader: %v", kind, err)
		}
	}
	// All ones is above both orders: draw again, and give up in the end.
	if _, err := authority.GenerateKey(authority.P256, bytes.NewReader(bytes.Repeat([]byte{0xff}, 32*authority.MaxDraws))); err == nil {
		t.Error("made a key of a scalar above the order")
	}
	if key, err := authority.GenerateKey(authority.RSA2048, nil); err != nil || key.Public().(*rsa.PublicKey).N.BitLen() != 2048 {
		t.Errorf("rsa2048: %v", err)
	}
	if _, err := authority.GenerateKey("rsa512", nil); err == nil || !strings.Contains(err.Error(), "p256") {
		t.Errorf("an unknown kind: %v", err)
	}
}
