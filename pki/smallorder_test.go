package pki_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/algid"
	"tlslab/pki/lesson"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/ecc/goldilocks"
	"github.com/cloudflare/circl/sign/ed448"
)

// The points of small order as the curve's arithmetic finds them: the order's multiple of any
// point lies among them, and there are eight.
func TestSmallOrder25519(t *testing.T) {
	l, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010") // the group's order, RFC 8032 §5.1
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for i := range 200 {
		p, err := new(edwards25519.Point).SetBytes(append([]byte{byte(i)}, make([]byte, 31)...))
		if err != nil {
			continue
		}
		sum := edwards25519.NewIdentityPoint() // l·p, bit by bit: scalars are reduced by l
		for bit := 255; bit >= 0; bit-- {
			sum.Add(sum, sum)
			if l[bit/8]>>(bit%8)&1 == 1 {
				sum.Add(sum, p)
			}
		}
		found[string(sum.Bytes())] = true
	}
	if len(found) != 8 {
		t.Fatalf("%d points of small order", len(found))
	}
	for p := range found {
		if !pki.SmallOrder(ed25519.PublicKey(p)) {
			t.Errorf("%x is not listed", p)
		}
	}
	for _, y := range pki.SmallOrder25519 {
		for _, sign := range []byte{0, 0x80} {
			key := slices.Clone(y[:])
			key[31] |= sign
			p, err := new(edwards25519.Point).SetBytes(key)
			if err != nil {
				continue // x = 0 has one sign
			}
			if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) != 1 {
				t.Errorf("%x is of large order", key)
			}
		}
	}
	if pki.SmallOrder(lesson.KeyOf("ed25519", "leaf").Public()) {
		t.Error("an honest key is refused")
	}
}

func TestSmallOrder448(t *testing.T) {
	n := 0
	for _, y := range pki.SmallOrder448 {
		for _, sign := range []byte{0, 0x80} {
			key := append(slices.Clone(y[:]), sign)
			p, err := goldilocks.FromBytes(key)
			if err != nil {
				continue
			}
			n++
			p.Double()
			p.Double()
			if !p.IsIdentity() || !pki.SmallOrder(ed448.PublicKey(key)) {
				t.Errorf("%x", key)
			}
		}
	}
	if n < 4 {
		t.Errorf("%d points", n)
	}
	if pki.SmallOrder(lesson.KeyOf("ed448", "leaf").Public()) {
		t.Error("an honest key is refused")
	}
}

// The hole itself: one signature in eight tries, for a message of one's choice.
func TestAnybodySignsUnderSmallOrder(t *testing.T) {
	key := ed25519.PublicKey(append([]byte{1}, make([]byte, 31)...)) // the neutral point
	forged := append(append([]byte{1}, make([]byte, 31)...), make([]byte, 32)...)
	if !ed25519.Verify(key, []byte("whatever"), forged) {
		t.Error("crypto/ed25519 has begun to refuse such keys: is the rule still needed?")
	}
	if bad := pki.InnerCheckSignature(algid.Named(x509.PureEd25519), key, []byte("whatever"), forged); bad == nil {
		t.Error("taken")
	}
}
