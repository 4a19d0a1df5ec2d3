package authority

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/pki"
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
	Steps  []pki.IssueStep   // in the order taken
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

// Sign turns a request into a certificate: it checks that whoever asks holds the private
// key, fills in the to-be-signed part, hashes and signs it, and returns the chain. Names
// are taken from the request as they are. A real authority checks here whether the
// requester may have them; a classroom decides that by itself.
func (a *CA) Sign(csrDER []byte, o LeafOptions) (*Issued, error) {
	if err := a.canSign(); err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(csrDER)
	if err != nil {
		return nil, reason.Because("the request is not a PKCS #10 certificate request: %v", err)
	}
	if err := pki.VerifyRequest(csr); err != nil {
		return nil, reason.Because("no proof of possession: the request is not signed by the key it names: %v", err)
	}
	template, err := leafTemplate(csr, o)
	if err != nil {
		return nil, err
	}
	template.SignatureAlgorithm = a.signatureAlgorithm()
	if o.Mutate != nil {
		o.Mutate(template)
	}
	leaf, err := CreateCertificate(o.Rand, template, a.Cert, pki.RequestKey(csr), a.Key)
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
		promise, err := pki.TLSFeatureExtension(iana.ExtStatusRequest)
		if err != nil {
			return nil, err
		}
		t.ExtraExtensions = append(t.ExtraExtensions, promise)
	}
	return t, nil
}

func issueSteps(csr *x509.CertificateRequest, is *Issued) []pki.IssueStep {
	leaf := is.Leaf
	spki := sha256.Sum256(csr.RawSubjectPublicKeyInfo)
	return []pki.IssueStep{
		{Key: pki.StepCSR, Ref: "RFC 2986 §4", OK: true, Inputs: []pki.Input{
			pki.NewInput(pki.InSubject, csr.Subject.String()),
			pki.NewInput(pki.InNames, pki.AltNames(csr.DNSNames, csr.IPAddresses)),
			pki.NewInput(pki.InPublicKey, pki.RequestKeyName(csr)),
			pki.NewInput(pki.InPublicKeyHash, spki[:]),
			pki.NewInput(pki.InCSR, csr.Raw),
		}},
		{Key: pki.StepPossession, Ref: "RFC 2986 §4.2", OK: true, Inputs: append([]pki.Input{
			pki.NewInput(pki.InSignatureAlgorithm, pki.RequestSignatureName(csr)),
			pki.NewInput(pki.InSignature, csr.Signature),
		}, pki.ExplainRequest(csr)...)},
		{Key: pki.StepTBS, Ref: "RFC 5280 §4.1.2", OK: true, Inputs: []pki.Input{
			pki.NewInput(pki.InSerial, leaf.SerialNumber.Bytes()),
			pki.NewInput(pki.InIssuer, leaf.Issuer.String()),
			pki.NewInput(pki.InSubject, leaf.Subject.String()),
			pki.NewInput(pki.InNotBefore, leaf.NotBefore),
			pki.NewInput(pki.InNotAfter, leaf.NotAfter),
			pki.NewInput(pki.InNames, pki.AltNames(leaf.DNSNames, leaf.IPAddresses)),
			pki.NewInput(pki.InTBS, leaf.RawTBSCertificate),
		}},
		{Key: pki.StepHash, Ref: "RFC 5280 §4.1.1.3", OK: true, Inputs: pki.ExplainHash(leaf)},
		{Key: pki.StepSign, Ref: "RFC 5280 §4.1.1.3", OK: true, Inputs: []pki.Input{
			pki.NewInput(pki.InSignatureAlgorithm, pki.SignatureName(leaf)),
			pki.NewInput(pki.InIssuerKey, pki.CertKeyName(is.Issuer)),
			pki.NewInput(pki.InSignature, leaf.Signature),
		}},
		{Key: pki.StepChain, Ref: "RFC 5246 §7.4.2", OK: true, Inputs: []pki.Input{
			pki.NewInput(pki.InChain, subjects(is.Chain)),
			pki.NewInput(pki.InCertificate, leaf.Raw),
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
