package interop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// program is a peer that we did not write, at the other end of a socket.
type program struct {
	t     testing.TB
	cmd   *exec.Cmd
	stdin io.WriteCloser
	said  output

	over context.Context // ends with the program
}

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
	t.Skipf("%s is not installed: the handshakes with it are not tested here", name)
	return ""
}

// start runs a program until the test ends. What it said is shown if the test fails.
func start(t testing.TB, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(tool(t, name), args...)}
	var ended context.CancelFunc
	p.over, ended = context.WithCancel(context.Background())
	p.said.changed = sync.NewCond(&p.said.mu)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // how a peer ends is its own affair; what it said is ours
		p.said.end()
		ended()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may be gone already
		<-p.over.Done()
		if t.Failed() {
			t.Logf("%s %q said:\n%s", name, args, p.said.String())
		}
	})
	return p
}

// waitFor blocks until the peer has said what re matches, and returns the match
// with its groups. A peer that ends, or says nothing, without it fails the test.
func (p *program) waitFor(re string) []string {
	p.t.Helper()
	m := p.said.await(regexp.MustCompile(re))
	if m == nil {
		p.t.Fatalf("the peer never said %q", re)
	}
	return m
}

// say types a line at the peer.
func (p *program) say(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		p.t.Errorf("typing %q: %v", line, err)
	}
}

// output collects what a program writes.
type output struct {
	mu      sync.Mutex
	changed *sync.Cond
	b       []byte
	ended   bool
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.b = append(o.b, b...)
	o.changed.Broadcast()
	return len(b), nil
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	o.changed.Broadcast()
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.b)
}

func (o *output) await(re *regexp.Regexp) []string {
	late := false
	timer := time.AfterFunc(tlstest.Patience, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		late = true
		o.changed.Broadcast()
	})
	defer timer.Stop()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if m := re.FindStringSubmatch(string(o.b)); m != nil {
			return m
		}
		if o.ended || late {
			return nil
		}
		o.changed.Wait()
	}
}

// freePort is one that nobody has at the moment, for programs that cannot be told
// to take any. Somebody else may be quicker: then the program says so.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// dial connects our client to a peer's server and completes the handshake.
func dial(t testing.TB, addr string, cfg *tls.Config) (*tls.Conn, error) {
	t.Helper()
	raw, err := net.DialTimeout("tcp", addr, tlstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	raw.SetDeadline(time.Now().Add(tlstest.Patience))
	c := tlstest.Client(t, raw, cfg)
	if err := c.Handshake(); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// accept serves one connection of a peer's client with do, in the background. The
// returned function waits for the outcome; that a program ended without having
// connected is one, too. It is nil where the client is none.
func accept(t testing.TB, cfg *tls.Config, do func(*tls.Conn) error) (port string, wait func(*program) error) {
	t.Helper()
	return acceptMany(t, cfg, 1, do)
}

// acceptMany is accept for n connections, one after the other, until one fails.
func acceptMany(t testing.TB, cfg *tls.Config, n int, do func(*tls.Conn) error) (port string, wait func(*program) error) {
	t.Helper()
	port, until := tlstest.AcceptMany(t, cfg, n, do)
	return port, func(p *program) error {
		if p == nil {
			return until(context.Background())
		}
		return until(p.over)
	}
}

// refusedAt has our client connect to a server that ends it, or that it refuses, and
// returns what it says: of the handshake, or if that went well of the first Read.
func refusedAt(t testing.TB, addr string, cfg *tls.Config) error {
	t.Helper()
	c, err := dial(t, addr, cfg)
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	return err
}

// textLine has a program that connects to our server say a line, and get it back as answer
// does it.
func textLine(t testing.TB, m meeting, cfg *tls.Config, answer func(*tls.Conn) error, connect func(port string) *program) outcome {
	t.Helper()
	cfg, w := tlstest.Witnessed(t, cfg)
	o := outcome{w: w}
	port, wait := accept(t, cfg, func(c *tls.Conn) error {
		o.conn = c
		return answer(c)
	})
	o.prog = connect(port)
	o.prog.say("hello from " + m.name)
	if o.prog.said.await(regexp.MustCompile(fmt.Sprintf("you said %d bytes: hello from %s", len("hello from \n"+m.name), m.name))) != nil && m.leaves {
		o.prog.stdin.Close() // it says goodbye first
	}
	if err := wait(o.prog); err != nil {
		t.Fatal(err)
	}
	o.prog.waitFor("you said")
	o.Summary = o.conn.Summary()
	met(m.name, event.Server, cfg, o.Summary, w)
	return o
}
