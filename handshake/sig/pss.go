package sig

import (
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
)

// Two object identifiers name the same RSA arithmetic in a certificate:
// rsaEncryption says nothing about what the key is for, id-RSASSA-PSS that it signs
// with RSASSA-PSS and does nothing else (RFC 4055 §1.2). TLS has a row of schemes for
// each and lets none stand in for the other (RFC 9846 §4.3.3), so they are different
// types here: *rsa.PublicKey is rsaEncryption, *PSSPublicKey id-RSASSA-PSS, and no
// switch on a key's type can take one for the other.

// PSSParams restrict an id-RSASSA-PSS key further: RSASSA-PSS-params of RFC 4055 §3.1
// in a SubjectPublicKeyInfo. MGF1 uses the same hash, and the trailer is 0xbc
// (trailerField 1): nothing else is in use, and nothing else can be expressed here.
type PSSParams struct {
	Hash       crypto.Hash // the only hash that the key signs with
	SaltLength int         // in bytes; no signature may have a shorter salt
}

// PSSPublicKey is the public key of an id-RSASSA-PSS certificate. As a crypto.PublicKey
// it is always a pointer, as with RSA.
type PSSPublicKey struct {
	RSA    *rsa.PublicKey
	Params *PSSParams // nil: any hash, any salt
}

// PSSPrivateKey is its private half, and a crypto.Signer; use it as a pointer too. It
// signs with RSASSA-PSS only.
type PSSPrivateKey struct {
	RSA    *rsa.PrivateKey
	Params *PSSParams
}

// Size returns the length of a signature in bytes.
func (k *PSSPublicKey) Size() int { return k.RSA.Size() }

// Equal reports whether x is a *PSSPublicKey of the same numbers and restrictions.
func (k *PSSPublicKey) Equal(x crypto.PublicKey) bool {
	o, ok := x.(*PSSPublicKey)
	return ok && k.RSA.Equal(o.RSA) && sameParams(k.Params, o.Params)
}

// Allows reports whether the key may make a signature with this hash and this many
// bytes of salt (RFC 4055 §3.3).
func (k *PSSPublicKey) Allows(hash crypto.Hash, salt int) bool {
	return k.Params == nil || k.Params.Hash == hash && salt >= k.Params.SaltLength
}

// Public returns a *PSSPublicKey.
func (k *PSSPrivateKey) Public() crypto.PublicKey {
	return &PSSPublicKey{RSA: &k.RSA.PublicKey, Params: k.Params}
}

// Equal reports whether x is a *PSSPrivateKey of the same numbers and restrictions.
func (k *PSSPrivateKey) Equal(x crypto.PrivateKey) bool {
	o, ok := x.(*PSSPrivateKey)
	return ok && k.RSA.Equal(o.RSA) && sameParams(k.Params, o.Params)
}

// Sign signs a digest with RSASSA-PSS, whatever opts say: *rsa.PSSOptions may choose
// the salt's length, with any other crypto.SignerOpts the salt is as long as the hash. rand
// gives the salt.
func (k *PSSPrivateKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() == 0 {
		return nil, errors.New("RSASSA-PSS signs a digest: name its hash")
	}
	pss := rsa.PSSOptions{Hash: opts.HashFunc(), SaltLength: rsa.PSSSaltLengthEqualsHash}
	if o, ok := opts.(*rsa.PSSOptions); ok {
		pss.SaltLength = o.SaltLength
	}
	salt := pss.SaltLength
	switch salt {
	case rsa.PSSSaltLengthAuto:
		salt = (k.RSA.N.BitLen()-1+7)/8 - pss.Hash.Size() - 2 // as long as fits
	case rsa.PSSSaltLengthEqualsHash:
		salt = pss.Hash.Size()
	}
	if p := k.Params; p != nil && !(&PSSPublicKey{Params: p}).Allows(pss.Hash, salt) {
		return nil, fmt.Errorf("this RSASSA-PSS key signs with %v and %d bytes of salt or more, not with %v and %d", p.Hash, p.SaltLength, pss.Hash, salt)
	}
	return rsa.SignPSS(rand, k.RSA, pss.Hash, digest, &pss)
}

func sameParams(a, b *PSSParams) bool {
	return a == b || a != nil && b != nil && *a == *b
}
