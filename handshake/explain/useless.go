package explain

import (
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// useless is why no key of a kind would open a connection, by what went by in clear; "" if one may. It is told from
// the ServerHello, if there was one, and whether that has a key share.
func useless(party string, c *Connection, answered, shared bool) WhyNot {
	is13 := c.Version == iana.TLS13 || c.QUIC != nil // RFC 9001 §4.2
	if !answered {
		return ""
	}
	switch party {
	case Thief:
		su := suite.ByID(c.Suite)
		switch {
		case is13 && c.Resumed, pskSuite(c.Suite) != "" && pskSuite(c.Suite) != "RSA":
			return NoPart
		case is13, su != nil && su.Kx != iana.KxRSA:
			return OnlySigns // a session is resumed with the suite that it has (RFC 5246 §7.4.1.3)
		}
	case PSKThief:
		switch kx := pskSuite(c.Suite); {
		case kx == "alone":
			return ""
		case kx != "":
			return PSKAndMore
		case !is13 || !c.Resumed:
			return PSKUnused
		case shared:
			return PSKAndMore
		}
	}
	return ""
}

// pskSuite is what a cipher suite of TLS 1.2 makes its keys of beside a pre-shared key (RFC 4279 §2 to §4, RFC 5489 §2): "DHE",
// "ECDHE", "RSA", or of that "alone"; "" of a suite that has none. No such suite is known here, but its name.
func pskSuite(id iana.CipherSuite) string {
	kx, _, ok := strings.Cut(strings.TrimPrefix(id.String(), "TLS_"), "PSK_")
	switch {
	case !ok:
		return ""
	case kx == "":
		return "alone"
	}
	return strings.TrimSuffix(kx, "_")
}
