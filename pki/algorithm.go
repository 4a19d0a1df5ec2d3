package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"

	"tlslab/handshake/sig"
	"tlslab/pki/internal/algid"
)

// SignatureName names the algorithm that a certificate is signed with, as crypto/x509 does
// where it knows it: "SHA256-RSA", "SHA256-RSAPSS", "Ed448". An algorithm that is not known
// here is named by its object identifier.
func SignatureName(c *x509.Certificate) string { return algid.Of(c).String() }

// RequestSignatureName is SignatureName of a certificate request.
func RequestSignatureName(csr *x509.CertificateRequest) string {
	return algid.Find(csr.SignatureAlgorithm, csr.Raw).String()
}

// SignatureScheme returns the scheme of TLS that a certificate's signature falls under,
// made by a key like issuer: what signature_algorithms_cert is about (RFC 9846 §4.3.3). ok
// is false if there is no such scheme, as for a PSS salt that is not as long as the hash,
// or if such a key makes no such signatures.
func SignatureScheme(c *x509.Certificate, issuer crypto.PublicKey) (s *sig.Scheme, ok bool) {
	a := algid.Of(c)
	if a.Fits(issuer) != nil || a.Kind == algid.PSS && a.Salt != a.Hash.Size() {
		return nil, false
	}
	k, isPSSKey := issuer.(*sig.PSSPublicKey)
	if isPSSKey && k.Params != nil && k.Params.SaltLength != a.Salt {
		return nil, false // the parameters of signature and key must be identical
	}
	for _, s := range sig.All() {
		var fits bool
		switch a.Kind {
		case algid.PKCS1:
			fits = s.Kind == sig.RSAPKCS1
		case algid.PSS:
			fits = s.Kind == sig.RSAPSS && s.PSSKey == isPSSKey
		case algid.ECDSA:
			fits = s.Kind == sig.ECDSA && (s.Curve == nil || s.Curve == issuer.(*ecdsa.PublicKey).Curve)
		default:
			fits = s.Kind == sig.EdDSA && s.FitsKey(issuer, 0)
		}
		if fits && s.Hash == a.Hash {
			return s, true
		}
	}
	return nil, false
}
