// Package iana holds the numbers that TLS endpoints put on the wire, with the
// names the registries give them (https://www.iana.org/assignments/tls-parameters).
//
// Every type here is open: a number without a name is still a value, prints as
// "0x1a2b", and survives a round trip. What tlslab implements is decided
// elsewhere (suite, kx, sig, message); a name here promises nothing.
//
// Read suite.go first: the names of cipher suites are the sentences that the
// other registries supply the words for.
package iana

import "fmt"

// hex16 and hex8 are how an unnamed number prints.
func hex16(v uint16) string { return fmt.Sprintf("0x%04x", v) }
func hex8(v uint8) string   { return fmt.Sprintf("0x%02x", v) }

// IsGREASE reports whether v is one of the sixteen reserved values 0x0a0a,
// 0x1a1a, … 0xfafa of RFC 8701. They are offered so that peers which choke on
// unknown numbers are found early.
func IsGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func name16[T ~uint16](m map[T]string, v T) string {
	if s, ok := m[v]; ok {
		return s
	}
	if IsGREASE(uint16(v)) {
		return "GREASE_" + hex16(uint16(v))
	}
	return hex16(uint16(v))
}

func name8[T ~uint8](m map[T]string, v T) string {
	if s, ok := m[v]; ok {
		return s
	}
	return hex8(uint8(v))
}
