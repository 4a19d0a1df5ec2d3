package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha3"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"math/big"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/ecc/goldilocks"
	"github.com/cloudflare/circl/sign/ed448"

	"tlslab/handshake/sig"
	"tlslab/pki/internal/algid"
)

// What a signature check computes on its way to yes or no, kept so that it can be
// looked at. Every value here is public and every computation may take as long as
// it likes, when somebody does look (deferred.go); whether a signature is accepted is
// decided by checkSignature alone, and tests hold the two together.

// explainSignature returns the values of checking signature over message under pub. Values
// that a malformed signature does not have are left out. If the key makes no such
// signatures, there are no values.
func explainSignature(a algid.Algorithm, pub crypto.PublicKey, message, signature []byte) []Input {
	inputs := hashInputs(a, message)
	if a.Fits(pub) != nil {
		return inputs
	}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if a.Kind == algid.PKCS1 {
			return append(inputs, openPKCS1(k, signature)...)
		}
		return append(inputs, openPSS(k, a.Hash, signature)...)
	case *sig.PSSPublicKey:
		return append(inputs, openPSS(k.RSA, a.Hash, signature)...)
	case *ecdsa.PublicKey:
		return append(inputs, ecdsaValues(k, digestInto(nil, a.Hash, message), signature)...)
	case ed25519.PublicKey:
		return append(inputs, ed25519Sides(k, message, signature)...)
	case ed448.PublicKey:
		return append(inputs, ed448Sides(k, message, signature)...)
	}
	return inputs
}

// ExplainHash names the hash that a certificate's signature is made over, and gives its
// value (RFC 5280 §4.1.1.3). EdDSA has no such hash.
func ExplainHash(c *x509.Certificate) []Input { return hashInputs(algid.Of(c), c.RawTBSCertificate) }

// hashInputs names the hash and gives its value over the to-be-signed bytes. EdDSA has no
// such hash: it hashes inside, together with R and the key.
func hashInputs(a algid.Algorithm, message []byte) []Input {
	switch {
	case a.Kind == 0:
		return nil
	case a.Kind == algid.Ed25519: // inside, of more than the message
		return []Input{{InHash, crypto.SHA512.String()}}
	case a.Kind == algid.Ed448:
		return []Input{{InHash, "SHAKE256"}}
	}
	return []Input{{InHash, a.Hash.String()}, {InTBSHash, digestInto(nil, a.Hash, message)}}
}

// rsaOpen computes sig^e mod n, as many bytes as the modulus has. A signature that is not a
// number below n gives nothing (RFC 8017 §5.2.2).
func rsaOpen(k *rsa.PublicKey, sig []byte) []byte {
	s := new(big.Int).SetBytes(sig)
	if s.Cmp(k.N) >= 0 || k.N.Sign() <= 0 || k.N.BitLen() > algid.MaxRSABits {
		return nil
	}
	s.Exp(s, big.NewInt(int64(k.E)), k.N)
	return s.FillBytes(make([]byte, k.Size()))
}

// openPKCS1 takes the block of RSASSA-PKCS1-v1_5 apart, RFC 8017 §9.2:
//
//	00 01 ff .. ff 00 DigestInfo{algorithm, digest}
func openPKCS1(k *rsa.PublicKey, sig []byte) []Input {
	block := rsaOpen(k, sig)
	if block == nil {
		return nil
	}
	inputs := []Input{{InRecoveredBlock, block}}
	if !bytes.HasPrefix(block, []byte{0, 1}) {
		return inputs
	}
	end := 2
	for end < len(block) && block[end] == 0xff {
		end++
	}
	if end == len(block) || block[end] != 0 {
		return inputs
	}
	end++
	inputs = append(inputs, Input{InPadding, block[:end:end]}, Input{InDigestInfo, block[end:]})
	var info struct {
		Algorithm asn1.RawValue
		Digest    []byte
	}
	if rest, err := asn1.Unmarshal(block[end:], &info); err == nil && len(rest) == 0 {
		inputs = append(inputs, Input{InRecoveredDigest, info.Digest})
	}
	return inputs
}

