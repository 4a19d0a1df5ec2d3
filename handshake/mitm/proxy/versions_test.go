package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/observe"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// TestVersions: each leg has the version that its ends agree upon, whatever the other one
// has; and both can be explained afterwards from what was kept.
func TestVersions(t *testing.T) {
	names := map[uint16]string{tls.VersionTLS12: "TLS 1.2", tls.VersionTLS13: "TLS 1.3"}
	for _, left := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, right := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(names[left]+" and "+names[right], func(t *testing.T) {
				o := newOrigin(t, hello, func(c *tls.Config) { c.MinVersion, c.MaxVersion = right, right })
				u := start(t, o, nil)
				for i, proto := range []string{"http/1.1", "h2"} {
					c := u.client(func(tr *http.Transport) {
						c := tr.TLSClientConfig
						c.MinVersion, c.MaxVersion, c.NextProtos, tr.ForceAttemptHTTP2 = left, left, []string{proto}, proto == "h2"
					})
					get(t, c, "https://"+wwwName+"/")
					c.CloseIdleConnections()
					u.await(t, i+1)
				}
				for i, e := range u.total(t, 2) {
					sound(t, e)
					if got := [2]string{e.ToClient.Version.String(), e.ToServer.Version.String()}; got != [2]string{names[left], names[right]} {
						t.Errorf("the legs have %v", got)
					}
					if downgraded := slices.Contains(e.Warnings, proxy.WarnDowngraded); downgraded != (left != right) {
						t.Errorf("warnings %v", e.Warnings)
					}
					explained(t, u.Recording(e.Conn), []string{"GET / HTTP/1.1", "PRI * HTTP/2.0"}[i])
				}
			})
		}
	}
}

// explained checks that both legs of a recording open with the secrets kept beside them, and
// that each hears the client say this.
func explained(t *testing.T, r *proxy.Recording, first string) {
	t.Helper()
	if r == nil {
		t.Fatal("nothing was kept")
	}
	for name, leg := range map[string]*proxy.LegRecording{"client": &r.ToClient, "server": &r.ToServer} {
		report, err := leg.Observe(observe.Options{})
		if err != nil || report.Err != nil {
			t.Errorf("%s leg: %v, %v", name, err, report.Err)
		}
		if !report.ReadData || report.Sealed > 0 || !strings.HasPrefix(string(report.FromClient), first) || len(report.FromServer) == 0 {
			t.Errorf("%s leg: %d records stayed closed (%v), the client says %.40q", name, report.Sealed, report.Closed, report.FromClient)
		}
		if !report.ReadHandshake {
			t.Errorf("%s leg: no handshake message was opened", name)
		}
		if leg.Lost() > 0 {
			t.Errorf("%s leg: %d bytes lost", name, leg.Lost())
		}
	}
	var told []string // the flow, and the steps of the interceptor, each once
	var records, onlooked int
	sealed := 0 // to the listener
	if err := r.Explain(event.ListenerFunc(func(e event.Event) {
		switch e := e.(type) {
		case *event.Record:
			records++
		case *event.Onlooked:
			for _, r := range e.Records {
				onlooked++
				if r.Of("mitm") != event.AccessReads {
					t.Errorf("the proxy is said to have %s of what it has relayed", r.Of("mitm"))
				}
				if r.Of("listener") == event.AccessSealed {
					sealed++
				}
			}
		case event.Scene:
			if s := fmt.Sprint(e.Values()[0].Value); !slices.Contains(told, s) { // much is said in pieces
				told = append(told, s)
			}
		}
	})); err != nil {
		t.Error(err)
	}
	if onlooked != records || sealed == 0 || sealed == onlooked {
		t.Errorf("of %d records %d are told of, and %d were sealed to a listener", records, onlooked, sealed)
	}
	if want := []string{"proxy_both", "2", "3", "4", "5", "6", "7"}; !slices.Equal(told, want) {
		t.Errorf("the scenes are %v, want %v", told, want)
	}
}

