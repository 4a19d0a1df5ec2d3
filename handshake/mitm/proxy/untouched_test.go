package proxy_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
)

func patternsOf(t testing.TB, texts ...string) (out []proxy.Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := proxy.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// TestUntouched: of a host to leave alone the client sees the genuine certificate, and
// the list how much went by.
func TestUntouched(t *testing.T) {
	for _, x := range []struct {
		name          string
		ignore, allow []string
		target        string // of CONNECT; the client asks for wwwName
		untouched     bool
	}{
		{"no patterns", nil, nil, wwwName + ":443", false},
		{"ignored", []string{wwwName}, nil, wwwName + ":443", true},
		{"ignored, upper case", []string{strings.ToUpper(wwwName)}, nil, wwwName + ":443", true},
		{"ignored, all", []string{"*"}, nil, wwwName + ":443", true},
		{"ignored below", []string{"*.lab.test"}, nil, wwwName + ":443", true},
		{"ignored elsewhere", []string{"lab.test", "*.www.lab.test"}, nil, wwwName + ":443", false},
		{"ignored at the port", []string{"*.lab.test:8443"}, nil, wwwName + ":8443", true},
		{"ignored at another port", []string{"*.lab.test:8443"}, nil, wwwName + ":443", false},
		{"ignored by server_name", []string{wwwName}, nil, "192.0.2.1:443", true},
		{"ignored by target", []string{"192.0.2.*"}, nil, "192.0.2.1:443", true},
		{"ignored by target, IPv6", []string{"[2001:db8::1]:443"}, nil, "[2001:db8::1]:443", true},
		{"allowed", nil, []string{wwwName}, wwwName + ":443", false},
		{"allowed by server_name", nil, []string{wwwName}, "192.0.2.1:443", false},
		{"others allowed", nil, []string{"*.example.org"}, wwwName + ":443", true},
		{"allowed and ignored", []string{"www.*"}, []string{"*.lab.test"}, wwwName + ":443", true},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
			u := start(t, o, func(p *proxy.Options) {
				p.Ignore, p.Allow = patternsOf(t, x.ignore...), patternsOf(t, x.allow...)
			})
			pool := u.pool
			if x.untouched {
				pool = o.pool
			}
			c := u.dial(t, x.target, &tls.Config{RootCAs: pool, ServerName: wwwName})
			asks(t, c, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
			c.NetConn().Close() // a close_notify that nobody reads any more would be answered with a reset
			e := u.total(t, 1)[0]
			sound(t, e)
			if !x.untouched {
				if e.Kind != proxy.Request {
					t.Errorf("a %s", e.Kind)
				}
				return
			}
			// A TLS 1.3 handshake has a hybrid's share each way, and more.
			if e.Kind != proxy.Untouched || e.Sent < 1000 || e.Received < 1000 || e.ToClient != nil || e.Server == "" {
				t.Errorf("a %s, %d sent, %d received", e.Kind, e.Sent, e.Received)
			}
		})
	}
}

// TestUntouchedInClear: also what is no TLS passes as it is, whoever speaks first, and
// nothing in it is rewritten.
func TestUntouchedInClear(t *testing.T) {
	for _, first := range []side{client, server} {
		o := newScripted(t, func(*tls.Config) *tls.Config { return nil })
		u := start(t, o.origin, func(p *proxy.Options) {
			p.Ignore = patternsOf(t, wwwName)
			p.Rewrite = []mitm.Rewrite{{Old: "a", New: "b"}}
		})
		c := u.connect(t, wwwName+":80")
		s := o.next(t) // of whom nothing needs to be known
		lines := []line{
			{client, "POST / HTTP/1.1\r\nAccept-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", ""},
			{server, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", ""},
		}
		if first == server {
			lines = append([]line{{server, "hello\r\n", ""}}, lines...)
		}
		play(t, c, s, append(lines, line{client, bye, ""}))
		s.Close()
		e := u.total(t, 1)[0]
		sound(t, e)
		if e.Kind != proxy.Untouched || len(e.Warnings) > 0 {
			t.Errorf("a %s, %v", e.Kind, e.Warnings)
		}
	}
	// Where the list is of those to capture, it is not known at once.
	o := newScripted(t, func(*tls.Config) *tls.Config { return nil })
	u := start(t, o.origin, func(p *proxy.Options) { p.Allow = patternsOf(t, "*.example.org") })
	c := u.connect(t, wwwName+":80")
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s := o.next(t)
	play(t, s, c, []line{{client, "HTTP/1.1 204 No Content\r\n\r\n", ""}, {client, bye, ""}})
	c.Close()
	if e := u.total(t, 1)[0]; e.Kind != proxy.Untouched {
		t.Errorf("a %s", e.Kind)
	}
}

// TestUntouchedPlain: a whole http URL has to be parsed to be passed on, but nothing of it
// is rewritten or kept.
func TestUntouchedPlain(t *testing.T) {
	o := newPlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		_, _ = w.Write(append(b, r.Header.Get("Accept-Encoding")...))
	}))
	u := start(t, o, func(p *proxy.Options) {
		p.Ignore = patternsOf(t, "*.lab.test:80")
		p.Rewrite = []mitm.Rewrite{{Old: "a", New: "b"}}
		p.Bodies = 100
	})
	req, err := http.NewRequest("POST", "http://"+wwwName+"/", strings.NewReader("alas"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := u.client(nil).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || string(b) != "alasgzip" {
		t.Errorf("%q, %v", b, err)
	}
	resp.Body.Close()
	e := u.total(t, 1)[0]
	sound(t, e)
	if len(e.RequestBody)+len(e.Body) > 0 || e.Sent != 4 || e.Received != 8 {
		t.Errorf("%+v", e)
	}
}

// TestPatterns: what is no pattern, and what no host fits, says so.
func TestPatterns(t *testing.T) {
	for _, bad := range []string{"", ":443", "[", "[a", "a[", `a\`, "a..b", ".example.org", "..", "a:0", "a:65536", "a:https", "a:*", "b*ücher.example", "[ü].example", strings.Repeat("a", 64) + ".example", "https://www.example.org", "\xff.example"} {
		if _, err := proxy.ParsePattern(bad); err == nil {
			t.Errorf("%q is a pattern", bad)
		}
	}
}
