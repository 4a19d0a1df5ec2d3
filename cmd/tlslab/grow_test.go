package main

import (
	"bytes"
	"context"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/explain"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// What a live end holds, and what it does for a byte or for a connection, must not grow with what has gone
// before. Counted are bytes of the heap, of what is told and of what is allocated; never time.

// liveHeap is how many bytes of the heap are in use: the least of some measurements, since something may yet be telling.
func liveHeap() int {
	least := 0
	for i := range 4 {
		runtime.GC() // what was in a sync.Pool is gone after the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if n := int(m.HeapAlloc); i == 0 || n < least {
			least = n
		}
	}
	return least
}

// allocated is how many bytes were allocated up to now.
func allocated() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.TotalAlloc)
}

// pieces is a reader, and a writer's other end, of n bytes in pieces: each makes a record of its own. Behind the last, a
// Read waits until it is over.
type pieces struct {
	left int
	over <-chan struct{}
}

const piece = 1 << 10

func (p *pieces) Read(b []byte) (int, error) {
	if p.left == 0 {
		<-p.over
		return 0, io.EOF
	}
	n := min(len(b), piece, p.left)
	p.left -= n
	return n, nil
}

// count counts what is written, and says when so much is.
type count struct {
	n    atomic.Int64
	want int64
	all  chan struct{}
}

func newCount(want int) *count {
	c := &count{want: int64(want), all: make(chan struct{})}
	if want == 0 {
		close(c.all)
	}
	return c
}

func (c *count) Write(b []byte) (int, error) {
	if now := c.n.Add(int64(len(b))); now >= c.want && now-int64(len(b)) < c.want {
		close(c.all)
	}
	return len(b), nil
}

// cost is what a run came to: bytes of the heap when all had passed and the connection was open, of what was allocated
// by then, and of what was told, in the end.
type cost struct{ held, worked, told int }

// carry runs a client that is sent down bytes and sends up, and tells of it as the flags say.
func carry(t *testing.T, down, up int, flags ...string) cost {
	t.Helper()
	lab, err := lesson.New(lesson.Options{Name: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	roots, out := filepath.Join(dir, "roots.pem"), filepath.Join(dir, "out")
	if err := authority.WriteCerts(roots, lab.Roots.All(), authority.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	l, err := stdtls.Listen("tcp", "127.0.0.1:0", &stdtls.Config{Certificates: []stdtls.Certificate{{Certificate: lab.Chain, PrivateKey: lab.Key}}})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	over := make(chan struct{})
	heard := newCount(up)
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		serving.Go(func() { _, _ = io.CopyBuffer(struct{ io.Writer }{c}, &pieces{down, over}, make([]byte, piece)) }) // fails if the client does
		_, _ = io.Copy(heard, c)
	})
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range flags {
		flags[i] = strings.ReplaceAll(f, "OUT", out)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	said, told := newCount(down), newCount(1)
	ended := make(chan int, 1)
	held, worked := liveHeap(), allocated()
	go func() {
		ended <- command(ctx, &pieces{up, over}, said, told, append([]string{"client", "--connect", "localhost:" + port, "--CAfile", roots, "--lang", "en"}, flags...)...)
	}()
	for _, all := range []chan struct{}{said.all, heard.all} {
		select {
		case <-all:
		case s := <-ended:
			t.Fatalf("%v: it ended with status %d", flags, s)
		}
	}
	c := cost{worked: allocated() - worked, held: liveHeap() - held}
	interrupt()
	close(over)
	if s := <-ended; s != 0 {
		t.Errorf("%v: status %d", flags, s)
	}
	serving.Wait()
	c.told = int(told.n.Load())
	if info, err := os.Stat(out); err == nil {
		c.told += int(info.Size())
	}
	return c
}

// TestLongConnection: a client holds as much of a long connection as of a short one, in each form of telling and in
// each direction; and each byte costs the same.
func TestLongConnection(t *testing.T) {
	// The forms are told in both directions where they are laid out as a whole. By hand, in processes of their own, all were
	// up to 128 MiB each way: the figures are in the closing note of issue 19.
	for form, both := range map[string]bool{"": true, "--full": true, "--brief": false, "--quiet": false, "--myths": false, "--checks": false, "--secrets": false,
		"--message 3": false, "--no-secrets": false, "--bytes": false, "--format json --out OUT": false, "--format html --out OUT": true,
		"--quiet --pcap OUT": false, "--quiet --keylogfile OUT": false} {
		little, much := 5<<18, 5<<20
		switch {
		case form == "--bytes" || strings.Contains(form, "json"): // its text is a dozen times as long as what it tells of
			little, much = 1<<19, 3<<19
		case raceEnabled:
			much = 5 << 19
		case *soak:
			much = 128 << 20
		}
		for _, way := range []string{"up", "down"} {
			if way == "down" && !both {
				continue
			}
			t.Run(form+" "+way, func(t *testing.T) {
				run := func(n int) cost {
					if way == "up" {
						return carry(t, 0, n, strings.Fields(form)...)
					}
					return carry(t, n, 0, strings.Fields(form)...)
				}
				a, b := run(little), run(much)
				records := (much - little) / piece
				t.Logf("%d KiB: %+v; %d KiB: %+v", little>>10, a, much>>10, b)
				if more := b.held - a.held; more > 1<<19+records*16 && !raceEnabled {
					t.Errorf("%d bytes more are held after %d records more", more, records)
				}
				// What a byte costs, beyond the handshake and what has a fixed size, is no more for the later ones.
				// But a record's number gets longer: that of a hundred thousandth has five digits.
				if times := much / little; b.worked > (times+times/8+1)*a.worked || b.told > (times+times/8+1)*a.told {
					t.Errorf("%d times as much: allocated are %d and %d bytes, told %d and %d", times, a.worked, b.worked, a.told, b.told)
				}
			})
		}
	}
}

// headed counts the connections that a server's transcript has headed of, and its bytes. It keeps none of the text.
type headed struct {
	mu   sync.Mutex
	mark *regexp.Regexp
	last []byte
	seen map[string]bool
	n    int
}

func (h *headed) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.n += len(b)
	h.last = append(h.last, b...)
	end := bytes.LastIndexByte(h.last, '\n') + 1
	for _, m := range h.mark.FindAllSubmatch(h.last[:end], -1) {
		h.seen[string(m[1])] = true
	}
	h.last = append(h.last[:0], h.last[end:]...)
	return len(b), nil
}

func (h *headed) counted() (connections, told int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen), h.n
}

