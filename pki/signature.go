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
	"tlslab/pki/internal/algid"
)

// checkCert checks that the key signed the certificate.
func checkCert(c *x509.Certificate, pub crypto.PublicKey) *reason.Error {
	return checkSignature(algid.Of(c), pub, c.RawTBSCertificate, c.Signature)
}

// VerifySignature checks that a key made the signature of a certificate, and that it is a key
// which is taken; the error is a *reason.Error. It looks at nothing else: Verify judges a
// certificate.
func VerifySignature(c *x509.Certificate, pub crypto.PublicKey) error {
	if err := checkCert(c, pub); err != nil {
		return err
	}
	return nil
}

// VerifyRequest is VerifySignature of a certificate request, under the key that it names: the
// proof that whoever asks possesses the private half (RFC 2986 §4.2).
func VerifyRequest(csr *x509.CertificateRequest) error {
	if err := checkSignature(algid.Find(csr.SignatureAlgorithm, csr.Raw), RequestKey(csr), csr.RawTBSCertificateRequest, csr.Signature); err != nil {
		return err
	}
	return nil
}

// checkSignature checks signature over message under pub. It is the silent path: no
// value is kept, nothing is said but yes or no.
func checkSignature(a algid.Algorithm, pub crypto.PublicKey, message, signature []byte) *reason.Error {
	if a.Kind == 0 {
		return unknownAlgorithm("RFC 5280 §6.1.3 (a)(1)", a)
	}
	// Before any work is done for it: path building comes here with keys that a peer
	// made up, and one that fills a Certificate message keeps a core busy for half
	// a minute (CVE-2023-29409).
	if ref, want, got, cause := keyFault(pub); cause != "" {
		return reason.New(reason.WeakKey, ref, "signature."+cause, reason.Say("%v as the issuer's", want), got)
	}
	if err := a.Fits(pub); err != nil {
		err.Field += "." + CauseAlgorithmMisfit // else it would be one that is too weak
		return err
	}
	var room [sha512.Size]byte
	digest := digestInto(room[:0], a.Hash, message)
	valid := false
	switch a.Kind {
	case algid.PKCS1:
		valid = rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), a.Hash, digest, signature) == nil
	case algid.PSS:
		valid = rsa.VerifyPSS(rsaNumbers(pub), a.Hash, digest, signature, &rsa.PSSOptions{SaltLength: a.Salt}) == nil
	case algid.ECDSA:
		valid = ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), digest, signature)
	case algid.Ed25519:
		valid = ed25519.Verify(pub.(ed25519.PublicKey), message, signature)
	case algid.Ed448:
		valid = ed448.Verify(pub.(ed448.PublicKey), message, signature, "")
	}
	if !valid {
		return reason.New(reason.CertificateBadSignature, "RFC 5280 §6.1.3 (a)(1)", "signature",
			reason.Say("a signature that the issuer's key, %s, made over these bytes", KeyName(pub)), reason.Say("one that does not verify"))
	}
	return nil
}

// unknownAlgorithm is about a, whose signatures nobody here can check: by its name, or by its parameters.
func unknownAlgorithm(ref string, a algid.Algorithm) *reason.Error {
	var got any = a.String()
	if a.Known() && a.Hash == 0 { // with a hash, the name tells of the parameters
		got = reason.Say("%s with parameters that we do not process", a.String())
	}
	return reason.New(reason.CertificateBadSignature, ref, "signature_algorithm."+CauseUnknownAlgorithm, reason.Say("an algorithm we know"), got)
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
