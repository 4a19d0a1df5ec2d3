package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	stdtls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
)

// What a capture proxy stands between in our benchmarks and stress tests: an HTTPS
// origin and a client, both of crypto/tls and net/http, so that nothing of ours is
// weighed or trusted but the proxy itself.

// authority signs certificates with a P-256 key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority returns an authority that parent vouches for, or, without a parent, a root.
func newAuthority(name string, parent *authority) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key}
	if parent == nil {
		parent = a
	}
	a.cert, err = parent.sign(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}, key)
	return a, err
}

// sign completes the template, for a day, and signs it.
func (a *authority) sign(template *x509.Certificate, key crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	issuer := a.cert
	if issuer == nil {
		issuer = template // a root signs itself
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// leaf returns a server's certificate with a P-256 key of its own.
func (a *authority) leaf(names ...string) (stdtls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return stdtls.Certificate{}, err
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: names[0]},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, n)
		}
	}
	cert, err := a.sign(template, key)
	if err != nil {
		return stdtls.Certificate{}, err
	}
	return stdtls.Certificate{Certificate: [][]byte{cert.Raw, a.cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

// writePEM writes certificates whole or not at all: somebody may be waiting for the file.
func writePEM(file string, certs ...*x509.Certificate) error {
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return writeWhole(file, b)
}

func writeWhole(file string, b []byte) error {
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func readPEM(file string) (*x509.Certificate, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM", file)
	}
	return x509.ParseCertificate(block.Bytes)
}

// origin is an HTTPS server on 127.0.0.1, with a P-256 leaf from an intermediate.
type origin struct {
	addr  string
	host  string // as its clients name it, with its port
	root  *x509.Certificate
	roots string // a file with its root
	plain *http.Server
	leaf  stdtls.Certificate
	http2 bool // it speaks HTTP/2, and nothing else

	mu         sync.Mutex
	open       map[net.Conn]bool
	handshakes map[string]int // completed, by what was agreed upon
}

// originConn is where a handler finds its connection.
type originConn struct{}

// startOrigin serves until the test ends. protocols are those of ALPN, best first.
func startOrigin(tb testing.TB, name string, handler http.Handler, protocols ...string) *origin {
	tb.Helper()
	root, err := newAuthority("Origin Root", nil)
	if err != nil {
		tb.Fatal(err)
	}
	intermediate, err := newAuthority("Origin Intermediate", root)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := intermediate.leaf("localhost", "127.0.0.1")
	if err != nil {
		tb.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	o := &origin{addr: l.Addr().String(), root: root.cert, leaf: leaf, roots: filepath.Join(tb.TempDir(), "origin-root.pem"),
		open: map[net.Conn]bool{}, handshakes: map[string]int{}}
	_, port, _ := net.SplitHostPort(o.addr)
	o.host = net.JoinHostPort(name, port)
	if err := writePEM(o.roots, root.cert); err != nil {
		tb.Fatal(err)
	}
	var talks http.Protocols
	for _, p := range protocols {
		talks.SetHTTP1(talks.HTTP1() || p == "http/1.1")
		talks.SetHTTP2(talks.HTTP2() || p == "h2")
	}
	o.http2 = talks.HTTP2() && !talks.HTTP1()
	o.plain = &http.Server{
		Handler:     handler,
		Protocols:   &talks,
		ErrorLog:    log.New(io.Discard, "", 0), // peers that vanish are what we test with
		ConnState:   o.connState,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, originConn{}, c) },
		TLSConfig: &stdtls.Config{
			Certificates:     []stdtls.Certificate{leaf},
			VerifyConnection: o.agreed,
		},
	}
	done := make(chan error, 1)
	go func() { done <- o.plain.ServeTLS(l, "", "") }()
	tb.Cleanup(func() {
		if err := o.plain.Close(); err != nil {
			tb.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			tb.Error(err)
		}
	})
	return o
}

// agreed is called by crypto/tls at the end of each handshake.
func (o *origin) agreed(s stdtls.ConnectionState) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	how := s.CurveID.String()
	if s.DidResume {
		how += " resumed"
	}
	o.handshakes[how]++
	return nil
}

func (o *origin) connState(c net.Conn, s http.ConnState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch s {
	case http.StateNew:
		o.open[c] = true
	case http.StateClosed, http.StateHijacked:
		delete(o.open, c)
	}
}

// agreements returns the handshakes since it was last called, by what was agreed upon.
func (o *origin) agreements() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.handshakes
	o.handshakes = map[string]int{}
	return h
}

// quiet waits until no more than n connections are open.
func (o *origin) quiet(n int) error {
	for end := time.Now().Add(clitest.Patience); ; time.Sleep(time.Millisecond) {
		o.mu.Lock()
		open := len(o.open)
		o.mu.Unlock()
		if open <= n {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d connections are still open at the origin", open)
		}
	}
}

// tunnel is a client's connection through a proxy: TLS inside of a CONNECT.
type tunnel struct {
	*stdtls.Conn
	r *bufio.Reader
}

// tunnelTo has the proxy at addr connect to host, which has a port, and shakes hands,
// trusting root and nobody else.
func tunnelTo(addr, host string, root *x509.Certificate, protocols ...string) (*tunnel, error) {
	raw, err := connectTo(addr, host)
	if err != nil {
		return nil, err
	}
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(root)
	c := stdtls.Client(raw, &stdtls.Config{RootCAs: pool, ServerName: name, NextProtos: protocols})
	if err := c.Handshake(); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &tunnel{c, bufio.NewReader(c)}, nil
}

// connectTo has the proxy at addr connect to host, and says nothing yet.
func connectTo(addr, host string) (net.Conn, error) {
	raw, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if err := raw.SetDeadline(time.Now().Add(clitest.Patience)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(raw, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host); err != nil {
		_ = raw.Close()
		return nil, err
	}
	r := bufio.NewReader(raw)
	resp, err := http.ReadResponse(r, &http.Request{Method: http.MethodConnect})
	switch {
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		err = fmt.Errorf("CONNECT %s: %s", host, resp.Status)
	case r.Buffered() > 0:
		err = errors.New("the proxy spoke before the client did")
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return raw, nil
}

// get asks for path and returns the body.
func (c *tunnel) get(host, path, more string) ([]byte, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, host, more); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, resp.Status, body)
	}
	return body, err
}
