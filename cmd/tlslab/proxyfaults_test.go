package main

import (
	"bytes"
	stdtls "crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/cmd/tlslab/internal/clitest"
	"tlslab/handshake/mitm/proxy"
)

// Peers that misbehave, one at a time. After each the proxy has told of it, and serves
// the next as if nothing had been; after all nothing of them is left.

// fault is one way to misbehave.
type fault struct {
	name string
	// do misbehaves. want is what the list must then have; the error is about what the
	// proxy did.
	do func(w *scene) (want expected, err error)
}

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

// clientLeft and serverLeft are the entries of those who vanish.
func clientLeft(host, path string) expected {
	return expected{host, path, proxy.SideClient, proxy.SideClient, proxy.CauseLeft}
}

// badRequest is the entry of one who does not speak HTTP.
var badRequest = expected{leg: proxy.SideClient, by: proxy.SideProxy, cause: proxy.CauseBadRequest}

func serverLeft(host, path string) expected {
	return expected{host, path, proxy.SideServer, proxy.SideServer, proxy.CauseLeft}
}

// scene is where it happens.
type scene struct {
	underTest
	t  *testing.T
	o  *origin // HTTP/1.1
	h2 *origin
	n  int // counts servers that misbehave, for their clients' paths
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

// server runs serve for the first connection that comes, and returns where to connect to.
func (w *scene) server(serve func(c net.Conn) error) (host string) {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = errors.Join(c.SetDeadline(time.Now().Add(clitest.Patience)), serve(c))
			_ = c.Close()
		}
		done <- err
	}()
	w.t.Cleanup(func() {
		_ = l.Close()
		if err := <-done; err != nil {
			w.t.Errorf("the server that misbehaves: %v", err)
		}
	})
	return l.Addr().String()
}

// replying is a server of TLS that reads a request, sends reply, and then does end to the
// socket below.
func (w *scene) replying(reply string, end func(c net.Conn) error) (host string) {
	return w.server(func(raw net.Conn) error {
		c := stdtls.Server(raw, &stdtls.Config{Certificates: []stdtls.Certificate{w.o.leaf}, NextProtos: []string{"http/1.1"}})
		head := make([]byte, 1<<12)
		if _, err := c.Read(head); err != nil {
			return err
		}
		_, err := io.WriteString(c, reply)
		return errors.Join(err, end(raw))
	})
}

// truncated asks host for something, and expects that whatever comes does not pass for whole.
func (w *scene) truncated(host string) (want expected, err error) {
	w.n++
	want = serverLeft(host, fmt.Sprintf("/truncated/%d", w.n))
	c, _, err := w.tunnel(host)
	if err != nil {
		return want, err
	}
	defer c.Close()
	body, err := c.get(host, want.path, "")
	var late net.Error
	switch {
	case err == nil:
		return want, fmt.Errorf("a reply that was cut off passes for whole, with %d bytes", len(body))
	case errors.As(err, &late) && late.Timeout():
		return want, err
	}
	return want, nil
}

// badReply is the same for what is no reply.
func (w *scene) badReply(host string) (want expected, err error) {
	want, err = w.truncated(host)
	want.by, want.cause = proxy.SideProxy, proxy.CauseBadReply
	return want, err
}

// after tries bytes in TLS's place, behind a CONNECT to the origin. leg is where it fails; ""
// if it need not: what does not begin as TLS does is relayed as it is.
func after(leg proxy.Side, what ...byte) func(w *scene) (expected, error) {
	return func(w *scene) (want expected, err error) {
		c, err := connectTo(w.Addr(), w.o.host)
		if err != nil {
			return want, err
		}
		defer c.Close()
		_, _ = c.Write(what) // it may be hung up on before it is all said
		_ = c.(*net.TCPConn).CloseWrite()
		_, err = drain(c)
		return expected{host: w.o.host, leg: leg}, err
	}
}

