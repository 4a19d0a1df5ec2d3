package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// world builds chains certificate by certificate, for tests that need to get at
// each field: certs[0] is the leaf, the last is the root.
type world struct {
	alg    string
	certs  []*x509.Certificate // templates, then certificates
	signer []string            // names of the lesson keys
}

// newWorld prepares templates of a good chain with n intermediates.
func newWorld(alg string, n int) *world {
	w := &world{alg: alg}
	names := []string{"leaf", "intermediate", "cross-root", "ocsp", "client"}
	for i := 0; i <= n; i++ {
		w.signer = append(w.signer, names[i])
	}
	w.signer = append(w.signer, "root")
	for i, name := range w.signer {
		t := &x509.Certificate{
			SerialNumber: big.NewInt(int64(1000 + i)), Subject: pkix.Name{CommonName: "World " + name, Organization: []string{"test"}},
			NotBefore: pkitest.Time.Add(-24 * time.Hour), NotAfter: pkitest.Time.Add(24 * time.Hour),
			IsCA: i > 0, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		if i == 0 {
			t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			t.DNSNames = []string{"www.lab.test", "*.wild.lab.test"}
		}
		w.certs = append(w.certs, t)
	}
	return w
}

func (w *world) leaf() *x509.Certificate { return w.certs[0] }
func (w *world) root() *x509.Certificate { return w.certs[len(w.certs)-1] }

// sign turns the templates into certificates, from the root downwards.
func (w *world) sign() error {
	for i := len(w.certs) - 1; i >= 0; i-- {
		up := min(i+1, len(w.certs)-1)
		c, err := authority.CreateCertificate(nil, w.certs[i], w.certs[up], lesson.KeyOf(w.alg, w.signer[i]).Public(), lesson.KeyOf(w.alg, w.signer[up]))
		if err != nil {
			return fmt.Errorf("%s: %w", w.signer[i], err)
		}
		w.certs[i] = c
	}
	return nil
}

func ext(id asn1.ObjectIdentifier, critical bool, value ...byte) pkix.Extension {
	return pkix.Extension{Id: id, Critical: critical, Value: value}
}

// bothVerdicts judges a chain with our verifier and with crypto/x509's.
func bothVerdicts(chain, roots []*x509.Certificate, name string, usage pki.Usage) (ours, std error) {
	pool, others := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range roots {
		pool.AddCert(c)
	}
	for _, c := range chain[1:] {
		others.AddCert(c)
	}
	o := pki.VerifyOptions{Roots: pki.NewTrustStore(roots...), ServerName: name, Time: pkitest.Time, Usage: usage}
	_, ours = pki.Verify(chain, o)
	_, std = chain[0].Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: others, DNSName: name, CurrentTime: pkitest.Time,
		KeyUsages: []x509.ExtKeyUsage{usage.ExtKeyUsage()},
	})
	return ours, std
}
