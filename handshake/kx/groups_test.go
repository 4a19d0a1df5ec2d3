package kx_test

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/cloudflare/circl/kem"
	"github.com/cloudflare/circl/kem/schemes"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/kxtest"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/reason"
)

// What a transcript calls a number for private use is the name of the KEM that is there.
func TestPrivateNames(t *testing.T) {
	for _, g := range private.Groups() {
		if id := g.ID(); id < 0xfe80 || id > iana.GroupPrivateLast || id.Called() != g.Name() || !strings.HasPrefix(id.String(), "0x") {
			t.Errorf("%v is called %q, and the KEM there %q", id, id.Called(), g.Name())
		}
	}
	for _, g := range kx.All() {
		if id := g.ID(); id.Called() != id.String() || id.Called() != g.Name() {
			t.Errorf("%v is called %q, and the group %q", id, id.Called(), g.Name())
		}
	}
	if n := len(private.Groups()); n < 14 { // a number once given stays given
		t.Errorf("%d groups", n)
	}
}

// Every group we ship passes what a student's has to pass.
func TestConformance(t *testing.T) {
	for _, g := range kx.All() {
		t.Run(g.Name(), func(t *testing.T) {
			kxtest.Run(t, g, conformance(g)...)
		})
	}
	for _, g := range private.Groups() {
		t.Run(g.Name(), func(t *testing.T) {
			if options := conformance(g); g.Name() != "FrodoKEM-640-SHAKE" {
				kxtest.Run(t, g, options...)
			} else {
				kxtest.Run(t, g, kxtest.WithRuns(2)) // 20 ms a run
			}
		})
	}
	t.Run("crypto/ecdh's X25519", func(t *testing.T) {
		kxtest.Run(t, kx.FromECDH(iana.X25519, ecdh.X25519()), kxtest.WithBad(smallOrder25519()...))
	})
}

func conformance(g kx.Group) []kxtest.Option {
	options := []kxtest.Option{kxtest.WithRuns(40)}
	switch g.ID() {
	case iana.X25519:
		options = append(options, kxtest.WithBad(smallOrder25519()...))
	case iana.X448:
		options = append(options, kxtest.WithBad(smallOrder448()...))
	case iana.P256, iana.P384, iana.P521:
		options = append(options, kxtest.WithBad(badPoints(g)...))
	case iana.MLKEM512, iana.MLKEM768, iana.MLKEM1024:
		options = append(options, kxtest.WithBadOffers(unreduced(g)))
	case iana.X25519MLKEM768:
		zero := make([]byte, 1088+32) // a ciphertext, and the point of order 1
		options = append(options, kxtest.WithBad(zero), kxtest.WithBadOffers(append(unreduced(kx.MLKEM768), 9)))
	case iana.FFDHE2048, iana.FFDHE3072, iana.FFDHE4096:
		options = []kxtest.Option{kxtest.WithRuns(4)} // padding is looked at in field_test.go
	}
	return options
}

// smallOrder25519 are the public values of small order, below and above p: the list
// of https://cr.yp.to/ecdh.html#validate without the values that differ in bit 255.
func smallOrder25519() [][]byte {
	return unhexAll(
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		// bit 255 is ignored (RFC 7748 §5), so this is 0 again
		"0000000000000000000000000000000000000000000000000000000000000080",
	)
}

// smallOrder448 are 0, 1, p-1, p and p+1 for p = 2^448 - 2^224 - 1, little-endian.
func smallOrder448() [][]byte {
	f, z := strings.Repeat("ff", 27), strings.Repeat("00", 27)
	return unhexAll(
		"00"+z+"00"+z,
		"01"+z+"00"+z,
		"fe"+f+"fe"+f,
		"ff"+f+"fe"+f,
		"00"+z+"ff"+f,
	)
}