// TestKinds: whatever the server's key is, the forgery's is P-256, and crypto/x509 accepts
// it with subject, names and dates of the genuine one.
func TestKinds(t *testing.T) {
	for _, kind := range []authority.KeyKind{authority.P256, authority.RSA2048, authority.Ed25519} {
		for _, max := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s, %#x", kind, max), func(t *testing.T) {
				root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
				if err != nil {
					t.Fatal(err)
				}
				real := signedBy(t, root, kind, authority.Request{CommonName: "Common", Organization: "Lab & Co", DNSNames: []string{wwwName, "*.other.test"},
					IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1).To4()}}, authority.LeafOptions{})
				o := newOrigin(t, hello, func(c *tls.Config) {
					c.Certificates, c.MaxVersion, c.NextProtos = []tls.Certificate{real}, max, nil
				})
				u := start(t, o, func(p *proxy.Options) { p.ToServer.Roots = pki.NewTrustStore(root.Cert) })
				c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
				forged := c.ConnectionState().PeerCertificates
				asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
				e := u.total(t, 1)[0]
				sound(t, e)

				genuine, err := x509.ParseCertificate(real.Certificate[0])
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range []string{wwwName, "a.other.test", "192.0.2.1"} {
					if _, err := forged[0].Verify(x509.VerifyOptions{DNSName: name, Roots: u.pool}); err != nil {
						t.Error(err)
					}
				}
				if forged[0].PublicKeyAlgorithm != x509.ECDSA || string(forged[0].RawSubject) != string(genuine.RawSubject) ||
					!forged[0].NotBefore.Equal(genuine.NotBefore) || !forged[0].NotAfter.Equal(genuine.NotAfter) || forged[0].SerialNumber.Cmp(genuine.SerialNumber) == 0 {
					t.Errorf("%v by %v, from %v to %v", forged[0].Subject, forged[0].PublicKeyAlgorithm, forged[0].NotBefore, forged[0].NotAfter)
				}
				if !e.ToServer.PeerChain[0].Equal(genuine) || e.ToServer.Report == nil || !e.ToServer.Report.OK {
					t.Error("the entry does not have the genuine certificate, and why it is believed")
				}
			})
		}
	}
}

// TestForgedOnce: two connections to one server see the same forgery.
func TestForgedOnce(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	var raw [2]string
	for i := range raw {
		c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName})
		raw[i] = string(c.ConnectionState().PeerCertificates[0].Raw)
		c.Close()
	}
	if raw[0] != raw[1] {
		t.Error("it was forged twice")
	}
}

// TestOldFashioned: what one should know of a leg is among its warnings.
func TestOldFashioned(t *testing.T) {
	for _, x := range []struct {
		suite uint16
		want  []proxy.Warning
	}{
		{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, []proxy.Warning{proxy.WarnNoForwardSecrecy, proxy.WarnDowngraded}},
		{tls.TLS_RSA_WITH_AES_128_CBC_SHA, []proxy.Warning{proxy.WarnNoForwardSecrecy, proxy.WarnCBC, proxy.WarnDowngraded}},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, []proxy.Warning{proxy.WarnCBC, proxy.WarnDowngraded}},
	} {
		t.Run(tls.CipherSuiteName(x.suite), func(t *testing.T) {
			root, err := authority.NewRoot(authority.Options{CommonName: "Origin Root"})
			if err != nil {
				t.Fatal(err)
			}
			cert := signedBy(t, root, authority.RSA2048, authority.Request{}, authority.LeafOptions{})
			o := newOrigin(t, hello, func(c *tls.Config) {
				c.Certificates, c.MaxVersion, c.CipherSuites, c.NextProtos = []tls.Certificate{cert}, tls.VersionTLS12, []uint16{x.suite}, nil
			})
			u := start(t, o, func(p *proxy.Options) { p.ToServer.Roots = pki.NewTrustStore(root.Cert) })
			asks(t, u.tunnel(t), "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
			e := u.total(t, 1)[0]
			sound(t, e)
			if !slices.Equal(e.Warnings, x.want) {
				t.Errorf("%v, want %v", e.Warnings, x.want)
			}
			explained(t, u.Recording(1), "GET / HTTP/1.1")
		})
	}
}
