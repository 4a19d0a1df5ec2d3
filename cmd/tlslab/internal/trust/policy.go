package trust

import (
	"crypto/x509"
	"strings"
)

// policies are those that have a name here: RFC 5280 §4.2.1.4's, and those of the CA/Browser Forum, which say how far
// the subject was validated (Baseline Requirements §7.1.6.1; EV Guidelines §9.3.2).
var policies = []struct{ name, long, id string }{
	{"anyPolicy", "", "2.5.29.32.0"},
	{"EV", "extended-validated", "2.23.140.1.1"},
	{"DV", "domain-validated", "2.23.140.1.2.1"},
	{"OV", "organization-validated", "2.23.140.1.2.2"},
	{"IV", "individual-validated", "2.23.140.1.2.3"},
}

// policyNames are the short names.
func policyNames() (names []string) {
	for _, p := range policies {
		names = append(names, p.name)
	}
	return names
}

// policyOf is a policy by its name, in capitals or not, or by its object identifier.
func policyOf(typed string) (x509.OID, error) {
	for _, p := range policies {
		if strings.EqualFold(typed, p.name) || p.long != "" && strings.EqualFold(typed, p.long) {
			typed = p.id
		}
	}
	return x509.ParseOID(typed)
}
