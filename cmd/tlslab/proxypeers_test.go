package main

import (
	"bufio"
	stdtls "crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/elazarl/goproxy"
)

// The proxies that ours is compared with, as far as they are not programs by
// themselves: commands of the test binary, run as PROGRAM PORT-FILE ROOT-FILE
// UPSTREAM-ROOTS. Each makes a root of its own and writes it, then its address.

// peerCommand runs serve as such a command.
func peerCommand(serve func(l net.Listener, ca *testCA, upstream *x509.CertPool) error) func() {
	return func() {
		err := func() error {
			if len(os.Args) != 4 {
				return errors.New("want PORT-FILE ROOT-FILE UPSTREAM-ROOTS")
			}
			root, err := readPEM(os.Args[3])
			if err != nil {
				return err
			}
			upstream := x509.NewCertPool()
			upstream.AddCert(root)
			ca, err := newAuthority("Root of "+os.Args[0], nil)
			if err != nil {
				return err
			}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			_, port, _ := net.SplitHostPort(l.Addr().String())
			if err := errors.Join(writePEM(os.Args[2], ca.cert), writeWhole(os.Args[1], []byte(port))); err != nil {
				return err
			}
			return serve(l, ca, upstream)
		}()
		log.Fatalf("%s: %v", os.Args[0], err)
	}
}

// each calls serve for each connection, and closes it.
func each(l net.Listener, serve func(net.Conn) error) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			_ = serve(c) // the client sees that it ended, and nobody else asks
		}()
	}
}

// acceptConnect reads a CONNECT and grants it. Whoever speaks before it is granted is
// refused: our client does not.
func acceptConnect(c net.Conn) (host string, err error) {
	r := bufio.NewReaderSize(c, 1<<10)
	req, err := http.ReadRequest(r)
	if err != nil {
		return "", err
	}
	if req.Method != http.MethodConnect || r.Buffered() > 0 {
		return "", errors.New("not a CONNECT alone")
	}
	_, err = io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	return req.Host, err
}

// half is a connection that can say that it has said everything.
type half interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// relay carries both ways until both are through or one has failed.
func relay(a, b half) error {
	failed := make(chan error, 2)
	carry := func(to, from half) {
		_, err := io.Copy(to, from)
		if err == nil {
			err = to.CloseWrite()
		}
		failed <- err
	}
	go carry(a, b)
	go carry(b, a)
	err := <-failed
	if err != nil {
		_, _ = a.Close(), b.Close() // to wake up the other one
	}
	return errors.Join(err, <-failed)
}

// serveCryptoTLS is the least that reads what it carries: CONNECT, crypto/tls on both
// legs, one leaf for each host, and two copies. It neither parses nor keeps anything, so that
// protocol is all the same to it.
func serveCryptoTLS(protocol string) func(net.Listener, *testCA, *x509.CertPool) error {
	return func(l net.Listener, ca *testCA, upstream *x509.CertPool) error {
		var forged sync.Map // host → *stdtls.Config
		dial := stdtls.Config{RootCAs: upstream, NextProtos: []string{protocol}}
		return each(l, func(c net.Conn) error {
			addr, err := acceptConnect(c)
			if err != nil {
				return err
			}
			server, err := stdtls.Dial("tcp", addr, &dial)
			if err != nil {
				return err
			}
			defer server.Close()
			host, _, err := net.SplitHostPort(addr)
			if err != nil {
				return err
			}
			config, ok := forged.Load(host)
			if !ok {
				cert, err := ca.forge(server.ConnectionState().PeerCertificates[0])
				if err != nil {
					return err
				}
				config, _ = forged.LoadOrStore(host, &stdtls.Config{Certificates: []stdtls.Certificate{cert}, NextProtos: []string{protocol}})
			}
			client := stdtls.Server(c, config.(*stdtls.Config))
			if err := client.Handshake(); err != nil {
				return err
			}
			return relay(client, server)
		})
	}
}

// forge returns a leaf for whom the real one is for.
func (a *testCA) forge(real *x509.Certificate) (stdtls.Certificate, error) {
	names := real.DNSNames
	for _, ip := range real.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return stdtls.Certificate{}, errors.New("a certificate for nobody")
	}
	return a.leaf(names...)
}

// serveRelay decrypts nothing. It is the floor: what the sockets alone cost a Go
// program that copies through memory.
func serveRelay(l net.Listener, _ *testCA, _ *x509.CertPool) error {
	return each(l, func(c net.Conn) error {
		addr, err := acceptConnect(c)
		if err != nil {
			return err
		}
		server, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		defer server.Close()
		return relay(copied{c.(*net.TCPConn)}, copied{server.(*net.TCPConn)})
	})
}

// copied hides that the kernel could splice two sockets: who reads what it carries
// cannot have that.
type copied struct{ tcp *net.TCPConn }

func (c copied) Read(b []byte) (int, error)  { return c.tcp.Read(b) }
func (c copied) Write(b []byte) (int, error) { return c.tcp.Write(b) }
func (c copied) Close() error                { return c.tcp.Close() }
func (c copied) CloseWrite() error           { return c.tcp.CloseWrite() }

// serveGoproxy is goproxy as its README sets it up for interception, with a store for
// certificates and a P-256 root, which makes its leaves P-256 too. Its transport keeps
// connections to the origin, whichever client they were made for.
func serveGoproxy(l net.Listener, ca *testCA, upstream *x509.CertPool) error {
	cert := &stdtls.Certificate{Certificate: [][]byte{ca.cert.Raw}, PrivateKey: ca.key, Leaf: ca.cert}
	proxy := goproxy.NewProxyHttpServer()
	proxy.CertStore = &certStore{certs: map[string]*stdtls.Certificate{}}
	proxy.Tr = &http.Transport{TLSClientConfig: &stdtls.Config{RootCAs: upstream}}
	mitm := &goproxy.ConnectAction{Action: goproxy.ConnectMitm, TLSConfig: goproxy.TLSConfigFromCA(cert)}
	proxy.OnRequest().HandleConnect(goproxy.FuncHttpsHandler(func(host string, _ *goproxy.ProxyCtx) (*goproxy.ConnectAction, string) {
		return mitm, host
	}))
	return http.Serve(l, proxy)
}

// certStore is a goproxy.CertStorage.
type certStore struct {
	mu    sync.Mutex
	certs map[string]*stdtls.Certificate
}

func (s *certStore) Fetch(host string, sign func() (*stdtls.Certificate, error)) (*stdtls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.certs[host]; ok {
		return c, nil
	}
	c, err := sign()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	s.certs[host] = c
	return c, nil
}
