//go:build !race

package tls_test

import (
	"runtime"
	"testing"
)

// The race detector has pools lose what they hold, so these are counted without it.

// TestListeningAllocates bounds what a handshake asks for of memory where both ends have a
// Listener that keeps all it is told, secrets too: a twentieth more than it does today. A listener
// costs by what is allocated for it, and by the collections of what it lets go.
func TestListeningAllocates(t *testing.T) {
	most := map[string]struct{ pieces, bytes float64 }{
		"TLS12-ECDHE-ECDSA-P256-X25519":   {750, 118e3},
		"TLS13-ECDSA-P256-X25519":         {865, 152e3},
		"TLS13-ECDSA-P256-X25519MLKEM768": {1035, 235e3},
	}
	for _, c := range benchCases {
		limit, ok := most[c.name]
		if !ok {
			continue
		}
		delete(most, c.name)
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, c)
			listening := func() {
				heard := *w
				cc, sc := *w.client, *w.server
				cc.Listener, cc.ShowSecrets = new(keep), true
				sc.Listener, sc.ShowSecrets = new(keep), true
				heard.client, heard.server = &cc, &sc
				heard.ours(t)
			}
			if n := testing.AllocsPerRun(50, listening); n > limit.pieces {
				t.Errorf("%v allocations, at most %v", n, limit.pieces)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			const runs = 50
			for range runs {
				listening()
			}
			runtime.ReadMemStats(&after)
			if n := float64(after.TotalAlloc-before.TotalAlloc) / runs; n > limit.bytes {
				t.Errorf("%v bytes, at most %v", n, limit.bytes)
			}
		})
	}
	for name := range most {
		t.Errorf("there is no such handshake: %s", name)
	}
}
