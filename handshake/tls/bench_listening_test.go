package tls_test

import (
	"testing"

	"tlslab/handshake/event"
)

// keep is a Listener that keeps the whole transcript in memory.
type keep struct{ events []event.Event }

func (k *keep) Event(e event.Event) { k.events = append(k.events, e) }

// BenchmarkListening is the price of being watched: every event of both ends kept.
func BenchmarkListening(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			loud := *w
			var silent, listening blocks
			for b.Loop() {
				silent.time(func() { w.ours(b) })
				listening.time(func() {
					cc, sc := *w.client, *w.server
					cc.Listener, cc.ShowSecrets = new(keep), true
					sc.Listener, sc.ShowSecrets = new(keep), true
					loud.client, loud.server = &cc, &sc
					loud.ours(b)
				})
			}
			b.ReportMetric(listening.median()/silent.median(), "listening/silent")
		})
	}
}
