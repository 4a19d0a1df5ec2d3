package tls_test

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	stdtls "crypto/tls"
	"io"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/session"
	"tlslab/handshake/tls"
)

// resumeCases are the ways to resume that crypto/tls has, too.
var resumeCases = []benchCase{
	{"TLS12-ticket", stdtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, "ecdsa", nil, false},
	{"TLS13-PSK-X25519", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", nil, false},
	{"TLS13-PSK-X25519-client-certificate", stdtls.TLS_AES_128_GCM_SHA256, "ecdsa", nil, true},
}

// BenchmarkResumption is BenchmarkHandshake for handshakes that resume. In TLS 1.3 each
// does so on the ticket of the one before, which comes behind the handshake: there each
// connection carries a byte to the client, who reads the ticket on the way. Both servers
// give one.
func BenchmarkResumption(b *testing.B) {
	for _, c := range resumeCases {
		b.Run(c.name, func(b *testing.B) {
			w := newResumingWorld(b, c)
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
			compare(b, 5, func() { ours() }, func() { std() },
				func() { w.resumptionFloor(b, c, c.ourExchange) }, func() { w.resumptionFloor(b, c, c.stdExchange) })
			if !ours() || !std() {
				b.Fatal("it no longer resumes")
			}
		})
	}
}

func newResumingWorld(tb testing.TB, c benchCase) *world {
	w := newWorld(tb, c)
	w.client.Sessions, w.server.Tickets, w.server.SessionTickets = session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0), 1
	w.stdClient.ClientSessionCache, w.stdServer.SessionTicketsDisabled = stdtls.NewLRUClientSessionCache(0), false
	return w
}

// resumptionFloor is what two ends that resume cannot do without: keys, the hash of the
// transcript, and a ticket that the server opens; in TLS 1.3 also the exchange of keys, the
// binder at both ends, and a new ticket that the server seals, with its PSK at both ends.
func (w *world) resumptionFloor(tb testing.TB, c benchCase, exchange func() error) {
	ticket, nonce := make([]byte, 1024), make([]byte, 12)
	box := gcm(tb, ticket[:16])
	sealed := box.Seal(nil, nonce, ticket, nil)
	if _, err := box.Open(nil, nonce, sealed, nil); err != nil {
		tb.Fatal(err)
	}
	flight := make([]byte, 600)
	th := sha256.Sum256(flight)
	for range 2 { // ends
		if !c.tls13() {
			var main keyschedule.MasterSecret
			sha256.Sum256(flight)
			w.floorKeys12(tb, &main, th[:])
			continue
		}
		early := keyschedule.NewEarlySecret(crypto.SHA256, th[:])
		binder := early.BinderKey(false)
		binder.Binder(th[:])
		w.floor13(tb, early)
		main := keyschedule.ResumptionSecret{Secret: keyschedule.NewSecret(crypto.SHA256, th[:])}
		main.PSK(nonce[:8])
	}
	if c.tls13() {
		if err := exchange(); err != nil {
			tb.Fatal(err)
		}
	}
}

func (w *world) resumeOurs(tb testing.TB, look func(*tls.Conn)) {
	x, y := tlstest.Pipe()
	c, err := tls.Client(x, w.client)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := tls.Server(y, w.server)
	if err != nil {
		tb.Fatal(err)
	}
	w.finish(tb, c, s)
	look(c)
}

func (w *world) resumeStd(tb testing.TB, look func(*stdtls.Conn)) {
	x, y := tlstest.Pipe()
	c := stdtls.Client(x, w.stdClient)
	w.finish(tb, c, stdtls.Server(y, w.stdServer))
	look(c)
}

// finish runs both handshakes, and in TLS 1.3 carries a byte to the client.
func (w *world) finish(tb testing.TB, c, s interface {
	io.ReadWriter
	shaker
}) {
	var p [1]byte
	done := make(chan error, 1)
	if w.stdClient.MaxVersion == stdtls.VersionTLS12 {
		go func() { done <- s.Handshake() }()
		if err := c.Handshake(); err != nil {
			tb.Fatal("client: ", err)
		}
	} else {
		go func() {
			_, err := s.Write(p[:])
			done <- err
		}()
		var q [1]byte
		if _, err := io.ReadFull(c, q[:]); err != nil {
			tb.Fatal("client: ", err)
		}
	}
	if err := <-done; err != nil {
		tb.Fatal("server: ", err)
	}
}
