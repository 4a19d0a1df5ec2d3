// Package keyschedule turns the secret that a key exchange left into keys. It is
// typed: each secret is a type of its own, and its methods are the only ways on
// from it.
//
//	TLS 1.2:  PreMasterSecret → MasterSecret → KeyBlock
//	                                         → verify_data of Finished
//	                                         → exported keying material
//
//	TLS 1.3:  EarlySecret → HandshakeSecret → MainSecret
//	          EarlySecret     → BinderKey → binder of a PSK
//	                          → TrafficSecret and ExporterSecret of 0-RTT
//	          HandshakeSecret → TrafficSecret → key, IV, verify_data of Finished
//	          MainSecret      → TrafficSecret → key, IV, the next TrafficSecret
//	                          → ExporterSecret → exported keying material
//	                          → ResumptionSecret → PSK of a ticket
//
// Every function is pure: no state, no randomness, nothing kept. Package suite knows
// which hash goes with which cipher suite, and package handshake knows which bytes make
// a transcript hash. This package imports the standard library only, so that a student
// can lift it out.
//
// Read tls12.go and tls13.go for the schedules, then prf12.go and hkdf13.go for the
// functions beneath them; hmac.go is beneath both.
package keyschedule

import "crypto"

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

	padKey(h, inner[:block], outer[:block], secret)
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