var faults = []fault{
	{"a client vanishes before it spoke", func(w *scene) (want expected, err error) {
		c, err := connectTo(w.Addr(), w.o.host)
		if err != nil {
			return want, err
		}
		return clientLeft(w.o.host, ""), reset(c)
	}},
	{"a client vanishes in its ClientHello", func(w *scene) (want expected, err error) {
		c, err := connectTo(w.Addr(), w.o.host)
		if err != nil {
			return want, err
		}
		hello, err := clientHello("localhost")
		if err != nil {
			return want, err
		}
		_, err = c.Write(hello[:len(hello)/2])
		return clientLeft(w.o.host, ""), errors.Join(err, reset(c))
	}},
	{"a client vanishes amid its first record", func(w *scene) (want expected, err error) {
		_, raw, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		want = clientLeft(w.o.host, "")
		want.cause = "" // having said nothing at all, it may also have disliked the certificate
		return want, vanish(raw)
	}},
	{"a client vanishes amid a later record", func(w *scene) (want expected, err error) {
		c, raw, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		if _, err := c.get(w.o.host, "/length/1/100", ""); err != nil {
			return want, err
		}
		return clientLeft(w.o.host, ""), vanish(raw)
	}},
	{"a client vanishes amid an upload", func(w *scene) (want expected, err error) {
		c, raw, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		_, err = fmt.Fprintf(c, "POST /sum/2/100000 HTTP/1.1\r\nHost: %s\r\nContent-Length: 100000\r\n\r\n%s", w.o.host, strings.Repeat("x", 40_000))
		return clientLeft(w.o.host, "/sum/2/100000"), errors.Join(err, vanish(raw))
	}},
	{"a client vanishes amid an upload in chunks", func(w *scene) (want expected, err error) {
		c, raw, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		_, err = fmt.Fprintf(c, "POST /sum/3/100000 HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nff\r\nabc", w.o.host)
		return clientLeft(w.o.host, "/sum/3/100000"), errors.Join(err, vanish(raw))
	}},
	{"a client vanishes amid a download", func(w *scene) (want expected, err error) {
		c, raw, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		const path = "/length/4/8000000"
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, w.o.host); err != nil {
			return want, err
		}
		if _, err := io.CopyN(io.Discard, c, 50_000); err != nil {
			return want, err
		}
		return clientLeft(w.o.host, path), vanish(raw)
	}},
	{"an upstream vanishes amid a record, in a body of a known length", func(w *scene) (want expected, err error) {
		return w.truncated(w.replying("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc", vanish))
	}},
	{"an upstream vanishes amid a record, in chunks", func(w *scene) (want expected, err error) {
		return w.truncated(w.replying("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", vanish))
	}},
	{"an upstream vanishes amid a record, in a body that its end ends", func(w *scene) (want expected, err error) {
		return w.truncated(w.replying("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", vanish))
	}},
	{"an upstream hangs up without close_notify, in a body that its end ends", func(w *scene) (want expected, err error) {
		want, err = w.truncated(w.replying("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc", net.Conn.Close))
		want.leg, want.by, want.cause = "", "", "" // many do, and a warning may be enough of the list; the client is to judge
		return want, err
	}},
	{"an upstream vanishes amid a record, in a head", func(w *scene) (want expected, err error) {
		return w.truncated(w.replying("HTTP/1.1 200 OK\r\nContent-", vanish))
	}},
	{"an upstream vanishes amid a record, unanswered", func(w *scene) (want expected, err error) {
		return w.truncated(w.replying("", vanish))
	}},
	{"a client of HTTP/2 vanishes amid a download", func(w *scene) (want expected, err error) {
		const path = "/length/5/8000000"
		l := newLoader(w.Addr(), w.Root(), w.h2)
		resp, err := l.Get("https://" + l.host + path)
		if err != nil {
			return want, err
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 50_000); err != nil {
			return want, err
		}
		err = vanish(l.raw)
		_ = resp.Body.Close()
		return clientLeft(l.host, path), errors.Join(err, l.close())
	}},
	{"an upstream of HTTP/2 vanishes amid a record, under three streams", func(w *scene) (want expected, err error) {
		const waiting = "/sum/7/9" // its body never ends
		before := len(w.Entries())
		l := newLoader(w.Addr(), w.Root(), w.h2)
		body, hold := io.Pipe()
		var streams sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			path := fmt.Sprintf("%s%d", waiting, i)
			started := make(chan struct{})
			streams.Go(func() {
				var once sync.Once
				req, err := http.NewRequest(http.MethodPost, "https://"+l.host+path, readFunc(func(p []byte) (int, error) {
					once.Do(func() { close(started) })
					return body.Read(p)
				}))
				if err != nil {
					errs[i] = err
					close(started)
					return
				}
				if resp, err := l.Do(req); err == nil {
					_ = resp.Body.Close()
					errs[i] = fmt.Errorf("%s was answered: %s", path, resp.Status)
				}
			})
			<-started
		}
		resp, err := l.Get("https://" + l.host + "/vanish/7/100")
		if err == nil {
			var n int64
			if n, err = io.Copy(io.Discard, resp.Body); err == nil {
				errs = append(errs, fmt.Errorf("a reply that was cut off passes for whole, with %d bytes", n))
			}
			_ = resp.Body.Close()
		}
		_ = hold.Close() // of a pipe: no error
		streams.Wait()
		return serverLeft(l.host, "/vanish/7/100"), errors.Join(errors.Join(errs...), w.shows(before, serverLeft(l.host, waiting+"0")),
			w.shows(before, serverLeft(l.host, waiting+"1")), l.close())
	}},
	{"an upstream vanishes in the handshake", func(w *scene) (want expected, err error) {
		return w.refused(func(c net.Conn) error {
			b := make([]byte, 1<<14)
			if _, err := c.Read(b); err != nil {
				return err
			}
			_, err := c.Write([]byte{22, 3, 3, 0, 100, 2, 0, 0, 96, 3, 3})
			return errors.Join(err, reset(c))
		})
	}},
	{"an upstream says what is not TLS", func(w *scene) (want expected, err error) {
		return w.refused(func(c net.Conn) error {
			_, err := io.WriteString(c, "220 mail.example.org ESMTP\r\n")
			if err == nil {
				_, err = drain(c)
			}
			return err
		})
	}},
	{"an upstream that is not there", func(w *scene) (want expected, err error) {
		l, err := net.Listen("tcp", "127.0.0.1:0") // a port where most likely nobody listens in a moment
		if err != nil {
			return want, err
		}
		host := l.Addr().String()
		if err := l.Close(); err != nil {
			return want, err
		}
		return expected{host: host, leg: proxy.SideServer, cause: proxy.CauseUnreachable}, w.toldWhy(host)
	}},
	{"zeros instead of TLS", after("", make([]byte, 100)...)},
	{"noise instead of TLS", after("", bytes.Repeat([]byte{0xfe, 0x80, 0x31}, 300)...)},
	{"a line instead of TLS", after("", []byte("EHLO localhost\r\n")...)},
	{"an alert instead of TLS", after("", 21, 3, 3, 0, 2, 2, 80)},
	{"a record's header, and junk", after(proxy.SideClient, append([]byte{22, 3, 1, 0, 200}, bytes.Repeat([]byte{0xa5}, 200)...)...)},
	{"a record's header, and nothing", after(proxy.SideClient, 22, 3, 1, 2, 0)},
	{"a record that is too long", after(proxy.SideClient, append([]byte{22, 3, 1, 0xff, 0xff}, make([]byte, 1<<16)...)...)},
	{"a ClientHello that is no ClientHello", after(proxy.SideClient, append([]byte{22, 3, 1, 0, 44, 1, 0, 0, 40, 3, 3}, bytes.Repeat([]byte{7}, 38)...)...)},
	{"records without end and without content", after(proxy.SideClient, bytes.Repeat([]byte{22, 3, 1, 0, 0}, 1000)...)},
	{"a ClientHello in records of one byte, that never ends", func(w *scene) (want expected, err error) {
		hello, err := clientHello("localhost")
		if err != nil {
			return want, err
		}
		var b []byte
		for _, x := range hello[5 : len(hello)-1] {
			b = append(b, 22, 3, 1, 0, 1, x)
		}
		return after(proxy.SideClient, b...)(w)
	}},
	{"noise instead of a request", func(w *scene) (want expected, err error) {
		return badRequest, w.turnedAway(bytes.Repeat([]byte{0x00, 0xff, 0x13}, 100), 0)
	}},
	{"TLS instead of a request", func(w *scene) (want expected, err error) {
		hello, err := clientHello("localhost")
		if err != nil {
			return want, err
		}
		return badRequest, w.turnedAway(hello, 0)
	}},
	{"a CONNECT to nowhere", func(w *scene) (want expected, err error) {
		return badRequest, w.turnedAway([]byte("CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n"), http.StatusBadRequest)
	}},
	{"a CONNECT with a head too large", func(w *scene) (want expected, err error) {
		return badRequest, w.turnedAway(fmt.Appendf(nil, "CONNECT %s HTTP/1.1\r\n%s\r\n", w.o.host, tooLarge), http.StatusRequestHeaderFieldsTooLarge)
	}},
	{"a plain request with a head too large", func(w *scene) (want expected, err error) {
		return badRequest, w.turnedAway(fmt.Appendf(nil, "GET http://%s/ HTTP/1.1\r\nHost: x\r\n%s\r\n", w.o.host, tooLarge), http.StatusRequestHeaderFieldsTooLarge)
	}},
	{"a request with a head too large", func(w *scene) (want expected, err error) {
		c, _, err := w.tunnel(w.o.host)
		if err != nil {
			return want, err
		}
		defer c.Close()
		var sending sync.WaitGroup
		sending.Go(func() { _, _ = fmt.Fprintf(c, "GET /large HTTP/1.1\r\nHost: %s\r\n%s\r\n", w.o.host, tooLarge) }) // it may be refused before it is all sent
		resp, err := http.ReadResponse(c.r, nil)
		if err == nil && resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			err = fmt.Errorf("it was answered %s", resp.Status)
		}
		_ = c.NetConn().Close()
		sending.Wait()
		return badRequest, err
	}},
	{"a reply with a head too large", func(w *scene) (want expected, err error) {
		return w.badReply(w.replying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"+tooLarge+"\r\n", func(c net.Conn) error {
			_, err := drain(c)
			return err
		}))
	}},
	{"a reply that is not HTTP", func(w *scene) (want expected, err error) {
		return w.badReply(w.replying("ICY 200 OK\r\n\r\n", func(c net.Conn) error {
			_, err := drain(c)
			return err
		}))
	}},
}

