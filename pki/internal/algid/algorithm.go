package algid

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/sig"
	"tlslab/pki/der"
)

// Algorithm is a signature algorithm of X.509 with its parameters. crypto/x509's
// SignatureAlgorithm has no room for Ed448, nor for a PSS salt of another length than
// the hash's, which OpenSSL 3.0 makes unless told otherwise.
type Algorithm struct {
	Std  x509.SignatureAlgorithm // 0 where crypto/x509 has no name for it
	Kind Kind                    // 0 if we do not know how to check it
	Hash crypto.Hash             // 0: the message is signed whole (EdDSA)
	OID  asn1.ObjectIdentifier
	Salt int // of PSS, in bytes
}

// Kind is the mathematics of a signature.
type Kind uint8

// The kinds that we can check.
const (
	PKCS1 Kind = iota + 1
	PSS        // with a key of either kind: for RSA in general, or for RSASSA-PSS alone
	ECDSA
	Ed25519
	Ed448
)

// All holds the algorithms whose mathematics we know; PSS with other salts besides. SHA-1
// is here so that a report can show that such a signature matches; row
// signature_algorithm of the checks refuses it all the same.
var All = [...]Algorithm{
	{x509.SHA256WithRSA, PKCS1, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, 0},
	{x509.ECDSAWithSHA256, ECDSA, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, 0},
	{x509.ECDSAWithSHA384, ECDSA, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, 0},
	{x509.PureEd25519, Ed25519, 0, asn1.ObjectIdentifier{1, 3, 101, 112}, 0},
	{x509.SHA384WithRSA, PKCS1, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, 0},
	{x509.SHA512WithRSA, PKCS1, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, 0},
	{x509.SHA256WithRSAPSS, PSS, crypto.SHA256, OIDPSS, 32},
	{x509.SHA384WithRSAPSS, PSS, crypto.SHA384, OIDPSS, 48},
	{x509.SHA512WithRSAPSS, PSS, crypto.SHA512, OIDPSS, 64},
	{x509.ECDSAWithSHA512, ECDSA, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, 0},
	{0, Ed448, 0, OIDEd448, 0},
	{x509.SHA1WithRSA, PKCS1, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, 0},
	{x509.ECDSAWithSHA1, ECDSA, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, 0},
}

// String names it.
func (a Algorithm) String() string {
	switch {
	case a.Std != 0:
		return a.Std.String()
	case a.Kind == Ed448:
		return "Ed448"
	case a.Hash != 0 && a.OID.Equal(OIDPSS):
		return fmt.Sprintf("%s-RSAPSS with a salt of %d bytes", strings.ReplaceAll(a.Hash.String(), "-", ""), a.Salt)
	case len(a.OID) > 0:
		return Name(a.OID)
	}
	return "unknown"
}

// Of finds the algorithm that c is signed with.
func Of(c *x509.Certificate) Algorithm { return Find(c.SignatureAlgorithm, c.Raw) }

// Find goes by crypto/x509's name for the algorithm. If crypto/x509 has no name, Find reads
// the AlgorithmIdentifier in what is signed: a certificate, or a request.
func Find(std x509.SignatureAlgorithm, document []byte) Algorithm {
	if std != x509.UnknownSignatureAlgorithm {
		return Named(std)
	}
	var signed Signed
	if der.Unmarshal(document, &signed) != nil {
		return Algorithm{}
	}
	return From(signed.Algorithm)
}

// Signed is what certificates and requests have in common: SIGNED of X.509.
type Signed struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

// Named finds the algorithm by crypto/x509's name. One that we cannot check has kind 0.
func Named(std x509.SignatureAlgorithm) Algorithm {
	for i := range All {
		if All[i].Std == std && std != 0 {
			return All[i]
		}
	}
	return Algorithm{Std: std}
}

// Known reports whether the identifier is one of those that we compute: of an Algorithm of kind 0
// it is then the parameters that we do not.
func (a Algorithm) Known() bool {
	return slices.ContainsFunc(All[:], func(b Algorithm) bool { return b.OID.Equal(a.OID) })
}

// From reads an AlgorithmIdentifier. What it does not know has kind 0.
func From(id pkix.AlgorithmIdentifier) Algorithm {
	unknown := Algorithm{OID: id.Algorithm}
	if id.Algorithm.Equal(OIDPSS) {
		p, err := ParsePSS(id)
		if err != nil {
			return unknown
		}
		return WithSalt(p.Hash, p.SaltLength)
	}
	for _, a := range All {
		if !a.OID.Equal(id.Algorithm) {
			continue
		}
		// RFC 8410 §3: with EdDSA parameters must be absent.
		if (a.Kind == Ed25519 || a.Kind == Ed448) && len(id.Parameters.FullBytes) > 0 {
			return unknown
		}
		return a
	}
	return unknown
}

// WithSalt is RSASSA-PSS with this hash, MGF1 with the same one, and a salt of so many bytes.
func WithSalt(hash crypto.Hash, salt int) Algorithm {
	for _, a := range All {
		if a.Kind == PSS && a.Hash == hash && a.Salt == salt {
			return a
		}
	}
	a := Algorithm{Kind: PSS, Hash: hash, Salt: salt, OID: OIDPSS}
	if salt == 0 {
		a.Kind = 0 // which means "any length" to crypto/rsa, and cannot be checked
	}
	return a
}

// Identifier is the AlgorithmIdentifier that names a.
func (a Algorithm) Identifier() (pkix.AlgorithmIdentifier, error) {
	switch a.Kind {
	case 0:
		return pkix.AlgorithmIdentifier{}, errors.New("no such signature algorithm: " + a.String())
	case PSS:
		return PSSIdentifier(&sig.PSSParams{Hash: a.Hash, SaltLength: a.Salt})
	case PKCS1:
		return pkix.AlgorithmIdentifier{Algorithm: a.OID, Parameters: asn1.NullRawValue}, nil
	}
	return pkix.AlgorithmIdentifier{Algorithm: a.OID}, nil
}
