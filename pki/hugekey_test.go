package pki_test

import (
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"

	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
)

// forged assembles a certificate by hand: nobody has to be able to sign it.
func forged(t *testing.T, subject, issuer string, nBytes, sigBytes int) []byte {
	t.Helper()
	k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: subject}, Issuer: pkix.Name{CommonName: issuer},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	parent := &x509.Certificate{Subject: pkix.Name{CommonName: issuer}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		TBS struct {
			Version                   int `asn1:"optional,explicit,default:0,tag:0"`
			Serial                    *big.Int
			Alg                       pkix.AlgorithmIdentifier
			Issuer, Validity, Subject asn1.RawValue
			SPKI                      struct {
				Alg pkix.AlgorithmIdentifier
				Key asn1.BitString
			}
			Ext []pkix.Extension `asn1:"omitempty,optional,explicit,tag:3"`
		}
		Alg pkix.AlgorithmIdentifier
		Sig asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatal(err)
	}
	rsaSig := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
	c.TBS.Alg, c.Alg = rsaSig, rsaSig
	if nBytes > 0 {
		n := make([]byte, nBytes)
		rand.Read(n)
		n[0] |= 0x80
		n[nBytes-1] |= 1
		key, _ := asn1.Marshal(struct{ N, E *big.Int }{new(big.Int).SetBytes(n), big.NewInt(1<<31 - 1)})
		c.TBS.SPKI.Alg = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, Parameters: asn1.NullRawValue}
		c.TBS.SPKI.Key = asn1.BitString{Bytes: key, BitLength: 8 * len(key)}
	}
	s := make([]byte, sigBytes)
	rand.Read(s)
	s[0] = 0x01
	c.Sig = asn1.BitString{Bytes: s, BitLength: 8 * sigBytes}
	out, err := asn1.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Keys that a peer made up to keep us busy are refused before any work is done for
// them (CVE-2023-29409): a chain that fills a Certificate message with one would cost
// half a minute.
func TestHugeRSA(t *testing.T) {
	for bytes, want := range map[int]reason.Reason{1024: reason.CertificateBadSignature, 1025: reason.WeakKey, 110_000: reason.WeakKey} {
		leaf, err := x509.ParseCertificate(forged(t, "leaf", "ca", 0, bytes))
		if err != nil {
			t.Fatal(err)
		}
		ca, err := x509.ParseCertificate(forged(t, "ca", "root", bytes, 256))
		if err != nil {
			t.Fatal(err)
		}
		if bad := pki.CheckCert(leaf, pki.PublicKey(ca)); bad == nil || bad.Reason != want {
			t.Errorf("an issuer's key of %d bits: %v, want %v", 8*bytes, bad, want)
		}
		if _, err := pki.Verify([]*x509.Certificate{leaf, ca}, pki.VerifyOptions{Roots: pki.NewTrustStore()}); err == nil {
			t.Errorf("%d bits: accepted", 8*bytes)
		}
	}
}
