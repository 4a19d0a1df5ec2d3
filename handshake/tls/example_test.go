package tls_test

import (
	"fmt"
	"io"
	"net"
	"net/http"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
	"tlslab/handshake/tls/https"
	"tlslab/pki/lesson"
)

// A server with a certificate from a CA of our own, and a client that trusts it.
func Example() {
	lab, _ := lesson.New(lesson.Options{Name: "www.lab.test"})
	l, _ := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{{Chain: lab.Chain, Key: lab.Key}}})
	go func() {
		c, _ := l.Accept()
		io.WriteString(c, "hello, client\n")
		c.Close()
	}()
	c, _ := tls.Dial("tcp", l.Addr().String(), &tls.Config{Roots: lab.Roots, ServerName: lab.Name})
	text, err := io.ReadAll(c)
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// hello, client
	// <nil>
}

// One field makes a connection tell what it does.
func ExampleClient() {
	l, _ := lesson.New(lesson.Options{Name: "www.lab.test", KeyAlg: "ecdsa"})
	near, far := net.Pipe()
	s, _ := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{{Chain: l.Chain, Key: l.Key}}})
	go s.Handshake()
	one, _ := suite.ByName("ECDHE-ECDSA-AES128-GCM-SHA256")
	c, _ := tls.Client(near, &tls.Config{Roots: l.Roots, ServerName: l.Name, Suites: []*suite.Suite{one},
		Listener: event.ListenerFunc(func(e event.Event) {
			if m, ok := e.(*event.Message); ok && m.Kind != message.KindChangeCipherSpec {
				fmt.Println(m.Dir, m.Kind)
			}
		})})
	fmt.Println(c.Handshake(), c.Summary().Suite)
	// Output:
	// send client_hello
	// recv server_hello
	// recv certificate
	// recv server_key_exchange
	// recv server_hello_done
	// send client_key_exchange
	// send finished
	// recv finished
	// <nil> TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
}

// net/http's server over our connections, and its client, too.
func ExampleServe() {
	lab, _ := lesson.New(lesson.Options{Name: "www.lab.test"})
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello, %s", r.TLS.ServerName)
	})}
	go https.Serve(srv, l, &tls.Config{Certificates: []tls.Certificate{{Chain: lab.Chain, Key: lab.Key}}})
	defer srv.Close()
	client := &http.Client{Transport: https.Transport(&tls.Config{Roots: lab.Roots, ServerName: lab.Name})}
	resp, _ := client.Get("https://" + l.Addr().String())
	body, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n", body)
	// Output: hello, www.lab.test
}
