package authority

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"time"

	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
	"tlslab/pki/internal/ocsp"
)

// Status says what an authority answers about a certificate.
type Status string

// What OCSP can be asked to answer.
const (
	StatusGood    Status = "good"
	StatusRevoked Status = "revoked"
	StatusUnknown Status = "unknown"
	StatusStale   Status = "stale" // good, once: its nextUpdate is past
)

// Statuses lists every Status.
func Statuses() []Status {
	return []Status{StatusGood, StatusRevoked, StatusStale, StatusUnknown}
}

// OCSPOptions describe an answer.
type OCSPOptions struct {
	Time      time.Time     // when it is produced; default now
	Validity  time.Duration // until nextUpdate; default 7 days
	Responder *Responder    // who signs; default the authority itself
	Rand      io.Reader     // for a PSS salt; default crypto/rand
}

// Responder signs statuses on behalf of an authority (RFC 6960 §4.2.2.2).
type Responder struct {
	Cert *x509.Certificate
	Key  crypto.Signer
}

// NewResponder makes a delegated responder: a certificate that a signs, with the
// extended key usage OCSPSigning and no right to sign certificates.
func (a *CA) NewResponder(o Options) (*Responder, error) {
	if err := a.canSign(); err != nil {
		return nil, err
	}
	r := &CA{}
	template, err := r.prepare(o, 90*24*time.Hour)
	if err != nil {
		return nil, err
	}
	template.IsCA = false
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	template.SignatureAlgorithm = a.signatureAlgorithm()
	cert, err := CreateCertificate(o.Rand, template, a.Cert, r.Key.Public(), a.Key)
	return &Responder{Cert: cert, Key: r.Key}, err
}

// OCSP answers for a certificate that a issued: a signed OCSP response, DER, to be
// stapled into a handshake (RFC 6066 §8). The same options, Time among them, give the
// same bytes, unless the key is an id-RSASSA-PSS one and no seeded Rand gives its salt.
func (a *CA) OCSP(leaf *x509.Certificate, status Status, o OCSPOptions) ([]byte, error) {
	signer := o.Responder
	if signer == nil {
		if err := a.canSign(); err != nil {
			return nil, err
		}
		signer = &Responder{a.Cert, a.Key}
	}
	single, err := a.single(leaf, status, o)
	if err != nil {
		return nil, err
	}
	data := ocsp.Data{
		Responder:  asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: ocsp.ByName, IsCompound: true, Bytes: signer.Cert.RawSubject},
		ProducedAt: single.ThisUpdate,
		Responses:  []ocsp.Single{single},
	}
	if data.Raw, err = asn1.Marshal(data); err != nil {
		return nil, err
	}
	basic := ocsp.Basic{TBS: data}
	if err := signer.sign(&basic, o.Rand); err != nil {
		return nil, err
	}
	// The signer's certificate goes along where no Certificate message brings it: a
	// delegated responder's, and a root's that signs leaves itself. A client that trusts
	// the root has its certificate, but some clients look for a signer only here and in
	// what the server sent.
	if o.Responder != nil || a.Parent == nil {
		basic.Certs = []asn1.RawValue{{FullBytes: signer.Cert.Raw}}
	}
	inner, err := asn1.Marshal(basic)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(ocsp.Response{Bytes: ocsp.ResponseBytes{Type: ocsp.OIDBasic, Response: inner}})
}

// single fills in the one answer of the response.
func (a *CA) single(leaf *x509.Certificate, status Status, o OCSPOptions) (ocsp.Single, error) {
	this, next := period(o.Time, time.Time{}, o.Validity, 7*24*time.Hour)
	name, key, ok := ocsp.CertIDHashes(algid.OIDSHA1, leaf.RawIssuer, a.Cert)
	if !ok {
		return ocsp.Single{}, fmt.Errorf("the key of %s cannot be hashed", a.Cert.Subject)
	}
	s := ocsp.Single{
		ID: ocsp.CertID{
			Hash:     pkix.AlgorithmIdentifier{Algorithm: algid.OIDSHA1, Parameters: asn1.NullRawValue},
			NameHash: name, KeyHash: key, Serial: leaf.SerialNumber,
		},
		ThisUpdate: this, NextUpdate: next,
		Status: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: ocsp.Good},
	}
	switch status {
	case StatusGood:
	case StatusStale:
		// Exactly one validity too old: nextUpdate is one second past.
		shift := next.Sub(this) + time.Second
		s.ThisUpdate, s.NextUpdate = this.Add(-shift), next.Add(-shift)
	case StatusUnknown:
		s.Status.Tag = ocsp.Unknown
	case StatusRevoked:
		info, err := asn1.Marshal(ocsp.RevokedInfo{At: this.Add(-24 * time.Hour), Reason: 1}) // keyCompromise, RFC 5280 §5.3.1
		if err != nil {
			return ocsp.Single{}, err
		}
		var content asn1.RawValue
		if err := der.Unmarshal(info, &content); err != nil {
			return ocsp.Single{}, err
		}
		s.Status = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: ocsp.Revoked, IsCompound: true, Bytes: content.Bytes}
	default:
		return ocsp.Single{}, fmt.Errorf("unknown status %q; known are good, revoked, unknown, stale", status)
	}
	return s, nil
}

// sign fills in algorithm and signature over basic.TBS.Raw.
func (r *Responder) sign(basic *ocsp.Basic, rand io.Reader) error {
	a := algid.Default(r.Key.Public())
	id, err := a.Identifier()
	if err != nil {
		return fmt.Errorf("cannot sign an OCSP response with %s: %w", pki.KeyName(r.Key.Public()), err)
	}
	signature, err := a.Sign(rand, r.Key, basic.TBS.Raw)
	if err != nil {
		return err
	}
	basic.Algorithm, basic.Signature = id, algid.BitString(signature)
	return nil
}
