package pki_test

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// rsaKey is a SubjectPublicKeyInfo, with bytes after the exponent.
func rsaKey(t *testing.T, n, e *big.Int, after ...byte) asn1.RawValue {
	t.Helper()
	key, err := asn1.Marshal([]*big.Int{n, e})
	if err != nil {
		t.Fatal(err)
	}
	if len(after) > 0 { // in the SEQUENCE
		var seq asn1.RawValue
		if err := der.Unmarshal(key, &seq); err != nil {
			t.Fatal(err)
		}
		if key, err = asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: append(seq.Bytes, after...)}); err != nil {
			t.Fatal(err)
		}
	}
	return spkiOf(t, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}, key)
}

func spkiOf(t *testing.T, id pkix.AlgorithmIdentifier, key []byte) asn1.RawValue {
	t.Helper()
	der, err := asn1.Marshal(algid.PublicKeyInfo{Algorithm: id, Key: algid.BitString(key)})
	if err != nil {
		t.Fatal(err)
	}
	return full(der...)
}

func pkixKey448(t *testing.T) asn1.RawValue {
	t.Helper()
	der, err := pki.MarshalPublicKey(lesson.KeyOf("ed448", "leaf").Public())
	if err != nil {
		t.Fatal(err)
	}
	return full(der...)
}

func TestPublicKeys(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	n := lesson.KeyOf("rsa", "leaf").(*rsa.PrivateKey).N
	rsaWith := func(n *big.Int, e int64) asn1.RawValue { return rsaKey(t, n, big.NewInt(e)) }
	odd := func(bits int) *big.Int { // of that many bits: nobody factors it here
		x := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return x.Add(x, big.NewInt(12345))
	}
	pkixKey := func(pub any) asn1.RawValue {
		der, err := x509.MarshalPKIXPublicKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		return full(der...)
	}
	dsaParams, err := asn1.Marshal([]*big.Int{odd(2048), odd(256), big.NewInt(4)}) // p, q, g
	if err != nil {
		t.Fatal(err)
	}
	dsaKey := spkiOf(t, pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, Parameters: full(dsaParams...)}, []byte{2, 1, 9})
	x25519, err := ecdh.X25519().GenerateKey(pkitest.Seeded(1))
	if err != nil {
		t.Fatal(err)
	}
	byOID := func(id ...int) asn1.RawValue {
		return spkiOf(t, pkix.AlgorithmIdentifier{Algorithm: id}, make([]byte, 57))
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), pkitest.Seeded(2))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		spki asn1.RawValue
		want reason.Reason
		says string
		key  string
	}{
		"RSA":                  {rsaWith(n, 65537), reason.None, "", "RSA-2048"},
		"RSA, e = 3":           {rsaWith(n, 3), reason.None, "", "RSA-2048"},
		"RSA, e = 1":           {rsaWith(n, 1), reason.WeakKey, "the exponent 1", "RSA-2048"},
		"RSA, e = 2":           {rsaWith(n, 2), reason.WeakKey, "the exponent 2", "RSA-2048"},
		"RSA, even e":          {rsaWith(n, 65536), reason.WeakKey, "odd exponent", "RSA-2048"},
		"RSA, long e":          {rsaWith(n, 1<<31+1), reason.WeakKey, "our limit", "RSA-2048"},
		"RSA, even n":          {rsaWith(new(big.Int).Sub(n, big.NewInt(1)), 65537), reason.WeakKey, "odd modulus", "RSA-2048"},
		"RSA, 1024 bits":       {rsaWith(odd(1024), 65537), reason.WeakKey, "2048", "RSA-1024"},
		"RSA, 2047 bits":       {rsaWith(odd(2047), 65537), reason.WeakKey, "2047 bits", "RSA-2047"},
		"RSA, 8192 bits":       {rsaWith(odd(8192), 65537), reason.None, "", "RSA-8192"},
		"RSA, 8193 bits":       {rsaWith(odd(8193), 65537), reason.WeakKey, "8193 bits", "RSA-8193"},
		"DSA":                  {dsaKey, reason.CertificateUnsupportedKey, "DSA-2048", "DSA-2048"},
		"X25519":               {pkixKey(x25519.PublicKey()), reason.CertificateUnsupportedKey, "got X25519", "X25519"},
		"X448":                 {byOID(1, 3, 101, 111), reason.CertificateUnsupportedKey, "got X448", "X448"},
		"ML-DSA-65":            {byOID(2, 16, 840, 1, 101, 3, 4, 3, 18), reason.CertificateUnsupportedKey, "got ML-DSA-65", "ML-DSA-65"},
		"of nobody's":          {byOID(1, 2, 3, 4), reason.CertificateUnsupportedKey, "got 1.2.3.4", "1.2.3.4"},
		"ECDSA on P-224":       {pkixKey(p224.Public()), reason.CertificateUnsupportedKey, "P-256, P-384 or P-521", "ECDSA P-224"},
		"ECDSA on P-521":       {pkixKey(lesson.KeyOf("p521", "leaf").Public()), reason.None, "", "ECDSA P-521"},
		"Ed25519":              {pkixKey(lesson.KeyOf("ed25519", "leaf").Public()), reason.None, "", "Ed25519"},
		"Ed448":                {pkixKey448(t), reason.None, "", "Ed448"},
		"Ed448, small order":   {byOID(1, 3, 101, 113), reason.WeakKey, "small order", "Ed448"},
		"Ed25519, small order": {pkixKey(ed25519.PublicKey(make([]byte, 32))), reason.WeakKey, "small order", "Ed25519"},
	} {
		chain := resigned(t, l, func(f []asn1.RawValue) []asn1.RawValue { f[6] = tc.spki; return f })
		r := judged(t, chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name})
		if reason.Of(pkitest.ErrOf(r)) != tc.want || tc.want != reason.None && !strings.Contains(r.Err.Error(), tc.says) {
			t.Errorf("%s: %v", name, r.Err)
		}
		check := checkOf(t, r, pki.CheckPublicKey, 0)
		if got := check.Input(pki.InPublicKey); got != tc.key || pki.CertKeyName(chain[0]) != tc.key {
			t.Errorf("%s is called %v, %s", name, got, pki.CertKeyName(chain[0]))
		}
		if tc.want == reason.WeakKey && strings.HasPrefix(tc.key, "RSA") && !strings.Contains(check.Ref, "RFC 8017 §3.1, RFC 9325 §4.5") {
			t.Errorf("%s: %s", name, check.Ref)
		}
	}
}

