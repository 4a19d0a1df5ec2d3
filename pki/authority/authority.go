package authority

import (
	"crypto"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/internal/algid"
)

// CA is a certification authority: a certificate that may sign others, and its key. It issues
// certificates; it is not one.
type CA struct {
	Cert   *x509.Certificate
	Key    crypto.Signer // nil for an issuer if only its certificate is known
	Parent *CA           // who signed Cert; nil for a root

	pss  bool
	rand io.Reader
}

// Options describe a new authority. The zero value of each field has a default.
type Options struct {
	CommonName   string
	Organization string

	Key     crypto.Signer // the key to use; nil makes one of KeyKind
	KeyKind KeyKind       // default P256

	NotBefore time.Time     // default: now, to the second
	NotAfter  time.Time     // default: NotBefore + Validity
	Validity  time.Duration // default: 10 years for a root, 5 for an intermediate

	// As in x509.Certificate: how many intermediates may follow below this
	// authority. 0 says nothing, unless MaxPathLenZero says that none may.
	MaxPathLen     int
	MaxPathLenZero bool

	PermittedDNS, ExcludedDNS []string // name constraints, RFC 5280 §4.2.1.10

	Serial *big.Int  // default: 127 random bits
	Rand   io.Reader // for serials, keys and PSS salts; default crypto/rand. Seed it, and the bytes repeat
	PSS    bool      // an RSA authority signs with RSASSA-PSS instead of PKCS #1 v1.5

	OCSPURL string // where status can be asked, put into the certificate

	// Mutate edits the certificate just before it is signed. It is how the
	// lessons make authorities that break a rule.
	Mutate func(*x509.Certificate)
}

const year = 365 * 24 * time.Hour

// NewRoot makes an authority that signs its own certificate.
func NewRoot(o Options) (*CA, error) {
	a := &CA{}
	template, err := a.prepare(o, 10*year)
	if err != nil {
		return nil, err
	}
	template.SignatureAlgorithm = a.signatureAlgorithm()
	a.Cert, err = CreateCertificate(a.rand, template, template, a.Key.Public(), a.Key)
	return a, err
}

// NewIntermediate makes an authority whose certificate a signs.
func (a *CA) NewIntermediate(o Options) (*CA, error) {
	if err := a.canSign(); err != nil {
		return nil, err
	}
	sub := &CA{Parent: a}
	template, err := sub.prepare(o, 5*year)
	if err != nil {
		return nil, err
	}
	template.SignatureAlgorithm = a.signatureAlgorithm()
	sub.Cert, err = CreateCertificate(sub.rand, template, a.Cert, sub.Key.Public(), a.Key)
	return sub, err
}

// CrossSign certifies the key and name of another authority, so that whoever
// trusts a accepts what other issued. Options give its dates, serial and
// constraints; name and key are other's.
func (a *CA) CrossSign(other *x509.Certificate, o Options) (*x509.Certificate, error) {
	if err := a.canSign(); err != nil {
		return nil, err
	}
	template, err := caTemplate(o, 5*year)
	if err != nil {
		return nil, err
	}
	template.RawSubject = other.RawSubject
	template.SubjectKeyId = other.SubjectKeyId
	template.SignatureAlgorithm = a.signatureAlgorithm()
	return CreateCertificate(o.Rand, template, a.Cert, pki.PublicKey(other), a.Key)
}

// Chain returns the certificates from this authority's own up to the root's.
func (a *CA) Chain() []*x509.Certificate {
	var chain []*x509.Certificate
	for ; a != nil; a = a.Parent {
		chain = append(chain, a.Cert)
	}
	return chain
}

// Root returns the authority at the top.
func (a *CA) Root() *CA {
	for a.Parent != nil {
		a = a.Parent
	}
	return a
}

func (a *CA) canSign() error {
	if a.Key == nil {
		return reason.Because("the private key of %s is not here, so it cannot sign", a.Cert.Subject)
	}
	return nil
}

