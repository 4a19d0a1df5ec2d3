package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
)

// standsIn checks that what a client was shown is signed by the proxy, and copies nothing.
func standsIn(t testing.TB, u *underTest, c *tls.Conn) {
	t.Helper()
	leaf := c.ConnectionState().PeerCertificates[0]
	if err := leaf.CheckSignatureFrom(u.Root()); err != nil {
		t.Error(err)
	}
	if leaf.Subject.CommonName != "" || len(leaf.Subject.Organization) != 1 || !strings.HasPrefix(leaf.Subject.Organization[0], "In place of a server") {
		t.Errorf("it says that it is %v", leaf.Subject)
	}
	if now := time.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		t.Errorf("it is good from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
}

// noServer is a proxy whose servers all fail as fail does, with pages that say why.
func noServer(t testing.TB, fail func(*proxy.Options)) *underTest {
	return start(t, nil, func(o *proxy.Options) {
		o.Bodies = 1 << 10
		o.Dial = func(ctx context.Context, _, addr string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
		}
		o.Page = func(f *proxy.Fault) string { return "because " + string(f.Cause) }
		o.HTML = func(host string, f *proxy.Fault) proxy.Document {
			return proxy.Document{HTML: "<p>" + host + ": because " + string(f.Cause), Policy: "default-src 'self'"}
		}
		if fail != nil {
			fail(o)
		}
	})
}

// TestPageInPlace: a client that speaks HTTP reads why there is no server, in both versions of
// TLS and of HTTP, with and without ALPN; and the entry says that the proxy answered.
func TestPageInPlace(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, x := range []struct {
			offered []string
			agreed  string
		}{{nil, ""}, {[]string{"http/1.1"}, "http/1.1"}, {[]string{"h2", "http/1.1"}, "http/1.1"}, {[]string{"h2"}, "h2"}} {
			for _, accept := range []string{"*/*", "text/html,application/xhtml+xml;q=0.9"} {
				t.Run(fmt.Sprintf("%s %v %.4s", tls.VersionName(version), x.offered, accept), func(t *testing.T) {
					u := noServer(t, nil)
					c := u.client(func(tr *http.Transport) {
						tr.TLSClientConfig.MaxVersion, tr.TLSClientConfig.MinVersion, tr.TLSClientConfig.NextProtos = version, version, x.offered
						tr.ForceAttemptHTTP2 = slices.Contains(x.offered, "h2")
						tr.DisableKeepAlives = true // else it may open a connection in reserve, and ask nothing on it
						if slices.Equal(x.offered, []string{"h2"}) {
							tr.Protocols = new(http.Protocols)
							tr.Protocols.SetHTTP2(true)
						}
					})
					for _, method := range []string{"GET", "HEAD", "POST"} {
						req, err := http.NewRequest(method, "https://"+wwwName+"/path", strings.NewReader(strings.Repeat("x", 100*strings.Count(method, "POST"))))
						if err != nil {
							t.Fatal(err)
						}
						req.Header.Set("Accept", accept)
						resp, err := c.Do(req)
						if err != nil {
							t.Fatal(err)
						}
						b, err := io.ReadAll(resp.Body)
						resp.Body.Close()
						if err != nil {
							t.Fatal(err)
						}
						body, kind, policy := "because unreachable", "text/plain; charset=utf-8", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
						if accept != "*/*" {
							body, kind, policy = "<p>"+wwwName+": because unreachable", "text/html; charset=utf-8", "default-src 'self'"
						}
						if method == "HEAD" {
							body = ""
						}
						if resp.StatusCode != 502 || string(b) != body {
							t.Errorf("%s: %d %q", method, resp.StatusCode, b)
						}
						for name, want := range map[string]string{"Content-Type": kind, "Cache-Control": "no-store", "Content-Security-Policy": policy, "Proxy-Status": "tlslab; error=connection_refused",
							"X-Content-Type-Options": "nosniff", "Set-Cookie": "", "Strict-Transport-Security": "", "Server": ""} {
							if got := resp.Header.Get(name); got != want {
								t.Errorf("%s: %s is %q, want %q", method, name, got, want)
							}
						}
						if got := resp.TLS.NegotiatedProtocol; got != x.agreed || resp.TLS.Version != version {
							t.Errorf("%s: agreed %q, %x", method, got, resp.TLS.Version)
						}
					}
					asked := map[string]bool{}
					for _, e := range u.total(t, 3) { // of three connections, in any order
						asked[e.Method] = true
						faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
						if !e.Answered || e.Status != 502 || e.Path != "/path" || e.Host != wwwName || e.Besides != nil || (len(e.Body) == 0) != (e.Method == "HEAD") {
							t.Errorf("%+v", e)
						}
						if h := e.HAR(); h.Response.Status != 502 || h.Request.URL != "https://"+wwwName+"/path" || h.Error == "" || !h.Own {
							t.Errorf("%+v", h)
						}
					}
					if len(asked) != 3 {
						t.Errorf("told of %v", asked)
					}
				})
			}
		}
	}
}

