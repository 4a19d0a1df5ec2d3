package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// Two processes of tlslab server that share a real redis-server.

// redisProcess is a redis-server of our own.
type redisProcess struct {
	t    *testing.T
	addr string
	cmd  *exec.Cmd
}

func startRedis(t *testing.T) *redisProcess {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: apt-get install redis-server", err)
		}
		t.Skipf("%v: two servers have nothing to share", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, most likely still in a moment
	if err != nil {
		t.Fatal(err)
	}
	r := &redisProcess{t: t, addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r.run()
	t.Cleanup(r.kill)
	return r
}

// run starts it, and waits until it answers. It keeps nothing on disk.
func (r *redisProcess) run() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "")
	r.cmd.Dir = r.t.TempDir()
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for end := time.Now().Add(clitest.Patience); ; runtime.Gosched() {
		if conn, err := net.Dial("tcp", r.addr); err == nil {
			_ = conn.Close()
			return
		} else if time.Now().After(end) {
			r.kill()
			r.t.Fatal(err)
		}
	}
}

// kill ends it as a power cut would.
func (r *redisProcess) kill() {
	if r.cmd.ProcessState == nil {
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	}
}

// cluster is two servers with one certificate and one Redis.
type cluster struct {
	t     *testing.T
	dir   string
	roots string
	redis *redisProcess
	jobs  [2]*clitest.Job
	addrs [2]string
}

// paid is the early data that must not count twice.
const paid = "pay 100 to mallory\n"

func startCluster(t *testing.T, args ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, dir: t.TempDir(), redis: startRedis(t)}
	l, err := lesson.New(lesson.Options{Name: "localhost", KeyAlg: "ecdsa"})
	if err != nil {
		t.Fatal(err)
	}
	c.roots = c.file("roots.pem")
	if err := errors.Join(authority.WriteCerts(c.roots, l.Roots.All(), authority.FileOptions{}),
		authority.WriteChain(c.file("chain.pem"), l.Chain, authority.FileOptions{}),
		authority.WriteKey(c.file("key.pem"), l.Key, authority.FileOptions{}),
		os.WriteFile(c.file("pay"), []byte(paid), 0o600)); err != nil {
		t.Fatal(err)
	}
	for i := range c.jobs {
		cmd := exec.Command(os.Args[0], append([]string{"server", "--accept", "127.0.0.1:0", "--quiet", "--cert", c.file("chain.pem"),
			"--key", c.file("key.pem"), "--early-data", "1000", "--store", "redis://" + c.redis.addr}, args...)...)
		cmd.Args[0], cmd.Env = "tlslab", append(os.Environ(), "LC_ALL=C", "GORACE=atexit_sleep_ms=0")
		c.jobs[i], c.addrs[i], err = clitest.Launch(cmd, regexp.MustCompile(`listening on (\S+)`))
		if c.jobs[i] != nil {
			t.Cleanup(c.jobs[i].Kill)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *cluster) file(name string) string { return filepath.Join(c.dir, name) }

// client runs a client that says nothing but its early data, if any, and waits for the
// server to hang up; said is what it printed on standard error.
func (c *cluster) client(addr string, args ...string) (status int, said string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), clitest.Patience)
	defer cancel()
	var stderr bytes.Buffer
	status = command(ctx, strings.NewReader(""), io.Discard, &stderr,
		append([]string{"client", "--connect", addr, "--servername", "localhost", "--CAfile", c.roots, "--quiet", "--lang", "en", "--close-write"}, args...)...)
	if ctx.Err() != nil {
		c.t.Errorf("a client with %q hangs", args)
	}
	return status, stderr.String()
}

// wants is client, for what must succeed and say something.
func (c *cluster) wants(said string, addr string, args ...string) {
	c.t.Helper()
	if status, got := c.client(addr, args...); status != 0 || !strings.Contains(got, said) {
		c.t.Errorf("%q: status %d, and it said %q; want %q", args, status, got, said)
	}
}

// await waits until both servers have said something n times.
func (c *cluster) await(pattern string, n int) {
	c.t.Helper()
	for _, j := range c.jobs {
		if err := j.Await(regexp.MustCompile(`(?s)(` + pattern + `.*){` + strconv.Itoa(n) + `}`)); err != nil {
			c.t.Fatal(err)
		}
	}
}