// badPoints are an encoding of the right length with every fault it can have.
func badPoints(g kx.Group) [][]byte {
	o, err := g.Offer(seeded(1))
	if err != nil {
		panic(err)
	}
	change := func(at int, to byte) []byte {
		b := bytes.Clone(o.Share())
		b[at] = to
		return b
	}
	last := len(o.Share()) - 1
	infinity := append([]byte{4}, make([]byte, last)...)
	beyond := append([]byte{4}, bytes.Repeat([]byte{0xff}, last)...)
	return [][]byte{
		change(0, 2), change(0, 0), change(0, 6), // compressed, infinity's, hybrid form
		change(last, o.Share()[last]^1),           // off the curve
		infinity, beyond, {0}, o.Share()[:last/2], // also the bare x coordinate
	}
}

// unreduced is an ML-KEM encapsulation key whose first coefficient is not below q = 3329.
func unreduced(g kx.Group) []byte {
	o, err := g.Offer(seeded(1))
	if err != nil {
		panic(err)
	}
	b := bytes.Clone(o.Share())
	b[0], b[1] = 0xff, b[1]|0x0f
	return b
}

// An error about a share has a reason, one about the random source another.
func TestReasons(t *testing.T) {
	for _, g := range kx.All() {
		_, err := g.Answer(seeded(1), []byte{1, 2, 3})
		if reason.Of(err) != reason.BadShare {
			t.Errorf("%s: a short share: %v", g.Name(), err)
		}
		_, err = g.Offer(iotest.ErrReader(errors.New("out of order")))
		if reason.Of(err) != reason.Internal || !strings.Contains(err.Error(), "out of order") {
			t.Errorf("%s: a broken random source: %v", g.Name(), err)
		}
	}
}

