package pki

import (
	"crypto/x509"
	"slices"
	"strings"

	"tlslab/handshake/reason"
)

func isNamed(j *judgement, i int) bool { return i == 0 && j.o.ServerName != "" }

func testName(j *judgement, _ int) *reason.Error { return j.misnamed }

// nameError says that the leaf, the first of chain, does not identify the server. If it is a
// CA's, or if another of the chain does, it is as a rule not the leaf that stands first
// (RFC 9846 §4.5.1).
func nameError(chain []*x509.Certificate, server string) *reason.Error {
	leaf := chain[0]
	if _, ok := matchName(leaf, server); ok {
		return nil
	}
	first := reason.Say("certificate 1 is an end entity's")
	if leaf.IsCA {
		first = reason.Say("certificate 1 is a CA's")
	}
	for i, c := range chain[1:] {
		if _, ok := matchName(c, server); ok {
			return reason.New(reason.CertificateWrongName, "RFC 9846 §4.5.1", field(0, "subject_alt_name."+CauseNotFirst),
				reason.Say("%s in certificate 1 (the leaf)", server), reason.Say("%s; certificate %d carries the name", first, i+2))
		}
	}
	// A CA's that names servers is also a leaf: what `openssl req -x509` makes is both.
	if leaf.IsCA && len(leaf.DNSNames)+len(leaf.IPAddresses) == 0 {
		return reason.New(reason.CertificateWrongName, "RFC 9846 §4.5.1", field(0, "subject_alt_name."+CauseCAFirst), reason.Say("%s in certificate 1 (the leaf)", server), first)
	}
	return reason.New(reason.CertificateWrongName, nameRule(server), field(0, "subject_alt_name"), server, otherThan(leaf, server))
}

// nameRule cites the rule by which a server's name is matched: an IP address, or a DNS
// name.
func nameRule(server string) string {
	if parseIP(server) != nil {
		return "RFC 9525 §6.4"
	}
	return "RFC 9525 §6.3"
}

func showName(j *judgement, _ int) []Input {
	matched, _ := matchName(j.certs[0], j.o.ServerName)
	return j.shown(Input{InServerName, j.o.ServerName}, Input{InNames, (*presentedOf)(j.certs[0])}, Input{InMatched, matched})
}

// matchName finds the name in leaf's subjectAltName that identifies the server. An
// IP address is compared with iPAddress entries alone, octet by octet (RFC 9525 §6.4:
// their number tells IPv4 from IPv6, so ::ffff:192.0.2.1 is not 192.0.2.1); a DNS name
// with dNSName entries alone (§6.3); the subject's common name with neither.
func matchName(leaf *x509.Certificate, server string) (presented string, ok bool) {
	if ip := parseIP(server); ip != nil {
		for _, have := range leaf.IPAddresses {
			if slices.Equal(have, ip) { // net.IP.Equal takes a mapped address for the other
				return ipString(have), true
			}
		}
		return "", false
	}
	server = strings.TrimSuffix(server, ".") // an absolute name is the same name
	for _, pattern := range leaf.DNSNames {
		if matchDNS(pattern, server) {
			return "DNS:" + pattern, true
		}
	}
	return "", false
}

// matchDNS matches label by label, without regard to ASCII case. A "*" stands for
// exactly one label, and only as the whole leftmost one of several.
func matchDNS(pattern, server string) bool {
	if server == "" || !validName(server) {
		return false
	}
	if rest, ok := strings.CutPrefix(pattern, "*."); ok {
		_, parent, ok := strings.Cut(server, ".")
		return ok && rest != "" && !strings.Contains(rest, "*") && equalFoldASCII(rest, parent)
	}
	return equalFoldASCII(pattern, server)
}

// validName reports whether a reference name is made of non-empty labels without a
// wildcard: what cannot be looked up cannot be identified.
func validName(name string) bool {
	return !strings.HasPrefix(name, ".") && !strings.HasSuffix(name, ".") &&
		!strings.Contains(name, "..") && !strings.ContainsAny(name, "*\x00")
}

// equalFoldASCII is strings.EqualFold without Unicode: a certificate's names are
// IA5String, and K (the Kelvin sign) is not k.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