// openPSS recovers EM and the salt inside it, RFC 8017 §9.1.2:
//
//	EM = maskedDB || H || bc,  DB = 00 .. 00 01 salt,  maskedDB = DB xor MGF1(H)
func openPSS(k *rsa.PublicKey, hash crypto.Hash, sig []byte) []Input {
	em := rsaOpen(k, sig)
	if em == nil {
		return nil
	}
	emBits := k.N.BitLen() - 1
	if emBits%8 == 0 { // EM is one byte shorter than the modulus
		em = em[1:]
	}
	inputs := []Input{{InEncodedMessage, em}}
	dbLen := len(em) - hash.Size() - 1
	if dbLen < 1 || em[len(em)-1] != 0xbc {
		return inputs
	}
	db := mgf1XOR(em[:dbLen], em[dbLen:len(em)-1], hash)
	db[0] &= 0xff >> (8*len(em) - emBits)
	for i, b := range db {
		if b == 1 {
			return append(inputs, Input{InSalt, db[i+1:]})
		}
		if b != 0 {
			break
		}
	}
	return inputs
}

// mgf1XOR returns masked with the mask MGF1(seed) taken off, RFC 8017 §B.2.1.
func mgf1XOR(masked, seed []byte, hash crypto.Hash) []byte {
	out := make([]byte, 0, len(masked)+hash.Size())
	for counter := byte(0); len(out) < len(masked); counter++ { // 8192-bit EM needs 32 blocks of SHA-256
		out = digestInto(out, hash, append(bytes.Clone(seed), 0, 0, 0, counter))
	}
	out = out[:len(masked)]
	for i := range out {
		out[i] ^= masked[i]
	}
	return out
}

// ed25519Sides gives both sides of [S]B = R + [k]A, k = SHA-512(R || A || M),
// RFC 8032 §5.1.7 in its form without the cofactor, which is what the standard
// library checks.
func ed25519Sides(pub ed25519.PublicKey, message, sig []byte) []Input {
	if len(sig) != ed25519.SignatureSize || len(pub) != ed25519.PublicKeySize {
		return nil
	}
	r, err := new(edwards25519.Point).SetBytes(sig[:32])
	if err != nil {
		return nil
	}
	a, err := new(edwards25519.Point).SetBytes(pub)
	if err != nil {
		return nil
	}
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(sig[32:])
	if err != nil {
		return nil
	}
	h := sha512.New()
	h.Write(sig[:32])
	h.Write(pub)
	h.Write(message)
	k, err := new(edwards25519.Scalar).SetUniformBytes(h.Sum(nil))
	if err != nil {
		return nil
	}
	left := new(edwards25519.Point).ScalarBaseMult(s)
	right := new(edwards25519.Point).Add(r, new(edwards25519.Point).ScalarMult(k, a))
	return []Input{{InSB, left.Bytes()}, {InRPlusKA, right.Bytes()}}
}

// ed448Sides gives both sides of the same equation over edwards448, where k =
// SHAKE256(dom4(0, "") || R || A || M, 114), RFC 8032 §5.2.7. If R is not in the point's
// own encoding, neither side is given: circl compares bytes, and refuses such a signature.
func ed448Sides(pub ed448.PublicKey, message, sig []byte) []Input {
	if len(sig) != ed448.SignatureSize || len(pub) != ed448.PublicKeySize {
		return nil
	}
	encR, encS := sig[:ed448.SignatureSize/2], sig[ed448.SignatureSize/2:]
	r, err := goldilocks.FromBytes(encR)
	if err != nil || !bytes.Equal(encodePoint(r), encR) {
		return nil
	}
	a, err := goldilocks.FromBytes(pub)
	if err != nil {
		return nil
	}
	h := sha3.NewSHAKE256()
	_, _ = h.Write([]byte("SigEd448\x00\x00")) // dom4: no pre-hash, no context
	_, _ = h.Write(encR)
	_, _ = h.Write(pub)
	_, _ = h.Write(message)
	wide := make([]byte, ed448.SignatureSize)
	_, _ = h.Read(wide)
	var k, s goldilocks.Scalar
	k.FromBytes(wide)
	s.FromBytes(encS)
	if !bytes.Equal(append(s[:], 0), encS) {
		return nil // S must be below the order of the group
	}
	var curve goldilocks.Curve
	left := curve.ScalarBaseMult(&s)
	right := curve.ScalarMult(&k, a)
	right.Add(r)
	return []Input{{InSB, encodePoint(left)}, {InRPlusKA, encodePoint(right)}}
}

func encodePoint(p *goldilocks.Point) []byte {
	b := make([]byte, ed448.PublicKeySize)
	if p.ToBytes(b) != nil {
		return nil
	}
	return b
}
