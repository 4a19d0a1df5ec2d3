//lint:file-ignore SA1019 net/http speaks HTTP/2 only where crypto/tls, or nobody, has agreed on it; on connections of
// another TLS, x/net/http2 is what does.

package proxy_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// newOrigin2 speaks HTTP/2 alone.
func newOrigin2(t testing.TB, h http.HandlerFunc) *origin {
	t.Helper()
	return newOrigin(t, h, func(c *tls.Config) { c.NextProtos = []string{"h2"} })
}

// TestStreams: many at once, on one connection each side.
func TestStreams(t *testing.T) {
	const n = 100
	var together sync.WaitGroup
	together.Add(n)
	var mu sync.Mutex
	conns := map[string]bool{}
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		conns[r.RemoteAddr] = true
		mu.Unlock()
		if r.URL.Path != fmt.Sprintf("/%d", n) {
			together.Done()
			together.Wait() // all of them are here
		}
		fmt.Fprint(w, r.URL.Path)
	})
	u := start(t, o, nil)
	c := u.client(nil)
	get := func(i int) error {
		resp, err := c.Get(fmt.Sprintf("https://%s/%d", wwwName, i))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if want := fmt.Sprintf("/%d", i); err == nil && (string(b) != want || resp.ProtoMajor != 2) {
			err = fmt.Errorf("%s %q, want %q", resp.Proto, b, want)
		}
		return err
	}
	var wg sync.WaitGroup
	if err := get(n); err != nil { // or net/http would dial for each
		t.Fatal(err)
	}
	for i := range n {
		wg.Go(func() {
			if err := get(i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c.CloseIdleConnections()
	perConn := map[int]int{}
	for _, e := range u.total(t, n+1) {
		sound(t, e)
		perConn[e.Conn]++
	}
	if len(conns) != len(perConn) {
		t.Errorf("%d connections to the server for the client's %d", len(conns), len(perConn))
	}
}

// TestStreaming: what is said on either side arrives before there is more to say.
func TestStreaming(t *testing.T) {
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		_ = http.NewResponseController(w).Flush()
		lines := bufio.NewScanner(r.Body)
		for n := 0; lines.Scan(); n++ {
			fmt.Fprintln(w, "heard", lines.Text())
			_ = http.NewResponseController(w).Flush()
		}
		w.Header().Set("Sum", fmt.Sprint(lines.Err(), r.Trailer))
		w.Header().Set(http.TrailerPrefix+"Late", "yes") // not announced
	})
	u := start(t, o, func(p *proxy.Options) { p.Bodies = 9 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	body, say := io.Pipe()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+wwwName+"/", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{"End": nil}
	c := u.client(nil)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(resp.Body)
	for _, word := range []string{"one", "two", "three"} {
		fmt.Fprintln(say, word)
		if line, err := lines.ReadString('\n'); line != "heard "+word+"\n" {
			t.Fatal(line, err)
		}
	}
	req.Trailer.Set("End", "over")
	say.Close()
	if b, err := io.ReadAll(lines); err != nil || len(b) > 0 {
		t.Errorf("%q, %v", b, err)
	}
	if got := resp.Trailer.Get("Sum"); got != "<nil> map[End:[over]]" {
		t.Errorf("trailer %q", got)
	}
	if got := resp.Trailer.Get("Late"); got != "yes" {
		t.Errorf("trailers %v", resp.Trailer)
	}
	resp.Body.Close()
	c.CloseIdleConnections()
	e := u.total(t, 1)[0]
	sound(t, e)
	if e.Sent != 14 || e.Received != 32 || string(e.RequestBody) != "one\ntwo\nt" || string(e.Body) != "heard one" {
		t.Errorf("%d sent, %q; %d received, %q", e.Sent, e.RequestBody, e.Received, e.Body)
	}
}

// TestHeads2: what a client says goes on as it came: odd queries, what it says of itself, a
// host of its own, a long field.
func TestHeads2(t *testing.T) {
	long := strings.Repeat("x", 50<<10)
	var got *http.Request
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		w.Header().Set("Long", long)
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
	})
	u := start(t, o, nil)
	req, err := http.NewRequest(http.MethodDelete, "https://"+wwwName+"/a//b%2Fc?x;y=%zz&q", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "other.lab.test:8443"
	req.Header = http.Header{"X-Forwarded-For": {"192.0.2.9"}, "Forwarded": {"for=192.0.2.9"}, "Long": {long}, "Te": {"trailers"}, "User-Agent": {"mine"}}
	c := u.client(nil)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTeapot || resp.Header.Get("Long") != long {
		t.Errorf("%s, a field of %d bytes", resp.Status, len(resp.Header.Get("Long")))
	}
	if got.RequestURI != "/a//b%2Fc?x;y=%zz&q" || got.Method != http.MethodDelete || got.Host != req.Host {
		t.Errorf("%s %s of %s", got.Method, got.RequestURI, got.Host)
	}
	for name, want := range req.Header {
		if got := got.Header[name]; strings.Join(got, ",") != strings.Join(want, ",") {
			t.Errorf("%s: %.40q", name, got)
		}
	}
	c.CloseIdleConnections()
	e := u.total(t, 1)[0]
	sound(t, e)
	if e.Status != http.StatusTeapot || e.Path != got.RequestURI {
		t.Errorf("%d %s", e.Status, e.Path)
	}
}

// TestEarlyHints2: what follows a 103 is what the server sent, and nothing by chance.
func TestEarlyHints2(t *testing.T) {
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"], w.Header()["Content-Type"] = nil, nil
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		fmt.Fprint(w, "<!doctype html>")
	})
	u := start(t, o, nil)
	c := u.client(nil)
	for n := range 20 {
		resp, _ := get(t, c, "https://"+wwwName+"/")
		if got := fmt.Sprint(resp.Header); got != "map[Content-Length:[15] Link:[</a>]]" {
			t.Fatal(got)
		}
		e := u.await(t, n+1)
		sound(t, e)
		if got := fmt.Sprint(e.Fields); got != "[{:status 200} {link </a>} {content-length 15}]" {
			t.Fatal(got)
		}
	}
}
