package kx_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
)

// One run compares circl's X25519 with the standard library's, both behind the same
// interface.
func BenchmarkX25519(b *testing.B) {
	b.Run("circl", exchange(kx.X25519))
	b.Run("crypto/ecdh", exchange(kx.FromECDH(iana.X25519, ecdh.X25519())))
}

func BenchmarkGroups(b *testing.B) {
	for _, g := range kx.All() {
		b.Run(g.Name(), exchange(g))
	}
}

// exchange is both ends' work: an offer, its answer, and the end of it.
func exchange(g kx.Group) func(*testing.B) {
	return func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o, err := g.Offer(rand.Reader)
			if err != nil {
				b.Fatal(err)
			}
			a, err := g.Answer(rand.Reader, o.Share())
			if err != nil {
				b.Fatal(err)
			}
			if _, err := o.Finish(a.Share()); err != nil {
				b.Fatal(err)
			}
		}
	}
}
