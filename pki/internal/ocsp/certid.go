package ocsp

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"

	"tlslab/pki/internal/algid"
)

// CertIDAlgorithms are the hashes that CertIDHashes knows.
var CertIDAlgorithms = []asn1.ObjectIdentifier{algid.OIDSHA1, algid.OIDSHA256}

// CertIDHashes are the hashes by which a response names the issuer: of its name as
// the certificate in question writes it (RFC 6960 §4.1.1), and of its key's bits. SHA-1
// is usual here and harmless: what matters is signed.
func CertIDHashes(hash asn1.ObjectIdentifier, issuerName []byte, issuer *x509.Certificate) (name, key []byte, ok bool) {
	bits, err := algid.KeyBits(issuer.RawSubjectPublicKeyInfo)
	switch {
	case err != nil:
	case hash.Equal(algid.OIDSHA1):
		n, k := sha1.Sum(issuerName), sha1.Sum(bits)
		return n[:], k[:], true
	case hash.Equal(algid.OIDSHA256):
		n, k := sha256.Sum256(issuerName), sha256.Sum256(bits)
		return n[:], k[:], true
	}
	return nil, nil, false
}
