package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
)

// The proxy under load and among peers that misbehave: no byte is lost or out of order,
// no goroutine and no memory is left behind, and whatever goes wrong is an entry.

var soak = flag.Bool("soak", false, "have TestProxyBulk carry 1 GiB each way, instead of 32 MiB, the tests of documents and of long connections 128 MiB, and TestManyConnections make 10,000 of them")

// underTest is a proxy at work.
type underTest interface {
	Addr() string
	Root() *x509.Certificate
	Entries() []listed // its list so far
	Goroutines() int   // the whole process's
	HeapBytes() uint64 // live, after a collection
}

// startOurs runs tlslab proxy in this process, where its goroutines and its heap can be
// seen, until the test ends.
func startOurs(t *testing.T, o *origin, args ...string) underTest {
	t.Helper()
	dir := t.TempDir()
	port, root := filepath.Join(dir, "port"), filepath.Join(dir, "tlslab-ca.pem")
	p := &inProcess{}
	ctx, cancel := context.WithCancel(context.Background())
	status := make(chan int, 1)
	go func() {
		status <- command(ctx, strings.NewReader(""), &p.list, &p.said, append([]string{"proxy", "--listen", "127.0.0.1:0", "--port-file", port,
			"--confdir", dir, "--upstream-CAfile", o.roots, "--format", "json"}, args...)...)
	}()
	ended := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	go func() {
		if s := <-status; s != 0 {
			t.Errorf("tlslab proxy ended with status %d\n%s", s, &p.said)
		}
		close(ended)
	}()
	if err := awaitProxy(ended, port, root, &p.addr, &p.root); err != nil {
		t.Fatalf("%v\n%s", err, &p.said)
	}
	return p
}

// listed is an entry of the list, as --format json has it, as far as it matters here.
type listed struct {
	N                  int
	Kind               proxy.Kind
	Server, Host, Path string
	Status             int
	Sent, Received     int64
	Fault              *struct {
		Leg, By proxy.Side
		Cause   proxy.Cause
		Error   string
	}
}

// inProcess is a proxy in this process.
type inProcess struct {
	addr string
	root *x509.Certificate
	list entries
	said printed
}

func (p *inProcess) Addr() string            { return p.addr }
func (p *inProcess) Root() *x509.Certificate { return p.root }
func (p *inProcess) Goroutines() int         { return runtime.NumGoroutine() }
func (p *inProcess) Entries() []listed       { return p.list.all() }

