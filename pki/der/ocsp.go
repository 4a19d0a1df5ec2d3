package der

// The module of RFC 6960 appendix B.1, as far as responses go.

var (
	ocspResponse = seq(
		field("response_status", enumerated),
		optional("response_bytes", tagged(0, responseBytes)))

	responseBytes = &syntax{form: sequence, tag: tagSequence, definedBy: responseByType,
		components: []component{field("response_type", oid), field("response", octetString)}}

	basicOCSPResponse = seq(
		field("tbs_response_data", seq(
			component{name: "version", syntax: tagged(0, counted), def: []byte{0xa0, 3, tagInteger, 1, 0}},
			field("responder_id", oneOf(
				field("by_name", tagged(1, name)),
				field("by_key", tagged(2, octetString)))),
			field("produced_at", generalized),
			field("responses", seqOf(0, singleResponse)),
			optional("response_extensions", tagged(1, extensions)))),
		field("signature_algorithm", algorithmIdentifier),
		field("signature", bitString),
		optional("certs", tagged(0, seqOf(0, certificate))))

	singleResponse = seq(
		field("cert_id", seq(
			field("hash_algorithm", algorithmIdentifier),
			field("issuer_name_hash", octetString),
			field("issuer_key_hash", octetString),
			field("serial_number", integer))),
		field("cert_status", oneOf(
			implicit(0, "good", null),
			implicit(1, "revoked", seq(
				field("revocation_time", generalized),
				optional("revocation_reason", tagged(0, enumerated)))),
			implicit(2, "unknown", null))),
		field("this_update", generalized),
		optional("next_update", tagged(0, generalized)),
		optional("single_extensions", tagged(1, extensions)))
)

const oidBasic = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01" // id-pkix-ocsp-basic
