package proxy_test

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/mitm/proxy"
)

// TestMain lets more tests run at a time than there are processors: what is parallel here waits until a limit has
// run down, and computes nothing meanwhile. Who says -parallel has what it says.
func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", "16")
	}
	os.Exit(m.Run())
}

// TestTooMany: beyond Limits.Connections clients are turned away, and told so; when one has
// left there is room again.
func TestTooMany(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, func(p *proxy.Options) { p.Limits.Connections = 2 })
	a, b := u.tunnel(t), u.tunnel(t)
	status, body := asks(t, u.raw(t), "CONNECT www.lab.test:443 HTTP/1.1\r\n\r\n")
	if status != http.StatusServiceUnavailable {
		t.Errorf("%d: %s", status, body)
	}
	faulty(t, u.await(t, 1), proxy.Failure, proxy.SideProxy, proxy.SideProxy, proxy.CauseBusy)
	asks(t, a, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n")
	a.Close()
	sound(t, u.await(t, 2))
	for end := time.Now().Add(patience); ; {
		c := u.raw(t)
		fmt.Fprint(c, "CONNECT www.lab.test:443 HTTP/1.1\r\n\r\n")
		first := make([]byte, len("HTTP/1.1 200"))
		if _, err := io.ReadFull(c, first); err == nil && strings.HasSuffix(string(first), "200") {
			break
		}
		c.Close()
		if time.Now().After(end) {
			t.Fatal("there is no room again")
		}
	}
	b.Close()
}

// roomy is a limit that is to pass, and not before the test has said what it has to say: on
// a busy machine that takes a while.
const roomy = 5 * time.Second

// TestTooSlow: at each step of the opening a client that goes no further is left.
func TestTooSlow(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, say string
		leg       proxy.Side
	}{
		{"nothing", "", proxy.SideClient},
		{"half a head", "CONNECT www.lab.test:443 HT", proxy.SideClient},
		{"half a hello", "CONNECT www.lab.test:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x02\x00\x01", proxy.SideClient},
	} {
		t.Run(x.name, func(t *testing.T) {
			u := start(t, nil, func(p *proxy.Options) { p.Limits.Handshake = 100 * time.Millisecond })
			c := u.raw(t)
			if _, err := io.WriteString(c, x.say); err != nil {
				t.Fatal(err)
			}
			ended(t, c)
			faulty(t, u.total(t, 1)[0], proxy.Failure, x.leg, proxy.SideProxy, proxy.CauseSlow)
		})
	}
	t.Run("half a request", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, nil)
		u := start(t, o.origin, func(p *proxy.Options) { p.Limits.Handshake = roomy })
		c := u.tunnel(t)
		if _, err := io.WriteString(c, "GET / HT"); err != nil {
			t.Fatal(err)
		}
		ended(t, c)
		if e := u.total(t, 1)[0]; e.Fault == nil || e.Fault.Cause != proxy.CauseSlow {
			t.Errorf("%v", e.Fault)
		}
	})
	t.Run("a server that does not shake hands", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, func(*tls.Config) *tls.Config { return nil })
		u := start(t, o.origin, func(p *proxy.Options) { p.Limits.Handshake = roomy })
		c := tls.Client(u.connect(t, wwwName+":443"), &tls.Config{ServerName: wwwName, RootCAs: u.pool})
		if err := c.Handshake(); err != nil {
			t.Fatal(err)
		}
		standsIn(t, u, c)
		c.Close()
		faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseSlow)
	})
}

// TestIdle: what says nothing for too long is ended. A connection kept alive between two
// requests ends without a fault; one that waits for something has one.
func TestIdle(t *testing.T) {
	t.Parallel()
	limit := func(p *proxy.Options) { p.Limits.Idle = roomy }
	t.Run("kept alive", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, nil)
		u := start(t, o.origin, limit)
		c := u.tunnel(t)
		play(t, c, o.next(t), []line{{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""}, {server, "HTTP/1.1 204 No Content\r\n\r\n", ""}})
		ended(t, c)
		sound(t, u.total(t, 1)[0])
	})
	t.Run("unanswered", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, nil)
		u := start(t, o.origin, limit)
		c := u.tunnel(t)
		play(t, c, o.next(t), []line{{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""}})
		ended(t, c)
		if e := u.total(t, 1)[0]; e.Kind != proxy.Request || e.Fault == nil || e.Fault.Cause != proxy.CauseIdle || e.Fault.By != proxy.SideProxy {
			t.Errorf("a %s: %v", e.Kind, e.Fault)
		}
	})
	t.Run("nothing asked", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, nil)
		u := start(t, o.origin, limit)
		ended(t, u.tunnel(t))
		if e := u.total(t, 1)[0]; e.Kind != proxy.Failure || e.Fault.Cause != proxy.CauseIdle {
			t.Errorf("a %s: %v", e.Kind, e.Fault)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		t.Parallel()
		o := newScripted(t, nil)
		u := start(t, o.origin, limit)
		c := u.tunnel(t)
		play(t, c, o.next(t), []line{{client, "\x00", ""}, {server, "\x01", ""}})
		ended(t, c)
		if e := u.total(t, 1)[0]; e.Kind != proxy.Bytes || e.Fault == nil || e.Fault.Cause != proxy.CauseIdle || e.Sent != 1 || e.Received != 1 {
			t.Errorf("a %s: %v", e.Kind, e.Fault)
		}
	})
}

// TestShutdown: Close ends what is under way, tells of it, and comes back; what is between two
// requests has nothing to be told of.
func TestShutdown(t *testing.T) {
	t.Parallel()
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	kept, asking := u.tunnel(t), net.Conn(nil)
	play(t, kept, o.next(t), []line{{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""}, {server, "HTTP/1.1 204 No Content\r\n\r\n", ""}})
	u.await(t, 1) // the client has its reply before the proxy is done with it
	asking = u.tunnel(t)
	play(t, asking, o.next(t), []line{{client, "GET /long HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""}})
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	ended(t, kept)
	ended(t, asking)
	e := u.total(t, 2)
	sound(t, e[0])
	if f := e[1].Fault; e[1].Path != "/long" || f == nil || f.Cause != proxy.CauseShutdown || f.By != proxy.SideProxy {
		t.Errorf("%s: %v", e[1].Path, f)
	}
	if c, err := net.Dial("tcp", u.addr); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}