func (p *inProcess) HeapBytes() uint64 {
	runtime.GC()
	runtime.GC() // what was in a sync.Pool is gone after the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// entries reads a list while it is written. It keeps none of the text, since the heap is
// looked at.
type entries struct {
	mu   sync.Mutex
	list []listed
	part []byte // of a line
}

func (e *entries) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.part = append(e.part, b...)
	for {
		line, rest, whole := bytes.Cut(e.part, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		var l listed
		if err := json.Unmarshal(line, &l); err != nil {
			l = listed{Path: string(line)} // of no kind, which nothing expects
		}
		e.list = append(e.list, l)
		e.part = append(e.part[:0], rest...)
	}
}

func (e *entries) all() []listed {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list
}

// printed collects what a program prints while others read it.
type printed struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *printed) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *printed) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// awaitProxy waits until a proxy has written its root and its port; or, if its address is
// known already, its root, and answers.
func awaitProxy(ended <-chan struct{}, port, rootFile string, addr *string, root **x509.Certificate) error {
	for end := time.Now().Add(clitest.Patience); ; {
		err := func() (err error) {
			if *root, err = readPEM(rootFile); err != nil {
				return err
			}
			if *addr == "" {
				n, err := os.ReadFile(port)
				if err != nil {
					return err
				}
				if len(n) == 0 {
					return fmt.Errorf("%s is empty", port)
				}
				*addr = net.JoinHostPort("127.0.0.1", strings.TrimSpace(string(n)))
				return nil // it listens before it writes
			}
			conn, err := net.Dial("tcp", *addr)
			if err == nil {
				_ = conn.Close()
			}
			return err
		}()
		if err == nil || time.Now().After(end) {
			return err
		}
		select {
		case <-ended:
			return fmt.Errorf("it ended, and %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// eventually asks again and again, until there is nothing to complain of or patience ends.
func eventually(within time.Duration, complaint func() error) error {
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Millisecond) {
		err := complaint()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// settles waits until no more goroutines run than did before.
func settles(u underTest, before int, within time.Duration) error {
	err := eventually(within, func() error {
		if n := u.Goroutines(); n > before {
			return fmt.Errorf("%d goroutines are left of %d more than before", n-before, n)
		}
		return nil
	})
	if err != nil {
		var all bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&all, 1) // into memory
		return fmt.Errorf("%w\n%s", err, &all)
	}
	return nil
}

// heapOfAll is by how much the heap may grow: 32 MiB of recordings are kept to be shown,
// and this process holds the list of all entries besides. Of 10,000 requests over more
// than 400 connections, a leak of 20 KiB a connection or 800 bytes a request is beyond it.
const heapOfAll = (32 + 8) << 20

// heapOfFew is the same where there is little to be kept.
const heapOfFew = 4 << 20

// fits waits until the heap has grown no more than by so much since it was before: what
// has ended may be held for a moment by a timer, as net/http's HTTP/2 does for a second.
func fits(u underTest, before, growth uint64) error {
	if raceEnabled {
		return nil // what finds races weighs what it keeps of its own
	}
	return eventually(clitest.Patience, func() error {
		if now := u.HeapBytes(); now > before+growth {
			return fmt.Errorf("the heap went from %d KiB to %d KiB, which is more than by %d", before>>10, now>>10, growth>>10)
		}
		return nil
	})
}

// 10,000 requests over 200 connections that are open at once, HTTP/1.1 and HTTP/2.
func TestProxyLoad(t *testing.T) {
	h1 := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1")
	h2 := startOrigin(t, "127.0.0.1", loadHandler(), "h2")
	trustBoth(t, h1, h2)
	clients, requests := 200, 10_000
	if raceEnabled {
		clients, requests = 50, 1_000
	}
	// On a busy machine one of two hundred at once may wait for longer than a user would.
	checkLoad(t, startOurs(t, h1, "--handshake-timeout", "5m"), clients, requests, h1, h2)
}

// trustBoth puts the roots of both into one's file.
func trustBoth(t *testing.T, a, b *origin) {
	t.Helper()
	if err := writePEM(a.roots, a.root, b.root); err != nil {
		t.Fatal(err)
	}
}

// warmUp is what comes before anything is counted: what a proxy makes once, or keeps some
// of for later, it has then.
var warmUp = wave{clients: 32, requests: 8}

func checkLoad(t *testing.T, u underTest, clients, requests int, origins ...*origin) {
	t.Helper()
	load := func(w wave) (paths []string) {
		t.Helper()
		paths, err := w.run(t.Context(), u, origins...)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range origins {
			if err := o.quiet(0); err != nil {
				t.Fatal(err)
			}
		}
		return paths
	}
	paths := load(warmUp)
	goroutines, heap := u.Goroutines(), u.HeapBytes()
	paths = append(paths, load(wave{clients: clients, requests: requests / clients, first: 1 << 20})...)
	paths = append(paths, load(wave{clients: clients, requests: 10, first: 2 << 20})...) // what may be kept is full then
	if err := errors.Join(settles(u, goroutines, clitest.Patience), fits(u, heap, heapOfAll)); err != nil {
		t.Error(err)
	}
	// An entry may come a moment after its reply.
	_ = eventually(clitest.Patience, func() error {
		if len(u.Entries()) < len(paths) {
			return errors.New("there are more to come")
		}
		return nil
	})
	if err := accounted(u.Entries(), paths); err != nil {
		t.Error(err)
	}
}

// accounted makes sure that each request is an entry, once, with its outcome and the
// length of its bodies; and that there are no others.
func accounted(entries []listed, paths []string) error {
	want := map[string]int{}
	for _, p := range paths {
		want[p]++
	}
	for _, e := range entries {
		if want[e.Path] == 0 {
			return fmt.Errorf("nobody did %+v", e)
		}
		want[e.Path]--
		_, n, err := seedAndLength(e.Path)
		if err != nil {
			return err
		}
		sent, received := int64(0), n
		switch {
		case strings.HasPrefix(e.Path, "/sum/"):
			sent, received = n, 64
		case strings.HasPrefix(e.Path, "/echo/"):
			sent = n
		}
		if e.Kind != proxy.Request || e.Status != http.StatusOK || e.Fault != nil || e.Sent != sent || e.Received != received {
			return fmt.Errorf("want %d bytes sent, %d received and no fault: %+v", sent, received, e)
		}
	}
	if len(entries) < len(paths) {
		return fmt.Errorf("of %d requests the list has only %d", len(paths), len(entries))
	}
	return nil
}

// bulkPeak is what the process may hold at the most, in MiB, while a body passes that is
// much larger: an idle one holds 20.
const bulkPeak = 36

// A body of any size passes through a proxy of a fixed size: a process of its own, whose
// memory can be seen.
func TestProxyBulk(t *testing.T) {
	size := int64(32 << 20)
	if *soak {
		size = 1 << 30
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			o := startOrigin(t, "127.0.0.1", loadHandler(), protocol)
			child := startChild(t, o)
			before := child.descriptors(t)
			for i, kind := range []string{"length", "chunked", "sum", "sum"} { // the second upload is in chunks
				l := newLoader(child.addr, child.root, o)
				if err := errors.Join(l.exchange(t.Context(), kind, uint64(i), size), l.close()); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.quiet(0); err != nil {
				t.Fatal(err)
			}
			if err := eventually(clitest.Patience, func() error {
				if now := child.descriptors(t); now > before {
					return fmt.Errorf("%d files and sockets are left open", now-before)
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
			if peak := child.peak(t); peak > bulkPeak && !raceEnabled { // what finds races holds much more
				t.Errorf("the proxy held %d MiB at the most, while %d MiB passed at a time", peak, size>>20)
			} else {
				t.Logf("the proxy held %d MiB at the most, while %d MiB passed at a time", peak, size>>20)
			}
			child.interrupt(t)
		})
	}
}

// child is tlslab proxy as a process of its own.
type child struct {
	cmd   *exec.Cmd
	addr  string
	root  *x509.Certificate
	list  printed
	said  printed
	ended chan struct{}
	err   error // how it ended, once it has
}

func startChild(t *testing.T, o *origin, args ...string) *child {
	t.Helper()
	dir := t.TempDir()
	port, root := filepath.Join(dir, "port"), filepath.Join(dir, "tlslab-ca.pem")
	c := &child{cmd: exec.Command(os.Args[0], append([]string{"proxy", "--listen", "127.0.0.1:0", "--port-file", port,
		"--confdir", dir, "--upstream-CAfile", o.roots}, args...)...), ended: make(chan struct{})}
	c.cmd.Args[0], c.cmd.Env = "tlslab", append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
	c.cmd.Stdout, c.cmd.Stderr = &c.list, &c.said
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.ended)
	}()
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // an error if it has ended, which is as well
		<-c.ended
	})
	if err := awaitProxy(c.ended, port, root, &c.addr, &c.root); err != nil {
		t.Fatalf("%v\n%s", err, &c.said)
	}
	return c
}

// interrupt ends it as a person would.
func (c *child) interrupt(t *testing.T) {
	t.Helper()
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.ended:
		if c.err != nil {
			t.Errorf("interrupted, it ended with %v\n%s", c.err, &c.said)
		}
	case <-time.After(clitest.Patience):
		t.Error("interrupted, it does not end")
	}
}

// descriptors counts open files, and is 0 where there is no /proc.
func (c *child) descriptors(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.cmd.Process.Pid))
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	return len(fds)
}

