package pki_test

import (
	"crypto/x509"
	"testing"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func FuzzVerify(f *testing.F) {
	for _, kind := range []lesson.Kind{lesson.Good, lesson.SelfSigned, lesson.NameConstraint, lesson.NotACA} {
		l := pkitest.Lesson(f, lesson.Options{Kind: kind, KeyAlg: "ecdsa", Staple: "good"})
		f.Add(l.Leaf.Leaf.Raw, l.Intermediate.Cert.Raw, l.Root.Cert.Raw, l.Name, l.Staple)
	}
	for _, alg := range []string{"ed448", "rsa-pss"} {
		l := pkitest.Lesson(f, lesson.Options{KeyAlg: alg, Staple: "good"})
		f.Add(l.Leaf.Leaf.Raw, l.Intermediate.Cert.Raw, l.Root.Cert.Raw, l.Name, l.Staple)
	}
	pss := pkitest.Lesson(f, lesson.Options{Staple: "good", PSS: true})
	f.Add(pss.Leaf.Leaf.Raw, pss.Intermediate.Cert.Raw, pss.Root.Cert.Raw, "192.0.2.1", []byte{0x30})
	f.Fuzz(func(t *testing.T, leaf, above, root []byte, name string, staple []byte) {
		var certs []*x509.Certificate
		for _, der := range [][]byte{leaf, above, root} {
			c, err := x509.ParseCertificate(der)
			if err != nil {
				return
			}
			certs = append(certs, c)
		}
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(certs[2]), ServerName: name, Time: pkitest.Time, Staple: staple}
		silent, _ := pki.Verify(certs[:2], o)
		o.Explain = true
		full, _ := pki.Verify(certs[:2], o)
		if silent.OK != full.OK {
			t.Fatalf("silent: %v, explained: %v", silent.Err, full.Err)
		}
		if silent.Err != nil && silent.Err.Error() != full.Err.Error() {
			t.Fatalf("silent: %v, explained: %v", silent.Err, full.Err)
		}
	})
}
