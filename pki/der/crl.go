package der

// The CertificateList of RFC 5280 §5.1, and the CertificationRequest of RFC 2986 §4.

var (
	certificateList = under("RFC 5280 §5.1", seq(
		field("tbs_cert_list", tbsCertList),
		in("RFC 5280 §5.1.1.2", field("signature_algorithm", algorithmIdentifier)),
		in("RFC 5280 §5.1.1.3", held(signatureByAlgorithm, field("signature_value", bitString)))))

	tbsCertList = under("RFC 5280 §5.1.2", seq(
		in("RFC 5280 §5.1.2.1", optional("version", shown(counted, versionNumber))),
		in("RFC 5280 §5.1.2.2", field("signature", algorithmIdentifier)),
		field("issuer", under("RFC 5280 §5.1.2.3", name)),
		in("RFC 5280 §5.1.2.4", field("this_update", instant)),
		in("RFC 5280 §5.1.2.5", optional("next_update", instant)),
		in("RFC 5280 §5.1.2.6", optional("revoked_certificates", seqOf(0, "revoked_certificate", seq(
			field("user_certificate", bytesOfNumber),
			field("revocation_date", instant),
			optional("crl_entry_extensions", under("RFC 5280 §5.3", seqOf(1, "extension", extension))))))),
		optional("crl_extensions", tagged(0, under("RFC 5280 §5.1.2.7", seqOf(1, "extension", extension))))))

	certificationRequest = under("RFC 2986 §4.2", seq(
		field("certification_request_info", certificationRequestInfo),
		field("signature_algorithm", algorithmIdentifier),
		held(signatureByAlgorithm, field("signature", bitString))))

	certificationRequestInfo = under("RFC 2986 §4.1", seq(
		field("version", shown(counted, versionNumber)),
		field("subject", name),
		field("subject_pk_info", subjectPublicKeyInfo),
		component{name: "attributes", syntax: &syntax{form: setOf, tag: tagSet, of: attribute, item: "attribute"}, tag: context | constructed}))

	attribute = seq(
		field("type", oid),
		held(valuesByAttribute, field("values", oneOrMore("value", unknown))))
)
