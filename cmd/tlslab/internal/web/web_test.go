package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
)

const port = "8000"

// asked is what the lab answers to one request.
func asked(t *testing.T, h http.Handler, target string, change func(*http.Request)) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.Host = "127.0.0.1:" + port
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func handler() http.Handler {
	f := new(webFlags)
	f.Lang = narrate.En
	return f.handler("127.0.0.1:" + port)
}

// fetched is what a browser says of who asks, and for what.
func fetched(site, dest string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Sec-Fetch-Site", site)
		r.Header.Set("Sec-Fetch-Dest", dest)
	}
}

// TestGuard: who does not ask for this machine by a name of its own, or comes from a page of
// somebody else's, is told nothing; and whatever is told is kept by nobody.
func TestGuard(t *testing.T) {
	h := handler()
	for name, test := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"us":                {func(*http.Request) {}, 200},
		"by name":           {func(r *http.Request) { r.Host = "localhost:8000" }, 200},
		"over IPv6":         {func(r *http.Request) { r.Host = "[::1]:8000" }, 200},
		"our own page":      {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:8000") }, 200},
		"rebound":           {func(r *http.Request) { r.Host = "evil.example:8000" }, 421},
		"rebound, no port":  {func(r *http.Request) { r.Host = "localhost" }, 421},
		"another port":      {func(r *http.Request) { r.Host = "127.0.0.1:8001" }, 421},
		"another loopback":  {func(r *http.Request) { r.Host = "127.0.0.2:8000" }, 421},
		"a foreign page":    {func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }, 403},
		"a file":            {func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		"another port's":    {func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:9000") }, 403},
		"the same by https": {func(r *http.Request) { r.Header.Set("Origin", "https://127.0.0.1:8000") }, 403},
		"an image's":        {fetched("cross-site", "image"), 403},
		"a neighbour's":     {fetched("same-site", "iframe"), 403},
		"a link to us":      {fetched("cross-site", "document"), 200},
		"our own form":      {fetched("same-origin", "document"), 200},
		"typed":             {fetched("none", "document"), 200},
		"a POST":            {func(r *http.Request) { r.Method = http.MethodPost }, 405},
		"long":              {func(r *http.Request) { r.RequestURI = "/?seed=" + strings.Repeat("7", 8<<10) }, 414},
		"elsewhere":         {func(r *http.Request) { r.URL.Path = "/etc/passwd" }, 404},
	} {
		res := asked(t, h, "/?tls=1.3&seed=7&lang=en", test.change)
		if res.StatusCode != test.status {
			t.Errorf("%s: %s", name, res.Status)
		}
		if res.Header.Get("Cache-Control") != "no-store" || !strings.HasSuffix(res.Header.Get("Content-Security-Policy"), "; frame-ancestors 'none'") {
			t.Errorf("%s: %v", name, res.Header)
		}
		b, err := io.ReadAll(res.Body)
		if err != nil || test.status != 200 && strings.Contains(string(b), "ClientHello") {
			t.Errorf("%s: it tells %.80q, %v", name, b, err)
		}
	}
}

// TestAddress: an address that is not the one of its lesson leads there, and there it is answered.
func TestAddress(t *testing.T) {
	h := handler()
	for from, to := range map[string]string{
		"/?tls=1.3&seed=7":                            "/?tls=1.3&seed=7&lang=en",
		"/?seed=7&tls=1.3&lang=en":                    "/?tls=1.3&seed=7&lang=en",
		"/?tls=&kx=ecdhe&group=&mitm=on&seed=7&lang=": "/?kx=ecdhe&mitm=on&seed=7&lang=en",
		"/?mitm-rewrite=a%3Db+c&seed=7&lang=zh":       "",
		"/?tls=1.3&kx=rsa&seed=7&lang=en":             "",
	} {
		res := asked(t, h, from, nil)
		if got := res.Header.Get("Location"); got != to || (to != "") != (res.StatusCode == http.StatusFound) {
			t.Errorf("%s: %s, to %q, want %q", from, res.Status, got, to)
		}
	}
	// Without a seed it is another lesson each time.
	one, two := asked(t, h, "/?tls=1.3", nil).Header.Get("Location"), asked(t, h, "/?tls=1.3", nil).Header.Get("Location")
	if one == two || !strings.HasPrefix(one, "/?tls=1.3&seed=") {
		t.Errorf("%q, then %q", one, two)
	}
	if res := asked(t, h, "/?tls=1.3&kx=rsa&seed=7&lang=en", nil); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a contradiction: %s", res.Status)
	}
	if res := asked(t, h, "/?tls=%zz", nil); res.StatusCode != http.StatusBadRequest {
		t.Errorf("no query: %s", res.Status)
	}
}

// TestKept: a hundred readers of one address have it played once, a fault is told to those who
// wait and is not kept, and what is kept has an end.
func TestKept(t *testing.T) {
	var played atomic.Int32
	begun, go_on := make(chan struct{}, 200), make(chan struct{})
	k := newKept(2)
	answer := func(address string) (*lab.Answer, error) {
		played.Add(1)
		begun <- struct{}{}
		<-go_on
		switch address {
		case "?panic":
			panic("a fault")
		case "?error":
			return nil, errors.New("no")
		}
		return &lab.Answer{Page: make([]byte, maxKept/4)}, nil
	}
	ask := func(address string) (*lab.Answer, error) {
		return k.answer(t.Context(), address, func(context.Context) (*lab.Answer, error) { return answer(address) })
	}
	var readers sync.WaitGroup
	for range 100 {
		readers.Go(func() {
			if a, err := ask("?one"); err != nil || len(a.Page) != maxKept/4 {
				t.Error(err)
			}
		})
	}
	<-begun
	close(go_on)
	readers.Wait()
	if n := played.Load(); n != 1 {
		t.Errorf("played %d times", n)
	}
	for _, address := range []string{"?panic", "?error", "?panic"} {
		if _, err := ask(address); err == nil {
			t.Errorf("%s: no error", address)
		}
	}
	for _, address := range []string{"?2", "?3", "?4", "?5", "?6"} {
		if _, err := ask(address); err != nil {
			t.Error(err)
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.bytes > maxKept || k.answers.Len() != 4 {
		t.Errorf("%d answers of %d bytes are kept", k.answers.Len(), k.bytes)
	}
	left, leave := context.WithCancel(t.Context())
	leave()
	if _, err := newKept(1).answer(left, "?never", func(context.Context) (*lab.Answer, error) { select {} }); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader who has left: %v", err)
	}
}