// TestManyConnections: a server that has explained a thousand connections holds as much as one that has
// explained some, has told as much of each, and has told of every one.
func TestManyConnections(t *testing.T) {
	for form, n := range map[string]int{"": 2000, "--full": 200, "--brief": 200, "--quiet": 400, "--checks": 200, "--www": 400, "--format json --out OUT": 200,
		"--format html --out OUT": 200, "--quiet --pcap OUT": 400, "--quiet --keylogfile OUT": 400} {
		switch {
		case *soak:
			n = 10_000
		case raceEnabled || testing.Short():
			n = min(n, 200)
		}
		t.Run(form, func(t *testing.T) { explainMany(t, n, form) })
	}
}

func explainMany(t *testing.T, n int, form string) {
	dir := t.TempDir()
	out, port := filepath.Join(dir, "out"), filepath.Join(dir, "port")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	told := &headed{mark: regexp.MustCompile(`(?m)^== connection (\d+)[ ,]`), seen: map[string]bool{}}
	ended := make(chan int, 1)
	args := append([]string{"server", "--accept", "127.0.0.1:0", "--port-file", port, "--lang", "en"}, strings.Fields(strings.ReplaceAll(form, "OUT", out))...)
	go func() { ended <- command(ctx, strings.NewReader(""), io.Discard, told, args...) }()
	var addr string
	if err := eventually(clitest.Patience, func() error {
		b, err := os.ReadFile(port)
		if len(b) == 0 && err == nil {
			err = errors.New("no port yet")
		}
		addr = net.JoinHostPort("127.0.0.1", strings.TrimSpace(string(b)))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	clients := func(n int) {
		var left atomic.Int64
		left.Store(int64(n))
		var all sync.WaitGroup
		for at := range 4 { // at a time
			all.Go(func() {
				cfg := &stdtls.Config{InsecureSkipVerify: true}
				if at%2 == 1 { // resumes
					cfg.ServerName, cfg.ClientSessionCache = "localhost", stdtls.NewLRUClientSessionCache(1)
				}
				if at/2 == 1 {
					cfg.MaxVersion = stdtls.VersionTLS12
				}
				for left.Add(-1) >= 0 {
					c, err := stdtls.Dial("tcp", addr, cfg)
					if err != nil {
						t.Error(err)
						return
					}
					_, werr := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
					if err := errors.Join(werr, c.CloseWrite()); err != nil {
						t.Error(err)
					}
					_, _ = io.Copy(io.Discard, c) // to its end, when the server has closed it
					_ = c.Close()
				}
			})
		}
		all.Wait()
	}
	few := n / 4
	clients(few)
	heap := liveHeap()
	_, first := told.counted()
	clients(n - few)
	const most = 1 << 19 // of what fills up to a limit and what is just going on
	if err := eventually(clitest.Patience, func() error {
		if more := liveHeap() - heap; more > most+(n-few)*16 && !raceEnabled {
			return fmt.Errorf("%d bytes more are held after %d connections more", more, n-few)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	interrupt()
	if s := <-ended; s != 0 {
		t.Errorf("status %d", s)
	}
	seen, all := told.counted()
	t.Logf("%d connections: %d bytes told, of %d connections", n, all, seen)
	explained := map[string]func(string) (int, error){"json": documents, "html": filesOf, "pcap": recordedTLS, "keylogfile": randoms}
	for what, countIn := range explained {
		if !strings.Contains(form, what) {
			continue
		}
		want := n
		if what == "html" {
			want = min(n, 1000) // and no more, which is said
		}
		if got, err := countIn(out); err != nil || got != want {
			t.Errorf("%s has %d connections of %d, %v", what, got, want, err)
		}
		return
	}
	if form == "--quiet" {
		if seen > 0 || all > 1000 {
			t.Errorf("%d bytes are told of %d connections", all, seen)
		}
		return
	}
	if share := all / n; seen != n || all > first*n/few+first*n/few/20+8*share {
		t.Errorf("of %d connections %d are told of; the first %d took %d bytes, all took %d", n, seen, few, first, all)
	}
}

// documents counts the documents in a file.
func documents(file string) (n int, err error) {
	b, err := os.ReadFile(file)
	return bytes.Count(b, []byte(`"tlslab": 1,`)), err
}

// filesOf counts the pages of a server.
func filesOf(file string) (int, error) {
	pages, err := filepath.Glob(file + "-*")
	return len(pages), err
}

// recordedTLS counts the connections in a capture that are TLS and have been opened.
func recordedTLS(file string) (int, error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	_, err = explain.Read(context.Background(), f, explain.Options{Each: func(c *explain.Connection) {
		if c.TLS && c.Read.Data {
			n++
		}
	}})
	return n, err
}

// randoms counts the connections that a key log has secrets of.
func randoms(file string) (int, error) {
	b, err := os.ReadFile(file)
	all := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 3 {
			all[f[1]] = true
		}
	}
	return len(all), err
}
