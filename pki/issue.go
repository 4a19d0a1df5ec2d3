package pki

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"

	"tlslab/handshake/iana"
)

// MaxCommonName is how many characters a common name has at most: ub-common-name of RFC 5280,
// appendix A.1.
const MaxCommonName = 64

// Request is what a server says of itself when it asks for a certificate.
type Request struct {
	CommonName   string // default: the first DNS name, if it is not too long for one
	Organization string
	DNSNames     []string
	IPAddresses  []net.IP
	Rand         io.Reader // for the salt of an id-RSASSA-PSS key; default crypto/rand
}

// LeafOptions are what the authority decides about a certificate it signs.
type LeafOptions struct {
	NotBefore time.Time     // default: now, to the second
	NotAfter  time.Time     // default: NotBefore + Validity
	Validity  time.Duration // default: 90 days

	Client bool // for a client; default for a server
	Server bool // with Client: for both

	Serial *big.Int  // default: 127 random bits
	Rand   io.Reader // for the serial and a PSS salt; default crypto/rand

	OCSPURL string

	MustStaple bool // the certificate promises that a status is stapled to it (RFC 7633)

	// Mutate edits the certificate just before it is signed: how the lessons make
	// certificates that break a rule.
	Mutate func(*x509.Certificate)
}

// Issued is a signed certificate, what goes into a Certificate message, and how
// it came to be.
type Issued struct {
	Leaf   *x509.Certificate
	Chain  [][]byte          // DER: the leaf first, then each issuer; the root is left out
	Issuer *x509.Certificate // who signed Leaf
	Steps  []IssueStep       // in the order taken
}

// IssueStep is one step of getting a certificate, with the values it handled.
type IssueStep struct {
	Key    string // one of StepKeys
	Ref    string
	OK     bool
	Inputs []Input
}

// The steps of issuing, in order.
const (
	StepCSR        = "csr"                 // what the server asks for, and with which key
	StepPossession = "proof_of_possession" // the request is signed by the key it names
	StepTBS        = "tbs"                 // the authority fills in the to-be-signed part
	StepHash       = "tbs_hash"            // and hashes it (EdDSA hashes inside the signature)
	StepSign       = "sign"                // and signs
	StepChain      = "chain"               // leaf and intermediates go back; the root stays home
)

// StepKeys lists the keys of every step.
func StepKeys() []string {
	return []string{StepCSR, StepPossession, StepTBS, StepHash, StepSign, StepChain}
}

// NewRequest makes a PKCS #10 certificate request (RFC 2986), DER: a public key, a
// name, and a signature by that key's private half.
func NewRequest(key crypto.Signer, r Request) ([]byte, error) {
	if r.CommonName == "" && len(r.DNSNames) > 0 && len(r.DNSNames[0]) <= MaxCommonName {
		r.CommonName = r.DNSNames[0]
	}
	t := &x509.CertificateRequest{
		Subject:     pkix.Name{CommonName: r.CommonName},
		DNSNames:    r.DNSNames,
		IPAddresses: r.IPAddresses,
	}
	if r.Organization != "" {
		t.Subject.Organization = []string{r.Organization}
	}
	if beyondX509(key.Public()) {
		return requestBeyond(r.Rand, t, key)
	}
	return x509.CreateCertificateRequest(nil, t, key)
}

// Sign turns a request into a certificate: it checks that whoever asks holds the
// private key, fills in the to-be-signed part, hashes and signs it, and returns
// the chain. Names are taken from the request as they are: who may have them is
// what a real authority checks here, and a classroom decides by itself.
func (a *Authority) Sign(csrDER []byte, o LeafOptions) (*Issued, error) {
	if err := a.canSign(); err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(csrDER)
	if err != nil {
		return nil, fmt.Errorf("the request is not a PKCS #10 certificate request: %w", err)
	}
	if err := VerifyRequest(csr); err != nil {
		return nil, fmt.Errorf("no proof of possession: the request is not signed by the key it names: %w", err)
	}
	template, err := leafTemplate(csr, o)
	if err != nil {
		return nil, err
	}
	template.SignatureAlgorithm = a.signatureAlgorithm()
	if o.Mutate != nil {
		o.Mutate(template)
	}
	leaf, err := create(o.Rand, template, a.Cert, RequestKey(csr), a.Key)
	if err != nil {
		return nil, err
	}
	is := &Issued{Leaf: leaf, Issuer: a.Cert, Chain: [][]byte{leaf.Raw}}
	for up := a; up.Parent != nil; up = up.Parent {
		is.Chain = append(is.Chain, up.Cert.Raw)
	}
	is.Steps = issueSteps(csr, is)
	return is, nil
}

