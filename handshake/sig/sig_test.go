package sig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"io"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

var msg = []byte("what is signed is the whole message, not yet hashed")

// keys has one private key of each kind, curve and size that a scheme may meet.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	must := func(k crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return k
	}
	curve := func(c elliptic.Curve) crypto.Signer {
		k, err := ecdsa.GenerateKey(c, nil)
		return must(k, err)
	}
	rsaKey := func(bits int) *rsa.PrivateKey {
		k, err := rsa.GenerateKey(nil, bits)
		return must(k, err).(*rsa.PrivateKey)
	}
	big, small := rsaKey(2048), rsaKey(1024)
	return map[string]crypto.Signer{
		"rsa2048": big, "rsa1024": small,
		// The same numbers under the other object identifier: what keeps the rows apart
		// is the type alone.
		"pss2048": &PSSPrivateKey{RSA: big}, "pss1024": &PSSPrivateKey{RSA: small},
		"pss-sha256": &PSSPrivateKey{RSA: big, Params: &PSSParams{Hash: crypto.SHA256, SaltLength: 32}},
		"pss-salt40": &PSSPrivateKey{RSA: big, Params: &PSSParams{Hash: crypto.SHA384, SaltLength: 40}},
		"pss-salt65": &PSSPrivateKey{RSA: big, Params: &PSSParams{Hash: crypto.SHA512, SaltLength: 65}},
		"p256":       curve(elliptic.P256()), "p384": curve(elliptic.P384()), "p521": curve(elliptic.P521()),
		"ed25519": ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize)),
		"ed448":   ed448.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed448.SeedSize)),
	}
})

// keyFor names a key that s may be used with in every version that has it.
func keyFor(s *Scheme) crypto.Signer {
	switch {
	case s.PSSKey:
		return keys()["pss2048"]
	case s.Kind == RSAPKCS1 || s.Kind == RSAPSS:
		return keys()["rsa2048"]
	case s.ID == iana.Ed25519:
		return keys()["ed25519"]
	case s.ID == iana.Ed448:
		return keys()["ed448"]
	case s.Curve == elliptic.P384():
		return keys()["p384"]
	case s.Curve == elliptic.P521():
		return keys()["p521"]
	}
	return keys()["p256"]
}

// Every scheme signs what it verifies, repeats itself under one seed, and refuses
// every change.
func TestRoundTrip(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name(), func(t *testing.T) {
			key := keyFor(s)
			signature, err := s.Sign(seeded(1), key, msg)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(key.Public(), msg, signature); err != nil {
				t.Fatal(err)
			}
			if again, err := s.Sign(seeded(1), key, msg); err != nil || !bytes.Equal(again, signature) {
				t.Errorf("the same seed makes two signatures, %v", err)
			}
			other, err := s.Sign(seeded(2), key, msg)
			if err != nil || bytes.Equal(other, signature) != (s.Kind != RSAPSS) {
				t.Errorf("rand is drawn from by RSA-PSS, and by nothing else: %v", err)
			}
			refused := func(what string, msg, sig []byte) {
				t.Helper()
				if err := s.Verify(key.Public(), msg, sig); reason.Of(err) != reason.BadSignature {
					t.Errorf("%s: %v", what, err)
				}
			}
			refused("another message", append([]byte("x"), msg...), signature)
			refused("no signature", msg, nil)
			refused("a signature cut short", msg, signature[:len(signature)-1])
			refused("a byte too many", msg, append(bytes.Clone(signature), 0))
			for i := range signature {
				flipped := bytes.Clone(signature)
				flipped[i] ^= 1
				refused("a flipped bit", msg, flipped)
			}
		})
	}
}

// A signature made under one scheme verifies under no other, except under those that
// differ in the curve they allow and nothing else.
func TestSchemesAreApart(t *testing.T) {
	for _, s := range All() {
		key := keyFor(s)
		signature, err := s.Sign(seeded(1), key, msg)
		if err != nil {
			t.Fatal(err)
		}
		for _, other := range All() {
			err := other.Verify(key.Public(), msg, signature)
			if (err == nil) != (s == other) {
				t.Errorf("signed by %s, verified by %s: %v", s.Name(), other.Name(), err)
			}
		}
	}
}

