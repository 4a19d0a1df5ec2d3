package idn

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"tlslab/handshake/foreign"
)

// NameError says why what was typed is no DNS name.
type NameError struct {
	Name string // as typed; of a very long one the beginning
	Why  string // in words
	Ref  string // of the rule that is broken
}

// Error says: name, why, rule. The name is quoted.
func (e *NameError) Error() string {
	return `"` + foreign.Quote(e.Name) + `" is no DNS name: ` + foreign.Line(e.Why) + " (" + e.Ref + ")"
}

// How long a label and a name may be, in octets (RFC 1035 §2.3.4); a name is counted
// without the dot at its end, and without the length octets of its first and last label.
const maxLabel, maxName = 63, 253

// maxTyped is how many octets a name may be typed with: many times what one of 253 takes.
// Punycode takes time by their square.
const maxTyped = 4096

// typed is how what is typed becomes what is looked up: mapped by UTS #46 as it is today
// (ß stays ß, which the transitional way made ss), then held against the rules for code
// points, joiners, hyphens and direction. Lengths are checked by ToASCII itself, which
// can say what is too long.
var typed = idna.New(idna.MapForLookup(), idna.BidiRule())

// ToASCII returns the form of a name that the protocol carries, with A-labels in place of
// labels beyond ASCII: "例子.example" is "xn--fsqu00a.example". Case, width and the dots of
// other scripts are mapped, as browsers map them (UTS #46, nontransitional): "BÜCHER。Example"
// is "xn--bcher-kva.example". A dot at the end stays.
//
// ASCII comes back as it is, whatever it says: IP addresses, wildcards, and names that
// begin with xn--, which RFC 5891 §5.3 lets us look up without decoding them. The error is
// a *NameError.
func ToASCII(name string) (string, error) {
	if isASCII(name) {
		return name, nil
	}
	if len(name) > maxTyped {
		return "", &NameError{name[:maxLabel] + "…", "it takes far more than 253 octets", "RFC 1035 §2.3.4"}
	}
	if !utf8.ValidString(name) { // idna would take the byte for U+FFFD
		return "", &NameError{name, "it is not UTF-8", "RFC 3629 §3"}
	}
	ascii, err := typed.ToASCII(name)
	if err != nil {
		return "", &NameError{name, cause(err), "UTS #46 §4.1, RFC 5891 §5.4"}
	}
	whole := strings.TrimSuffix(ascii, ".")
	for label := range strings.SplitSeq(whole, ".") {
		switch {
		case label == "":
			return "", &NameError{name, "a label is empty", "RFC 1035 §2.3.4"}
		case len(label) > maxLabel:
			return "", &NameError{name, "a label takes more than 63 octets in its xn-- form, " + label, "RFC 1035 §2.3.4"}
		}
	}
	if len(whole) > maxName {
		return "", &NameError{name, "it takes more than 253 octets in its xn-- form", "RFC 1035 §2.3.4"}
	}
	return ascii, nil
}

// ToPattern is ToASCII for a name that a certificate may carry: "*." may stand before it
// (RFC 9525 §6.3).
func ToPattern(name string) (string, error) {
	if rest, ok := strings.CutPrefix(name, "*."); ok {
		ascii, err := ToASCII(rest)
		var bad *NameError
		if errors.As(err, &bad) {
			bad.Name = name
		}
		return "*." + ascii, err
	}
	return ToASCII(name)
}

// cause is what idna says, without its name.
func cause(err error) string { return strings.TrimPrefix(err.Error(), "idna: ") }

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
