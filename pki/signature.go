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

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
)

// checkCert checks that the key signed the certificate.
func checkCert(c *x509.Certificate, pub crypto.PublicKey) *reason.Error {
	return checkSignature(algorithmOf(c), pub, c.RawTBSCertificate, c.Signature)
}

// checkSignature checks signature over message under pub. It is the silent path: no
// value is kept, nothing is said but yes or no.
func checkSignature(a algorithm, pub crypto.PublicKey, message, signature []byte) *reason.Error {
	if a.kind == 0 {
		return reason.New(reason.CertificateBadSignature, "RFC 5280 §6.1.3 (a)(1)", "signature_algorithm", reason.Say("an algorithm we know"), a.String())
	}
	// Before any work is done for it: path building comes here with keys that a peer
	// made up, and one that fills a Certificate message keeps a core busy for half
	// a minute (CVE-2023-29409).
	if ref, want, got, cause := keyFault(pub); cause != "" {
		return reason.New(reason.WeakKey, ref, "signature."+cause, reason.Say("%v as the issuer's", want), got)
	}
	if err := a.check(pub); err != nil {
		return err
	}
	var room [sha512.Size]byte
	digest := digestInto(room[:0], a.hash, message)
	valid := false
	switch a.kind {
	case pkcs1:
		valid = rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), a.hash, digest, signature) == nil
	case pss:
		valid = rsa.VerifyPSS(rsaNumbers(pub), a.hash, digest, signature, &rsa.PSSOptions{SaltLength: a.salt}) == nil
	case ecdsaSig:
		valid = ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), digest, signature)
	case eddsa25519:
		valid = ed25519.Verify(pub.(ed25519.PublicKey), message, signature)
	case eddsa448:
		valid = ed448.Verify(pub.(ed448.PublicKey), message, signature, "")
	}
	if !valid {
		return reason.New(reason.CertificateBadSignature, "RFC 5280 §6.1.3 (a)(1)", "signature",
			reason.Say("a signature that the issuer's key, %s, made over these bytes", KeyName(pub)), reason.Say("one that does not verify"))
	}
	return nil
}

// check reports whether a key may make signatures of this algorithm: of its kind, and
// for id-RSASSA-PSS within what the key's parameters allow.
func (a algorithm) check(pub crypto.PublicKey) *reason.Error {
	var fits bool
	switch k := pub.(type) {
	case *rsa.PublicKey:
		fits = a.kind == pkcs1 || a.kind == pss
	case *sig.PSSPublicKey:
		fits = a.kind == pss && k.Allows(a.hash, a.salt)
	case *ecdsa.PublicKey:
		fits = a.kind == ecdsaSig
	case ed25519.PublicKey:
		fits = a.kind == eddsa25519
	case ed448.PublicKey:
		fits = a.kind == eddsa448
	}
	if !fits {
		return reason.New(reason.CertificateBadSignature, "RFC 5280 §6.1.3 (a)(1)", "signature_algorithm",
			reason.Say("an algorithm for the issuer's key, %s", KeyName(pub)), a.String())
	}
	return nil
}

// rsaNumbers returns the modulus and exponent of either kind of RSA key, nil for others.
func rsaNumbers(pub crypto.PublicKey) *rsa.PublicKey {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return k
	case *sig.PSSPublicKey:
		return k.RSA
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
