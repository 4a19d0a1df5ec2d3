package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"slices"
	"time"

	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// A defect is a way in which a chain may differ from the plain good one; some are
// none. change edits the templates, sent edits what the server sends, roots what
// the client trusts, after the chain is signed.
type defect struct {
	name   string
	min    int // intermediates needed
	change func(w *world)
	sent   func(w *world, chain []*x509.Certificate) []*x509.Certificate
	roots  func(w *world, roots []*x509.Certificate) []*x509.Certificate
	server string // name asked for, if not www.lab.test
	usage  pki.Usage

	// stricter is the section that makes us refuse what crypto/x509 accepts; wider
	// the one that makes us accept what crypto/x509 refuses.
	stricter, wider string
	only            string // the departure is with keys of this algorithm alone
}

func day(n int) time.Time { return pkitest.Time.Add(time.Duration(n) * 24 * time.Hour) }

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

func mustOID(s string) x509.OID {
	oid, err := x509.ParseOID(s)
	if err != nil {
		panic(err)
	}
	return oid
}

func network(s string) *net.IPNet {
	_, n, err := net.ParseCIDR(s)
	if err != nil {
		panic(err)
	}
	return n
}

var (
	oidExtKeyUsage       = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidBasicConstraints  = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidPolicyConstraints = asn1.ObjectIdentifier{2, 5, 29, 36}
	oidPolicyMappings    = asn1.ObjectIdentifier{2, 5, 29, 33}
	oidNobodyKnows       = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
)

