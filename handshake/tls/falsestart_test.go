package tls_test

import (
	"bytes"
	stdtls "crypto/tls"
	"io"
	"net"
	"sync"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// falseStarting is a client of TLS 1.2 that may write behind its Finished (RFC 7918).
func falseStarting(on bool) *tls.Config {
	return &tls.Config{Roots: tlstest.Roots(), ServerName: tlstest.Name, MaxVersion: iana.TLS12, FalseStart: on,
		Suites: []*suite.Suite{suite.ByID(0xc02b)}} // ECDHE, ECDSA, AES-128-GCM
}

func stdServer12(conn net.Conn) *stdtls.Conn {
	return stdtls.Server(conn, &stdtls.Config{Certificates: tlstest.Servers()["ecdsa"].Std(), MaxVersion: stdtls.VersionTLS12})
}

// answered counts how often a client waited for an answer before its first application data.
type answered struct {
	net.Conn
	mu      sync.Mutex
	waiting bool // it has written since it last read
	trips   int
	before  int // the trips before data; -1: none yet
}

func (c *answered) Write(b []byte) (int, error) {
	c.mu.Lock()
	for rest := b; len(rest) > 5; rest = rest[5+int(rest[3])<<8+int(rest[4]):] {
		if rest[0] == byte(iana.ApplicationData) && c.before < 0 {
			c.before = c.trips
		}
	}
	c.waiting = true
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *answered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	if c.waiting {
		c.waiting, c.trips = false, c.trips+1
	}
	c.mu.Unlock()
	return n, err
}

// With False Start the request leaves after one round trip, where it else waits for two; and
// what is written and closed at once arrives whole at crypto/tls, which knows nothing of it.
func TestFalseStartSavesARoundTrip(t *testing.T) {
	for on, want := range map[bool]int{false: 2, true: 1} {
		a, b := tlstest.Pipe()
		wire := &answered{Conn: a, before: -1}
		c := tlstest.Client(t, wire, falseStarting(on))
		got := make(chan []byte, 1)
		go func() {
			srv := stdServer12(b)
			text, err := io.ReadAll(srv)
			if err != nil {
				text = []byte(err.Error())
			}
			_, _ = srv.Write([]byte("answer"))
			_ = srv.Close()
			got <- text
		}()
		if _, err := c.Write([]byte("question")); err != nil {
			t.Fatal(err)
		}
		if err := c.CloseWrite(); err != nil {
			t.Errorf("False Start %v: %v", on, err)
		}
		answer, err := io.ReadAll(c)
		if question := <-got; string(question) != "question" || string(answer) != "answer" || err != nil {
			t.Errorf("False Start %v: %q and %q, %v", on, question, answer, err)
		}
		if wire.before != want {
			t.Errorf("False Start %v: data leaves after %d round trips, want %d", on, wire.before, want)
		}
		if err := c.Handshake(); err != nil {
			t.Errorf("afterwards: %v", err)
		}
		_ = c.Close()
	}
}

// One goroutine reads from the start, another writes more than the way holds, to a server that
// first writes as much itself: Read, which runs the handshake, waits for no Write.
func TestFalseStartBothWays(t *testing.T) {
	for range 20 {
		a, b := net.Pipe()
		cfg := falseStarting(true)
		heard := 0 // a listener has more to be told meanwhile
		cfg.Listener = event.ListenerFunc(func(event.Event) { heard++ })
		c := tlstest.Client(t, a, cfg)
		big := bytes.Repeat([]byte("0123456789abcdef"), 1<<14)
		var read, served []byte
		var rerr, werr, serr error
		var wg sync.WaitGroup
		wg.Go(func() {
			read = make([]byte, len(big))
			_, rerr = io.ReadFull(c, read)
		})
		wg.Go(func() { _, werr = c.Write(big) })
		wg.Go(func() {
			srv := stdServer12(b)
			if _, serr = srv.Write(big); serr == nil {
				served = make([]byte, len(big))
				_, serr = io.ReadFull(srv, served)
			}
		})
		wg.Wait()
		if heard == 0 || rerr != nil || werr != nil || serr != nil || !bytes.Equal(read, big) || !bytes.Equal(served, big) {
			t.Fatalf("read %v, write %v, the server %v", rerr, werr, serr)
		}
		_ = a.Close()
		_ = b.Close()
	}
}
