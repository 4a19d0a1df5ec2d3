// Package kx is key exchange as a plug. RSA key transport, Diffie–Hellman over a
// field or a curve, a KEM, a hybrid: every key exchange is the same two moves.
// Somebody offers, somebody answers, and both hold one secret.
// What differs is who offers (in TLS 1.2 the server, in TLS 1.3 the client) and
// whether the offered key is static, as in RSA, or fresh, as in all others.
//
// It has neither the messages that carry the shares (message) nor the keys made
// from the secret (keyschedule).
//
// A student's own exchange is the three small interfaces below and one line in
// Config.Groups: there is no registry and no init. kxtest.Run tells whether it
// keeps the contract. Read kx.go, then kem.go for a whole group on one page;
// every Diffie–Hellman shares dh.go and differs in its arithmetic (x25519.go,
// ecdh.go, field.go).
//
// The package leans on iana for the numbers and on reason for its errors: a bad
// share is a *reason.Error with BadShare, a failing random source one with
// Internal. A student's own group may return any error; BadShare types it.
package kx

import (
	"io"

	"tlslab/handshake/iana"
)

// Group makes offers and answers them. It holds no secret, leaves nothing running,
// and is safe for concurrent use.
type Group interface {
	// ID is the number that names the group on the wire.
	ID() iana.Group
	// Name is the registry's name, or the student's own.
	Name() string
	// Offer makes a fresh key pair, drawing randomness from rand only.
	Offer(rand io.Reader) (Offer, error)
	// Answer takes the offerer's share and makes the answerer's own share and
	// the secret. A share of the wrong length or no valid public value is
	// refused with an error; it wraps nothing secret.
	Answer(rand io.Reader, offered []byte) (Answer, error)
}

// Offer is the offerer's half, waiting for an answer. It belongs to one handshake
// and is not safe for concurrent use.
type Offer interface {
	// Share is the public value to send. The caller does not change it.
	Share() []byte
	// Finish turns the answerer's share into the secret. A bad share is refused.
	Finish(answer []byte) (secret []byte, err error)
}

// Answer is the answerer's half: complete from the start.
type Answer interface {
	// Share is the public value to send back. The caller does not change it.
	Share() []byte
	// Secret is what both ends now know and nobody else.
	Secret() []byte
}

// Explainer is optional on an Offer or an Answer: the numbers behind the share,
// as a lesson shows them. It is called only where somebody listens.
type Explainer interface {
	// Explain returns the values in the order they are computed. Before Finish
	// an Offer explains its key pair, after it the secret too.
	Explain() []Value
}

// Value is one number of an explanation.
type Value struct {
	Name    string // as a textbook writes it: "p", "g", "a", "A = aG", "abG"
	Bytes   []byte // big-endian, or in the group's own encoding
	Private bool   // known to this end only, or to both ends but nobody else
}
