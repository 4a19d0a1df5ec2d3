package der

// The module of RFC 6960 appendix B.1, as far as responses go.

var (
	ocspResponse = under("RFC 6960 §4.2.1", seq(
		field("response_status", shown(enumerated, responseStatus)),
		optional("response_bytes", tagged(0, responseBytes))))

	responseBytes = seq(
		field("response_type", oid),
		held(responseByType, field("response", octetString)))

	basicOCSPResponse = seq(
		field("tbs_response_data", seq(
			component{name: "version", syntax: tagged(0, shown(counted, versionNumber)), def: []byte{0xa0, 3, tagInteger, 1, 0}},
			in("RFC 6960 §4.2.2.3", field("responder_id", oneOf(
				field("by_name", tagged(1, name)),
				field("by_key", tagged(2, octetString))))),
			in("RFC 6960 §2.4", field("produced_at", generalized)),
			field("responses", seqOf(0, "single_response", singleResponse)),
			optional("response_extensions", tagged(1, extensions)))),
		field("signature_algorithm", algorithmIdentifier),
		held(signatureByAlgorithm, field("signature", bitString)),
		optional("certs", tagged(0, seqOf(0, "certificate", certificate))))

	certID = under("RFC 6960 §4.1.1", seq(
		field("hash_algorithm", algorithmIdentifier),
		field("issuer_name_hash", octetString),
		field("issuer_key_hash", octetString),
		field("serial_number", bytesOfNumber)))

	singleResponse = seq(
		field("cert_id", certID),
		in("RFC 6960 §2.2", field("cert_status", oneOf(
			implicit(0, "good", null),
			implicit(1, "revoked", seq(
				field("revocation_time", generalized),
				optional("revocation_reason", tagged(0, shown(enumerated, crlReason))))),
			implicit(2, "unknown", null)))),
		in("RFC 6960 §2.4", field("this_update", generalized)),
		in("RFC 6960 §2.4", optional("next_update", tagged(0, generalized))),
		optional("single_extensions", tagged(1, extensions)))
)

const oidBasic = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01" // id-pkix-ocsp-basic
