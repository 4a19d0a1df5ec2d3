package pki_test

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// Two CAs of one name, as after ca init --force: what is refused is not the certificate's
// signature, which its own CA made. crypto/x509 and OpenSSL say that the issuer is unknown.
func TestAnotherCAOfTheName(t *testing.T) {
	ca := func(kind authority.KeyKind) *authority.CA {
		a, err := authority.NewRoot(authority.Options{CommonName: "Lab Root", KeyKind: kind, NotBefore: pkitest.Time.Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, alg := range [2]authority.KeyKind{authority.P256, authority.RSA2048} {
		issued, installed, other := ca(alg), ca(authority.P256), ca(authority.Ed25519)
		csr, err := authority.NewRequest(lesson.KeyOf("ecdsa", "leaf"), authority.Request{DNSNames: []string{"www.lab.test"}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := issued.Sign(csr, authority.LeafOptions{NotBefore: pkitest.Time.Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		leaf := got.Leaf
		issuedPrint, installedPrint := sha256.Sum256(issued.Cert.Raw), sha256.Sum256(installed.Cert.Raw)
		for _, test := range []struct {
			name  string
			more  []*x509.Certificate
			why   reason.Reason
			cause string
			says  []string // all of them in the error
		}{
			{"the root that issued it is nowhere", nil, reason.CertificateBadSignature, pki.CauseNamesAnother,
				[]string{fmt.Sprintf("%x", leaf.AuthorityKeyId), fmt.Sprintf("%x", installed.Cert.SubjectKeyId)}},
			{"it is sent", []*x509.Certificate{issued.Cert}, reason.CertificateUntrusted, pki.CauseSameName,
				[]string{fmt.Sprintf("%x", issuedPrint), fmt.Sprintf("%x", installedPrint)}},
			{"it is sent behind one more of the name", []*x509.Certificate{other.Cert, issued.Cert}, reason.CertificateUntrusted, pki.CauseSameName,
				[]string{fmt.Sprintf("%x", issuedPrint), fmt.Sprintf("%x", installedPrint)}},
		} {
			for _, explain := range []bool{true, false} {
				r, err := pki.Verify([]*x509.Certificate{leaf}, pki.VerifyOptions{Roots: pki.NewTrustStore(installed.Cert), Intermediates: test.more,
					ServerName: "www.lab.test", Time: pkitest.Time, Explain: explain})
				if err == nil || r.Err.Reason != test.why || pki.Cause(r.Err) != test.cause {
					t.Errorf("%s, %s, explained %v: %v", alg, test.name, explain, err)
					continue
				}
				for _, s := range test.says {
					if !strings.Contains(err.Error(), s) {
						t.Errorf("%s, %s: %q does not name %s", alg, test.name, err, s)
					}
				}
				if explain && (r.FailedCheck() == nil || r.FailedCheck().Cause() != test.cause) {
					t.Errorf("%s, %s: the check's cause is another: %v", alg, test.name, r.FailedCheck())
				}
			}
		}
	}
}

// A certificate that was changed is told of as such, though its key identifier was changed
// too: RSA shows that the installed key did sign.
func TestChangedKeyIdentifier(t *testing.T) {
	w := newWorld("rsa", 0)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	id := w.root().SubjectKeyId
	raw := []byte(strings.Replace(string(w.leaf().Raw), string(id), string(append([]byte{id[0] ^ 1}, id[1:]...)), 1))
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := pki.Verify([]*x509.Certificate{leaf}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test", Time: pkitest.Time, Explain: true})
	if c := r.FailedCheck(); c == nil || c.Key != pki.CheckSignature || c.Cause() != pki.CauseChanged {
		t.Errorf("the verdict is %v", r.Err)
	}
}