// end stops the servers, and counts how often they took the early data.
func (c *cluster) end() (taken int) {
	c.t.Helper()
	for _, j := range c.jobs {
		if err := j.Interrupt(); err != nil {
			c.t.Errorf("a server ended badly: %v", err)
		}
		taken += strings.Count(j.Printed(), paid)
	}
	return taken
}

// flight has a client with a session send its first flight, early data and all, to one
// who holds it. deliver takes it on to the first server, waits for what comes of it, and
// is to be called once.
func (c *cluster) flight(session string) (captured []byte, deliver func() (status int, said string)) {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	type result struct {
		status int
		said   string
	}
	done := make(chan result, 1)
	go func() {
		status, said := c.client(l.Addr().String(), "--sess-in", session, "--early-data", c.file("pay"))
		done <- result{status, said}
	}()
	came := make(chan net.Conn, 1)
	go func() {
		defer close(came)
		if conn, err := l.Accept(); err == nil {
			came <- conn
		}
	}()
	var victim net.Conn
	select {
	case r := <-done: // it has nobody to connect to, or nothing to say
		c.t.Fatalf("the client ended with status %d and has not connected: %s", r.status, r.said)
	case victim = <-came:
	}
	if victim == nil {
		c.t.Fatal("nobody can connect")
	}
	// Records, up to the first of application data: header, length, content.
	for first := byte(0); first != 23; {
		header := make([]byte, 5)
		if _, err := io.ReadFull(victim, header); err != nil {
			c.t.Fatal(err)
		}
		content := make([]byte, int(header[3])<<8|int(header[4]))
		if _, err := io.ReadFull(victim, content); err != nil {
			c.t.Fatal(err)
		}
		captured, first = append(append(captured, header...), content...), header[0]
	}
	return captured, func() (int, string) {
		defer victim.Close()
		server, err := net.Dial("tcp", c.addrs[0])
		if err != nil {
			c.t.Error(err)
			return 0, ""
		}
		if _, err := server.Write(captured); err != nil {
			c.t.Error(err)
		}
		go func() {
			_, _ = io.Copy(victim, server) // each direction ends the other one
			_ = victim.Close()
		}()
		_, _ = io.Copy(server, victim)
		_ = server.Close()
		r := <-done
		return r.status, r.said
	}
}

// replay sends captured once more, over plain TCP, and waits until the server is done
// with it.
func (c *cluster) replay(addr string, captured []byte) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(clitest.Patience))
	if _, err := conn.Write(captured); err == nil { // a server that hangs up at once is one that refuses
		_ = conn.(*net.TCPConn).CloseWrite()
		_, err = io.Copy(io.Discard, conn)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			c.t.Error("a server hangs")
		}
	}
}

// storm delivers the flight and n replays of it at once, and returns when all is over.
// after is called once half of the replays are through.
func (c *cluster) storm(session string, n int, after func()) (said string) {
	captured, deliver := c.flight(session)
	var storm sync.WaitGroup
	var half sync.WaitGroup
	half.Add(n / 2)
	begin := make(chan struct{})
	for i := range n {
		storm.Go(func() {
			<-begin
			c.replay(c.addrs[i%2], captured)
			if i < n/2 {
				half.Done()
			}
		})
	}
	storm.Go(func() {
		<-begin
		_, said = deliver()
	})
	close(begin)
	half.Wait()
	after()
	storm.Wait()
	return said
}

func TestSharedSessions(t *testing.T) {
	c := startCluster(t)
	for how, test := range map[string][]string{
		"resumed by a ticket (TLS 1.3, psk_dhe_ke)": nil,
		"resumed by a ticket (TLS 1.2)":             {"--tls", "1.2"},
		"resumed by session ID (TLS 1.2)":           {"--tls", "1.2", "--no-ticket"},
	} {
		c.wants("", c.addrs[0], append(test, "--sess-out", c.file("s"))...)
		c.wants(how, c.addrs[1], append(test, "--sess-in", c.file("s"))...)
	}
	c.wants("", c.addrs[1], "--sess-out", c.file("s"))
	c.wants("the server accepted them", c.addrs[0], "--sess-in", c.file("s"), "--early-data", c.file("pay"))
	if taken := c.end(); taken != 1 {
		t.Errorf("the early data was taken %d times", taken)
	}
}

