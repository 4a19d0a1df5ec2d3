package kx_test

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// A group of one's own: 64 bits, under a private number. One line in
// Config.Groups, and both ends speak it; TestToyFieldConforms is its conformance test.
func ExampleFiniteField() {
	p := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x43}
	toy, _ := kx.FiniteField(iana.GroupPrivate, "toy64", p, []byte{2}, 0)

	offer, _ := toy.Offer(rand.Reader)
	answer, _ := toy.Answer(rand.Reader, offer.Share())
	secret, _ := offer.Finish(answer.Share())
	fmt.Println(toy.ID(), toy.Name(), bytes.Equal(secret, answer.Secret()))

	_, err := toy.Answer(rand.Reader, []byte{0, 0, 0, 0, 0, 0, 0, 1})
	fmt.Println(err)
	// Output:
	// 0xfe00 toy64 true
	// bad_share: a public value must lie between 1 and p-1: of 0, 1 and p-1 the secret is known to everybody (RFC 9846 §4.3.8.1)
}
