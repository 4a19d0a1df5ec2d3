package handshake

import (
	"crypto"
	"crypto/x509"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// Certificate is a chain with the leaf's key.
type Certificate struct {
	Chain  [][]byte          // DER, leaf first
	Key    crypto.PrivateKey // for RSA *rsa.PrivateKey where key transport shall work
	Leaf   *x509.Certificate // parsed Chain[0]; parsed on use if nil
	Staple []byte            // an OCSP response (RFC 6960), or nil
	// Timestamps prove that the leaf was logged: signed certificate timestamps, each serialized
	// (RFC 6962 §3.3), for clients that ask.
	Timestamps [][]byte
	// Schemes are what Key signs with, in order of preference, whatever Config.Schemes are;
	// nil: those of them that fit. A key in a token may know fewer than its kind does.
	Schemes []*sig.Scheme
}

// ChainInput is what VerifyChain decides on.
type ChainInput struct {
	Chain []*x509.Certificate // as sent, leaf first
	// Kept says that the peer has not shown Chain in this handshake: it is remembered, with a
	// session that is about to be offered or resumed. That session was judged when it was
	// made, perhaps by another verifier. An error then refuses the session, and no alert is
	// sent: a full handshake follows, in which the peer shows a chain again. Check again what
	// depends on the day; do not check again what was only a matter of the old handshake.
	Kept       bool
	Roots      *pki.TrustStore
	ServerName string // at a client; at a server ""
	Time       time.Time
	FromServer bool          // a server has shown the chain
	Version    iana.Version  // the version that is spoken; 0 where Kept
	KeyUsage   x509.KeyUsage // what the leaf's key will be used for; 0 where the suite has already been asked
	Staple     []byte        // the OCSP response; nil if none came, and where Kept
	Timestamps [][]byte      // the signed certificate timestamps that came with it, each serialized (RFC 6962 §3.3); nil if none came, and where Kept
	MustStaple bool          // this client asked for one: a certificate that promises it must come with it (RFC 7633)
	Explain    bool          // somebody listens: report every value
}

// leaf returns the parsed first certificate.
func (c *Certificate) leaf() (*x509.Certificate, error) {
	if c.Leaf != nil {
		return c.Leaf, nil
	}
	return pki.ParseCached(c.Chain[0])
}

// parsed returns the whole chain, parsed. What is wrong with it is the caller's fault.
func (c *Certificate) parsed() ([]*x509.Certificate, error) {
	chain, err := parseChain(c.Chain)
	if err != nil {
		return nil, reason.Wrap(reason.Misuse, "", "config.certificates", err)
	}
	return chain, nil
}
