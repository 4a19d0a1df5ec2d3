// Package keyschedule turns the secret that a key exchange left into keys. It is
// typed: each secret is a type of its own, and its methods are the only ways on
// from it.
//
//	TLS 1.2:  PreMasterSecret → MasterSecret → KeyBlock
//	                                         → verify_data of Finished
//	                                         → exported keying material
//
// Every function is pure: no state, no randomness, nothing kept. Which hash goes
// with which cipher suite is suite's knowledge, which bytes make a transcript
// hash is handshake's. It imports the standard library only, so that a student
// can lift it out.
//
// Read tls12.go for the schedule, then prf12.go for the function beneath it.
package keyschedule

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
)

// PRF12 fills out with the TLS 1.2 PRF (RFC 5246 §5):
//
//	PRF(secret, label, seed) = P_<hash>(secret, label + seed)
//	P_hash(secret, seed)     = HMAC(secret, A(1) + seed) + HMAC(secret, A(2) + seed) + …
//	A(0) = seed, A(i) = HMAC(secret, A(i-1))
//
// h is the suite's PRF hash: SHA-256 unless the suite says SHA-384. Another hash
// works if it is linked into the program, and panics if not, as hash.New does.
func PRF12(h crypto.Hash, out, secret []byte, label string, seed []byte) {
	size, block := h.Size(), blockLen(h)

	// The two inputs that HMAC hashes, each behind its padded key. In the inner
	// one A(i) has a fixed place in front of label + seed, so that a round
	// moves nothing. Both live on the stack for every seed TLS itself uses.
	var innerStore [maxBlock + maxSize + 160]byte
	var outerStore [maxBlock + maxSize]byte
	inner := append(innerStore[:block+size], label...)
	inner = append(inner, seed...)
	outer := outerStore[:block+size]

	if len(secret) > block { // RFC 2104 §2: a long key is hashed first
		digest(h, inner[:size], secret)
	} else {
		copy(inner[:block], secret)
	}
	for i, k := range inner[:block] {
		inner[i] = k ^ 0x36
		outer[i] = k ^ 0x5c
	}
	hmac := func(sum, message []byte) { // message begins with the inner padded key
		digest(h, outer[block:], message)
		digest(h, sum, outer)
	}

	a := inner[block : block+size]
	// A(1) = HMAC(label + seed): the only message without an A in front, so
	// it is put together by itself.
	var firstStore [maxBlock + 160]byte
	first := append(append(append(firstStore[:0], inner[:block]...), label...), seed...)
	hmac(a, first)
	var last [maxSize]byte
	for {
		if len(out) < size {
			hmac(last[:size], inner)
			copy(out, last[:size])
			return
		}
		hmac(out[:size], inner)
		out = out[size:]
		if len(out) == 0 {
			return
		}
		hmac(a, inner[:block+size])
	}
}

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
// within in. The two hashes of TLS 1.2 leave nothing on the heap.
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
