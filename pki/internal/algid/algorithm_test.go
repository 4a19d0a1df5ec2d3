package algid

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
)

// What a row writes into a certificate is read as that row.
func TestIdentifiersComeBack(t *testing.T) {
	for _, a := range append(All[:], WithSalt(crypto.SHA256, 20), WithSalt(crypto.SHA512, 1)) {
		id, err := a.Identifier()
		if err != nil {
			t.Fatal(a, err)
		}
		back := From(id)
		if back.Std != a.Std || back.Kind != a.Kind || back.Hash != a.Hash || back.Salt != a.Salt || !back.OID.Equal(a.OID) {
			t.Errorf("%s comes back as %s", a, back)
		}
		if a.Std != 0 && Named(a.Std).String() != a.String() {
			t.Errorf("%s is named as %s", a, Named(a.Std))
		}
	}
}

// An algorithm that nobody knows names itself, fits no key and signs nothing.
func TestUnknownAlgorithm(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for want, a := range map[string]Algorithm{
		"unknown": {}, "MD5-RSA": Named(x509.MD5WithRSA), "1.2.3": From(pkix.AlgorithmIdentifier{Algorithm: []int{1, 2, 3}}),
		"SHA256-RSAPSS with a salt of 0 bytes": WithSalt(crypto.SHA256, 0),
	} {
		if a.String() != want {
			t.Errorf("%q is named %q", want, a)
		}
		if _, err := a.Identifier(); err == nil {
			t.Errorf("%s has an identifier", a)
		}
		if a.Fits(nil) == nil || a.Fits(key.Public()) == nil {
			t.Errorf("%s fits a key", a)
		}
		if _, err := a.Sign(nil, key, nil); err == nil {
			t.Errorf("%s has signed", a)
		}
	}
}
