package pki_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// heldToFacts holds what an explained report says against the certificates themselves: each
// sentence that claims something about what was sent, installed, signed or named must be so.
func heldToFacts(t *testing.T, r *pki.Report, chain []*x509.Certificate, o pki.VerifyOptions) {
	t.Helper()
	named := func(name []byte) (sent, installed bool) {
		for _, c := range slices.Concat(chain[1:], o.Intermediates) {
			sent = sent || bytes.Equal(c.RawSubject, name)
		}
		for _, c := range o.Roots.All() {
			installed = installed || bytes.Equal(c.RawSubject, name)
		}
		return sent, installed
	}
	for _, p := range r.Paths {
		for i := range p.Checks {
			c := &p.Checks[i]
			if strings.Contains(c.Ref, "8446") {
				t.Errorf("%s cites the obsolete %s", c.Key, c.Ref)
			}
			if c.Err == nil {
				continue
			}
			cert, said := p.Certs[c.Cert], c.Err.Error()
			sent, installed := named(cert.RawIssuer)
			if strings.Contains(said, "no such certificate") && sent {
				t.Errorf("it was sent: %s", said)
			}
			if strings.Contains(said, "no such anchor") && installed && c.Err.Field == pki.Field(c.Cert, "issuer") {
				t.Errorf("it is installed: %s", said)
			}
			if digest, ok := c.Input(pki.InRecoveredDigest).([]byte); ok && c.Key == pki.CheckSignature {
				if strings.Contains(said, "does not verify") && bytes.Equal(digest, bytesOf(t, c, pki.InTBSHash)) {
					t.Errorf("the recovered digest is the hash: %s", said)
				}
			}
			if _, has := pki.Extension(cert, pki.OidSubjectAltName); has && strings.Contains(said, "no subjectAltName") {
				t.Errorf("it has one: %s", said)
			}
			if strings.Contains(said, "*") && regexp.MustCompile(`\*[a-z]+\.[A-Z]`).MatchString(said) {
				t.Errorf("a type of Go's: %s", said)
			}
			if want, got, ok := moments(c.Err); ok && !want.Before(got) && !got.Before(want) {
				t.Errorf("two moments that look the same: %s", said)
			}
		}
	}
	for _, rej := range r.Rejected {
		issued := slices.ContainsFunc(r.Paths, func(p pki.Path) bool {
			return slices.ContainsFunc(p.Certs, func(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, rej.Cert.RawSubject) })
		})
		var signature *reason.Error
		if rej.For != nil {
			signature = pki.CheckCert(rej.For, pki.PublicKey(rej.Cert))
		}
		switch {
		case rej.Reason == pki.RejectedUnused && issued,
			rej.Reason == pki.RejectedSignature && (signature == nil || signature.Reason == reason.WeakKey || algid.Of(rej.For).Kind == 0),
			rej.Reason == pki.RejectedWeakKey && (signature == nil || signature.Reason != reason.WeakKey),
			rej.Reason == pki.RejectedNotTried && !bytes.Equal(rej.For.RawIssuer, rej.Cert.RawSubject):
			t.Errorf("%s is set aside as %s: issued one in a path %v, signature %v", rej.Cert.Subject, rej.Reason, issued, signature)
		}
	}
}

// moments are the two times that an error compares, if it does.
func moments(e *reason.Error) (want, got time.Time, ok bool) {
	find := func(v any) (time.Time, error) {
		words := strings.Fields(fmt.Sprint(v))
		return time.Parse(time.RFC3339Nano, words[len(words)-1])
	}
	if e.Want == nil || e.Got == nil {
		return want, got, false
	}
	want, err1 := find(e.Want)
	got, err2 := find(e.Got)
	return want, got, err1 == nil && err2 == nil
}

// cross makes by sign the subject and key of who.
func cross(t *testing.T, who, by *x509.Certificate, key any, serial int64) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: who.Subject, NotBefore: day(-1), NotAfter: day(1),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(pkitest.Seeded(1), template, by, who.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	return mustCert(t, c, err)
}

// judged is an explained report that was held to the facts.
func judged(t *testing.T, chain []*x509.Certificate, o pki.VerifyOptions) *pki.Report {
	t.Helper()
	o.Explain = true
	if o.Time.IsZero() {
		o.Time = pkitest.Time
	}
	r, _ := pki.Verify(chain, o)
	heldToFacts(t, r, chain, o)
	return r
}

func says(t *testing.T, r *pki.Report, words ...string) {
	t.Helper()
	for _, w := range words {
		if r.Err == nil || !strings.Contains(r.Err.Error(), w) {
			t.Errorf("%v does not say %q", r.Err, w)
		}
	}
}

// Two authorities that certify each other lead nowhere, however often they are sent.
func TestLoopIsSaidToBeOne(t *testing.T) {
	w := newWorld("ecdsa", 2)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	a, b := w.certs[1], w.certs[2]
	keyA, keyB := lesson.KeyOf("ecdsa", "intermediate"), lesson.KeyOf("ecdsa", "cross-root")
	chain := []*x509.Certificate{w.leaf(), cross(t, a, b, keyB, 1), cross(t, b, a, keyA, 2)}
	says(t, judged(t, chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())}), "a loop")
	for i := range int64(97) {
		chain = append(chain, cross(t, a, b, keyB, 10+i))
	}
	says(t, judged(t, chain, pki.VerifyOptions{}), "certificate")
}

