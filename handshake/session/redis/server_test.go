package redis_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// server is a redis-server process of our own.
type server struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
}

// start runs a redis-server for the test, and skips the test where there is none.
func start(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%v: apt-get install redis-server", err)
		}
		t.Skipf("%v: the package redis needs it for its tests", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, most likely still in a moment
	if err != nil {
		t.Fatal(err)
	}
	r := &server{t: t, dir: t.TempDir(), addr: l.Addr().String()}
	l.Close()
	r.run()
	t.Cleanup(r.kill)
	return r
}

// run starts the process, and waits until it answers.
func (r *server) run() {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.addr)
	var log bytes.Buffer
	r.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", "")
	r.cmd.Stdout, r.cmd.Stderr = &log, &log
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	c := goredis.NewClient(&goredis.Options{Addr: r.addr})
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for c.Ping(ctx).Err() != nil {
		if ctx.Err() != nil {
			r.kill()
			r.t.Fatalf("redis-server does not answer:\n%s", &log)
		}
		runtime.Gosched()
	}
}

// kill ends the process at once, as a power cut would.
func (r *server) kill() {
	if r.cmd.ProcessState == nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	}
}

func (r *server) signal(s syscall.Signal) error { return r.cmd.Process.Signal(s) }

func (r *server) url() string { return "redis://" + r.addr }

// client is what looks over the Store's shoulder.
func (r *server) client(t *testing.T) *goredis.Client {
	c := goredis.NewClient(&goredis.Options{Addr: r.addr, Protocol: 2})
	t.Cleanup(func() { c.Close() })
	return c
}

// eventually asks again until it is so, and fails the test if it never is.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it never happened")
		}
	}
}
