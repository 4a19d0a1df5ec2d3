package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"

	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// rawCertificate and rawTBS are a certificate with each field as it is encoded, to make
// what crypto/x509 will not.
type rawCertificate struct {
	TBS       rawTBS
	Algorithm asn1.RawValue
	Signature asn1.BitString
}

type rawTBS struct {
	Version    int `asn1:"optional,explicit,default:0,tag:0"`
	Serial     *big.Int
	Algorithm  asn1.RawValue
	Issuer     asn1.RawValue
	Validity   struct{ NotBefore, NotAfter asn1.RawValue }
	Subject    asn1.RawValue
	SPKI       asn1.RawValue
	IssuerUID  asn1.BitString   `asn1:"optional,tag:1"`
	SubjectUID asn1.BitString   `asn1:"optional,tag:2"`
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:3"`
}

// edited is c with its fields edited, signed anew by a lesson key.
func edited(t *testing.T, c *x509.Certificate, alg, signer string, edit func(*rawTBS)) *x509.Certificate {
	t.Helper()
	var raw rawCertificate
	if err := der.Unmarshal(c.Raw, &raw); err != nil {
		t.Fatal(err)
	}
	edit(&raw.TBS)
	tbs, err := asn1.Marshal(raw.TBS)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := algid.Of(c).Sign(nil, lesson.KeyOf(alg, signer), tbs)
	if err != nil {
		t.Fatal(err)
	}
	raw.Signature = algid.BitString(signature)
	der, err := asn1.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var (
	oidSubjectKeyID   = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidAuthorityKeyID = asn1.ObjectIdentifier{2, 5, 29, 35}
)

func generalizedTime(text string) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagGeneralizedTime, Bytes: []byte(text)}
}

// noteKeys are the notes of an explained report's only path, "cert key".
func noteKeys(t *testing.T, certs []*x509.Certificate, o pki.VerifyOptions) (keys []string, ok bool) {
	t.Helper()
	o.Roots, o.Time, o.Explain = pki.NewTrustStore(certs[len(certs)-1]), pkitest.Time, true
	r, _ := pki.Verify(certs[:len(certs)-1], o)
	if len(r.Paths) != 1 {
		t.Fatalf("%d paths: %v", len(r.Paths), r.Err)
	}
	for _, n := range r.Paths[0].Notes {
		if n.Ref == "" || n.Got == "" || !slices.Contains(pki.NoteKeys(), n.Key) {
			t.Errorf("%+v", n)
		}
		keys = append(keys, string(rune('0'+n.Cert))+" "+string(n.Key)+" "+n.Got)
	}
	return keys, r.OK
}

