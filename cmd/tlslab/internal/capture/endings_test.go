package capture

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/pki"
)

var updateEndings = flag.Bool("update", false, "write testdata/endings.txt anew")

// patience bounds what hangs; nothing that goes well waits for it.
const patience = time.Minute

// brief is a limit of time that is to pass: in these rows nothing else happens.
const brief = 300 * time.Millisecond

// ending is one way in which a connection, or a request, comes to its end; who is to blame; and
// what the list says of it stands in testdata/endings.txt.
type ending struct {
	name   string
	set    func(*proxy.Options)
	origin func(*tls.Config) // of the server's; nil: none is changed
	clear  bool              // the server speaks no TLS
	play   func(*stage)
	leg    proxy.Side // "": it is no fault
	by     proxy.Side
	cause  proxy.Cause
	n      int // which of the connection's entries it is; 0: the first
}

// stage is where an ending is played: a client, the proxy and a server.
type stage struct {
	*testing.T
	addr   string
	proxy  *proxy.Proxy
	pool   *x509.CertPool
	server chan net.Conn
	raw    chan *net.TCPConn // below
	below  *net.TCPConn      // the client's socket
}

const www = "www.lab.test"

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// client is a connection to the proxy, and nothing said.
func (s *stage) client() *net.TCPConn {
	s.Helper()
	c, err := net.Dial("tcp", s.addr)
	s.must(err)
	s.Cleanup(func() { c.Close() })
	s.must(c.SetDeadline(time.Now().Add(patience)))
	s.below = c.(*net.TCPConn)
	return s.below
}

func (s *stage) say(c net.Conn, text string) {
	s.Helper()
	_, err := io.WriteString(c, text)
	s.must(err)
}

// hears reads what must come.
func (s *stage) hears(c net.Conn, want string) {
	s.Helper()
	b := make([]byte, len(want))
	n, err := io.ReadFull(c, b)
	if string(b[:n]) != want {
		s.Fatalf("heard %q (%v), not %q", b[:n], err, want)
	}
}

// over reads to the end, however that is said.
func (s *stage) over(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// tunnel is a client's, behind CONNECT.
func (s *stage) tunnel() *net.TCPConn {
	s.Helper()
	c := s.client()
	s.say(c, "CONNECT "+www+":443 HTTP/1.1\r\n\r\n")
	s.hears(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	return c
}

// shake is a client's TLS.
func (s *stage) shake(protocols ...string) *tls.Conn {
	s.Helper()
	c := tls.Client(s.tunnel(), &tls.Config{RootCAs: s.pool, ServerName: www, NextProtos: protocols})
	s.must(c.Handshake())
	return c
}

// serve is the server's end of the next connection.
func (s *stage) serve() (c net.Conn, below *net.TCPConn) {
	s.Helper()
	select {
	case below = <-s.raw:
	case <-time.After(patience):
		s.Fatal("no connection to the server")
	}
	c = <-s.server
	s.Cleanup(func() { c.Close() }) // and until then it is not collected
	return c, below
}

// both are both ends, over TLS.
func (s *stage) both(protocols ...string) (client, server net.Conn, below *net.TCPConn) {
	s.Helper()
	c := s.shake(protocols...)
	server, below = s.serve()
	return c, server, below
}

const (
	get  = "GET /page HTTP/1.1\r\nHost: " + www + "\r\n\r\n"
	post = "POST /form HTTP/1.1\r\nHost: " + www + "\r\nContent-Length: 10\r\n\r\n"
)

// asked are both ends, and a request that has come to the server.
func (s *stage) asked(request string) (client, server net.Conn, below *net.TCPConn) {
	s.Helper()
	client, server, below = s.both()
	s.say(client, request)
	s.hears(server, request)
	return client, server, below
}

// plain are both ends in clear, and a request that has come to the server.
func (s *stage) plain() (client *net.TCPConn, server net.Conn) {
	s.Helper()
	client = s.client()
	s.say(client, "GET http://"+www+"/page HTTP/1.1\r\nHost: "+www+"\r\n\r\n")
	server, _ = s.serve()
	s.hears(server, get)
	return client, server
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// end2 is an end that speaks HTTP/2.
type end2 struct {
	*http2.Framer
	net.Conn
	s   *stage
	id  uint32 // of the stream
	enc *hpack.Encoder
	buf bytes.Buffer
}

// both2 are both ends of HTTP/2, which have told each other their settings.
func (s *stage) both2() (c, srv *end2, below *net.TCPConn) {
	s.Helper()
	a, b, below := s.both("h2")
	s.say(a, http2.ClientPreface)
	s.hears(b, http2.ClientPreface)
	ends := [2]*end2{}
	for i, conn := range []net.Conn{a, b} {
		e := &end2{Framer: http2.NewFramer(conn, conn), Conn: conn, s: s, id: 1}
		e.enc = hpack.NewEncoder(&e.buf)
		ends[i] = e
		s.must(e.WriteSettings())
	}
	return ends[0], ends[1], below
}

// head says a head.
func (e *end2) head(end bool, fields ...string) {
	e.s.Helper()
	e.buf.Reset()
	for _, f := range fields {
		name, value, _ := strings.Cut(f, "=")
		e.s.must(e.enc.WriteField(hpack.HeaderField{Name: name, Value: value}))
	}
	b := e.buf.Bytes()
	first := b[:min(len(b), 1<<14)]
	e.s.must(e.WriteHeaders(http2.HeadersFrameParam{StreamID: e.id, BlockFragment: first, EndHeaders: len(first) == len(b), EndStream: end}))
	for b = b[len(first):]; len(b) > 0; {
		part := b[:min(len(b), 1<<14)]
		b = b[len(part):]
		if e.WriteContinuation(e.id, len(b) == 0, part) != nil {
			return // it was enough
		}
	}
}

// until reads frames until one of this type has come.
func (e *end2) until(kind http2.FrameType) {
	e.s.Helper()
	for {
		f, err := e.ReadFrame()
		e.s.must(err)
		if f.Header().Type == kind {
			return
		}
	}
}

var ask2 = []string{":method=GET", ":scheme=https", ":authority=" + www, ":path=/page"}

// asked2 are both ends of HTTP/2, and a request that has come to the server.
func (s *stage) asked2(end bool, more ...string) (c, srv *end2, below *net.TCPConn) {
	s.Helper()
	c, srv, below = s.both2()
	c.head(end, append(ask2[:4:4], more...)...)
	srv.until(http2.FrameHeaders)
	return c, srv, below
}

// TestEndings plays every ending and wants who is to blame, and that the list says what is in the
// golden file, in both languages.
func TestEndings(t *testing.T) {
	said := make([]string, len(endings))
	t.Run("each", func(t *testing.T) {
		for i, x := range endings {
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				said[i] = x.check(t)
			})
		}
	})
	const file = "testdata/endings.txt"
	got := "What the list says of each ending of endings_test.go; -update writes it anew.\n\n" + strings.Join(said, "\n")
	if *updateEndings {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got && !t.Failed() {
		a, b := strings.Split(string(want), "\n"), strings.Split(got, "\n")
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				t.Fatalf("line %d of %s is\n%s\nand the list says\n%s", i+1, file, a[i], b[i])
			}
		}
		t.Errorf("%s has %d lines, the list says %d", file, len(a), len(b))
	}
}

