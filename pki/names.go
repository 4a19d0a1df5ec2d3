package pki

import (
	"crypto/x509"
	"net"
	"strings"

	"tlslab/handshake/reason"
)

func isNamed(j *judgement, i int) bool { return i == 0 && j.o.ServerName != "" }

func testName(j *judgement, _ int) *reason.Error {
	leaf := j.certs[0]
	if _, ok := matchName(leaf, j.o.ServerName); ok {
		return nil
	}
	return reason.New(reason.CertificateWrongName, field(0, "subject_alt_name"), j.o.ServerName, otherThan(leaf, j.o.ServerName))
}

func showName(j *judgement, _ int) []Input {
	matched, _ := matchName(j.certs[0], j.o.ServerName)
	return []Input{
		{InServerName, j.o.ServerName},
		{InNames, presentedNames(j.certs[0])},
		{InMatched, matched},
	}
}

// matchName finds the name in leaf's subjectAltName that identifies the server. An
// IP address is compared with iPAddress entries alone (RFC 9525 §6.4), a DNS name
// with dNSName entries alone (§6.3); the subject's common name with neither.
func matchName(leaf *x509.Certificate, server string) (presented string, ok bool) {
	if ip := parseIP(server); ip != nil {
		for _, have := range leaf.IPAddresses {
			if have.Equal(ip) {
				return "IP:" + have.String(), true
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

// parseIP reads an IP address, perhaps in the brackets of a URL.
func parseIP(s string) net.IP {
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	return net.ParseIP(s)
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
