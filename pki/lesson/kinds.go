package lesson

import (
	"crypto/x509"
	"slices"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// Kind names a kind of chain, where there is one by the name that badssl.com gave
// it.
type Kind string

// The kinds of chains.
const (
	Good            Kind = "good"
	Expired         Kind = "expired"
	ExpiredRoot     Kind = "expired-root"
	NotYetValid     Kind = "not-yet-valid"
	WrongHost       Kind = "wrong.host"
	SelfSigned      Kind = "self-signed"
	UntrustedRoot   Kind = "untrusted-root"
	IncompleteChain Kind = "incomplete-chain"
	ReversedChain   Kind = "reversed-chain"
	Revoked         Kind = "revoked"
	MustStaple      Kind = "must-staple"
	BadSignature    Kind = "bad-signature"
	NoSAN           Kind = "no-san"
	WrongUsage      Kind = "wrong-usage"
	NotACA          Kind = "not-a-ca"
	PathLen         Kind = "pathlen"
	NameConstraint  Kind = "name-constraint"
	SHA1            Kind = "sha1"
)

// kindRow says what is changed to get a kind of chain, and what comes of it.
type kindRow struct {
	kind         Kind
	expect       reason.Reason // "": it is accepted
	root         func(*authority.Options)
	intermediate func(*authority.Options)
	leaf         func(*authority.Request, *authority.LeafOptions)
	after        func(*Lesson) error
}

var kindRows = []kindRow{
	{kind: Good},
	{kind: Expired, expect: reason.CertificateExpired, leaf: func(_ *authority.Request, o *authority.LeafOptions) {
		o.NotAfter = o.NotBefore
		o.NotBefore = o.NotBefore.Add(-90 * 24 * time.Hour)
	}},
	{kind: ExpiredRoot, expect: reason.CertificateExpired, root: func(o *authority.Options) {
		// What it has signed is in date, and it is installed: only its own date is past.
		o.NotAfter = o.NotBefore.Add(335 * 24 * time.Hour)
	}},
	{kind: NotYetValid, expect: reason.CertificateNotYetValid, leaf: func(_ *authority.Request, o *authority.LeafOptions) {
		o.NotBefore = o.NotBefore.Add(2 * 24 * time.Hour)
	}},
	{kind: WrongHost, expect: reason.CertificateWrongName, leaf: func(r *authority.Request, _ *authority.LeafOptions) {
		r.DNSNames = []string{"wrong.host.test"}
	}},
	{kind: SelfSigned, expect: reason.CertificateUntrusted, after: (*Lesson).selfSign},
	{kind: UntrustedRoot, expect: reason.CertificateUntrusted, after: func(l *Lesson) (err error) {
		// What the client trusts is some other root, so that its store is not empty.
		l.Other, err = l.root("other-root", "Another Root", nil)
		if err == nil {
			l.Roots = pki.NewTrustStore(l.Other.Cert)
		}
		return err
	}},
	{kind: IncompleteChain, expect: reason.CertificateUntrusted, after: func(l *Lesson) error {
		l.Chain = l.Chain[:1]
		return nil
	}},
	{kind: ReversedChain, after: func(l *Lesson) error {
		// The leaf stays first, as every version of TLS demands; what follows, root
		// included, comes from the top down.
		l.Chain = [][]byte{l.Leaf.Leaf.Raw, l.Root.Cert.Raw, l.Intermediate.Cert.Raw}
		return nil
	}},
	{kind: Revoked, expect: reason.CertificateRevoked},
	{kind: MustStaple, expect: reason.BadStatusResponse, leaf: func(_ *authority.Request, o *authority.LeafOptions) {
		o.MustStaple = true // and nothing is stapled, unless the lesson says so
	}},
	{kind: BadSignature, expect: reason.CertificateBadSignature, after: (*Lesson).breakSignature},
	{kind: NoSAN, expect: reason.CertificateWrongName, leaf: func(r *authority.Request, _ *authority.LeafOptions) {
		r.CommonName, r.DNSNames = r.DNSNames[0], nil
	}},
	{kind: WrongUsage, expect: reason.CertificateUsage, leaf: func(_ *authority.Request, o *authority.LeafOptions) {
		o.Client = true
	}},
	{kind: NotACA, expect: reason.CertificateConstraint, intermediate: func(o *authority.Options) {
		o.Mutate = func(c *x509.Certificate) {
			c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
		}
	}},
	{kind: PathLen, expect: reason.CertificateConstraint, root: func(o *authority.Options) {
		o.MaxPathLenZero = true
	}},
	{kind: NameConstraint, expect: reason.CertificateConstraint, intermediate: func(o *authority.Options) {
		o.PermittedDNS = []string{"elsewhere.test"}
	}},
	{kind: SHA1, expect: reason.CertificateBadSignature, leaf: func(_ *authority.Request, o *authority.LeafOptions) {
		o.Mutate = func(c *x509.Certificate) { c.SignatureAlgorithm = withSHA1[c.SignatureAlgorithm] }
	}},
}

// hasSHA1 reports whether lesson keys of this algorithm can sign over SHA-1.
func hasSHA1(keyAlg string) bool {
	switch keyAlg {
	case "rsa", "ecdsa", "p384", "p521":
		return true
	}
	return false
}

// withSHA1 is the same signature over a SHA-1 hash.
var withSHA1 = map[x509.SignatureAlgorithm]x509.SignatureAlgorithm{
	x509.SHA256WithRSA:    x509.SHA1WithRSA,
	x509.SHA256WithRSAPSS: x509.SHA1WithRSA,
	x509.ECDSAWithSHA256:  x509.ECDSAWithSHA1,
	x509.ECDSAWithSHA384:  x509.ECDSAWithSHA1,
	x509.ECDSAWithSHA512:  x509.ECDSAWithSHA1,
}

// Kinds lists every kind, the good one first.
func Kinds() []Kind {
	kinds := make([]Kind, len(kindRows))
	for i, row := range kindRows {
		kinds[i] = row.kind
	}
	return kinds
}

// Expect returns the reason for which a client that asks for a status refuses a chain of
// this kind, with the lesson's own Roots and Staple; "" if it accepts it. "" is Good, as in
// Options. For a kind that is not in Kinds it is reason.Misuse, because there is no such
// chain.
func (k Kind) Expect() reason.Reason {
	if k == "" {
		k = Good
	}
	i := slices.IndexFunc(kindRows, func(r kindRow) bool { return r.kind == k })
	if i < 0 {
		return reason.Misuse
	}
	return kindRows[i].expect
}
