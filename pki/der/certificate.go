package der

import "tlslab/handshake/reason"

// The modules of RFC 5280 appendix A as data, a type each, in the RFC's names.

func of(tag byte) *syntax { return &syntax{tag: tag} }

func seq(components ...component) *syntax {
	return &syntax{form: sequence, tag: tagSequence, components: components}
}

// seqOf is SEQUENCE SIZE (min..MAX) OF. An entry is called item.
func seqOf(min int, item string, s *syntax) *syntax {
	return &syntax{form: listOf, tag: tagSequence, of: s, min: min, item: item}
}

// oneOrMore is SET SIZE (1..MAX) OF.
func oneOrMore(item string, s *syntax) *syntax {
	return &syntax{form: setOf, tag: tagSet, of: s, min: 1, item: item}
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

// told is a CHOICE between ways to write one thing.
func told(alternatives ...component) *syntax {
	return &syntax{form: choice, components: alternatives, told: true}
}

// held is a component whose content the identifier before it defines.
func held(by definition, c component) component {
	c.definedBy = by
	return c
}

// in gives a component the section that specifies it.
func in(ref string, c component) component {
	c.ref = ref
	return c
}

// shown is s with values that are more than its tag tells.
func shown(s *syntax, value func(content []byte) any) *syntax {
	t := *s
	t.shown = value
	return &t
}

// under is s, specified in ref.
func under(ref string, s *syntax) *syntax {
	t := *s
	t.ref = ref
	return &t
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
	algorithmIdentifier = seq(field("algorithm", oid), held(parametersByAlgorithm, optional("parameters", unknown)))

	// The names of X.501 §9: a name is a list of RDNs (RelativeDistinguishedName), each of them a
	// set of attributes (AttributeTypeAndValue).
	attributeTypeAndValue = seq(field("type", oid), field("value", unknown))
	relativeName          = oneOrMore("attribute", attributeTypeAndValue)
	name                  = under("RFC 5280 §4.1.2.4", seqOf(0, "rdn", relativeName))

	instant = told(field("utc_time", of(tagUTCTime)), field("general_time", generalized))

	bytesOfNumber = shown(integer, asBytes) // a number that nobody reads in decimal

	certificate = under("RFC 5280 §4.1", seq(
		field("tbs_certificate", tbsCertificate),
		in("RFC 5280 §4.1.1.2", field("signature_algorithm", algorithmIdentifier)),
		in("RFC 5280 §4.1.1.3", held(signatureByAlgorithm, field("signature_value", bitString)))))

	tbsCertificate = under("RFC 5280 §4.1.2", seq(
		in("RFC 5280 §4.1.2.1", component{name: "version", syntax: tagged(0, shown(counted, versionNumber)), def: []byte{0xa0, 3, tagInteger, 1, 0}}),
		in("RFC 5280 §4.1.2.2", field("serial_number", bytesOfNumber)),
		in("RFC 5280 §4.1.2.3", field("signature", algorithmIdentifier)),
		field("issuer", name),
		in("RFC 5280 §4.1.2.5", field("validity", seq(field("not_before", instant), field("not_after", instant)))),
		in("RFC 5280 §4.1.2.6", field("subject", subjectName)),
		field("subject_public_key_info", subjectPublicKeyInfo),
		in("RFC 5280 §4.1.2.8", implicit(1, "issuer_unique_id", bitString)),
		in("RFC 5280 §4.1.2.8", implicit(2, "subject_unique_id", bitString)),
		optional("extensions", tagged(3, extensions))))

	subjectName = under("RFC 5280 §4.1.2.6", name)

	subjectPublicKeyInfo = under("RFC 5280 §4.1.2.7", seq(
		field("algorithm", algorithmIdentifier),
		held(keyByAlgorithm, field("subject_public_key", bitString))))

	extensions = under("RFC 5280 §4.1.2.9", seqOf(1, "extension", extension))
	extension  = seq(
		field("extn_id", oid),
		component{name: "critical", syntax: boolean, def: []byte{tagBoolean, 1, 0}},
		held(valueByExtension, field("extn_value", octetString)))
)

// keys are the subjectPublicKeys that are DER again (RFC 3279 §2.3, RFC 4055 §1.2). Those
// of elliptic curves are points, and those of Ed25519 and its like are the bytes of the key
// itself.
var keys = map[string]*syntax{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01": rsaPublicKey, // rsaEncryption
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a": rsaPublicKey, // id-RSASSA-PSS
	"\x2a\x86\x48\xce\x38\x04\x01":         dsaPublicKey, // id-dsa
}

var (
	rsaPublicKey = under("RFC 8017 §A.1.1", seq(field("modulus", bytesOfNumber), field("public_exponent", integer)))
	dsaPublicKey = under("RFC 3279 §2.3.2", bytesOfNumber)
)

// key walks a subjectPublicKey under the algorithm whose AlgorithmIdentifier has this content.
func (w *walker) key(algorithm []byte, at span) *Error {
	s, ok := keys[algorithmID(algorithm)]
	if !ok {
		return nil
	}
	if w.b[at.content] != 0 {
		return fault(at.content, moduleRule, reason.Say("whole bytes"), reason.Say("unused bits")).in("subject_public_key")
	}
	return w.inside(s, at.content+1, at.end, "subject_public_key")
}

// algorithmID is the content of the object identifier with which the content of an
// AlgorithmIdentifier begins; "" if it is not one of ours, none of which has 128 bytes.
func algorithmID(content []byte) string {
	if len(content) < 2 || content[1] >= 0x80 || len(content) < 2+int(content[1]) {
		return ""
	}
	return string(content[2 : 2+content[1]])
}

// known is an extension whose syntax we hold it to.
type known struct {
	name   string
	syntax *syntax
}

// extensionsByID has id-ce (2.5.29) and id-pe (1.3.6.1.5.5.7.1) of RFC 5280 §4.2, and
// RFC 6960's and RFC 7633's, by the content of their object identifiers.
var extensionsByID = map[string]known{
	"\x55\x1d\x09": {"subject_directory_attributes", under("RFC 5280 §4.2.1.8", seqOf(1, "attribute", seq(field("type", oid), field("values", oneOrMore("value", unknown)))))},
	"\x55\x1d\x0e": {"subject_key_identifier", under("RFC 5280 §4.2.1.2", octetString)},
	"\x55\x1d\x0f": {"key_usage", under("RFC 5280 §4.2.1.3", shown(bitString, keyUsageBits))},
	"\x55\x1d\x10": {"private_key_usage_period", under("RFC 3280 §4.2.1.4", seq(implicit(0, "not_before", generalized), implicit(1, "not_after", generalized)))},
	"\x55\x1d\x11": {"subject_alt_name", under("RFC 5280 §4.2.1.6", generalNames)},
	"\x55\x1d\x12": {"issuer_alt_name", under("RFC 5280 §4.2.1.7", generalNames)},
	"\x55\x1d\x13": {"basic_constraints", under("RFC 5280 §4.2.1.9", seq(
		component{name: "ca", syntax: boolean, def: []byte{tagBoolean, 1, 0}},
		optional("path_len_constraint", counted)))},
	"\x55\x1d\x1e": {"name_constraints", under("RFC 5280 §4.2.1.10", seq(implicit(0, "permitted_subtrees", subtrees), implicit(1, "excluded_subtrees", subtrees)))},
	"\x55\x1d\x1f": {"crl_distribution_points", under("RFC 5280 §4.2.1.13", distributionPoints)},
	"\x55\x1d\x20": {"certificate_policies", under("RFC 5280 §4.2.1.4", seqOf(1, "policy_information", seq(
		field("policy_identifier", oid),
		optional("policy_qualifiers", seqOf(1, "policy_qualifier_info", policyQualifier)))))},
	"\x55\x1d\x21": {"policy_mappings", under("RFC 5280 §4.2.1.5", seqOf(1, "policy_mapping", seq(field("issuer_domain_policy", oid), field("subject_domain_policy", oid))))},
	"\x55\x1d\x23": {"authority_key_identifier", under("RFC 5280 §4.2.1.1", seq(
		implicit(0, "key_identifier", octetString),
		implicit(1, "authority_cert_issuer", generalNames),
		implicit(2, "authority_cert_serial_number", bytesOfNumber)))},
	"\x55\x1d\x24": {"policy_constraints", under("RFC 5280 §4.2.1.11", seq(implicit(0, "require_explicit_policy", counted), implicit(1, "inhibit_policy_mapping", counted)))},
	"\x55\x1d\x25": {"ext_key_usage", under("RFC 5280 §4.2.1.12", seqOf(1, "key_purpose_id", oid))},
	"\x55\x1d\x2e": {"freshest_crl", under("RFC 5280 §4.2.1.15", distributionPoints)},
	"\x55\x1d\x36": {"inhibit_any_policy", under("RFC 5280 §4.2.1.14", counted)},

	"\x2b\x06\x01\x05\x05\x07\x01\x01":     {"authority_info_access", under("RFC 5280 §4.2.2.1", accessDescriptions)},
	"\x2b\x06\x01\x05\x05\x07\x01\x0b":     {"subject_info_access", under("RFC 5280 §4.2.2.2", accessDescriptions)},
	"\x2b\x06\x01\x05\x05\x07\x01\x18":     {"tls_feature", under("RFC 7633 §4", seqOf(0, "feature", shown(integer, tlsFeature)))},
	"\x2b\x06\x01\x05\x05\x07\x30\x01\x05": {"ocsp_nocheck", under("RFC 6960 §4.2.2.2.1", null)},
}

var (
	generalNames = seqOf(1, "", generalName)

	generalName = namesWith(shownAddress)

	subtrees = seqOf(1, "general_subtree", seq(
		field("base", namesWith(shownNetwork)),
		component{name: "minimum", syntax: counted, tag: context, def: []byte{context, 1, 0}}, // [0]
		implicit(1, "maximum", counted)))

	distributionPointName = oneOf(
		implicit(0, "full_name", generalNames),
		implicit(1, "name_relative_to_crl_issuer", relativeName))

	reasonFlags = shown(bitString, reasonBits)

	distributionPoints = seqOf(1, "distribution_point", seq(
		optional("distribution_point", tagged(0, distributionPointName)),
		implicit(1, "reasons", reasonFlags),
		implicit(2, "crl_issuer", generalNames)))

	accessDescriptions = seqOf(1, "access_description", seq(field("access_method", oid), field("access_location", generalName)))

	policyQualifier = seq(
		field("policy_qualifier_id", oid),
		held(qualifierByID, field("qualifier", unknown)))

	qualifiers = map[string]known{
		"\x2b\x06\x01\x05\x05\x07\x02\x01": {"", ia5String}, // id-qt-cps
		"\x2b\x06\x01\x05\x05\x07\x02\x02": {"", seq( // id-qt-unotice
			optional("notice_ref", seq(field("organization", displayText), field("notice_numbers", seqOf(0, "notice_number", integer)))),
			optional("explicit_text", displayText))},
	}

	displayText = told(
		field("ia5_string", ia5String), field("visible_string", of(tagVisibleString)),
		field("bmp_string", of(tagBMPString)), field("utf8_string", of(tagUTF8String)))
)

// namesWith is GeneralName (RFC 5280 §4.2.1.6). An iPAddress is an address in a name, and a network
// in a constraint (§4.2.1.10).
func namesWith(address func([]byte) any) *syntax {
	return oneOf(
		implicit(0, "other_name", seq(field("type_id", oid), field("value", tagged(0, unknown)))),
		implicit(1, "rfc822_name", ia5String),
		implicit(2, "dns_name", ia5String),
		implicit(3, "x400_address", &syntax{form: anything, tag: tagSequence}),
		field("directory_name", tagged(4, name)),
		implicit(5, "edi_party_name", &syntax{form: anything, tag: tagSequence}),
		implicit(6, "uniform_resource_identifier", ia5String),
		implicit(7, "ip_address", shown(octetString, address)),
		implicit(8, "registered_id", oid))
}
