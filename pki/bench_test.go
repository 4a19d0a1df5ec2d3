package pki

import (
	"crypto/x509"
	"testing"
)

// BenchmarkVerify sets the silent verifier beside crypto/x509's on the same chain
// (leaf, one intermediate, root), and the explained one beside both.
func BenchmarkVerify(b *testing.B) {
	for _, alg := range LessonKeyAlgs() {
		l, err := NewLesson(LessonOptions{KeyAlg: alg, Time: lessonTime, Rand: seeded(1)})
		if err != nil {
			b.Fatal(err)
		}
		chain, err := Certificates(l.Chain)
		if err != nil {
			b.Fatal(err)
		}
		ours := func(o VerifyOptions) func(*testing.B) {
			o.Roots, o.ServerName, o.Time = l.Roots, l.Name, lessonTime
			return func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Verify(chain, o); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		b.Run(alg+"/silent", ours(VerifyOptions{}))
		b.Run(alg+"/cached", ours(VerifyOptions{Signatures: new(SignatureCache)}))
		b.Run(alg+"/explained", ours(VerifyOptions{Explain: true}))
		b.Run(alg+"/crypto-x509", func(b *testing.B) {
			b.ReportAllocs()
			roots, others := x509.NewCertPool(), x509.NewCertPool()
			roots.AddCert(l.Root.Cert)
			others.AddCert(chain[1])
			o := x509.VerifyOptions{Roots: roots, Intermediates: others, DNSName: l.Name, CurrentTime: lessonTime}
			for b.Loop() {
				if _, err := chain[0].Verify(o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNewLesson is what a lesson pays before its first byte.
func BenchmarkNewLesson(b *testing.B) {
	for _, alg := range LessonKeyAlgs() {
		b.Run(alg, func(b *testing.B) {
			for b.Loop() {
				if _, err := NewLesson(LessonOptions{KeyAlg: alg, Time: lessonTime, Staple: "good"}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
