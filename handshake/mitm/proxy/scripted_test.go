package proxy_test

import (
	"bufio"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// patience is how long anything may take here; it bounds a failure, and nothing waits for
// it that goes well.
const patience = time.Minute

// scripted is an origin whose connections a test speaks for itself, byte by byte.
type scripted struct {
	*origin
	conns chan net.Conn // accepted, and their handshakes completed
}

// newScripted is TLS unless change makes its configuration nil.
func newScripted(t testing.TB, change func(*tls.Config) *tls.Config) *scripted {
	t.Helper()
	root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := leafOf(root, wwwName)
	if err != nil {
		t.Fatal(err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{leaf}}
	if change != nil {
		cfg = change(cfg)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{&origin{Server: &httptest.Server{Listener: l}, roots: pki.NewTrustStore(root.Cert), pool: x509.NewCertPool()}, make(chan net.Conn, 16)}
	s.pool.AddCert(root.Cert)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			all.Go(func() {
				if cfg != nil {
					over := tls.Server(c, cfg)
					if over.Handshake() != nil {
						_ = c.Close()
						return
					}
					c = over
				}
				s.conns <- c
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
		close(s.conns)
		for c := range s.conns {
			_ = c.Close()
		}
	})
	return s
}

// next is the next connection.
func (s *scripted) next(t testing.TB) net.Conn {
	t.Helper()
	select {
	case c := <-s.conns:
		t.Cleanup(func() { c.Close() })
		return c
	case <-time.After(patience):
		t.Fatal("the proxy did not connect to the server")
		return nil
	}
}

// signedBy is a certificate of ca's for wwwName, with a key of this kind.
func signedBy(t testing.TB, ca *authority.CA, kind authority.KeyKind, req authority.Request, o authority.LeafOptions) tls.Certificate {
	t.Helper()
	key, err := authority.GenerateKey(kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if req.DNSNames == nil {
		req.DNSNames = []string{wwwName}
	}
	csr, err := authority.NewRequest(key, req)
	if err != nil {
		t.Fatal(err)
	}
	is, err := ca.Sign(csr, o)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: is.Chain, PrivateKey: crypto.PrivateKey(key)}
}

// line is one line of a play between a client and a server with the proxy between them:
// who speaks, and what. The other must hear it, byte for byte, before the play goes on.
type line struct {
	who  side
	say  string
	hear string // if it is not what was said; "" is that, silence is nothing
}

type side byte

const (
	client side = 'c'
	server side = 's'
)

// bye is said by closing, and heard as an end.
const bye = "bye"

// silence is what is heard of what does not get through.
const silence = "silence"

// play plays lines between the two ends of one connection.
func play(t testing.TB, c, s net.Conn, lines []line) {
	t.Helper()
	for i, l := range lines {
		from, to := c, s
		if l.who == server {
			from, to = s, c
		}
		if l.say == bye {
			if err := from.Close(); err != nil {
				t.Fatalf("line %d: %v", i, err)
			}
			if l.hear == silence {
				continue
			}
			if b, err := io.ReadAll(to); err != nil || len(b) > 0 {
				t.Fatalf("line %d: instead of an end came %q, %v", i, b, err)
			}
			continue
		}
		if _, err := io.WriteString(from, l.say); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		want := l.say
		switch l.hear {
		case "":
		case silence:
			continue
		default:
			want = l.hear
		}
		if err := hears(to, want); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
	}
}

// hears reads what must come.
func hears(r io.Reader, want string) error {
	got := make([]byte, len(want))
	n, err := io.ReadFull(r, got)
	if string(got[:n]) != want {
		return fmt.Errorf("heard %q (%v), want %q", got[:n], err, want)
	}
	return nil
}

// tunnel is a client's TLS through the proxy to wwwName, with a deadline.
func (u *underTest) tunnel(t testing.TB) *tls.Conn {
	t.Helper()
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// total waits for n entries, ends the proxy, and returns all of them: there must be no more.
func (u *underTest) total(t testing.TB, n int) []*proxy.Entry {
	t.Helper()
	if n > 0 {
		u.await(t, n)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.entries) != n {
		for _, e := range u.entries {
			t.Logf("%s %s %s %d, fault %v", e.Kind, e.Method, e.Path, e.Status, e.Fault)
		}
		t.Fatalf("%d entries, want %d", len(u.entries), n)
	}
	return u.entries
}

// faulty checks why something failed.
func faulty(t testing.TB, e *proxy.Entry, kind proxy.Kind, leg, by proxy.Side, cause proxy.Cause) {
	t.Helper()
	if f := e.Fault; f == nil || e.Kind != kind || f.Side != leg || f.By != by || f.Cause != cause {
		by := proxy.Side("")
		if f != nil {
			by = f.By
		}
		t.Errorf("a %s: %v, by %q", e.Kind, f, by)
	}
}

// sound checks that nothing failed.
func sound(t testing.TB, e *proxy.Entry) {
	t.Helper()
	if e.Fault != nil {
		t.Errorf("%s %s: %v", e.Method, e.Path, e.Fault)
	}
}

// asks sends a request on c and returns the reply with its body read.
func asks(t testing.TB, c net.Conn, request string) (status int, body string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	var proto string
	if _, err := fmt.Sscanf(string(b), "%s %d", &proto, &status); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return status, string(b)
}

// raw is a connection to the proxy, and nothing said yet.
func (u *underTest) raw(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", u.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// ended waits until the other end has closed.
func ended(t testing.TB, c net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, bufio.NewReader(c))
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		t.Error("the proxy does not hang up")
	}
}
