package proxytest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"tlslab/pki"
)

// Origin is a server that we did not write: net/http's, with a chain of an authority of its own.
type Origin struct {
	*httptest.Server
	*Trust
}

// Quiet is for servers whose clients misbehave on purpose.
var Quiet = log.New(io.Discard, "", 0)

// NewOrigin starts one that speaks HTTP/2 and HTTP/1.1 in TLS, unless change says otherwise. It
// ends with the test.
func NewOrigin(t testing.TB, h http.Handler, change func(*tls.Config)) *Origin {
	t.Helper()
	o, err := MakeOrigin(h, change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// MakeOrigin is NewOrigin for an example, which has no testing.TB.
func MakeOrigin(h http.Handler, change func(*tls.Config)) (*Origin, error) {
	trust, err := NewTrust()
	if err != nil {
		return nil, err
	}
	o := &Origin{httptest.NewUnstartedServer(h), trust}
	o.TLS = &tls.Config{Certificates: []tls.Certificate{trust.Leaf}, NextProtos: []string{"h2", "http/1.1"}}
	if change != nil {
		change(o.TLS)
	}
	o.EnableHTTP2 = slices.Contains(o.TLS.NextProtos, "h2")
	o.Config.ErrorLog = Quiet
	o.StartTLS()
	return o, nil
}

// NewPlain starts one in clear.
func NewPlain(t testing.TB, h http.Handler) *Origin {
	t.Helper()
	o := &Origin{httptest.NewUnstartedServer(h), &Trust{Roots: pki.NewTrustStore()}}
	o.Config.ErrorLog = Quiet
	o.Start()
	t.Cleanup(o.Close)
	return o
}

// Dial reaches the origin, whoever was asked for.
func (o *Origin) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, o.Listener.Addr().String())
}

// Echoes answers an Upgrade to echo, and a line after that.
func Echoes(t testing.TB) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprint(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		rw.Flush()
		line, _ := rw.ReadString('\n')
		fmt.Fprint(rw, "echo "+line)
		rw.Flush()
	})
}

// Scripted is an origin whose connections a test speaks for itself, byte by byte.
type Scripted struct {
	*Origin
	Conns chan net.Conn // accepted, and their handshakes completed
}

// NewScripted is TLS unless change makes its configuration nil.
func NewScripted(t testing.TB, change func(*tls.Config) *tls.Config) *Scripted {
	t.Helper()
	trust, err := NewTrust()
	if err != nil {
		t.Fatal(err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{trust.Leaf}}
	if change != nil {
		cfg = change(cfg)
	}
	l := listen(t)
	s := &Scripted{&Origin{&httptest.Server{Listener: l}, trust}, make(chan net.Conn, 16)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(Patience))
			all.Go(func() {
				if cfg != nil {
					over := tls.Server(c, cfg)
					if over.Handshake() != nil {
						_ = c.Close()
						return
					}
					c = over
				}
				s.Conns <- c
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
		close(s.Conns)
		for c := range s.Conns {
			_ = c.Close()
		}
	})
	return s
}

// Next is the next connection.
func (s *Scripted) Next(t testing.TB) net.Conn {
	t.Helper()
	select {
	case c := <-s.Conns:
		t.Cleanup(func() { c.Close() })
		return c
	case <-time.After(Patience):
		t.Fatal("the proxy did not connect to the server")
		return nil
	}
}

// Heard reads what must come.
func Heard(r io.Reader, want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(r, got)
	if string(got[:n]) != want {
		return fmt.Errorf("heard %q (%v), want %q", got[:n], err, want)
	}
	return nil
}
