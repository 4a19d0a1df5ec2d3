package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strings"
)

// What a certificate says about whose it is, for a reader.

// presentedNames lists every name of the subjectAltName, in kinds as OpenSSL writes them: "DNS:www.lab.test",
// "IP:192.0.2.1", "email:a@lab.test", "URI:https://lab.test". Of the kinds that name no host on
// the net there is the kind alone, "directoryName".
func presentedNames(c *x509.Certificate) []string {
	names := sanStrings(c.DNSNames, c.IPAddresses)
	for _, e := range c.EmailAddresses {
		names = append(names, "email:"+e)
	}
	for _, u := range c.URIs {
		names = append(names, "URI:"+u.String())
	}
	for _, e := range c.Extensions {
		var all []asn1.RawValue
		if !e.Id.Equal(oidSubjectAltName) || unmarshalAll(e.Value, &all) != nil {
			continue
		}
		for _, n := range all {
			if kind, ok := otherNames[n.Tag]; ok && n.Class == asn1.ClassContextSpecific {
				names = append(names, kind)
			}
		}
	}
	return names
}

// otherNames are the kinds of GeneralName (RFC 5280 §4.2.1.6) that crypto/x509 leaves aside.
var otherNames = map[int]string{0: "otherName", 3: "x400Address", 4: "directoryName", 5: "ediPartyName", 8: "registeredID"}

// otherThan says what names leaf has instead of server's: none, none of the kind that is
// compared (RFC 9525 §6), or others. A common name that would have fitted is pointed out:
// it does not count (RFC 9525 §2).
func otherThan(leaf *x509.Certificate, server string) string {
	said := presentedNames(leaf)
	_, present := extension(leaf, oidSubjectAltName)
	got := strings.Join(said, ", ")
	switch isIP := parseIP(server) != nil; {
	case !present:
		got = "no subjectAltName"
	case isIP && len(leaf.IPAddresses) == 0:
		got = "no IP address among " + got
	case !isIP && len(leaf.DNSNames) == 0:
		got = "no DNS name among " + got
	}
	if cn := leaf.Subject.CommonName; cn != "" && commonNameFits(cn, server) {
		got += fmt.Sprintf("; the subject's common name is %q, and a common name does not count any more (RFC 9525 §2)", cn)
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
