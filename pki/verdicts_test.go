package pki_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// resigned is a lesson's chain with the leaf's to-be-signed fields changed, and signed again by
// the intermediate: nothing is wrong with it but the change.
func resigned(t *testing.T, l *lesson.Lesson, change func([]asn1.RawValue) []asn1.RawValue) []*x509.Certificate {
	t.Helper()
	var doc algid.Signed
	if err := der.Unmarshal(l.Leaf.Leaf.Raw, &doc); err != nil {
		t.Fatal(err)
	}
	var fields []asn1.RawValue
	if err := der.Unmarshal(doc.TBS.FullBytes, &fields); err != nil {
		t.Fatal(err)
	}
	tbs, err := asn1.Marshal(change(fields))
	if err != nil {
		t.Fatal(err)
	}
	a := algid.From(doc.Algorithm)
	signature, err := a.Sign(pkitest.Seeded(1), l.Intermediate.Key, tbs)
	if err != nil {
		t.Fatal(err)
	}
	doc.TBS, doc.Signature = asn1.RawValue{FullBytes: tbs}, algid.BitString(signature)
	der, err := asn1.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	return []*x509.Certificate{mustCert(t, leaf, err), l.Intermediate.Cert}
}

func full(b ...byte) asn1.RawValue { return asn1.RawValue{FullBytes: b} }

// Encodings that crypto/x509 takes, on a certificate that is properly signed: refused, and the
// byte is named. (pki/der has the rules one by one.)
func TestEncodingsThatCryptoX509Takes(t *testing.T) {
	l := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"})
	validity := func(before string) func([]asn1.RawValue) []asn1.RawValue {
		return func(f []asn1.RawValue) []asn1.RawValue {
			after, _ := asn1.Marshal(l.Leaf.Leaf.NotAfter)
			inner := append(append([]byte{0x17, byte(len(before))}, before...), after...)
			f[4] = full(append([]byte{0x30, byte(len(inner))}, inner...)...)
			return f
		}
	}
	extension := func(e pkix.Extension, after ...byte) func([]asn1.RawValue) []asn1.RawValue {
		return func(f []asn1.RawValue) []asn1.RawValue {
			e.Value = append(e.Value, after...)
			der, err := asn1.Marshal([]pkix.Extension{e, {Id: pki.OidSubjectAltName, Value: append([]byte{0x30, 14, 0x82, 12}, l.Name...)}})
			if err != nil {
				t.Fatal(err)
			}
			wrapped, err := asn1.Marshal(asn1.RawValue{Class: 2, Tag: 3, IsCompound: true, Bytes: der})
			if err != nil {
				t.Fatal(err)
			}
			f[len(f)-1] = full(wrapped...)
			return f
		}
	}
	utc := l.Leaf.Leaf.NotBefore.UTC().Format("060102150405")
	for name, tc := range map[string]struct {
		change func([]asn1.RawValue) []asn1.RawValue
		field  string // "" is accepted
	}{
		"unchanged": {func(f []asn1.RawValue) []asn1.RawValue { return f }, ""},
		"bytes after the fields": {func(f []asn1.RawValue) []asn1.RawValue { return append(f, full(5, 0)) },
			"tbs_certificate"},
		"no seconds":        {validity(utc[:10] + "Z"), "tbs_certificate.validity.not_before.utc_time"},
		"an offset":         {validity(utc + "+0100"), "tbs_certificate.validity.not_before.utc_time"},
		"no usage":          {extension(pkix.Extension{Id: oidExtKeyUsage, Value: []byte{0x30, 0}}), "tbs_certificate.extensions[0].ext_key_usage"},
		"no policy":         {extension(pkix.Extension{Id: pki.OidCertificatePolicies, Value: []byte{0x30, 0}}), "tbs_certificate.extensions[0].certificate_policies"},
		"no mapping":        {extension(pkix.Extension{Id: oidPolicyMappings, Value: []byte{0x30, 0}}), "tbs_certificate.extensions[0].policy_mappings"},
		"no access":         {extension(pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, Value: []byte{0x30, 0}}), "tbs_certificate.extensions[0].authority_info_access"},
		"a default written": {extension(pkix.Extension{Id: oidBasicConstraints, Value: []byte{0x30, 3, 1, 1, 0}}), "tbs_certificate.extensions[0].basic_constraints.ca"},
		"bytes after a key usage": {extension(pkix.Extension{Id: pki.OidKeyUsage, Value: []byte{3, 2, 7, 0x80}}, 5, 0),
			"tbs_certificate.extensions[0].key_usage"},
		"bytes after basic constraints": {extension(pkix.Extension{Id: oidBasicConstraints, Value: []byte{0x30, 0}}, 5, 0),
			"tbs_certificate.extensions[0].basic_constraints"},
		"bytes in an RSA key": {func(f []asn1.RawValue) []asn1.RawValue {
			f[6] = rsaKey(t, lesson.KeyOf("rsa", "leaf").(*rsa.PrivateKey).N, big.NewInt(65537), 5, 0)
			return f
		}, "tbs_certificate.subject_public_key_info.subject_public_key"},
	} {
		chain := resigned(t, l, tc.change)
		ours, std := bothVerdicts(chain, l.Roots.All(), l.Name, pki.ServerAuth)
		if std != nil {
			t.Errorf("%s: crypto/x509 refuses it too: %v", name, std)
		}
		r := judged(t, chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name})
		if fmt.Sprint(ours) != fmt.Sprint(pkitest.ErrOf(r)) {
			t.Errorf("%s: silent %v, explained %v", name, ours, r.Err)
		}
		switch {
		case tc.field == "" && ours != nil:
			t.Errorf("%s: %v", name, ours)
		case tc.field != "" && (reason.Of(ours) != reason.CertificateMalformed || r.Err.Field != "certificate[0]."+tc.field || r.Err.Off < 4):
			t.Errorf("%s: %v", name, ours)
		}

		// What the cache remembers of a signature must not let the bytes pass.
		cache := new(pki.SignatureCache)
		for range 2 {
			if _, err := pki.Verify(chain, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name, Time: pkitest.Time, Signatures: cache}); fmt.Sprint(err) != fmt.Sprint(ours) {
				t.Errorf("%s: with a cache %v, without %v", name, err, ours)
			}
		}
		// Installed as an anchor it is no better.
		if _, err := pki.Verify(chain[:1], pki.VerifyOptions{Roots: pki.NewTrustStore(chain[0]), ServerName: l.Name, Time: pkitest.Time}); fmt.Sprint(err) != fmt.Sprint(ours) {
			t.Errorf("%s: installed %v", name, err)
		}
	}
}

