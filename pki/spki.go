package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
)

// The two kinds of public key that TLS knows and crypto/x509 does not: Ed448
// (RFC 8410) and RSA kept for RSASSA-PSS (RFC 4055). crypto/x509 parses a certificate
// with one of them, and leaves its PublicKey nil.

// PublicKey returns the key of a certificate: what crypto/x509 found in it,
// ed448.PublicKey, *sig.PSSPublicKey, or nil if the key is of a kind that we do not
// know. Use it instead of the field PublicKey.
func PublicKey(c *x509.Certificate) crypto.PublicKey {
	return publicKey(c.PublicKey, c.RawSubjectPublicKeyInfo)
}

// RequestKey is PublicKey of a certificate request.
func RequestKey(csr *x509.CertificateRequest) crypto.PublicKey {
	return publicKey(csr.PublicKey, csr.RawSubjectPublicKeyInfo)
}

func publicKey(known crypto.PublicKey, spki []byte) crypto.PublicKey {
	if known != nil {
		return known
	}
	pub, err := ParsePublicKey(spki)
	if err != nil {
		return nil
	}
	return pub
}

// ParsePublicKey reads a SubjectPublicKeyInfo, DER: x509.ParsePKIXPublicKey, and the
// two kinds that it does not know.
func ParsePublicKey(spki []byte) (crypto.PublicKey, error) {
	var info algid.PublicKeyInfo
	if err := der.Unmarshal(spki, &info); err != nil {
		return nil, fmt.Errorf("not a SubjectPublicKeyInfo: %w", err)
	}
	key := info.Key.RightAlign()
	switch {
	case info.Algorithm.Algorithm.Equal(algid.OIDEd448):
		if len(info.Algorithm.Parameters.FullBytes) > 0 || len(key) != ed448.PublicKeySize {
			return nil, fmt.Errorf("an Ed448 key is %d bytes without parameters (RFC 8410 §3)", ed448.PublicKeySize)
		}
		return ed448.PublicKey(key), nil
	case info.Algorithm.Algorithm.Equal(algid.OIDPSS):
		params, err := algid.KeyPSS(info.Algorithm)
		if err != nil {
			return nil, err
		}
		k, err := x509.ParsePKCS1PublicKey(key)
		if err != nil {
			return nil, err
		}
		return &sig.PSSPublicKey{RSA: k, Params: params}, nil
	}
	return x509.ParsePKIXPublicKey(spki)
}

// MarshalPublicKey is the inverse of ParsePublicKey.
func MarshalPublicKey(pub crypto.PublicKey) ([]byte, error) {
	var info algid.PublicKeyInfo
	switch k := pub.(type) {
	case ed448.PublicKey:
		info.Algorithm.Algorithm = algid.OIDEd448
		info.Key = algid.BitString(k)
	case *sig.PSSPublicKey:
		var err error
		if info.Algorithm, err = algid.KeyPSSIdentifier(k.Params); err != nil {
			return nil, err
		}
		info.Key = algid.BitString(x509.MarshalPKCS1PublicKey(k.RSA))
	default:
		return x509.MarshalPKIXPublicKey(pub)
	}
	return asn1.Marshal(info)
}
