package keyschedule

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
)

// hmacSum writes HMAC(key, message) to sum, which is h.Size() bytes (RFC 2104). As
// HKDF-Extract(salt, IKM) it is called with the salt for key (RFC 5869 §2.2).
func hmacSum(h crypto.Hash, sum, key, message []byte) {
	size, block := h.Size(), blockLen(h)
	// Room for an IKM of 112 bytes: what a hybrid of P-384 and ML-KEM leaves is 80.
	var innerStore [maxBlock + 112]byte
	var outerStore [maxBlock + maxSize]byte
	inner, outer := append(innerStore[:block], message...), outerStore[:block+size]
	padKey(h, inner[:block], outer[:block], key)
	digest(h, outer[block:], inner)
	digest(h, sum, outer)
}

// padKey fills ipad and opad, one block each, with HMAC's key xored with its two
// constants. Both are zero before.
func padKey(h crypto.Hash, ipad, opad, key []byte) {
	if len(key) > len(ipad) { // RFC 2104 §2: a long key is hashed first
		digest(h, ipad[:h.Size()], key)
	} else {
		copy(ipad, key)
	}
	subtle.XORBytes(opad, ipad, opadBytes)
	subtle.XORBytes(ipad, ipad, ipadBytes)
}

var (
	ipadBytes = bytes.Repeat([]byte{0x36}, maxBlock)
	opadBytes = bytes.Repeat([]byte{0x5c}, maxBlock)
)

// The largest block and digest of any hash of the standard library, in bytes:
// SHA3-224's block, SHA-512's digest.
const (
	maxBlock = 144
	maxSize  = 64
)

func blockLen(h crypto.Hash) int {
	switch h {
	case crypto.SHA256:
		return sha256.BlockSize
	case crypto.SHA384:
		return sha512.BlockSize
	}
	return h.New().BlockSize()
}

// digest writes the hash of in to out, which is h.Size() bytes and may lie
// within in. The two hashes of TLS's cipher suites leave nothing on the heap.
func digest(h crypto.Hash, out, in []byte) {
	switch h {
	case crypto.SHA256:
		d := sha256.Sum256(in)
		copy(out, d[:])
	case crypto.SHA384:
		d := sha512.Sum384(in)
		copy(out, d[:])
	default:
		digestHeap(h, out, in)
	}
}

// digestHeap works on copies: what passes through an interface escapes, and
// would drag PRF12's stack buffers to the heap for every hash.
func digestHeap(h crypto.Hash, out, in []byte) {
	f := h.New()
	f.Write(append([]byte(nil), in...))
	copy(out, f.Sum(nil))
}