// The sizes are those of draft-ietf-tls-ecdhe-mlkem §3 and of the RFCs.
func TestSizes(t *testing.T) {
	for name, want := range map[string]kx.Description{
		"x25519":             {kx.KindECDH, 32, 32, 32, false, false},
		"x448":               {kx.KindECDH, 56, 56, 56, false, false},
		"P-256":              {kx.KindECDH, 65, 65, 32, false, false},
		"secp384r1":          {kx.KindECDH, 97, 97, 48, false, false},
		"P-521":              {kx.KindECDH, 133, 133, 66, false, false},
		"ffdhe2048":          {kx.KindFFDH, 256, 256, 256, false, false},
		"ffdhe3072":          {kx.KindFFDH, 384, 384, 384, false, false},
		"ffdhe4096":          {kx.KindFFDH, 512, 512, 512, false, false},
		"ML-KEM-512":         {kx.KindKEM, 800, 768, 32, false, true},
		"MLKEM768":           {kx.KindKEM, 1184, 1088, 32, false, true},
		"MLKEM1024":          {kx.KindKEM, 1568, 1568, 32, false, true},
		"x25519mlkem768":     {kx.KindHybrid, 1216, 1120, 64, true, true},
		"SecP256r1MLKEM768":  {kx.KindHybrid, 1249, 1153, 64, true, true},
		"SecP384r1MLKEM1024": {kx.KindHybrid, 1665, 1665, 80, true, true},

		"X-Wing":                      {kx.KindKEM, 1216, 1120, 32, true, true},
		"FrodoKEM-640-SHAKE":          {kx.KindKEM, 9616, 9720, 16, false, true},
		"Kyber768-X25519":             {kx.KindKEM, 1216, 1120, 64, true, true},
		"HPKE_KEM_X25519_HKDF_SHA256": {kx.KindKEM, 32, 32, 32, false, false},
	} {
		g, err := private.ByName(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := g.(kx.Described).Describe(); got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

// What is promised of a KEM is promised of schemes that are known: Diffie–Hellman inside
// is not safe from Shor's algorithm, and of a student's scheme nobody knows.
func TestWhatKEMsPromise(t *testing.T) {
	for _, s := range schemes.All() {
		got := kx.FromKEM(iana.GroupPrivate, "own", s).Describe()
		post := strings.Contains(s.Name(), "Kyber") || strings.Contains(s.Name(), "KEM-") || strings.Contains(s.Name(), "MLKEM") || s.Name() == "X-Wing"
		curve := strings.Contains(s.Name(), "X25519") || strings.Contains(s.Name(), "X448") || strings.Contains(s.Name(), "P256") || s.Name() == "X-Wing"
		if got.QuantumSafe != post || got.Hybrid != (post && curve) {
			t.Errorf("%s: %+v", s.Name(), got)
		}
	}
	own := kx.FromKEM(iana.GroupPrivate, "own", renamed{schemes.ByName("HPKE_KEM_X25519_HKDF_SHA256")})
	if d := own.Describe(); d.QuantumSafe || d.Hybrid {
		t.Errorf("a scheme that nobody knows: %+v", d)
	}
}

type renamed struct{ kem.Scheme }

func (renamed) Name() string { return "my own" }

func TestByName(t *testing.T) {
	for _, byName := range []func(string) (kx.Group, error){kx.ByName, private.ByName} {
		if g, err := byName("P-256"); err != nil || g != kx.P256 {
			t.Errorf("P-256: %v, %v", g, err)
		}
	}
	if g, err := kx.ByName("X-Wing"); err == nil { // only who links package private has it
		t.Errorf("X-Wing: %v", g)
	}
	for _, name := range []string{"P-256", "secp256r1", "prime256v1", " p256 ", "SECP256R1", "CurveP256"} {
		if g, err := private.ByName(name); err != nil || g.ID() != iana.P256 {
			t.Errorf("%q: %v, %v", name, g, err)
		}
	}
	for _, name := range []string{"brainpoolP256r1", "P-255", ""} { // named but not shipped; unknown
		if g, err := private.ByName(name); err == nil || !strings.Contains(err.Error(), "x25519") || !strings.Contains(err.Error(), "ffdhe4096") {
			t.Errorf("%q: %v, %v", name, g, err)
		}
	}
	for name, want := range map[string]iana.Group{"X-Wing": 0xfe80, "xwing": 0xfe80, "frodokem-640-shake": 0xfe81, "ml_kem_768": iana.MLKEM768} {
		if g, err := private.ByName(name); err != nil || g.ID() != want {
			t.Errorf("%q: %v, %v", name, g, err)
		}
	}
	for _, g := range slices.Concat(kx.All(), private.Groups()) {
		if again, err := private.ByName(g.Name()); err != nil || again != g {
			t.Errorf("%s: its own name does not find it: %v", g.Name(), err)
		}
	}
	for _, g := range kx.All() {
		if again := kx.ByID(g.ID()); again != g {
			t.Errorf("%s: its own number does not find it", g.Name())
		}
	}
}

// Every KEM of circl's has a number, the registry's or one of ours, or a reason not to
// have one; ours are private, each given once, and in no default.
func TestPrivateUse(t *testing.T) {
	seen := map[iana.Group]bool{}
	for _, g := range private.Groups() {
		if id := g.ID(); id < 0xfe80 || id > 0xfeff || seen[id] || iana.IsGREASE(uint16(id)) {
			t.Errorf("%s: the number %v", g.Name(), id)
		}
		seen[g.ID()] = true
		if kx.ByID(g.ID()) != nil {
			t.Errorf("%s is among the groups that are offered without being asked for", g.Name())
		}
		if kx.Serves(iana.KxECDHE, g) || kx.Serves(iana.KxDHE, g) {
			t.Errorf("%s: TLS 1.2 cannot use it", g.Name())
		}
	}
	for _, s := range schemes.All() {
		_, err := private.ByName(s.Name())
		if known := err == nil; known == (s.Name() == "P256Kyber768Draft00") {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
	if g, err := private.KEM("x-wing", 0xfe01); err != nil || g.ID() != 0xfe01 || g.Name() != "X-Wing" {
		t.Errorf("%v, %v", g, err)
	}
	if _, err := private.KEM("ROT13", 0xfe01); err == nil || !strings.Contains(err.Error(), "X-Wing") {
		t.Error(err)
	}
	private.Groups()[0] = nil
	if private.Groups()[0] == nil {
		t.Error("PrivateUse lends its own slice")
	}
}

// Why P256Kyber768Draft00 is left out. Once this fails, it can come in.
func TestLeftOut(t *testing.T) {
	g, err := private.KEM("P256Kyber768Draft00", iana.GroupPrivate)
	if err != nil {
		t.Fatal(err)
	}
	if faults := kxtest.Check(g, kxtest.WithRuns(5)); !strings.Contains(strings.Join(faults, "\n"), "the same randomness makes different shares") {
		t.Errorf("%q", faults)
	}
}

// What TLS 1.2 cannot use is not in its defaults, and each group serves one exchange.
func TestServes(t *testing.T) {
	var names []string
	for _, g := range kx.Defaults12() {
		names = append(names, g.Name())
		if kx.Serves(iana.KxECDHE, g) == kx.Serves(iana.KxDHE, g) {
			t.Errorf("%s: in ECDHE %v, in DHE %v", g.Name(), kx.Serves(iana.KxECDHE, g), kx.Serves(iana.KxDHE, g))
		}
	}
	if got, want := strings.Join(names, " "), "x25519 secp256r1 secp384r1 secp521r1 x448 ffdhe2048 ffdhe3072 ffdhe4096"; got != want {
		t.Errorf("Defaults12 is %s, want %s", got, want)
	}
	if kx.Serves(iana.KxECDHE, kx.X25519MLKEM768) || kx.Serves(iana.KxECDHE, kx.MLKEM768) || kx.Serves(iana.KxRSA, kx.X25519) {
		t.Error("a KEM, a hybrid or RSA is served")
	}
	if own := toy(t, iana.GroupPrivate); !kx.Serves(iana.KxECDHE, own) || kx.Serves(iana.KxDHE, own) {
		t.Error("a private group goes with ECDHE, whatever it is")
	}
	kx.All()[0] = nil
	if kx.All()[0] == nil {
		t.Error("All lends its own slice")
	}
}

// Random bytes are refused or answered, never a panic, and what is answered is
// agreed upon by nobody else: both ends of every group.
func FuzzShares(f *testing.F) {
	groups := kx.All()
	for i, g := range groups {
		if o, err := g.Offer(seeded(1)); err == nil {
			f.Add(uint8(i), o.Share())
			if a, err := g.Answer(seeded(2), o.Share()); err == nil {
				f.Add(uint8(i), a.Share())
			}
		}
	}
	f.Add(uint8(0), []byte(nil))
	f.Fuzz(func(t *testing.T, i uint8, share []byte) {
		g := groups[int(i)%len(groups)].(kx.Described)
		if a, err := g.Answer(seeded(3), share); err == nil {
			if len(share) != g.Describe().Offer || len(a.Share()) != g.Describe().Answer || len(a.Secret()) != g.Describe().Secret {
				t.Errorf("%s: sizes %d, %d, %d", g.Name(), len(share), len(a.Share()), len(a.Secret()))
			}
		} else if reason.Of(err) != reason.BadShare {
			t.Errorf("%s: %v", g.Name(), err)
		}
		o, err := g.Offer(seeded(4))
		if err != nil {
			t.Fatal(err)
		}
		if secret, err := o.Finish(share); err == nil {
			if len(share) != g.Describe().Answer || len(secret) != g.Describe().Secret {
				t.Errorf("%s: sizes %d, %d", g.Name(), len(share), len(secret))
			}
		} else if reason.Of(err) != reason.BadShare {
			t.Errorf("%s: %v", g.Name(), err)
		}
	})
}

func seeded(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func unhexAll(all ...string) (out [][]byte) {
	for _, s := range all {
		out = append(out, unhex(s))
	}
	return out
}
