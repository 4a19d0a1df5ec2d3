package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// Both sides of Ed448's equation come out alike for a good signature, apart for a
// message or an S that is not the signed one, and not at all for what is no signature.
func TestEd448Sides(t *testing.T) {
	key := lesson.KeyOf("ed448", "leaf").(ed448.PrivateKey)
	pub := key.Public().(ed448.PublicKey)
	good := ed448.Sign(key, []byte("m"), "")
	bend := func(i int) []byte {
		b := bytes.Clone(good)
		b[i] ^= 1
		return b
	}
	// y = p+1, in 57 bytes, is a second encoding of y = 1, the neutral element.
	again := append(bytes.Repeat([]byte{0}, 28), bytes.Repeat([]byte{0xff}, 28)...)
	again = append(again, 0)
	for name, tc := range map[string]struct {
		message   string
		signature []byte
		shown     bool
	}{
		"good":              {"m", good, true},
		"another message":   {"n", good, true},
		"another S":         {"m", bend(57), true},
		"S above the order": {"m", bend(113), false},
		"R encoded oddly":   {"m", append(again, good[57:]...), false},
		"too short":         {"m", good[:113], false},
	} {
		inputs := pki.Ed448Sides(pub, []byte(tc.message), tc.signature)
		if (len(inputs) == 2) != tc.shown {
			t.Errorf("%s: shown are %v", name, inputs)
		}
		equal := len(inputs) == 2 && bytes.Equal(inputs[0].Value().([]byte), inputs[1].Value().([]byte))
		if valid := ed448.Verify(pub, []byte(tc.message), tc.signature, ""); equal != valid || valid != (name == "good") {
			t.Errorf("%s: valid %v, the sides are equal: %v", name, valid, equal)
		}
	}
}

// What a PSS key may not do is refused in a certificate, though the numbers are right.
func TestPSSKeysAreKeptApart(t *testing.T) {
	numbers := lesson.KeyOf("rsa", "root").(*rsa.PrivateKey)
	message := []byte("to be signed")
	restricted := &sig.PSSPublicKey{RSA: &numbers.PublicKey, Params: &sig.PSSParams{Hash: crypto.SHA256, SaltLength: 32}}
	free := &sig.PSSPublicKey{RSA: &numbers.PublicKey}
	for _, tc := range []struct {
		by   algid.Algorithm
		pub  crypto.PublicKey
		fits bool
	}{
		{algid.Named(x509.SHA256WithRSA), &numbers.PublicKey, true},
		{algid.Named(x509.SHA256WithRSA), free, false},
		{algid.Named(x509.SHA256WithRSAPSS), &numbers.PublicKey, true},
		{algid.Named(x509.SHA256WithRSAPSS), free, true},
		{algid.Named(x509.SHA256WithRSAPSS), restricted, true},
		{algid.Named(x509.SHA384WithRSAPSS), free, true},
		{algid.Named(x509.SHA384WithRSAPSS), restricted, false},
		{algid.WithSalt(crypto.SHA256, 31), free, true},
		{algid.WithSalt(crypto.SHA256, 31), restricted, false},
		{algid.WithSalt(crypto.SHA256, 33), restricted, true},
	} {
		signature, err := tc.by.Sign(pkitest.Seeded(1), numbers, message)
		if err != nil {
			t.Fatal(err)
		}
		bad := pki.InnerCheckSignature(tc.by, tc.pub, message, signature)
		if (bad == nil) != tc.fits || bad != nil && bad.Field != "signature_algorithm."+pki.CauseAlgorithmMisfit {
			t.Errorf("%s under %T: %v", tc.by, tc.pub, bad)
		}
		if _, shows := (&pki.Check{Inputs: pki.ExplainSignature(tc.by, tc.pub, message, signature)}).Input(pki.InEncodedMessage).([]byte); shows != (tc.fits && tc.by.Kind == algid.PSS) {
			t.Errorf("%s under %T: an encoded message is shown: %v", tc.by, tc.pub, shows)
		}
		if tc.fits && tc.by.Kind == algid.PSS { // another salt than the algorithm says
			if bad := pki.InnerCheckSignature(algid.WithSalt(tc.by.Hash, tc.by.Salt+1), tc.pub, message, signature); bad == nil {
				t.Errorf("%s accepted with a salt of one byte more", tc.by)
			}
		}
	}
	if a := algid.WithSalt(crypto.SHA256, 0); pki.InnerCheckSignature(a, free, message, make([]byte, 256)) == nil || a.String() != "SHA256-RSAPSS with a salt of 0 bytes" {
		t.Errorf("no salt: %s", a)
	}
}