var defects = []defect{
	{name: "none"},

	// badssl's names, and more of the same
	{name: "expired", change: func(w *world) { w.leaf().NotBefore, w.leaf().NotAfter = day(-9), day(-1) }},
	{name: "not-yet-valid", change: func(w *world) { w.leaf().NotBefore, w.leaf().NotAfter = day(1), day(9) }},
	{name: "wrong.host", server: "wrong.host.lab.test"},
	{name: "self-signed", sent: func(w *world, _ []*x509.Certificate) []*x509.Certificate { return []*x509.Certificate{w.root()} },
		roots: func(*world, []*x509.Certificate) []*x509.Certificate { return nil }},
	{name: "untrusted-root", roots: func(*world, []*x509.Certificate) []*x509.Certificate { return nil }},
	{name: "incomplete-chain", min: 1, sent: func(_ *world, c []*x509.Certificate) []*x509.Certificate { return c[:1] }},
	{name: "reversed-chain", sent: func(w *world, c []*x509.Certificate) []*x509.Certificate {
		rest := append(slices.Clone(c[1:]), w.root())
		slices.Reverse(rest)
		return append(slices.Clone(c[:1]), rest...)
	}},
	{name: "no-common-name", change: func(w *world) { w.leaf().Subject.CommonName = "" }},
	{name: "no-subject", change: func(w *world) { w.leaf().Subject = pkix.Name{} }},
	{name: "bad-signature", sent: func(_ *world, c []*x509.Certificate) []*x509.Certificate { return damaged(c, 0) }},
	{name: "bad-signature-above", min: 1, sent: func(_ *world, c []*x509.Certificate) []*x509.Certificate { return damaged(c, 1) }},
	{name: "intermediate-expired", min: 1, change: func(w *world) { w.certs[1].NotAfter = day(-1).Add(time.Hour) }},
	{name: "root-expired", change: func(w *world) { w.root().NotAfter = day(-1).Add(time.Hour) }},
	{name: "root-not-yet-valid", change: func(w *world) { w.root().NotBefore = day(1).Add(-time.Hour) }},
	{name: "valid-until-now", change: func(w *world) { w.leaf().NotAfter = pkitest.Time }},
	{name: "valid-from-now", change: func(w *world) { w.leaf().NotBefore = pkitest.Time }},
	{name: "root-sent", sent: func(w *world, c []*x509.Certificate) []*x509.Certificate { return append(slices.Clone(c), w.root()) }},
	{name: "sent-twice", sent: func(_ *world, c []*x509.Certificate) []*x509.Certificate { return append(slices.Clone(c), c...) }},
	{name: "leaf-is-anchor", roots: func(w *world, _ []*x509.Certificate) []*x509.Certificate { return []*x509.Certificate{w.leaf()} }},
	{name: "intermediate-is-anchor", min: 1, roots: func(w *world, _ []*x509.Certificate) []*x509.Certificate {
		return []*x509.Certificate{w.certs[1]}
	}},

	// names
	{name: "wildcard", server: "a.wild.lab.test"},
	{name: "wildcard-two-labels", server: "a.b.wild.lab.test"},
	{name: "wildcard-no-label", server: "wild.lab.test"},
	{name: "case", server: "WWW.Lab.TEST"},
	{name: "trailing-dot", server: "www.lab.test."},
	{name: "empty-label", server: "www..lab.test"},
	{name: "ip", server: "192.0.2.1", change: func(w *world) { w.leaf().IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }},
	{name: "ip-wrong", server: "192.0.2.2", change: func(w *world) { w.leaf().IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)} }},
	{name: "ip-in-dns-name", server: "192.0.2.1", change: func(w *world) { w.leaf().DNSNames = []string{"192.0.2.1"} }},
	{name: "ipv6-brackets", server: "[2001:db8::1]", change: func(w *world) { w.leaf().IPAddresses = []net.IP{net.ParseIP("2001:db8::1")} }},
	{name: "common-name-only", change: func(w *world) { w.leaf().Subject.CommonName, w.leaf().DNSNames = "www.lab.test", nil }},
	{name: "bare-wildcard", server: "lab", change: func(w *world) { w.leaf().DNSNames = []string{"*"} }},
	{name: "wildcard-inside", server: "www.lab.test", change: func(w *world) { w.leaf().DNSNames = []string{"w*.lab.test"} }},
	{name: "wildcard-not-first", server: "www.lab.test", change: func(w *world) { w.leaf().DNSNames = []string{"www.*.test"} }},
	{name: "underscore", server: "a_b.lab.test", change: func(w *world) { w.leaf().DNSNames = []string{"a_b.lab.test"} }},

	// basic constraints, path length, key usage
	{name: "intermediate-not-ca", min: 1, change: func(w *world) { w.certs[1].IsCA, w.certs[1].KeyUsage = false, 0 }},
	{name: "intermediate-no-basic-constraints", min: 1, change: func(w *world) {
		w.certs[1].BasicConstraintsValid, w.certs[1].IsCA, w.certs[1].KeyUsage = false, false, 0
	}},
	{name: "root-not-ca", change: func(w *world) { w.root().IsCA, w.root().KeyUsage = false, 0 }},
	{name: "root-pathlen-0", change: func(w *world) { w.root().MaxPathLenZero = true }},
	{name: "root-pathlen-1", change: func(w *world) { w.root().MaxPathLen = 1 }},
	{name: "root-pathlen-2", change: func(w *world) { w.root().MaxPathLen = 2 }},
	{name: "lowest-pathlen-0", min: 1, change: func(w *world) { w.certs[1].MaxPathLenZero = true }},
	{name: "intermediate-cannot-sign", min: 1, change: func(w *world) { w.certs[1].KeyUsage = x509.KeyUsageCRLSign }},
	{name: "root-cannot-sign", change: func(w *world) { w.root().KeyUsage = x509.KeyUsageCRLSign }},
	{name: "intermediate-no-key-usage", min: 1, change: func(w *world) { w.certs[1].KeyUsage = 0 }},
	{name: "leaf-is-ca", change: func(w *world) {
		w.leaf().IsCA, w.leaf().KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	}},
	{name: "leaf-agrees-on-keys", stricter: "RFC 8410 §5", only: "ed25519", change: func(w *world) { w.leaf().KeyUsage = x509.KeyUsageKeyAgreement }},
	{name: "leaf-no-key-usage", change: func(w *world) { w.leaf().KeyUsage = 0 }},

	// extended key usage
	{name: "client-only", change: func(w *world) { w.leaf().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},
	{name: "client-for-client", usage: pki.ClientAuth, change: func(w *world) { w.leaf().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},
	{name: "server-for-client", usage: pki.ClientAuth},
	{name: "any-usage", change: func(w *world) { w.leaf().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }},
	{name: "no-usage", change: func(w *world) { w.leaf().ExtKeyUsage = nil }},
	{name: "unknown-usage", change: func(w *world) {
		w.leaf().ExtKeyUsage, w.leaf().UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{oidNobodyKnows}
	}},
	{name: "intermediate-client-only", min: 1, change: func(w *world) { w.certs[1].ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},
	{name: "intermediate-server", min: 1, change: func(w *world) { w.certs[1].ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }},
	{name: "root-client-only", change: func(w *world) { w.root().ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }},

	// name constraints
	{name: "dns-permitted", min: 1, change: func(w *world) { w.certs[1].PermittedDNSDomains = []string{"lab.test"} }},
	{name: "dns-permitted-elsewhere", min: 1, change: func(w *world) { w.certs[1].PermittedDNSDomains = []string{"other.test"} }},
	{name: "dns-permitted-suffix-no-label", min: 1, change: func(w *world) { w.certs[1].PermittedDNSDomains = []string{"ab.test"} }},
	{name: "dns-permitted-only-www", min: 1, change: func(w *world) { w.certs[1].PermittedDNSDomains = []string{"www.lab.test"} }},
	{name: "dns-permitted-leading-dot", min: 1, change: func(w *world) { w.certs[1].PermittedDNSDomains = []string{".lab.test"} }},
	{name: "dns-permitted-leading-dot-itself", min: 1, change: func(w *world) {
		w.certs[1].PermittedDNSDomains = []string{".www.lab.test", ".wild.lab.test"}
	}},
	{name: "dns-permitted-by-root", change: func(w *world) { w.root().PermittedDNSDomains = []string{"LAB.test"} }},
	{name: "dns-excluded", min: 1, change: func(w *world) { w.certs[1].ExcludedDNSDomains = []string{"lab.test"} }},
	{name: "dns-excluded-elsewhere", min: 1, change: func(w *world) { w.certs[1].ExcludedDNSDomains = []string{"other.test"} }},
	{name: "dns-excluded-by-root", change: func(w *world) { w.root().ExcludedDNSDomains = []string{"www.lab.test"} }},
	{name: "dns-excluded-in-wildcard", min: 1, change: func(w *world) { w.certs[1].ExcludedDNSDomains = []string{"a.wild.lab.test"} }},
	{name: "dns-excluded-below-wildcard", min: 1, change: func(w *world) { w.certs[1].ExcludedDNSDomains = []string{"b.a.wild.lab.test"} }},
	{name: "dns-permitted-in-wildcard", min: 1, change: func(w *world) {
		w.certs[1].PermittedDNSDomains = []string{"www.lab.test", "a.wild.lab.test"}
	}},
	{name: "dns-constrained-names-above", min: 2, change: func(w *world) {
		w.certs[1].DNSNames, w.certs[2].PermittedDNSDomains = []string{"ca.other.test"}, []string{"lab.test"}
	}},
	{name: "ip-permitted", min: 1, change: func(w *world) {
		w.leaf().IPAddresses, w.certs[1].PermittedIPRanges = []net.IP{net.IPv4(192, 0, 2, 1)}, []*net.IPNet{network("192.0.2.0/24")}
	}},
	{name: "ip-not-permitted", min: 1, change: func(w *world) {
		w.leaf().IPAddresses, w.certs[1].PermittedIPRanges = []net.IP{net.IPv4(192, 0, 3, 1)}, []*net.IPNet{network("192.0.2.0/24")}
	}},
	{name: "ip-excluded", min: 1, change: func(w *world) {
		w.leaf().IPAddresses, w.certs[1].ExcludedIPRanges = []net.IP{net.ParseIP("2001:db8::1")}, []*net.IPNet{network("2001:db8::/32")}
	}},
	{name: "ip-other-family", min: 1, change: func(w *world) {
		w.leaf().IPAddresses, w.certs[1].PermittedIPRanges = []net.IP{net.ParseIP("2001:db8::1")}, []*net.IPNet{network("192.0.2.0/24")}
	}},
	{name: "email-permitted", min: 1, change: func(w *world) {
		w.leaf().EmailAddresses, w.certs[1].PermittedEmailAddresses = []string{"a@lab.test"}, []string{"lab.test"}
	}},
	{name: "email-mailbox-excluded", min: 1, change: func(w *world) {
		w.leaf().EmailAddresses, w.certs[1].ExcludedEmailAddresses = []string{"a@LAB.test"}, []string{"a@lab.test"}
	}},
	{name: "uri-permitted", min: 1, change: func(w *world) {
		w.leaf().URIs, w.certs[1].PermittedURIDomains = []*url.URL{mustURL("https://a.lab.test/x")}, []string{".lab.test"}
	}},
	{name: "uri-not-permitted", min: 1, change: func(w *world) {
		w.leaf().URIs, w.certs[1].PermittedURIDomains = []*url.URL{mustURL("https://a.other.test:8443/x")}, []string{".lab.test"}
	}},
	{name: "uri-with-address", min: 1, change: func(w *world) {
		w.leaf().URIs, w.certs[1].PermittedURIDomains = []*url.URL{mustURL("https://192.0.2.1/x")}, []string{".lab.test"}
	}},

	// policies and critical extensions
	{name: "policy-required-none", min: 1, change: func(w *world) { w.certs[1].ExtraExtensions = requirePolicy(0) }},
	{name: "policy-required-later", min: 1, change: func(w *world) { w.certs[1].ExtraExtensions = requirePolicy(5) }},
	{name: "policy-required-and-there", min: 1, change: func(w *world) {
		w.certs[1].ExtraExtensions = requirePolicy(0)
		for _, c := range w.certs {
			c.Policies = []x509.OID{mustOID("1.2.3.4")}
		}
	}},
	{name: "policy-required-other-there", min: 1, change: func(w *world) {
		w.certs[1].ExtraExtensions = requirePolicy(0)
		for i, c := range w.certs {
			c.Policies = []x509.OID{mustOID(fmt.Sprintf("1.2.3.%d", 4+min(i, 1)))}
		}
	}},
	{name: "policy-required-any-there", min: 1, change: func(w *world) {
		w.certs[1].ExtraExtensions = requirePolicy(0)
		w.leaf().Policies = []x509.OID{mustOID("1.2.3.4")}
		for _, c := range w.certs[1:] {
			c.Policies = []x509.OID{mustOID(pki.AnyPolicy)}
		}
	}},
	{name: "policy-mapped", min: 1, change: func(w *world) {
		w.certs[1].ExtraExtensions = append(requirePolicy(0), mapPolicy("1.2.3.4", "1.2.3.5"))
		for i, c := range w.certs {
			c.Policies = []x509.OID{mustOID(fmt.Sprintf("1.2.3.%d", 5-min(i, 1)))}
		}
	}},
	{name: "critical-unknown-leaf", change: func(w *world) { w.leaf().ExtraExtensions = []pkix.Extension{ext(oidNobodyKnows, true, 5, 0)} }},
	{name: "critical-unknown-root", change: func(w *world) { w.root().ExtraExtensions = []pkix.Extension{ext(oidNobodyKnows, true, 5, 0)} }},
	{name: "unknown-not-critical", change: func(w *world) { w.leaf().ExtraExtensions = []pkix.Extension{ext(oidNobodyKnows, false, 5, 0)} }},
	{name: "serial-zero", change: func(w *world) { w.leaf().SerialNumber = new(big.Int) }},
	{name: "key-id-misleads", min: 1, change: func(w *world) { w.certs[1].SubjectKeyId = []byte{1, 2, 3} },
		sent: func(w *world, c []*x509.Certificate) []*x509.Certificate { return c }},

	// where RFC 5280 is stricter than crypto/x509
	{name: "leaf-signs-certificates-alone", change: func(w *world) { w.leaf().IsCA, w.leaf().KeyUsage = true, x509.KeyUsageCertSign },
		stricter: "RFC 5280 §4.2.1.3"},
	{name: "leaf-signs-crls-alone", change: func(w *world) { w.leaf().KeyUsage = x509.KeyUsageCRLSign }, stricter: "RFC 5280 §4.2.1.3"},
	{name: "client-encrypts-alone", usage: pki.ClientAuth, change: func(w *world) {
		w.leaf().ExtKeyUsage, w.leaf().KeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, x509.KeyUsageKeyEncipherment
	}, stricter: "RFC 5280 §4.2.1.3, RFC 5246 §7.4.6"},
	{name: "no-usage-in-extended-key-usage", change: func(w *world) {
		w.leaf().ExtKeyUsage, w.leaf().ExtraExtensions = nil, []pkix.Extension{ext(oidExtKeyUsage, false, 0x30, 0)}
	}, stricter: "RFC 5280 §4.2.1.12"},
	{name: "key-usage-no-bit", change: func(w *world) {
		w.leaf().KeyUsage, w.leaf().ExtraExtensions = 0, []pkix.Extension{ext(pki.OidKeyUsage, true, 3, 1, 0)}
	}, stricter: "RFC 5280 §4.2.1.3"},
	{name: "signs-without-ca", change: func(w *world) { w.leaf().KeyUsage = x509.KeyUsageCertSign }, stricter: "RFC 5280 §4.2.1.9"},
	{name: "pathlen-without-ca", change: func(w *world) {
		w.leaf().BasicConstraintsValid = false // SEQUENCE { INTEGER 0 }: cA is absent, that is FALSE
		w.leaf().ExtraExtensions = []pkix.Extension{ext(oidBasicConstraints, true, 0x30, 3, 2, 1, 0)}
	}, stricter: "RFC 5280 §4.2.1.9"},
	{name: "ca-without-name", min: 1, change: func(w *world) { w.certs[1].Subject = pkix.Name{} }, stricter: "RFC 5280 §4.1.2.6, §4.1.2.4"},
	{name: "no-subject-no-critical-san", change: func(w *world) {
		w.leaf().Subject, w.leaf().DNSNames = pkix.Name{}, nil
		san := append([]byte{0x30, 14, 0x82, 12}, "www.lab.test"...)
		w.leaf().ExtraExtensions = []pkix.Extension{ext(pki.OidSubjectAltName, false, san...)}
	}, stricter: "RFC 5280 §4.2.1.6"},
	{name: "maps-any-policy", min: 1, change: func(w *world) {
		w.certs[1].ExtraExtensions = []pkix.Extension{mapPolicy(pki.AnyPolicy, "1.2.3.5")}
	}, stricter: "RFC 5280 §6.1.4 (a)"},

	{name: "email-below-the-host", min: 1, change: func(w *world) {
		w.leaf().EmailAddresses, w.certs[1].PermittedEmailAddresses = []string{"a@b.lab.test"}, []string{"lab.test"}
	}, stricter: "RFC 5280 §4.2.1.10: a host without a leading dot is that host alone"},
	{name: "uri-below-the-host", min: 1, change: func(w *world) {
		w.leaf().URIs, w.certs[1].PermittedURIDomains = []*url.URL{mustURL("https://a.lab.test/x")}, []string{"lab.test"}
	}, stricter: "RFC 5280 §4.2.1.10"},
	{name: "wildcard-asked-for", server: "*.wild.lab.test", stricter: "RFC 9525 §6.3: what a client looks for is a name, not a pattern"},

	// where RFC 5280 is wider
	{name: "email-excluded-below-the-host", min: 1, change: func(w *world) {
		w.leaf().EmailAddresses, w.certs[1].ExcludedEmailAddresses = []string{"a@b.lab.test"}, []string{"lab.test"}
	}, wider: "RFC 5280 §4.2.1.10"},
	{name: "self-issued-not-counted", min: 2, change: func(w *world) {
		w.certs[1].Subject = w.certs[2].Subject
		w.certs[2].MaxPathLenZero = true
	}, wider: "RFC 5280 §6.1.4 (l)"},
	{name: "self-issued-not-constrained", min: 2, change: func(w *world) {
		w.certs[1].Subject, w.certs[1].DNSNames = w.certs[2].Subject, []string{"ca.other.test"}
		w.certs[2].PermittedDNSDomains = []string{"lab.test"}
	}, wider: "RFC 5280 §6.1.3 (b)"},
}

// requirePolicy is policyConstraints { requireExplicitPolicy [0] n }, critical.
func requirePolicy(n byte) []pkix.Extension {
	return []pkix.Extension{ext(oidPolicyConstraints, true, 0x30, 3, 0x80, 1, n)}
}

func mapPolicy(from, to string) pkix.Extension { return mapPolicies(from, to) }

// mapPolicies takes pairs: from, to, from, to.
func mapPolicies(pairs ...string) pkix.Extension {
	type mapping struct{ From, To asn1.ObjectIdentifier }
	id := func(s string) (id asn1.ObjectIdentifier) {
		der, err := mustOID(s).MarshalBinary()
		if err != nil {
			panic(err)
		}
		if _, err := asn1.Unmarshal(append([]byte{6, byte(len(der))}, der...), &id); err != nil {
			panic(err)
		}
		return id
	}
	var all []mapping
	for p := range slices.Chunk(pairs, 2) {
		all = append(all, mapping{id(p[0]), id(p[1])})
	}
	value, err := asn1.Marshal(all)
	if err != nil {
		panic(err)
	}
	return ext(oidPolicyMappings, true, value...)
}

// damaged returns the chain with the last bit of certificate i flipped.
func damaged(chain []*x509.Certificate, i int) []*x509.Certificate {
	der := slices.Clone(chain[i].Raw)
	der[len(der)-1] ^= 1
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	chain = slices.Clone(chain)
	chain[i] = c
	return chain
}