// Whatever rule for issuers is broken, the certificate is accepted and it is said.
// The values are RFC 5280's.
func TestIssuersRulesBecomeNotes(t *testing.T) {
	nc := func(critical bool) pkix.Extension { // permitted: DNS lab.test
		return ext(pki.OidNameConstraints, critical, 0x30, 0x0e, 0xa0, 0x0c, 0x30, 0x0a, 0x82, 0x08, 'l', 'a', 'b', '.', 't', 'e', 's', 't')
	}
	setCritical := func(id asn1.ObjectIdentifier, critical bool) func(*rawTBS) {
		return func(raw *rawTBS) {
			for i := range raw.Extensions {
				if raw.Extensions[i].Id.Equal(id) {
					raw.Extensions[i].Critical = critical
				}
			}
		}
	}
	drop := func(id asn1.ObjectIdentifier) func(*rawTBS) {
		return func(raw *rawTBS) {
			raw.Extensions = slices.DeleteFunc(raw.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
		}
	}
	oid := func(s ...int) asn1.ObjectIdentifier { return s }
	for name, tc := range map[string]struct {
		template func(*world)  // before signing
		leaf     func(*rawTBS) // edits of what is signed
		ca       func(*rawTBS)
		want     []string
	}{
		"a good chain":         {},
		"serial zero":          {leaf: func(r *rawTBS) { r.Serial = big.NewInt(0) }, want: []string{"0 serial_not_positive 0"}},
		"serial of 20 octets":  {leaf: func(r *rawTBS) { r.Serial = new(big.Int).Lsh(big.NewInt(1), 158) }},
		"serial of 21 octets":  {leaf: func(r *rawTBS) { r.Serial = new(big.Int).Lsh(big.NewInt(1), 159) }, want: []string{"0 serial_too_long 21"}},
		"GeneralizedTime 2049": {leaf: func(r *rawTBS) { r.Validity.NotAfter = generalizedTime("20491231235959Z") }, want: []string{"0 validity_encoding GeneralizedTime 20491231235959Z"}},
		"GeneralizedTime 2050": {leaf: func(r *rawTBS) { r.Validity.NotAfter = generalizedTime("20500101000000Z") }},
		"unique identifiers": {leaf: func(r *rawTBS) { r.IssuerUID, r.SubjectUID = algid.BitString([]byte{1}), algid.BitString([]byte{2}) },
			want: []string{"0 unique_identifier issuerUniqueID, subjectUniqueID"}},
		"no AKI": {leaf: drop(oidAuthorityKeyID), want: []string{"0 no_authority_key_identifier none"}},
		"another AKI": {leaf: func(r *rawTBS) {
			for i := range r.Extensions {
				if r.Extensions[i].Id.Equal(oidAuthorityKeyID) {
					r.Extensions[i].Value = []byte{0x30, 3, 0x80, 1, 0xab}
				}
			}
		}, want: []string{"0 key_identifiers_differ ab"}},
		"AKI of another certificate":              {leaf: authorityCertIs(t, 9), want: []string{"0 no_authority_key_identifier none", "0 key_identifiers_differ authorityCertSerialNumber 03f2"}},
		"AKI of the issuer's certificate":         {leaf: authorityCertIs(t, 0), want: []string{"0 no_authority_key_identifier none"}},
		"no SKI":                                  {ca: drop(oidSubjectKeyID), want: []string{"1 no_subject_key_identifier none"}},
		"CA without keyUsage":                     {ca: drop(pki.OidKeyUsage), want: []string{"1 no_key_usage none"}},
		"CA without keyUsage, with a path length": {template: func(w *world) { w.certs[1].MaxPathLen = 3 }, ca: drop(pki.OidKeyUsage), want: []string{"1 no_key_usage none"}},
		"keyUsage":                                {ca: setCritical(pki.OidKeyUsage, false), want: []string{"1 not_critical keyUsage"}},
		"basicConstraints":                        {ca: setCritical(oid(2, 5, 29, 19), false), want: []string{"1 not_critical basicConstraints"}},
		"of a leaf":                               {leaf: setCritical(oid(2, 5, 29, 19), false)},
		"SAN critical":                            {leaf: setCritical(pki.OidSubjectAltName, true), want: []string{"0 critical subjectAltName"}},
		"nameConstraints":                         {template: func(w *world) { w.certs[1].ExtraExtensions = []pkix.Extension{nc(false)} }, want: []string{"1 not_critical nameConstraints"}},
		"critical ones":                           {template: func(w *world) { w.certs[1].ExtraExtensions = []pkix.Extension{nc(true)} }},
		"nameConstraints in a leaf": {template: func(w *world) { w.leaf().ExtraExtensions = []pkix.Extension{nc(true)} },
			want: []string{"0 name_constraints nameConstraints"}},
		"policyConstraints": {template: func(w *world) {
			w.certs[1].ExtraExtensions = []pkix.Extension{ext(oid(2, 5, 29, 36), false, 0x30, 3, 0x80, 1, 9)}
		},
			want: []string{"1 not_critical policyConstraints"}},
		"inhibitAnyPolicy": {template: func(w *world) { w.certs[1].ExtraExtensions = []pkix.Extension{ext(oid(2, 5, 29, 54), false, 2, 1, 9)} },
			want: []string{"1 not_critical inhibitAnyPolicy"}},
		"a name with an underscore": {template: func(w *world) { w.leaf().DNSNames = []string{"*.lab.test", "a_b.lab.test"} }, want: []string{"0 name_syntax a_b.lab.test"}},
		"an absolute name":          {template: func(w *world) { w.leaf().DNSNames = []string{"lab.test."} }, want: []string{"0 name_syntax lab.test."}},
		"an empty name":             {template: func(w *world) { w.leaf().DNSNames = []string{"www.lab.test", "", "a_b.lab.test"} }, want: []string{`0 name_syntax ""`}},
		"a label of 64":             {template: func(w *world) { w.leaf().DNSNames = []string{strings.Repeat("a", 64) + ".test"} }, want: []string{"0 name_syntax " + strings.Repeat("a", 64) + ".test"}},
		"a label of 63": {template: func(w *world) {
			w.leaf().DNSNames = []string{strings.Repeat("a", 63) + ".test", "1.test", "xn--fiqs8s.test"}
		}},
	} {
		w := newWorld("ecdsa", 1)
		if tc.template != nil {
			tc.template(w)
		}
		for i := range w.certs {
			w.certs[i].AuthorityKeyId = nil
		}
		if err := w.sign(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if tc.leaf != nil {
			w.certs[0] = edited(t, w.certs[0], "ecdsa", w.signer[1], tc.leaf)
		}
		if tc.ca != nil {
			w.certs[1] = edited(t, w.certs[1], "ecdsa", w.signer[2], tc.ca)
		}
		got, ok := noteKeys(t, w.certs, pki.VerifyOptions{})
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
		if !ok {
			t.Errorf("%s: refused: a note decides nothing", name)
		}
	}
}

// authorityCertIs writes an authorityKeyIdentifier that names the issuer's certificate of a world by
// whoever issued it and by its serial number, to which so many are added.
func authorityCertIs(t *testing.T, add int64) func(*rawTBS) {
	return func(r *rawTBS) {
		w := newWorld("ecdsa", 1)
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		serial := new(big.Int).Add(w.certs[1].SerialNumber, big.NewInt(add))
		value, err := asn1.Marshal(struct {
			Issuer []asn1.RawValue `asn1:"tag:1"`
			Serial *big.Int        `asn1:"tag:2"`
		}{[]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: w.certs[1].RawIssuer}}, serial})
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Extensions {
			if r.Extensions[i].Id.Equal(oidAuthorityKeyID) {
				r.Extensions[i].Value = value
			}
		}
	}
}

// What we issue ourselves breaks no rule, whatever is wrong with it otherwise.
func TestLessonsHaveNoNotes(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		l := pkitest.Lesson(t, lesson.Options{KeyAlg: alg, Staple: "good"})
		chain, err := pki.Certificates(l.Chain)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := noteKeys(t, append(chain, l.Root.Cert), pki.VerifyOptions{Staple: l.Staple}); len(got) > 0 || !ok {
			t.Errorf("%s: %q, accepted %v", alg, got, ok)
		}
	}
}

// A self-issued certificate that another key signed has an issuer to be found.
func TestSelfIssuedNeedsAnAuthorityKeyID(t *testing.T) {
	w := newWorld("ecdsa", 2)
	w.certs[1].Subject = w.certs[2].Subject
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	w.certs[1] = edited(t, w.certs[1], "ecdsa", w.signer[2], func(r *rawTBS) {
		r.Extensions = slices.DeleteFunc(r.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidAuthorityKeyID) })
	})
	if got, _ := noteKeys(t, w.certs, pki.VerifyOptions{}); !slices.Equal(got, []string{"1 no_authority_key_identifier none"}) {
		t.Errorf("%q", got)
	}
}