func leafTemplate(csr *x509.CertificateRequest, o LeafOptions) (*x509.Certificate, error) {
	notBefore, notAfter := period(o.NotBefore, o.NotAfter, o.Validity, 90*24*time.Hour)
	serial, err := serialNumber(o.Serial, o.Rand)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               csr.Subject,
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		DNSNames:              csr.DNSNames,
		IPAddresses:           csr.IPAddresses,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
	if csr.PublicKeyAlgorithm == x509.RSA {
		t.KeyUsage |= x509.KeyUsageKeyEncipherment // RSA key transport, RFC 5246 §7.4.2
	}
	if o.Server || !o.Client {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if o.Client {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if o.OCSPURL != "" {
		t.OCSPServer = []string{o.OCSPURL}
	}
	if o.MustStaple {
		promise, err := TLSFeatureExtension(iana.ExtStatusRequest)
		if err != nil {
			return nil, err
		}
		t.ExtraExtensions = append(t.ExtraExtensions, promise)
	}
	return t, nil
}

func issueSteps(csr *x509.CertificateRequest, is *Issued) []IssueStep {
	leaf := is.Leaf
	spki := sha256.Sum256(csr.RawSubjectPublicKeyInfo)
	return []IssueStep{
		{Key: StepCSR, Ref: "RFC 2986 §4", OK: true, Inputs: []Input{
			NewInput(InSubject, csr.Subject.String()),
			NewInput(InNames, AltNames(csr.DNSNames, csr.IPAddresses)),
			NewInput(InPublicKey, RequestKeyName(csr)),
			NewInput(InPublicKeyHash, spki[:]),
			NewInput(InCSR, csr.Raw),
		}},
		{Key: StepPossession, Ref: "RFC 2986 §4.2", OK: true, Inputs: append([]Input{
			NewInput(InSignatureAlgorithm, RequestSignatureName(csr)),
			NewInput(InSignature, csr.Signature),
		}, ExplainRequest(csr)...)},
		{Key: StepTBS, Ref: "RFC 5280 §4.1.2", OK: true, Inputs: []Input{
			NewInput(InSerial, leaf.SerialNumber.Bytes()),
			NewInput(InIssuer, leaf.Issuer.String()),
			NewInput(InSubject, leaf.Subject.String()),
			NewInput(InNotBefore, leaf.NotBefore),
			NewInput(InNotAfter, leaf.NotAfter),
			NewInput(InNames, AltNames(leaf.DNSNames, leaf.IPAddresses)),
			NewInput(InTBS, leaf.RawTBSCertificate),
		}},
		{Key: StepHash, Ref: "RFC 5280 §4.1.1.3", OK: true, Inputs: ExplainHash(leaf)},
		{Key: StepSign, Ref: "RFC 5280 §4.1.1.3", OK: true, Inputs: []Input{
			NewInput(InSignatureAlgorithm, SignatureName(leaf)),
			NewInput(InIssuerKey, CertKeyName(is.Issuer)),
			NewInput(InSignature, leaf.Signature),
		}},
		{Key: StepChain, Ref: "RFC 5246 §7.4.2", OK: true, Inputs: []Input{
			NewInput(InChain, subjects(is.Chain)),
			NewInput(InCertificate, leaf.Raw),
		}},
	}
}

// subjects names the certificates of a chain that was just made.
func subjects(chain [][]byte) []string {
	names := make([]string, 0, len(chain))
	for _, der := range chain {
		if c, err := x509.ParseCertificate(der); err == nil {
			names = append(names, c.Subject.String())
		}
	}
	return names
}

// Certificates parses a chain of DER certificates, as a Certificate message
// carries them.
func Certificates(chain [][]byte) ([]*x509.Certificate, error) {
	if len(chain) == 0 {
		return nil, errors.New("no certificate")
	}
	certs := make([]*x509.Certificate, len(chain))
	for i, der := range chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i, err)
		}
		certs[i] = c
	}
	return certs, nil
}