// TestPageRefused: a client that does not trust the proxy's root reads nothing; both refusals
// are told.
func TestPageRefused(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		u := noServer(t, nil)
		c := tls.Client(u.connect(t, wwwName+":443"), &tls.Config{ServerName: wwwName, MaxVersion: version, NextProtos: []string{"h2"}, RootCAs: newOrigin(t, hello, nil).pool})
		if err := c.Handshake(); err == nil {
			t.Error("it trusts the root")
		}
		c.Close()
		e := u.total(t, 1)[0]
		faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
		if f := e.Besides; f == nil || f.Side != proxy.SideClient || f.By != proxy.SideClient || f.Alert != iana.BadCertificate || e.Answered {
			t.Errorf("%+v, besides %v", e, f)
		}
	}
}

// TestPageUnasked: a client that asks nothing, or something else than HTTP, leaves one entry with
// the server's failure; what is no HTTP is told by an alert.
func TestPageUnasked(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(c *tls.Conn) error
	}{
		{"leaves", func(c *tls.Conn) error { return c.Close() }},
		{"no HTTP", func(c *tls.Conn) error {
			if _, err := io.WriteString(c, "\x00\x01\x02\x03"); err != nil {
				return err
			}
			return alerted(c)
		}},
		{"too short for HTTP", func(c *tls.Conn) error {
			if _, err := io.WriteString(c, "GE"); err != nil {
				return err
			}
			return c.Close()
		}},
	} {
		for _, protocols := range [][]string{nil, {"http/1.1"}, {"h2"}} {
			u := noServer(t, nil)
			c := u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool, NextProtos: protocols})
			standsIn(t, u, c)
			if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if err := x.do(c); err != nil {
				t.Errorf("%s, %v: %v", x.name, protocols, err)
			}
			e := u.total(t, 1)[0]
			faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
			if e.Answered || e.Status != 0 || e.Besides != nil {
				t.Errorf("%s, %v: %+v", x.name, protocols, e)
			}
		}
	}
}

// alerted reads until the proxy says in TLS what went wrong.
func alerted(c *tls.Conn) error {
	b, err := io.ReadAll(c)
	if c.ConnectionState().NegotiatedProtocol == "h2" && err == nil {
		return nil // its SETTINGS are there, and it closes
	}
	if alert := tls.AlertError(0); !errors.As(err, &alert) && (err == nil || !strings.Contains(err.Error(), "internal error")) {
		return fmt.Errorf("%q, %v", b, err)
	}
	return nil
}

// TestPageSilence: a client without ALPN that waits to be spoken to is not kept waiting for long.
func TestPageSilence(t *testing.T) {
	t.Parallel()
	u := noServer(t, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool})
	if err := alerted(c); err != nil {
		t.Error(err)
	}
	faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
}

// TestPageBadRequest: what cannot be passed on is answered with 400, and the server's failure
// stays what the entry is about.
func TestPageBadRequest(t *testing.T) {
	u := noServer(t, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool})
	if status, _ := asks(t, c, "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"); status != 400 {
		t.Error(status)
	}
	e := u.total(t, 1)[0]
	faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
	if e.Besides != nil || e.Status != 400 || !e.Answered {
		t.Errorf("%+v", e)
	}
}

// TestPageReverse: who does not say whom it wants finds the address that it came to.
func TestPageReverse(t *testing.T) {
	u := noServer(t, func(o *proxy.Options) { o.Mode = proxy.Reverse("www.lab.test", "443") })
	for _, name := range []string{"127.0.0.1", "localhost"} {
		c, err := tls.Dial("tcp", u.addr, &tls.Config{RootCAs: u.pool, ServerName: name})
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := asks(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); status != 502 {
			t.Errorf("%s: %d", name, status)
		}
		c.Close()
	}
}

// TestPageLate: a server that does not answer is waited for as long as a handshake may take, and
// then the client is told so: the time was the server's.
func TestPageLate(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, dial := range map[string]func(ctx context.Context, network, addr string) (net.Conn, error){
		"no connection": func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		"no handshake": func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, silent.Addr().String())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := noServer(t, func(o *proxy.Options) { o.Dial, o.Limits.Handshake = dial, roomy })
			c := u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool})
			status, body := asks(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if status != 504 || !strings.Contains(body, "error=connection_timeout") {
				t.Errorf("%d %q", status, body)
			}
			e := u.total(t, 1)[0]
			faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseSlow)
		})
	}
}

// TestPageUnbelieved: with a page, what a server's certificate says of itself goes nowhere.
func TestPageUnbelieved(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := noServer(t, func(p *proxy.Options) {
		p.Dial, p.ToServer = o.dial, handshake.Config{Roots: pki.NewTrustStore()}
	})
	c := u.dial(t, wwwName+":443", &tls.Config{ServerName: wwwName, RootCAs: u.pool, NextProtos: []string{"http/1.1"}})
	standsIn(t, u, c)
	r := bufio.NewReader(c)
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html;q=0, */*\r\n\r\n")
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil || b.String() != "because unbelieved" || resp.Header.Get("Proxy-Status") != "tlslab; error=tls_certificate_error" {
		t.Errorf("%q %v %v", b.String(), resp.Header, err)
	}
	faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnbelieved)
}
