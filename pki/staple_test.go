package pki_test

import (
	"bytes"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

func TestStaples(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		for staple, want := range map[string]reason.Reason{
			"good": reason.None, "none": reason.None,
			"revoked": reason.CertificateRevoked,
			"stale":   reason.BadStatusResponse,
			"unknown": reason.BadStatusResponse,
		} {
			l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg, Staple: staple})
			for _, explain := range []bool{false, true} {
				r := pkitest.Judge(t, l, explain)
				if reason.Of(pkitest.ErrOf(r)) != want {
					t.Errorf("%s, %s: %v", alg, staple, r.Err)
				}
			}
			if staple == "good" {
				check := checkOf(t, pkitest.Judge(t, l, true), pki.CheckStaple, 0)
				if check.Input(pki.InStatus) != "good" || check.Input(pki.InResponder) != l.Intermediate.Cert.Subject.String() {
					t.Errorf("%s: %v", alg, check.Inputs)
				}
			}
		}
	}
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	chain := []*x509.Certificate{l.Leaf.Leaf, l.Intermediate.Cert}
	_, err := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, Time: pkitest.Time, RequireStaple: true})
	if reason.Of(err) != reason.BadStatusResponse {
		t.Errorf("required but absent: %v", err)
	}
}

// x/crypto/ocsp reads what we write, and we read what it writes.
func TestOCSPAgainstXCrypto(t *testing.T) {
	for _, alg := range []string{"rsa", "ecdsa"} { // it knows no Ed25519
		l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg})
		for status, want := range map[authority.Status]int{authority.StatusGood: ocsp.Good, authority.StatusStale: ocsp.Good, authority.StatusRevoked: ocsp.Revoked, authority.StatusUnknown: ocsp.Unknown} {
			der, err := l.Intermediate.OCSP(l.Leaf.Leaf, status, authority.OCSPOptions{Time: pkitest.Time})
			if err != nil {
				t.Fatal(err)
			}
			resp, err := ocsp.ParseResponseForCert(der, l.Leaf.Leaf, l.Intermediate.Cert)
			if err != nil || resp.Status != want {
				t.Fatalf("%s: %v, %v", status, resp, err)
			}
			if stale := !pkitest.Time.Before(resp.NextUpdate); stale != (status == authority.StatusStale) {
				t.Errorf("%s: fresh until %v", status, resp.NextUpdate)
			}
		}
		now := time.Now() // which it writes into producedAt, whatever it is told
		for status, want := range map[int]reason.Reason{ocsp.Good: reason.None, ocsp.Revoked: reason.CertificateRevoked, ocsp.Unknown: reason.BadStatusResponse} {
			der, err := ocsp.CreateResponse(l.Intermediate.Cert, l.Intermediate.Cert, ocsp.Response{
				Status: status, SerialNumber: l.Leaf.Leaf.SerialNumber,
				ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour), RevokedAt: now.Add(-time.Hour),
			}, l.Intermediate.Key)
			if err != nil {
				t.Fatal(err)
			}
			_, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, time.Now()) // a new minute may have begun
			if (refused == nil) != (want == reason.None) || refused != nil && refused.Reason != want {
				t.Errorf("%s: status %d: %v", alg, status, refused)
			}
		}
	}
}

func TestStapleMustBeForThisCertificate(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	other := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Rand: pkitest.Seeded(44)})
	now := authority.OCSPOptions{Time: pkitest.Time.Add(-time.Hour)}
	make := func(by *authority.CA, leaf *x509.Certificate, o authority.OCSPOptions) []byte {
		der, err := by.OCSP(leaf, authority.StatusGood, o)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	responder := func(o authority.Options, edit func(*x509.Certificate)) *authority.Responder {
		o.CommonName, o.NotBefore, o.Rand, o.Key = "Responder", pkitest.Time.Add(-time.Hour), pkitest.Seeded(12), lesson.KeyECDSA("ocsp")
		r, err := l.Intermediate.NewResponder(o)
		if err != nil {
			t.Fatal(err)
		}
		if edit != nil {
			c := *r.Cert
			c.SignatureAlgorithm = 0
			edit(&c)
			cert, err := authority.CreateCertificate(nil, &c, l.Intermediate.Cert, r.Key.Public(), l.Intermediate.Key)
			if err != nil {
				t.Fatal(err)
			}
			r.Cert = cert
		}
		return r
	}
	by := func(r *authority.Responder) authority.OCSPOptions {
		return authority.OCSPOptions{Time: now.Time, Responder: r}
	}
	flipped := make(l.Intermediate, l.Leaf.Leaf, now)
	flipped[len(flipped)-1] ^= 1

	self := responder(authority.Options{}, nil)
	forged := *self.Cert
	forged.SignatureAlgorithm = 0
	byRoot, err := authority.CreateCertificate(nil, &forged, l.Root.Cert, self.Key.Public(), l.Root.Key)
	if err != nil {
		t.Fatal(err)
	}

	for name, tc := range map[string]struct {
		der  []byte
		want string // the field refused; "" for accepted
	}{
		"by the issuer":                 {make(l.Intermediate, l.Leaf.Leaf, now), ""},
		"by a delegated responder":      {make(l.Intermediate, l.Leaf.Leaf, by(self)), ""},
		"another serial":                {make(l.Intermediate, other.Leaf.Leaf, now), "cert_id"},
		"another issuer":                {make(l.Root, l.Leaf.Leaf, now), "cert_id"},
		"signature flipped":             {flipped, "signature"},
		"from the future":               {make(l.Intermediate, l.Leaf.Leaf, authority.OCSPOptions{Time: pkitest.Time.Add(time.Hour)}), "this_update"},
		"responder without OCSPSigning": {make(l.Intermediate, l.Leaf.Leaf, by(responder(authority.Options{}, func(c *x509.Certificate) { c.ExtKeyUsage = nil }))), "responder"},
		"responder expired": {make(l.Intermediate, l.Leaf.Leaf, by(responder(authority.Options{}, func(c *x509.Certificate) {
			c.NotAfter = pkitest.Time.Add(-time.Minute)
		}))), "responder"},
		"responder of another authority": {make(l.Intermediate, l.Leaf.Leaf, by(&authority.Responder{Cert: byRoot, Key: self.Key})), "responder"},
		"not DER":                        {[]byte("good"), "response"},
		"an error":                       {[]byte{0x30, 3, 0x0a, 1, 3}, "response_status"},
	} {
		_, err := pki.InnerCheckStaple(tc.der, l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time)
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tc.want != "" && (err == nil || err.Field != "certificate_status."+tc.want):
			t.Errorf("%s: refused as %v, want %s", name, err, tc.want)
		}
	}
	if !bytes.Equal(make(l.Intermediate, l.Leaf.Leaf, now), make(l.Intermediate, l.Leaf.Leaf, now)) {
		t.Error("the same answer has other bytes")
	}
}

