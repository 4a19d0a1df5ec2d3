package pki

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tlslab/handshake/iana"
)

// Note is a remark about a certificate that decides nothing. Most rules of RFC 5280 bind
// those who issue certificates, and those who believe certificates must be content with
// less. So a certificate that breaks such a rule is accepted, and a note says so. If the
// breach makes a certificate contradict itself, the rule is in the row CheckProfile.
type Note struct {
	Key     NoteKey // one of NoteKeys
	Cert    int     // index in Path.Certs
	Subject string
	Ref     string // where the rule is written
	Got     string // what breaks it: the serial, the name, the extension; may be the certificate's own text
}

// NoteKey names a remark about a certificate: narrate's key.
type NoteKey string

// The keys of notes.
const (
	NoteSerialNotPositive    NoteKey = "serial_not_positive"
	NoteSerialTooLong        NoteKey = "serial_too_long"
	NoteValidityEncoding     NoteKey = "validity_encoding"
	NoteUniqueIdentifier     NoteKey = "unique_identifier"
	NoteNoAuthorityKeyID     NoteKey = "no_authority_key_identifier"
	NoteNoSubjectKeyID       NoteKey = "no_subject_key_identifier"
	NoteKeyIDsDiffer         NoteKey = "key_identifiers_differ"
	NoteNoKeyUsage           NoteKey = "no_key_usage"
	NoteNotCritical          NoteKey = "not_critical"     // an extension that issuers are to mark critical is not
	NoteCritical             NoteKey = "critical"         // and the other way round
	NoteNameSyntax           NoteKey = "name_syntax"      // a dNSName that is not in the preferred name syntax
	NotePathLength           NoteKey = "path_length_vain" // pathLenConstraint without keyCertSign
	NoteNoPolicyConstraint   NoteKey = "policy_constraints_empty"
	NoteNameConstraintsLeaf  NoteKey = "name_constraints"  // on a certificate that is not a CA
	NoteMustStaple           NoteKey = "must_staple"       // a staple is promised, and nobody asked for one
	NoteMustStapleSuperseded NoteKey = "must_staple_multi" // status_request_v2 is promised, which is gone
)

// NoteKeys lists them all.
func NoteKeys() []NoteKey {
	keys := []NoteKey{NoteMustStaple, NoteMustStapleSuperseded, NoteNotCritical, NoteCritical}
	for _, row := range issuerRules {
		keys = append(keys, row.key)
	}
	return keys
}

// issuerRule is one row: broken returns what breaks it, "" if it is kept. above is the
// issuer's certificate, nil at the top of a path.
type issuerRule struct {
	key    NoteKey
	ref    string
	broken func(c, above *x509.Certificate) string
}

var issuerRules = []issuerRule{
	{NoteSerialNotPositive, "RFC 5280 §4.1.2.2", func(c, _ *x509.Certificate) string {
		if c.SerialNumber.Sign() > 0 {
			return ""
		}
		return c.SerialNumber.String()
	}},
	{NoteSerialTooLong, "RFC 5280 §4.1.2.2", func(c, _ *x509.Certificate) string {
		if n := len(tbsOf(c).serial); n > maxSerialOctets {
			return fmt.Sprintf("%d", n)
		}
		return ""
	}},
	{NoteValidityEncoding, "RFC 5280 §4.1.2.5", brokenValidityEncoding},
	{NoteUniqueIdentifier, "RFC 5280 §4.1.2.8", func(c, _ *x509.Certificate) string { return strings.Join(tbsOf(c).uniqueIDs, ", ") }},
	{NoteNoAuthorityKeyID, "RFC 5280 §4.2.1.1", brokenAuthorityKeyID},
	{NoteNoSubjectKeyID, "RFC 5280 §4.2.1.2", func(c, _ *x509.Certificate) string {
		return when(isV3CA(c) && len(c.SubjectKeyId) == 0, "none")
	}},
	{NoteKeyIDsDiffer, "RFC 5280 §4.2.1.1, §4.2.1.2", brokenKeyIDs},
	{NoteNoKeyUsage, "RFC 5280 §4.2.1.3", func(c, _ *x509.Certificate) string {
		_, present := extension(c, oidKeyUsage)
		return when(isV3CA(c) && !present, "none")
	}},
	{NoteNameSyntax, "RFC 5280 §4.2.1.6", brokenNames},
	{NotePathLength, "RFC 5280 §4.2.1.9", func(c, _ *x509.Certificate) string {
		if !c.BasicConstraintsValid || !c.IsCA || c.MaxPathLen < 0 || c.KeyUsage&x509.KeyUsageCertSign != 0 {
			return ""
		}
		if _, present := extension(c, oidKeyUsage); !present {
			return "" // such a key may sign certificates, and the length counts; NoteNoKeyUsage says what is missing
		}
		return fmt.Sprintf("%d", c.MaxPathLen)
	}},
	{NoteNoPolicyConstraint, "RFC 5280 §4.2.1.11", func(c, _ *x509.Certificate) string {
		return when(slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool {
			return e.Id.Equal(oidPolicyConstraints) && bytes.Equal(e.Value, emptyName)
		}), "policyConstraints")
	}},
	{NoteNameConstraintsLeaf, "RFC 5280 §4.2.1.10", func(c, _ *x509.Certificate) string {
		_, present := extension(c, oidNameConstraints)
		return when(present && !c.IsCA, "nameConstraints")
	}},
}