func TestLongPathIsSaidToBeOne(t *testing.T) {
	w := newWorld("ed25519", 0)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	key := lesson.KeyOf("ed25519", "root")
	chain := []*x509.Certificate{}
	above := w.root()
	for i := range 40 {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: above.Subject, NotBefore: day(-1), NotAfter: day(1),
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
		template.Subject.CommonName = fmt.Sprintf("below %d", i)
		der, err := x509.CreateCertificate(nil, template, above, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		above = mustCert(t, c, err)
		chain = append(chain, above)
	}
	slices.Reverse(chain)
	says(t, judged(t, chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())}), "32 certificates")
}

// A cross-certificate beside the root that replaced it: one of two paths is accepted, and of
// the other nothing was looked at.
func TestCrossCertificateNotTried(t *testing.T) {
	w := newWorld("ecdsa", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	bridge := cross(t, w.root(), w.certs[1], lesson.KeyOf("ecdsa", "intermediate"), 77)
	bridge.AuthorityKeyId = nil
	r := judged(t, []*x509.Certificate{w.leaf(), w.certs[1], bridge}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())})
	if !r.OK || len(r.Rejected) != 1 || r.Rejected[0].Reason != pki.RejectedNotTried || r.Rejected[0].For != w.certs[1] {
		t.Errorf("%v, %+v", r.Err, r.Rejected)
	}
}

// A short key's signature is computed for the reader and found right: what is wrong is
// the key, not the certificate.
func TestShortIssuerKeyIsNotABrokenSignature(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(pkitest.Seeded(9), 512)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld("ecdsa", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	make := func(template, parent *x509.Certificate, pub, key any) *x509.Certificate {
		der, err := x509.CreateCertificate(pkitest.Seeded(1), template, parent, pub, key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		return mustCert(t, c, err)
	}
	template := *w.certs[1]
	template.SignatureAlgorithm, template.SubjectKeyId = 0, nil
	issuer := make(&template, w.root(), short.Public(), lesson.KeyOf("ecdsa", "root"))
	end := *w.leaf()
	end.SignatureAlgorithm, end.AuthorityKeyId = 0, nil
	leaf := make(&end, issuer, lesson.KeyOf("ecdsa", "leaf").Public(), short)

	r := judged(t, []*x509.Certificate{leaf, issuer}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())})
	if reason.Of(pkitest.ErrOf(r)) != reason.WeakKey {
		t.Fatalf("%v", r.Err)
	}
	says(t, r, "512 bits")
	check := checkOf(t, r, pki.CheckSignature, 0)
	if check.Err == nil || check.Err.Reason != reason.WeakKey || !bytes.Equal(bytesOf(t, check, pki.InRecoveredDigest), bytesOf(t, check, pki.InTBSHash)) {
		t.Errorf("%v, %v", check.Err, check.Inputs)
	}
}

func TestNamesThatDoNotCount(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*x509.Certificate)
		server string
		says   []string
		not    string
	}{
		"an email alone": {func(c *x509.Certificate) {
			c.DNSNames, c.EmailAddresses = nil, []string{"a@lab.test"}
		}, "www.lab.test", []string{"no DNS name among email:a@lab.test"}, "no subjectAltName"},
		"an address alone": {func(c *x509.Certificate) {
			c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(192, 0, 2, 1)}
		}, "www.lab.test", []string{"no DNS name among IP:192.0.2.1"}, "no subjectAltName"},
		"no address": {func(*x509.Certificate) {}, "192.0.2.1", []string{"no IP address among DNS:www.lab.test"}, "no DNS"},
		"a URI": {func(c *x509.Certificate) {
			c.DNSNames, c.URIs = nil, []*url.URL{mustURL("https://www.lab.test")}
		}, "www.lab.test", []string{"URI:https://www.lab.test"}, "no subjectAltName"},
		"the common name alone": {func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, "www.lab.test" },
			"www.lab.test", []string{"no subjectAltName", `common name is "www.lab.test"`, "RFC 9525 §2"}, "among"},
		"the common name beside another": {func(c *x509.Certificate) {
			c.DNSNames, c.Subject.CommonName = []string{"mail.lab.test"}, "www.lab.test"
		}, "www.lab.test", []string{"DNS:mail.lab.test", "common name"}, "no DNS"},
		"another common name": {func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, "mail.lab.test" },
			"www.lab.test", []string{"no subjectAltName"}, "common name"},
	} {
		w := newWorld("ecdsa", 0)
		tc.change(w.leaf())
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		r := judged(t, []*x509.Certificate{w.leaf()}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: tc.server})
		says(t, r, tc.says...)
		if r.Err != nil && strings.Contains(r.Err.Error(), tc.not) {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}

// A moment is shown with the digits that decide, and without those that do not.
func TestMoments(t *testing.T) {
	w := newWorld("ecdsa", 0)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	chain := []*x509.Certificate{w.leaf()}
	until := w.leaf().NotAfter
	for _, d := range []time.Duration{time.Nanosecond, time.Millisecond, time.Second, time.Hour + 5} {
		r := judged(t, chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: until.Add(d)})
		if reason.Of(pkitest.ErrOf(r)) != reason.CertificateExpired {
			t.Fatalf("%v after: %v", d, r.Err)
		}
		if long := strings.Contains(r.Err.Error(), "."+fmt.Sprintf("%09d", d)[:3]); d < time.Second != long {
			t.Errorf("%v after: %v", d, r.Err)
		}
		shown := checkOf(t, r, pki.CheckValidity, 0).Input(pki.InCheckedAt).(time.Time)
		if !shown.After(until) || d > time.Second && shown.Nanosecond() != 0 {
			t.Errorf("%v after: shown as %v", d, shown)
		}
	}
	for _, at := range []time.Time{w.leaf().NotBefore.Add(-1), until.Add(time.Millisecond)} {
		judged(t, chain, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Time: at})
	}
}
