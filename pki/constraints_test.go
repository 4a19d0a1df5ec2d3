package pki_test

import (
	"crypto/x509"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/pkitest"
)

// constraintCase is a leaf below an intermediate that is constrained, and what RFC 5280
// says about it. Where a foreign verifier says otherwise, its field says why.
type constraintCase struct {
	name                string
	permitted, excluded [][]byte // GeneralSubtrees
	lax                 bool     // the extension is not critical
	subject             []byte   // of the leaf; CN=World leaf, O=test if nil
	names               [][]byte // in the subjectAltName; none if nil
	host                string
	refuse              reason.Reason // "": accepted
	got                 string        // is in the error's text

	openssl, gnutls, golang string
}

const (
	constraint = reason.CertificateConstraint
	wrongName  = reason.CertificateWrongName

	lenient         = "a default that is written passes"
	opensslSubject  = "OpenSSL holds emailAddress attributes against constraints although there is a subjectAltName"
	golangMapped    = "crypto/x509 takes a mapped address for the IPv4 address"
	gnutlsFamily    = "GnuTLS passes over an address of the other family"
	gnutlsPermitted = "GnuTLS does not apply permitted subtrees of this kind"
	gnutlsExcluded  = "GnuTLS takes any excluded subtree of this kind for all"
	golangLoose     = "crypto/x509 does not look whether it is a name"
	golangCritical  = "crypto/x509 does not process these constraints, and refuses them all where they are critical"
	golangIgnores   = "crypto/x509 does not process these constraints, and passes over them where they are not critical"
)

var (
	anyIPv4, anyIPv6 = ip(make([]byte, 8)...), ip(make([]byte, 32)...)
	mapped4          = ip(netip.MustParseAddr("::ffff:192.0.2.1").AsSlice()...)
	acme             = name(attr(typeC, cbasn1.PrintableString, "SE"), attr(typeO, cbasn1.UTF8String, "Acme"))
	acmeLeaf         = name(attr(typeC, cbasn1.PrintableString, "SE"), attr(typeO, cbasn1.UTF8String, "Acme"), attr(typeCN, cbasn1.UTF8String, "www"))
	acmeShouted      = name(attr(typeC, cbasn1.PrintableString, "se"), attr(typeO, cbasn1.PrintableString, " ACME "), attr(typeCN, cbasn1.UTF8String, "www"))
	empty            = name()
	rid              = primitive(pki.RegisteredID, []byte{0x2a, 3, 4})
	x400             = constructed(pki.X400Address, nil)
	edi              = constructed(pki.EdiPartyName, nil)
)

