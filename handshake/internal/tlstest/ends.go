package tlstest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// Verifying is a client that knows whom it talks to.
func Verifying() *tls.Config { return &tls.Config{Roots: Roots(), ServerName: Name} }

// Serving is a server with one identity, which can verify our clients.
func Serving(id *Identity) *tls.Config { return &tls.Config{Certificates: id.Ours(), Roots: Roots()} }

// Verifying13 is Verifying for TLS 1.3 alone.
func Verifying13() *tls.Config {
	cfg := Verifying()
	cfg.MinVersion = iana.TLS13
	return cfg
}

// Serving13 is Serving for TLS 1.3 alone.
func Serving13(id *Identity) *tls.Config {
	cfg := Serving(id)
	cfg.MinVersion = iana.TLS13
	return cfg
}

// Patience is how long a test waits for what must come. It is no measure of
// speed: a test that meets it has hung.
const Patience = time.Minute

// Conn is what both libraries' connections can do.
type Conn interface {
	net.Conn
	HandshakeContext(context.Context) error
	CloseWrite() error
}

// Client makes our end, a client. A bad Config is the test's mistake.
func Client(t testing.TB, raw net.Conn, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c, err := tls.Client(raw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Server makes our end, a server.
func Server(t testing.TB, raw net.Conn, cfg *tls.Config) *tls.Conn {
	t.Helper()
	s, err := tls.Server(raw, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Shake runs the two handshakes and returns their errors. An end that fails is
// closed, or the other would wait for it.
func Shake(c, s Conn) (clientErr, serverErr error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := s.HandshakeContext(ctx)
		if err != nil {
			s.Close()
		}
		done <- err
	}()
	if clientErr = c.HandshakeContext(ctx); clientErr != nil {
		c.Close()
	}
	return clientErr, <-done
}

// Converse shakes hands, sends n bytes each way at once, and says goodbye one way
// after the other: each end must see a clean end.
func Converse(t testing.TB, c, s Conn, n int) {
	t.Helper()
	defer c.Close()
	defer s.Close()
	if cerr, serr := Shake(c, s); cerr != nil || serr != nil {
		t.Fatalf("handshake: client: %v; server: %v", cerr, serr)
	}
	deadline := time.Now().Add(Patience)
	c.SetDeadline(deadline)
	s.SetDeadline(deadline)
	up, down := Noise(n, 1), Noise(n, 2)
	var wg sync.WaitGroup
	for _, way := range []struct {
		name     string
		from, to Conn
		data     []byte
	}{{"client to server", c, s, up}, {"server to client", s, c, down}} {
		wg.Go(func() {
			if _, err := way.from.Write(way.data); err != nil {
				t.Errorf("%s: write: %v", way.name, err)
			}
		})
		wg.Go(func() {
			got := make([]byte, len(way.data))
			if m, err := io.ReadFull(way.to, got); err != nil {
				t.Errorf("%s: read: %v after %d of %d bytes", way.name, err, m, n)
			} else if !bytes.Equal(got, way.data) {
				t.Errorf("%s: %d bytes came, but others", way.name, n)
			}
		})
	}
	wg.Wait()
	for _, way := range []struct {
		name     string
		from, to Conn
	}{{"client's", c, s}, {"server's", s, c}} {
		if err := way.from.CloseWrite(); err != nil {
			t.Errorf("%s goodbye: %v", way.name, err)
		}
		if n, err := way.to.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("%s goodbye read as %d bytes, %v", way.name, n, err)
		}
	}
}

// Noise is n bytes, each five times over: DEFLATE finds something to do.
func Noise(n int, seed byte) []byte {
	b := make([]byte, n)
	x := uint32(seed)
	for i := range b {
		if i%5 == 0 {
			x = x*1664525 + 1013904223
		}
		b[i] = byte(x >> 24)
	}
	return b
}

// PeerAlert is the alert that an error says the peer sent; 255 is none.
func PeerAlert(err error) iana.AlertDescription {
	var e *reason.Error
	if errors.As(err, &e) && e.Reason == reason.PeerAlert {
		if d, ok := e.Got.(iana.AlertDescription); ok {
			return d
		}
	}
	return 255
}
