package proxy_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

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

func (want expected) is(e *proxy.Entry) bool {
	if want.cause != "" && (e.Fault == nil || e.Fault.Cause != want.cause) || want.by != "" && (e.Fault == nil || e.Fault.By != want.by) ||
		want.leg != "" && (e.Fault == nil || e.Fault.Side != want.leg) {
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

var faults = []fault{
	{"a client vanishes before it spoke", func(w *scene) (want expected, err error) {
		c, err := w.way(w.o.host)
		if err != nil {
			return want, err
		}
		return clientLeft(w.o.host, ""), reset(c)
	}},
	{"a client vanishes in its ClientHello", func(w *scene) (want expected, err error) {
		c, err := w.way(w.o.host)
		if err != nil {
			return want, err
		}
		hello, err := aHello()
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
		l, err := w.streams(w.h2)
		if err != nil {
			return want, err
		}
		resp, err := l.ask(http.MethodGet, path, nil)
		if err != nil {
			return want, err
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 50_000); err != nil {
			return want, err
		}
		err = vanish(l.raw)
		_ = resp.Body.Close()
		return clientLeft(l.host, path), err
	}},
	{"an upstream of HTTP/2 vanishes amid a record, under three streams", func(w *scene) (want expected, err error) {
		const waiting = "/sum/7/9" // its body never ends
		before := len(w.Entries())
		l, err := w.streams(w.h2)
		if err != nil {
			return want, err
		}
		body, hold := io.Pipe()
		var streams sync.WaitGroup
		errs := make([]error, 2)
		for i := range errs {
			path := fmt.Sprintf("%s%d", waiting, i)
			started := make(chan struct{})
			streams.Go(func() {
				var once sync.Once
				resp, err := l.ask(http.MethodPost, path, readFunc(func(p []byte) (int, error) {
					once.Do(func() { close(started) })
					return body.Read(p)
				}))
				if err == nil {
					_ = resp.Body.Close()
					errs[i] = fmt.Errorf("%s was answered: %s", path, resp.Status)
				}
			})
			<-started
		}
		resp, err := l.ask(http.MethodGet, "/vanish/7/100", nil)
		if err == nil {
			var n int64
			if n, err = io.Copy(io.Discard, resp.Body); err == nil {
				errs = append(errs, fmt.Errorf("a reply that was cut off passes for whole, with %d bytes", n))
			}
			_ = resp.Body.Close()
		}
		_ = hold.Close() // of a pipe: no error
		streams.Wait()
		w.shows(before, serverLeft(l.host, waiting+"0"))
		w.shows(before, serverLeft(l.host, waiting+"1"))
		return serverLeft(l.host, "/vanish/7/100"), errors.Join(errs...)
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
		hello, err := aHello()
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
		hello, err := aHello()
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
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
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
func (w *scene) shows(after int, want expected) {
	w.t.Helper()
	w.AwaitAny(w.t, fmt.Sprintf("%+v", want), func(all []*proxy.Entry) *proxy.Entry {
		for _, e := range all[after:] {
			if want.is(e) {
				return e
			}
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

// TestFaults: each is told of for what it was, and costs nobody else anything.
func TestFaults(t *testing.T) {
	o := honest(t, "http/1.1", nil)
	h2 := honest(t, "h2", o.Trust)
	u := start(t, nil, func(p *proxy.Options) { p.ToServer.Roots = o.roots })
	w := &scene{underTest: u, t: t, o: o, h2: h2}
	if err := w.serves(); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			w.t = t
			before := len(w.Entries())
			want, err := f.do(w)
			if err != nil {
				t.Error(err)
			}
			w.shows(before, want)
			if err := w.serves(); err != nil {
				t.Fatalf("an honest client is not served: %v", err)
			}
		})
	}
	w.t = t
	if err := u.Close(); err != nil { // it waits for all that it has begun
		t.Error(err)
	}
	o.Close()
	h2.Close()
	// What is left in this process is what ends by itself, net/http's clients and servers.
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, and there were %d", runtime.NumGoroutine(), before)
		}
	}
}
