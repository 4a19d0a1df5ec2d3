package idn

import (
	"net/netip"
	"strings"
)

// Hostname is ToASCII for a name that a person typed where the name of one host belongs, and judges
// ASCII too: an address with more than the name (a URL, a port), and what no resolver and no
// certificate has. An IP address comes back as it is. So does a name with an underscore, which
// breaks RFC 1123 §2.1 and is in use, and one with a dot at its end.
//
// The error is a *NameError.
func Hostname(name string) (string, error) {
	if _, err := netip.ParseAddr(name); err == nil || name == "" {
		return name, nil
	}
	if why, ref := noHost(name); why != "" {
		return "", &NameError{shortened(name), why, ref}
	}
	ascii, err := ToASCII(name)
	if err != nil {
		return "", err
	}
	if why, ref := noName(ascii); why != "" {
		return "", &NameError{shortened(name), why, ref}
	}
	return ascii, nil
}

// HostPattern is Hostname for a name that a certificate may carry: "*." may stand before it
// (RFC 9525 §6.3).
func HostPattern(name string) (string, error) {
	rest, wildcard := strings.CutPrefix(name, "*.")
	if !wildcard {
		return Hostname(name)
	}
	if rest == "" {
		return "", &NameError{name, "a label is empty", sizes}
	}
	if _, err := netip.ParseAddr(rest); err == nil {
		return "", &NameError{shortened(name), "an asterisk stands for a label of a name, and an IP address has none", "RFC 9525 §6.3"}
	}
	ascii, err := Hostname(rest)
	if bad, ok := err.(*NameError); ok {
		bad.Name = shortened(name)
		return "", bad
	}
	return "*." + ascii, err
}

// The rules that are broken most.
const (
	sizes   = "RFC 1035 §2.3.4"
	letters = "RFC 1123 §2.1"
	names   = "RFC 6066 §3"
)

// noHost says why what was typed is more than a name, or another thing; "" if it is not.
func noHost(name string) (why, ref string) {
	host, port, colon := strings.Cut(name, ":")
	_, inside := netip.ParseAddr(strings.Trim(name, "[]"))
	switch {
	case strings.Contains(name, "://"):
		return "it is a URL, and a name is one part of it", "RFC 3986 §3"
	case inside == nil:
		return "an IP address stands here without brackets", "RFC 3986 §3.2.2"
	case strings.ContainsAny(name, "/?#"):
		return "a path stands behind the name", "RFC 3986 §3"
	case strings.Contains(name, "@"):
		return "somebody's name stands before the host's", "RFC 3986 §3.2.1"
	case colon && host != "" && port != "" && strings.Trim(port, "0123456789") == "":
		return "a port stands behind the name", names
	case colon:
		return "it has a colon", names
	case strings.ContainsAny(name, " \t\r\n"):
		return "it has a space", letters
	case strings.Contains(name, "*"):
		return "it has an asterisk: a wildcard is a certificate's, and stands for its first label", "RFC 9525 §6.3"
	}
	return "", ""
}

// noName says why a name in ASCII is none; "" if it is one.
func noName(name string) (why, ref string) {
	whole := strings.TrimSuffix(name, ".")
	for i := range len(whole) {
		switch c := whole[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return "it has a character that no name has, " + whole[i:i+1], letters
		}
	}
	if len(whole) > maxName {
		return "it takes more than 253 octets", sizes
	}
	for label := range strings.SplitSeq(whole, ".") {
		switch {
		case label == "":
			return "a label is empty", sizes
		case len(label) > maxLabel:
			return "a label takes more than 63 octets", sizes
		case label[0] == '-' || label[len(label)-1] == '-':
			return "a label begins or ends with a hyphen", letters
		}
	}
	return "", ""
}

// shortened is a name at a length that can be read.
func shortened(name string) string {
	if len(name) <= maxName {
		return name
	}
	return name[:maxLabel] + "…"
}
