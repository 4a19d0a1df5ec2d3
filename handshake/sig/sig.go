// Package sig is signature schemes as rows: what SignatureScheme's numbers mean,
// and how to sign and verify under each. Adding one is adding a row to schemes.go.
//
// It is not what gets signed: the framing of a ServerKeyExchange or of TLS 1.3's
// CertificateVerify is handshake's business, that of a certificate pki's. It
// imports iana for the numbers and reason for its errors.
//
// Read schemes.go first: it is the table. Then this file.
package sig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"

	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Kind is the algorithm of a Scheme.
type Kind uint8

// The kinds.
const (
	RSAPKCS1 Kind = iota + 1 // RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)
	RSAPSS                   // RSASSA-PSS, with a salt as long as the hash (RFC 8017 §8.1); Scheme.PSSKey tells whose
	ECDSA                    // FIPS 186-5 §6; the signature is DER
	EdDSA                    // RFC 8032; hashes inside, with a hash of its own
)

// String returns the algorithm's name, "RSA-PSS".
func (k Kind) String() string {
	switch k {
	case RSAPKCS1:
		return "RSA-PKCS1"
	case RSAPSS:
		return "RSA-PSS"
	case ECDSA:
		return "ECDSA"
	case EdDSA:
		return "EdDSA"
	}
	return "unknown"
}

// Scheme is one row: SignatureScheme of RFC 9846 §4.3.3, which contains TLS 1.2's
// SignatureAndHashAlgorithm. It is constant; do not change it.
type Scheme struct {
	ID   iana.SignatureScheme
	Kind Kind
	Hash crypto.Hash // of the message; 0 for EdDSA
	// Curve is the one that TLS 1.3 binds an ECDSA scheme to; nil otherwise, and
	// for ecdsa_sha1, which TLS 1.3 does not have.
	Curve elliptic.Curve
	// PSSKey: of the two rows of schemes that RSAPSS has, the one for id-RSASSA-PSS
	// keys (rsa_pss_pss), not the one for rsaEncryption keys (rsa_pss_rsae).
	PSSKey bool
}

// minRSABits is where crypto/rsa stops working, by default; beyond maxRSABits a peer
// would have us compute for seconds (CVE-2023-29409, and the same bound).
const (
	minRSABits = 1024
	maxRSABits = 8192
)

// Name returns the registry's name, "rsa_pss_rsae_sha256".
func (s *Scheme) Name() string { return s.ID.String() }

// Sign signs msg, which is not hashed yet. key is any crypto.Signer whose public
// key is of the scheme's kind: *rsa.PrivateKey, *PSSPrivateKey, *ecdsa.PrivateKey,
// ed25519.PrivateKey, circl's ed448.PrivateKey, or one that lives elsewhere.
//
// Only RSA-PSS draws from rand, for its salt: PKCS#1 and EdDSA are deterministic,
// and ECDSA is made so (RFC 6979), so that a seeded run repeats.
//
// A key of another kind is reason.CertificateWrongKey, a key too small
// reason.WeakKey, what is no crypto.Signer reason.Misuse, any other failure
// reason.Internal.
func (s *Scheme) Sign(rand io.Reader, key crypto.PrivateKey, msg []byte) ([]byte, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, reason.Mistake("", reason.Say("a crypto.Signer"), fmt.Sprintf("%T", key))
	}
	if err := s.accepts(signer.Public()); err != nil {
		return nil, err
	}
	var digest [64]byte
	input := s.sum(digest[:0], msg)
	var opts crypto.SignerOpts = s.Hash
	switch s.Kind {
	case RSAPSS:
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: s.Hash}
	case ECDSA:
		if _, ok := key.(*ecdsa.PrivateKey); ok {
			rand = nil // the standard library's word for RFC 6979
		}
	}
	signature, err := signer.Sign(rand, input, opts)
	if err != nil {
		return nil, reason.Fault("", err)
	}
	return signature, nil
}

// Verify checks sig over msg, which is not hashed yet. The error is a
// *reason.Error without a field: BadSignature, or CertificateWrongKey or WeakKey as
// for Sign. It does not ask whether the scheme may be used here: FitsKey does.
func (s *Scheme) Verify(pub crypto.PublicKey, msg, sig []byte) error {
	if err := s.accepts(pub); err != nil {
		return err
	}
	var digest [64]byte
	input := s.sum(digest[:0], msg)
	var good bool
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if s.Kind == RSAPSS {
			good = s.verifyPSS(k, input, sig)
		} else {
			good = rsa.VerifyPKCS1v15(k, s.Hash, input, sig) == nil
		}
	case *PSSPublicKey:
		good = s.verifyPSS(k.RSA, input, sig)
	case *ecdsa.PublicKey:
		good = ecdsa.VerifyASN1(k, input, sig)
	case ed25519.PublicKey:
		good = ed25519.Verify(k, input, sig)
	case ed448.PublicKey:
		good = ed448.Verify(k, input, sig, "")
	}
	if !good {
		return reason.Wrap(reason.BadSignature, s.verifyRule(), "", reason.Because("%s does not verify under this key", s.Name()))
	}
	return nil
}

