package main

import (
	"bytes"
	"context"
	stdtls "crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
)

// Everything at once: every mode, --hardump, --pcap and --rewrite, and clients and servers that
// vanish wherever it suits them. Where is drawn; a run can be had again by its seed.

var mayhemSeed = flag.Uint64("mayhemseed", 0, "have TestProxyMayhem and TestProxyKilled draw from this seed; 0 takes another one each time")

func seeded(t *testing.T) *rand.Rand {
	seed := *mayhemSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-mayhemseed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// mortal is a connection that comes to an end when so many bytes have gone over it.
type mortal struct {
	net.Conn
	mu   sync.Mutex
	left int
	die  func(c net.Conn)
}

func (m *mortal) used(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left -= n; m.left <= 0 && m.die != nil {
		m.die(m.Conn)
		m.die = nil
	}
}

func (m *mortal) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p[:min(len(p), 1<<12)])
	m.used(n)
	return n, err
}

func (m *mortal) Write(p []byte) (sent int, err error) {
	m.mu.Lock()
	first := min(len(p), max(1, m.left))
	m.mu.Unlock()
	n, err := m.Conn.Write(p[:first]) // a part goes, and then it ends
	m.used(n)
	if err != nil || first == len(p) {
		return n, err
	}
	more, err := m.Conn.Write(p[first:])
	m.used(more)
	return n + more, err
}

// deaths are how a connection may end. A half-closed one may still be read.
var deaths = []func(net.Conn){
	func(c net.Conn) { _ = reset(c) },
	func(c net.Conn) { _ = vanish(c) },
	func(c net.Conn) { _ = c.Close() },
	func(c net.Conn) { _ = c.(*net.TCPConn).CloseWrite() },
}

// mode is one way to a proxy.
type proxyMode struct {
	name string
	args func(o *origin) []string
	// by says how a client gets to the origin through the proxy at addr.
	by func(addr string, o *origin) (via func(*http.Request) (*url.URL, error), host string)
}

var proxyModes = []proxyMode{
	{"forward", func(*origin) []string { return nil }, func(addr string, o *origin) (func(*http.Request) (*url.URL, error), string) {
		return http.ProxyURL(&url.URL{Scheme: "http", Host: addr}), o.host
	}},
	{"socks5", func(*origin) []string { return []string{"--mode", "socks5"} }, func(addr string, o *origin) (func(*http.Request) (*url.URL, error), string) {
		return http.ProxyURL(&url.URL{Scheme: "socks5", Host: addr}), o.host
	}},
	{"reverse", func(o *origin) []string { return []string{"--mode", "reverse:https://" + o.host} }, func(addr string, _ *origin) (func(*http.Request) (*url.URL, error), string) {
		return nil, addr
	}},
}

// crowd is clients of a proxy, of which many come to an end before they are through.
type crowd struct {
	addr string
	root *x509.Certificate
	mode proxyMode
	rnd  *rand.Rand
}

// join has n clients come, some of them at a time, and waits until all have gone. honest is how
// many were to be served whole, and were.
func (c *crowd) join(ctx context.Context, n int, origins ...*origin) (honest int, errs []error) {
	var (
		all sync.WaitGroup
		mu  sync.Mutex
		sem = make(chan struct{}, 40)
	)
	trusted := x509.NewCertPool()
	trusted.AddCert(c.root)
	for i := range n {
		o := origins[i%len(origins)]
		via, host := c.mode.by(c.addr, o)
		l := &loader{host: host}
		die, left := deaths[c.rnd.IntN(len(deaths))], 1<<c.rnd.IntN(18)+c.rnd.IntN(500)
		dies, vanishes := c.rnd.IntN(3) > 0, c.rnd.IntN(4) == 0
		seed := c.rnd.Uint64N(1 << 40)
		var talks http.Protocols
		talks.SetHTTP1(!o.http2)
		talks.SetHTTP2(o.http2)
		l.Transport = &http.Transport{Proxy: via, TLSClientConfig: &stdtls.Config{RootCAs: trusted, ServerName: "127.0.0.1"}, Protocols: &talks, DisableCompression: true,
			MaxConnsPerHost: 1, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				raw, err := l.dial(ctx, network, addr)
				if err == nil && dies {
					return &mortal{Conn: raw.(*loaderConn).Conn, left: left, die: die}, nil
				}
				return raw, err
			}}
		sem <- struct{}{}
		all.Go(func() {
			defer func() { <-sem }()
			ctx, cancel := context.WithTimeout(ctx, clitest.Patience/2)
			defer cancel()
			var err error
			for j, kind := range []string{"length", "echo", "chunked", "sum"} {
				if err = l.exchange(ctx, kind, seed+uint64(j), lengths[(i+j)%len(lengths)]); err != nil {
					break
				}
			}
			if vanishes { // the server does
				if resp, gone := l.Get("https://" + host + "/vanish/1/3000"); gone == nil {
					_, _ = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
				}
			}
			l.CloseIdleConnections()
			mu.Lock()
			defer mu.Unlock()
			switch {
			case dies: // whatever it got
			case err != nil:
				errs = append(errs, fmt.Errorf("an honest client: %w", err))
			default:
				honest++
			}
		})
	}
	all.Wait()
	return honest, errs
}

