package algid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
)

// Default is what a key signs with unless told otherwise: the hash is as
// strong as the curve.
func Default(pub crypto.PublicKey) Algorithm {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return Named(x509.SHA256WithRSA)
	case *sig.PSSPublicKey:
		if p := k.Params; p != nil {
			return WithSalt(p.Hash, max(p.SaltLength, p.Hash.Size()))
		}
		return Named(x509.SHA256WithRSAPSS)
	case ed25519.PublicKey:
		return Named(x509.PureEd25519)
	case ed448.PublicKey:
		return From(pkix.AlgorithmIdentifier{Algorithm: OIDEd448})
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 224, 256:
			return Named(x509.ECDSAWithSHA256)
		case 384:
			return Named(x509.ECDSAWithSHA384)
		case 521:
			return Named(x509.ECDSAWithSHA512)
		}
	}
	return Algorithm{}
}

// Sign signs message, not hashed yet. Only PSS takes randomness: with a nil reader
// ECDSA nonces are made from key and message (RFC 6979), and the others need none, so
// a seeded run repeats itself.
func (a Algorithm) Sign(rand io.Reader, key crypto.Signer, message []byte) ([]byte, error) {
	if err := a.Fits(key.Public()); err != nil {
		return nil, err
	}
	if a.Kind != PSS {
		return crypto.SignMessage(key, nil, message, a.Hash)
	}
	if rand == nil {
		rand = cryptorand.Reader
	}
	return crypto.SignMessage(key, rand, message, &rsa.PSSOptions{SaltLength: a.Salt, Hash: a.Hash})
}

// Fits reports whether a key may make signatures of this algorithm: of its kind, and
// for id-RSASSA-PSS within what the key's parameters allow.
func (a Algorithm) Fits(pub crypto.PublicKey) *reason.Error {
	var fits bool
	switch k := pub.(type) {
	case *rsa.PublicKey:
		fits = a.Kind == PKCS1 || a.Kind == PSS
	case *sig.PSSPublicKey:
		fits = a.Kind == PSS && k.Allows(a.Hash, a.Salt)
	case *ecdsa.PublicKey:
		fits = a.Kind == ECDSA
	case ed25519.PublicKey:
		fits = a.Kind == Ed25519
	case ed448.PublicKey:
		fits = a.Kind == Ed448
	}
	if !fits {
		return reason.New(reason.CertificateBadSignature, "RFC 5280 §6.1.3 (a)(1)", "signature_algorithm",
			reason.Say("an algorithm for the issuer's key, %s", sig.KeyName(pub)), a.String())
	}
	return nil
}