var constraintCases = []constraintCase{
	// T2: octets, and how many of them (RFC 5280 §4.2.1.10, RFC 9525 §6.4)
	{name: "IPv4 excluded, IPv4", excluded: trees(anyIPv4), names: [][]byte{ip(192, 0, 2, 1)}, host: "192.0.2.1", refuse: constraint, got: "IP:0.0.0.0/0"},
	{name: "IPv4 excluded, mapped", excluded: trees(anyIPv4), names: [][]byte{mapped4}, host: "192.0.2.1", refuse: wrongName, got: "IP:::ffff:192.0.2.1", golang: golangMapped},
	{name: "IPv4 and IPv6 excluded, mapped", excluded: trees(anyIPv4, anyIPv6), names: [][]byte{mapped4}, refuse: constraint, got: "IP:::/0", golang: golangMapped},
	{name: "IPv4 permitted, mapped", permitted: trees(ip(192, 0, 2, 0, 255, 255, 255, 0)), names: [][]byte{mapped4}, refuse: constraint, got: "IP:::ffff:192.0.2.1", gnutls: gnutlsFamily},
	{name: "IPv6 permitted, IPv4", permitted: trees(anyIPv6), names: [][]byte{ip(192, 0, 2, 1)}, refuse: constraint, got: "IP:192.0.2.1", gnutls: gnutlsFamily},
	{name: "mapped permitted, IPv4", permitted: trees(ip(slices.Concat(netip.MustParseAddr("::ffff:192.0.2.0").AsSlice(), netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00").AsSlice())...)),
		names: [][]byte{ip(192, 0, 2, 1)}, refuse: constraint, gnutls: gnutlsFamily},
	{name: "mapped asked for, mapped", names: [][]byte{mapped4}, excluded: trees(anyIPv4), host: "::ffff:192.0.2.1"},
	{name: "IPv4 asked for, IPv4", names: [][]byte{ip(192, 0, 2, 1)}, excluded: trees(anyIPv6), host: "192.0.2.1"},

	// T3: directoryName
	{name: "DN permitted", permitted: trees(dir(acme)), subject: acmeLeaf, names: [][]byte{dns("a.test")}, golang: golangCritical},
	{name: "DN permitted, elsewhere", permitted: trees(dir(acme)), names: [][]byte{dns("a.test")}, refuse: constraint, got: "DirName:CN=World leaf", gnutls: gnutlsPermitted},
	{name: "DN permitted, elsewhere, not critical", lax: true, permitted: trees(dir(acme)), names: [][]byte{dns("a.test")}, refuse: constraint, golang: golangIgnores, gnutls: gnutlsPermitted},
	{name: "DN permitted, no subject", permitted: trees(dir(acme)), subject: empty, names: [][]byte{dns("a.test")}, golang: golangCritical},
	{name: "DN permitted, all", permitted: trees(dir(empty)), names: [][]byte{dns("a.test")}, golang: golangCritical},
	{name: "DN permitted, only above", permitted: trees(dir(acmeLeaf)), subject: acme, refuse: constraint, gnutls: gnutlsPermitted},
	{name: "DN excluded", excluded: trees(dir(acme)), subject: acmeLeaf, names: [][]byte{dns("a.test")}, refuse: constraint, got: "the excluded subtree DirName:O=Acme,C=SE"},
	{name: "DN excluded, not critical", lax: true, excluded: trees(dir(acme)), subject: acmeLeaf, names: [][]byte{dns("a.test")}, refuse: constraint, golang: golangIgnores},
	{name: "DN excluded, other encoding", excluded: trees(dir(acme)), subject: acmeShouted, names: [][]byte{dns("a.test")}, refuse: constraint},
	{name: "DN permitted, other encoding", permitted: trees(dir(acme)), subject: acmeShouted, names: [][]byte{dns("a.test")}, golang: golangCritical},
	{name: "DN excluded, elsewhere", excluded: trees(dir(acme)), names: [][]byte{dns("a.test")}, golang: golangCritical, gnutls: gnutlsExcluded},
	{name: "DN permitted, in the SAN elsewhere", permitted: trees(dir(acme)), subject: acmeLeaf, names: [][]byte{dns("a.test"), dir(org("Other"))}, refuse: constraint, got: "DirName:O=Other", gnutls: gnutlsPermitted},
	{name: "DN permitted, in the SAN", permitted: trees(dir(acme)), subject: acmeLeaf, names: [][]byte{dns("a.test"), dir(acmeLeaf)}, golang: golangCritical},
	{name: "DN excluded, in the SAN", lax: true, excluded: trees(dir(acme)), names: [][]byte{dns("a.test"), dir(acmeLeaf)}, refuse: constraint, golang: golangIgnores},
	{name: "CABF 7.1.2.5.2", permitted: trees(dns("lab.test"), dir(acme)), excluded: trees(anyIPv4, anyIPv6), subject: acmeLeaf,
		names: [][]byte{dns("www.lab.test")}, host: "www.lab.test", golang: golangCritical},
	{name: "CABF 7.1.2.5.2, with an address", permitted: trees(dns("lab.test"), dir(acme)), excluded: trees(anyIPv4, anyIPv6), subject: acmeLeaf,
		names: [][]byte{dns("www.lab.test"), ip(192, 0, 2, 1)}, host: "www.lab.test", refuse: constraint, got: "IP:192.0.2.1"},
	{name: "CABF 7.1.2.5.2, other organization", permitted: trees(dns("lab.test"), dir(acme)), excluded: trees(anyIPv4, anyIPv6), subject: org("Other"),
		names: [][]byte{dns("www.lab.test")}, host: "www.lab.test", refuse: constraint, got: "DirName:O=Other"},

	// T3: email addresses in the subject count where there is no subjectAltName
	{name: "emailAddress, no SAN", permitted: trees(mail("lab.test")), subject: name(attr(typeEmail, cbasn1.IA5String, "a@evil.test")), refuse: constraint, got: "email:a@evil.test",
		golang: "crypto/x509 does not look at emailAddress"},
	{name: "emailAddress, no SAN, permitted", permitted: trees(mail("lab.test")), subject: name(attr(typeEmail, cbasn1.IA5String, "a@LAB.test"))},
	{name: "emailAddress, UTF8String", excluded: trees(mail("evil.test")), subject: name(attr(typeCN, cbasn1.UTF8String, "x"), attr(typeEmail, cbasn1.UTF8String, "a@evil.test")), refuse: constraint,
		golang: "crypto/x509 does not look at emailAddress", gnutls: "GnuTLS looks at IA5String alone"},
	{name: "emailAddress beside a SAN", permitted: trees(mail("lab.test")), subject: name(attr(typeEmail, cbasn1.IA5String, "a@evil.test")), names: [][]byte{dns("a.test")},
		openssl: opensslSubject, gnutls: "GnuTLS does so too"},

	// T4: kinds without subtrees matter only where such a name stands below
	{name: "otherName constrained, none below", permitted: trees(upn("lab.test")), names: [][]byte{dns("a.test")}, golang: golangCritical},
	{name: "otherName constrained, one below", permitted: trees(upn("lab.test")), names: [][]byte{dns("a.test"), upn("a@lab.test")}, refuse: constraint, got: "otherName:1.3.6.1.4.1.311.20.2.3", gnutls: gnutlsPermitted},
	{name: "otherName excluded, one below, not critical", lax: true, excluded: trees(upn("lab.test")), names: [][]byte{dns("a.test"), upn("a@lab.test")}, refuse: constraint, golang: golangIgnores, gnutls: gnutlsPermitted},
	{name: "registeredID constrained, none below", excluded: trees(rid), names: [][]byte{dns("a.test")}, golang: golangCritical, gnutls: gnutlsExcluded},
	{name: "registeredID constrained, one below", excluded: trees(rid), names: [][]byte{dns("a.test"), rid}, refuse: constraint, got: "RID:1.2.3.4"},
	{name: "x400Address and ediPartyName constrained, none below", excluded: trees(x400, edi), names: [][]byte{dns("a.test")}, golang: golangCritical,
		openssl: "OpenSSL cannot read these two empty names", gnutls: "GnuTLS cannot either"},

	// T6: what is no name
	{name: "leading dot", permitted: trees(dns("example.com")), names: [][]byte{dns(".example.com")}, refuse: constraint, got: "a DNS name",
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "trailing dot", permitted: trees(dns("example.com")), names: [][]byte{dns("www.example.com.")}, refuse: constraint, got: "a DNS name", gnutls: "GnuTLS ignores the dot"},
	{name: "trailing dot, excluded elsewhere", excluded: trees(dns("other.com")), names: [][]byte{dns("www.example.com.")}, refuse: constraint, got: "a DNS name",
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "label of 64", permitted: trees(dns("example.com")), names: [][]byte{dns(strings.Repeat("a", 64) + ".example.com")}, refuse: constraint, got: "1 to 63", golang: golangLoose,
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "label of 63", permitted: trees(dns("example.com")), names: [][]byte{dns(strings.Repeat("a", 63) + ".example.com")}},
	{name: "254 octets", permitted: trees(dns("a.test")), names: [][]byte{dns(strings.Repeat("a.", 124) + "a.test")}, refuse: constraint, got: "a DNS name", golang: golangLoose,
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "empty name", permitted: trees(dns("")), names: [][]byte{dns("")}, refuse: constraint, got: "a DNS name", golang: golangLoose,
		openssl: "OpenSSL takes it for a name"},
	{name: "empty label", permitted: trees(dns("example.com")), names: [][]byte{dns("a..example.com")}, refuse: constraint, got: "a DNS name",
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "star inside", permitted: trees(dns("example.com")), names: [][]byte{dns("w*.example.com")}, refuse: constraint, got: "a DNS name", golang: golangLoose,
		openssl: "OpenSSL takes it for a name", gnutls: "GnuTLS too"},
	{name: "no name, but not constrained", permitted: trees(mail("example.com")), names: [][]byte{dns(".example.com")}, golang: "crypto/x509 looks at names of every kind as soon as one is constrained"},
	{name: "two at signs", permitted: trees(mail("example.com")), names: [][]byte{mail("a@b@example.com")}, refuse: constraint, got: "a mailbox", gnutls: "GnuTLS takes it for a mailbox",
		openssl: "OpenSSL takes it for a mailbox"},
	{name: "no at sign", excluded: trees(mail("other.com")), names: [][]byte{mail("example.com")}, refuse: constraint, got: "a mailbox", gnutls: "GnuTLS takes it for a mailbox"},
	{name: "quoted at sign", permitted: trees(mail("example.com")), names: [][]byte{mail(`"a@b"@example.com`)}},
	{name: "mailbox excluded, quoted", excluded: trees(mail("root@example.com")), names: [][]byte{mail(`"ro\ot"@EXAMPLE.com`)}, refuse: constraint, got: "root@example.com",
		openssl: "OpenSSL does not unquote", gnutls: "GnuTLS does not"},
	{name: "mailbox, case of the local part", permitted: trees(mail("root@example.com")), names: [][]byte{mail("Root@example.com")}, refuse: constraint},
	{name: "mailbox at an address", permitted: trees(mail("example.com")), names: [][]byte{mail("a@[192.0.2.1]")}, refuse: constraint},
	{name: "URI with an address", permitted: trees(uri(".0.2.1")), names: [][]byte{uri("https://192.0.2.1/")}, refuse: constraint, got: "a URI with a host name",
		openssl: "OpenSSL compares addresses as if they were names", gnutls: "GnuTLS too"},
	{name: "URI with an address of two parts", excluded: trees(uri("example.com")), names: [][]byte{uri("https://127.1/")}, refuse: constraint, got: "a URI with a host name",
		golang: golangLoose, openssl: "OpenSSL takes it for a name"},
	{name: "URI, host behind a user", permitted: trees(uri("good.test")), names: [][]byte{uri("https://good.test@evil.test/")}, refuse: constraint, gnutls: "GnuTLS too"},
	{name: "URI without a host", excluded: trees(uri("example.com")), names: [][]byte{uri("urn:a:b")}, refuse: constraint, got: "a URI with a host name"},

	// T6: subtrees that are none
	{name: "minimum 0, written", permitted: [][]byte{subtreeDER(dns("lab.test"), primitive(0, []byte{0}))}, names: [][]byte{dns("a.lab.test")},
		refuse: reason.CertificateMalformed, got: "the default left out", // by the row profile: it is no DER
		openssl: lenient, gnutls: lenient, golang: lenient},
	{name: "minimum 1", permitted: [][]byte{subtreeDER(dns("lab.test"), primitive(0, []byte{1}))}, names: [][]byte{dns("a.lab.test")}, refuse: constraint, got: "minimum or maximum",
		golang: "crypto/x509 does not look at it", gnutls: "GnuTLS does not look at it"},
	{name: "maximum", excluded: [][]byte{subtreeDER(dns("other.test"), primitive(1, []byte{3}))}, names: [][]byte{dns("a.lab.test")}, refuse: constraint, got: "minimum or maximum",
		golang: "crypto/x509 does not look at it", gnutls: "GnuTLS does not look at it"},
	{name: "minimum 1 of another kind", excluded: [][]byte{subtreeDER(mail("lab.test"), primitive(0, []byte{1}))}, names: [][]byte{dns("a.lab.test")}},
	{name: "wildcard as a subtree", excluded: trees(dns("*.lab.test")), names: [][]byte{dns("a.lab.test")}, refuse: constraint, got: "DNS:*.lab.test",
		golang: golangLoose, openssl: "OpenSSL takes the star for a label", gnutls: "GnuTLS too"},
	{name: "wildcard as a subtree of no name below", excluded: trees(dns("*.lab.test")), names: [][]byte{mail("a@lab.test")}},
}

// chainOf makes the chain of a case.
func (tc *constraintCase) chainOf(t testing.TB) ([]*x509.Certificate, *x509.Certificate) {
	w := newWorld("ecdsa", 1)
	if len(tc.permitted)+len(tc.excluded) > 0 {
		w.certs[1].ExtraExtensions = append(w.certs[1].ExtraExtensions, constraintsExt(!tc.lax, tc.permitted, tc.excluded))
	}
	for _, c := range w.certs { // certtool judges by the clock
		c.NotBefore, c.NotAfter = pkitest.Time.AddDate(-5, 0, 0), pkitest.Time.AddDate(20, 0, 0)
	}
	leaf := w.leaf()
	leaf.DNSNames, leaf.RawSubject = nil, tc.subject
	if tc.names != nil {
		leaf.ExtraExtensions = append(leaf.ExtraExtensions, sanExt(tc.subject != nil && len(tc.subject) == len(empty), tc.names...))
	}
	return w.signed(t)
}

func TestNameConstraints(t *testing.T) {
	for _, tc := range constraintCases {
		chain, root := tc.chainOf(t)
		o := pki.VerifyOptions{Roots: pki.NewTrustStore(root), ServerName: tc.host, Time: pkitest.Time}
		_, silent := pki.Verify(chain, o)
		if reason.Of(silent) != tc.refuse || silent != nil && !strings.Contains(silent.Error(), tc.got) {
			t.Errorf("%s: %v, want %q with %q", tc.name, silent, tc.refuse, tc.got)
		}
		explained(t, silent, chain, []*x509.Certificate{root}, tc.host, pki.ServerAuth)
		if tc.refuse != constraint {
			continue
		}
		o.Explain = true
		r, _ := pki.Verify(chain, o)
		if check := checkOf(t, r, pki.CheckNameConstraints, 0); check.OK {
			t.Errorf("%s: refused, but not in the row name_constraints", tc.name)
		}
		if at := firstFailed(r); at != pki.CheckNameConstraints {
			t.Errorf("%s: refused at %s", tc.name, at)
		}
	}
}

// Three who did not write our verifier say the same, or it is known why not.
func TestNameConstraintsElsewhere(t *testing.T) {
	if _, err := exec.LookPath("certtool"); err != nil {
		missing(t, "certtool")
	}
	for _, tc := range constraintCases {
		t.Run(tc.name, func(t *testing.T) {
			chain, root := tc.chainOf(t)
			temp := t.TempDir()
			rootFile := writeFile(t, temp, "root.pem", pki.EncodeCert(root.Raw))
			args := []string{"verify", "-attime", attime, "-no-CApath", "-no-CAstore", "-CAfile", rootFile, "-untrusted", writeFile(t, temp, "ca.pem", pki.EncodeCert(chain[1].Raw))}
			if tc.host != "" {
				how := "-verify_hostname"
				if pki.ParseIP(tc.host) != nil {
					how = "-verify_ip"
				}
				args = append(args, how, tc.host)
			}
			out, err := openssl(t, append(args, writeFile(t, temp, "leaf.pem", pki.EncodeCert(chain[0].Raw)))...)
			hold(t, "openssl", tc.refuse == reason.None, err == nil, tc.openssl, out)

			if tc.host == "" { // certtool does not take addresses for hosts
				cmd := exec.Command("certtool", "--verify", "--load-ca-certificate", rootFile,
					"--infile", writeFile(t, temp, "chain.pem", pemOf([][]byte{chain[0].Raw, chain[1].Raw})))
				text, err := cmd.CombinedOutput()
				_, verdict, _ := strings.Cut(string(text), "Chain verification output: ")
				hold(t, "certtool", tc.refuse == reason.None, err == nil, tc.gnutls, verdict)
			}

			_, err = bothVerdicts(chain, []*x509.Certificate{root}, tc.host, pki.ServerAuth)
			hold(t, "crypto/x509", tc.refuse == reason.None, err == nil, tc.golang, "")
		})
	}
}

// hold compares our verdict with another's. A reason why they differ must be needed.
func hold(t *testing.T, who string, ours, theirs bool, why, out string) {
	t.Helper()
	switch {
	case ours != theirs && why == "":
		t.Errorf("right is %v, %s says %v: %s", ours, who, theirs, out)
	case ours == theirs && why != "":
		t.Errorf("listed (%s), but %s agrees", why, who)
	}
}
