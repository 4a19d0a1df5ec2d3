package der

import "tlslab/handshake/reason"

// The modules of RFC 5280 appendix A as data, a type each, in the RFC's names.

func of(tag byte) *syntax { return &syntax{tag: tag} }

func seq(components ...component) *syntax {
	return &syntax{form: sequence, tag: tagSequence, components: components}
}

// seqOf is SEQUENCE SIZE (min..MAX) OF.
func seqOf(min int, s *syntax) *syntax {
	return &syntax{form: listOf, tag: tagSequence, of: s, min: min}
}

// tagged is an EXPLICIT tag: [n] around s.
func tagged(n byte, s *syntax) *syntax {
	return &syntax{form: explicit, tag: context | constructed | n, of: s}
}

func field(name string, s *syntax) component { return component{name: name, syntax: s} }

func optional(name string, s *syntax) component {
	return component{name: name, syntax: s, optional: true}
}

// implicit is an IMPLICIT tag: [n] in place of the tag of s.
func implicit(n byte, name string, s *syntax) component {
	tag := context | n | s.tag&constructed
	return component{name: name, syntax: s, tag: tag, optional: true}
}

func oneOf(alternatives ...component) *syntax {
	return &syntax{form: choice, components: alternatives}
}

var (
	unknown     = &syntax{form: anything}
	boolean     = of(tagBoolean)
	integer     = of(tagInteger)
	bitString   = of(tagBitString)
	octetString = of(tagOctetString)
	null        = of(tagNull)
	oid         = of(tagOID)
	enumerated  = of(tagEnumerated)
	ia5String   = of(tagIA5String)
	generalized = of(tagGeneralizedTime)
	counted     = &syntax{tag: tagInteger, rule: notNegative}
)

var (
	algorithmIdentifier = seq(field("algorithm", oid), optional("parameters", unknown))

	attributeTypeAndValue = seq(field("type", oid), field("value", unknown))
	relativeName          = &syntax{form: setOf, tag: tagSet, of: attributeTypeAndValue, min: 1}
	name                  = seqOf(0, relativeName)

	instant = oneOf(field("utc_time", of(tagUTCTime)), field("general_time", generalized))

	certificate = seq(
		field("tbs_certificate", tbsCertificate),
		field("signature_algorithm", algorithmIdentifier),
		field("signature_value", bitString))

	tbsCertificate = seq(
		component{name: "version", syntax: tagged(0, counted), def: []byte{0xa0, 3, tagInteger, 1, 0}},
		field("serial_number", integer),
		field("signature", algorithmIdentifier),
		field("issuer", name),
		field("validity", seq(field("not_before", instant), field("not_after", instant))),
		field("subject", name),
		field("subject_public_key_info", subjectPublicKeyInfo),
		implicit(1, "issuer_unique_id", bitString),
		implicit(2, "subject_unique_id", bitString),
		optional("extensions", tagged(3, extensions)))

	subjectPublicKeyInfo = &syntax{form: sequence, tag: tagSequence, definedBy: keyByAlgorithm,
		components: []component{field("algorithm", algorithmIdentifier), field("subject_public_key", bitString)}}

	extensions = seqOf(1, extension)
	extension  = &syntax{form: sequence, tag: tagSequence, definedBy: valueByExtension,
		components: []component{
			field("extn_id", oid),
			{name: "critical", syntax: boolean, def: []byte{tagBoolean, 1, 0}},
			field("extn_value", octetString)}}
)

// keys are the subjectPublicKeys that are DER again (RFC 3279 §2.3, RFC 4055 §1.2). Those
// of elliptic curves are points, and those of Ed25519 and its like are the bytes of the key
// itself.
var keys = map[string]*syntax{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01": rsaPublicKey, // rsaEncryption
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a": rsaPublicKey, // id-RSASSA-PSS
	"\x2a\x86\x48\xce\x38\x04\x01":         integer,      // id-dsa
}

var rsaPublicKey = seq(field("modulus", integer), field("public_exponent", integer))

// key walks a subjectPublicKey under the algorithm whose AlgorithmIdentifier has this content.
func (w *walker) key(algorithm []byte, at span) *Error {
	if len(algorithm) < 2 || len(algorithm) < 2+int(algorithm[1]) {
		return nil // an identifier of 128 bytes or more, which is not one of ours
	}
	s, ok := keys[string(algorithm[2:2+algorithm[1]])]
	if !ok {
		return nil
	}
	if w.b[at.content] != 0 {
		return fault(at.content, moduleRule, reason.Say("whole bytes"), reason.Say("unused bits")).in("subject_public_key")
	}
	return w.inside(s, at.content+1, at.end, "subject_public_key")
}

// known is an extension whose syntax we hold it to.
type known struct {
	name   string
	syntax *syntax
}

