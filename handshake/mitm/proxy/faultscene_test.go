//lint:file-ignore SA1019 net/http speaks HTTP/2 only where crypto/tls, or nobody, has agreed on it; on connections of
// another TLS, x/net/http2 is what does.

package proxy_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/proxytest"
)

// scene is where it happens.
type scene struct {
	*underTest
	t  *testing.T
	o  at // HTTP/1.1
	h2 at
	n  int // counts servers that misbehave, for their clients' paths
}

// at is an honest origin, and the host by which it is asked for.
type at struct {
	*origin
	host string
}

// honest serves, under trust's certificate if there is one, N bytes at /length/SEED/N, reads what is posted to /sum, and at /vanish says half
// and is gone.
func honest(t testing.TB, protocol string, trust *proxytest.Trust) at {
	t.Helper()
	var raws sync.Map // of clients' addresses: the sockets
	o := proxytest.NewOrigin(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var seed, n int
		if _, err := fmt.Sscanf(r.URL.Path, "/length/%d/%d", &seed, &n); err == nil {
			w.Header().Set("Content-Length", fmt.Sprint(n))
			_, _ = io.CopyN(w, endless{}, int64(n))
			return
		}
		if strings.HasPrefix(r.URL.Path, "/vanish/") {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			raw, _ := raws.Load(r.RemoteAddr)
			_ = vanish(raw.(net.Conn)) // the client will tell
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}), func(c *tls.Config) {
		c.NextProtos = []string{protocol}
		if trust != nil {
			c.Certificates = []tls.Certificate{trust.Leaf}
		}
		c.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			raws.Store(h.Conn.RemoteAddr().String(), h.Conn)
			return nil, nil
		}
	})
	return at{originOf(o), o.Listener.Addr().String()}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// aTunnel is a client's TLS through the proxy.
type aTunnel struct {
	*tls.Conn
	r *bufio.Reader
}

func (c *aTunnel) get(host, path, more string) ([]byte, error) {
	if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", path, host, more); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return b, err
}

// way is a CONNECT to host that was answered.
func (w *scene) way(host string) (net.Conn, error) {
	c, err := net.Dial("tcp", w.addr)
	if err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { c.Close() })
	return c, errors.Join(c.SetDeadline(time.Now().Add(patience)), proxytest.Connect(c, host))
}

// tunnel shakes hands with host through the proxy. raw is the socket below TLS.
func (w *scene) tunnel(host string) (c *aTunnel, raw *net.TCPConn, err error) {
	over, raw, err := w.shake(host, "http/1.1")
	if err != nil {
		return nil, nil, err
	}
	return &aTunnel{over, bufio.NewReader(over)}, raw, nil
}

func (w *scene) shake(host, protocol string) (*tls.Conn, *net.TCPConn, error) {
	raw, err := w.way(host)
	if err != nil {
		return nil, nil, err
	}
	name, _, _ := net.SplitHostPort(host)
	c := tls.Client(raw, &tls.Config{RootCAs: w.pool, ServerName: name, NextProtos: []string{protocol}})
	if err := c.Handshake(); err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return c, raw.(*net.TCPConn), nil
}

// streams is a client of HTTP/2 on one connection.
type streams struct {
	http.RoundTripper
	host string
	raw  *net.TCPConn
}

func (w *scene) streams(o at) (*streams, error) {
	c, raw, err := w.shake(o.host, "h2")
	if err != nil {
		return nil, err
	}
	cc, err := new(http2.Transport).NewClientConn(c)
	return &streams{cc, o.host, raw}, err
}

func (l *streams) ask(method, path string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequest(method, "https://"+l.host+path, body)
	if err != nil {
		return nil, err
	}
	return l.RoundTrip(req)
}

// aHello is a ClientHello in its record.
func aHello() ([]byte, error) {
	a, b := net.Pipe()
	defer a.Close()
	go func() { _ = tls.Client(b, &tls.Config{ServerName: wwwName}).Handshake() }() // which fails
	head := make([]byte, 5)
	if _, err := io.ReadFull(a, head); err != nil {
		return nil, err
	}
	rest := make([]byte, int(head[3])<<8|int(head[4]))
	_, err := io.ReadFull(a, rest)
	return append(head, rest...), err
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
			err = errors.Join(c.SetDeadline(time.Now().Add(patience)), serve(c))
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
		c := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{w.o.Leaf}, NextProtos: []string{"http/1.1"}})
		head := make([]byte, 1<<12)
		if _, err := c.Read(head); err != nil {
			return err
		}
		_, err := io.WriteString(c, reply)
		if errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			return nil // it may be refused before it is all sent
		}
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
		c, err := w.way(w.o.host)
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
