package tls_test

import (
	"testing"

	"tlslab/handshake"
)

func BenchmarkOursOnly(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		w.ours(b)
	}
}
func BenchmarkPump(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		c, _ := handshake.NewClient(w.client)
		s, _ := handshake.NewServer(w.server)
		carry(c, s)
	}
}
func BenchmarkFloor(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		w.floor(b, benchCases[0])
	}
}
func BenchmarkStdOnly(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		w.std(b)
	}
}
