//lint:file-ignore SA1019 net/http speaks HTTP/2 only where crypto/tls, or nobody, has agreed on it; on connections of
// another TLS, x/net/http2 is what does.

package proxy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tlslab/handshake/mitm/proxy"
)

// How streams of HTTP/2, and connections, end before their end.

// TestGoAway: a server that takes no more requests on a connection ends it for the client
// too, whole replies first.
func TestGoAway(t *testing.T) {
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, strings.Repeat("x", 100_000))
	})
	u := start(t, o, nil)
	c := u.client(nil)
	for i := range 5 {
		_, body := get(t, c, "https://"+wwwName+"/")
		if len(body) != 100_000 {
			t.Fatalf("%d bytes", len(body))
		}
		sound(t, u.await(t, i+1))
		c.CloseIdleConnections() // what it asks before it hears of the end is not answered
	}
}

// TestServerLeaves2: a client whose server hung up while nothing was asked finds its own
// connection closed, and asks on another; it gets no error for an answer.
func TestServerLeaves2(t *testing.T) {
	t.Parallel()
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") })
	u := start(t, o, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	gone := make(chan bool)
	cc, err := new(http2.Transport).NewClientConn(&watchedConn{Conn: c, gone: gone})
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	req, err := http.NewRequest(http.MethodGet, "https://"+wwwName+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := cc.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "hello" {
		t.Fatalf("%q, %v", b, err)
	}
	sound(t, u.await(t, 1))
	o.CloseClientConnections()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Error("the client's connection stays open")
	}
	if cc.CanTakeNewRequest() {
		t.Error("the client may ask again on it")
	}
	u.total(t, 1)
}

// watchedConn says when reading from it has ended.
type watchedConn struct {
	*tls.Conn
	once sync.Once
	gone chan bool
}

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.once.Do(func() { close(c.gone) })
	}
	return n, err
}

// TestStreamsFail: who broke off a stream, and that the others go on.
func TestStreamsFail(t *testing.T) {
	t.Parallel()
	entered, left := make(chan bool, 1), make(chan bool, 1)
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/before":
			panic(http.ErrAbortHandler)
		case "/amid":
			fmt.Fprint(w, "half")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case "/wait":
			entered <- true
			<-r.Context().Done()
			left <- true
		default:
			fmt.Fprint(w, "whole")
		}
	})
	u := start(t, o, nil)
	c := u.client(nil)
	fetch := func(ctx context.Context, path string) (int, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+wwwName+path, nil)
		if err != nil {
			return 0, err
		}
		resp, err := c.Do(req)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
		return resp.StatusCode, err
	}
	if status, err := fetch(t.Context(), "/before"); err == nil { // the client hears what the server said: its code may say that a retry is safe
		t.Errorf("%d, %v", status, err)
	}
	faulty(t, u.await(t, 1), proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseReset)
	if _, err := fetch(t.Context(), "/amid"); err == nil {
		t.Error("half a reply passed for a whole one")
	}
	faulty(t, u.await(t, 2), proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseReset)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	if _, err := fetch(ctx, "/wait"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-left // the server is told
	faulty(t, u.await(t, 3), proxy.Request, proxy.SideClient, proxy.SideClient, proxy.CauseReset)
	if status, err := fetch(t.Context(), "/whole"); err != nil || status != 200 {
		t.Errorf("%d, %v", status, err)
	}
	sound(t, u.await(t, 4))
	c.CloseIdleConnections()
	for _, e := range u.total(t, 4) {
		if e.Conn != 1 {
			t.Errorf("%s on connection %d", e.Path, e.Conn)
		}
	}
}

// TestServerLeavesFirst2: as with HTTP/1.1, a server that hangs up before anything was asked
// is not a client that pins.
func TestServerLeavesFirst2(t *testing.T) {
	t.Parallel()
	o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{"h2"}; return c })
	u := start(t, o.origin, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
	cc, err := new(http2.Transport).NewClientConn(c) // says hello, and asks nothing
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	o.next(t).Close()
	faulty(t, u.total(t, 1)[0], proxy.Failure, proxy.SideServer, proxy.SideServer, proxy.CauseLeft)
}

// TestEarlyReply2: a server that has heard enough of an upload is not at fault, nor is the proxy.
func TestEarlyReply2(t *testing.T) {
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	u := start(t, o, nil)
	c := u.client(nil)
	resp, err := c.Post("https://"+wwwName+"/", "", bytes.NewReader(make([]byte, 2<<20)))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	e := u.await(t, 1)
	sound(t, e)
	if resp.StatusCode != 413 || e.Status != 413 {
		t.Errorf("%s, and %d in the entry", resp.Status, e.Status)
	}
	c.CloseIdleConnections()
}

// TestRefusedStream: the client learns that a retry is safe.
func TestRefusedStream(t *testing.T) {
	o := newScripted(t, func(c *tls.Config) *tls.Config { c.NextProtos = []string{"h2"}; return c })
	u := start(t, o.origin, nil)
	c := u.dial(t, wwwName+":443", &tls.Config{RootCAs: u.pool, ServerName: wwwName, NextProtos: []string{"h2"}})
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	s := o.next(t)
	var block bytes.Buffer
	enc := hpack.NewEncoder(&block)
	for _, f := range []string{":method GET", ":scheme https", ":authority www.lab.test", ":path /50%/x"} {
		name, value, _ := strings.Cut(f, " ")
		if err := enc.WriteField(hpack.HeaderField{Name: name, Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	fc, fs := http2.NewFramer(c, c), http2.NewFramer(s, s)
	_, err := io.WriteString(c, http2.ClientPreface)
	if err = errors.Join(err, fc.WriteSettings(), fc.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true})); err != nil {
		t.Fatal(err)
	}
	if err := hears(s, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	fs.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for {
		f, err := fs.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := f.(*http2.MetaHeadersFrame); ok {
			if h.PseudoValue("path") != "/50%/x" {
				t.Errorf("%v", h)
			}
			break
		}
	}
	if err := errors.Join(fs.WriteSettings(), fs.WriteRSTStream(1, http2.ErrCodeRefusedStream)); err != nil {
		t.Fatal(err)
	}
	for {
		f, err := fc.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := f.(*http2.RSTStreamFrame); ok {
			if r.ErrCode != http2.ErrCodeRefusedStream {
				t.Error(r.ErrCode)
			}
			break
		}
	}
	c.Close()
	e := u.total(t, 1)[0]
	faulty(t, e, proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseReset)
	if e.Path != "/50%/x" || !strings.Contains(e.Fault.Error(), "REFUSED_STREAM") {
		t.Errorf("%s: %v", e.Path, e.Fault)
	}
}
