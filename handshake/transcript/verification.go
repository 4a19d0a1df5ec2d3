package transcript

import (
	"bytes"
	"crypto/x509"
	"io"
	"time"

	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
)

// Verification is what the verifier made of a chain that no handshake brought: what tlslab
// verify writes.
type Verification struct {
	Version    int       `json:"tlslab"`
	Seed       string    `json:"seed"`        // "": nothing was drawn
	ServerName string    `json:"server_name"` // that the leaf must carry; "" where none was asked for
	Time       time.Time `json:"time"`        // the certificates were judged as of then
	Usage      string    `json:"usage"`       // what the leaf is to be good for: "serverAuth", "clientAuth"
	// Certificates are those that were presented, in their order and each time that they come,
	// then those of other sources that the report speaks of.
	Certificates []Certificate `json:"certificates"`
	Report       *Report       `json:"report"`
	Error        *Fault        `json:"error,omitempty"`  // why it was refused
	Staple       *Staple       `json:"staple,omitempty"` // that came with it
}

// Staple is an OCSP response.
type Staple struct {
	Bytes  Hex     `json:"bytes"` // DER
	Fields []Field `json:"fields"`
}

// Source is where a certificate was found.
type Source string

// The sources.
const (
	SourceChain Source = "chain" // it was presented
	SourceOther Source = "other" // a candidate besides the chain, or a trust anchor
)

// Certificate is a certificate that was looked at. A Path names it by its fingerprint.
type Certificate struct {
	Print              string    `json:"fingerprint"` // SHA-256 of Bytes
	Source             Source    `json:"source"`
	Subject            string    `json:"subject"`
	Issuer             string    `json:"issuer"`
	Serial             Hex       `json:"serial"` // big endian, without the sign
	NotBefore          time.Time `json:"not_before"`
	NotAfter           time.Time `json:"not_after"`
	Names              []string  `json:"names,omitempty"` // "DNS:www.lab.test", "IP:192.0.2.1"
	CA                 bool      `json:"ca"`
	PublicKey          string    `json:"public_key"` // "ECDSA P-256"
	SignatureAlgorithm string    `json:"signature_algorithm"`
	Bytes              Hex       `json:"bytes"` // DER
	// Fields cover every byte once, as those of Inside do, and their offsets are from the start of the
	// certificate. Where there would be more than 16384 there are none.
	Fields []Field `json:"fields"`
}

// VerificationOf is the document about r, which pki.Verify made of chain and of staple, an OCSP
// response that came with it; nil if none did.
func VerificationOf(chain []*x509.Certificate, staple []byte, r *pki.Report) Verification {
	v := Verification{Version: Version, ServerName: r.ServerName, Time: r.Time, Usage: r.Usage.String(),
		Certificates: []Certificate{}, Report: reportOf(r), Error: refusal(r.Err)}
	if staple != nil {
		v.Staple = &Staple{staple, walked(der.WalkOCSPResponse(staple))}
	}
	for _, c := range chain {
		v.Certificates = append(v.Certificates, certificateOf(c, SourceChain))
	}
	known := append([]*x509.Certificate(nil), chain...)
	others := func(certs ...*x509.Certificate) {
		for _, c := range certs {
			if c != nil && !holds(known, c) {
				known = append(known, c)
				v.Certificates = append(v.Certificates, certificateOf(c, SourceOther))
			}
		}
	}
	for i := range r.Paths {
		others(r.Paths[i].Certs...)
	}
	for _, x := range r.Rejected {
		others(x.Cert, x.For)
	}
	return v
}

func holds(certs []*x509.Certificate, c *x509.Certificate) bool {
	for _, x := range certs {
		if bytes.Equal(x.Raw, c.Raw) {
			return true
		}
	}
	return false
}

func certificateOf(c *x509.Certificate, from Source) Certificate {
	return Certificate{
		Print: fingerprint(c), Source: from, Subject: c.Subject.String(), Issuer: c.Issuer.String(),
		Serial: c.SerialNumber.Bytes(), NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(),
		Names: pki.AltNames(c.DNSNames, c.IPAddresses), CA: c.IsCA,
		PublicKey: pki.CertKeyName(c), SignatureAlgorithm: pki.SignatureName(c), Bytes: c.Raw, Fields: walked(der.WalkCertificate(c.Raw)),
	}
}

// walked are the fields that a walk has named; whatever was wrong the report says.
func walked(fields []wire.Field, _ error) []Field {
	if len(fields) > maxInside {
		return []Field{}
	}
	return derFields(fields)
}

// Encode writes v.
func (v Verification) Encode(w io.Writer) error { return encode(w, v, " ") }

// DecodeVerification reads what Verification.Encode wrote. Its errors are those of Decode.
func DecodeVerification(r io.Reader) (v Verification, err error) {
	if err = decode(r, &v, &v.Version); err == nil && v.Report == nil {
		err = otherSort("report")
	}
	return v, err
}
