// Command httpsserver serves a page over HTTPS, its TLS ours. Its one idea: under
// net/http nothing changes, since a handshake/tls.Conn is a net.Conn.
//
//	go run ./examples/httpsserver
//
// prints the curl command that fetches the page. Ctrl-C ends it.
package main

import (
	"context"
	stdtls "crypto/tls" // for its names of numbers
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"tlslab/handshake/tls"
	"tlslab/handshake/tls/https"
	"tlslab/pki"
	"tlslab/pki/authority"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, "localhost:8443"); err != nil {
		log.Fatal(err)
	}
}

// run serves at addr until ctx ends, and first says how to fetch the page.
func run(ctx context.Context, w io.Writer, addr string) error {
	dir, err := os.MkdirTemp("", "httpsserver")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	root := filepath.Join(dir, "root.pem")
	cfg, err := configure(root)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "curl --cacert %s https://localhost:%s/\n", root, port)

	server := &http.Server{Handler: http.HandlerFunc(page), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := https.Serve(server, l, cfg); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// page tells the client what its request came over: r.TLS is filled as it would be
// by crypto/tls.
func page(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "hello over %s, %s\n", stdtls.VersionName(r.TLS.Version), stdtls.CipherSuiteName(r.TLS.CipherSuite))
}

// configure makes a root and a certificate for localhost, with fresh keys, and
// writes the root where a client can be told to trust it.
func configure(rootFile string) (*tls.Config, error) {
	ca, err := authority.NewRoot(authority.Options{CommonName: "Lab Root"})
	if err != nil {
		return nil, err
	}
	key, err := authority.GenerateKey(authority.P256, nil)
	if err != nil {
		return nil, err
	}
	request, err := authority.NewRequest(key, authority.Request{DNSNames: []string{"localhost"}})
	if err != nil {
		return nil, err
	}
	issued, err := ca.Sign(request, authority.LeafOptions{})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(rootFile, pki.EncodeCert(ca.Cert.Raw), 0o644); err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Chain: issued.Chain, Key: key}}, ALPN: []string{"http/1.1"}}, nil
}
