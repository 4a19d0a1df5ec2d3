package pki

import (
	"encoding/asn1"

	"tlslab/handshake/reason"
	"tlslab/pki/der"
)

// What else a DER text may be than what was wanted. A user who gives a request where a
// certificate belongs is told so, and not which of its bytes does not fit a certificate.

// contents are recognized by the first elements of the outermost SEQUENCE; no two of them
// begin alike.
var contents = []struct {
	is   func(elements []asn1.RawValue) bool
	name *reason.Phrase
}{
	{isCertificate, &certificateName},
	{func(e []asn1.RawValue) bool { return startsWith(e, asn1.TagEnum) }, &ocspName}, // RFC 6960 §4.2.1
	{isRequest, &requestName},
	{isRevocationList, &revocationListName},
	{isPrivateKey, &privateKeyName},
	{func(e []asn1.RawValue) bool {
		return startsWith(e, asn1.TagSequence, asn1.TagOctetString) && namesAlgorithm(e[0])
	}, // RFC 5958 §3
		&encryptedKeyName},
	{func(e []asn1.RawValue) bool {
		return startsWith(e, asn1.TagSequence, asn1.TagBitString) && namesAlgorithm(e[0])
	}, // RFC 5280 §4.1.2.7
		&publicKeyName},
	{func(e []asn1.RawValue) bool {
		return startsWith(e, asn1.TagInteger, asn1.TagSequence) && number(e[0], 3) && namesAlgorithm(e[1])
	}, // RFC 7292 §4
		&pkcs12Name},
	{func(e []asn1.RawValue) bool {
		return startsWith(e, asn1.TagOID) && len(e) == 2 && e[1].Class == asn1.ClassContextSpecific
	}, // RFC 5652 §3
		&cmsName},
}

var (
	certificateName    = reason.Say("a certificate")
	ocspName           = reason.Say("an OCSP response")
	requestName        = reason.Say("a certificate signing request (PKCS #10)")
	revocationListName = reason.Say("a certificate revocation list (CRL)")
	privateKeyName     = reason.Say("a private key")
	encryptedKeyName   = reason.Say("an encrypted private key")
	publicKeyName      = reason.Say("a public key")
	pkcs12Name         = reason.Say("keys and certificates together (PKCS #12)")
	cmsName            = reason.Say("a message of PKCS #7 (CMS), which may hold certificates")
)

// contentOf returns what b as a whole holds. It returns nil if this is not one of contents.
func contentOf(b []byte) *reason.Phrase {
	if elements, ok := elementsOf(b); ok {
		for i := range contents {
			if contents[i].is(elements) {
				return contents[i].name
			}
		}
	}
	return nil
}

// elementsOf are the elements of a SEQUENCE that is all there is.
func elementsOf(b []byte) (elements []asn1.RawValue, ok bool) {
	var outer asn1.RawValue
	if der.Unmarshal(b, &outer) != nil || outer.Class != asn1.ClassUniversal || outer.Tag != asn1.TagSequence {
		return nil, false
	}
	for rest := outer.Bytes; len(rest) > 0; {
		var e asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &e); err != nil || len(elements) == maxElements {
			return nil, false
		}
		elements = append(elements, e)
	}
	return elements, true
}

// maxElements is more than any of contents has: a TBSCertificate has ten.
const maxElements = 16

// startsWith reports whether elements begin with these universal types.
func startsWith(elements []asn1.RawValue, tags ...int) bool {
	if len(elements) < len(tags) {
		return false
	}
	for i, tag := range tags {
		if elements[i].Class != asn1.ClassUniversal || elements[i].Tag != tag {
			return false
		}
	}
	return true
}

// signedPart are the elements of what a certificate, a request and a revocation list have
// signed: all three are that, an algorithm and a signature.
func signedPart(e []asn1.RawValue) []asn1.RawValue {
	if len(e) != 3 || !startsWith(e, asn1.TagSequence, asn1.TagSequence, asn1.TagBitString) {
		return nil
	}
	part, _ := elementsOf(e[0].FullBytes)
	return part
}

// isCertificate: a version but in v1, a serial number, and a SEQUENCE each of algorithm,
// issuer, validity, subject and key (RFC 5280 §4.1).
func isCertificate(e []asn1.RawValue) bool {
	tbs := signedPart(e)
	if len(tbs) > 0 && tbs[0].Class == asn1.ClassContextSpecific && tbs[0].Tag == 0 {
		tbs = tbs[1:]
	}
	return startsWith(tbs, asn1.TagInteger, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence, asn1.TagSequence)
}

// isRequest: version 0, subject, key, attributes (RFC 2986 §4.1).
func isRequest(e []asn1.RawValue) bool {
	info := signedPart(e)
	return startsWith(info, asn1.TagInteger, asn1.TagSequence, asn1.TagSequence) && number(info[0], 0) && len(info) <= 4
}

// isRevocationList: a version but in v1, algorithm, issuer, and a time (RFC 5280 §5.1).
func isRevocationList(e []asn1.RawValue) bool {
	list := signedPart(e)
	if startsWith(list, asn1.TagInteger) {
		list = list[1:]
	}
	return startsWith(list, asn1.TagSequence, asn1.TagSequence, asn1.TagUTCTime) || startsWith(list, asn1.TagSequence, asn1.TagSequence, asn1.TagGeneralizedTime)
}

// isPrivateKey: PKCS #8 (RFC 5958 §2), RSA's own form (RFC 8017 §A.1.2), or that of elliptic
// curves (RFC 5915 §3).
func isPrivateKey(e []asn1.RawValue) bool {
	switch {
	case startsWith(e, asn1.TagInteger, asn1.TagSequence, asn1.TagOctetString):
		return namesAlgorithm(e[1])
	case startsWith(e, asn1.TagInteger, asn1.TagOctetString):
		return number(e[0], 1)
	}
	return len(e) >= 9 && number(e[0], 0) && startsWith(e, 2, 2, 2, 2, 2, 2, 2, 2, 2)
}

// namesAlgorithm reports whether e begins with an object identifier.
func namesAlgorithm(e asn1.RawValue) bool {
	inner, ok := elementsOf(e.FullBytes)
	return ok && startsWith(inner, asn1.TagOID)
}

func number(e asn1.RawValue, n byte) bool { return len(e.Bytes) == 1 && e.Bytes[0] == n }