// readFunc is a reader.
type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// tooLarge is fields of a head, beyond the limit of 256 KiB.
var tooLarge = strings.Repeat("X-Large: "+strings.Repeat("x", 1000)+"\r\n", 320)

// refused connects to a server that does not complete its handshake.
func (w *scene) refused(serve func(c net.Conn) error) (want expected, err error) {
	host := w.server(serve)
	want = expected{host: host, leg: proxy.SideServer}
	return want, w.toldWhy(host)
}

// toldWhy asks a server that there is not: the proxy says so in its place.
func (w *scene) toldWhy(host string) error {
	c, _, err := w.tunnel(host)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.get(host, "/", ""); err == nil || !strings.Contains(err.Error(), "502 Bad Gateway") {
		return fmt.Errorf("the client was answered without the server: %v", err)
	}
	return nil
}

// turnedAway says what is no request, and expects to be answered with status, if it is
// not 0, and hung up on.
func (w *scene) turnedAway(what []byte, status int) error {
	c, err := net.Dial("tcp", w.Addr())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(clitest.Patience)); err != nil {
		return err
	}
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = c.Write(what) }) // it may be refused before it is all sent
	said, err := drain(c)
	_ = c.Close()
	sending.Wait()
	if want := fmt.Sprintf("HTTP/1.1 %d ", status); err == nil && status != 0 && !bytes.HasPrefix(said, []byte(want)) {
		err = fmt.Errorf("it was answered %.100q, want %q", said, want)
	}
	return err
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

