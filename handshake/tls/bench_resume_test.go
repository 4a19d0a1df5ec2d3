package tls_test

import (
	"crypto/rand"
	stdtls "crypto/tls"
	"io"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// resumeCases are the ways to resume that crypto/tls has, too. There is no floor here: what
// no implementation can do without is hashing, and in TLS 1.3 the key exchange.
var resumeCases = []benchCase{
	{"TLS12-ticket", stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa", 1, nil, false},
	{"TLS13-PSK-X25519", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", 1, nil, false},
	{"TLS13-PSK-X25519-client-certificate", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", 1, nil, true},
}

// BenchmarkResumption is BenchmarkHandshake for handshakes that resume. In TLS 1.3 each
// does so on the ticket of the one before, which comes behind the handshake: there each
// connection carries a byte to the client, who reads the ticket on the way. Both servers
// give one.
func BenchmarkResumption(b *testing.B) {
	for _, c := range resumeCases {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c)
			w.client.Sessions, w.server.Tickets, w.server.SessionTickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0), 1
			w.stdClient.ClientSessionCache, w.stdServer.SessionTicketsDisabled = stdtls.NewLRUClientSessionCache(0), false
			ours := func() (resumed bool) {
				w.resumeOurs(b, func(c *tls.Conn) { resumed = c.Summary().Resumed })
				return resumed
			}
			std := func() (resumed bool) {
				w.resumeStd(b, func(c *stdtls.Conn) { resumed = c.ConnectionState().DidResume })
				return resumed
			}
			for i := range 3 {
				if ours() != (i > 0) || std() != (i > 0) {
					b.Fatal("it does not resume")
				}
			}
			var t, s blocks
			for b.Loop() {
				t.time(func() { each(ours) })
				s.time(func() { each(std) })
			}
			if !ours() || !std() {
				b.Fatal("it no longer resumes")
			}
			b.ReportMetric(t.median()/several*1e6, "ours-µs")
			b.ReportMetric(t.median()/s.median(), "ours/crypto-tls")
			o, p := testing.AllocsPerRun(50, func() { ours() }), testing.AllocsPerRun(50, func() { std() })
			b.ReportMetric(o, "ours-allocs")
			b.ReportMetric(o/p, "allocs-ours/crypto-tls")
		})
	}
}

// several times as many run in a block as of full handshakes, which are that much slower:
// or there would be no garbage collection in it.
const several = 5

func each(f func() bool) {
	for range several {
		f()
	}
}

func (w *world) resumeOurs(b *testing.B, look func(*tls.Conn)) {
	x, y := tlstest.Pipe()
	c, err := tls.Client(x, w.client)
	if err != nil {
		b.Fatal(err)
	}
	s, err := tls.Server(y, w.server)
	if err != nil {
		b.Fatal(err)
	}
	w.finish(b, c, s)
	look(c)
}

func (w *world) resumeStd(b *testing.B, look func(*stdtls.Conn)) {
	x, y := tlstest.Pipe()
	c := stdtls.Client(x, w.stdClient)
	w.finish(b, c, stdtls.Server(y, w.stdServer))
	look(c)
}

// finish runs both handshakes, and in TLS 1.3 carries a byte to the client.
func (w *world) finish(b *testing.B, c, s interface {
	io.ReadWriter
	shaker
}) {
	var p [1]byte
	done := make(chan error, 1)
	if w.stdClient.MaxVersion == stdtls.VersionTLS12 {
		go func() { done <- s.Handshake() }()
		if err := c.Handshake(); err != nil {
			b.Fatal("client: ", err)
		}
	} else {
		go func() {
			_, err := s.Write(p[:])
			done <- err
		}()
		var q [1]byte
		if _, err := io.ReadFull(c, q[:]); err != nil {
			b.Fatal("client: ", err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal("server: ", err)
	}
}