// extensionsByID has id-ce (2.5.29) and id-pe (1.3.6.1.5.5.7.1) of RFC 5280 §4.2, and
// RFC 6960's and RFC 7633's, by the content of their object identifiers.
var extensionsByID = map[string]known{
	"\x55\x1d\x09": {"subject_directory_attributes", seqOf(1, seq(field("type", oid), field("values", &syntax{form: setOf, tag: tagSet, of: unknown, min: 1})))},
	"\x55\x1d\x0e": {"subject_key_identifier", octetString},
	"\x55\x1d\x0f": {"key_usage", bitString},
	"\x55\x1d\x10": {"private_key_usage_period", seq(implicit(0, "not_before", generalized), implicit(1, "not_after", generalized))},
	"\x55\x1d\x11": {"subject_alt_name", generalNames},
	"\x55\x1d\x12": {"issuer_alt_name", generalNames},
	"\x55\x1d\x13": {"basic_constraints", seq(
		component{name: "ca", syntax: boolean, def: []byte{tagBoolean, 1, 0}},
		optional("path_len_constraint", counted))},
	"\x55\x1d\x1e": {"name_constraints", seq(implicit(0, "permitted_subtrees", subtrees), implicit(1, "excluded_subtrees", subtrees))},
	"\x55\x1d\x1f": {"crl_distribution_points", distributionPoints},
	"\x55\x1d\x20": {"certificate_policies", seqOf(1, seq(
		field("policy_identifier", oid),
		optional("policy_qualifiers", seqOf(1, policyQualifier))))},
	"\x55\x1d\x21": {"policy_mappings", seqOf(1, seq(field("issuer_domain_policy", oid), field("subject_domain_policy", oid)))},
	"\x55\x1d\x23": {"authority_key_identifier", seq(
		implicit(0, "key_identifier", octetString),
		implicit(1, "authority_cert_issuer", generalNames),
		implicit(2, "authority_cert_serial_number", integer))},
	"\x55\x1d\x24": {"policy_constraints", seq(implicit(0, "require_explicit_policy", counted), implicit(1, "inhibit_policy_mapping", counted))},
	"\x55\x1d\x25": {"ext_key_usage", seqOf(1, oid)},
	"\x55\x1d\x2e": {"freshest_crl", distributionPoints},
	"\x55\x1d\x36": {"inhibit_any_policy", counted},

	"\x2b\x06\x01\x05\x05\x07\x01\x01":     {"authority_info_access", accessDescriptions},
	"\x2b\x06\x01\x05\x05\x07\x01\x0b":     {"subject_info_access", accessDescriptions},
	"\x2b\x06\x01\x05\x05\x07\x01\x18":     {"tls_feature", seqOf(0, integer)}, // RFC 7633 §4
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x05": {"ocsp_nocheck", null},             // RFC 6960 §4.2.2.2.1
}

var (
	generalNames = seqOf(1, generalName)

	generalName = oneOf(
		implicit(0, "other_name", seq(field("type_id", oid), field("value", tagged(0, unknown)))),
		implicit(1, "rfc822_name", ia5String),
		implicit(2, "dns_name", ia5String),
		implicit(3, "x400_address", &syntax{form: anything, tag: tagSequence}),
		field("directory_name", tagged(4, name)),
		implicit(5, "edi_party_name", &syntax{form: anything, tag: tagSequence}),
		implicit(6, "uniform_resource_identifier", ia5String),
		implicit(7, "ip_address", octetString),
		implicit(8, "registered_id", oid))

	subtrees = seqOf(1, seq(
		field("base", generalName),
		component{name: "minimum", syntax: counted, tag: context, def: []byte{context, 1, 0}}, // [0]
		implicit(1, "maximum", counted)))

	distributionPoints = seqOf(1, seq(
		optional("distribution_point", tagged(0, oneOf(
			implicit(0, "full_name", generalNames),
			implicit(1, "name_relative_to_crl_issuer", relativeName)))),
		implicit(1, "reasons", bitString),
		implicit(2, "crl_issuer", generalNames)))

	accessDescriptions = seqOf(1, seq(field("access_method", oid), field("access_location", generalName)))

	policyQualifier = &syntax{form: sequence, tag: tagSequence, definedBy: qualifierByID,
		components: []component{field("policy_qualifier_id", oid), field("qualifier", unknown)}}

	qualifiers = map[string]*syntax{
		"\x2b\x06\x01\x05\x05\x07\x02\x01": ia5String, // id-qt-cps
		"\x2b\x06\x01\x05\x05\x07\x02\x02": seq( // id-qt-unotice
			optional("notice_ref", seq(field("organization", displayText), field("notice_numbers", seqOf(0, integer)))),
			optional("explicit_text", displayText)),
	}

	displayText = oneOf(
		field("ia5_string", ia5String), field("visible_string", of(tagVisibleString)),
		field("bmp_string", of(tagBMPString)), field("utf8_string", of(tagUTF8String)))
)
