package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	xocsp "golang.org/x/crypto/ocsp"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/ocsp"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// response is an OCSP response put together field by field and signed.
type response struct {
	by       *authority.Responder
	sent     bool // the responder's certificate goes along
	a        algid.Algorithm
	produced time.Time
	single   []ocsp.Single
	edit     func(*ocsp.Basic)
}

func (o response) marshal(t testing.TB) []byte {
	t.Helper()
	data := ocsp.Data{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: ocsp.ByName, IsCompound: true, Bytes: o.by.Cert.RawSubject},
		ProducedAt: o.produced, Responses: o.single,
	}
	var err error
	if data.Raw, err = asn1.Marshal(data); err != nil {
		t.Fatal(err)
	}
	basic := ocsp.Basic{TBS: data}
	if o.edit != nil {
		o.edit(&basic)
	}
	if basic.Algorithm, err = o.a.Identifier(); err != nil {
		t.Fatal(err)
	}
	signature, err := o.a.Sign(pkitest.Seeded(1), o.by.Key, basic.TBS.Raw)
	if err != nil {
		t.Fatal(err)
	}
	basic.Signature = algid.BitString(signature)
	if o.sent {
		basic.Certs = []asn1.RawValue{{FullBytes: o.by.Cert.Raw}}
	}
	inner, err := asn1.Marshal(basic)
	if err != nil {
		t.Fatal(err)
	}
	der, err := asn1.Marshal(ocsp.Response{Bytes: ocsp.ResponseBytes{Type: ocsp.OIDBasic, Response: inner}})
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// answers are the parts that a response about a lesson's leaf can be made of.
func answers(t testing.TB, l *lesson.Lesson) (issuer *authority.Responder, single func(authority.Status, time.Time) ocsp.Single) {
	t.Helper()
	return &authority.Responder{Cert: l.Intermediate.Cert, Key: l.Intermediate.Key}, func(status authority.Status, at time.Time) ocsp.Single {
		der, err := l.Intermediate.OCSP(l.Leaf.Leaf, status, authority.OCSPOptions{Time: at})
		if err != nil {
			t.Fatal(err)
		}
		basic, bad := pki.ParseOCSP(der)
		if bad != nil {
			t.Fatal(bad)
		}
		return basic.TBS.Responses[0]
	}
}

