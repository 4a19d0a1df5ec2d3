package tls_test

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"testing"

	"tlslab/handshake/kx"
	"tlslab/pki"
	"github.com/cloudflare/circl/dh/x25519"
)

func BenchmarkPrim(b *testing.B) {
	l, _ := pki.NewLesson(pki.LessonOptions{KeyAlg: "ecdsa"})
	k := l.Key.(*ecdsa.PrivateKey)
	h := sha256.Sum256([]byte("x"))
	b.Run("sign-det", func(b *testing.B) { for b.Loop() { k.Sign(nil, h[:], nil) } })
	b.Run("sign-hedged", func(b *testing.B) { for b.Loop() { ecdsa.SignASN1(rand.Reader, k, h[:]) } })
	s, _ := ecdsa.SignASN1(rand.Reader, k, h[:])
	b.Run("verify", func(b *testing.B) { for b.Loop() { ecdsa.VerifyASN1(&k.PublicKey, h[:], s) } })
	b.Run("circl-keygen", func(b *testing.B) { var p, q x25519.Key; rand.Read(q[:]); for b.Loop() { x25519.KeyGen(&p, &q) } })
	b.Run("circl-shared", func(b *testing.B) { var p, q, r x25519.Key; rand.Read(q[:]); x25519.KeyGen(&p, &q); for b.Loop() { x25519.Shared(&r, &q, &p) } })
	b.Run("kx-offer", func(b *testing.B) { for b.Loop() { kx.X25519.Offer(rand.Reader) } })
	b.Run("std-gen", func(b *testing.B) { for b.Loop() { ecdh.X25519().GenerateKey(rand.Reader) } })
	b.Run("std-ecdh", func(b *testing.B) { k,_ := ecdh.X25519().GenerateKey(rand.Reader); k2,_ := ecdh.X25519().GenerateKey(rand.Reader); for b.Loop() { k.ECDH(k2.PublicKey()) } })
	b.Run("pki", func(b *testing.B) { for b.Loop() { c, _ := pki.Certificates(l.Chain); pki.Verify(c, pki.VerifyOptions{Roots: l.Roots, ServerName: l.Name}) } })
}
