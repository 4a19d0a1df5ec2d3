package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"fmt"

	"tlslab/handshake/reason"
)

// signatureRow says what an X.509 signature algorithm is made of.
type signatureRow struct {
	alg  x509.SignatureAlgorithm
	kind signatureKind
	hash crypto.Hash // 0: the message is signed whole (Ed25519)
}

type signatureKind uint8

const (
	pkcs1 signatureKind = iota + 1
	pss
	ecdsaSig
	eddsa
)

// signatureRows are the algorithms whose mathematics we know. SHA-1 is here so
// that a report can show that such a signature matches; row signature_algorithm
// of the checks refuses it all the same.
var signatureRows = [...]signatureRow{
	{x509.SHA256WithRSA, pkcs1, crypto.SHA256},
	{x509.ECDSAWithSHA256, ecdsaSig, crypto.SHA256},
	{x509.ECDSAWithSHA384, ecdsaSig, crypto.SHA384},
	{x509.PureEd25519, eddsa, 0},
	{x509.SHA384WithRSA, pkcs1, crypto.SHA384},
	{x509.SHA512WithRSA, pkcs1, crypto.SHA512},
	{x509.SHA256WithRSAPSS, pss, crypto.SHA256},
	{x509.SHA384WithRSAPSS, pss, crypto.SHA384},
	{x509.SHA512WithRSAPSS, pss, crypto.SHA512},
	{x509.ECDSAWithSHA512, ecdsaSig, crypto.SHA512},
	{x509.SHA1WithRSA, pkcs1, crypto.SHA1},
	{x509.ECDSAWithSHA1, ecdsaSig, crypto.SHA1},
}

func signatureRowOf(alg x509.SignatureAlgorithm) (signatureRow, bool) {
	for i := range signatureRows {
		if signatureRows[i].alg == alg {
			return signatureRows[i], true
		}
	}
	return signatureRow{}, false
}

// checkSignature checks sig over message under pub. It is the silent path: no
// value is kept, nothing is said but yes or no.
func checkSignature(alg x509.SignatureAlgorithm, pub crypto.PublicKey, message, sig []byte) *reason.Error {
	row, ok := signatureRowOf(alg)
	if !ok {
		return reason.New(reason.CertificateBadSignature, "signature_algorithm", "an algorithm we know", alg.String())
	}
	// Before any work is done for it: path building comes here with keys that a peer
	// made up, and one that fills a Certificate message keeps a core busy for half
	// a minute (CVE-2023-29409).
	if k, ok := pub.(*rsa.PublicKey); ok && k.N.BitLen() > maxRSABits {
		return reason.New(reason.WeakKey, "signature",
			fmt.Sprintf("one by an RSA key of at most %d bits", maxRSABits), fmt.Sprintf("%d bits", k.N.BitLen()))
	}
	var room [sha512.Size]byte
	digest := digestInto(room[:0], row.hash, message)
	fits, valid := true, false
	switch row.kind {
	case pkcs1:
		var k *rsa.PublicKey
		if k, fits = pub.(*rsa.PublicKey); fits {
			valid = rsa.VerifyPKCS1v15(k, row.hash, digest, sig) == nil
		}
	case pss:
		var k *rsa.PublicKey
		if k, fits = pub.(*rsa.PublicKey); fits {
			// The salt is as long as the hash: RFC 4055 §3.1's recommendation, and
			// the only form that crypto/x509 names as an algorithm.
			valid = rsa.VerifyPSS(k, row.hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
	case ecdsaSig:
		var k *ecdsa.PublicKey
		if k, fits = pub.(*ecdsa.PublicKey); fits {
			valid = ecdsa.VerifyASN1(k, digest, sig)
		}
	case eddsa:
		var k ed25519.PublicKey
		if k, fits = pub.(ed25519.PublicKey); fits {
			valid = ed25519.Verify(k, message, sig)
		}
	}
	switch {
	case !fits:
		return reason.New(reason.CertificateBadSignature, "signature_algorithm",
			"an algorithm for the issuer's key, "+KeyName(pub), alg.String())
	case !valid:
		return reason.New(reason.CertificateBadSignature, "signature",
			"a signature that the issuer's key, "+KeyName(pub)+", made over these bytes", "one that does not verify")
	}
	return nil
}

// digestInto appends the hash of message to dst; nothing for hash 0.
func digestInto(dst []byte, hash crypto.Hash, message []byte) []byte {
	switch hash {
	case crypto.SHA256:
		sum := sha256.Sum256(message)
		return append(dst, sum[:]...)
	case crypto.SHA384:
		sum := sha512.Sum384(message)
		return append(dst, sum[:]...)
	case crypto.SHA512:
		sum := sha512.Sum512(message)
		return append(dst, sum[:]...)
	case crypto.SHA1:
		sum := sha1.Sum(message)
		return append(dst, sum[:]...)
	}
	return dst
}

// defaultAlgorithm is what a key signs with unless told otherwise: the hash is as
// strong as the curve.
func defaultAlgorithm(pub crypto.PublicKey) x509.SignatureAlgorithm {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return x509.SHA256WithRSA
	case ed25519.PublicKey:
		return x509.PureEd25519
	case *ecdsa.PublicKey:
		switch k.Curve.Params().BitSize {
		case 224, 256:
			return x509.ECDSAWithSHA256
		case 384:
			return x509.ECDSAWithSHA384
		case 521:
			return x509.ECDSAWithSHA512
		}
	}
	return x509.UnknownSignatureAlgorithm
}