// Every scheme of TLS is found on a certificate that bears it, and only there.
func TestSignatureSchemes(t *testing.T) {
	for alg, want := range map[string]iana.SignatureScheme{
		"rsa": iana.RSAPKCS1SHA256, "ecdsa": iana.ECDSAP256SHA256, "p384": iana.ECDSAP384SHA384, "p521": iana.ECDSAP521SHA512,
		"rsa-pss": iana.RSAPSSPSSSHA256, "ed25519": iana.Ed25519, "ed448": iana.Ed448,
	} {
		l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg})
		s, ok := pki.SignatureScheme(l.Leaf.Leaf, pki.PublicKey(l.Intermediate.Cert))
		if !ok || s.ID != want {
			t.Errorf("%s: %v, %v", alg, s, ok)
		}
		if s, ok := pki.SignatureScheme(l.Leaf.Leaf, nil); ok {
			t.Errorf("%s without a key: %v", alg, s)
		}
		if pkitest.SignsSHA1(alg) {
			old := pkitest.Lesson(t, lesson.Options{KeyAlg: alg, Kind: lesson.SHA1})
			if s, ok := pki.SignatureScheme(old.Leaf.Leaf, pki.PublicKey(l.Intermediate.Cert)); !ok || s.Hash != crypto.SHA1 {
				t.Errorf("%s over SHA-1: %v, %v", alg, s, ok)
			}
		}
	}
	pss := pkitest.Lesson(t, lesson.Options{PSS: true}).Leaf.Leaf
	numbers := lesson.Key("intermediate").Public().(*rsa.PublicKey)
	if s, ok := pki.SignatureScheme(pss, numbers); !ok || s.ID != iana.RSAPSSRSAESHA256 {
		t.Errorf("PSS by rsaEncryption: %v, %v", s, ok)
	}
	if s, ok := pki.SignatureScheme(pss, &sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA256, SaltLength: 20}}); ok {
		t.Errorf("parameters that differ from the key's: %v", s)
	}
}

