package tlstest

import (
	"context"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"

	"tlslab/handshake/tls"
	"tlslab/handshake/tls/https"
)

// Page tells a client what the server knows of its connection.
func Page(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || !r.TLS.HandshakeComplete {
		http.Error(w, "r.TLS is not filled in", http.StatusInternalServerError)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %s: %s, %d bytes, %d client certificates, resumed %v", r.Method, r.URL.Path,
		stdtls.VersionName(r.TLS.Version), len(body), len(r.TLS.PeerCertificates), r.TLS.DidResume)
}

// ServeHTTP runs an HTTP server of ours, which shows Page, and returns its URL. It tells seen,
// if there is one, of each connection.
func ServeHTTP(t testing.TB, cfg *tls.Config, seen func(*tls.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(Page), ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if seen != nil {
				seen(c.(*tls.Conn))
			}
			return ctx
		}}
	done := make(chan error, 1)
	go func() { done <- https.Serve(srv, l, cfg) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return "https://" + l.Addr().String()
}
