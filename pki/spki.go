package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
)

// The two kinds of public key that TLS knows and crypto/x509 does not: Ed448
// (RFC 8410) and RSA kept for RSASSA-PSS (RFC 4055). crypto/x509 parses a certificate
// with one of them, and leaves its PublicKey nil.

var (
	oidEd448  = asn1.ObjectIdentifier{1, 3, 101, 113}
	oidPSS    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

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

// subjectPublicKeyInfo is RFC 5280 §4.1.2.7.
type subjectPublicKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Key       asn1.BitString
}

// ParsePublicKey reads a SubjectPublicKeyInfo, DER: x509.ParsePKIXPublicKey, and the
// two kinds that it does not know.
func ParsePublicKey(spki []byte) (crypto.PublicKey, error) {
	var info subjectPublicKeyInfo
	if err := unmarshalAll(spki, &info); err != nil {
		return nil, fmt.Errorf("not a SubjectPublicKeyInfo: %w", err)
	}
	key := info.Key.RightAlign()
	switch {
	case info.Algorithm.Algorithm.Equal(oidEd448):
		if len(info.Algorithm.Parameters.FullBytes) > 0 || len(key) != ed448.PublicKeySize {
			return nil, fmt.Errorf("an Ed448 key is %d bytes without parameters (RFC 8410 §3)", ed448.PublicKeySize)
		}
		return ed448.PublicKey(key), nil
	case info.Algorithm.Algorithm.Equal(oidPSS):
		params, err := keyPSSParams(info.Algorithm)
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
	var info subjectPublicKeyInfo
	switch k := pub.(type) {
	case ed448.PublicKey:
		info.Algorithm.Algorithm = oidEd448
		info.Key = bitString(k)
	case *sig.PSSPublicKey:
		var err error
		if info.Algorithm, err = keyPSSIdentifier(k.Params); err != nil {
			return nil, err
		}
		info.Key = bitString(x509.MarshalPKCS1PublicKey(k.RSA))
	default:
		return x509.MarshalPKIXPublicKey(pub)
	}
	return asn1.Marshal(info)
}

func bitString(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

// beyondX509 reports whether crypto/x509 refuses to handle this key.
func beyondX509(pub crypto.PublicKey) bool {
	switch pub.(type) {
	case ed448.PublicKey, *sig.PSSPublicKey:
		return true
	}
	return false
}

// pssParameters is RSASSA-PSS-params, RFC 4055 §3.1. In a signature it says what was
// done, in a key what may be done. What it leaves out is SHA-1 and a salt of 20 bytes.
type pssParameters struct {
	Hash    pkix.AlgorithmIdentifier `asn1:"explicit,tag:0,optional"`
	MGF     pkix.AlgorithmIdentifier `asn1:"explicit,tag:1,optional"`
	Salt    int                      `asn1:"explicit,tag:2,optional,default:20"`
	Trailer int                      `asn1:"explicit,tag:3,optional,default:1"`
}

// pssHashes are the hashes of RSASSA-PSS-params that we compute.
var pssHashes = []struct {
	hash crypto.Hash
	oid  asn1.ObjectIdentifier
}{
	{crypto.SHA256, oidSHA256}, {crypto.SHA384, oidSHA384}, {crypto.SHA512, oidSHA512}, {crypto.SHA1, oidSHA1},
}

var errPSSParams = errors.New("RSASSA-PSS-params other than SHA-1 or SHA-2, MGF1 with the same hash, and trailer 1")

func parsePSSParams(id pkix.AlgorithmIdentifier) (*sig.PSSParams, error) {
	var p pssParameters
	if err := unmarshalAll(id.Parameters.FullBytes, &p); err != nil {
		return nil, fmt.Errorf("not RSASSA-PSS-params: %w", err)
	}
	hash, ok := pssHash(p.Hash)
	mask := crypto.SHA1
	if ok && p.MGF.Algorithm != nil {
		var id pkix.AlgorithmIdentifier
		ok = p.MGF.Algorithm.Equal(oidMGF1) && unmarshalAll(p.MGF.Parameters.FullBytes, &id) == nil
		if ok {
			mask, ok = pssHash(id)
		}
	}
	if !ok || mask != hash || p.Salt < 0 || p.Salt > maxRSABits/8 || p.Trailer != 1 { // no salt is longer than the key
		return nil, errPSSParams
	}
	return &sig.PSSParams{Hash: hash, SaltLength: p.Salt}, nil
}

// pssHash finds a hash. Its parameters are NULL or absent (RFC 4055 §2.1).
func pssHash(id pkix.AlgorithmIdentifier) (crypto.Hash, bool) {
	if id.Algorithm == nil {
		return crypto.SHA1, true
	}
	if p := id.Parameters.FullBytes; len(p) > 0 && !bytes.Equal(p, asn1.NullBytes) {
		return 0, false
	}
	for _, row := range pssHashes {
		if row.oid.Equal(id.Algorithm) {
			return row.hash, true
		}
	}
	return 0, false
}

func pssIdentifier(p *sig.PSSParams) (pkix.AlgorithmIdentifier, error) {
	params := pssParameters{Salt: p.SaltLength, Trailer: 1}
	if p.Hash != crypto.SHA1 { // DER leaves out what is the default
		for _, row := range pssHashes {
			if row.hash == p.Hash {
				params.Hash = pkix.AlgorithmIdentifier{Algorithm: row.oid, Parameters: asn1.NullRawValue}
			}
		}
		if params.Hash.Algorithm == nil {
			return pkix.AlgorithmIdentifier{}, errPSSParams
		}
		inner, err := asn1.Marshal(params.Hash)
		if err != nil {
			return pkix.AlgorithmIdentifier{}, err
		}
		params.MGF = pkix.AlgorithmIdentifier{Algorithm: oidMGF1, Parameters: asn1.RawValue{FullBytes: inner}}
	}
	der, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: oidPSS, Parameters: asn1.RawValue{FullBytes: der}}, err
}

// keyPSSParams reads the parameters of a key, who may have none.
func keyPSSParams(id pkix.AlgorithmIdentifier) (*sig.PSSParams, error) {
	if len(id.Parameters.FullBytes) == 0 {
		return nil, nil
	}
	return parsePSSParams(id)
}

func keyPSSIdentifier(p *sig.PSSParams) (pkix.AlgorithmIdentifier, error) {
	if p == nil {
		return pkix.AlgorithmIdentifier{Algorithm: oidPSS}, nil
	}
	return pssIdentifier(p)
}
