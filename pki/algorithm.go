package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
)

// algorithm is a signature algorithm of X.509 with its parameters. crypto/x509's
// SignatureAlgorithm has no room for Ed448, nor for a PSS salt of another length than
// the hash's, which OpenSSL 3.0 makes unless told otherwise.
type algorithm struct {
	std  x509.SignatureAlgorithm // 0 where crypto/x509 has no name for it
	kind signatureKind           // 0 if we do not know how to check it
	hash crypto.Hash             // 0: the message is signed whole (EdDSA)
	oid  asn1.ObjectIdentifier
	salt int // of PSS, in bytes
}

type signatureKind uint8

const (
	pkcs1 signatureKind = iota + 1
	pss
	ecdsaSig
	eddsa25519
	eddsa448
)

// algorithms are those whose mathematics we know; PSS with other salts besides. SHA-1
// is here so that a report can show that such a signature matches; row
// signature_algorithm of the checks refuses it all the same.
var algorithms = [...]algorithm{
	{x509.SHA256WithRSA, pkcs1, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, 0},
	{x509.ECDSAWithSHA256, ecdsaSig, crypto.SHA256, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, 0},
	{x509.ECDSAWithSHA384, ecdsaSig, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, 0},
	{x509.PureEd25519, eddsa25519, 0, asn1.ObjectIdentifier{1, 3, 101, 112}, 0},
	{x509.SHA384WithRSA, pkcs1, crypto.SHA384, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, 0},
	{x509.SHA512WithRSA, pkcs1, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, 0},
	{x509.SHA256WithRSAPSS, pss, crypto.SHA256, oidPSS, 32},
	{x509.SHA384WithRSAPSS, pss, crypto.SHA384, oidPSS, 48},
	{x509.SHA512WithRSAPSS, pss, crypto.SHA512, oidPSS, 64},
	{x509.ECDSAWithSHA512, ecdsaSig, crypto.SHA512, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, 0},
	{0, eddsa448, 0, oidEd448, 0},
	{x509.SHA1WithRSA, pkcs1, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, 0},
	{x509.ECDSAWithSHA1, ecdsaSig, crypto.SHA1, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}, 0},
}

// SignatureName names the algorithm that a certificate is signed with, as crypto/x509
// does where it knows it: "SHA256-RSA", "SHA256-RSAPSS", "Ed448". One that nobody here
// knows is its object identifier.
func SignatureName(c *x509.Certificate) string { return algorithmOf(c).String() }

// RequestSignatureName is SignatureName of a certificate request.
func RequestSignatureName(csr *x509.CertificateRequest) string {
	return findAlgorithm(csr.SignatureAlgorithm, csr.Raw).String()
}

// SignatureScheme returns the scheme of TLS that a certificate's signature falls
// under, made by a key like issuer: what signature_algorithms_cert is about
// (RFC 9846 §4.3.3). ok is false if there is none, as for a PSS salt that is not as
// long as the hash, or if such a key makes no such signatures.
func SignatureScheme(c *x509.Certificate, issuer crypto.PublicKey) (s *sig.Scheme, ok bool) {
	a := algorithmOf(c)
	if a.check(issuer) != nil || a.kind == pss && a.salt != a.hash.Size() {
		return nil, false
	}
	k, isPSSKey := issuer.(*sig.PSSPublicKey)
	if isPSSKey && k.Params != nil && k.Params.SaltLength != a.salt {
		return nil, false // the parameters of signature and key must be identical
	}
	for _, s := range sig.All() {
		var fits bool
		switch a.kind {
		case pkcs1:
			fits = s.Kind == sig.RSAPKCS1
		case pss:
			fits = s.Kind == sig.RSAPSS && s.PSSKey == isPSSKey
		case ecdsaSig:
			fits = s.Kind == sig.ECDSA && (s.Curve == nil || s.Curve == issuer.(*ecdsa.PublicKey).Curve)
		default:
			fits = s.Kind == sig.EdDSA && s.FitsKey(issuer, 0)
		}
		if fits && s.Hash == a.hash {
			return s, true
		}
	}
	return nil, false
}

// String names it.
func (a algorithm) String() string {
	switch {
	case a.std != 0:
		return a.std.String()
	case a.kind == eddsa448:
		return "Ed448"
	case a.hash != 0 && a.oid.Equal(oidPSS):
		return fmt.Sprintf("%s-RSAPSS with a salt of %d bytes", strings.ReplaceAll(a.hash.String(), "-", ""), a.salt)
	case len(a.oid) > 0:
		return algorithmName(a.oid)
	}
	return "unknown"
}

