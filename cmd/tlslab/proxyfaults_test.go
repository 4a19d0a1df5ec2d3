package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
)

// What the flags that bound clients do: --handshake-timeout, --idle-timeout, --max-conns. Peers that
// misbehave in other ways are played beside the proxy (handshake/mitm/proxy/faults_test.go).

// expected is what an entry is to have: what is "" may be anything.
type expected struct {
	host, path string
	leg        proxy.Side  // on which it failed
	by         proxy.Side  // who ended it
	cause      proxy.Cause // why
}

func (want expected) is(e listed) bool {
	if want.cause != "" && (e.Fault == nil || e.Fault.Cause != want.cause) || want.by != "" && (e.Fault == nil || e.Fault.By != want.by) ||
		want.leg != "" && (e.Fault == nil || e.Fault.Leg != want.leg) {
		return false
	}
	return (want.host == "" || want.host == e.Host) && (want.path == "" || want.path == e.Path)
}

// scene is where it happens.
type scene struct {
	underTest
	t *testing.T
	o *origin // HTTP/1.1
}

// tunnel shakes hands with host through the proxy. raw is the socket below TLS.
func (w *scene) tunnel(host string) (c *tunnel, raw *net.TCPConn, err error) {
	if c, err = tunnelTo(w.Addr(), host, w.Root(), "http/1.1"); err != nil {
		return nil, nil, err
	}
	return c, c.NetConn().(*net.TCPConn), nil
}

// vanish ends a connection as a machine that crashed does, amid a record: its header
// announces 256 bytes, of which three come.
func vanish(c net.Conn) error {
	_, err := c.Write([]byte{23, 3, 3, 1, 0, 1, 2, 3})
	return errors.Join(err, reset(c))
}

func reset(c net.Conn) error {
	return errors.Join(c.(*net.TCPConn).SetLinger(0), c.Close())
}

// drain reads until the proxy hangs up, which it must.
func drain(c net.Conn) ([]byte, error) {
	b, err := io.ReadAll(c)
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return b, errors.New("the proxy does not hang up")
	}
	return b, nil // by a reset as well as in order
}

// shows waits until the list has something, after its first entries.
func (w *scene) shows(after int, want expected) error {
	var got []listed
	return eventually(clitest.Patience, func() error {
		if got = w.Entries()[after:]; !slices.ContainsFunc(got, want.is) {
			var is strings.Builder
			for _, e := range got {
				fmt.Fprintf(&is, "\n\t%s %s%s %d, %d bytes sent and %d received", e.Kind, e.Host, e.Path, e.Status, e.Sent, e.Received)
				if e.Fault != nil {
					fmt.Fprintf(&is, " %+v", *e.Fault)
				}
			}
			return fmt.Errorf("the list has no %+v, but%s", want, &is)
		}
		return nil
	})
}

// serves makes sure that an honest client is served.
func (w *scene) serves() error {
	c, _, err := w.tunnel(w.o.host)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.get(w.o.host, "/length/5/5", "Connection: close\r\n")
	return err
}

