package pki

import (
	"crypto/x509"
	"strconv"
	"strings"
	"unicode"

	"tlslab/handshake/foreign"
	"tlslab/handshake/reason"
)

// What a certificate says about whose it is, for a reader.

// presentedNames lists every name of the subjectAltName, in its order and as OpenSSL
// writes them: "DNS:www.lab.test", "IP:192.0.2.1", "email:a@lab.test", "DirName:O=Lab".
func presentedNames(c *x509.Certificate) []string { return namesOf(c).presented() }

func (h *heldNames) presented() []string {
	names := make([]string, 0, len(h.names))
	for i := range h.names {
		if !h.names[i].subject {
			names = append(names, h.names[i].String())
		}
	}
	return names
}

// otherThan says what names leaf has instead of server's: none, none of the kind that is
// compared (RFC 9525 §6), or others. A common name that would have fitted is pointed out:
// it does not count (RFC 9525 §2).
func otherThan(leaf *x509.Certificate, server string) any {
	said := presentedNames(leaf)
	_, present := extension(leaf, oidSubjectAltName)
	all := strings.Join(said, ", ")
	var got any = all
	switch isIP := parseIP(server) != nil; {
	case !present:
		got = reason.Say("no subjectAltName")
	case isIP && len(leaf.IPAddresses) == 0:
		got = reason.Say("no IP address among %s", all)
	case !isIP && len(leaf.DNSNames) == 0:
		got = reason.Say("no DNS name among %s", all)
	}
	if strings.ContainsFunc(server, func(r rune) bool { return r > unicode.MaxASCII }) {
		got = reason.Say("%v; a certificate holds names beyond ASCII as A-labels, xn--…: ask for the name in that form (RFC 5280 §7.2)", got)
	}
	if cn := leaf.Subject.CommonName; cn != "" && commonNameFits(cn, server) {
		return reason.Say("%v; the subject's common name is %s, and a common name does not count any more (RFC 9525 §2)", got, foreign.Sentence(strconv.Quote(cn)))
	}
	return got
}

// commonNameFits reports whether the common name would have identified the server, when
// it still counted (RFC 2818 §3.1).
func commonNameFits(cn, server string) bool {
	if ip := parseIP(server); ip != nil {
		return ip.Equal(parseIP(cn))
	}
	return matchDNS(cn, strings.TrimSuffix(server, "."))
}