func TestOCSPVerdicts(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "rsa"})
	other := pkitest.Lesson(t, lesson.Options{KeyAlg: "rsa", Rand: pkitest.Seeded(44)})
	issuer, single := answers(t, l)
	_, others := answers(t, other)
	sha256, sha1 := algid.Named(x509.SHA256WithRSA), algid.Named(x509.SHA1WithRSA)
	at := pkitest.Time.Add(-time.Hour)
	good, revoked, unknown, stale := single(authority.StatusGood, at), single(authority.StatusRevoked, at), single(authority.StatusUnknown, at), single(authority.StatusStale, at)
	staleRevoked := stale
	staleRevoked.Status = revoked.Status
	critical := good
	critical.Extensions = []pkix.Extension{ext(oidNobodyKnows, true, 5, 0)}

	delegate := func(edit func(*x509.Certificate)) *authority.Responder {
		r, err := l.Intermediate.NewResponder(authority.Options{CommonName: "Responder", NotBefore: at, Rand: pkitest.Seeded(12), Key: lesson.KeyOf("rsa", "ocsp")})
		if err != nil {
			t.Fatal(err)
		}
		c := *r.Cert
		c.SignatureAlgorithm = 0
		edit(&c)
		if r.Cert, err = authority.CreateCertificate(nil, &c, l.Intermediate.Cert, r.Key.Public(), l.Intermediate.Key); err != nil {
			t.Fatal(err)
		}
		return r
	}
	nothing := func(*x509.Certificate) {}
	all := func(s ...ocsp.Single) []ocsp.Single { return s }

	for name, tc := range map[string]struct {
		o      response
		reason reason.Reason
		field  string
		says   string
		status string // shown
	}{
		"good": {response{issuer, false, sha256, at, all(good), nil}, reason.None, "", "", "good"},
		"SHA-1": {response{issuer, false, sha1, at, all(good), nil},
			reason.BadStatusResponse, "signature_algorithm", "our policy", "good"},
		"by a responder": {response{delegate(nothing), true, sha256, at, all(good), nil}, reason.None, "", "", "good"},
		"by a responder, SHA-1": {response{delegate(nothing), true, sha1, at, all(good), nil},
			reason.BadStatusResponse, "signature_algorithm", "RFC 6960 §4.3", "good"},
		"by a responder certified over SHA-1": {response{delegate(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA1WithRSA }), true, sha256, at, all(good), nil},
			reason.BadStatusResponse, "responder", "SHA1-RSA", "good"},
		"by a responder that may not sign": {response{delegate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), true, sha256, at, all(good), nil},
			reason.BadStatusResponse, "responder", "digitalSignature", "good"},
		"by a responder with a critical extension": {response{delegate(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{ext(oidNobodyKnows, true, 5, 0)}
		}), true, sha256, at, all(good), nil}, reason.BadStatusResponse, "responder", "critical", "good"},
		"good and revoked":          {response{issuer, false, sha256, at, all(good, revoked), nil}, reason.CertificateRevoked, "cert_status", "revoked", "revoked"},
		"revoked and good":          {response{issuer, false, sha256, at, all(revoked, good), nil}, reason.CertificateRevoked, "cert_status", "revoked", "revoked"},
		"good and unknown":          {response{issuer, false, sha256, at, all(good, unknown), nil}, reason.BadStatusResponse, "cert_status", "unknown", "unknown"},
		"unknown, good and revoked": {response{issuer, false, sha256, at, all(unknown, good, revoked), nil}, reason.CertificateRevoked, "cert_status", "revoked", "revoked"},
		"good and stale":            {response{issuer, false, sha256, at, all(good, stale), nil}, reason.BadStatusResponse, "next_update", "fresh until", "good"},
		"good and long revoked":     {response{issuer, false, sha256, at, all(good, staleRevoked), nil}, reason.CertificateRevoked, "cert_status", "revoked", "revoked"},
		"good, another revoked":     {response{issuer, false, sha256, at, all(others(authority.StatusRevoked, at), good), nil}, reason.None, "", "", "good"},
		"only of another":           {response{issuer, false, sha256, at, all(others(authority.StatusGood, at)), nil}, reason.BadStatusResponse, "cert_id", "", ""},
		"critical in the second":    {response{issuer, false, sha256, at, all(good, critical), nil}, reason.BadStatusResponse, "extensions", oidNobodyKnows.String(), "good"},
		"signed tomorrow":           {response{issuer, false, sha256, day(1), all(good), nil}, reason.BadStatusResponse, "produced_at", "producedAt", "good"},
		"signed before it was known": {response{issuer, false, sha256, day(-2), all(good), nil},
			reason.BadStatusResponse, "produced_at", "or later", "good"},
		"signed before it was known, this minute":    {response{issuer, false, sha256, pkitest.Time, all(single(authority.StatusGood, pkitest.Time.Add(59*time.Second))), nil}, reason.BadStatusResponse, "this_update", "known", "good"},
		"signed in the minute in which it was known": {response{issuer, false, sha256, at.Truncate(time.Minute), all(single(authority.StatusGood, at.Truncate(time.Minute).Add(59*time.Second))), nil}, reason.None, "", "", "good"},
		"signed in the minute before":                {response{issuer, false, sha256, at.Truncate(time.Minute).Add(-time.Second), all(single(authority.StatusGood, at.Truncate(time.Minute).Add(59*time.Second))), nil}, reason.BadStatusResponse, "produced_at", "or later", "good"},
		"signed this second":                         {response{issuer, false, sha256, pkitest.Time, all(good), nil}, reason.None, "", "", "good"},
	} {
		l.Staple = tc.o.marshal(t)
		r := pkitest.Judge(t, l, true)
		silent := pkitest.Judge(t, l, false)
		if reason.Of(pkitest.ErrOf(r)) != tc.reason || fmt.Sprint(pkitest.ErrOf(r)) != fmt.Sprint(pkitest.ErrOf(silent)) {
			t.Errorf("%s: %v, silent %v", name, r.Err, silent.Err)
			continue
		}
		if r.Err != nil && (r.Err.Field != "certificate_status."+tc.field || !strings.Contains(r.Err.Error(), tc.says)) {
			t.Errorf("%s: %v", name, r.Err)
		}
		if got := checkOf(t, r, pki.CheckStaple, 0).Input(pki.InStatus); tc.status != "" && got != tc.status && (tc.reason == reason.None || tc.field == "cert_status") {
			t.Errorf("%s is shown as %v", name, got)
		}
	}
}

// What a responder answers instead of a status has a name (RFC 6960 §4.2.1), the same that x/crypto
// reads in it.
func TestResponderErrorsAreNamed(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	for code, want := range map[byte]string{1: "malformedRequest", 2: "internalError", 3: "tryLater", 5: "sigRequired", 6: "unauthorized", 4: "no status", 9: "no status"} {
		der := []byte{0x30, 3, 0x0a, 1, code}
		_, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time)
		if refused == nil || !strings.Contains(refused.Error(), want) || refused.Field != "certificate_status.response_status" {
			t.Errorf("%d: %v", code, refused)
		}
		var foreign xocsp.ResponseError
		if _, err := xocsp.ParseResponse(der, nil); err != nil {
			foreign, _ = err.(xocsp.ResponseError)
		}
		if byte(foreign.Status) != code {
			t.Errorf("x/crypto reads %v", foreign)
		}
	}
	if _, refused := pki.InnerCheckStaple([]byte{0x30, 3, 0x0a, 1, 0}, l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time); refused == nil {
		t.Error("successful, and nothing with it")
	}
}