// TestProxySlow has clients that say one byte at a time, for ever, to proxies that do not
// wait for ever. Each byte alone comes in time.
func TestProxySlow(t *testing.T) {
	o := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1")
	hello, err := clientHello("localhost")
	if err != nil {
		t.Fatal(err)
	}
	dial := func(w *scene) (net.Conn, error) { return net.Dial("tcp", w.Addr()) }
	connect := func(w *scene) (net.Conn, error) { return connectTo(w.Addr(), o.host) }
	shake := func(w *scene) (net.Conn, error) { return tunnelTo(w.Addr(), o.host, w.Root(), "http/1.1") }
	endless := "X-Slow: " + strings.Repeat("s", 50_000)
	slow := []struct {
		name  string
		begin func(w *scene) (net.Conn, error)
		bytes string
		host  string // as far as the proxy learns of it
	}{
		{"nothing", dial, "", ""},
		{"a CONNECT", dial, "CONNECT " + o.host + " HTTP/1.1\r\n" + endless, ""},
		{"a plain request", dial, "GET http://" + o.host + "/slow HTTP/1.1\r\n" + endless, ""},
		{"nothing but a CONNECT", connect, "", o.host},
		{"a ClientHello", connect, string(hello), o.host},
		{"no request", shake, "", o.host},
		{"a first request", shake, "GET /first HTTP/1.1\r\n" + endless, o.host},
		{"a later request", func(w *scene) (net.Conn, error) {
			c, _, err := w.tunnel(o.host)
			if err == nil {
				_, err = c.get(o.host, "/length/6/6", "")
			}
			return c, err
		}, "GET /later HTTP/1.1\r\n" + endless, o.host},
	}
	// Each has a proxy of its own, so that what it says is about that one; their limits
	// run at the same time.
	scenes := make([]*scene, len(slow))
	for i := range scenes {
		scenes[i] = &scene{underTest: startOurs(t, o, "--handshake-timeout", "2s", "--idle-timeout", "3s"), t: t, o: o}
		if _, err := (wave{clients: 2, requests: 1}).run(t.Context(), scenes[i], o); err != nil {
			t.Fatal(err)
		}
		if err := o.quiet(0); err != nil {
			t.Fatal(err)
		}
	}
	goroutines := scenes[0].Goroutines()
	var all sync.WaitGroup
	for i, s := range slow {
		all.Go(func() {
			w := scenes[i]
			c, err := s.begin(w)
			if err != nil {
				t.Errorf("%s: %v", s.name, err)
				return
			}
			defer c.Close()
			before := len(w.Entries())
			gone := make(chan error, 1)
			go func() { // the proxy may answer before it hangs up
				_, err := drain(c)
				gone <- err
			}()
			if err := errors.Join(dribble(c, s.bytes, gone), w.shows(before, expected{host: s.host, leg: proxy.SideClient, by: proxy.SideProxy}),
				// A machine that is busy may keep an honest client waiting for longer than this proxy's limits, too.
				eventually(clitest.Patience, w.serves)); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		})
	}
	all.Wait()
	if err := errors.Join(o.quiet(0), settles(scenes[0], goroutines, clitest.Patience)); err != nil {
		t.Error(err)
	}
}

// dribble sends bytes, one at a time, until gone says that nobody reads them any more.
func dribble(c net.Conn, bytes string, gone <-chan error) error {
	pace := time.NewTicker(20 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case err := <-gone:
			return err
		case <-pace.C:
		}
		if bytes != "" {
			_, _ = io.WriteString(c, bytes[:1]) // that it fails is seen by the reader
			bytes = bytes[1:]
		}
	}
}

// TestProxyMaxConns has more clients come than the proxy takes.
func TestProxyMaxConns(t *testing.T) {
	o := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1")
	const most = 8
	w := &scene{underTest: startOurs(t, o, "--max-conns", fmt.Sprint(most)), t: t, o: o}
	if err := errors.Join(w.serves(), o.quiet(0)); err != nil {
		t.Fatal(err)
	}
	tooMany(w, most) // a warm-up
	goroutines, heap := w.Goroutines(), w.HeapBytes()
	tooMany(w, most)
	if err := errors.Join(o.quiet(0), settles(w, goroutines, clitest.Patience), fits(w, heap, heapOfFew)); err != nil {
		t.Error(err)
	}
}

// tooMany fills the proxy, sees those that come then turned away, and those that were
// there served.
func tooMany(w *scene, most int) {
	t, o := w.t, w.o
	var held []*tunnel
	for range most {
		// The honest client's may still be among them for a moment.
		if err := eventually(clitest.Patience, func() error {
			c, _, err := w.tunnel(o.host)
			if err == nil {
				held = append(held, c)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		before := len(w.Entries())
		c, err := net.Dial("tcp", w.Addr())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(clitest.Patience)) // of an open socket
		_, _ = fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\n\r\n", o.host)
		said, err := drain(c)
		_ = c.Close()
		if err != nil {
			t.Fatal(err)
		}
		// Hung up on with what it said unread, it may be reset before it reads the answer.
		if len(said) > 0 && !bytes.HasPrefix(said, []byte("HTTP/1.1 503 ")) {
			t.Errorf("one too many was answered %.100q", said)
		}
		if err := w.shows(before, expected{cause: proxy.CauseBusy}); err != nil {
			t.Error(err)
		}
	}
	for i, c := range held { // who was there first is still served
		if _, err := c.get(o.host, fmt.Sprintf("/length/%d/100", i), ""); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	}
	if err := errors.Join(eventually(clitest.Patience, w.serves), o.quiet(0)); err != nil {
		t.Error(err)
	}
}