// Every one and every two bits of keyUsage, as a server's and as a client's: the verdict is that of
// openssl verify -purpose. The key is RSA's, which can do all that is asked for: OpenSSL does not
// look at its kind, and we do (TestKeyUsageByKind).
func TestKeyUsageAgreesWithOpenSSL(t *testing.T) {
	var sets []x509.KeyUsage
	for a := x509.KeyUsageDigitalSignature; a <= x509.KeyUsageDecipherOnly; a <<= 1 {
		sets = append(sets, a)
		for b := a << 1; b <= x509.KeyUsageDecipherOnly; b <<= 1 {
			sets = append(sets, a|b)
		}
	}
	dir := t.TempDir()
	var roots string
	for n, usage := range sets {
		w := newWorld("rsa", 0)
		w.leaf().KeyUsage, w.leaf().ExtKeyUsage = usage, nil
		w.leaf().IsCA = usage&x509.KeyUsageCertSign != 0 // keyCertSign without it contradicts itself
		if err := w.sign(); err != nil {
			t.Fatal(err)
		}
		if roots == "" {
			roots = writeFile(t, dir, "root.pem", pki.EncodeCert(w.root().Raw))
		}
		file := writeFile(t, dir, fmt.Sprintf("%d.pem", n), pki.EncodeCert(w.leaf().Raw))
		for purpose, of := range map[string]pki.Usage{"sslserver": pki.ServerAuth, "sslclient": pki.ClientAuth} {
			out, foreign := openssl(t, "verify", "-purpose", purpose, "-attime", attime, "-no-CApath", "-no-CAstore", "-CAfile", roots, file)
			r := judged(t, []*x509.Certificate{w.leaf()}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Usage: of})
			if (foreign == nil) != r.OK {
				t.Errorf("%v, %s: ours %v, openssl %s", pki.KeyUsageNames(usage), purpose, r.Err, out)
			}
			check := checkOf(t, r, pki.CheckKeyUsage, 0)
			if !r.OK && (reason.Of(pkitest.ErrOf(r)) != reason.CertificateUsage || check.OK) {
				t.Errorf("%v, %s: %v", pki.KeyUsageNames(usage), purpose, r.Err)
			}
		}
	}
}

// Each row cites a section for each role. What RFC 5280 §6.1.4 says, it says of issuers.
func TestSectionsByRole(t *testing.T) {
	w := newWorld("ecdsa", 2)
	w.certs[1].MaxPathLen = 3
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	r := judged(t, w.certs[:3], pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), ServerName: "www.lab.test"})
	if !r.OK {
		t.Fatal(r.Err)
	}
	for _, c := range r.Paths[0].Checks {
		if leaf := c.Cert == 0; leaf && strings.Contains(c.Ref, "§6.1.4") || !leaf && strings.Contains(c.Ref, "§6.1.5") {
			t.Errorf("%s of certificate %d cites %s", c.Key, c.Cert, c.Ref)
		}
	}
}

