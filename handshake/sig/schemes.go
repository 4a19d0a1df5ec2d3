package sig

import (
	"crypto"
	"crypto/elliptic"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"
	"sync"

	"tlslab/handshake/iana"
)

// table is every scheme, most preferred first. Signing time decides between equals:
// Ed25519 and P-256 before RSA, PSS before PKCS#1. It is made when first asked for: that is when
// crypto/elliptic reads the numbers of its curves, and a program that signs nothing need not wait for them.
var table = sync.OnceValue(func() []*Scheme {
	return []*Scheme{
		{ID: iana.Ed25519, Kind: EdDSA},
		{ID: iana.ECDSAP256SHA256, Kind: ECDSA, Hash: crypto.SHA256, Curve: elliptic.P256()},
		{ID: iana.ECDSAP384SHA384, Kind: ECDSA, Hash: crypto.SHA384, Curve: elliptic.P384()},
		{ID: iana.ECDSAP521SHA512, Kind: ECDSA, Hash: crypto.SHA512, Curve: elliptic.P521()},
		{ID: iana.Ed448, Kind: EdDSA},
		{ID: iana.RSAPSSRSAESHA256, Kind: RSAPSS, Hash: crypto.SHA256},
		{ID: iana.RSAPSSRSAESHA384, Kind: RSAPSS, Hash: crypto.SHA384},
		{ID: iana.RSAPSSRSAESHA512, Kind: RSAPSS, Hash: crypto.SHA512},
		{ID: iana.RSAPSSPSSSHA256, Kind: RSAPSS, Hash: crypto.SHA256, PSSKey: true},
		{ID: iana.RSAPSSPSSSHA384, Kind: RSAPSS, Hash: crypto.SHA384, PSSKey: true},
		{ID: iana.RSAPSSPSSSHA512, Kind: RSAPSS, Hash: crypto.SHA512, PSSKey: true},
		{ID: iana.RSAPKCS1SHA256, Kind: RSAPKCS1, Hash: crypto.SHA256},
		{ID: iana.RSAPKCS1SHA384, Kind: RSAPKCS1, Hash: crypto.SHA384},
		{ID: iana.RSAPKCS1SHA512, Kind: RSAPKCS1, Hash: crypto.SHA512},
		{ID: iana.ECDSASHA1, Kind: ECDSA, Hash: crypto.SHA1},
		{ID: iana.RSAPKCS1SHA1, Kind: RSAPKCS1, Hash: crypto.SHA1},
	}
})

// All returns every scheme, most preferred first, those with SHA-1 last. The caller may
// change the slice, but not the schemes: they are shared.
func All() []*Scheme { return slices.Clone(table()) }

// Defaults returns All without SHA-1, which RFC 9155 bars from TLS 1.2's
// signature_algorithms.
func Defaults() []*Scheme {
	var out []*Scheme
	for _, s := range table() {
		if s.Hash != crypto.SHA1 {
			out = append(out, s)
		}
	}
	return out
}

// ByID returns the scheme with that number, or nil if we have none.
func ByID(id iana.SignatureScheme) *Scheme {
	for _, s := range table() {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// ByName finds a scheme by the registry's name, in any case. The error lists what
// there is.
func ByName(name string) (*Scheme, error) {
	if id, ok := iana.SchemeByName(strings.TrimSpace(name)); ok {
		if s := ByID(id); s != nil {
			return s, nil
		}
	}
	var names []string
	for _, s := range table() {
		names = append(names, s.Name())
	}
	return nil, fmt.Errorf("no signature scheme %q; there are %s", name, strings.Join(names, ", "))
}

// sum appends the hash of msg to dst, or returns msg for schemes that hash inside.
// The one-shot functions keep the hash's state off the heap.
func (s *Scheme) sum(dst, msg []byte) []byte {
	switch s.Hash {
	case crypto.SHA1:
		h := sha1.Sum(msg)
		return append(dst, h[:]...)
	case crypto.SHA256:
		h := sha256.Sum256(msg)
		return append(dst, h[:]...)
	case crypto.SHA384:
		h := sha512.Sum384(msg)
		return append(dst, h[:]...)
	case crypto.SHA512:
		h := sha512.Sum512(msg)
		return append(dst, h[:]...)
	}
	return msg
}