// prepare fills in a's key and returns the template of its certificate.
func (a *CA) prepare(o Options, validity time.Duration) (*x509.Certificate, error) {
	if o.CommonName == "" && o.Organization == "" {
		// RFC 5280 §4.1.2.6: a CA without a name could not be named as an issuer.
		return nil, errors.New("an authority needs a name: set CommonName")
	}
	a.Key, a.pss, a.rand = o.Key, o.PSS, o.Rand
	if a.Key == nil {
		kind := o.KeyKind
		if kind == "" {
			kind = P256
		}
		key, err := GenerateKey(kind, o.Rand)
		if err != nil {
			return nil, err
		}
		a.Key = key
	}
	return caTemplate(o, validity)
}

func caTemplate(o Options, validity time.Duration) (*x509.Certificate, error) {
	notBefore, notAfter := period(o.NotBefore, o.NotAfter, o.Validity, validity)
	serial, err := serialNumber(o.Serial, o.Rand)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: o.CommonName},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLen:            o.MaxPathLen,
		MaxPathLenZero:        o.MaxPathLenZero,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		PermittedDNSDomains:   o.PermittedDNS,
		ExcludedDNSDomains:    o.ExcludedDNS,
		// RFC 5280 §4.2.1.10: name constraints are critical, for a verifier that
		// does not know them must not accept what they forbid.
		PermittedDNSDomainsCritical: len(o.PermittedDNS)+len(o.ExcludedDNS) > 0,
	}
	if o.Organization != "" {
		t.Subject.Organization = []string{o.Organization}
	}
	if o.OCSPURL != "" {
		t.OCSPServer = []string{o.OCSPURL}
	}
	if o.Mutate != nil {
		o.Mutate(t)
	}
	return t, nil
}

// signatureAlgorithm is the algorithm a signs with; it is 0 if crypto/x509 has no name for
// the key's own algorithm.
func (a *CA) signatureAlgorithm() x509.SignatureAlgorithm {
	if _, ok := a.Key.Public().(*rsa.PublicKey); ok && a.pss {
		return x509.SHA256WithRSAPSS
	}
	return algid.Default(a.Key.Public()).Std
}

// CreateCertificate is x509.CreateCertificate for every kind of key that pki knows, Ed448 and
// id-RSASSA-PSS too, and parses what it made: with it a caller makes a certificate that no CA
// would. template and parent are used as there; signer is the issuer's key. Only PSS takes
// randomness, from rand (nil is crypto/rand): ECDSA nonces are made from key and message (RFC
// 6979), and PKCS #1 and EdDSA need none, so a seeded run repeats itself.
func CreateCertificate(rand io.Reader, template, parent *x509.Certificate, pub crypto.PublicKey, signer crypto.Signer) (*x509.Certificate, error) {
	if beyondX509(pub) || beyondX509(signer.Public()) {
		return createBeyond(rand, template, parent, pub, signer)
	}
	der, err := x509.CreateCertificate(signingRand(template.SignatureAlgorithm, rand), template, parent, pub, signer)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func signingRand(alg x509.SignatureAlgorithm, rand io.Reader) io.Reader {
	switch alg {
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		if rand == nil {
			return cryptorand.Reader
		}
		return rand
	}
	return nil
}

// period settles a validity period. Certificates count in whole seconds.
func period(from, to time.Time, length, usual time.Duration) (notBefore, notAfter time.Time) {
	if from.IsZero() {
		from = time.Now()
	}
	if length == 0 {
		length = usual
	}
	if to.IsZero() {
		to = from.Add(length)
	}
	return from.UTC().Truncate(time.Second), to.UTC().Truncate(time.Second)
}

// serialNumber draws 127 bits: unpredictable, so that nobody can prepare a
// collision on the to-be-signed bytes, and positive in at most 20 octets
// (RFC 5280 §4.1.2.2).
func serialNumber(given *big.Int, rand io.Reader) (*big.Int, error) {
	if given != nil {
		return given, nil
	}
	if rand == nil {
		rand = cryptorand.Reader
	}
	b := make([]byte, 16)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("no randomness for a serial number: %w", err)
	}
	b[0] &= 0x7f
	b[15] |= 1 // never zero
	return new(big.Int).SetBytes(b), nil
}
