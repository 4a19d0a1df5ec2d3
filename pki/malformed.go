package pki

import (
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// What crypto/x509 does not parse it refuses in one line, which says neither where nor what
// to do. Here it becomes a *reason.Error of CertificateMalformed: the field in RFC 5280's
// names, the byte where it can be told, the rule, and a Cause under which narrate says what
// to do.

// ParseCertificate is x509.ParseCertificate; what cannot be parsed is explained.
func ParseCertificate(b []byte) (*x509.Certificate, error) {
	c, err := parseCertificate(b)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func parseCertificate(b []byte) (*x509.Certificate, *reason.Error) {
	c, err := x509.ParseCertificate(b)
	if err != nil {
		return nil, malformed(b, err)
	}
	return c, nil
}

// CertificateError is a certificate of a file that cannot be parsed.
type CertificateError struct {
	File string // "" if the text came from no file
	N    int    // which of its certificates, from 1; 0 if it is about the file, or the PEM block on Line
	Line int    // of its BEGIN line; 0 if the file is DER
	Err  *reason.Error
}

// Error says which certificate, and what is wrong with it.
func (e *CertificateError) Error() string {
	var parts []string
	if e.N > 0 {
		parts = append(parts, fmt.Sprintf("certificate %d", e.N))
	}
	if e.Line > 0 {
		parts = append(parts, fmt.Sprintf("line %d", e.Line))
	}
	s := e.Err.Error()
	if len(parts) > 0 {
		s = strings.Join(parts, ", ") + ": " + s
	}
	if e.File != "" {
		s = e.File + ": " + s
	}
	return s
}

func (e *CertificateError) Unwrap() error { return e.Err }

// The causes of CertificateMalformed that are about the bytes as a whole.
const (
	CauseNotDER   = "not_der"   // they do not begin as a certificate does
	CauseCutShort = "cut_short" // the certificate says that it is longer
	CauseTrailing = "trailing"  // bytes behind its end

	CauseOtherContent = "other_content" // they are whole, and hold something else: if not said otherwise below
	CauseIsRequest    = "is_request"
	CauseIsCRL        = "is_crl"
	CauseIsKey        = "is_key"
	CauseIsPKCS12     = "is_pkcs12"
	CauseIsBundle     = "is_bundle"
)

// causesOfContents are the contents for which there is something to do.
var causesOfContents = map[*reason.Phrase]string{
	&requestName: CauseIsRequest, &revocationListName: CauseIsCRL, &privateKeyName: CauseIsKey, &encryptedKeyName: CauseIsKey,
	&pkcs12Name: CauseIsPKCS12, &cmsName: CauseIsBundle,
}

// ContentCause is the cause of a PEM block of this label where certificates are wanted; "" if there is
// no more to say than that it holds none.
func ContentCause(label string) string {
	switch {
	case strings.HasSuffix(label, "CERTIFICATE REQUEST"):
		return CauseIsRequest
	case label == "X509 CRL":
		return CauseIsCRL
	case strings.HasSuffix(label, labelPrivateKey):
		return CauseIsKey
	case label == labelPKCS12:
		return CauseIsPKCS12
	}
	return ""
}

// malformed explains why b is no certificate; err is crypto/x509's. What it cannot parse is
// as a rule no DER either, and then the byte is named.
func malformed(b []byte, err error) *reason.Error {
	e := &reason.Error{Reason: reason.CertificateMalformed, Ref: "RFC 5280 §4.1", Off: -1, Err: err}
	if whole(b, e) {
		return e
	}
	if other := otherContent(b); other != nil {
		return other
	}
	if bad := der.Certificate(b); bad != nil {
		return &reason.Error{Reason: reason.CertificateMalformed, Ref: bad.Ref, Field: "certificate." + bad.Field, Off: bad.Off, Want: bad.Want, Got: bad.Got}
	}
	text := strings.TrimPrefix(err.Error(), "x509: ")
	for _, row := range parseFaults {
		if strings.Contains(text, row.says) {
			e.Ref, e.Field, e.Want, e.Got, e.Err = row.ref, "certificate."+row.field, row.rule, foreign.Sentence(text), nil
			return e
		}
	}
	e.Field = "certificate"
	return e
}

// otherContent explains that b is something else than a certificate. It returns nil if b is
// a certificate, or is not one of contents.
func otherContent(b []byte) *reason.Error {
	is := contentOf(b)
	if is == nil || is == &certificateName {
		return nil
	}
	field := "certificate." + CauseOtherContent
	if cause := causesOfContents[is]; cause != "" {
		field += "." + cause
	}
	return reason.New(reason.CertificateMalformed, "RFC 5280 §4.1", field, certificateName, *is)
}

// whole fills e if the outermost length is at odds with the bytes that are there.
func whole(b []byte, e *reason.Error) bool {
	size, ok := announced(b)
	switch {
	case !ok:
		e.Field, e.Off = "certificate."+CauseNotDER, 0
		e.Want, e.Got = reason.Say("a SEQUENCE, which begins with the byte 30 and a length"), fmt.Sprintf("% x", b[:min(len(b), 8)])
	case size > len(b):
		e.Field, e.Off = "certificate."+CauseCutShort, len(b)
		e.Want, e.Got = reason.Say("%d bytes, as its length says", size), strconv.Itoa(len(b))
	case size < len(b):
		e.Field, e.Off = "certificate."+CauseTrailing, size
		e.Want, e.Got = reason.Say("%d bytes, as its length says", size), strconv.Itoa(len(b))
	default:
		return false
	}
	e.Err = nil
	return true
}

// announced is how long the SEQUENCE that b begins with says it is, with its header.
func announced(b []byte) (size int, ok bool) {
	if len(b) < 2 || b[0] != 0x30 {
		return 0, false
	}
	if b[1] < 0x80 {
		return 2 + int(b[1]), true
	}
	n := int(b[1] & 0x7f)
	if n == 0 || n > 3 || len(b) < 2+n { // no certificate is 16 MiB long; 80 is BER's "until the end"
		return 0, false
	}
	for _, octet := range b[2 : 2+n] {
		size = size<<8 | int(octet)
	}
	return size + 2 + n, true
}

// parseFaults are what crypto/x509 says, the longer and more special first: the field that
// it is about, of which the last part is the Cause, and the rule that is broken.
var parseFaults = []struct {
	says, field, ref string
	rule             reason.Phrase
}{
	{"negative serial number", "tbs_certificate.serial_number", "RFC 5280 §4.1.2.2", reason.Say("a serial number that is positive")},
	{"malformed serial number", "tbs_certificate.serial_number", "RFC 5280 §4.1.2.2", reason.Say("an INTEGER in as few bytes as it takes")},
	{"inner and outer signature algorithm", "tbs_certificate.signature", "RFC 5280 §4.1.1.2", reason.Say("the same algorithm inside and outside of what is signed")},
	{"invalid version", "tbs_certificate.version", "RFC 5280 §4.1.2.1", reason.Say("version 1, 2 or 3")},
	{"malformed version", "tbs_certificate.version", "RFC 5280 §4.1.2.1", reason.Say("version 1, 2 or 3")},
	{"time format", "tbs_certificate.validity", "RFC 5280 §4.1.2.5", reason.Say("UTCTime or GeneralizedTime")},
	{"malformed UTCTime", "tbs_certificate.validity", "RFC 5280 §4.1.2.5.1", reason.Say("a date as YYMMDDHHMMSSZ")},
	{"malformed GeneralizedTime", "tbs_certificate.validity", "RFC 5280 §4.1.2.5.2", reason.Say("a date as YYYYMMDDHHMMSSZ")},
	{"malformed validity", "tbs_certificate.validity", "RFC 5280 §4.1.2.5", reason.Say("two dates")},
	{"marked critical", "tbs_certificate.extensions.criticality", "RFC 5280 §4.2", reason.Say("this extension not marked critical")},
	{"duplicate extension", "tbs_certificate.extensions.duplicate", "RFC 5280 §4.2", reason.Say("each extension once")},
	{"SAN ", "tbs_certificate.extensions.alternative_name", "RFC 5280 §4.2.1.6", reason.Say("names of ASCII characters")},
	{"cannot parse URI", "tbs_certificate.extensions.alternative_name", "RFC 5280 §4.2.1.6", reason.Say("a URI")},
	{"cannot parse IP address", "tbs_certificate.extensions.alternative_name", "RFC 5280 §4.2.1.6", reason.Say("an IP address of 4 or 16 bytes")},
	{"subject alternative name", "tbs_certificate.extensions.alternative_name", "RFC 5280 §4.2.1.6", reason.Say("a list of names")},
	// What else can be wrong with policies, pki/der finds.
	{"invalid certificate policies", "tbs_certificate.extensions.certificate_policies", "RFC 5280 §4.2.1.4", reason.Say("each policy once")},
	{"onstraint", "tbs_certificate.extensions.constraint", "RFC 5280 §4.2", reason.Say("constraints as RFC 5280 §4.2.1.9 to §4.2.1.11 write them")},
	{"unsupported elliptic curve", "tbs_certificate.subject_public_key_info", "RFC 5480 §2.1.1", reason.Say("one of the curves P-224, P-256, P-384 and P-521")},
	{"RSA", "tbs_certificate.subject_public_key_info", "RFC 3279 §2.3.1", reason.Say("an RSA key of two positive numbers")},
	{"DSA", "tbs_certificate.subject_public_key_info", "RFC 3279 §2.3", reason.Say("a key of its algorithm")},
	{"25519", "tbs_certificate.subject_public_key_info", "RFC 8410 §3", reason.Say("a key of 32 bytes without parameters")},
	{"public key", "tbs_certificate.subject_public_key_info", "RFC 3279 §2.3", reason.Say("a key of its algorithm")},
	{"point", "tbs_certificate.subject_public_key_info", "RFC 5480 §2.2", reason.Say("a point on its curve")},
	{"spki", "tbs_certificate.subject_public_key_info", "RFC 5280 §4.1.2.7", reason.Say("an algorithm and a key")},
	{"SubjectPublicKeyInfo", "tbs_certificate.subject_public_key_info", "RFC 5280 §4.1.2.7", reason.Say("an algorithm and a key")},
	{"subjectPublicKey", "tbs_certificate.subject_public_key_info", "RFC 5280 §4.1.2.7", reason.Say("an algorithm and a key")},
	{"issuer", "tbs_certificate.issuer", "RFC 5280 §4.1.2.4", reason.Say("a name")},
	{"RDNSequence", "tbs_certificate.name", "RFC 5280 §4.1.2.4", reason.Say("names of attributes that can be read")},
	{"extension", "tbs_certificate.extensions.encoding", "RFC 5280 §4.2", reason.Say("extensions that can be read")},
	{"invalid ", "tbs_certificate.extensions.encoding", "RFC 5280 §4.2", reason.Say("extensions that can be read")},
	{"signature algorithm", "signature_algorithm", "RFC 5280 §4.1.1.2", reason.Say("an object identifier and parameters")},
	{"malformed signature", "signature_value", "RFC 5280 §4.1.1.3", reason.Say("a BIT STRING")},
}