// Known answers, which a deterministic scheme has: RFC 6979 A.2.5 gives r and s,
// RFC 8032 §7.1 and §7.4 whole signatures over the empty message.
func TestKnownAnswers(t *testing.T) {
	d := unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	p256, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []struct {
		scheme    iana.SignatureScheme
		key       crypto.PrivateKey
		msg, r, s string
		signature string
	}{
		{iana.ECDSAP256SHA256, p256, "sample",
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8", ""},
		{iana.ECDSASHA1, p256, "sample",
			"61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32",
			"6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb", ""},
		{iana.Ed25519, ed25519.NewKeyFromSeed(unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")), "", "", "",
			"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
		{iana.Ed448, ed448.NewKeyFromSeed(unhex("6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b")), "", "", "",
			"533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4dbb61149f05a7363268c71d95808ff2e652600"},
	} {
		s := ByID(v.scheme)
		if s == nil {
			t.Fatalf("no %s", v.scheme)
		}
		got, err := s.Sign(seeded(1), v.key, []byte(v.msg))
		if err != nil {
			t.Errorf("%s: %v", s.Name(), err)
			continue
		}
		want := unhex(v.signature)
		if v.r != "" {
			want = derSignature(v.r, v.s)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", s.Name(), got, want)
		}
	}
}

// derSignature is Ecdsa-Sig-Value for r and s of 32 bytes.
func derSignature(r, s string) []byte {
	integer := func(h string) []byte {
		b := new(big.Int).SetBytes(unhex(h)).Bytes()
		if b[0] >= 0x80 {
			b = append([]byte{0}, b...)
		}
		return append([]byte{2, byte(len(b))}, b...)
	}
	body := append(integer(r), integer(s)...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

// The standard library, called directly, accepts what we sign; salt length included.
func TestStandardLibrary(t *testing.T) {
	key := keys()["rsa2048"].(*rsa.PrivateKey) // whose numbers pss2048 has too
	for _, s := range All() {
		if s.Kind != RSAPSS && s.Kind != RSAPKCS1 {
			continue
		}
		signature, err := s.Sign(seeded(1), keyFor(s), msg)
		if err != nil {
			t.Fatal(err)
		}
		h := s.Hash.New()
		h.Write(msg)
		if s.Kind == RSAPKCS1 {
			err = rsa.VerifyPKCS1v15(&key.PublicKey, s.Hash, h.Sum(nil), signature)
		} else {
			err = rsa.VerifyPSS(&key.PublicKey, s.Hash, h.Sum(nil), signature, &rsa.PSSOptions{SaltLength: s.Hash.Size()})
			otherSalt, err2 := rsa.SignPSS(seeded(1), key, s.Hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: 20})
			if err2 != nil {
				t.Fatal(err2)
			}
			if err := s.Verify(keyFor(s).Public(), msg, otherSalt); reason.Of(err) != reason.BadSignature {
				t.Errorf("%s: a salt of 20 bytes: %v", s.Name(), err)
			}
		}
		if err != nil {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
}

// FitsKey, for each scheme: the keys it takes in TLS 1.2, and in TLS 1.3.
func TestFitsKey(t *testing.T) {
	for name, want := range map[string][2]string{
		"rsa_pkcs1_sha1":         {"rsa1024 rsa2048", ""},
		"rsa_pkcs1_sha256":       {"rsa1024 rsa2048", ""},
		"rsa_pkcs1_sha384":       {"rsa1024 rsa2048", ""},
		"rsa_pkcs1_sha512":       {"rsa1024 rsa2048", ""},
		"rsa_pss_rsae_sha256":    {"rsa1024 rsa2048", "rsa1024 rsa2048"},
		"rsa_pss_rsae_sha384":    {"rsa1024 rsa2048", "rsa1024 rsa2048"},
		"rsa_pss_rsae_sha512":    {"rsa2048", "rsa2048"}, // 1034 bits are needed
		"rsa_pss_pss_sha256":     {"pss1024 pss2048 pss-sha256", "pss1024 pss2048 pss-sha256"},
		"rsa_pss_pss_sha384":     {"pss1024 pss2048 pss-salt40", "pss1024 pss2048 pss-salt40"}, // 48 bytes of salt are 40 or more
		"rsa_pss_pss_sha512":     {"pss2048", "pss2048"},
		"ecdsa_sha1":             {"p256 p384 p521", ""},
		"ecdsa_secp256r1_sha256": {"p256 p384 p521", "p256"},
		"ecdsa_secp384r1_sha384": {"p256 p384 p521", "p384"},
		"ecdsa_secp521r1_sha512": {"p256 p384 p521", "p521"},
		"ed25519":                {"ed25519", "ed25519"},
		"ed448":                  {"ed448", "ed448"},
	} {
		s, err := ByName(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for i, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			var fits []string
			for _, k := range []string{"rsa1024", "rsa2048", "pss1024", "pss2048", "pss-sha256", "pss-salt40", "pss-salt65", "p256", "p384", "p521", "ed25519", "ed448"} {
				if s.FitsKey(keys()[k].Public(), v) {
					fits = append(fits, k)
				}
			}
			if got := strings.Join(fits, " "); got != want[i] {
				t.Errorf("%s in %s fits %q, want %q", name, v, got, want[i])
			}
		}
		if s.FitsKey(nil, iana.TLS12) || s.FitsKey("no key", iana.TLS12) || s.FitsKey(ed25519.PublicKey{1}, iana.TLS12) {
			t.Errorf("%s fits what is no key", name)
		}
	}
}

// TestFitsKeyIsFree: each handshake asks scheme by scheme, and most do not fit: no error is
// made for nobody.
func TestFitsKeyIsFree(t *testing.T) {
	for name, key := range keys() {
		pub := key.Public()
		for _, s := range All() {
			if n := testing.AllocsPerRun(5, func() { s.FitsKey(pub, iana.TLS13) }); n > 0 {
				t.Errorf("%v asked of %s: %v allocations", s.ID, name, n)
			}
		}
	}
}

// Wrong keys are told apart from wrong signatures.
func TestKeyErrors(t *testing.T) {
	small := ByID(iana.RSAPSSRSAESHA512)
	if _, err := small.Sign(seeded(1), keys()["rsa1024"], msg); reason.Of(err) != reason.WeakKey {
		t.Errorf("a key too small for its hash: %v", err)
	}
	tiny := &rsa.PublicKey{N: big.NewInt(3233), E: 17}
	if err := small.Verify(tiny, msg, nil); reason.Of(err) != reason.WeakKey {
		t.Errorf("n = 3233: %v", err)
	}
	for _, s := range All() {
		for name, key := range keys() {
			err := s.Verify(key.Public(), msg, []byte("no signature"))
			want := reason.CertificateWrongKey
			if s.FitsKey(key.Public(), iana.TLS12) {
				want = reason.BadSignature
			} else if s.Kind == RSAPSS && (name == "rsa1024" && !s.PSSKey || name == "pss1024" && s.PSSKey) {
				want = reason.WeakKey
			}
			if reason.Of(err) != want {
				t.Errorf("%s with a key of %s: %v, want %s", s.Name(), name, err, want)
			}
		}
		if _, err := s.Sign(seeded(1), "no key", msg); reason.Of(err) != reason.Misuse {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
	if _, err := small.Sign(seeded(1), keys()["p256"], msg); reason.Of(err) != reason.CertificateWrongKey {
		t.Errorf("RSA with a key of P-256: %v", err)
	}
}

// What an id-RSASSA-PSS key may not do it does not do, asked directly either.
func TestPSSPrivateKey(t *testing.T) {
	digest := make([]byte, 32)
	key := keys()["pss-sha256"].(*PSSPrivateKey)
	pub := key.Public().(*PSSPublicKey)
	for _, tc := range []struct {
		name string
		opts crypto.SignerOpts
		salt int // -1: refused
	}{
		{"a bare hash", crypto.SHA256, 32}, // never PKCS#1
		{"the hash's length", &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: rsa.PSSSaltLengthEqualsHash}, 32},
		{"40 bytes", &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 40}, 40},
		{"as long as fits", &rsa.PSSOptions{Hash: crypto.SHA256}, 256 - 32 - 2},
		{"a short salt", &rsa.PSSOptions{Hash: crypto.SHA256, SaltLength: 31}, -1},
		{"another hash", crypto.SHA384, -1},
		{"no hash", crypto.Hash(0), -1},
	} {
		signature, err := key.Sign(seeded(1), digest, tc.opts)
		if (err != nil) != (tc.salt < 0) {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err == nil && rsa.VerifyPSS(pub.RSA, crypto.SHA256, digest, signature, &rsa.PSSOptions{SaltLength: tc.salt}) != nil {
			t.Errorf("%s: not a PSS signature with %d bytes of salt", tc.name, tc.salt)
		}
	}
	for name, other := range keys() {
		if same := name == "pss-sha256"; pub.Equal(other.Public()) != same || key.Equal(other) != same {
			t.Errorf("equal to %s: %v", name, !same)
		}
	}
	if pub.Size() != 256 {
		t.Errorf("signatures of %d bytes", pub.Size())
	}
}

// A key that lives elsewhere is a crypto.Signer and nothing more.
func TestForeignSigner(t *testing.T) {
	for _, s := range All() {
		key := keyFor(s)
		signature, err := s.Sign(seeded(1), foreign{key}, msg)
		if err != nil {
			t.Errorf("%s: %v", s.Name(), err)
			continue
		}
		if err := s.Verify(key.Public(), msg, signature); err != nil {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
}

type foreign struct{ crypto.Signer }

func TestLists(t *testing.T) {
	for _, s := range All() {
		if again := ByID(s.ID); again != s {
			t.Errorf("%s: its number does not find it", s.Name())
		}
		if again, err := ByName(strings.ToUpper(s.Name())); err != nil || again != s {
			t.Errorf("%s: its name does not find it: %v", s.Name(), err)
		}
	}
	for _, s := range Defaults() {
		if s.Hash == crypto.SHA1 {
			t.Errorf("%s is in Defaults", s.Name())
		}
	}
	if len(All()) != len(Defaults())+2 {
		t.Errorf("%d schemes, %d by default", len(All()), len(Defaults()))
	}
	if _, err := ByName("dsa_sha1"); err == nil || !strings.Contains(err.Error(), "rsa_pss_rsae_sha256") {
		t.Errorf("an unknown name: %v", err)
	}
	All()[0] = nil
	if All()[0] == nil {
		t.Error("All lends its own slice")
	}
}

func FuzzVerify(f *testing.F) {
	for i, s := range All() {
		signature, err := s.Sign(seeded(1), keyFor(s), msg)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), signature)
	}
	f.Fuzz(func(t *testing.T, i uint8, signature []byte) {
		s := All()[int(i)%len(All())]
		// Nobody has signed this message, so nothing verifies.
		if err := s.Verify(keyFor(s).Public(), []byte("never signed"), signature); reason.Of(err) != reason.BadSignature {
			t.Errorf("%s: %v", s.Name(), err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	for _, s := range All() {
		b.Run(s.Name(), func(b *testing.B) {
			key := keyFor(s)
			pub := key.Public()
			signature, err := s.Sign(seeded(1), key, msg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Verify(pub, msg, signature); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	for _, s := range All() {
		b.Run(s.Name(), func(b *testing.B) {
			key := keyFor(s)
			rand := seeded(1)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(rand, key, msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