// What a leaf and its key must be good for is said by the TLS that is spoken: by RFC 9846 in
// TLS 1.3, by RFC 5246 in TLS 1.2, at one place for servers and at another for clients.
func TestSectionsByVersion(t *testing.T) {
	w := newWorld("ecdsa", 1)
	if err := w.sign(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		version iana.Version
		of      pki.Usage
		want    string
	}{
		{iana.TLS13, pki.ServerAuth, "RFC 9846 §4.5.1.2"}, {iana.TLS13, pki.ClientAuth, "RFC 9846 §4.5.1.2"},
		{iana.TLS12, pki.ServerAuth, "RFC 5246 §7.4.2"}, {iana.TLS12, pki.ClientAuth, "RFC 5246 §7.4.6"},
		{0, pki.ServerAuth, "RFC 5246 §7.4.2"}, {0, pki.ClientAuth, "RFC 5246 §7.4.6"},
	} {
		r := judged(t, []*x509.Certificate{w.leaf()}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root()), Usage: tc.of, Version: tc.version})
		for key, want := range map[pki.CheckKey]string{pki.CheckKeyUsage: "RFC 5280 §4.2.1.3, " + tc.want, pki.CheckPublicKey: tc.want + ", RFC 8017 §3.1, RFC 9325 §4.5"} {
			if got := checkOf(t, r, key, 0).Ref; got != want {
				t.Errorf("%v, usage %v: %s of the leaf cites %s, want %s", tc.version, tc.of, key, got, want)
			}
		}
	}
}

// A critical certificatePolicies must be understood to the last qualifier (RFC 5280 §4.2.1.4).
func TestCriticalPolicyQualifiers(t *testing.T) {
	policies := func(qualifier []byte, id asn1.ObjectIdentifier) []byte {
		type info struct {
			ID    asn1.ObjectIdentifier
			Value asn1.RawValue
		}
		der, err := asn1.Marshal([]struct {
			Policy     asn1.ObjectIdentifier
			Qualifiers []info
		}{{asn1.ObjectIdentifier{1, 2, 3, 4}, []info{{id, full(qualifier...)}}}})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	cps := append([]byte{0x16, 15}, "http://cps.test"...)
	notice := append([]byte{0x30, 8, 0x0c, 6}, "notice"...)
	bmp := []byte{0x30, 6, 0x1e, 4, 0x4e, 0x2d, 0x65, 0x87} // 中文
	other := asn1.ObjectIdentifier{1, 2, 3, 5}
	for name, tc := range map[string]struct {
		value    []byte
		critical bool
		ok       bool
		shown    string
	}{
		"CPS":                  {policies(cps, pki.OidCPS), true, true, "http://cps.test"},
		"notice":               {policies(notice, pki.OidUserNotice), true, true, "notice"},
		"Chinese notice":       {policies(bmp, pki.OidUserNotice), true, true, "中文"},
		"another":              {policies(cps, other), true, false, "1.2.3.5"},
		"another, uncritical":  {policies(cps, other), false, true, ""},
		"a policy beyond Go's": {[]byte{0x30, 14, 0x30, 12, 6, 10, 0x2a, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, true, false, ""},
	} {
		w := newWorld("ecdsa", 0)
		w.leaf().ExtraExtensions = []pkix.Extension{ext(pki.OidCertificatePolicies, tc.critical, tc.value...)}
		if err := w.sign(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		r := judged(t, []*x509.Certificate{w.leaf()}, pki.VerifyOptions{Roots: pki.NewTrustStore(w.root())})
		check := checkOf(t, r, pki.CheckCriticalExtension, 0)
		if r.OK != tc.ok || check.OK != tc.ok {
			t.Errorf("%s: %v", name, r.Err)
		}
		if !tc.ok && pki.Cause(r.Err) != pki.CauseQualifier { // of a policy that is missing there is other advice
			t.Errorf("%s: the cause is %q", name, pki.Cause(r.Err))
		}
		shown, _ := check.Input(pki.InQualifiers).([]string)
		if strings.Join(shown, " ") != tc.shown {
			t.Errorf("%s is shown as %q", name, shown)
		}
	}
}

// What crypto/x509 cannot parse stays refused, and the byte is named.
func TestUnparsableNamesTheByte(t *testing.T) {
	good := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Leaf.Leaf.Raw
	cut := good[:len(good)-3]
	long := slices.Concat([]byte{0x30, 0x83, 0}, good[2:]) // its length in one byte more
	date := bytes.Replace(good, []byte{0x17, 13}, []byte{0x17, 14}, 1)
	for name, b := range map[string][]byte{"cut": cut, "long": long, "date": date, "none": nil, "text": []byte("certificate")} {
		if _, err := x509.ParseCertificate(b); err == nil {
			t.Errorf("%s: crypto/x509 takes it", name)
		}
		_, err := pki.ParseCached(b)
		var bad *reason.Error
		if !errors.As(err, &bad) || bad.Off > len(b) || !strings.Contains(err.Error(), "at byte") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