// An issuer with a key that signs nothing, or with numbers that anybody can sign with.
func TestIssuersKeys(t *testing.T) {
	w := newWorld("ecdsa", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	weak := *lesson.KeyOf("rsa", "intermediate").(*rsa.PrivateKey)
	weak.E = 1
	template := *w.certs[1]
	template.SignatureAlgorithm, template.SubjectKeyId = 0, nil
	raw, err := x509.CreateCertificate(pkitest.Seeded(1), &template, w.root(), &weak.PublicKey, lesson.KeyOf("ecdsa", "root"))
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := x509.ParseCertificate(raw)
	issuer = mustCert(t, issuer, err)
	// What anybody makes who knows n: the padded message is its own signature under e = 1.
	var doc algid.Signed
	if err := der.Unmarshal(w.leaf().Raw, &doc); err != nil {
		t.Fatal(err)
	}
	a := algid.Named(x509.SHA256WithRSA)
	id, err := a.Identifier()
	if err != nil {
		t.Fatal(err)
	}
	var fields []asn1.RawValue
	if err := der.Unmarshal(doc.TBS.FullBytes, &fields); err != nil {
		t.Fatal(err)
	}
	alg, err := asn1.Marshal(id)
	if err != nil {
		t.Fatal(err)
	}
	fields[2] = full(alg...)
	tbs, err := asn1.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	digest := pki.DigestInto(nil, crypto.SHA256, tbs)
	info, err := asn1.Marshal(struct {
		ID     pkix.AlgorithmIdentifier
		Digest []byte
	}{pkix.AlgorithmIdentifier{Algorithm: algid.OIDSHA256, Parameters: asn1.NullRawValue}, digest})
	if err != nil {
		t.Fatal(err)
	}
	block := slices.Concat([]byte{0, 1}, make([]byte, weak.Size()-3-len(info)), []byte{0}, info)
	for i := 2; i < len(block)-len(info)-1; i++ {
		block[i] = 0xff
	}
	doc.TBS, doc.Algorithm, doc.Signature = full(tbs...), id, algid.BitString(block)
	if raw, err = asn1.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	leaf = mustCert(t, leaf, err)
	r := judged(t, []*x509.Certificate{leaf, issuer}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())})
	if reason.Of(pkitest.ErrOf(r)) != reason.WeakKey {
		t.Errorf("%v", r.Err)
	}
	says(t, r, "the exponent 1")
}