// The keys that a certificate may hold come back out of their SubjectPublicKeyInfo,
// and what is not quite one is none.
func TestPublicKeyEncodings(t *testing.T) {
	numbers := lesson.Key("leaf").Public().(*rsa.PublicKey)
	point := lesson.KeyOf("ed448", "leaf").Public().(ed448.PublicKey)
	for _, pub := range []crypto.PublicKey{
		numbers, point, lesson.KeyECDSA("leaf").Public(),
		&sig.PSSPublicKey{RSA: numbers},
		&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA384, SaltLength: 0}},
		&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.SHA1, SaltLength: 20}},
	} {
		der, err := pki.MarshalPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		back, err := pki.ParsePublicKey(der)
		if err != nil || !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(back) {
			t.Errorf("%s comes back as %v, %v", pki.KeyName(pub), back, err)
		}
		for n := range der {
			if _, err := pki.ParsePublicKey(der[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are a key", pki.KeyName(pub), n, len(der))
			}
		}
	}
	if _, err := pki.MarshalPublicKey(&sig.PSSPublicKey{RSA: numbers, Params: &sig.PSSParams{Hash: crypto.MD5}}); err == nil {
		t.Error("MD5 has been encoded")
	}

	sha256ID := pkix.AlgorithmIdentifier{Algorithm: algid.OIDSHA256, Parameters: asn1.NullRawValue}
	params := func(p algid.PSSParameters) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: algid.OIDPSS, Parameters: asn1.RawValue{FullBytes: marshal(t, p)}}
	}
	mgf := func(inner pkix.AlgorithmIdentifier) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: algid.OIDMGF1, Parameters: asn1.RawValue{FullBytes: marshal(t, inner)}}
	}
	oddNull := pkix.AlgorithmIdentifier{Algorithm: algid.OIDSHA256, Parameters: asn1.RawValue{FullBytes: []byte{2, 1, 0}}}
	rsaKey := x509.MarshalPKCS1PublicKey(numbers)
	for name, info := range map[string]algid.PublicKeyInfo{
		"Ed448 with parameters":      {Algorithm: pkix.AlgorithmIdentifier{Algorithm: algid.OIDEd448, Parameters: asn1.NullRawValue}, Key: algid.BitString(point)},
		"Ed448 of 56 bytes":          {Algorithm: pkix.AlgorithmIdentifier{Algorithm: algid.OIDEd448}, Key: algid.BitString(point[:56])},
		"PSS with NULL":              {Algorithm: pkix.AlgorithmIdentifier{Algorithm: algid.OIDPSS, Parameters: asn1.NullRawValue}, Key: algid.BitString(rsaKey)},
		"PSS without a key":          {Algorithm: pkix.AlgorithmIdentifier{Algorithm: algid.OIDPSS}, Key: algid.BitString(rsaKey[1:])},
		"MGF1 with another hash":     {Algorithm: params(algid.PSSParameters{Hash: sha256ID, Salt: 32, Trailer: 1}), Key: algid.BitString(rsaKey)},
		"another mask":               {Algorithm: params(algid.PSSParameters{Hash: sha256ID, MGF: sha256ID, Salt: 32, Trailer: 1}), Key: algid.BitString(rsaKey)},
		"another trailer":            {Algorithm: params(algid.PSSParameters{Hash: sha256ID, MGF: mgf(sha256ID), Salt: 32, Trailer: 2}), Key: algid.BitString(rsaKey)},
		"a salt below nothing":       {Algorithm: params(algid.PSSParameters{Hash: sha256ID, MGF: mgf(sha256ID), Salt: -1, Trailer: 1}), Key: algid.BitString(rsaKey)},
		"a hash with odd parameters": {Algorithm: params(algid.PSSParameters{Hash: oddNull, MGF: mgf(sha256ID), Salt: 32, Trailer: 1}), Key: algid.BitString(rsaKey)},
	} {
		if pub, err := pki.ParsePublicKey(marshal(t, info)); err == nil {
			t.Errorf("%s is the key %v", name, pub)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	der, err := asn1.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// A certificate whose key nobody knows is judged, refused and explained like others.
func TestUnknownKindsOfKey(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ed448"})
	for name, bend := range map[string]func(der []byte){
		// The second 1.3.101.113 is the key's, the first and third the signatures'.
		"key":       func(der []byte) { bendOID(t, der, 1) },
		"signature": func(der []byte) { bendOID(t, der, 0); bendOID(t, der, 1) },
	} {
		der := bytes.Clone(l.Leaf.Leaf.Raw)
		bend(der)
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if unknown := pki.PublicKey(leaf) == nil; unknown != (name == "key") {
			t.Errorf("%s: the key is unknown: %v", name, unknown)
		}
		if got := pki.SignatureName(leaf); (got == "1.3.101.114") != (name == "signature") {
			t.Errorf("%s: signed with %s", name, got)
		}
		for _, explain := range []bool{false, true} {
			r, err := pki.Verify([]*x509.Certificate{leaf, l.Intermediate.Cert}, pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time, Explain: explain})
			if reason.Of(err) != reason.CertificateBadSignature {
				t.Errorf("%s: %v", name, err)
			}
			if explain && name == "key" && checkOf(t, r, pki.CheckPublicKey, 0).OK {
				t.Errorf("an unknown key passes")
			}
		}
	}
}

// bendOID makes the nth 1.3.101.113 of what is left into 1.3.101.114, nobody's.
func bendOID(t *testing.T, der []byte, n int) {
	t.Helper()
	oid := []byte{6, 3, 0x2b, 0x65, 0x71}
	for {
		i := bytes.Index(der, oid)
		if i < 0 {
			t.Fatal("no such object identifier")
		}
		if n == 0 {
			der[i+4]++
			return
		}
		der, n = der[i+5:], n-1
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, alg := range lesson.KeyAlgs() {
		der, err := pki.MarshalPublicKey(lesson.KeyOf(alg, "leaf").Public())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	der, err := pki.MarshalPublicKey(&sig.PSSPublicKey{RSA: lesson.Key("leaf").Public().(*rsa.PublicKey), Params: &sig.PSSParams{Hash: crypto.SHA384, SaltLength: 48}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Fuzz(func(t *testing.T, der []byte) {
		pub, err := pki.ParsePublicKey(der)
		if err != nil {
			return
		}
		switch pub.(type) {
		case ed448.PublicKey, *sig.PSSPublicKey: // those that crypto/x509 does not read
		default:
			return
		}
		again, err := pki.MarshalPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := pki.ParsePublicKey(again); err != nil || !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(back) {
			t.Fatalf("%x comes back as %v, %v", der, back, err)
		}
	})
}