// Of one flight and its 1,000 replays to both servers, all at once, one is taken, by
// either defence; and without one all are, or the replays would show nothing.
func TestReplayStorm(t *testing.T) {
	for _, test := range []struct {
		defend  string
		replays int
		taken   int
	}{{"recording", 1000, 1}, {"single-use", 1000, 1}, {"none", 20, 21}} {
		t.Run(test.defend, func(t *testing.T) {
			// On a machine so busy that Redis is not heard within its time, all may be
			// refused, which is as it should be and not what this test is about.
			for try := 1; ; try++ {
				taken, said := storm(t, test.defend, test.replays)
				switch {
				case taken > test.taken || try == 5 && taken != test.taken:
					t.Errorf("taken %d times, want %d; the client said %q", taken, test.taken, said)
				case taken < test.taken:
					t.Logf("taken %d times, and tried again", taken)
					continue
				case test.defend == "none" && !strings.Contains(said, "the server accepted them"):
					t.Errorf("the client said %q", said)
				}
				return
			}
		})
	}
}

// storm is TestReplayStorm's, with new servers and a new session.
func storm(t *testing.T, defend string, replays int) (taken int, said string) {
	c := startCluster(t, "--defend", defend)
	c.wants("", c.addrs[0], "--sess-out", c.file("s"))
	said = c.storm(c.file("s"), replays, func() {})
	return c.end(), said
}

// Redis is killed amid the replays, stopped, and started again with nothing in it.
func TestRedisKilled(t *testing.T) {
	c := startCluster(t)
	const lost, back = "does not work", "is back: "
	c.wants("", c.addrs[0], "--sess-out", c.file("old"))
	c.storm(c.file("old"), 200, c.redis.kill)
	c.await(lost, 1)
	for _, addr := range c.addrs {
		c.wants("", addr) // a full handshake
		c.wants("did not resume it", addr, "--sess-in", c.file("old"))
		c.wants("", addr, "--sess-in", c.file("old"), "--tls", "1.2")
		status, said := c.client(addr, "--sess-in", c.file("old"), "--early-data", c.file("pay"))
		if status != cli.StatusFailed || !strings.Contains(said, "rejected, and not sent again") {
			t.Errorf("early data without a store: status %d, %q", status, said)
		}
		if status, said := c.client(addr, "--sess-out", c.file("none")); status != cli.StatusFailed || !strings.Contains(said, "no session to keep") {
			t.Errorf("a session without a store: status %d, %q", status, said)
		}
	}

	c.redis.run()
	c.await(back, 1)
	c.wants("did not resume it", c.addrs[0], "--sess-in", c.file("old")) // its key went with Redis
	c.wants("", c.addrs[0], "--sess-out", c.file("new"))
	c.wants("the server accepted them", c.addrs[1], "--sess-in", c.file("new"), "--early-data", c.file("pay"))

	// It takes connections, and answers nothing.
	if err := c.redis.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	c.wants("", c.addrs[0])
	c.await(lost, 2)
	c.wants("did not resume it", c.addrs[1], "--sess-in", c.file("new"))
	if err := c.redis.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.await(back, 2)
	c.wants("resumed by a ticket", c.addrs[1], "--sess-in", c.file("new"))
	if taken := c.end(); taken > 2 {
		t.Errorf("early data was taken %d times: once at most before Redis was killed, and once after", taken)
	}
}

// A server whose Redis is not there when it starts says so, and serves.
func TestNoRedis(t *testing.T) {
	addr, end := serveCommand(t, "--store", "redis://:secret@127.0.0.1:1", "--early-data", "1000", "--www", "--quiet")
	var stdout, stderr bytes.Buffer
	if status := command(t.Context(), strings.NewReader("GET / HTTP/1.0\r\n\r\n"), &stdout, &stderr,
		"client", "--connect", addr, "--insecure", "--quiet", "--lang", "en", "--reconnect", "1"); status != 0 ||
		!strings.Contains(stdout.String(), "full handshake") || !strings.Contains(stderr.String(), "no session") {
		t.Errorf("status %d, printed %q and %q", status, &stdout, &stderr)
	}
	if said := end(); !strings.Contains(said, "127.0.0.1:1 does not work") || strings.Contains(said, "secret") {
		t.Errorf("the server said %q", said)
	}
}
