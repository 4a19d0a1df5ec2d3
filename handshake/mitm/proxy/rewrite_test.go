package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
)

// TestRewriting: bodies both ways, however they are framed. The longer and the shorter
// stand across the boundaries of what is written at once.
func TestRewriting(t *testing.T) {
	seen := make(chan string, 1)
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		seen <- fmt.Sprintf("%s %q %v", b, r.Header["Accept-Encoding"], err)
		control := http.NewResponseController(w)
		switch r.URL.Path {
		case "/fixed":
			w.Header().Set("Content-Length", "11")
			fmt.Fprint(w, "hello hello")
		case "/chunked":
			for _, part := range []string{"hel", "lo h", "ello"} {
				fmt.Fprint(w, part)
				_ = control.Flush()
			}
		case "/close":
			c, rw, err := control.Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			fmt.Fprint(rw, "HTTP/1.1 200 OK\r\n\r\nhello hello")
			rw.Flush()
			c.Close()
		case "/empty":
		}
	})
	for _, proto := range []string{"h2", "http/1.1"} {
		for _, path := range []string{"/fixed", "/chunked", "/close", "/empty"} {
			if proto == "h2" && path == "/close" {
				continue // there is no such thing
			}
			t.Run(proto+path, func(t *testing.T) {
				o := newOrigin(t, h, func(c *tls.Config) { c.NextProtos = []string{proto} })
				u := start(t, o, func(p *proxy.Options) {
					p.Rewrite = []mitm.Rewrite{{Old: "hello", New: "good-bye"}, {Old: "secret"}}
					p.Bodies = 100
				})
				for i, body := range []io.Reader{nil, strings.NewReader("a secret, hello"), io.MultiReader(strings.NewReader("a sec"), strings.NewReader("ret, hello"))} {
					method := http.MethodPost
					if body == nil {
						method = http.MethodGet
					}
					req, err := http.NewRequest(method, "https://"+wwwName+path, body)
					if err != nil {
						t.Fatal(err)
					}
					req.Header.Set("Accept-Encoding", "gzip")
					c := u.client(nil)
					resp, err := c.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(resp.Body)
					resp.Body.Close()
					c.CloseIdleConnections()
					u.await(t, i+1)
					want := map[bool]string{true: "", false: "good-bye good-bye"}[path == "/empty"]
					if err != nil || string(got) != want {
						t.Errorf("%q, %v", got, err)
					}
					want = map[bool]string{true: ``, false: `a , good-bye`}[body == nil] + " [] <nil>"
					if s := <-seen; s != want {
						t.Errorf("the server saw %s, not %s", s, want)
					}
				}
				for i, e := range u.total(t, 3) {
					sound(t, e)
					if marked := slices.Contains(e.Warnings, proxy.WarnRewritten); marked != (path != "/empty" || i > 0) {
						t.Errorf("entry %d: warnings %v", i+1, e.Warnings)
					}
				}
			})
		}
	}
}

// TestRewritingFraming: what is chunked anyway keeps its trailer, what has no body its
// head; and a client of HTTP/1.0, which knows no chunks, gets the end of the connection.
func TestRewritingFraming(t *testing.T) {
	rules := []mitm.Rewrite{{Old: "a", New: "bb"}}
	for _, x := range []struct {
		name  string
		lines []line
		open  bool
	}{
		{"HEAD", []line{
			{client, "HEAD /a HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", "HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"},
			{server, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", ""},
		}, true},
		{"trailer", []line{
			{client, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nSum: a\r\n\r\n",
				"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbb\r\n0\r\nSum: a\r\n\r\n"},
			{server, "HTTP/1.1 204 No Content\r\n\r\n", ""},
		}, true},
		{"fixed", []line{
			{client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\na",
				"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbb\r\n0\r\n\r\n"},
			{server, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbb\r\n0\r\n\r\n"},
			{client, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n", ""},
			{server, "HTTP/1.1 204 No Content\r\n\r\n", ""},
		}, true},
		{"HTTP/1.0", []line{
			{client, "POST /a HTTP/1.0\r\nContent-Length: 1\r\n\r\na", ""}, // to what length could it be changed?
			{server, "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\naa", "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nbbbb"},
		}, false},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newScripted(t, nil)
			u := start(t, o.origin, func(p *proxy.Options) { p.Rewrite = rules })
			c := u.tunnel(t)
			s := o.next(t)
			play(t, c, s, x.lines)
			if x.open {
				play(t, c, s, []line{{client, bye, ""}})
			} else {
				ended(t, c)
			}
			for _, e := range u.total(t, len(x.lines)/2) {
				sound(t, e)
			}
		})
	}
}
