package handshake

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// verifyChain decides about the peer's chain.
func (e *Endpoint) verifyChain(chain []*x509.Certificate, serverName string, fromServer bool, staple []byte) error {
	in := ChainInput{Chain: chain, Roots: e.cfg.Roots, ServerName: serverName, Time: e.now(),
		FromServer: fromServer, Staple: staple, Timestamps: e.summary.Timestamps, MustStaple: fromServer && e.cfg.Stapling, Explain: e.listening()}
	in.KeyUsage, in.Version = e.usageOf(fromServer), e.summary.Version
	report, err := e.cfg.verifyChain(in)
	e.summary.Report = report
	if e.listening() {
		verdict := err
		if err == nil && report != nil && report.Err != nil {
			verdict = report.Err // a VerifyChain that lets a bad chain pass does not make it a good one
		}
		e.checked(event.Check{What: event.CheckCertificateChain, Op: event.OpAsymmetric, Report: report, Err: verdict})
	}
	if e.cfg.Weak.SkipVerify {
		if err != nil {
			e.decided(event.DecisionTrust, "ignored", nil, event.WhySkipVerify)
		}
		err = nil
	}
	if err != nil {
		return err
	}
	return e.checkKeyUsage(chain[0], fromServer)
}

// verifyChain judges a chain: one just shown with all there is to compute, one
// kept without computing a signature twice.
func (c *Config) verifyChain(in ChainInput) (*pki.Report, error) {
	if c.VerifyChain != nil {
		report, err := c.VerifyChain(in)
		return report, judged(err, in.Time)
	}
	return pki.Verify(in.Chain, in.options())
}

// verifyKept judges a chain that is kept: what was found good is not computed again as long as
// it holds.
func (c *Config) verifyKept(in ChainInput) error {
	if c.VerifyChain != nil {
		_, err := c.verifyChain(in)
		return err
	}
	return verdicts.Verify(in.Chain, in.options())
}

func (in *ChainInput) options() pki.VerifyOptions {
	o := pki.VerifyOptions{Roots: in.Roots, ServerName: in.ServerName, Time: in.Time,
		Staple: in.Staple, HeedMustStaple: in.MustStaple, Explain: in.Explain, Signatures: &signatures, Recompute: !in.Kept, KeyUsage: in.KeyUsage, Version: in.Version}
	if !in.FromServer {
		o.Usage = pki.ClientAuth
	}
	return o
}

// verifyConnection asks the caller, once the peer has finished.
func (e *Endpoint) verifyConnection() error {
	if e.cfg.VerifyConnection == nil {
		return nil
	}
	summary := *e.summary // its own: what comes later is told to others
	err := judged(e.cfg.VerifyConnection(&summary), e.now())
	if e.listening() {
		e.checked(event.Check{What: event.CheckConnection, Err: err})
	}
	return err
}

// signatures remembers which certificates were found to be signed by which keys.
var signatures pki.SignatureCache

// verdicts remembers which kept chains were found good, and how long that holds.
var verdicts pki.VerdictCache

// parseChain parses what a Certificate message holds.
func parseChain(raw [][]byte) ([]*x509.Certificate, error) {
	chain := make([]*x509.Certificate, len(raw))
	for i, der := range raw {
		c, err := pki.ParseCached(der)
		if err != nil {
			return nil, malformed(i, err)
		}
		chain[i] = c
	}
	return chain, nil
}

// malformed is what pki says of certificate i that it cannot parse, under a field of the
// message. Its offset is one of the certificate, not of the message.
func malformed(i int, err error) error {
	at := fmt.Sprintf("certificate.certificate_list[%d]", i)
	var re *reason.Error
	if !errors.As(err, &re) {
		return reason.Wrap(reason.CertificateMalformed, "RFC 5280 §4.1", at, err)
	}
	e := *re
	e.Field, e.Off = at+strings.TrimPrefix(re.Field, "certificate"), -1
	if re.Off >= 0 {
		e.Got = reason.Say("%v (at byte %d of the certificate)", re.Got, re.Off)
	}
	return &e
}

// whyNotTrusted judges the chain of a kept session anew, and says what speaks
// against it, or "" and the chain. Since it was verified its dates, the anchors and the mind of
// VerifyChain may have changed; and perhaps it never was (Weak.SkipVerify), for
// stores and ticket keys are shared. Signatures that this process has computed are
// not computed again.
func (e *Endpoint) whyNotTrusted(raw [][]byte, serverName string, fromServer bool) ([]*x509.Certificate, event.Why) {
	chain, err := parseChain(raw)
	if err != nil {
		return nil, event.WhySessionUnreadable
	}
	if e.cfg.Weak.SkipVerify {
		return chain, ""
	}
	if len(chain) == 0 { // of a server that an external key has vouched for, and nothing else
		return nil, event.WhyTrustWithdrawn
	}
	err = e.cfg.verifyKept(ChainInput{Chain: chain, Kept: true, Roots: e.cfg.Roots, ServerName: serverName, Time: e.now(), FromServer: fromServer})
	switch r := reason.Of(err); {
	case err == nil:
		return chain, ""
	case !fromServer && (r == reason.CertificateExpired || r == reason.CertificateNotYetValid):
		return nil, event.WhyClientCertificateExpired
	}
	return nil, event.WhyTrustWithdrawn
}

// issuedBy reports whether a chain leads to one of the names.
func issuedBy(chain []*x509.Certificate, names [][]byte) bool {
	for _, cert := range chain {
		for _, name := range names {
			if pki.SameName(name, cert.RawIssuer) {
				return true
			}
		}
	}
	return false
}

// fitsAuth refuses a certificate whose key cannot do what the suite needs (RFC 5246 §7.4.2).
// Whether it may is asked when the chain is judged.
func fitsAuth(s *suite.Suite, leaf *x509.Certificate) error {
	if !kindFits(s, leaf) {
		return &reason.Error{Reason: reason.CertificateWrongKey, Ref: "RFC 5246 §7.4.2", Field: "certificate.certificate_list", Off: 7,
			Want: reason.Say("%v key, for %v", s.Auth, s.ID), Got: pki.CertKeyName(leaf)}
	}
	return nil
}

// kindFits reports whether a leaf's key is of the kind that a suite needs. EdDSA counts as
// ECDSA (RFC 8422 §2.2).
func kindFits(s *suite.Suite, leaf *x509.Certificate) bool {
	switch publicKey(leaf).(type) {
	case *rsa.PublicKey:
		return s.Auth == iana.AuthRSA
	case *sig.PSSPublicKey: // which only signs
		return s.Auth == iana.AuthRSA && s.Kx != iana.KxRSA
	case nil:
		return s.Auth == iana.AuthAny
	}
	return s.Auth == iana.AuthECDSA
}

// curveOf is the curve of an ECDSA key; ok is false for a key of another kind. EdDSA's are not
// among those that supported_groups is about.
func curveOf(leaf *x509.Certificate) (id iana.Group, ok bool) {
	key, ok := leaf.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return 0, false
	}
	return map[string]iana.Group{"P-224": iana.P224, "P-256": iana.P256, "P-384": iana.P384, "P-521": iana.P521}[key.Curve.Params().Name], true
}

// publicKey is a certificate's key, of the kinds too that crypto/x509 does not know.
func publicKey(c *x509.Certificate) crypto.PublicKey { return pki.PublicKey(c) }
