package starttls

import "strconv"

// StartTLSOperation is the name of LDAP's StartTLS operation (RFC 4511 §4.14.1).
const StartTLSOperation = "1.3.6.1.4.1.1466.20037"

// Tags of LDAP (RFC 4511 §4.1.1, §4.12), in the Basic Encoding Rules.
const (
	berInteger       = 0x02
	berOctets        = 0x04
	berEnumerated    = 0x0a
	berSequence      = 0x30
	extendedRequest  = 0x77 // [APPLICATION 23]
	extendedResponse = 0x78 // [APPLICATION 24]
	requestName      = 0x80 // [0]
)

// ldap is RFC 4511 §4.14: one request, one response.
func (d *dialogue) ldap() error {
	d.stage = Asked
	request := startTLSRequest()
	d.send(startTLSName, request, request)
	head, err := d.octets(2)
	if err != nil {
		return err
	}
	wire := append([]byte(nil), head...)
	if head[0] != berSequence {
		d.hear(append(wire, d.ahead...))
		return d.fault(Strange, d.last())
	}
	n := int(head[1])
	if n == 0x80 { // LDAP has no indefinite length (RFC 4511 §5.1)
		d.hear(append(wire, d.ahead...))
		d.ahead = nil
		return d.fault(Strange, d.last())
	}
	if n >= 0x80 { // so many octets of length follow
		long, err := d.octets(n & 0x7f)
		if err != nil {
			return err
		}
		wire = append(wire, long...)
		if n = length(long); n < 0 || n > MaxLine {
			return d.fault(Endless, "")
		}
	}
	body, err := d.octets(n)
	if err != nil {
		return err
	}
	wire = append(wire, body...)
	code, said, ok := response(body)
	if !ok {
		if err := d.heard("?", wire); err != nil {
			return err
		}
		return d.fault(Strange, "")
	}
	text := answered(code, said)
	if err := d.heard(text, wire); err != nil {
		return err
	}
	switch code {
	case 0:
		return nil
	case protocolError: // what a server without TLS has to say (RFC 4511 §4.14.1)
		return d.fault(Lacking, text)
	}
	return d.fault(Refused, text)
}

const startTLSName = "ExtendedRequest " + StartTLSOperation + " (StartTLS)"

func startTLSRequest() []byte {
	return ber(berSequence, ber(berInteger, []byte{1}), ber(extendedRequest, ber(requestName, []byte(StartTLSOperation))))
}

// answered is a response in words.
func answered(code int, said string) string {
	text := "ExtendedResponse: " + resultName(code)
	if said != "" {
		text += ", " + said
	}
	return text
}

// response takes an LDAPMessage with an ExtendedResponse apart.
func response(body []byte) (code int, said string, ok bool) {
	id, body, ok := element(body, berInteger)
	if !ok || len(id) != 1 || id[0] != 1 && id[0] != 0 { // 0: the server ends the session (RFC 4511 §4.4.1)
		return 0, "", false
	}
	if body, _, ok = element(body, extendedResponse); !ok {
		return 0, "", false
	}
	result, body, ok := element(body, berEnumerated)
	if !ok || len(result) < 1 || len(result) > 2 {
		return 0, "", false
	}
	for _, b := range result {
		code = code<<8 | int(b)
	}
	_, body, ok = element(body, berOctets) // the name of an entry
	if !ok {
		return 0, "", false
	}
	text, _, ok := element(body, berOctets)
	return code, string(text), ok && (id[0] == 1 || code != 0)
}

// ber encodes an element of less than 128 octets.
func ber(tag byte, parts ...[]byte) []byte {
	out := []byte{tag, 0}
	for _, p := range parts {
		out = append(out, p...)
	}
	out[1] = byte(len(out) - 2)
	return out
}

// element takes the element of a tag from the front of b. Any form of a definite length will do:
// BER allows them, and servers write them.
func element(b []byte, tag byte) (content, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, b := int(b[1]), b[2:]
	if n >= 0x80 {
		if n &= 0x7f; n > len(b) {
			return nil, nil, false
		}
		long := b[:n]
		n, b = length(long), b[n:]
	}
	if n < 0 || n > len(b) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// length is a length in long form; -1 of one that is indefinite, or too long.
func length(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	n := 0
	for _, x := range b {
		if n = n<<8 | int(x); n > MaxSaid {
			return -1
		}
	}
	return n
}

const protocolError = 2

// results are the codes that servers answer StartTLS with (RFC 4511 §4.1.9).
var results = map[int]string{0: "success", 1: "operationsError", protocolError: "protocolError", 8: "strongerAuthRequired", 10: "referral",
	13: "confidentialityRequired", 50: "insufficientAccessRights", 51: "busy", 52: "unavailable", 53: "unwillingToPerform", 80: "other"}

func resultName(code int) string {
	if name := results[code]; name != "" {
		return name + " (" + strconv.Itoa(code) + ")"
	}
	return "resultCode " + strconv.Itoa(code)
}
