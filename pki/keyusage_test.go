package pki_test

import (
	"crypto/x509"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// A bit of the key usage counts where the key can do that: RSA alone deciphers, and what
// makes EdDSA or RSASSA-PSS signatures does nothing else. (The client, which asks for
// digitalSignature, refused such certificates, and verify took them.)
func TestKeyUsageByKind(t *testing.T) {
	const signs, deciphers, agrees = x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment, x509.KeyUsageKeyAgreement
	for alg, can := range map[string]x509.KeyUsage{
		"rsa": signs | deciphers | agrees, "rsa-pss": signs, "ecdsa": signs | agrees, "p384": signs | agrees, "ed25519": signs, "ed448": signs,
	} {
		for _, bit := range []x509.KeyUsage{signs, deciphers, agrees} {
			w := newWorld(alg, 0)
			w.leaf().KeyUsage = bit
			if err := w.sign(); err != nil {
				t.Fatal(err)
			}
			r, _ := pki.Verify(w.certs[:1], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test", Time: pkitest.Time})
			if want := can&bit != 0; r.OK != want || !want && r.Err.Reason != reason.CertificateUsage {
				t.Errorf("%s with %v alone: %v", alg, pki.KeyUsageNames(bit), r.Err)
			}
		}
	}
}
