package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
)

var quietLog = log.New(io.Discard, "", 0)

// dial reaches the origin, whoever was asked for.
func (o *origin) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, o.Listener.Addr().String())
}

// connect asks the proxy for a way to target.
func (u *underTest) connect(t testing.TB, target string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", u.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, target)
	resp, err := http.ReadResponse(bufio.NewReader(&oneByOne{c}), &http.Request{Method: http.MethodConnect})
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	return c
}

// oneByOne keeps a buffered reader from taking more than it needs.
type oneByOne struct{ io.Reader }

func (o *oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(1, len(p))]) }

// dial goes through the proxy to target, and shakes hands there.
func (u *underTest) dial(t testing.TB, target string, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c := tls.Client(u.connect(t, target), cfg)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

// exampleOrigin is an origin for an example, which has no testing.TB.
func exampleOrigin() *origin {
	o, err := makeOrigin(hello, nil)
	if err != nil {
		log.Fatal(err)
	}
	return o
}

// through is net/http's client, by way of the proxy at addr whose root it trusts.
func through(addr string, root *x509.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: addr}), ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

// echoes answers an Upgrade to echo, and a line after that.
func echoes(t testing.TB) http.Handler {
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