// maxSerialOctets is how long RFC 5280 §4.1.2.2 lets a serial number be.
const maxSerialOctets = 20

// criticality is how an issuer is to mark an extension, where RFC 5280 says so (MUST or
// SHOULD). The criticality of authorityKeyIdentifier, subjectKeyIdentifier and
// authorityInfoAccess needs no note, because crypto/x509 parses no certificate in which
// they are critical.
var criticality = []struct {
	id       asn1.ObjectIdentifier
	name     string
	critical bool
	ref      string
	on       func(*x509.Certificate) bool // nil: always
}{
	{oidKeyUsage, "keyUsage", true, "RFC 5280 §4.2.1.3", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 33}, "policyMappings", true, "RFC 5280 §4.2.1.5", nil},
	{oidSubjectAltName, "subjectAltName", false, "RFC 5280 §4.2.1.6", func(c *x509.Certificate) bool { return !bytes.Equal(c.RawSubject, emptyName) }},
	{asn1.ObjectIdentifier{2, 5, 29, 18}, "issuerAltName", false, "RFC 5280 §4.2.1.7", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 9}, "subjectDirectoryAttributes", false, "RFC 5280 §4.2.1.8", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 19}, "basicConstraints", true, "RFC 5280 §4.2.1.9", func(c *x509.Certificate) bool { return c.IsCA }},
	{oidNameConstraints, "nameConstraints", true, "RFC 5280 §4.2.1.10", nil},
	{oidPolicyConstraints, "policyConstraints", true, "RFC 5280 §4.2.1.11", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 37}, "extKeyUsage", false, "RFC 5280 §4.2.1.12", func(c *x509.Certificate) bool {
		return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny)
	}},
	{asn1.ObjectIdentifier{2, 5, 29, 31}, "cRLDistributionPoints", false, "RFC 5280 §4.2.1.13", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 54}, "inhibitAnyPolicy", true, "RFC 5280 §4.2.1.14", nil},
	{asn1.ObjectIdentifier{2, 5, 29, 46}, "freshestCRL", false, "RFC 5280 §4.2.1.15", nil},
	{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 11}, "subjectInfoAccess", false, "RFC 5280 §4.2.2.2", nil},
}

// notes are what there is to remark about certificate i.
func (j *judgement) notes(i int) []Note {
	c := j.certs[i]
	var notes []Note
	add := func(key NoteKey, ref, got string) {
		if got != "" {
			notes = append(notes, Note{Key: key, Cert: i, Subject: c.Subject.String(), Ref: ref, Got: got})
		}
	}
	var above *x509.Certificate
	if hasIssuer(j, i) {
		above = j.certs[i+1]
	}
	for _, row := range issuerRules {
		add(row.key, row.ref, row.broken(c, above))
	}
	for _, x := range criticality {
		critical, present := extension(c, x.id)
		if !present || critical == x.critical || x.on != nil && !x.on(c) {
			continue
		}
		key := NoteNotCritical
		if critical {
			key = NoteCritical
		}
		add(key, x.ref, x.name)
	}
	if i == 0 && len(j.o.Staple) == 0 {
		features, _ := TLSFeatures(c)
		if slices.Contains(features, iana.ExtStatusRequest) && !j.o.HeedMustStaple && !j.o.RequireStaple {
			add(NoteMustStaple, "RFC 7633 §4", iana.ExtStatusRequest.String())
		}
		if slices.Contains(features, iana.ExtStatusRequestV2) {
			add(NoteMustStapleSuperseded, "RFC 7633 §4, RFC 6961", iana.ExtStatusRequestV2.String())
		}
	}
	return notes
}

func when(broken bool, got string) string {
	if broken {
		return got
	}
	return ""
}

// isV3CA: a certificate of version 1 has no extensions, and nobody expects them.
func isV3CA(c *x509.Certificate) bool { return c.Version == 3 && c.BasicConstraintsValid && c.IsCA }

// brokenAuthorityKeyID: only a self-signed certificate may have no authorityKeyIdentifier.
func brokenAuthorityKeyID(c, above *x509.Certificate) string {
	if c.Version < 3 || len(c.AuthorityKeyId) > 0 {
		return ""
	}
	selfIssued := SameName(c.RawSubject, c.RawIssuer)
	if selfIssued && above == nil {
		return "" // an anchor: its signer need not be found
	}
	return when(!selfIssued || checkCert(c, PublicKey(c)) != nil, "none")
}

