package peers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"
)

// site is a server of net/http that says the same whenever it is asked the same: without dates,
// and with the number of the connection, so that it is seen how many a client makes.
type site struct {
	*papers
	addr, base string       // https://localhost:PORT
	handler    http.Handler // in place of its own, if it is set before anybody asks

	mu    sync.Mutex
	conns int
	asked []string // since begin
}

type connKey struct{}

// open starts a site that speaks these protocols, until the test ends.
func open(t testing.TB, protocols ...string) *site {
	t.Helper()
	s := &site{papers: newPapers(t)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.addr = l.Addr().String()
	_, port, _ := net.SplitHostPort(s.addr)
	s.base = "https://localhost:" + port
	var talks http.Protocols
	for _, p := range protocols {
		talks.SetHTTP1(talks.HTTP1() || p == "http/1.1")
		talks.SetHTTP2(talks.HTTP2() || p == "h2")
	}
	server := &http.Server{Handler: s, Protocols: &talks, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{s.cert}},
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.conns++
			return context.WithValue(ctx, connKey{}, s.conns)
		}}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return s
}

// begin has connections count from 1 again, and forgets what was asked.
func (s *site) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns, s.asked = 0, nil
}

// log is what was asked since begin.
func (s *site) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:8])
}

// ServeHTTP is the site.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.handler != nil {
		s.handler.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever sent it has gone
	}
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
	s.mu.Unlock()
	h := w.Header()
	h["Date"] = nil
	h.Set("X-Connection", fmt.Sprint(r.Context().Value(connKey{})))
	h.Set("X-Asked", fmt.Sprintf("%s %s %s %q %d %s", r.Proto, r.Method, r.RequestURI, r.Header.Values("X-Twice"), len(body), sum(body)))
	h.Set("Content-Type", "text/plain")
	h["X-Twice"] = []string{"b", "a"}
	switch r.URL.Path {
	case "/echo":
		_, _ = w.Write(body)
	case "/moved":
		http.Redirect(w, r, "/hello?moved", http.StatusFound)
	case "/pieces":
		h.Set("Trailer", "X-Sum")
		whole := bytes.Repeat([]byte("piece by piece\n"), 3000)
		for i := 0; i < len(whole); i += 11_000 {
			_, _ = w.Write(whole[i:min(i+11_000, len(whole))])
			_ = http.NewResponseController(w).Flush()
		}
		h.Set("X-Sum", sum(whole))
	case "/missing":
		http.Error(w, "there is no such thing", http.StatusNotFound)
	default:
		fmt.Fprintf(w, "this is %s\n", r.URL.RequestURI())
	}
}
