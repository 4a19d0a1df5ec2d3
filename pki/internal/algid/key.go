package algid

import (
	"crypto/x509/pkix"
	"encoding/asn1"

	"tlslab/pki/der"
)

// The object identifiers of the keys that TLS knows and crypto/x509 does not, Ed448 (RFC 8410)
// and RSA kept for RSASSA-PSS (RFC 4055), and of what the latter's parameters name.
var (
	OIDEd448  = asn1.ObjectIdentifier{1, 3, 101, 113}
	OIDPSS    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	OIDMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	OIDSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	OIDSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	OIDSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	OIDSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// PublicKeyInfo is the SubjectPublicKeyInfo of RFC 5280 §4.1.2.7.
type PublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// KeyBits returns the subjectPublicKey of a SubjectPublicKeyInfo, DER, without tag and
// length: what a key's hash is made of.
func KeyBits(spki []byte) ([]byte, error) {
	var info PublicKeyInfo
	if err := der.Unmarshal(spki, &info); err != nil {
		return nil, err
	}
	return info.Key.RightAlign(), nil
}

// BitString is a BIT STRING of whole bytes.
func BitString(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }
