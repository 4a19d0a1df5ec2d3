package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// TestUpstreamVerified: a server whose certificate is not to be believed is refused with the
// alert that says why, and the client is not shown a forgery of it, but a page under a certificate
// that copies nothing; unless it is to be believed all the same, and then the entry says so.
func TestUpstreamVerified(t *testing.T) {
	now := time.Now()
	for _, x := range []struct {
		name  string
		req   authority.Request
		o     authority.LeafOptions
		alien bool // of a root that the proxy does not know
		alert iana.AlertDescription
	}{
		{"good", authority.Request{}, authority.LeafOptions{}, false, 0},
		{"expired", authority.Request{}, authority.LeafOptions{NotBefore: now.Add(-48 * time.Hour), NotAfter: now.Add(-24 * time.Hour)}, false, iana.CertificateExpired},
		{"not yet valid", authority.Request{}, authority.LeafOptions{NotBefore: now.Add(24 * time.Hour)}, false, iana.CertificateExpired},
		{"wrong name", authority.Request{DNSNames: []string{"www.example.org"}}, authority.LeafOptions{}, false, iana.BadCertificate},
		{"untrusted", authority.Request{}, authority.LeafOptions{}, true, iana.UnknownCA},
		{"for clients", authority.Request{}, authority.LeafOptions{Client: true}, false, iana.UnsupportedCertificate},
	} {
		for _, insecure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, insecure %t", x.name, insecure), func(t *testing.T) {
				root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
				if err != nil {
					t.Fatal(err)
				}
				cert := signedBy(t, root, authority.P256, x.req, x.o)
				o := newOrigin(t, hello, func(c *tls.Config) { c.Certificates, c.NextProtos = []tls.Certificate{cert}, nil })
				u := start(t, o, func(p *proxy.Options) {
					p.ToServer.Weak.SkipVerify = insecure
					p.ToServer.Roots = pki.NewTrustStore(root.Cert)
					if x.alien {
						p.ToServer.Roots = pki.NewTrustStore()
					}
				})
				// What it is shown is not what this client looks at here.
				c := tls.Client(u.connect(t, wwwName+":443"), &tls.Config{InsecureSkipVerify: true, ServerName: wwwName})
				err = c.Handshake()
				if x.alert == 0 || insecure {
					if err != nil {
						t.Fatal(err)
					}
					asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
					e := u.total(t, 1)[0]
					sound(t, e)
					if marked := slices.Contains(e.Warnings, proxy.WarnUnverified); marked != (x.alert != 0) {
						t.Errorf("warnings %v", e.Warnings)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				standsIn(t, u, c)
				if status, _ := asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"); status != 502 {
					t.Errorf("the client reads %d", status)
				}
				e := u.total(t, 1)[0]
				faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnbelieved)
				if f := e.Fault; f != nil && (!f.Alerted || f.Alert != x.alert) {
					t.Errorf("alert %v, want %v", f.Alert, x.alert)
				}
			})
		}
	}
}

// TestMutualTLS: a server that wants a certificate gets ours, if we have one, and the list
// says what is missing if we have not.
func TestMutualTLS(t *testing.T) {
	users, err := authority.NewRoot(authority.Options{CommonName: "Users"})
	if err != nil {
		t.Fatal(err)
	}
	others, err := authority.NewRoot(authority.Options{CommonName: "Others"})
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(users.Cert)
	mine := signedBy(t, users, authority.P256, authority.Request{CommonName: "alice"}, authority.LeafOptions{Client: true})
	theirs := signedBy(t, others, authority.P256, authority.Request{CommonName: "mallory"}, authority.LeafOptions{Client: true})
	for _, x := range []struct {
		name    string
		version uint16
		show    *tls.Certificate
		demand  tls.ClientAuthType
		ok      bool
		alert   iana.AlertDescription
	}{
		{"1.3, with", tls.VersionTLS13, &mine, tls.RequireAndVerifyClientCert, true, 0},
		{"1.2, with", tls.VersionTLS12, &mine, tls.RequireAndVerifyClientCert, true, 0},
		{"1.3, without", tls.VersionTLS13, nil, tls.RequireAndVerifyClientCert, false, iana.CertificateRequired},
		{"1.2, without", tls.VersionTLS12, nil, tls.RequireAndVerifyClientCert, false, iana.HandshakeFailure},
		// Ours is not of an authority that the server names: it is not shown.
		{"1.3, another's", tls.VersionTLS13, &theirs, tls.RequireAndVerifyClientCert, false, iana.CertificateRequired},
		{"1.2, another's", tls.VersionTLS12, &theirs, tls.RequireAndVerifyClientCert, false, iana.HandshakeFailure},
		{"1.3, not believed", tls.VersionTLS13, &theirs, tls.RequireAnyClientCert, false, iana.BadCertificate},
		{"1.2, not believed", tls.VersionTLS12, &theirs, tls.RequireAnyClientCert, false, iana.BadCertificate},
		{"1.3, asked only", tls.VersionTLS13, nil, tls.RequestClientCert, true, 0},
		{"1.2, asked only", tls.VersionTLS12, nil, tls.RequestClientCert, true, 0},
	} {
		for _, proto := range []string{"http/1.1", "h2"} {
			t.Run(x.name+", "+proto, func(t *testing.T) {
				o := newOrigin(t, hello, func(c *tls.Config) {
					c.MinVersion, c.MaxVersion, c.ClientAuth, c.ClientCAs, c.NextProtos = x.version, x.version, x.demand, pool, []string{proto}
					if x.demand == tls.RequireAnyClientCert {
						c.ClientCAs = nil // which names no authorities
						c.VerifyPeerCertificate = func([][]byte, [][]*x509.Certificate) error { return errors.New("not one of us") }
					}
				})
				u := start(t, o, func(p *proxy.Options) {
					if x.show != nil {
						p.ToServer.Certificates = []handshake.Certificate{{Chain: x.show.Certificate, Key: x.show.PrivateKey}}
					}
				})
				resp, err := u.client(nil).Get("https://" + wwwName + "/")
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				e := u.await(t, 1)
				if !e.ToServer.CertificateRequested {
					t.Error("the entry does not know that a certificate was asked for")
				}
				if x.ok {
					if err != nil || resp.StatusCode != 200 {
						t.Error(resp, err)
					}
					sound(t, e)
					return
				}
				if err == nil && resp.StatusCode == 200 {
					t.Error("the server had no certificate, and replied")
				}
				if f := e.Fault; f == nil || f.Side != proxy.SideServer || f.By != proxy.SideServer || f.Cause != proxy.CauseWantsCertificate || f.Alert != x.alert {
					t.Errorf("a %s: %v, %+v", e.Kind, f, f)
				}
			})
		}
	}
}

// TestMutualTLSPage: TLS 1.3's server refuses after both handshakes: an HTTP/1.1 client is
// told in a page, whether it asks before the refusal has come or after.
func TestMutualTLSPage(t *testing.T) {
	o := newOrigin(t, hello, func(c *tls.Config) {
		c.MinVersion, c.ClientAuth, c.NextProtos = tls.VersionTLS13, tls.RequireAnyClientCert, nil
	})
	u := start(t, o, func(p *proxy.Options) {
		p.Page = func(f *proxy.Fault) string { return "because of " + string(f.Cause) }
	})
	c := u.tunnel(t)
	status, body := asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n")
	if status != 502 || !strings.HasSuffix(body, "because of wants_certificate") {
		t.Errorf("%d, %q", status, body)
	}
	e := u.total(t, 1)[0]
	faulty(t, e, proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseWantsCertificate)
	if e.Status != 502 || e.Path != "/" {
		t.Errorf("%+v", e)
	}
}

// TestUnreachable: no server, and a client that speaks something else than HTTP hears it in TLS.
func TestUnreachable(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	o.Close()
	c := tls.Client(u.connect(t, wwwName+":443"), &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"imap"}})
	if err := c.Handshake(); err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Error(err)
	}
	c.Close()
	e := u.total(t, 1)[0]
	faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
	if e.Server != "" || e.Host != wwwName {
		t.Errorf("%+v", e)
	}
}
