package pki_test

import (
	"crypto/x509"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// BenchmarkVerify sets the silent verifier beside crypto/x509's on the same chain
// (leaf, one intermediate, root), and the explained one beside both.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range lesson.KeyAlgs() {
		l, err := lesson.New(lesson.Options{KeyAlg: alg, Time: pkitest.Time, Rand: pkitest.Seeded(1)})
		if err != nil {
			b.Fatal(err)
		}
		chain, err := pki.Certificates(l.Chain)
		if err != nil {
			b.Fatal(err)
		}
		ours := func(o pki.VerifyOptions) func(*testing.B) {
			o.Roots, o.ServerName, o.Time = l.Roots, l.Name, pkitest.Time
			return func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := pki.Verify(chain, o); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		b.Run(alg+"/silent", ours(pki.VerifyOptions{}))
		b.Run(alg+"/cached", ours(pki.VerifyOptions{Signatures: new(pki.SignatureCache)}))
		b.Run(alg+"/explained", ours(pki.VerifyOptions{Explain: true}))
		b.Run(alg+"/crypto-x509", func(b *testing.B) {
			b.ReportAllocs()
			roots, others := x509.NewCertPool(), x509.NewCertPool()
			roots.AddCert(l.Root.Cert)
			others.AddCert(chain[1])
			o := x509.VerifyOptions{Roots: roots, Intermediates: others, DNSName: l.Name, CurrentTime: pkitest.Time}
			for b.Loop() {
				if _, err := chain[0].Verify(o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
