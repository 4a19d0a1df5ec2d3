package proxytest

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm/proxy"
)

// Proxy is one at work, with what it has told of.
type Proxy struct {
	*proxy.Proxy
	Addr string
	Pool *x509.CertPool // its root

	reserves atomic.Bool // the client is one that makes connections in reserve

	mu      sync.Mutex
	more    *sync.Cond
	entries []*proxy.Entry
}

// Start starts a proxy with a CA of its own in front of o, whoever is asked for; nil: of nobody.
// It ends with the test.
func Start(t testing.TB, o *Origin, change func(*proxy.Options)) *Proxy {
	t.Helper()
	ca, made, err := proxy.LoadCA(t.TempDir())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	f, err := proxy.NewForger(ca)
	if err != nil {
		t.Fatal(err)
	}
	u := &Proxy{Pool: x509.NewCertPool()}
	u.more = sync.NewCond(&u.mu)
	u.Pool.AddCert(ca.Cert)
	opts := proxy.Options{Forger: f, Seen: func(e *proxy.Entry) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.entries = append(u.entries, e)
		u.more.Broadcast()
	}}
	if o != nil {
		opts.ToServer = handshake.Config{Roots: o.Roots}
		opts.Dial = o.Dial // names are the lesson's: all of them are at the origin
	}
	if change != nil {
		change(&opts)
	}
	if u.Proxy, err = proxy.New(opts); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	u.Addr = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- u.Serve(l) }()
	t.Cleanup(func() {
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return u
}

// Entries is what it has told of so far.
func (u *Proxy) Entries() []*proxy.Entry {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.entries)
}

// Await waits for the nth entry, from 1.
func (u *Proxy) Await(t testing.TB, n int) *proxy.Entry {
	t.Helper()
	return u.AwaitAny(t, fmt.Sprintf("number %d", n), func(e []*proxy.Entry) *proxy.Entry {
		if len(e) < n {
			return nil
		}
		return e[n-1]
	})
}

// AwaitAny waits until pick finds one among the entries.
func (u *Proxy) AwaitAny(t testing.TB, what string, pick func([]*proxy.Entry) *proxy.Entry) *proxy.Entry {
	t.Helper()
	over := false
	stop := time.AfterFunc(Patience, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		over = true
		u.more.Broadcast()
	})
	defer stop.Stop()
	u.mu.Lock()
	defer u.mu.Unlock()
	for {
		if e := pick(u.entries); e != nil {
			return e
		}
		if over {
			for _, e := range u.entries {
				t.Log(e)
			}
			t.Fatalf("of %d entries none is %s", len(u.entries), what)
		}
		u.more.Wait()
	}
}

// Total waits for n entries, ends the proxy, and returns all of them: there must be no more. Where
// net/http asks (Client), it may have made a connection in reserve: that is not counted.
func (u *Proxy) Total(t testing.TB, n int) []*proxy.Entry {
	t.Helper()
	if n > 0 {
		u.Await(t, n)
	}
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	all := u.Entries()
	if u.reserves.Load() && len(all) > n {
		all = slices.DeleteFunc(all, inReserve)
	}
	if len(all) != n {
		for _, e := range all {
			t.Logf("%v, by connection %d", e, e.Conn)
		}
		t.Fatalf("%d entries, want %d", len(all), n)
	}
	return all
}

// inReserve reports whether e is of a connection on which nothing was asked: the client left it, or the
// proxy ended.
func inReserve(e *proxy.Entry) bool {
	return e.Kind == proxy.Failure && (e.Fault.Cause == proxy.CauseShutdown || e.Fault.By == proxy.SideClient) &&
		slices.Contains([]proxy.Phase{proxy.PhaseOpening, proxy.PhaseHello, proxy.PhaseDial, proxy.PhaseHandshake, proxy.PhaseSilent}, e.Fault.Phase)
}

// Client is net/http's, by way of the proxy.
func (u *Proxy) Client(change func(*http.Transport)) *http.Client {
	u.reserves.Store(true)
	tr := transport(u.Addr, u.Pool)
	if change != nil {
		change(tr)
	}
	return &http.Client{Transport: tr}
}

// Through is net/http's client, by way of the proxy at addr whose root it trusts.
func Through(addr string, root *x509.Certificate) *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return &http.Client{Transport: transport(addr, pool)}
}

func transport(addr string, pool *x509.CertPool) *http.Transport {
	return &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: addr}), ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
}

// Raw is a connection to the proxy, and nothing said yet.
func (u *Proxy) Raw(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", u.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(Patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// Connect asks the proxy for a way to target.
func (u *Proxy) Connect(t testing.TB, target string) net.Conn {
	t.Helper()
	c := u.Raw(t)
	if err := Connect(c, target); err != nil {
		t.Fatal(err)
	}
	return c
}

// Dial goes through the proxy to target, and shakes hands there.
func (u *Proxy) Dial(t testing.TB, target string, cfg *tls.Config) *tls.Conn {
	t.Helper()
	c := tls.Client(u.Connect(t, target), cfg)
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	return c
}

// Tunnel is a client's TLS through the proxy to Name.
func (u *Proxy) Tunnel(t testing.TB) *tls.Conn {
	t.Helper()
	return u.Dial(t, Name+":443", &tls.Config{RootCAs: u.Pool, ServerName: Name})
}

// Get asks for url and reads the reply.
func Get(t testing.TB, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(b)
}

// Asks sends a request on c and returns the reply with its body read.
func Asks(t testing.TB, c net.Conn, request string) (status int, body string) {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	var proto string
	if _, err := fmt.Sscanf(string(b), "%s %d", &proto, &status); err != nil {
		t.Fatalf("%q: %v", b, err)
	}
	return status, string(b)
}

// Ended waits until the other end has closed.
func Ended(t testing.TB, c net.Conn) {
	t.Helper()
	_, err := io.Copy(io.Discard, bufio.NewReader(c))
	if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
		t.Error("the proxy does not hang up")
	}
}

// Faulty checks why something failed.
func Faulty(t testing.TB, e *proxy.Entry, kind proxy.Kind, leg, by proxy.Side, cause proxy.Cause) {
	t.Helper()
	if f := e.Fault; f == nil || e.Kind != kind || f.Side != leg || f.By != by || f.Cause != cause {
		by := proxy.Side("")
		if f != nil {
			by = f.By
		}
		t.Errorf("a %s: %v, by %q", e.Kind, f, by)
	}
}

// Sound checks that nothing failed.
func Sound(t testing.TB, e *proxy.Entry) {
	t.Helper()
	if e.Fault != nil {
		t.Errorf("%s %s: %v", e.Method, e.Path, e.Fault)
	}
}