// A root's certificate is in no Certificate message, so a response that it signs brings
// it; an intermediate's is, and need not travel twice.
func TestResponseOfARootBringsItsCertificate(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	for name, tc := range map[string]struct {
		by   *authority.CA
		leaf *x509.Certificate
		want int
	}{"root": {l.Root, l.Intermediate.Cert, 1}, "intermediate": {l.Intermediate, l.Leaf.Leaf, 0}} {
		der, err := tc.by.OCSP(tc.leaf, authority.StatusGood, authority.OCSPOptions{Time: pkitest.Time})
		if err != nil {
			t.Fatal(err)
		}
		basic, bad := pki.ParseOCSP(der)
		if bad != nil || len(basic.Certs) != tc.want || tc.want == 1 && !bytes.Equal(basic.Certs[0].FullBytes, tc.by.Cert.Raw) {
			t.Errorf("%s: %d certificates in the response, %v", name, len(basic.Certs), bad)
		}
		if _, refused := pki.InnerCheckStaple(der, tc.leaf, tc.by.Cert, pkitest.Time); refused != nil {
			t.Errorf("%s: %v", name, refused)
		}
	}
}

func FuzzStaple(f *testing.F) {
	l := pkitest.Lesson(f, lesson.Options{KeyAlg: "ecdsa"})
	for _, status := range []authority.Status{authority.StatusGood, authority.StatusRevoked, authority.StatusUnknown, authority.StatusStale} {
		der, err := l.Intermediate.OCSP(l.Leaf.Leaf, status, authority.OCSPOptions{Time: pkitest.Time.Add(-time.Hour)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	good, err := l.Intermediate.OCSP(l.Leaf.Leaf, authority.StatusGood, authority.OCSPOptions{Time: pkitest.Time.Add(-time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	want, bad := pki.ParseOCSP(good)
	if bad != nil {
		f.Fatal(bad)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		st, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time)
		if refused == nil && !bytes.Equal(st.TBS(), want.TBS.Raw) {
			t.Fatalf("accepted what the issuer did not sign: %x", der)
		}
	})
}

// TestRevocationReason: why a certificate was revoked stands in the response, here x/crypto's,
// and is shown by RFC 5280's name (§5.3.1); of a response that gives none nothing is said.
func TestRevocationReason(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	now := time.Now()
	for number, want := range map[int]string{
		ocsp.Unspecified: "", ocsp.KeyCompromise: "keyCompromise", ocsp.CACompromise: "cACompromise", ocsp.AffiliationChanged: "affiliationChanged",
		ocsp.Superseded: "superseded", ocsp.CessationOfOperation: "cessationOfOperation", ocsp.CertificateHold: "certificateHold", 7: "7",
		ocsp.RemoveFromCRL: "removeFromCRL", ocsp.PrivilegeWithdrawn: "privilegeWithdrawn", ocsp.AACompromise: "aACompromise",
	} {
		der, err := ocsp.CreateResponse(l.Intermediate.Cert, l.Intermediate.Cert, ocsp.Response{
			Status: ocsp.Revoked, SerialNumber: l.Leaf.Leaf.SerialNumber, RevocationReason: number,
			ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour), RevokedAt: now.Add(-time.Hour),
		}, l.Intermediate.Key)
		if err != nil {
			t.Fatal(err)
		}
		st, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, time.Now())
		if refused == nil || refused.Reason != reason.CertificateRevoked || st.RevokedFor() != want || strings.Contains(refused.Error(), "for the reason "+want) != (want != "") {
			t.Errorf("%d: %v, %v, want %q", number, st, refused, want)
		}
	}
	check := checkOf(t, pkitest.Judge(t, pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa", Staple: "revoked"}), true), pki.CheckStaple, 0)
	if check.Input(pki.InRevokedFor) != "keyCompromise" {
		t.Errorf("%v", check.Inputs)
	}
}