// algorithmOf finds the algorithm that c is signed with.
func algorithmOf(c *x509.Certificate) algorithm { return findAlgorithm(c.SignatureAlgorithm, c.Raw) }

// findAlgorithm goes by crypto/x509's name. Where it has none, it reads the
// AlgorithmIdentifier in what is signed: a certificate, or a request.
func findAlgorithm(std x509.SignatureAlgorithm, der []byte) algorithm {
	if std != x509.UnknownSignatureAlgorithm {
		return algorithmNamed(std)
	}
	var signed signedDER
	if unmarshalAll(der, &signed) != nil {
		return algorithm{}
	}
	return algorithmFrom(signed.Algorithm)
}

// signedDER is what certificates and requests have in common: SIGNED of X.509.
type signedDER struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

func algorithmNamed(std x509.SignatureAlgorithm) algorithm {
	for i := range algorithms {
		if algorithms[i].std == std && std != 0 {
			return algorithms[i]
		}
	}
	return algorithm{std: std}
}

// algorithmFrom reads an AlgorithmIdentifier. What it does not know has kind 0.
func algorithmFrom(id pkix.AlgorithmIdentifier) algorithm {
	unknown := algorithm{oid: id.Algorithm}
	if id.Algorithm.Equal(oidPSS) {
		p, err := parsePSSParams(id)
		if err != nil {
			return unknown
		}
		return pssAlgorithm(p.Hash, p.SaltLength)
	}
	for _, a := range algorithms {
		if !a.oid.Equal(id.Algorithm) {
			continue
		}
		// RFC 8410 §3: with EdDSA parameters must be absent.
		if (a.kind == eddsa25519 || a.kind == eddsa448) && len(id.Parameters.FullBytes) > 0 {
			return unknown
		}
		return a
	}
	return unknown
}

func pssAlgorithm(hash crypto.Hash, salt int) algorithm {
	for _, a := range algorithms {
		if a.kind == pss && a.hash == hash && a.salt == salt {
			return a
		}
	}
	a := algorithm{kind: pss, hash: hash, salt: salt, oid: oidPSS}
	if salt == 0 {
		a.kind = 0 // which means "any length" to crypto/rsa, and cannot be checked
	}
	return a
}

// identifier is the AlgorithmIdentifier that names a.
func (a algorithm) identifier() (pkix.AlgorithmIdentifier, error) {
	switch a.kind {
	case 0:
		return pkix.AlgorithmIdentifier{}, errors.New("no such signature algorithm: " + a.String())
	case pss:
		return pssIdentifier(&sig.PSSParams{Hash: a.hash, SaltLength: a.salt})
	case pkcs1:
		return pkix.AlgorithmIdentifier{Algorithm: a.oid, Parameters: asn1.NullRawValue}, nil
	}
	return pkix.AlgorithmIdentifier{Algorithm: a.oid}, nil
}

// defaultAlgorithm is what a key signs with unless told otherwise: the hash is as
// strong as the curve.
func defaultAlgorithm(pub crypto.PublicKey) algorithm {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return algorithmNamed(x509.SHA256WithRSA)
	case *sig.PSSPublicKey:
		if p := k.Params; p != nil {
			return pssAlgorithm(p.Hash, max(p.SaltLength, p.Hash.Size()))
		}
		return algorithmNamed(x509.SHA256WithRSAPSS)
	case ed25519.PublicKey:
		return algorithmNamed(x509.PureEd25519)
	case ed448.PublicKey:
		return algorithmFrom(pkix.AlgorithmIdentifier{Algorithm: oidEd448})
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 224, 256:
			return algorithmNamed(x509.ECDSAWithSHA256)
		case 384:
			return algorithmNamed(x509.ECDSAWithSHA384)
		case 521:
			return algorithmNamed(x509.ECDSAWithSHA512)
		}
	}
	return algorithm{}
}

// sign signs message, not hashed yet. Only PSS takes randomness: with a nil reader
// ECDSA nonces are made from key and message (RFC 6979), and the others need none, so
// a seeded run repeats itself.
func (a algorithm) sign(rand io.Reader, key crypto.Signer, message []byte) ([]byte, error) {
	if err := a.check(key.Public()); err != nil {
		return nil, err
	}
	if a.kind != pss {
		return crypto.SignMessage(key, nil, message, a.hash)
	}
	if rand == nil {
		rand = cryptorand.Reader
	}
	return crypto.SignMessage(key, rand, message, &rsa.PSSOptions{SaltLength: a.salt, Hash: a.hash})
}
