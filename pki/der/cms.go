package der

import "tlslab/handshake/wire"

// The ContentInfo of RFC 5652 §3 with the SignedData of §5.1 inside: a bundle of certificates. A
// message need not be DER, and so the sets may be in any order.

var (
	contentInfo = under("RFC 5652 §3", seq(
		field("content_type", oid),
		field("signed_data", tagged(0, signedData))))

	signedData = under("RFC 5652 §5.1", seq(
		field("version", counted),
		field("digest_algorithms", anyOrder("", algorithmIdentifier)),
		in("RFC 5652 §5.2", field("encap_content_info", seq(
			field("e_content_type", oid),
			optional("e_content", tagged(0, unknown))))),
		in("RFC 5652 §10.2.3", implicit(0, "certificates", anyOrder("", oneOf(
			field("certificate", document),
			field("other", unknown))))),
		in("RFC 5652 §10.2.1", implicit(1, "crls", anyOrder("", oneOf(
			field("certificate_list", certificateList),
			field("other", unknown))))),
		in("RFC 5652 §5.3", field("signer_infos", anyOrder("signer_info", unknown)))))
)

// document is a certificate in a bundle, of which there may be hundreds: more fields than a walk names.
var document = &syntax{form: whole, tag: tagSequence}

// anyOrder is a SET OF as BER has it.
func anyOrder(item string, s *syntax) *syntax {
	return &syntax{form: listOf, tag: tagSet, of: s, item: item}
}

// WalkContentInfo does the same as WalkCertificate for a ContentInfo of RFC 5652 §3 that holds a SignedData. Each
// certificate in it is one leaf of bytes, whose name ends in FieldBundled.
func WalkContentInfo(b []byte) ([]wire.Field, error) { return walk(b, "content_info", "RFC 5652 §3") }
