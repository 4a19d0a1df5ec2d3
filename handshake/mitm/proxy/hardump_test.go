package proxy_test

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
)

// member is what lies under names in a HAR's entry; nil if nothing does.
func member(entry map[string]any, names ...string) any {
	var x any = entry
	for _, n := range names {
		m, _ := x.(map[string]any)
		x = m[n]
	}
	return x
}

// TestHARTellsTLS: the two legs with the certificates that were shown on them.
func TestHARTellsTLS(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	resp, _ := get(t, u.client(nil), "https://"+wwwName+"/")
	h := harOf(t, u.await(t, 1))
	genuine, forged := o.Certificate(), resp.TLS.PeerCertificates[0]
	if o.TLS != nil && len(o.TLS.Certificates) > 0 && o.TLS.Certificates[0].Leaf != nil {
		genuine = o.TLS.Certificates[0].Leaf
	}
	for leg, want := range map[string]string{"client": fmt.Sprintf("%x", sha256.Sum256(forged.Raw)), "server": fmt.Sprintf("%x", sha256.Sum256(genuine.Raw))} {
		if got := member(h, "_tls", leg, "certificate", "sha256"); got != want {
			t.Errorf("%s: %v, want %s", leg, got, want)
		}
		for _, name := range []string{"version", "cipherSuite", "group", "serverName"} {
			if v, _ := member(h, "_tls", leg, name).(string); v == "" {
				t.Errorf("%s: no %s: %v", leg, name, member(h, "_tls", leg))
			}
		}
	}
	if got, want := member(h, "_tls", "client", "certificate", "issuer"), forged.Issuer.String(); got != want {
		t.Errorf("issued by %v, not %s", got, want)
	}
	if h["_fault"] != nil {
		t.Error(h["_fault"])
	}
}

// TestHARTellsFaults: who gave up, and why.
func TestHARTellsFaults(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	c := u.client(func(tr *http.Transport) { tr.TLSClientConfig.RootCAs = o.pool })
	if _, err := c.Get("https://" + wwwName + "/"); err == nil {
		t.Fatal("the client believed the forgery")
	}
	h := harOf(t, u.await(t, 1))
	if got := fmt.Sprint(member(h, "_fault", "side"), member(h, "_fault", "by"), member(h, "_fault", "cause"), member(h, "_fault", "alert")); got != "clientclientcertificate_refusedbad_certificate" {
		t.Error(got)
	}
	if member(h, "_tls", "client", "certificate", "sha256") == nil {
		t.Error("it does not say which certificate was refused")
	}
	u = start(t, o, func(o *proxy.Options) { o.ToServer.Roots = pki.NewTrustStore() })
	get(t, u.client(nil), "https://"+wwwName+"/")
	h = harOf(t, u.await(t, 1))
	if got := fmt.Sprint(member(h, "_fault", "side"), member(h, "_fault", "by"), member(h, "_fault", "cause")); got != "serverproxyunbelieved" || member(h, "_tls", "server", "certificate", "issuer") == nil {
		t.Error(got, member(h, "_tls", "server"))
	}
}

// TestHARURL: what a request calls its host and its target, in every form, makes a URL that has one
// authority and a path; a host that is not the handshake's is marked.
func TestHARURL(t *testing.T) {
	for _, x := range []struct {
		target, host string
		url          string
		other        bool
	}{
		{"/a?b", "www.lab.test", "https://www.lab.test/a?b", false},
		{"/a", "WWW.Lab.Test", "https://www.lab.test/a", false},
		{"/a", "www.lab.test:443", "https://www.lab.test/a", false},
		{"/a", "www.lab.test:8443", "https://www.lab.test:8443/a", false},
		{"/a", "www.mybank.example", "https://www.mybank.example/a", true},
		{"/a", "[::1]:443", "https://[::1]/a", true},
		{"/a", "[::1]", "https://[::1]/a", true},
		{"https://www.other.example/x?y", "www.lab.test", "https://www.other.example/x?y", true},
		{"HTTPS://www.lab.test/x", "www.lab.test", "https://www.lab.test/x", false},
		{"https://user:pw@www.lab.test/x", "www.lab.test", "https://www.lab.test/x", false},
		{"https://[2001:db8::1]:8443/x", "www.lab.test", "https://[2001:db8::1]:8443/x", true},
		{"https://www.other.example", "www.lab.test", "https://www.other.example/", true},
		{"https://www.other.example?q", "www.lab.test", "https://www.other.example/?q", true},
	} {
		for _, proto := range []string{"http/1.1", "h2"} {
			if proto == "h2" && x.target[0] != '/' {
				continue // which no :path may be (RFC 9113 §8.3.1): it goes to no server
			}
			o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{proto}; return c })
			u := start(t, o.origin, nil)
			c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{proto}})
			lines := []line{{client, "GET " + x.target + " HTTP/1.1\r\nHost: " + x.host + "\r\n\r\n", ""}, {server, "HTTP/1.1 204 No Content\r\n\r\n", ""}}
			if proto == "h2" {
				all := http2.FlagHeadersEndHeaders | http2.FlagHeadersEndStream
				lines = []line{{client, http2.ClientPreface + frame2(http2.FrameSettings, 0, 0, "") + frame2(http2.FrameHeaders, all, 1, block2(":method=GET", ":scheme=https", ":path="+x.target, ":authority="+x.host)), ""},
					{server, frame2(http2.FrameSettings, 0, 0, "") + frame2(http2.FrameHeaders, all, 1, block2(":status=204")), ""}}
			}
			play(t, c, o.next(t), append(lines, line{client, bye, silence}))
			e := u.total(t, 1)[0]
			h := harOf(t, e)
			if got := member(h, "request", "url"); got != x.url {
				t.Errorf("%s: %s of %s: %v, want %s", proto, x.target, x.host, got, x.url)
			}
			if shown := e.Scheme + "://" + e.Host + e.Path; !strings.EqualFold(shown, x.url) {
				t.Errorf("%s: %s of %s: the list shows %s", proto, x.target, x.host, shown)
			}
			if marked := fmt.Sprint(h["_warnings"]) == "[other_host]"; marked != x.other {
				t.Errorf("%s: %s of %s: %v", proto, x.target, x.host, h["_warnings"])
			}
		}
	}
}
