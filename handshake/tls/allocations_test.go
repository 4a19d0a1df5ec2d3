//go:build !race

package tls_test

import (
	stdtls "crypto/tls"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// TestAllocations holds what both ends of a silent handshake allocate, as it was measured, with
// three percent of room: maps and pools differ a little from run to run. The race detector has
// allocations of its own, so it runs without. crypto/tls makes two to four times as many; that it
// is at least 1.6 times as many is held as well.
func TestAllocations(t *testing.T) {
	most := map[string]float64{
		"TLS12-ECDHE-ECDSA-P256-X25519":              239,
		"TLS12-ECDHE-RSA-2048-X25519":                195,
		"TLS12-RSA-2048":                             160,
		"TLS13-ECDSA-P256-X25519":                    267,
		"TLS13-ECDSA-P256-X25519MLKEM768":            290,
		"TLS13-ECDSA-P256-X25519-client-certificate": 396,
		"TLS13-RSA-2048-X25519":                      224,

		"TLS12-ticket":                        123,
		"TLS13-PSK-X25519":                    227,
		"TLS13-PSK-X25519-client-certificate": 240,
	}
	hold := func(name string, ours, std func()) {
		t.Helper()
		limit, known := most[name]
		if !known {
			t.Fatalf("%s: say what it may allocate", name)
		}
		a, b := fewest(ours), fewest(std)
		if a > limit*1.03 {
			t.Errorf("%s: %v allocations, at most %v", name, a, limit)
		}
		if a > b/1.6 {
			t.Errorf("%s: %v allocations, where crypto/tls makes %v", name, a, b)
		}
	}
	for _, c := range benchCases {
		w := newWorld(t, c)
		hold(c.name, func() { w.ours(t) }, func() { w.std(t) })
	}
	for _, c := range resumeCases {
		w := newResumingWorld(t, c)
		hold(c.name, func() { w.resumeOurs(t, func(*tls.Conn) {}) }, func() { w.resumeStd(t, func(*stdtls.Conn) {}) })
	}
}

// fewest is what f allocates when nothing else happens in the process.
func fewest(f func()) float64 {
	f() // what is made once
	f()
	n := testing.AllocsPerRun(10, f)
	for range 4 {
		n = min(n, testing.AllocsPerRun(10, f))
	}
	return n
}

// TestRecordsAllocateNothing: not for a record through memory, nor for one through a socket.
func TestRecordsAllocateNothing(t *testing.T) {
	for _, id := range recordSuites {
		for _, size := range []int{100, 1 << 14} {
			w, data, buf := recordWorld(t, id, size)
			x, y := tlstest.Pipe()
			if n := fewest(transfer(t, tlstest.Client(t, x, w.client), tlstest.Server(t, y, w.server), data, buf)); n > 0 {
				t.Errorf("%v: %v allocations for a record of %d bytes through memory", id, n, size)
			}
			x, y = socketPair(t)
			if n := fewest(echo(t, tlstest.Client(t, x, w.client), tlstest.Server(t, y, w.server), data, buf)); n > 0 {
				t.Errorf("%v: %v allocations for an echo of %d bytes through a socket", id, n, size)
			}
		}
	}
}
