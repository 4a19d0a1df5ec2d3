package proxy_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tlslab/handshake/mitm"
	"tlslab/handshake/mitm/proxy"
)

// TestRewritingBeyondTheWindows: bodies of HTTP/2 that become much longer, and much shorter, than
// the windows that both ends opened; both ways at once.
func TestRewritingBeyondTheWindows(t *testing.T) {
	const n = 300_000
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Seen", fmt.Sprint(len(b), bytes.Count(b, []byte("long"))))
		w.Header().Set("Trailer", "End")
		_, _ = io.WriteString(w, strings.Repeat("ab", n))
		w.Header().Set("End", "x")
	})
	u := start(t, o, func(p *proxy.Options) {
		p.Rewrite = []mitm.Rewrite{{Old: "a", New: "longer"}, {Old: "bb"}}
	})
	c := u.client(nil)
	for i := range 3 {
		req, err := http.NewRequest(http.MethodPost, "https://"+wwwName+"/", strings.NewReader(strings.Repeat("bb", 2*n)+strings.Repeat("a", n)))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(b) != strings.Repeat("longerb", n) || resp.Header.Get("Seen") != fmt.Sprint(6*n, n) || resp.Trailer.Get("End") != "x" {
			t.Fatalf("request %d: %d bytes, %v, the server saw %s, trailer %v", i, len(b), err, resp.Header.Get("Seen"), resp.Trailer)
		}
	}
	c.CloseIdleConnections()
	for _, e := range u.total(t, 3) {
		sound(t, e)
		if e.Received != 2*n || e.Sent != 5*n {
			t.Errorf("%d sent, %d received", e.Sent, e.Received)
		}
	}
}