func TestProxyFaults(t *testing.T) {
	o := startOrigin(t, "127.0.0.1", loadHandler(), "http/1.1")
	h2 := startOrigin(t, "127.0.0.1", loadHandler(), "h2")
	trustBoth(t, o, h2)
	w := &scene{underTest: startOurs(t, o), o: o, h2: h2}
	quiet := func(t *testing.T) {
		t.Helper()
		if err := w.serves(); err != nil {
			t.Fatalf("an honest client is not served: %v", err)
		}
		if err := errors.Join(o.quiet(0), h2.quiet(0)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := warmUp.run(t.Context(), w, o, h2); err != nil {
		t.Fatal(err)
	}
	quiet(t)
	goroutines, heap := w.Goroutines(), w.HeapBytes()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			w.t = t
			before := len(w.Entries())
			want, err := f.do(w)
			if err != nil {
				t.Error(err)
			}
			if err := w.shows(before, want); err != nil {
				t.Error(err)
			}
			quiet(t)
		})
	}
	if err := errors.Join(settles(w, goroutines, clitest.Patience), fits(w, heap, heapOfFew)); err != nil {
		t.Error(err)
	}
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
			if err := errors.Join(dribble(c, s.bytes, gone), w.shows(before, expected{host: s.host, leg: proxy.SideClient, by: proxy.SideProxy}), w.serves()); err != nil {
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
	goroutines := w.Goroutines()
	tooMany(w, most)
	if err := errors.Join(o.quiet(0), settles(w, goroutines, clitest.Patience)); err != nil {
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
