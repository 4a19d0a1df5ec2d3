package der

import (
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// held is the syntax of what a component holds, as the identifier before it says, and what that
// is called; ok is false if the identifier says nothing, or something that is not known here.
func (c *component) held(by []byte) (k known, ok bool) {
	id := string(by)
	if c.definedBy == keyByAlgorithm || c.definedBy == signatureByAlgorithm {
		id = algorithmID(by)
	}
	for _, table := range c.definedBy.tables() {
		if k, ok = table[id]; ok {
			return k, true
		}
	}
	return known{}, false
}

// tables are where the syntax of what is held stands, by the content of the object identifier.
func (d definition) tables() [2]map[string]known {
	switch d {
	case keyByAlgorithm:
		return [2]map[string]known{publicKeys}
	case signatureByAlgorithm:
		return [2]map[string]known{signatures}
	case parametersByAlgorithm:
		return [2]map[string]known{parameters}
	case valueByExtension:
		return [2]map[string]known{extensionsByID, otherExtensions}
	case qualifierByID:
		return [2]map[string]known{qualifiers}
	case responseByType:
		return [2]map[string]known{responses}
	case valuesByAttribute:
		return [2]map[string]known{requestAttributes}
	}
	return [2]map[string]known{}
}

// responses are the responses of OCSP by their type.
var responses = map[string]known{oidBasic: {"basic_ocsp_response", basicOCSPResponse}}

// publicKeys are the subjectPublicKeys that have parts.
var publicKeys = map[string]known{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01": {"rsa_public_key", rsaPublicKey},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a": {"rsa_public_key", rsaPublicKey},
	"\x2a\x86\x48\xce\x38\x04\x01":         {"dsa_public_key", dsaPublicKey},
	"\x2a\x86\x48\xce\x3d\x02\x01":         {"ec_point", &syntax{form: presented, ref: "RFC 5480 §2.2", parts: []string{"ec_point.form", "ec_point.x", "ec_point.y"}, layout: func() wire.Struct { return new(ecPoint) }}},
}

// ecPoint is the octet string of SEC 1 §2.3.3: a point whole, or an x and the parity of y.
type ecPoint struct {
	form uint8
	x, y []byte
}

func (e *ecPoint) Walk(c *wire.Codec) {
	wire.U8(c, "form", &e.form)
	switch n := c.Left(); {
	case e.form == 4 && n%2 == 0:
		e.x, e.y = make([]byte, n/2), make([]byte, n/2)
		c.Array("x", e.x)
		c.Array("y", e.y)
	case e.form == 2 || e.form == 3:
		c.Rest("x", &e.x)
	default:
		c.Fail(reason.BadValue, "form", reason.Say("2, 3 or 4"), e.form)
	}
}

// signatures are those that are DER again: two numbers (RFC 3279 §2.2.2, §2.2.3). The others are
// the bytes of one number, or of the signature itself.
var signatures = map[string]known{
	"\x2a\x86\x48\xce\x3d\x04\x01":         ecdsaSignature, // ecdsa-with-SHA1
	"\x2a\x86\x48\xce\x3d\x04\x03\x01":     ecdsaSignature, // ecdsa-with-SHA224 …
	"\x2a\x86\x48\xce\x3d\x04\x03\x02":     ecdsaSignature,
	"\x2a\x86\x48\xce\x3d\x04\x03\x03":     ecdsaSignature,
	"\x2a\x86\x48\xce\x3d\x04\x03\x04":     ecdsaSignature,
	"\x2a\x86\x48\xce\x38\x04\x03":         {"dss_sig_value", under("RFC 3279 §2.2.2", twoNumbers)}, // id-dsa-with-sha1
	"\x60\x86\x48\x01\x65\x03\x04\x03\x01": {"dss_sig_value", under("RFC 3279 §2.2.2", twoNumbers)}, // id-dsa-with-sha224, -sha256
	"\x60\x86\x48\x01\x65\x03\x04\x03\x02": {"dss_sig_value", under("RFC 3279 §2.2.2", twoNumbers)},
}

var (
	twoNumbers     = seq(field("r", bytesOfNumber), field("s", bytesOfNumber))
	ecdsaSignature = known{"ecdsa_sig_value", under("RFC 3279 §2.2.3", twoNumbers)}
)

// parameters are the parameters of an AlgorithmIdentifier by its algorithm, where they are more
// than NULL; like qualifiers and the values of attributes they have no name but the component's.
var parameters = map[string]known{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a": {"", pssParameters},
	"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08": {"", under("RFC 4055 §2.2", algorithmIdentifier)}, // id-mgf1
	"\x2a\x86\x48\xce\x38\x04\x01": {"", under("RFC 3279 §2.3.2", seq(
		field("p", bytesOfNumber), field("q", bytesOfNumber), field("g", bytesOfNumber)))},
	"\x2a\x86\x48\xce\x3d\x02\x01": {"", under("RFC 5480 §2.1.1", oid)}, // namedCurve
}

var (
	pssParameters = under("RFC 4055 §3.1", seq(
		optional("hash_algorithm", tagged(0, algorithmIdentifier)),
		optional("mask_gen_algorithm", tagged(1, algorithmIdentifier)),
		optional("salt_length", tagged(2, integer)),
		optional("trailer_field", tagged(3, integer))))
)

// requestAttributes are the values of attributes of a request.
var requestAttributes = map[string]known{
	"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e": {"", under("RFC 2985 §5.4.2", oneOrMore("extensions", extensions))}, // extensionRequest
}
