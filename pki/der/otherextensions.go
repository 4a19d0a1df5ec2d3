package der

import "tlslab/handshake/wire"

// otherExtensions are those whose syntax the walk knows and the check does not ask for: those of
// CRLs and of OCSP, and the list of SCTs.
var otherExtensions = map[string]known{
	"\x55\x1d\x14": {"crl_number", under("RFC 5280 §5.2.3", counted)},
	"\x55\x1d\x15": {"reason_code", under("RFC 5280 §5.3.1", shown(enumerated, crlReason))},
	"\x55\x1d\x18": {"invalidity_date", under("RFC 5280 §5.3.2", generalized)},
	"\x55\x1d\x1b": {"delta_crl_indicator", under("RFC 5280 §5.2.4", counted)},
	"\x55\x1d\x1c": {"issuing_distribution_point", under("RFC 5280 §5.2.5", seq(
		optional("distribution_point", tagged(0, distributionPointName)),
		implicit(1, "only_contains_user_certs", boolean),
		implicit(2, "only_contains_ca_certs", boolean),
		implicit(3, "only_some_reasons", reasonFlags),
		implicit(4, "indirect_crl", boolean),
		implicit(5, "only_contains_attribute_certs", boolean)))},
	"\x55\x1d\x1d": {"certificate_issuer", under("RFC 5280 §5.3.3", generalNames)},

	"\x2b\x06\x01\x05\x05\x07\x30\x01\x02": {"nonce", under("RFC 6960 §4.4.1", octetString)},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x03": {"crl_references", under("RFC 6960 §4.4.2", seq(
		optional("crl_url", tagged(0, ia5String)),
		optional("crl_num", tagged(1, integer)),
		optional("crl_time", tagged(2, generalized))))},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x04": {"acceptable_responses", under("RFC 6960 §4.4.3", seqOf(0, "response_type", oid))},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x06": {"archive_cutoff", under("RFC 6960 §4.4.4", generalized)},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x07": {"service_locator", under("RFC 6960 §4.4.6", seq(field("issuer", name), optional("locator", accessDescriptions)))},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x08": {"preferred_signature_algorithms", under("RFC 6960 §4.4.7.1", seqOf(0, "preferred_signature_algorithm", seq(
		field("sig_identifier", algorithmIdentifier),
		optional("cert_identifier", algorithmIdentifier))))},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x09": {"extended_revoke", under("RFC 6960 §4.4.8", null)},

	"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02": {"signed_certificate_timestamp_list", timestamps},
	"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03": {"poison", under("RFC 6962 §3.1", null)},
	"\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x05": {"signed_certificate_timestamp_list", timestamps}, // in an OCSP response
}

var timestamps = &syntax{form: presented, tag: tagOctetString, ref: "RFC 6962 §3.3", parts: timestampParts, layout: func() wire.Struct { return new(timestampList) }}
