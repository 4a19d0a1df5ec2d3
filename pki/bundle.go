package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// Certificates in a bundle, as CAs and Windows hand them out (.p7b, .p7c): a SignedData of PKCS #7,
// RFC 5652 §5.1, that nobody signed and that signs nothing. What else such a message holds (content,
// signers, revocation lists) is not looked at, and no signature of it is checked: like a file of PEM,
// a bundle is only a way to carry certificates.

// The causes of CertificateMalformed that are about a bundle.
const (
	CauseNotSignedData  = "not_signed_data" // a CMS message of another kind: encrypted, say
	CauseEmptyBundle    = "empty_bundle"    // it carries no certificate
	CauseBundleEncoding = "bundle_encoding" // it is not DER
)

var oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

// bundled returns the certificates of a bundle as DER, in the order in which they stand there. That order
// says nothing: they are a SET (§10.2.3), which DER sorts by its bytes.
func bundled(b []byte) ([][]byte, *reason.Error) {
	unread := func(got reason.Phrase) *reason.Error {
		return reason.New(reason.CertificateMalformed, "RFC 5652 §5.1", "content_info."+CauseBundleEncoding, reason.Say("a SignedData in DER"), got)
	}
	info, ok := elementsOf(b)
	if !ok || len(info) != 2 || !startsWith(info, asn1.TagOID) || !isContext(info[1], 0) {
		return nil, unread(reason.Say("no ContentInfo that can be read"))
	}
	var kind asn1.ObjectIdentifier
	if der.Unmarshal(info[0].FullBytes, &kind) != nil || !kind.Equal(oidSignedData) {
		return nil, reason.New(reason.CertificateMalformed, "RFC 5652 §3", "content_info."+CauseNotSignedData,
			reason.Say("a SignedData (%s)", oidSignedData.String()), oidString(info[0].Bytes))
	}
	signed, ok := elementsOf(info[1].Bytes)
	if !ok || !startsWith(signed, asn1.TagInteger, asn1.TagSet, asn1.TagSequence) {
		return nil, unread(reason.Say("no SignedData that can be read"))
	}
	var held []byte
	rest := signed[3:]
	for tag := range 2 { // certificates, and revocation lists
		if len(rest) > 0 && isContext(rest[0], tag) {
			if tag == 0 {
				held = rest[0].Bytes
			}
			rest = rest[1:]
		}
	}
	if len(rest) != 1 || !startsWith(rest, asn1.TagSet) { // the signers
		return nil, unread(reason.Say("no SignedData that can be read"))
	}
	var certs [][]byte
	for rest := held; len(rest) > 0; {
		var e asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &e); err != nil {
			return nil, unread(reason.Say("certificates that cannot be told apart"))
		}
		if e.Class == asn1.ClassUniversal { // the others are attribute certificates, and certify no key
			certs = append(certs, e.FullBytes)
		}
	}
	if len(certs) == 0 {
		return nil, reason.New(reason.CertificateMalformed, "RFC 5652 §5.1", "content_info."+CauseEmptyBundle, reason.Say("certificates"), reason.Say("none"))
	}
	return certs, nil
}

func isContext(e asn1.RawValue, tag int) bool {
	return e.Class == asn1.ClassContextSpecific && e.Tag == tag && e.IsCompound
}

// LeafError is a bundle of which nobody can say which certificate is the leaf.
type LeafError struct {
	File       string              // "" if the text came from no file
	Candidates []*x509.Certificate // which it may be; none if each has issued another
}

// Error says which it may be.
func (e *LeafError) Error() string {
	s := e.File
	if s != "" {
		s += ": "
	}
	if len(e.Candidates) == 0 {
		return s + "every certificate of the bundle has issued another, so none is a leaf; name the leaf in a file of its own"
	}
	s += "a bundle has no order, and its leaf may be "
	for i, c := range e.Candidates {
		if i > 0 {
			s += " or "
		}
		s += string(quoted(c.Subject))
	}
	return s + "; name the leaf in a file of its own"
}

// LeafOf returns the index of the leaf among certificates in no order: the one that issued none of the
// others. If several issued none, it is the only one of them that is no CA's. Else the error is a
// *LeafError.
func LeafOf(certs []*x509.Certificate) (int, error) {
	issuers := make(map[string]bool, len(certs))
	for _, c := range certs {
		if subject, issuer := nameForm(c.RawSubject), nameForm(c.RawIssuer); issuer != subject {
			issuers[issuer] = true
		}
	}
	var last, ends []int // last issued none; of these, ends are no CA's
	for i, c := range certs {
		if issuers[nameForm(c.RawSubject)] || holds(certs[:i], c) {
			continue
		}
		last = append(last, i)
		if !c.IsCA {
			ends = append(ends, i)
		}
	}
	switch {
	case len(last) == 1:
		return last[0], nil
	case len(ends) == 1:
		return ends[0], nil
	}
	e := &LeafError{}
	for _, i := range last {
		e.Candidates = append(e.Candidates, certs[i])
	}
	return 0, e
}

// LeafFirst puts certificate leaf first and leaves the others as they are.
func LeafFirst(certs []*x509.Certificate, leaf int) []*x509.Certificate {
	return slices.Concat(certs[leaf:leaf+1], certs[:leaf], certs[leaf+1:])
}
