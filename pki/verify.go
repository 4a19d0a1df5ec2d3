package pki

import (
	"crypto/x509"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Usage is what the leaf is to be used for.
type Usage uint8

// The two ends of a TLS connection.
const (
	ServerAuth Usage = iota // the leaf names a server; the default
	ClientAuth              // the leaf names a client
)

// String returns the usage's name in RFC 5280 §4.2.1.12.
func (u Usage) String() string { return u.extKeyUsage().String() }

func (u Usage) extKeyUsage() x509.ExtKeyUsage {
	if u == ClientAuth {
		return x509.ExtKeyUsageClientAuth
	}
	return x509.ExtKeyUsageServerAuth
}

// VerifyOptions are what the verifier knows besides the chain.
type VerifyOptions struct {
	Roots         *TrustStore         // the trust anchors; nil trusts nobody
	Intermediates []*x509.Certificate // candidates besides those in the chain

	ServerName string    // DNS name (A-labels) or IP address that the leaf must carry; "" checks no name
	Time       time.Time // when to judge; zero is now
	Usage      Usage

	// KeyUsage holds bits of which the leaf must have all, if it has the key usage
	// extension: digitalSignature to sign a handshake, keyEncipherment for RSA key
	// transport (RFC 5246 §7.4.2). 0 asks for none.
	KeyUsage x509.KeyUsage

	// Version is the TLS that is spoken, whose rules are cited; 0 if it is not known. What is
	// asked of a certificate does not depend on it.
	Version iana.Version

	Policy PolicyInputs // what the path must say about certificate policies; zero demands nothing

	// MaxDepth is how many certificates may stand between the leaf and the trust anchor,
	// self-issued ones too: OpenSSL's verify_depth. nil leaves it at what a path may have here at
	// all, 32 certificates; 0 wants the anchor to have issued the leaf.
	MaxDepth *int

	Staple        []byte // an OCSP response, DER; nil if none came
	RequireStaple bool   // refuse without one

	// HeedMustStaple refuses a leaf that promises a staple (RFC 7633) and comes without
	// one. It is for a client that asked for a status in its ClientHello. To other clients
	// the server owes no status, so it breaks no promise.
	HeedMustStaple bool

	// Explain keeps every check with its inputs. Without it the verifier only
	// answers, and stops at the first check that fails.
	Explain bool

	// Signatures, if not nil, remembers which signatures were good. With Recompute
	// they are computed all the same, and remembered for the next time.
	Signatures *SignatureCache
	Recompute  bool
}

// Report is the judgement and, if asked to explain, how it was reached.
type Report struct {
	OK         bool
	ServerName string
	Time       time.Time // when the certificates were judged
	Usage      Usage

	// Paths in the order tried. Without Explain: the one chosen, or the one that
	// Err is about. A path that found no issuer is kept too, so that its own
	// checks can be seen; it fails at trust_anchor.
	Paths  []Path
	Chosen int // index in Paths; -1 if none was accepted

	Rejected        []Rejection // candidates that no path went through (Explain only)
	SignatureChecks int         // signatures computed; each pair of certificates counts once

	Err *reason.Error // nil if OK; what Verify returns
}

// Path runs from the leaf to the trust anchor, or as far as issuers were found.
type Path struct {
	Certs    []*x509.Certificate
	Anchored bool    // the last of Certs is a trust anchor
	Checks   []Check // in the order made (Explain only)
	Notes    []Note  // what is remarked and decides nothing (Explain only)
	Err      *reason.Error

	policy    PolicyInputs
	documents []*document // of Certs; what Looked finds the fields in
	staple    *document
}

// Check is one test on one certificate of a path.
type Check struct {
	Key     CheckKey // one of CheckKeys
	Cert    int      // index in Path.Certs
	Subject string
	OK      bool
	Ref     string // where the rule is written, "RFC 5280 §6.1.3 (a)(1)"
	Inputs  []Input
	Err     *reason.Error // nil if OK

	looks     []Looked // what Path.Looked finds in the documents
	misplaced bool     // Err is about a byte of the certificate
}

// Input returns the value of that name; nil if the check has no such input.
func (c *Check) Input(name string) any { return valueOf(c.Inputs, name) }

// ChosenPath returns the accepted path, leaf first; nil if no path was accepted.
func (r *Report) ChosenPath() []*x509.Certificate {
	if r.Chosen < 0 {
		return nil
	}
	return r.Paths[r.Chosen].Certs
}

// Verify judges a chain as a peer sent it: chain[0] is the leaf, the others are
// candidates in any order, of which some may be superfluous and some missing.
// Candidate paths are built by names (build.go), and on each the table of checks
// is run (rules.go), until one passes.
//
// The report is never nil. The error is nil exactly if the report is OK, and is
// otherwise a *reason.Error with a Certificate reason, WeakKey or
// BadStatusResponse; its Field names the certificate by its index in the path:
// "certificate[0].not_after".
func Verify(chain []*x509.Certificate, o VerifyOptions) (*Report, error) {
	v := newVerifier(o)
	r := &v.report
	if r.Err = admissible(chain, o.Intermediates); r.Err == nil {
		r.Err = v.build(chain)
	}
	r.OK = r.Err == nil
	if !r.OK {
		return r, r.Err
	}
	return r, nil
}

func newVerifier(o VerifyOptions) *verifier {
	if o.Time.IsZero() {
		o.Time = time.Now()
	}
	return &verifier{o: o, report: Report{ServerName: o.ServerName, Time: o.Time.UTC(), Usage: o.Usage, Chosen: -1}}
}

// admissible refuses what cannot be judged at all.
func admissible(chain, more []*x509.Certificate) *reason.Error {
	if len(chain) == 0 {
		return reason.New(reason.CertificateMissing, "RFC 9846 §4.5.1.3", "certificate_list", reason.Say("at least the leaf"), reason.Say("no certificate"))
	}
	for _, list := range [2][]*x509.Certificate{chain, more} {
		for _, c := range list {
			if c == nil || len(c.Raw) == 0 {
				return reason.New(reason.CertificateMalformed, "RFC 5280 §4.1", "certificate_list", reason.Say("parsed certificates"), reason.Say("one that was not parsed from DER"))
			}
		}
	}
	return nil
}
