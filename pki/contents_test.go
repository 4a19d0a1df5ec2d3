package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// TestOtherContents: what is given where a certificate is wanted is named as what it is, in
// each form in which openssl writes it, and as DER or under the label of a certificate.
func TestOtherContents(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Staple: "good"})
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: pkitest.Time, NextUpdate: pkitest.Time.Add(time.Hour)},
		l.Intermediate.Cert, l.Intermediate.Key)
	if err != nil {
		t.Fatal(err)
	}
	isOther(t, "ours", "an OCSP response", l.Staple)
	isOther(t, "crypto/x509's", "a certificate revocation list (CRL)", crl)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", at("ec"))
	openssl(t, "genrsa", "-out", at("rsa"), "2048")
	openssl(t, "req", "-x509", "-key", at("ec"), "-subj", "/CN=x", "-out", at("cert"))
	for _, made := range []struct{ what, args string }{
		{"a private key", "pkey -in EC -outform DER"},
		{"a private key", "ec -in EC -outform DER"},
		{"a private key", "rsa -in RSA -outform DER -traditional"},
		{"a private key", "pkcs8 -topk8 -nocrypt -in RSA -outform DER"},
		{"an encrypted private key", "pkcs8 -topk8 -in EC -passout pass:x -outform DER"},
		{"a public key", "pkey -in EC -pubout -outform DER"},
		{"a public key", "pkey -in RSA -pubout -outform DER"},
		{"a certificate signing request (PKCS #10)", "req -new -key EC -subj /CN=x -outform DER"},
		{"a certificate signing request (PKCS #10)", "req -new -key RSA -subj /CN=x -addext subjectAltName=DNS:x -outform DER"},
		{"keys and certificates together (PKCS #12)", "pkcs12 -export -inkey EC -in CERT -passout pass:x"},
		{"a message of PKCS #7 (CMS), which may hold certificates", "cms -encrypt -in CERT -outform DER -recip CERT"},
	} {
		args := strings.NewReplacer("EC", at("ec"), "RSA", at("rsa"), "CERT", at("cert")).Replace(made.args)
		if out, err := openssl(t, append(strings.Fields(args), "-out", at("der"))...); err != nil {
			t.Fatal(made.args, err, out)
		}
		der, err := os.ReadFile(at("der"))
		if err != nil {
			t.Fatal(err)
		}
		isOther(t, made.args, made.what, der)
	}
}

// isOther wants der refused as a certificate and as a status, and called what it is.
func isOther(t *testing.T, name, what string, der []byte) {
	t.Helper()
	_, raw := pki.ParseCertificate(der)
	_, file := pki.ParsePEM(der)
	_, block := pki.ParsePEM(pki.EncodeCert(der))
	if strings.Contains(what, "PKCS #7") { // as a file it is opened (TestReadCertificatesRefuses)
		file = raw
	}
	for _, err := range []error{raw, file, block} {
		var e *reason.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Field, "certificate."+pki.CauseOtherContent) || e.Ref == "" || say(e.Got) != what {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pki.ParseOCSP(der); what != "an OCSP response" && (err == nil || err.Field != "certificate_status.response" || say(err.Got) != what) {
		t.Errorf("%s as a status: %v", name, err)
	}
}

func say(v any) string {
	p, _ := v.(reason.Phrase)
	return p.String()
}

// TestCertificateForAStatus: the other way round, a certificate is named as one. It is none
// of the other contents, whatever its kind of key and its version.
func TestCertificateForAStatus(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg})
		for _, c := range []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert, l.Root.Cert} {
			if _, err := pki.ParseOCSP(c.Raw); err == nil || say(err.Got) != "a certificate" {
				t.Errorf("%s: %v", alg, err)
			}
			if !pki.TakenForCertificate(c.Raw) {
				t.Errorf("%s: a certificate is %v", alg, c.Subject)
			}
		}
	}
}
