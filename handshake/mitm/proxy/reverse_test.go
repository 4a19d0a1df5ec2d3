package proxy_test

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// TestReverse: clients believe the server to be where the proxy is. They need not name it.
func TestReverse(t *testing.T) {
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, func(p *proxy.Options) { p.Mode = proxy.Reverse(wwwName, "8443") })
	c := tls.Client(u.raw(t), &tls.Config{RootCAs: u.pool, ServerName: wwwName})
	_, body := asks(t, c, "GET /named HTTP/1.1\r\nHost: www.lab.test:8443\r\nConnection: close\r\n\r\n")
	if !strings.Contains(body, "GET /named") {
		t.Error(body)
	}
	// Without server_name, the certificate is asked for by the name that the proxy was told.
	nameless := tls.Client(u.raw(t), &tls.Config{InsecureSkipVerify: true, VerifyPeerCertificate: pinOf(u.Root())})
	_, body = asks(t, nameless, "GET /nameless HTTP/1.1\r\nHost: www.lab.test:8443\r\nConnection: close\r\n\r\n")
	if !strings.Contains(body, "GET /nameless") {
		t.Error(body)
	}
	for _, e := range u.total(t, 2) {
		sound(t, e)
		if e.Host != wwwName+":8443" || e.ToServer.ServerName != wwwName {
			t.Errorf("to %s, asked for as %s", e.Host, e.ToServer.ServerName)
		}
	}
}

// TestReverseNotTLS: in this mode TLS is sure to follow.
func TestReverseNotTLS(t *testing.T) {
	u := start(t, nil, func(p *proxy.Options) { p.Mode = proxy.Reverse(wwwName, "443") })
	c := u.raw(t)
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	ended(t, c)
	faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideClient, proxy.SideProxy, proxy.CauseNotTLS)
}

// TestIPv6: a server that is asked for by its address, in brackets, is checked for that
// address and gets no server_name.
func TestIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 on this machine:", err)
	}
	l.Close()
	root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
	if err != nil {
		t.Fatal(err)
	}
	var asked string
	o := newOrigin(t, hello, func(c *tls.Config) {
		c.NextProtos = nil
		c.Certificates = []tls.Certificate{signedBy(t, root, authority.P256, authority.Request{DNSNames: []string{}, CommonName: "six", IPAddresses: []net.IP{net.IPv6loopback}}, authority.LeafOptions{})}
		c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) { asked = h.ServerName; return nil, nil }
	})
	var dialled string
	u := start(t, o, func(p *proxy.Options) {
		p.ToServer.Roots = pki.NewTrustStore(root.Cert)
		p.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialled = addr
			return o.dial(ctx, network, addr)
		}
	})
	c := u.dial(t, "[::1]:8443", &tls.Config{RootCAs: u.pool, ServerName: "::1"})
	asks(t, c, "GET / HTTP/1.1\r\nHost: [::1]:8443\r\nConnection: close\r\n\r\n")
	e := u.total(t, 1)[0]
	sound(t, e)
	if dialled != "[::1]:8443" || e.Host != "[::1]:8443" || asked != "" {
		t.Errorf("dialled %s for %s with server_name %q", dialled, e.Host, asked)
	}
}
