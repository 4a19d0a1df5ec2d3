package handshake

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki"
)

// CertificateRequest is what a server asks of a client's certificate, in either version: what
// Config.ClientCertificate decides on.
type CertificateRequest struct {
	Version iana.Version
	Schemes []iana.SignatureScheme // that the server can check, as it lists them
	// Types are the kinds of key that a server of TLS 1.2 takes (RFC 5246 §7.4.4); nil in TLS
	// 1.3, where Schemes say it.
	Types []iana.ClientCertificateType
	// Authorities are issuers by whom a certificate should be, names in DER; empty: anybody.
	Authorities [][]byte

	ours []*sig.Scheme // the Config's; nil: sig.Defaults()
}

// Takes reports whether the server takes a certificate: its key may sign and can, by one of the
// server's schemes that are in the Certificate's Schemes too, or else in the client's Config, it is of a kind that the server takes, and one of the issuers named, if any
// is, is in the chain. An error is that of a chain that cannot be parsed.
func (r *CertificateRequest) Takes(c *Certificate) (bool, error) {
	if len(c.Chain) == 0 {
		return false, reason.Mistake("config.certificates", reason.Say("a chain in each"), reason.Say("none"))
	}
	chain, err := c.parsed()
	if err != nil {
		return false, err
	}
	return mayBeUsed(chain[0], x509.KeyUsageDigitalSignature) && (len(r.Authorities) == 0 || issuedBy(chain, r.Authorities)) &&
		(r.Version != iana.TLS12 || slices.Contains(r.Types, typeOf(chain[0]))) &&
		pick(c.signingSchemes(r.ours), publicKey(chain[0]), r.Version, r.Schemes) != nil, nil
}

// typeOf is what TLS 1.2 calls a leaf's kind of key; ecdsa_sign is for EdDSA too (RFC 8422 §5.5).
func typeOf(leaf *x509.Certificate) iana.ClientCertificateType {
	switch publicKey(leaf).(type) {
	case *rsa.PublicKey, *sig.PSSPublicKey:
		return iana.CertRSASign
	}
	return iana.CertECDSASign
}

// requested12 is what a CertificateRequest of TLS 1.2 asks for.
func requested12(m *message.CertificateRequest12) *CertificateRequest {
	return &CertificateRequest{Version: iana.TLS12, Schemes: m.Schemes, Types: m.Types, Authorities: m.Authorities}
}

// requested13 is what one of TLS 1.3 asks for, with the schemes that it has to name.
func requested13(m *message.CertificateRequest13, schemes []iana.SignatureScheme) *CertificateRequest {
	r := &CertificateRequest{Version: iana.TLS13, Schemes: schemes}
	if a, ok := message.Get[*message.CertificateAuthorities](&m.Extensions); ok {
		r.Authorities = a.Authorities
	}
	return r
}

// chooseOwn settles what the client shows to a server that asks: what ClientCertificate says, or
// else the first of Certificates that the server takes and whose key can sign for it.
func (c *client) chooseOwn(r *CertificateRequest) error {
	r.ours = c.cfg.schemes()
	choose, none := c.firstThatFits, event.WhyNothingFitsRequest
	if c.cfg.ClientCertificate != nil {
		choose, none = c.askedFor, event.WhyCallerGaveNone
	}
	if err := choose(r); err != nil {
		return err
	}
	c.noteShown()
	if c.certificate == nil {
		c.decided(event.DecisionClientCertificate, "none", nil, none)
		return nil
	}
	if c.listening() {
		leaf, err := c.certificate.leaf()
		if err != nil {
			return reason.Wrap(reason.Misuse, "", "config.certificates", err)
		}
		c.decided(event.DecisionClientCertificate, leaf.Subject.String(), nil, event.WhyFitsRequest)
	}
	return nil
}

func (c *client) firstThatFits(r *CertificateRequest) error {
	for i := range c.cfg.Certificates {
		cert := &c.cfg.Certificates[i]
		switch takes, err := r.Takes(cert); {
		case err != nil:
			return err
		case !takes:
			continue
		}
		leaf, err := cert.leaf()
		if err != nil {
			return reason.Wrap(reason.Misuse, "", "config.certificates", err)
		}
		if s := c.pickScheme(cert, publicKey(leaf), r.Schemes); s != nil {
			c.certificate, c.scheme = cert, s
			return nil
		}
	}
	return nil
}

// askedFor takes what Config.ClientCertificate gives, whatever the request says of issuers and
// kinds: whoever chose it has read that. A key that can sign nothing which the server can
// check is of no use.
func (c *client) askedFor(r *CertificateRequest) error {
	cert, err := c.cfg.ClientCertificate(r)
	if err != nil {
		return reason.Wrap(reason.Misuse, "", "config.client_certificate", err)
	}
	if cert == nil {
		return nil
	}
	if err := cert.check("config.client_certificate"); err != nil {
		return err
	}
	leaf, err := cert.leaf()
	if err != nil {
		return reason.Wrap(reason.Misuse, "", "config.client_certificate", err)
	}
	s := c.pickScheme(cert, publicKey(leaf), r.Schemes)
	if s == nil {
		return reason.Mistake("config.client_certificate", reason.Say("a key that signs by one of the server's schemes that are ours too, of %v", r.Schemes), pki.CertKeyName(leaf))
	}
	c.certificate, c.scheme = cert, s
	return nil
}

// What a client has shown of itself, and whether it would still show the same. A client that
// resumes goes on under its old identity. So it must not resume if it would now show another
// certificate, or would now show one and had shown none.

// noteShown remembers what became of a CertificateRequest, for the sessions that come of
// this connection.
func (c *client) noteShown() {
	c.summary.CertificateShown = c.certificate != nil
	if c.cfg.ClientCertificate != nil {
		c.shown = chosenByCall
		return
	}
	h := sha256.New()
	for i := range c.cfg.Certificates {
		h.Write(c.cfg.Certificates[i].Chain[0])
		if &c.cfg.Certificates[i] == c.certificate {
			c.shown = h.Sum(nil)
			return
		}
	}
	h.Write(noneShown)
	c.shown = h.Sum(nil)
}

// noneShown stands behind the last certificate if none of them was taken. No certificate
// begins with this byte.
var noneShown = []byte{0}

// chosenByCall stands in the place of a hash where ClientCertificate chose: what it would choose
// today cannot be known without a request, so such a session is not resumed.
var chosenByCall = []byte{0}

// wouldShow reports whether the CertificateRequest that shown is from would have the same
// outcome today: the same certificates stand before the one that was taken. They are all
// that can be compared, for the request itself is gone.
func (c *client) wouldShow(shown []byte) bool {
	if len(shown) == 0 { // no certificate was requested
		return true
	}
	if c.cfg.ClientCertificate != nil {
		return false
	}
	h := sha256.New()
	for i := range c.cfg.Certificates {
		h.Write(c.cfg.Certificates[i].Chain[0])
		if bytes.Equal(h.Sum(nil), shown) {
			return true
		}
	}
	h.Write(noneShown)
	return bytes.Equal(h.Sum(nil), shown)
}
