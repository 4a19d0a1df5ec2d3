package pki_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// An algorithm that nobody here can compute, by its name or by its parameters, is not called too weak,
// nor one of another kind of key; and what is expected is not what is there.
func TestUnknownAlgorithms(t *testing.T) {
	const sha256, mgf1 = "300d06096086480165030402010500", "06092a864886f70d010108"
	for name, tc := range map[string]struct {
		alg, id, got string // the issuer's key, and an AlgorithmIdentifier in hexadecimal
		cause        string // of the row signature_algorithm
	}{
		"ML-DSA-44":                {"ecdsa", "300b0609608648016503040311", "ML-DSA-44", pki.CauseUnknownAlgorithm},
		"Ed25519 with NULL":        {"ed25519", "300706032b65700500", "Ed25519 with parameters that we do not process", pki.CauseUnknownAlgorithm},
		"Ed448 with NULL":          {"ed448", "300706032b65710500", "Ed448 with parameters that we do not process", pki.CauseUnknownAlgorithm},
		"PSS without parameters":   {"rsa", "300b06092a864886f70d01010a", "RSA-PSS with parameters that we do not process", pki.CauseUnknownAlgorithm},
		"PSS, MGF1 with SHA-1":     {"rsa", "301e06092a864886f70d01010a3011a00f" + sha256, "RSA-PSS with parameters that we do not process", pki.CauseUnknownAlgorithm},
		"PSS with a salt of 0":     {"rsa", "304106092a864886f70d01010a3034a00f" + sha256 + "a11c301a" + mgf1 + sha256 + "a203020100", "SHA256-RSAPSS with a salt of 0 bytes", pki.CauseUnknownAlgorithm},
		"MD5 is known, and broken": {"rsa", "300d06092a864886f70d0101040500", "MD5-RSA", "signature_algorithm"},
	} {
		w := newWorld(tc.alg, 0)
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		id, err := hex.DecodeString(tc.id)
		if err != nil {
			t.Fatal(err)
		}
		chain := []*x509.Certificate{renamed(t, w.leaf(), id)}
		for _, explain := range []bool{false, true} {
			r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: pkitest.Time, Explain: explain})
			if r.Err == nil || r.Err.Reason != reason.CertificateBadSignature || pki.Cause(r.Err) != tc.cause || !strings.Contains(r.Err.Error(), "got "+tc.got+" (") {
				t.Errorf("%s: %v", name, r.Err)
				continue
			}
			if explain {
				if check := checkOf(t, r, pki.CheckSignature, 0); check.Cause() != pki.CauseUnknownAlgorithm {
					t.Errorf("%s: the signature is refused for %s, %v", name, check.Cause(), check.Err)
				}
			}
		}
	}
}

// renamed is c under another algorithm's name, inside and outside of what is signed. Nobody signed it.
func renamed(t *testing.T, c *x509.Certificate, id []byte) *x509.Certificate {
	t.Helper()
	var raw rawCertificate
	if err := der.Unmarshal(c.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	raw.TBS.Algorithm = asn1.RawValue{FullBytes: id}
	raw.Algorithm = raw.TBS.Algorithm
	b, err := asn1.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The same of a response: what the advice says of SHA-1 is said of SHA-1 alone.
func TestUnknownAlgorithmOfAResponse(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ed25519", Staple: "good"})
	chain, err := pki.Certificates(l.Chain)
	if err != nil {
		t.Fatal(err)
	}
	ed25519, ed448 := []byte{0x30, 5, 6, 3, 0x2b, 0x65, 0x70}, []byte{0x30, 5, 6, 3, 0x2b, 0x65, 0x71}
	unknown := []byte{0x30, 5, 6, 3, 0x2b, 0x65, 0x7f}
	for name, id := range map[string][]byte{"another key's": ed448, "unknown": unknown} {
		staple := bytes.Replace(l.Staple, ed25519, id, 1)
		r, _ := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time, Staple: staple})
		if bytes.Equal(staple, l.Staple) || r.Err == nil || r.Err.Reason != reason.BadStatusResponse || pki.Cause(r.Err) != "signature" {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}