func (c *child) peak(t *testing.T) (mib int) {
	t.Helper()
	return peakOf(t, c.cmd.Process.Pid)
}

// peakOf is the most memory of a process that was ever resident, in MiB, and 0 where there is
// no /proc.
func peakOf(t testing.TB, pid int) (mib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil && runtime.GOOS == "linux" {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &mib); err == nil {
			return mib >> 10
		}
	}
	if runtime.GOOS == "linux" {
		t.Fatalf("no VmHWM in\n%s", status)
	}
	return 0
}

// The load notices what it is there to notice. The proxy between is a minimal one of
// crypto/tls: it is the origin that lies.
func TestLoadNotices(t *testing.T) {
	honest := loadHandler()
	lies := map[string]func(b []byte) []byte{
		"another byte":  func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"a byte less":   func(b []byte) []byte { return b[1:] },
		"a byte more":   func(b []byte) []byte { return append(b, 0) },
		"another order": func(b []byte) []byte { return append(b[len(b)/2:], b[:len(b)/2]...) },
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			o := startOrigin(t, "127.0.0.1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var truth bytes.Buffer
				honest.ServeHTTP(writerTo{w, &truth}, r)
				w.Header().Del("Content-Length")
				_, _ = w.Write(lie(truth.Bytes()))
			}), "http/1.1")
			u := startMinimal(t, o)
			l := newLoader(u.addr, u.root, o)
			for _, kind := range []string{"length", "chunked", "sum", "echo"} {
				if err := l.exchange(t.Context(), kind, 1, 1000); err == nil {
					t.Errorf("/%s with %s was taken for true", kind, name)
				}
			}
			if err := l.close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		o := startOrigin(t, "127.0.0.1", honest, "http/1.1")
		u := startMinimal(t, o)
		before := u.Goroutines()
		paths, err := wave{clients: 10, requests: 36}.run(t.Context(), u, o)
		if err != nil {
			t.Error(err)
		}
		if err := settles(u, before, clitest.Patience); err != nil {
			t.Error(err)
		}
		// As many more as there are, so that it does not matter how many of what ran before
		// are just ending.
		now, hold := u.Goroutines(), make(chan struct{})
		for range now + 1 {
			go func() { <-hold }()
		}
		if err := settles(u, now, 0); err == nil {
			t.Error("goroutines more were not noticed")
		}
		close(hold)
		var list []listed
		for _, p := range paths {
			_, n, _ := seedAndLength(p) // they are of our making
			e := listed{Kind: proxy.Request, Path: p, Status: 200, Received: n}
			switch kind, _, _ := strings.Cut(p[1:], "/"); kind {
			case "sum":
				e.Sent, e.Received = n, 64
			case "echo":
				e.Sent = n
			}
			list = append(list, e)
		}
		if err := accounted(list, paths); err != nil {
			t.Error(err)
		}
		long := slices.Clone(list)
		long[7].Received++
		for what, l := range map[string][]listed{"less": list[1:], "more": append(list, list[0]), "longer": long} {
			if accounted(l, paths) == nil {
				t.Errorf("a list with %s was not noticed", what)
			}
		}
	})
}

// writerTo is a ResponseWriter whose body goes elsewhere.
type writerTo struct {
	http.ResponseWriter
	body io.Writer
}

func (w writerTo) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w writerTo) FlushError() error           { return nil }

// startMinimal runs the crypto/tls proxy of the comparison in this process.
func startMinimal(t *testing.T, o *origin) *inProcess {
	t.Helper()
	ca, err := newAuthority("Minimal Root", nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(o.root)
	done := make(chan error, 1)
	go func() { done <- serveCryptoTLS("http/1.1")(l, ca, pool) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return &inProcess{addr: l.Addr().String(), root: ca.cert}
}
