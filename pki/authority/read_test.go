package authority_test

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// bundle is a SignedData of PKCS #7 with these certificates and nothing else.
func bundle(t *testing.T, certs ...*x509.Certificate) []byte {
	t.Helper()
	of := func(class, tag int, parts ...any) asn1.RawValue {
		v := asn1.RawValue{Class: class, Tag: tag, IsCompound: true}
		for _, p := range parts {
			der, err := asn1.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			v.Bytes = append(v.Bytes, der...)
		}
		return v
	}
	var raw []any
	for _, c := range certs {
		raw = append(raw, asn1.RawValue{FullBytes: c.Raw})
	}
	seq := func(parts ...any) asn1.RawValue { return of(asn1.ClassUniversal, asn1.TagSequence, parts...) }
	set := of(asn1.ClassUniversal, asn1.TagSet)
	der, err := asn1.Marshal(seq(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		of(asn1.ClassContextSpecific, 0, seq(1, set, seq(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}), of(asn1.ClassContextSpecific, 0, raw...), set))))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// The leaf of a bundle is found by who issued whom, or by its key; that of another file is the first.
func TestReadChain(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	leaf, middle, root := l.Leaf.Leaf, l.Intermediate.Cert, l.Root.Cert
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sorted := file("sorted", bundle(t, root, leaf, middle))
	c, err := authority.ReadChain(sorted)
	if err != nil || c.Picked != 2 || len(c.Certs) != 3 || !c.Certs[0].Equal(leaf) || !c.Certs[1].Equal(root) {
		t.Errorf("a bundle: %+v, %v", c, err)
	}
	reversed := file("reversed.pem", append(pki.EncodeCert(root.Raw), pki.EncodeCert(leaf.Raw)...))
	if c, err := authority.ReadChain(reversed); err != nil || c.Picked != 0 || !c.Certs[0].Equal(root) {
		t.Errorf("a file with an order: %+v, %v", c, err)
	}
	if c, err := authority.ReadChain(file("alone", bundle(t, leaf))); err != nil || c.Picked != 0 || len(c.Certs) != 1 {
		t.Errorf("a bundle of one: %+v, %v", c, err)
	}
	other := pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519"})
	two := file("two", bundle(t, leaf, middle, other.Leaf.Leaf))
	var e *pki.LeafError
	if _, err := authority.ReadChain(two); !errors.As(err, &e) || e.File != two || len(e.Candidates) != 2 {
		t.Errorf("two leaves: %v", err)
	}
	key := filepath.Join(dir, "key")
	if err := authority.WriteKey(key, other.Key, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	if c, k, err := authority.ReadChainAndKey(two, key); err != nil || c.Picked != 3 || !authority.KeyFits(c.Certs[0], k) {
		t.Errorf("the key's leaf: %+v, %v", c, err)
	}
	if c, k, err := authority.ReadChainAndKey(sorted, key); err != nil || c.Picked != 0 || authority.KeyFits(c.Certs[0], k) {
		t.Errorf("nobody's key: %+v, %v", c, err)
	}
}
