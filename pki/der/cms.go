package der

import "tlslab/handshake/wire"

// contentInfo is the ContentInfo of RFC 5652 §3 with the SignedData of §5.1 inside: a bundle of
// certificates. A message need not be DER, and so the sets may be in any order. It is made when
// it is asked for: a program that walks no bundles, such as the offline lab, does without.
func contentInfo() *syntax {
	anyOrder := func(item string, s *syntax) *syntax { return &syntax{form: listOf, tag: tagSet, of: s, item: item} }
	// There may be hundreds of certificates, and a revocation list may have thousands of entries: more
	// fields than a walk names.
	document := &syntax{form: whole, tag: tagSequence}
	signedData := under("RFC 5652 §5.1", seq(
		field("version", counted),
		field("digest_algorithms", anyOrder("", algorithmIdentifier)),
		in("RFC 5652 §5.2", field("encap_content_info", seq(
			field("e_content_type", oid),
			optional("e_content", tagged(0, unknown))))),
		in("RFC 5652 §10.2.3", implicit(0, "certificates", anyOrder("", oneOf(
			field("certificate", document),
			field("other", unknown))))),
		in("RFC 5652 §10.2.1", implicit(1, "crls", anyOrder("", oneOf(
			field("certificate_list", document),
			field("other", unknown))))),
		in("RFC 5652 §5.3", field("signer_infos", anyOrder("signer_info", unknown)))))
	return under("RFC 5652 §3", seq(
		field("content_type", oid),
		field("signed_data", tagged(0, signedData))))
}

// WalkContentInfo does the same as WalkCertificate for a ContentInfo of RFC 5652 §3 that holds a SignedData. Each
// certificate in it is one leaf of bytes, whose name ends in FieldBundled, and so is each revocation list, FieldBundledList.
func WalkContentInfo(b []byte) ([]wire.Field, error) {
	return walkAs(contentInfo(), b, "content_info", "RFC 5652 §3")
}