// Encodings of a response that encoding/asn1 takes: refused with the byte, though properly signed.
func TestOCSPEncodings(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	issuer, single := answers(t, l)
	at := pkitest.Time.Add(-time.Hour)
	whole := response{issuer, false, algid.Default(issuer.Key.Public()), at, []ocsp.Single{single(authority.StatusGood, at)}, nil}
	now := at.UTC().Format("20060102150405")
	// in replaces bytes of the signed data by as many: the lengths around stay right.
	in := func(old, by string) func(*ocsp.Basic) {
		return func(b *ocsp.Basic) {
			if n := bytes.Count(b.TBS.Raw, []byte(old)); n == 0 || len(old) != len(by) {
				t.Fatalf("%q occurs %d times", old, n)
			}
			b.TBS.Raw = bytes.Replace(b.TBS.Raw, []byte(old), []byte(by), 1)
		}
	}
	grown := func(change func([]asn1.RawValue) []asn1.RawValue) func(*ocsp.Basic) {
		return func(b *ocsp.Basic) {
			var fields []asn1.RawValue
			if err := der.Unmarshal(b.TBS.Raw, &fields); err != nil {
				t.Fatal(err)
			}
			var err error
			if b.TBS.Raw, err = asn1.Marshal(change(fields)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		edit  func(*ocsp.Basic)
		field string
	}{
		"the version written": {grown(func(f []asn1.RawValue) []asn1.RawValue {
			return slices.Insert(f, 0, full(0xa0, 3, 2, 1, 0))
		}), "version"},
		"bytes after the fields": {grown(func(f []asn1.RawValue) []asn1.RawValue { return append(f, full(5, 0)) }), "tbs_response_data"},
		"a fraction": {grown(func(f []asn1.RawValue) []asn1.RawValue {
			f[1] = full(append([]byte{0x18, 17}, now+".5Z"...)...)
			return f
		}), "produced_at"},
		"an offset": {grown(func(f []asn1.RawValue) []asn1.RawValue {
			f[1] = full(append([]byte{0x18, 19}, now+"+0000"...)...)
			return f
		}), "produced_at"},
		"a fraction for seconds": {in(now+"Z", now[:12]+".5Z"), "produced_at"},
		"good with content":      {in("\x80\x00\x18", "\x80\x01\x18"), ""},
	} {
		o := whole
		o.edit = tc.edit
		der := o.marshal(t)
		_, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time)
		if refused == nil || refused.Reason != reason.BadStatusResponse || refused.Off < 4 || refused.Off >= len(der) || !strings.Contains(refused.Field, tc.field) {
			t.Errorf("%s: %v", name, refused)
		}
	}
	if _, refused := pki.InnerCheckStaple(whole.marshal(t), l.Leaf.Leaf, l.Intermediate.Cert, pkitest.Time); refused != nil {
		t.Error(refused)
	}
}

// OpenSSL's responder writes nothing that we refuse.
func TestOCSPMadeByOpenSSL(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	dir := t.TempDir()
	leaf, issuer := writeFile(t, dir, "leaf.pem", pki.EncodeCert(l.Leaf.Leaf.Raw)), writeFile(t, dir, "issuer.pem", pki.EncodeCert(l.Intermediate.Cert.Raw))
	key := filepath.Join(dir, "key.pem")
	if err := authority.WriteKey(key, l.Intermediate.Key, authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	serial := strings.ToUpper(l.Leaf.Leaf.SerialNumber.Text(16))
	if len(serial)%2 == 1 {
		serial = "0" + serial
	}
	for state, want := range map[string]reason.Reason{"V\t360101000000Z\t": reason.None, "R\t360101000000Z\t250101000000Z,keyCompromise": reason.CertificateRevoked} {
		index := writeFile(t, dir, "index.txt", []byte(state+"\t"+serial+"\tunknown\t/CN=leaf\n"))
		out := filepath.Join(dir, "response.der")
		if said, err := openssl(t, "ocsp", "-index", index, "-CA", issuer, "-rsigner", issuer, "-rkey", key, "-issuer", issuer, "-cert", leaf,
			"-ndays", "7", "-noverify", "-no_nonce", "-respout", out); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		der := mustRead(t, out)
		if _, refused := pki.InnerCheckStaple(der, l.Leaf.Leaf, l.Intermediate.Cert, time.Now()); (refused == nil) != (want == reason.None) || refused != nil && refused.Reason != want {
			t.Errorf("%q: %v", state, refused)
		}
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
