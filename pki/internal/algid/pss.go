package algid

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"tlslab/handshake/sig"
	"tlslab/pki/der"
)

// PSSParameters is RSASSA-PSS-params, RFC 4055 §3.1. In a signature it says what was
// done, in a key what may be done. What it leaves out is SHA-1 and a salt of 20 bytes.
type PSSParameters struct {
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
	{crypto.SHA256, OIDSHA256}, {crypto.SHA384, OIDSHA384}, {crypto.SHA512, OIDSHA512}, {crypto.SHA1, OIDSHA1},
}

// MaxRSABits is the size of the largest RSA key that pki takes: above it a signature costs so much
// that sending one is an attack (CVE-2023-29409, and the same bound).
const MaxRSABits = 8192

var errPSSParams = errors.New("RSASSA-PSS-params other than SHA-1 or SHA-2, MGF1 with the same hash, and trailer 1")

// ParsePSS reads the RSASSA-PSS-params of an identifier: SHA-1 or SHA-2, and MGF1 with the same.
func ParsePSS(id pkix.AlgorithmIdentifier) (*sig.PSSParams, error) {
	var p PSSParameters
	if err := der.Unmarshal(id.Parameters.FullBytes, &p); err != nil {
		return nil, fmt.Errorf("not RSASSA-PSS-params: %w", err)
	}
	hash, ok := pssHash(p.Hash)
	mask := crypto.SHA1
	if ok && p.MGF.Algorithm != nil {
		var id pkix.AlgorithmIdentifier
		ok = p.MGF.Algorithm.Equal(OIDMGF1) && der.Unmarshal(p.MGF.Parameters.FullBytes, &id) == nil
		if ok {
			mask, ok = pssHash(id)
		}
	}
	if !ok || mask != hash || p.Salt < 0 || p.Salt > MaxRSABits/8 || p.Trailer != 1 { // no salt is longer than the key
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

// PSSIdentifier is the inverse of ParsePSS.
func PSSIdentifier(p *sig.PSSParams) (pkix.AlgorithmIdentifier, error) {
	params := PSSParameters{Salt: p.SaltLength, Trailer: 1}
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
		params.MGF = pkix.AlgorithmIdentifier{Algorithm: OIDMGF1, Parameters: asn1.RawValue{FullBytes: inner}}
	}
	der, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: OIDPSS, Parameters: asn1.RawValue{FullBytes: der}}, err
}

// KeyPSS reads the parameters of a key. If the key has no parameters, they are nil.
func KeyPSS(id pkix.AlgorithmIdentifier) (*sig.PSSParams, error) {
	if len(id.Parameters.FullBytes) == 0 {
		return nil, nil
	}
	return ParsePSS(id)
}

// KeyPSSIdentifier is the inverse of KeyPSS.
func KeyPSSIdentifier(p *sig.PSSParams) (pkix.AlgorithmIdentifier, error) {
	if p == nil {
		return pkix.AlgorithmIdentifier{Algorithm: OIDPSS}, nil
	}
	return PSSIdentifier(p)
}