func (s *Scheme) verifyPSS(k *rsa.PublicKey, digest, sig []byte) bool {
	return rsa.VerifyPSS(k, s.Hash, digest, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

// FitsKey reports whether a peer with this key may sign a handshake of this version
// under the scheme. TLS 1.2 lets ECDSA's hash go with any curve; TLS 1.3 binds the
// two, and has neither PKCS#1 nor SHA-1 in handshake signatures (RFC 9846 §4.3.3).
// A PSS signature must also fit the modulus, 1024 bits are too few for SHA-512, and
// what an id-RSASSA-PSS key's parameters allow.
func (s *Scheme) FitsKey(pub crypto.PublicKey, v iana.Version) bool {
	if s.misfit(pub) != fits {
		return false
	}
	if v < iana.TLS13 {
		return true
	}
	switch s.Kind {
	case RSAPKCS1:
		return false
	case ECDSA:
		return s.Curve != nil && pub.(*ecdsa.PublicKey).Curve == s.Curve
	}
	return true
}

// verifyRule is where verification is specified.
func (s *Scheme) verifyRule() string {
	switch s.Kind {
	case RSAPKCS1:
		return "RFC 8017 §8.2.2"
	case RSAPSS:
		return "RFC 8017 §8.1.2"
	case ECDSA:
		return "FIPS 186-5 §6.4.2"
	}
	if s.ID == iana.Ed448 {
		return "RFC 8032 §5.2.7"
	}
	return "RFC 8032 §5.1.7"
}

// accepts checks the kind and size of a key, whatever the version.
func (s *Scheme) accepts(pub crypto.PublicKey) error {
	switch s.misfit(pub) {
	case fits:
		return nil
	case keyTooLong:
		return reason.New(reason.WeakKey, "", "", reason.Say("an RSA key of at most %d bits", maxRSABits), rsaOf(pub).N.BitLen())
	case keyTooShort:
		need, ref := s.leastRSABits()
		want := reason.Say("an RSA key of %d bits or more for %s", need, s.Name())
		if need == minRSABits { // which is less than the rule's 2048
			want = reason.Say("an RSA key of %d bits or more, which is our limit", need)
		}
		return reason.New(reason.WeakKey, ref, "", want, rsaOf(pub).N.BitLen())
	}
	var got any = KeyName(pub)
	if k, ok := pub.(*PSSPublicKey); ok && s.PSSKey {
		got = reason.Say("one for %v and %d bytes of salt or more", k.Params.Hash, k.Params.SaltLength)
	}
	return reason.New(reason.CertificateWrongKey, "RFC 9846 §4.3.3", "", reason.Say("a key for %s", s.Name()), got)
}

// misfit is why a scheme does not go with a key. It is no error: code that looks for a scheme
// asks each in turn, and does not use the reason.
type misfit uint8

const (
	fits misfit = iota
	wrongKind
	keyTooLong
	keyTooShort
)

func (s *Scheme) misfit(pub crypto.PublicKey) misfit {
	ok := false
	switch k := pub.(type) {
	case *rsa.PublicKey:
		ok = s.Kind == RSAPKCS1 || s.Kind == RSAPSS && !s.PSSKey
	case *PSSPublicKey:
		ok = s.PSSKey && k.Allows(s.Hash, s.Hash.Size())
	case *ecdsa.PublicKey:
		ok = s.Kind == ECDSA
	case ed25519.PublicKey:
		ok = s.ID == iana.Ed25519 && len(k) == ed25519.PublicKeySize
	case ed448.PublicKey:
		ok = s.ID == iana.Ed448 && len(k) == ed448.PublicKeySize
	}
	k := rsaOf(pub)
	switch least, _ := s.leastRSABits(); {
	case !ok:
		return wrongKind
	case k != nil && k.N.BitLen() > maxRSABits:
		return keyTooLong
	case k != nil && k.N.BitLen() < least:
		return keyTooShort
	}
	return fits
}

// rsaOf is the RSA key in a public key, or nil.
func rsaOf(pub crypto.PublicKey) *rsa.PublicKey {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return k
	case *PSSPublicKey:
		return k.RSA
	}
	return nil
}

// leastRSABits is the least modulus that the scheme can sign with, and the rule.
func (s *Scheme) leastRSABits() (bits int, ref string) {
	if s.Kind == RSAPSS {
		// EMSA-PSS wants emBits = bits-1 >= 8 hLen + 8 sLen + 9 (RFC 8017 §9.1.1).
		if need := 16*s.Hash.Size() + 10; need > minRSABits {
			return need, "RFC 8017 §9.1.1"
		}
	}
	return minRSABits, "RFC 9325 §4.5"
}