// brokenKeyIDs returns how c names its issuer's certificate, if that is not how the certificate above
// is called: by the key's identifier, or by issuer and serial number.
func brokenKeyIDs(c, above *x509.Certificate) string {
	if above == nil {
		return ""
	}
	if len(c.AuthorityKeyId) > 0 && len(above.SubjectKeyId) > 0 && !bytes.Equal(c.AuthorityKeyId, above.SubjectKeyId) {
		return fmt.Sprintf("%x", c.AuthorityKeyId)
	}
	if names, serial := authorityCert(c); len(serial) > 0 {
		issuer := nameForm(above.RawIssuer) // once: there may be thousands of names
		ofAbove := func(name []byte) bool { return nameForm(name) == issuer }
		if !bytes.Equal(serial, tbsOf(above).serial) || len(names) > 0 && !slices.ContainsFunc(names, ofAbove) {
			return fmt.Sprintf("authorityCertSerialNumber %x", serial)
		}
	}
	return ""
}

var (
	oidAuthorityKeyID    = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
)

// authorityCert reads authorityCertIssuer, as far as it is directory names, and the content octets of
// authorityCertSerialNumber.
func authorityCert(c *x509.Certificate) (names [][]byte, serial []byte) {
	at := slices.IndexFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidAuthorityKeyID) })
	if at < 0 {
		return nil, nil
	}
	id := cryptobyte.String(c.Extensions[at].Value)
	var general, number cryptobyte.String
	var named, numbered bool
	if !id.ReadASN1(&id, cbasn1.SEQUENCE) || !id.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific()) ||
		!id.ReadOptionalASN1(&general, &named, cbasn1.Tag(1).Constructed().ContextSpecific()) ||
		!id.ReadOptionalASN1(&number, &numbered, cbasn1.Tag(2).ContextSpecific()) {
		return nil, nil
	}
	for !general.Empty() {
		var name cryptobyte.String
		var tag cbasn1.Tag
		if !general.ReadAnyASN1(&name, &tag) {
			return nil, nil
		}
		if tag == cbasn1.Tag(4).Constructed().ContextSpecific() {
			names = append(names, name)
		}
	}
	return names, number
}

// brokenValidityEncoding: a date that UTCTime can express must be a UTCTime. (Its last year
// is 2049.)
func brokenValidityEncoding(c, _ *x509.Certificate) string {
	for _, t := range tbsOf(c).times {
		if t.tag == cbasn1.GeneralizedTime && t.year < 2050 {
			return "GeneralizedTime " + string(t.text)
		}
	}
	return ""
}

// brokenNames returns the first dNSName that is not in the preferred name syntax (RFC
// 1034 §3.5, RFC 1123 §2.1). A leftmost "*" stands in no RFC of that syntax; RFC 9525
// §6.3 gives it its meaning.
func brokenNames(c, _ *x509.Certificate) string {
	for _, name := range c.DNSNames {
		if !preferredName(strings.TrimPrefix(name, "*.")) {
			return cmp.Or(name, `""`)
		}
	}
	return ""
}

func preferredName(name string) bool {
	if !validHost(name) || strings.Contains(name, "_") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// tbsForm is what crypto/x509 does not keep of how a certificate is encoded.
type tbsForm struct {
	serial    []byte // the content octets
	times     [2]tbsTime
	uniqueIDs []string

	extensions bool // crypto/x509 passes over those of version 1 and 2
}

type tbsTime struct {
	tag  cbasn1.Tag
	text []byte
	year int
}

// tbsOf walks over the fields of TBSCertificate (RFC 5280 §4.1). What was parsed once has
// them all.
func tbsOf(c *x509.Certificate) (f tbsForm) {
	tbs := cryptobyte.String(c.RawTBSCertificate)
	var serial, validity cryptobyte.String
	if !tbs.ReadASN1(&tbs, cbasn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!tbs.ReadASN1(&serial, cbasn1.INTEGER) ||
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // signature
		!tbs.SkipASN1(cbasn1.SEQUENCE) || // issuer
		!tbs.ReadASN1(&validity, cbasn1.SEQUENCE) {
		return f
	}
	f.serial = serial
	for i, at := range [2]time.Time{c.NotBefore, c.NotAfter} {
		var text cryptobyte.String
		var tag cbasn1.Tag
		if !validity.ReadAnyASN1(&text, &tag) {
			return f
		}
		f.times[i] = tbsTime{tag, text, at.Year()}
	}
	for range 2 { // subject, subjectPublicKeyInfo
		if !tbs.SkipASN1(cbasn1.SEQUENCE) {
			return f
		}
	}
	for tag, name := range []string{1: "issuerUniqueID", 2: "subjectUniqueID"} {
		var id cryptobyte.String
		var present bool
		if tag > 0 && tbs.ReadOptionalASN1(&id, &present, cbasn1.Tag(tag).ContextSpecific()) && present {
			f.uniqueIDs = append(f.uniqueIDs, name)
		}
	}
	f.extensions = tbs.PeekASN1Tag(cbasn1.Tag(3).Constructed().ContextSpecific())
	return f
}
