// Command captureproxy is a capture proxy in a program of one's own. Its one idea: all
// that a proxy sees is a stream of entries, and what to make of them is yours. A hook asks servers
// not to compress, so that what passes can be read.
//
//	go run ./examples/captureproxy
//
// prints the curl option with which to go through it, then a line an entry. Ctrl-C ends it.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/pki"
	"tlslab/pki/authority"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	roots, err := authority.SystemStore() // decides which servers are believed
	if err != nil {
		log.Fatal(err)
	}
	if err := run(ctx, os.Stdout, "127.0.0.1:8080", roots); err != nil {
		log.Fatal(err)
	}
}

// run proxies at addr until ctx ends.
func run(ctx context.Context, w io.Writer, addr string, roots *pki.TrustStore) error {
	dir, err := os.MkdirTemp("", "captureproxy") // a CA for this run alone: nobody has to stop trusting it
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ca, _, err := proxy.LoadCA(dir)
	if err != nil {
		return err
	}
	forger, err := proxy.NewForger(ca)
	if err != nil {
		return err
	}
	p, err := proxy.New(proxy.Options{
		Forger:   forger,
		ToServer: handshake.Config{Roots: roots},
		Hooks:    []proxy.Hook{{Name: "plain", Request: func(r *proxy.HeldRequest) { r.Del("Accept-Encoding") }}},
		Seen:     func(e *proxy.Entry) { fmt.Fprintln(w, told(e)) },
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "curl --proxy http://%s --cacert %s\n", l.Addr(), filepath.Join(dir, proxy.CAFile))
	context.AfterFunc(ctx, func() { _ = p.Close() })
	return p.Serve(l)
}

// told is an entry in a line. What peers have said is quoted: it may hold anything.
func told(e *proxy.Entry) string {
	if e.Fault != nil {
		return fmt.Sprintf("%q failed: %q", e.Host, e.Fault.Error())
	}
	return fmt.Sprintf("%s %q %d: client %v, server %v", e.Method, e.Host+e.Path, e.Status, e.ToClient, e.ToServer)
}