// descriptorsOf counts a process's open files.
func descriptorsOf(t *testing.T, pid string) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/" + pid + "/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(fds)
}

// recorded checks what a proxy has left behind: a HAR that is whole and has each entry that was
// listed, and a capture that tshark reads and opens. It returns how much there is of both.
func recorded(t *testing.T, harFile, pcapFile string, listed int) (entries, opened int) {
	t.Helper()
	b, err := os.ReadFile(harFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := clitest.InvalidHAR(t, b); err != nil {
		t.Errorf("%v\n%.2000s", err, b)
	}
	var doc struct {
		Log struct{ Entries []json.RawMessage }
	}
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Errorf("the HAR of %d bytes: %v", len(b), err)
	}
	if entries = len(doc.Log.Entries); entries < listed {
		t.Errorf("the HAR has %d entries, and the list %d", entries, listed)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(programOf(t, "tshark"), "-r", pcapFile, "-Y", "tls && (http.request || http2.headers.path)", "-T", "fields", "-e", "tcp.stream")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || strings.Contains(stderr.String(), "cut short") {
		t.Errorf("tshark: %v\n%s", err, &stderr)
	}
	streams := map[string]bool{}
	for s := range strings.Lines(string(out)) {
		streams[s] = true
	}
	return entries, len(streams)
}

// inHAR counts entries of a list that a HAR has too.
func inHAR(list []listed) (n int) {
	for _, e := range list {
		if e.Kind == proxy.Request || e.Kind == proxy.Failure {
			n++
		}
	}
	return n
}

// TestProxyMayhem: 200 connections in each mode, two thirds of which vanish. Who stays is served,
// and of who has gone nothing is left: no goroutine, no file, no half entry.
func TestProxyMayhem(t *testing.T) {
	holdTaken(t)
	programOf(t, "tshark")
	rnd := seeded(t)
	h1 := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1")
	h2 := startOrigin(t, "127.0.0.1", loadHandler(), "h2")
	both := startOrigin(t, "127.0.0.1", loadHandler(), "h2", "http/1.1") // for reverse mode, which has one server
	if err := writePEM(h1.roots, h1.root, h2.root, both.root); err != nil {
		t.Fatal(err)
	}
	conns := 200
	if raceEnabled {
		conns = 60
	}
	for _, mode := range proxyModes {
		t.Run(mode.name, func(t *testing.T) {
			dir := t.TempDir()
			harFile, pcapFile := filepath.Join(dir, "x.har"), filepath.Join(dir, "x.pcapng")
			origins := []*origin{h1, h2}
			if mode.name == "reverse" {
				origins = []*origin{both}
			}
			quiet := func() error {
				var errs []error
				for _, o := range origins {
					errs = append(errs, o.quiet(0))
				}
				return errors.Join(errs...)
			}
			ctx, cancel := context.WithCancel(context.Background())
			p := &inProcess{}
			port, root := filepath.Join(dir, "port"), filepath.Join(dir, "tlslab-ca.pem")
			ended := make(chan struct{})
			before := descriptorsOf(t, "self")
			go func() {
				defer close(ended)
				if s := command(ctx, strings.NewReader(""), &p.list, &p.said, append([]string{"proxy", "--listen", "127.0.0.1:0", "--port-file", port, "--confdir", dir,
					"--upstream-CAfile", h1.roots, "--format", "json", "--hardump", harFile, "--pcap", pcapFile, "--rewrite", "hello=howdy"}, mode.args(origins[0])...)...); s != 0 {
					t.Errorf("tlslab proxy ended with status %d\n%s", s, &p.said)
				}
			}()
			defer func() {
				cancel()
				<-ended
			}()
			if err := awaitProxy(ended, port, root, &p.addr, &p.root); err != nil {
				t.Fatalf("%v\n%s", err, &p.said)
			}
			c := &crowd{p.addr, p.root, mode, rnd}
			if _, errs := c.join(t.Context(), 16, origins...); len(errs) > 0 {
				t.Fatal(errs)
			}
			if err := quiet(); err != nil {
				t.Fatal(err)
			}
			goroutines, files := p.Goroutines(), descriptorsOf(t, "self")
			honest, errs := c.join(t.Context(), conns, origins...)
			for _, err := range errs {
				t.Error(err)
			}
			if err := quiet(); err != nil {
				t.Error(err)
			}
			if err := settles(p, goroutines, clitest.Patience); err != nil {
				t.Error(err)
			}
			if err := eventually(clitest.Patience, func() error {
				if n := descriptorsOf(t, "self"); n > files {
					return fmt.Errorf("%d files and sockets are left open of %d more", n-files, files)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			cancel()
			<-ended
			if n := descriptorsOf(t, "self"); n > before {
				t.Errorf("%d files are open that were not before the proxy began", n-before)
			}
			entries, opened := recorded(t, harFile, pcapFile, inHAR(p.Entries()))
			if opened == 0 || honest < conns/5 {
				t.Errorf("tshark reads requests of %d connections; %d honest clients were served", opened, honest)
			}
			t.Logf("%d connections, %d of them honest; the HAR has %d entries, tshark reads what was asked on %d legs", conns, honest, entries, opened)
		})
	}
}

// TestProxyKilled: the command is killed at whatever moment, again and again. What it has written
// is whole, each time.
func TestProxyKilled(t *testing.T) {
	holdTaken(t)
	programOf(t, "tshark")
	rnd := seeded(t)
	h1 := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1", "h2")
	h2 := startOrigin(t, "127.0.0.1", loadHandler(), "h2")
	trustBoth(t, h1, h2)
	rounds := 6
	if raceEnabled {
		rounds = 3
	}
	for round := range rounds {
		mode := proxyModes[round%len(proxyModes)]
		t.Run(fmt.Sprint(mode.name, " ", round), func(t *testing.T) {
			dir := t.TempDir()
			harFile, pcapFile := filepath.Join(dir, "x.har"), filepath.Join(dir, "x.pcapng")
			child := startChild(t, h1, append([]string{"--format", "json", "--hardump", harFile, "--pcap", pcapFile, "--rewrite", "hello=howdy"}, mode.args(h1)...)...)
			c := &crowd{child.addr, child.root, mode, rnd}
			after := time.Duration(50+rnd.IntN(700)) * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan struct{})
			go func() {
				defer close(over)
				origins := []*origin{h1, h2}
				if mode.name == "reverse" {
					origins = origins[:1]
				}
				_, _ = c.join(ctx, 200, origins...) // whom it takes with it
			}()
			if err := eventually(clitest.Patience, func() error { // not before there is something to lose
				if !strings.Contains(child.list.String(), `"status":200`) {
					return errors.New("no request was answered")
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(after) // any moment is as good as another
			if err := child.cmd.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			<-child.ended
			cancel()
			<-over
			var list []listed
			for line := range strings.Lines(child.list.String()) {
				var e listed
				if err := json.Unmarshal([]byte(line), &e); err != nil && strings.HasSuffix(line, "\n") {
					t.Errorf("a line of the list: %v\n%s", err, line)
				} else if err == nil {
					list = append(list, e)
				}
			}
			entries, opened := recorded(t, harFile, pcapFile, inHAR(list))
			if opened == 0 {
				t.Error("tshark opens none of the legs")
			}
			t.Logf("killed after %v: %d listed, the HAR has %d, tshark reads what was asked on %d legs", after, len(list), entries, opened)
		})
	}
	if err := errors.Join(h1.quiet(0), h2.quiet(0)); err != nil {
		t.Error(err)
	}
}
