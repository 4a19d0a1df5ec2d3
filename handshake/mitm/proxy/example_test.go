package proxy_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
)

// A proxy in a program of one's own: a CA in a directory, an origin that it believes, and
// what it tells of each entry.
func Example() {
	dir, err := os.MkdirTemp("", "proxy")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ca, _, err := proxy.LoadCA(dir) // clients trust ca.Cert
	if err != nil {
		log.Fatal(err)
	}
	forger, err := proxy.NewForger(ca)
	if err != nil {
		log.Fatal(err)
	}
	site := exampleOrigin() // its Roots lead to its certificate; authority.SystemStore to most others'
	defer site.Close()
	entries := make(chan *proxy.Entry, 1)
	p, err := proxy.New(proxy.Options{
		Forger:   forger,
		ToServer: handshake.Config{Roots: site.roots},
		Dial:     site.dial,
		Seen:     func(e *proxy.Entry) { entries <- e },
	})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if err := p.Serve(l); err != nil {
			log.Print(err)
		}
	}()

	resp, err := through(l.Addr().String(), ca.Cert).Get("https://" + wwwName + "/hello")
	if err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	e := <-entries
	fmt.Println(e.Kind, e.Method, e.Host+e.Path, e.Status)
	fmt.Println("client:", e.ToClient.Version, e.ToClient.Group, e.ToClient.Protocol)
	fmt.Println("server:", e.ToServer.Version, e.ToServer.Group, e.ToServer.Protocol)
	if err := p.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// request GET www.lab.test/hello 200
	// client: TLS 1.3 X25519MLKEM768 h2
	// server: TLS 1.3 X25519MLKEM768 h2
}
