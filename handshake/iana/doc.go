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

// numbers are the names of a registry of two bytes, in ascending order. They are rows and no map: rows lie
// ready in the binary, where a map is built by every process anew when it starts. (Registries of one byte
// are lists of names by their number.)
type numbers[T ~uint16] []struct {
	number T
	name   string
}

func (n numbers[T]) name(v T) (string, bool) {
	for lo, hi := 0, len(n); lo < hi; {
		switch mid := (lo + hi) / 2; {
		case n[mid].number == v:
			return n[mid].name, true
		case n[mid].number < v:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return "", false
}

func name16[T ~uint16](names numbers[T], v T) string {
	if s, ok := names.name(v); ok {
		return s
	}
	if IsGREASE(uint16(v)) {
		return "GREASE_" + hex16(uint16(v))
	}
	return hex16(uint16(v))
}

// name8 takes a name out of a list, in which a number that is nobody's has "".
func name8[T ~uint8](names []string, v T) string {
	if int(v) < len(names) && names[v] != "" {
		return names[v]
	}
	return hex8(uint8(v))
}
