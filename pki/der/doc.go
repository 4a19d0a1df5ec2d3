// Package der holds certificates and OCSP responses against the distinguished
// encoding rules (X.690) and the ASN.1 of RFC 5280 and RFC 6960, byte by byte, and
// names the first byte that is out of place. It also names all the others.
//
// encoding/asn1 and crypto/x509 read much that is no DER: bytes after the last field,
// a BOOLEAN of 01, a default that is written out, a date without seconds. Whoever
// signs such bytes and whoever checks them may then read two different things. The
// check reads no values: crypto/x509 does, and what it refuses stays refused.
//
// A second walk over the same modules names every byte of a certificate, a CRL, an OCSP
// response, a request or a bundle of certificates (walk.go), with the fields and the property of a message: each byte
// lies under exactly one leaf (wire.Covered). It goes on where the check stops.
//
// # The names
//
// A path begins with certificate, certificate_list, ocsp_response,
// certification_request or content_info, and goes on with the names that the RFCs' modules give
// components, in snake_case: certificate.tbs_certificate.validity.not_before. An element
// that holds others is a group, one that does not is a leaf: its content. Identifier and
// length octets are one leaf before it, X.header, as a vector of a message has X.length:
// there are hundreds of them, all of two to five bytes, and the two things they say are
// said in one line, "SEQUENCE (752)". (An element of no content, such as NULL, has no other
// leaf, as an empty vector has none.)
//
//	X.header       identifier and length octets of X; Value is a Header
//	X              the content of X; or the group of its header and all that it holds
//	X.explicit     identifier and length octets of an EXPLICIT tag, which stands around X: [3] in front of extensions
//	X.unused_bits  the first octet of a BIT STRING
//	X.unread       what is left of X from where its bytes stop making sense, or from where the walk's limits are reached
//
// The modules do not name everything:
//
//   - entries of a list: extension, rdn (RelativeDistinguishedName) and in it attribute
//     (AttributeTypeAndValue), policy_information, revoked_certificate, single_response; else
//     the name of the entry's type. Entries of one list all have one path.
//   - a CHOICE adds the alternative's name: responder_id.by_key, and a GeneralName nothing but
//     that: subject_alt_name.dns_name. Where the alternatives are ways to write one thing
//     (Time, DisplayText), the header says which.
//   - what a string holds: extn_value is a group with one element, which has the extension's
//     name: extensions.extension.extn_value.basic_constraints.ca. In the same way
//     subject_public_key has rsa_public_key, dsa_public_key or ec_point; signature_value (signature)
//     has ecdsa_sig_value or dss_sig_value; response has basic_ocsp_response. If nobody here knows the
//     extension or the algorithm, the string is one leaf of bytes.
//   - an element of unknown syntax inside another is named by its tag: sequence, utf8string,
//     context_0.
//
// FieldKey is what a field is wherever it stands, for whoever has words for it; FieldKeys has them all.
//
// A Value is a bool, int, string (somebody else's: quote it), time.Time, []byte, []string (the names of
// bits), OID, Number, Header, netip.Addr, netip.Prefix, uint8 or iana.ExtensionType.
// Numbers that nobody reads in decimal are bytes: serial numbers, moduli, r and s. Content that
// breaks the rules of its type is text where text is due, and bytes elsewhere.
//
// Read der.go first (the check), then content.go (what each type may hold), and
// certificate.go, crl.go, ocsp.go and cms.go (the modules of the RFCs as data); then walk.go, with
// held.go (what a string holds), values.go and oid.go.
package der