// authorityOf is a root and a leaf for www.
func authorityOf(t testing.TB) (root *x509.Certificate, leaf tls.Certificate) {
	t.Helper()
	sign := func(tmpl, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
		tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	rootKey, leafKey := key(), key()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Origin Root"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	root = sign(tmpl, tmpl, rootKey, rootKey)
	end := sign(&x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{www}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, root, leafKey, rootKey)
	return root, tls.Certificate{Certificate: [][]byte{end.Raw}, PrivateKey: leafKey}
}

// check plays it, and returns what the list says.
func (x *ending) check(t *testing.T) string {
	root, leaf := authorityOf(t)
	cfg := &tls.Config{Certificates: []tls.Certificate{leaf}, NextProtos: []string{"h2", "http/1.1"}}
	if x.origin != nil {
		x.origin(cfg)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, pool: x509.NewCertPool(), server: make(chan net.Conn, 4), raw: make(chan *net.TCPConn, 4)}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.SetDeadline(time.Now().Add(patience))
			s.raw <- c.(*net.TCPConn)
			if x.clear {
				s.server <- c
				continue
			}
			all.Go(func() {
				over := tls.Server(c, cfg)
				if over.Handshake() != nil {
					_ = c.Close()
				}
				s.server <- over
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		close(s.raw)
		for c := range s.raw {
			_ = c.Close()
		}
		all.Wait()
	})
	ca, _, err := proxy.LoadCA(t.TempDir())
	s.must(err)
	s.pool.AddCert(ca.Cert)
	forger, err := proxy.NewForger(ca)
	s.must(err)
	var mu sync.Mutex
	var entries []*proxy.Entry
	told := make(chan bool, 100)
	o := proxy.Options{Forger: forger, ToServer: handshake.Config{Roots: pki.NewTrustStore(root)},
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		},
		Seen: func(e *proxy.Entry) {
			mu.Lock()
			defer mu.Unlock()
			entries = append(entries, e)
			told <- true
		}}
	if x.set != nil {
		x.set(&o)
	}
	s.proxy, err = proxy.New(o)
	s.must(err)
	front, err := net.Listen("tcp", "127.0.0.1:0")
	s.must(err)
	s.addr = front.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.proxy.Serve(front) }()
	defer func() {
		_ = s.proxy.Close()
		<-served
	}()
	x.play(s)
	for range x.n + 1 {
		select {
		case <-told:
		case <-time.After(patience):
			t.Fatal("nothing was told")
		}
	}
	s.must(s.proxy.Close())
	mu.Lock()
	defer mu.Unlock()
	e := entries[x.n]
	if f := e.Fault; (f != nil) != (x.leg != "") || f != nil && (f.Side != x.leg || f.By != x.by || f.Cause != x.cause) {
		t.Errorf("%s: %+v", e, f)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", x.name)
	if f := e.Fault; f != nil {
		fmt.Fprintf(&b, "leg %s, by %s: %s (%s, %s)\n", f.Side, f.By, f.Cause, f.Phase, f.What)
	}
	for _, lang := range narrate.Langs() {
		list := &proxyList{flags: &proxyFlags{}, headed: true}
		list.flags.Lang = lang
		list.out = &cli.Output{Writer: io.Discard, Options: render.TerminalOptions{Width: 400}}
		text := list.text(e)
		for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n")[1:] {
			if line = strings.TrimSpace(line); line != "" {
				b.WriteString("  " + ports.ReplaceAllString(line, "127.0.0.1:PORT") + "\n")
			}
		}
	}
	return b.String()
}

var ports = regexp.MustCompile(`127\.0\.0\.1:\d+`)

// refusedDial is a server that is not there.
func refusedDial(context.Context, string, string) (net.Conn, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}
