package tls_test

import "testing"

func BenchmarkOursOnly(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		w.ours(b)
	}
}
func BenchmarkStdOnly(b *testing.B) {
	w := newWorld(b, benchCases[0])
	b.ReportAllocs()
	for b.Loop() {
		w.std(b)
	}
}
