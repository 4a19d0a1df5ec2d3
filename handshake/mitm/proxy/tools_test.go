package proxy_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log"
	"net"
	"net/http"
	"os"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/pki"
)

// What package proxytest has, under the short names that the tests here use.

const (
	wwwName  = proxytest.Name
	patience = proxytest.Patience
)

var (
	hears    = proxytest.Heard
	asks     = proxytest.Asks
	ended    = proxytest.Ended
	get      = proxytest.Get
	faulty   = proxytest.Faulty
	sound    = proxytest.Sound
	signedBy = proxytest.SignedBy
	echoes   = proxytest.Echoes
	through  = proxytest.Through
)

type origin struct {
	*proxytest.Origin
	roots *pki.TrustStore
	pool  *x509.CertPool
}

func originOf(o *proxytest.Origin) *origin { return &origin{o, o.Roots, o.Pool} }

func newOrigin(t testing.TB, h http.Handler, change func(*tls.Config)) *origin {
	t.Helper()
	return originOf(proxytest.NewOrigin(t, h, change))
}

func newPlain(t testing.TB, h http.Handler) *origin {
	t.Helper()
	return originOf(proxytest.NewPlain(t, h))
}

func (o *origin) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return o.Dial(ctx, network, addr)
}

// exampleOrigin is an origin for an example, which has no testing.TB.
func exampleOrigin() *origin {
	o, err := proxytest.MakeOrigin(hello, nil)
	if err != nil {
		log.Fatal(err)
	}
	return originOf(o)
}

type scripted struct {
	*origin
	conns chan net.Conn
	s     *proxytest.Scripted
}

func newScripted(t testing.TB, change func(*tls.Config) *tls.Config) *scripted {
	t.Helper()
	s := proxytest.NewScripted(t, change)
	return &scripted{originOf(s.Origin), s.Conns, s}
}

func (s *scripted) next(t testing.TB) net.Conn {
	t.Helper()
	return s.s.Next(t)
}

type underTest struct {
	*proxytest.Proxy
	addr string
	pool *x509.CertPool
}

func start(t testing.TB, o *origin, change func(*proxy.Options)) *underTest {
	t.Helper()
	var at *proxytest.Origin
	if o != nil {
		at = o.Origin
	}
	u := proxytest.Start(t, at, change)
	return &underTest{u, u.Addr, u.Pool}
}

func (u *underTest) await(t testing.TB, n int) *proxy.Entry {
	t.Helper()
	return u.Await(t, n)
}

func (u *underTest) total(t testing.TB, n int) []*proxy.Entry {
	t.Helper()
	return u.Total(t, n)
}

func (u *underTest) client(change func(*http.Transport)) *http.Client {
	u.Addr = u.addr // a test may have it listen elsewhere
	return u.Client(change)
}

func (u *underTest) raw(t testing.TB) net.Conn {
	t.Helper()
	u.Addr = u.addr
	return u.Raw(t)
}

func (u *underTest) connect(t testing.TB, target string) net.Conn {
	t.Helper()
	u.Addr = u.addr
	return u.Connect(t, target)
}

func (u *underTest) dial(t testing.TB, target string, cfg *tls.Config) *tls.Conn {
	t.Helper()
	u.Addr = u.addr
	return u.Dial(t, target, cfg)
}

func (u *underTest) tunnel(t testing.TB) *tls.Conn {
	t.Helper()
	return u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
}

// exampleProxy is a proxy before site with these hooks, and a client by way of it.
func exampleProxy(site *origin, hooks ...proxy.Hook) (*proxy.Proxy, *http.Client) {
	dir, err := os.MkdirTemp("", "proxy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ca, _, err := proxy.LoadCA(dir)
	if err != nil {
		log.Fatal(err)
	}
	forger, err := proxy.NewForger(ca)
	if err != nil {
		log.Fatal(err)
	}
	p, err := proxy.New(proxy.Options{Forger: forger, ToServer: handshake.Config{Roots: site.roots}, Dial: site.dial, Hooks: hooks})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = p.Serve(l) }()
	return p, through(l.Addr().String(), ca.Cert)
}
