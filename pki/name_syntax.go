package pki

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// What is a name at all. An encoding that is not a name cannot be said to lie in a subtree
// or outside of it, and software disagrees about what it would match; so where constraints
// apply it is refused, not compared.

// validHost reports whether s is a DNS name of RFC 1034 §3.5 without a final dot: 1
// to 253 octets in labels of 1 to 63. Of the octets, "_" is taken besides letters,
// digits and hyphens, for it stands in many certificates.
func validHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if label == 0 {
				return false
			}
			label = 0
			continue
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return label > 0
}

// validDNSName is a host, or a pattern with "*" as its whole first label (RFC 9525 §6.3).
func validDNSName(s string) bool { return validHost(strings.TrimPrefix(s, "*.")) }

// parseMailbox takes a Mailbox of RFC 5321 §4.1.2 at a host apart. A quoted local part
// is unquoted, for "root"@lab.test and root@lab.test are one mailbox. A mailbox at an
// address literal, root@[192.0.2.1], names no host, and no subtree can hold it.
func parseMailbox(s string) (local, host string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || !validHost(s[at+1:]) {
		return "", "", false
	}
	local, host = s[:at], s[at+1:]
	if len(local) > 1 && local[0] == '"' {
		local, ok = unquote(local)
	} else {
		ok = validDotString(local)
	}
	return local, host, ok && len(local) <= 64 // RFC 5321 §4.5.3.1.1
}

func validDotString(s string) bool {
	const special = "!#$%&'*+-/=?^_`{|}~"
	atom := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.':
			if atom == 0 {
				return false
			}
			atom = 0
			continue
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte(special, c) >= 0:
		default:
			return false
		}
		atom++
	}
	return atom > 0
}

// unquote reads a Quoted-string.
func unquote(s string) (_ string, ok bool) {
	out := make([]byte, 0, len(s))
	for i := 1; i < len(s); i++ {
		c := s[i]
		if c == '"' {
			return string(out), i == len(s)-1
		}
		if c == '\\' {
			if i++; i == len(s) {
				break
			}
			c = s[i]
		}
		if c < ' ' || c > '~' {
			return "", false
		}
		out = append(out, c)
	}
	return "", false
}

// uriHost returns the host of a URI if it is a fully qualified domain name: only that
// can be held against a subtree. A last label of digits makes an address of it, also
// in the old forms 127.1 and 2130706433.
func uriHost(u *url.URL) (host string, ok bool) {
	if u == nil {
		return "", false
	}
	host = u.Hostname()
	last := host[strings.LastIndexByte(host, '.')+1:]
	return host, validHost(host) && strings.Trim(last, "0123456789") != ""
}

// parseIP reads an IP address, perhaps in the brackets of a URL, and returns its 4 or 16
// octets. It returns nil if the text is not an IP address. Unlike net.ParseIP it keeps an
// IPv6 address that an IPv4 address is mapped into, ::ffff:192.0.2.1, apart from 192.0.2.1:
// a certificate does.
func parseIP(s string) net.IP {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" { // a zone means something on one machine only
		return nil
	}
	return ip.AsSlice()
}
