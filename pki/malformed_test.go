package pki_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/pkitest"
	"tlslab/pki/lesson"
)

// reencoded is the DER of a certificate whose fields were edited; the signature is not made
// anew, for what cannot be parsed has none to look at.
func reencoded(t testing.TB, b []byte, edit func(*rawTBS)) []byte {
	t.Helper()
	var raw rawCertificate
	if err := der.Unmarshal(b, &raw); err != nil {
		t.Fatal(err)
	}
	edit(&raw.TBS)
	out, err := asn1.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Whatever cannot be parsed is told as a field and a rule; where the bytes as a whole are
// at odds, the byte too.
func TestUnparsableCertificatesAreExplained(t *testing.T) {
	der := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Chain[0]
	edit := func(f func(*rawTBS)) []byte { return reencoded(t, der, f) }
	add := func(e ...pkix.Extension) []byte {
		return edit(func(r *rawTBS) { r.Extensions = append(r.Extensions, e...) })
	}
	replace := func(id asn1.ObjectIdentifier, value ...byte) []byte {
		return edit(func(r *rawTBS) {
			for i := range r.Extensions {
				if r.Extensions[i].Id.Equal(id) {
					r.Extensions[i].Value = value
				}
			}
		})
	}
	for name, tc := range map[string]struct {
		der   []byte
		cause string
		off   int
	}{
		"nothing":              {nil, pki.CauseNotDER, 0},
		"text":                 {[]byte("no certificate"), pki.CauseNotDER, 0},
		"PEM":                  {pki.EncodeCert(der), pki.CauseNotDER, 0},
		"indefinite length":    {[]byte{0x30, 0x80, 0, 0}, pki.CauseNotDER, 0},
		"half of it":           {der[:len(der)/2], pki.CauseCutShort, len(der) / 2},
		"all but the last":     {der[:len(der)-1], pki.CauseCutShort, len(der) - 1},
		"a byte more":          {append(bytes.Clone(der), 0), pki.CauseTrailing, len(der)},
		"two in one":           {append(bytes.Clone(der), der...), pki.CauseTrailing, len(der)},
		"negative serial":      {edit(func(r *rawTBS) { r.Serial = big.NewInt(-5) }), "serial_number", -1},
		"other algorithm":      {edit(func(r *rawTBS) { r.Algorithm = asn1.RawValue{FullBytes: []byte{0x30, 5, 6, 3, 0x2b, 0x65, 0x70}} }), "signature", -1},
		"version 9":            {edit(func(r *rawTBS) { r.Version = 8 }), "version", -1},
		"a date of words":      {edit(func(r *rawTBS) { r.Validity.NotAfter = generalizedTime("tomorrow") }), "validity", 111},
		"AKI critical":         {add(ext(asn1.ObjectIdentifier{2, 5, 29, 14}, true, 4, 1, 1)), "criticality", -1},
		"an extension twice":   {add(ext(asn1.ObjectIdentifier{1, 2, 3}, false, 5, 0), ext(asn1.ObjectIdentifier{1, 2, 3}, false, 5, 0)), "duplicate", -1},
		"a policy twice":       {add(ext(asn1.ObjectIdentifier{2, 5, 29, 32}, false, 0x30, 12, 0x30, 4, 6, 2, 0x2a, 3, 0x30, 4, 6, 2, 0x2a, 3)), "certificate_policies", -1},
		"a name of UTF-8":      {replace(pki.OidSubjectAltName, 0x30, 4, 0x82, 2, 0xc3, 0xa4), "alternative_name", 341},
		"an IP of three bytes": {replace(pki.OidSubjectAltName, 0x30, 5, 0x87, 3, 1, 2, 3), "alternative_name", -1},
		"no names":             {replace(pki.OidSubjectAltName, 5, 0), "alternative_name", 337},
		"basic constraints":    {replace(oidBasicConstraints, 5, 0), "constraint", 293},
		"a point off the curve": {edit(func(r *rawTBS) {
			k := bytes.Clone(r.SPKI.FullBytes)
			k[len(k)-1] ^= 1
			r.SPKI = asn1.RawValue{FullBytes: k}
		}), "subject_public_key_info", -1},
		"key usage": {replace(pki.OidKeyUsage, 5, 0), "key_usage", 256},
	} {
		c, err := pki.ParseCertificate(tc.der)
		var e *reason.Error
		if c != nil || !errors.As(err, &e) || e.Reason != reason.CertificateMalformed {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if pki.Cause(e) != tc.cause || e.Off != tc.off || e.Want == nil || strings.Contains(err.Error(), "x509:") {
			t.Errorf("%s: %v; want cause %s, byte %d", name, err, tc.cause, tc.off)
		}
	}
}

// Of every prefix, and of every byte changed, it is said what is wrong, and never by a
// panic.
func TestUnparsableIsAlwaysTold(t *testing.T) {
	der := pkitest.Lesson(t, lesson.Options{KeyAlg: "ecdsa"}).Chain[0]
	told := func(b []byte) {
		c, err := pki.ParseCertificate(b)
		var e *reason.Error
		if (c == nil) != (err != nil) || err != nil && (!errors.As(err, &e) || !strings.HasPrefix(e.Field, "certificate")) {
			t.Fatalf("%x: %v", b, err)
		}
	}
	for i := range der {
		told(der[:i])
		for _, x := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(der)
			b[i] ^= x
			told(b)
		}
	}
}
