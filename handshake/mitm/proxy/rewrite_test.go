package proxy_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"tlslab/handshake/mitm/proxy"
)

// TestRewriter: over whatever pieces the source comes in, the result is that of the whole.
func TestRewriter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := func(least, most int) []byte {
		b := make([]byte, least+rnd.IntN(most-least+1))
		for i := range b {
			b[i] = "ab"[rnd.IntN(2)]
		}
		return b
	}
	for range 5000 {
		text, rules, pairs := letters(0, 40), []proxy.Rewrite(nil), []string(nil)
		for range 1 + rnd.IntN(3) {
			rule := proxy.Rewrite{Old: letters(1, 4), New: []byte("<>")[:rnd.IntN(3)]}
			rules, pairs = append(rules, rule), append(pairs, string(rule.Old), string(rule.New))
		}
		rw := proxy.NewRewriter(&pieces{bytes.Clone(text), rnd}, rules)
		got, err := io.ReadAll(iotest.OneByteReader(rw))
		// The standard library's Replacer has the same rules.
		if want := strings.NewReplacer(pairs...).Replace(string(text)); err != nil || string(got) != want {
			t.Fatalf("%q with %q: %q (%v), want %q", text, rules, got, err, want)
		}
		if len(rules) == 1 && rw.Replaced != bytes.Count(text, rules[0].Old) {
			t.Fatalf("%q with %q: replaced %d times", text, rules, rw.Replaced)
		}
	}
}

// pieces reads as much as it likes, the last time together with the end.
type pieces struct {
	b   []byte
	rnd *rand.Rand
}

func (p *pieces) Read(b []byte) (int, error) {
	n := copy(b, p.b[:min(len(p.b), p.rnd.IntN(4))])
	if p.b = p.b[n:]; len(p.b) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// TestRewriterRules: of several rules the first place counts, and there the first rule; what
// was put in is not looked through again.
func TestRewriterRules(t *testing.T) {
	rules := []proxy.Rewrite{{Old: []byte("abc"), New: []byte("1")}, {Old: []byte("b"), New: []byte("abc")}, {Old: []byte("ab"), New: []byte("2")}}
	got, err := io.ReadAll(proxy.NewRewriter(iotest.OneByteReader(strings.NewReader("abcabdb")), rules))
	if string(got) != "12dabc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	broken := errors.New("broken")
	got, err = io.ReadAll(proxy.NewRewriter(io.MultiReader(strings.NewReader("xa"), iotest.ErrReader(broken)), rules))
	if string(got) != "xa" || err != broken {
		t.Errorf("%q, %v: what came before it broke is not lost", got, err)
	}
}

// TestParseRewrite: OLD=NEW.
func TestParseRewrite(t *testing.T) {
	for text, want := range map[string][2]string{"a=b": {"a", "b"}, "a=": {"a", ""}, "a=b=c": {"a", "b=c"}, "ä=ö": {"ä", "ö"}} {
		if r, err := proxy.ParseRewrite(text); err != nil || string(r.Old) != want[0] || string(r.New) != want[1] {
			t.Errorf("%q: %q, %v", text, r, err)
		}
	}
	for _, bad := range []string{"", "a", "=b", "="} {
		if _, err := proxy.ParseRewrite(bad); err == nil {
			t.Errorf("%q is no rewriting", bad)
		}
	}
}

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
					p.Rewrite = []proxy.Rewrite{{Old: []byte("hello"), New: []byte("good-bye")}, {Old: []byte("secret"), New: nil}}
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
	rules := []proxy.Rewrite{{Old: []byte("a"), New: []byte("bb")}}
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
