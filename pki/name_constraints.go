package pki

import (
	"crypto/x509"
	"net"
	"net/url"
	"strings"

	"tlslab/handshake/reason"
)

// Name constraints, RFC 5280 §4.2.1.10: what an authority may name. They bind
// every certificate below it, the names of intermediates included.

func constrains(c *x509.Certificate) bool {
	return len(c.PermittedDNSDomains)+len(c.ExcludedDNSDomains)+
		len(c.PermittedIPRanges)+len(c.ExcludedIPRanges)+
		len(c.PermittedEmailAddresses)+len(c.ExcludedEmailAddresses)+
		len(c.PermittedURIDomains)+len(c.ExcludedURIDomains) > 0
}

// isConstrained: a self-issued intermediate is exempt (§6.1.3 (b)), for it only
// carries its authority over to a new key.
func isConstrained(j *judgement, i int) bool {
	if i > 0 && selfIssued(j.certs[i]) {
		return false
	}
	for _, above := range j.certs[i+1:] {
		if constrains(above) {
			return true
		}
	}
	return false
}

func testNameConstraints(j *judgement, i int) *reason.Error {
	for _, above := range j.certs[i+1:] {
		if !constrains(above) {
			continue
		}
		if err := namesWithin(j.certs[i], above); err != nil {
			err.Field = field(i, "subject_alt_name")
			return err
		}
	}
	return nil
}

func showNameConstraints(j *judgement, i int) []Input {
	c := j.certs[i]
	names := sanStrings(c.DNSNames, c.IPAddresses)
	for _, m := range c.EmailAddresses {
		names = append(names, "email:"+m)
	}
	for _, u := range c.URIs {
		names = append(names, "URI:"+u.String())
	}
	var by, permitted, excluded []string
	for _, above := range j.certs[i+1:] {
		if constrains(above) {
			by = append(by, above.Subject.String())
			permitted = append(permitted, subtrees(above.PermittedDNSDomains, above.PermittedIPRanges, above.PermittedEmailAddresses, above.PermittedURIDomains)...)
			excluded = append(excluded, subtrees(above.ExcludedDNSDomains, above.ExcludedIPRanges, above.ExcludedEmailAddresses, above.ExcludedURIDomains)...)
		}
	}
	return []Input{{InNames, names}, {InConstrainedBy, by}, {InPermitted, permitted}, {InExcluded, excluded}}
}

func subtrees(dns []string, ips []*net.IPNet, mail, uri []string) []string {
	var s []string
	for _, d := range dns {
		s = append(s, "DNS:"+d)
	}
	for _, n := range ips {
		s = append(s, "IP:"+n.String())
	}
	for _, m := range mail {
		s = append(s, "email:"+m)
	}
	for _, u := range uri {
		s = append(s, "URI:"+u)
	}
	return s
}

// namesWithin checks each alternative name of c against the constraints of above:
// in none of the excluded subtrees, and in one of the permitted if there are any
// of its type.
func namesWithin(c, above *x509.Certificate) *reason.Error {
	for _, name := range c.DNSNames {
		if err := within("DNS:"+name, name, above.PermittedDNSDomains, above.ExcludedDNSDomains, dnsWithin, dnsTouches); err != nil {
			return err
		}
	}
	for _, ip := range c.IPAddresses {
		if err := within("IP:"+ip.String(), ip, above.PermittedIPRanges, above.ExcludedIPRanges, ipWithin, ipWithin); err != nil {
			return err
		}
	}
	for _, m := range c.EmailAddresses {
		if err := within("email:"+m, m, above.PermittedEmailAddresses, above.ExcludedEmailAddresses, emailWithin, emailWithin); err != nil {
			return err
		}
	}
	for _, u := range c.URIs {
		if len(above.PermittedURIDomains)+len(above.ExcludedURIDomains) == 0 {
			continue
		}
		host, ok := uriHost(u)
		if !ok {
			return reason.New(reason.CertificateConstraint, "", "a URI with a host name, for URIs are constrained", "URI:"+u.String())
		}
		if err := within("URI:"+u.String(), host, above.PermittedURIDomains, above.ExcludedURIDomains, hostWithin, hostWithin); err != nil {
			return err
		}
	}
	return nil
}

// within judges one name. inside says whether all that name stands for lies in a
// subtree, touches whether some of it does: they differ for wildcards.
func within[N any, T any](shown string, name N, permitted, excluded []T, inside, touches func(N, T) bool) *reason.Error {
	for _, tree := range excluded {
		if touches(name, tree) {
			return reason.New(reason.CertificateConstraint, "", "no name in the issuer's excluded subtrees", shown)
		}
	}
	if len(permitted) == 0 {
		return nil
	}
	for _, tree := range permitted {
		if inside(name, tree) {
			return nil
		}
	}
	return reason.New(reason.CertificateConstraint, "", "a name in the issuer's permitted subtrees", shown)
}

// dnsWithin: adding labels on the left of the subtree gives the name. A leading
// dot, which RFC 5280 has for URIs only, asks for at least one label more.
func dnsWithin(name, tree string) bool {
	if tree == "" {
		return true
	}
	if len(name) < len(tree) || !equalFoldASCII(name[len(name)-len(tree):], tree) {
		return false
	}
	return tree[0] == '.' || len(name) == len(tree) || name[len(name)-len(tree)-1] == '.'
}

// dnsTouches also sees that *.lab.test stands for the excluded www.lab.test.
func dnsTouches(name, tree string) bool {
	if dnsWithin(name, tree) {
		return true
	}
	parent, wild := strings.CutPrefix(name, "*.")
	_, treeParent, ok := strings.Cut(strings.TrimPrefix(tree, "."), ".")
	return wild && ok && equalFoldASCII(parent, treeParent)
}

func ipWithin(ip net.IP, tree *net.IPNet) bool { return len(ip) == len(tree.IP) && tree.Contains(ip) }

// emailWithin: a subtree is one mailbox, all mailboxes of a host, or with a leading
// dot those of all hosts in a domain.
func emailWithin(mail, tree string) bool {
	at := strings.LastIndexByte(mail, '@')
	if at < 0 {
		return false
	}
	local, host := mail[:at], mail[at+1:]
	if at := strings.LastIndexByte(tree, '@'); at >= 0 {
		return local == tree[:at] && equalFoldASCII(host, tree[at+1:])
	}
	return hostWithin(host, tree)
}

// hostWithin is the rule of URI and email subtrees: exactly that host, or with a
// leading dot any host below.
func hostWithin(host, tree string) bool {
	if strings.HasPrefix(tree, ".") || tree == "" {
		return dnsWithin(host, tree)
	}
	return equalFoldASCII(host, tree)
}

// uriHost: only a fully qualified host can be held against a subtree.
func uriHost(u *url.URL) (host string, ok bool) {
	host = strings.TrimSuffix(u.Hostname(), ".")
	return host, host != "" && parseIP(host) == nil
}
