package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/pki/der"
	"tlslab/pki/internal/algid"
)

// Which public keys are taken, and what they are called.

// The numbers of RSA keys that we take; algid.MaxRSABits is the longest modulus. RFC 9325 §4.5 asks for
// 2048 bits, and so do the browsers, GnuTLS and OpenSSL at its level 2.
const (
	minRSABits = 2048
	// maxExponent is the largest that crypto/rsa computes with, and others' limit too: a
	// long exponent makes each check as dear as a signature.
	maxExponent = 1<<31 - 1
)

// testPublicKey: the leaf's key must be one that TLS can use, an issuer's one that can
// sign certificates, and either must be what its algorithm says that a key is.
func testPublicKey(j *judgement, i int) *reason.Error {
	pub := PublicKey(j.certs[i])
	if !signs(pub, i == 0) {
		ref, want := "RFC 5280 §6.1.3 (a)(1)", reason.Say("a key that can sign certificates: RSA, ECDSA, Ed25519 or Ed448")
		if i == 0 {
			ref, want = j.tlsRule(), reason.Say("a key that TLS can use: RSA, ECDSA on P-256, P-384 or P-521, Ed25519 or Ed448")
		}
		return reason.New(reason.CertificateUnsupportedKey, ref, field(i, "subject_public_key_info"), want, CertKeyName(j.certs[i]))
	}
	if ref, want, got, cause := keyFault(pub); cause != "" {
		return reason.New(reason.WeakKey, ref, field(i, "subject_public_key_info."+cause), want, got)
	}
	return nil
}

func leafKeyRefs(j *judgement) string { return j.tlsRule() + ", RFC 8017 §3.1, RFC 9325 §4.5" }

func showPublicKey(j *judgement, i int) []Input {
	name, hash := Input{InPublicKey, (*keyNameOf)(j.certs[i])}, Input{InPublicKeyHash, (*publicKeyHashOf)(j.certs[i])}
	if k := rsaNumbers(PublicKey(j.certs[i])); k != nil {
		return j.shown(name, hash, Input{InKeyBits, k.N.BitLen()})
	}
	return j.shown(name, hash)
}

// signs reports whether a key is of a kind that makes signatures; inTLS, whether TLS has a
// signature scheme for it. Since RFC 8422 §5.1.1 there is no scheme for P-224.
func signs(pub crypto.PublicKey, inTLS bool) bool {
	switch k := pub.(type) {
	case *rsa.PublicKey, *sig.PSSPublicKey, ed25519.PublicKey, ed448.PublicKey:
		return true
	case *ecdsa.PublicKey:
		return !inTLS || k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521()
	}
	return false
}

// keyFault says what is wrong with the numbers of a key. ref is the rule, or "" where the
// limit is our own. cause is one of the causes of WeakKey, or "" if nothing is wrong. An
// RSA modulus is a product of odd primes, and e has no factor in common with λ(n), which is
// even: both are odd, and e is at least 3 (RFC 8017 §3.1). With e = 1 anybody signs
// anything: the padded message is its own signature.
func keyFault(pub crypto.PublicKey) (ref string, want, got reason.Phrase, cause string) {
	if smallOrder(pub) {
		return "", reason.Say("a key whose point is not of small order"), reason.Say("%s with one under which anybody can sign", KeyName(pub)), CauseNumbers
	}
	k := rsaNumbers(pub)
	if k == nil {
		return "", reason.Phrase{}, reason.Phrase{}, ""
	}
	switch n := k.N.BitLen(); {
	case n < minRSABits || n > algid.MaxRSABits:
		ref, cause = "RFC 9325 §4.5", CauseTooSmall
		if n > algid.MaxRSABits {
			ref, cause = "", CauseTooLarge
		}
		return ref, reason.Say("an RSA key of %d to %d bits", minRSABits, algid.MaxRSABits), reason.Say("one of %d bits", n), cause
	case k.N.Bit(0) == 0:
		return "RFC 8017 §3.1", reason.Say("an RSA key with an odd modulus"), reason.Say("an even one"), CauseNumbers
	case k.E < 3 || k.E&1 == 0:
		return "RFC 8017 §3.1", reason.Say("an RSA key with an odd exponent of at least 3"), reason.Say("the exponent %d", k.E), CauseNumbers
	case k.E > maxExponent:
		return "", reason.Say("an RSA key with an exponent of at most %d, which is our limit", maxExponent), reason.Say("the exponent %d", k.E), CauseTooLarge
	}
	return "", reason.Phrase{}, reason.Phrase{}, ""
}

// KeyName names a public key by algorithm and size: "RSA-2048", "RSA-PSS-2048" (a key for
// RSASSA-PSS alone), "ECDSA P-256", "Ed25519", "Ed448"; and, for keys that sign nothing in
// TLS, "X25519", "DSA-2048". A key that cannot be read here is "unknown"; CertKeyName can
// say more.
func KeyName(pub crypto.PublicKey) string { return sig.KeyName(pub) }

// CertKeyName is KeyName of a certificate's key. If the key cannot be read here, it gives
// the name of the algorithm, "ML-DSA-65". If the algorithm is not known either, it gives
// its object identifier.
func CertKeyName(c *x509.Certificate) string {
	return spkiName(PublicKey(c), c.RawSubjectPublicKeyInfo)
}

// RequestKeyName is CertKeyName of a certificate request.
func RequestKeyName(csr *x509.CertificateRequest) string {
	return spkiName(RequestKey(csr), csr.RawSubjectPublicKeyInfo)
}

func spkiName(pub crypto.PublicKey, spki []byte) string {
	if pub != nil {
		return KeyName(pub)
	}
	var info algid.PublicKeyInfo
	if der.Unmarshal(spki, &info) != nil {
		return KeyName(nil)
	}
	return algid.Name(info.Algorithm.Algorithm)
}
