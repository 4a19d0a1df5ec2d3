package pki

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
)

// privateKeyInfo is PKCS #8 (RFC 5208 §5). What may follow, attributes and a copy of
// the public key (RFC 5958 §2), is not needed and passed over.
type privateKeyInfo struct {
	Version   int
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

// parsePKCS8 is x509.ParsePKCS8PrivateKey, and the two kinds of key that it does not
// know.
func parsePKCS8(b []byte) (any, error) {
	var info privateKeyInfo
	if err := der.Unmarshal(b, &info); err != nil {
		return nil, err
	}
	switch id := info.Algorithm; {
	case id.Algorithm.Equal(algid.OIDEd448):
		var seed []byte // CurvePrivateKey of RFC 8410 §7: an OCTET STRING in the OCTET STRING
		if err := der.Unmarshal(info.Key, &seed); err != nil {
			return nil, err
		}
		if len(seed) != ed448.SeedSize || len(id.Parameters.FullBytes) > 0 {
			return nil, fmt.Errorf("an Ed448 key is %d bytes without parameters (RFC 8410 §3), not %d", ed448.SeedSize, len(seed))
		}
		return ed448.NewKeyFromSeed(seed), nil
	case id.Algorithm.Equal(algid.OIDPSS):
		params, err := algid.KeyPSS(id)
		if err != nil {
			return nil, err
		}
		k, err := x509.ParsePKCS1PrivateKey(info.Key)
		if err != nil {
			return nil, err
		}
		return &sig.PSSPrivateKey{RSA: k, Params: params}, nil
	}
	return x509.ParsePKCS8PrivateKey(b)
}

// EncodeKey writes a private key as PKCS #8 PEM; ParseKeyPEM reads it.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	der, err := marshalPKCS8(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// marshalPKCS8 is the inverse of parsePKCS8.
func marshalPKCS8(key crypto.Signer) ([]byte, error) {
	var info privateKeyInfo
	var err error
	switch k := key.(type) {
	case ed448.PrivateKey:
		info.Algorithm.Algorithm = algid.OIDEd448
		info.Key, err = asn1.Marshal(k.Seed())
	case *sig.PSSPrivateKey:
		info.Key = x509.MarshalPKCS1PrivateKey(k.RSA)
		info.Algorithm, err = algid.KeyPSSIdentifier(k.Params)
	default:
		return x509.MarshalPKCS8PrivateKey(key)
	}
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(info)
}
