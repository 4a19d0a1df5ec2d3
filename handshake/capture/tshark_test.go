package capture_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/capture"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/tls"
	"tlslab/pki/lesson"
)

// tool finds a program; without it the test is skipped, and where CI=true it fails.
func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not installed, and CI=true", name)
	}
	t.Skipf("%s is not installed: what it makes of our files is not tested here", name)
	return ""
}

// run runs a tool and returns what it said; a status other than 0 fails the test.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tool(t, name), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, stderr.String())
	}
	if strings.Contains(stderr.String(), "cut short") {
		t.Fatalf("%s %q: %s", name, args, stderr.String())
	}
	return string(out)
}

// leg is one connection of a capture.
type leg struct {
	name           string
	version        iana.Version
	kx             iana.Kx
	group          string
	client, server string // addresses
	tapServer      bool   // whose tap it is
	connect        string // a CONNECT before TLS, to this host and port
	alpn           []string
}

var sharedLesson = sync.OnceValues(func() (*lesson.Lesson, error) {
	return lesson.New(lesson.Options{Name: "www.lab.test"})
})

func (l *leg) h2() bool { return slices.Contains(l.alpn, "h2") }

// converse plays a request and its reply over a leg and captures it.
func (l *leg) converse(t testing.TB, w *capture.Writer, iface int) {
	t.Helper()
	ca, err := sharedLesson()
	if err != nil {
		t.Fatal(err)
	}
	stream, err := w.Open(iface, netip.MustParseAddrPort(l.client), netip.MustParseAddrPort(l.server), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tap := capture.NewTap(stream, l.tapServer)
	near, far := loopback(t)
	sc := &handshake.Config{Certificates: []handshake.Certificate{{Chain: ca.Chain, Key: ca.Key}}, ALPN: l.alpn}
	cc := &handshake.Config{Roots: ca.Roots, ServerName: ca.Name, MinVersion: l.version, MaxVersion: l.version, ALPN: l.alpn}
	if l.kx != iana.KxNone {
		cc.Exchanges = keepExchange(l.kx)
	}
	if l.group != "" {
		g, err := private.ByName(l.group)
		if err != nil {
			t.Fatal(err)
		}
		cc.Groups = []kx.Group{g}
	}
	var cconn, sconn net.Conn = near, far
	if l.tapServer {
		sconn, sc.KeyLog = capture.NewConn(far, tap), tap.KeyLog()
	} else {
		cconn, cc.KeyLog = capture.NewConn(near, tap), tap.KeyLog()
	}
	served := make(chan error, 1)
	go func() { served <- l.serve(sconn, sc) }()
	if err := l.ask(cconn, cc); err != nil {
		t.Errorf("%s: %v", l.name, err)
		near.Close()
	}
	if err := <-served; err != nil {
		t.Errorf("%s: server: %v", l.name, err)
	}
}

// loopback is a connection of this machine with itself, by TCP: a net.Pipe has no room
// for a goodbye that nobody waits for.
func loopback(t testing.TB) (near, far net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if near, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

func keepExchange(x iana.Kx) (out []kx.Exchange) {
	for _, e := range kx.Exchanges() {
		if e.Kx() == x {
			out = append(out, e)
		}
	}
	return out
}

func (l *leg) serve(c net.Conn, cfg *handshake.Config) error {
	if l.connect != "" {
		// In one piece, as it was sent: the client says no more before it has the answer.
		if _, err := c.Read(make([]byte, 1<<10)); err != nil {
			return err
		}
		if _, err := io.WriteString(c, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
			return err
		}
	}
	s, err := tls.Server(c, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	if l.h2() {
		return l.serveHTTP2(s)
	}
	r, err := http.ReadRequest(bufio.NewReader(s))
	if err != nil {
		return err
	}
	body := "hello from " + l.name
	_, err = fmt.Fprintf(s, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nX-Path: %s\r\n\r\n%s", len(body), r.URL.Path, body)
	return err
}

func (l *leg) ask(c net.Conn, cfg *handshake.Config) error {
	if l.connect != "" {
		if _, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %[1]s\r\n\r\n", l.connect); err != nil {
			return err
		}
		if _, err := c.Read(make([]byte, 1<<10)); err != nil {
			return err
		}
	}
	s, err := tls.Client(c, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	if l.h2() {
		// To net/http our TLS is a bare connection, over which HTTP/2 was agreed upon.
		tr := &http.Transport{Protocols: http2Alone(), DialContext: func(context.Context, string, string) (net.Conn, error) { return s, nil }}
		defer tr.CloseIdleConnections()
		resp, err := (&http.Client{Transport: tr}).Get("http://www.lab.test/" + l.name)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	if _, err := fmt.Fprintf(s, "GET /%s HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", l.name); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(s), nil)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func http2Alone() *http.Protocols {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return p
}

// serveHTTP2 serves one connection until it is closed.
func (l *leg) serveHTTP2(c net.Conn) error {
	one := oneConn{c, make(chan net.Conn, 1)}
	one.conns <- struct{ net.Conn }{c} // bare, or net/http takes it for TLS of its own
	srv := &http.Server{Protocols: http2Alone(), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello from "+l.name)
	}), ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			close(one.conns)
		}
	}}
	if err := srv.Serve(one); err != io.EOF {
		return err
	}
	return nil
}

// oneConn is a listener of one connection.
type oneConn struct {
	net.Conn
	conns chan net.Conn
}

func (o oneConn) Accept() (net.Conn, error) {
	if c, ok := <-o.conns; ok {
		return c, nil
	}
	return nil, io.EOF
}

func (o oneConn) Addr() net.Addr { return o.LocalAddr() }

// captured writes a file with all legs, on the interfaces of two legs in turn.
func captured(t testing.TB, legs []leg) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "c.pcapng")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := capture.NewWriter(f, capture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []string{"client leg", "server leg"} {
		if _, err := w.Interface(i, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i := range legs {
		legs[i].converse(t, w, i%2)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestWiresharkDecrypts: no key file is given, and the HTTP of every leg is there.
func TestWiresharkDecrypts(t *testing.T) {
	var legs []leg
	for _, family := range [][2]string{{"192.0.2.1:%d", "198.51.100.7:%d"}, {"[2001:db8::1]:%d", "[2001:db8:5::7]:%d"}} {
		for _, l := range []leg{
			{name: "rsa", version: iana.TLS12, kx: iana.KxRSA},
			{name: "ecdhe", version: iana.TLS12, kx: iana.KxECDHE},
			{name: "x25519", version: iana.TLS13, group: "X25519"},
			{name: "hybrid", version: iana.TLS13, group: "X25519MLKEM768"},
		} {
			for _, port := range []int{443, 41234} {
				for _, l.tapServer = range []bool{false, true} {
					n := len(legs)
					l := l
					l.client, l.server = fmt.Sprintf(family[0], 50000+n), fmt.Sprintf(family[1], port)
					l.name, l.alpn = fmt.Sprintf("%s-%d", l.name, n), [][]string{nil, {"http/1.1"}, {"h2"}}[n%3]
					if l.kx == iana.KxRSA { // which HTTP/2 forbids (RFC 9113 §9.2.2)
						l.alpn = nil
					}
					legs = append(legs, l)
				}
			}
		}
	}
	name := captured(t, legs)
	shows(t, name, legs)
	if out := run(t, "capinfos", "-M", name); !strings.Contains(out, fmt.Sprintf("decryption secrets in file: %d", len(legs))) ||
		!strings.Contains(out, "interfaces in file: 2") || !strings.Contains(out, "Capture application: tlslab") {
		t.Errorf("capinfos:\n%s", out)
	}
	// editcap reads and writes every block; what it wrote shows the same.
	copied := filepath.Join(t.TempDir(), "copy.pcapng")
	run(t, "editcap", name, copied)
	shows(t, copied, legs)
	impeccable(t, name)
}

// TestConnect is the client's leg of a proxy: CONNECT and its answer, and then TLS, in
// one stream. Wireshark's HTTP recognizes the request at any port, if its first line is
// in one segment. Two kinds of tunnel it leaves closed, since it fears to go in circles:
// to the proxy's own port, and to a port that it has for HTTP (80, 3128, 8080, …).
func TestConnect(t *testing.T) {
	var legs []leg
	for _, port := range []int{8080, 443, 41234} {
		for _, target := range []int{443, 8443, 45678} {
			for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
				if port == target {
					continue
				}
				n := len(legs)
				legs = append(legs, leg{name: fmt.Sprintf("%d-%d-%x", port, target, uint16(v)), version: v, tapServer: true,
					connect: fmt.Sprintf("www.lab.test:%d", target), alpn: [][]string{nil, {"http/1.1"}, {"h2"}}[n%3],
					client: fmt.Sprintf("192.0.2.1:%d", 50000+n), server: fmt.Sprintf("192.0.2.2:%d", port)})
			}
		}
	}
	name := captured(t, legs)
	shows(t, name, legs)
	out := run(t, "tshark", "-r", name, "-Y", "http.request.method==CONNECT", "-T", "fields", "-e", "http.request.uri")
	for _, l := range legs {
		if !strings.Contains(out, l.connect) {
			t.Errorf("no CONNECT of %s in\n%s", l.name, out)
		}
	}
	impeccable(t, name)
}

// shows looks in a capture for the request and the reply of each leg, which have passed
// through TLS.
func shows(t testing.TB, name string, legs []leg) {
	t.Helper()
	out := run(t, "tshark", "-r", name, "-Y", "(http || http2) && tls", "-T", "fields", "-e", "frame.interface_name", "-e", "tcp.srcport", "-e", "tcp.dstport",
		"-e", "http.request.uri", "-e", "http.file_data", "-e", "http2.headers.path", "-e", "http2.data.data")
	for i, l := range legs {
		iface := []string{"client leg", "server leg"}[i%2]
		c, s := netip.MustParseAddrPort(l.client).Port(), netip.MustParseAddrPort(l.server).Port()
		request, reply := fmt.Sprintf("%s\t%d\t%d\t/%s\t\t\t\n", iface, c, s, l.name), fmt.Sprintf("%s\t%d\t%d\t\thello from %s\t\t\n", iface, s, c, l.name)
		if l.h2() {
			request, reply = fmt.Sprintf("%s\t%d\t%d\t\t\t/%s\t\n", iface, c, s, l.name), fmt.Sprintf("%s\t%d\t%d\t\t\t\t%x\n", iface, s, c, "hello from "+l.name)
		}
		for _, want := range []string{request, reply} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}

// impeccable lets Wireshark check every checksum, and every sequence number for gaps.
// That there is an end is all that it may remark on, and a proxy at port 443.
func impeccable(t testing.TB, name string) {
	t.Helper()
	out := run(t, "tshark", "-r", name, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
		"-Y", "_ws.malformed || tcp.checksum.status != 1 || (ip && ip.checksum.status != 1) || _ws.expert.severity >= 4194304",
		"-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message")
	for line := range strings.Lines(out) {
		if !strings.Contains(line, "connection closing") && !strings.Contains(line, "Unencrypted HTTP") {
			t.Errorf("Wireshark says of frame %s", line)
		}
	}
}
