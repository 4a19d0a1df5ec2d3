package page_test

import (
	"io"
	"testing"

	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
)

// BenchmarkPage writes the page of a handshake of TLS 1.3.
func BenchmarkPage(b *testing.B) {
	events := play(b, "tls13")
	b.ReportAllocs()
	for b.Loop() {
		p := page.New(io.Discard, page.Options{Teller: func(o render.TerminalOptions) page.Teller { return lesson.NewTerminal(io.Discard, o) }})
		for _, e := range events {
			p.Event(e)
		}
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
