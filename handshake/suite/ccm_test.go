package suite

import (
	"bytes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func newTestCCM(t testing.TB, key []byte, tagLen int) cipher.AEAD {
	t.Helper()
	c, err := newCCMTag(key, tagLen)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// NIST SP 800-38C, appendix C.3: the one of its examples that has TLS's nonce of 12
// bytes. RFC 3610's all have 13, which leave one byte less to count with.
func TestCCMExample3(t *testing.T) {
	count := func(from, n int) (b []byte) {
		for i := range n {
			b = append(b, byte(from+i))
		}
		return b
	}
	c := newTestCCM(t, count(0x40, 16), 8)
	got := c.Seal(nil, count(0x10, 12), count(0x20, 24), count(0, 20))
	if want := "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b09951"; hex.EncodeToString(got) != want {
		t.Errorf("got %x, want %s", got, want)
	}
}

// What OpenSSL makes of the same, by way of Python's cryptography 48.0:
// AESCCM(p(key, 7), tag).encrypt(p(12, 11), p(size, 13), p(ad, 17)), where p(n, m) is
// the n bytes i*m + i//251. Of each result the first 8 bytes of its SHA-256 are kept.
func TestCCMAsOpenSSL(t *testing.T) {
	p := func(n, m int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*m + i/251)
		}
		return b
	}
	sizes := []struct{ plaintext, ad int }{{0, 0}, {0, 13}, {1, 5}, {15, 14}, {16, 15}, {17, 30}, {100, 13}, {16385, 5}, {70000, 65279}, {5, 65280}, {20, 70001}}
	for _, v := range []struct {
		keyLen, tagLen int
		want           []string
	}{
		{16, 16, []string{
			"e921a91b9d699687", "5bca6c90060b81e4", "e9ae4164371a3d7d", "bcacef236ff40ffd", "12bf79e55638587d", "e7f3503b9e2f6cbf",
			"c945215ad0d4b9dd", "fd096419c2d2b1a5", "406f214004eeca78", "24f2ffe78812f065", "62e9529d4b7d8e81",
		}},
		{16, 8, []string{
			"f1c1135a0b38cc87", "588feb009e617250", "977295b231690e00", "1d622f6c4015c367", "0acd3dbfbe90fc80", "d03ff98bbf573402",
			"276a0d240e090b4e", "7bee10cd5255f506", "2cc176fc98d93917", "30432561ab7df40b", "2c9cd5762662d960",
		}},
		{32, 16, []string{
			"62ede992b863f440", "200d28d8c54a616d", "97eca046b3ec7823", "40fb05befeaa2e75", "0333864ad0d9081a", "50bf24d5f0017140",
			"bbff0a2df6ddcd64", "5d9c75fc18f55ca6", "f2dba0dc25382fea", "b882c97bb01472fb", "a0e7ea7c1cb0865b",
		}},
		{32, 8, []string{
			"e2dbae3620f69298", "1cac81fbcdc6140d", "56ed0b85a6975a78", "6b2143ff3044961f", "2608946fbc7fdc23", "82a645f2fc04bc78",
			"a2e5eb196ccdfdc4", "2945f877c8d4fb84", "d80962e2700e5cbe", "b91aff6d3e40706c", "3cfe70436c7035e9",
		}},
	} {
		c := newTestCCM(t, p(v.keyLen, 7), v.tagLen)
		for i, size := range sizes {
			name := fmt.Sprintf("AES-%d-CCM, tag %d, %d bytes, ad %d", v.keyLen*8, v.tagLen, size.plaintext, size.ad)
			plaintext, ad := p(size.plaintext, 13), p(size.ad, 17)
			sealed := c.Seal(nil, p(12, 11), plaintext, ad)
			if h := sha256.Sum256(sealed); hex.EncodeToString(h[:8]) != v.want[i] {
				t.Errorf("%s: other bytes than OpenSSL's", name)
			}
			if got, err := c.Open(nil, p(12, 11), sealed, ad); err != nil || !bytes.Equal(got, plaintext) {
				t.Errorf("%s: does not open: %v", name, err)
			}
		}
	}
}

// Sealing and opening in place, behind a prefix, and where there is no room.
func TestCCMDestinations(t *testing.T) {
	c := newTestCCM(t, make([]byte, 16), 16)
	nonce, ad := make([]byte, 12), []byte("ad")
	for n := range 50 {
		plaintext := make([]byte, n)
		rand.NewChaCha8([32]byte{byte(n)}).Read(plaintext)
		want := c.Seal(nil, nonce, plaintext, ad)

		buf := append(make([]byte, 0, 100), "prefix"...)
		buf = append(buf, plaintext...)
		got := c.Seal(buf[:6], nonce, buf[6:], ad)
		if string(got[:6]) != "prefix" || !bytes.Equal(got[6:], want) {
			t.Errorf("%d bytes in place: %x, want %x", n, got[6:], want)
		}
		opened, err := c.Open(got[:6], nonce, got[6:], ad)
		if err != nil || string(opened[:6]) != "prefix" || !bytes.Equal(opened[6:], plaintext) || &opened[0] != &got[0] {
			t.Errorf("%d bytes opened in place: %v", n, err)
		}
		if got := c.Seal([]byte("x")[:1:1], nonce, plaintext, ad); got[0] != 'x' || !bytes.Equal(got[1:], want) {
			t.Errorf("%d bytes, no room: %x", n, got)
		}
	}
}

// A forged message leaves nothing of the plaintext, for the MAC is looked at last.
func TestCCMRefuses(t *testing.T) {
	for _, tagLen := range []int{16, 8} {
		c := newTestCCM(t, make([]byte, 16), tagLen)
		nonce, ad := make([]byte, 12), []byte("additional")
		sealed := c.Seal(nil, nonce, []byte("seventeen bytes !"), ad)
		refuses := func(what string, nonce, sealed, ad []byte) {
			t.Helper()
			into := make([]byte, 0, 32)
			out, err := c.Open(into, nonce, sealed, ad)
			if out != nil || err == nil || !bytes.Equal(into[:32], make([]byte, 32)) {
				t.Errorf("tag %d, %s: %x, %v, left %x", tagLen, what, out, err, into[:32])
			}
		}
		for i := range sealed {
			bad := slices.Clone(sealed)
			bad[i] ^= 0x10
			refuses(fmt.Sprintf("byte %d", i), nonce, bad, ad)
			refuses(fmt.Sprintf("cut to %d", i), nonce, sealed[:i], ad)
		}
		refuses("other ad", nonce, sealed, ad[1:])
		refuses("no ad", nonce, sealed, nil)
		refuses("other nonce", []byte("other nonce!"), sealed, ad)
	}
	for _, f := range []func(cipher.AEAD){
		func(c cipher.AEAD) { c.Seal(nil, make([]byte, 13), nil, nil) },
		func(c cipher.AEAD) { _, _ = c.Open(nil, make([]byte, 11), make([]byte, 16), nil) },
		func(c cipher.AEAD) { c.Seal(nil, make([]byte, 12), make([]byte, ccmMaxLen+1), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic over a nonce or a length that is wrong")
				}
			}()
			f(newTestCCM(t, make([]byte, 16), 16))
		}()
	}
}

func BenchmarkCCM(b *testing.B) {
	c := newTestCCM(b, make([]byte, 16), 16)
	out, in, nonce, ad := make([]byte, 0, 17000), make([]byte, 16384), make([]byte, 12), make([]byte, 5)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		c.Seal(out, nonce, in, ad)
	}
}
