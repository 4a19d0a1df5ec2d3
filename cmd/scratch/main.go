package main

import (
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"os"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/tls"
	"tlslab/pki"
)

func main() {
	l, err := pki.NewLesson(pki.LessonOptions{})
	check(err)
	_ = l
	root, err := pki.NewRoot(pki.Options{CommonName: "r"}); check(err)
	key, _ := pki.GenerateKey("p256", nil)
	csr, err := pki.NewRequest(key, pki.Request{DNSNames: []string{"www.lab.test"}})
	check(err)
	is, err := root.Sign(csr, pki.LeafOptions{})
	check(err)
	chain := is.Chain
	cert := handshake.Certificate{Chain: chain, Key: key}
	roots := pki.NewTrustStore(root.Cert)
	lis := handshake.ListenerFunc(func(e handshake.Event) {
		h := e.Head()
		switch e := e.(type) {
		case *handshake.MessageEvent:
			fmt.Println(h.Party, h.State, h.Move, len(e.Raw))
		case *handshake.SecretEvent:
			fmt.Printf("   %s %s %x\n", e.Label, e.Tag, e.Value[:min(8, len(e.Value))])
		case *handshake.AlertEvent:
			fmt.Println(h.Party, "alert", e.Description, e.Err)
		}
	})
	if len(os.Args) < 2 { lis = nil }
	ccfg := &handshake.Config{ServerName: "www.lab.test", Roots: roots, ShowSecrets: true}
	scfg := &handshake.Config{Certificates: []handshake.Certificate{cert}, ShowSecrets: true}
	if lis != nil { ccfg.Listener, scfg.Listener = lis, lis }
	for _, both := range []int{0, 1, 2} {
		a, b := net.Pipe()
		var c, s net.Conn
		c, err = tls.Client(a, ccfg); check(err); s, err = tls.Server(b, scfg); check(err)
		if both == 1 {
			sc := stdtls.Certificate{Certificate: chain, PrivateKey: key}
			s = stdtls.Server(b, &stdtls.Config{Certificates: []stdtls.Certificate{sc}})
		}
		if both == 2 {
			c = stdtls.Client(a, &stdtls.Config{InsecureSkipVerify: true, ServerName: "www.lab.test"})
		}
		go func() {
			buf := make([]byte, 100)
			n, err := s.Read(buf)
			fmt.Println("server", string(buf[:n]), err)
			s.Write([]byte("pong"))
			s.Close()
		}()
		_, err = c.Write([]byte("ping"))
		fmt.Println("client wrote", err)
		d, err := io.ReadAll(c)
		fmt.Println("client", string(d), err)
	}
	_ = iana.TLS13
}
func check(err error) {
	if err != nil {
		panic(err)
	}
}
