package proxy_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// What a hostile reader of the code found, each in a play: two ends that leave a proxy
// waiting, or two readers who disagree about where a request ends.

const get1, get2 = "GET /1 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"

// secondLost is a first request that was answered and a second that was not.
func secondLost(t *testing.T, e []*proxy.Entry) {
	sound(t, e[0])
	faulty(t, e[1], proxy.Request, proxy.SideServer, proxy.SideServer, proxy.CauseLeft)
	if e[0].Path != "/1" || e[1].Path != "/2" {
		t.Error(e[0].Path, e[1].Path)
	}
}

// refusedHead is a request that must not get through, since another might hide in it.
func refusedHead(name, head string) aPlay {
	return aPlay{name, []line{
		{client, head, silence},
		{server, "", "HTTP/1.1 400 Bad Request\r\n"}, // and nothing was heard there
	}, 1, refusedWith(http.StatusBadRequest), false}
}

// refusedReply is the same for a reply.
func refusedReply(name, head string) aPlay {
	return aPlay{name, []line{
		{client, get1, ""},
		{server, head, silence},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		faulty(t, e[0], proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
	}, false}
}

var hostile = []aPlay{
	{"the last reply comes before the last request's", []line{
		{client, get1 + get2, ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", ""},
	}, 2, secondLost, false},
	{"… and that one is waiting to upgrade", []line{
		{client, get1 + "GET /2 HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok", ""},
	}, 2, secondLost, false},
	{"101 to a request that asked for no upgrade", []line{
		{client, get1 + get2, ""},
		{server, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", silence},
	}, 2, func(t *testing.T, e []*proxy.Entry) {
		for _, e := range e {
			faulty(t, e, proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
		}
	}, false},
	{"a bad request behind a good one is answered behind it", []line{
		{client, get1, ""},
		{client, "GET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", silence},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 400 Bad Request\r\n"},
	}, 2, func(t *testing.T, e []*proxy.Entry) {
		sound(t, e[0])
		refusedWith(http.StatusBadRequest)(t, e[1:])
	}, false},
	{"a chunk whose line ends in LF", []line{
		{client, "POST / HTTP/1.1\r\nHost: www.lab.test\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
		{client, "5;a\nhello\r\n0\r\n\r\n", silence},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		faulty(t, e[0], proxy.Request, proxy.SideClient, proxy.SideProxy, proxy.CauseBadRequest)
	}, false},

	refusedHead("a space before a colon", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length : 5\r\n\r\nhello"),
	refusedHead("a field that goes on in the next line", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length:\r\n 5\r\n\r\nhello"),
	refusedHead("a line that ends in LF alone", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nX: y\nContent-Length: 5\r\n\r\nhello"),
	refusedHead("a CR within a line", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nX: a\rContent-Length: 5\r\n\r\nhello"),
	refusedHead("two lengths", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
	refusedHead("chunks in HTTP/1.0", "POST / HTTP/1.0\r\nHost: www.lab.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
	refusedHead("a length beside chunks, disguised", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nTransfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\nhello"),
	refusedReply("a reply's length beside chunks, disguised", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
	refusedReply("a reply's length beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
}

// TestStreamsBeyondTheServersLimit: the limit is the client's to know. What it asked before it
// knew is refused by the server in a way that says that a retry is safe, and all is answered.
func TestStreamsBeyondTheServersLimit(t *testing.T) {
	const limit, streams = 3, 12
	answered := 0
	reached := make(chan struct{}, streams)
	release := make(chan struct{})
	o := newOrigin2(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			return
		}
		reached <- struct{}{}
		<-release
	})
	o.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: limit}
	u := start(t, o, nil)
	c := u.client(nil)
	get(t, c, "https://"+wwwName+"/first") // after it there is a connection to share
	var all sync.WaitGroup
	for range streams {
		all.Go(func() {
			resp, err := c.Get("https://" + wwwName + "/")
			if err != nil {
				t.Error(err)
				return
			}
			if resp.Body.Close(); resp.StatusCode != 200 {
				t.Errorf("status %d", resp.StatusCode)
			}
		})
	}
	for range limit {
		<-reached
	}
	close(release)
	all.Wait()
	c.CloseIdleConnections()
	for n := 1; ; n++ {
		if e := u.await(t, n); e.Status == http.StatusOK && e.Path == "/" {
			answered++
			sound(t, e)
		} else if refused := (*relay.ErrReset)(nil); e.Fault != nil && errors.As(e.Fault, &refused) && refused.Code != http2.ErrCodeRefusedStream {
			t.Errorf("%s: %v", e.Path, e.Fault)
		}
		if answered == streams {
			return
		}
	}
}

// scarce is a listener that is out of descriptors now and then.
type scarce struct {
	net.Listener
	every int
	n     int
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.n++; s.n%s.every == 1 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return s.Listener.Accept()
}

// TestScarceDescriptors: a proxy that cannot accept a connection goes on.
func TestScarceDescriptors(t *testing.T) {
	o := newOrigin(t, hello, nil)
	u := start(t, o, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- u.Serve(&scarce{Listener: l, every: 2}) }()
	u.addr = l.Addr().String()
	for range 2 {
		get(t, u.client(func(tr *http.Transport) { tr.DisableKeepAlives = true }), "https://"+wwwName+"/")
	}
	u.total(t, 2)
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestItself: a proxy that is asked for itself does not call itself for ever.
func TestItself(t *testing.T) {
	u := start(t, nil, nil)
	c := u.dial(t, u.addr, &tls.Config{RootCAs: u.pool, ServerName: "127.0.0.1"})
	if status, page := asks(t, c, "GET / HTTP/1.1\r\nHost: "+u.addr+"\r\n\r\n"); status != 502 || !strings.Contains(page, "error=proxy_loop_detected") {
		t.Errorf("the proxy shook hands with itself: %d %q", status, page)
	}
	told := 0
	for _, e := range u.total(t, 2) { // the other is of the connection that it hung up on
		if strings.Contains(e.Fault.Error(), "the proxy itself") {
			faulty(t, e, proxy.Failure, proxy.SideServer, proxy.SideProxy, proxy.CauseUnreachable)
			told++
		}
	}
	if told != 1 {
		t.Errorf("told of %d times", told)
	}
}

// TestNotForUs: what the proxy would have to speak in somebody else's TLS, or cannot
// at all, is refused, and told.
func TestNotForUs(t *testing.T) {
	for _, request := range []string{"GET https://www.lab.test/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "GET ftp://www.lab.test/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: proxy\r\n\r\nCONNECT www.lab.test:443 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"} {
		u := start(t, nil, nil)
		c := u.raw(t)
		if _, err := io.WriteString(c, request); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(c)
		if err != nil || !strings.Contains(string(b), "HTTP/1.1 400 Bad Request") {
			t.Errorf("%q: %q, %v", request, b, err)
		}
		refusedWith(http.StatusBadRequest)(t, u.total(t, 1))
	}
}

// TestCloseTwice: whoever closes second waits for the first.
func TestCloseTwice(t *testing.T) {
	o := newOrigin(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), nil)
	u := start(t, o, nil)
	c := u.tunnel(t)
	if _, err := io.WriteString(c, get1); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := u.Close(); err != nil {
				t.Error(err)
			}
			if n := len(u.Entries()); n != 1 {
				t.Errorf("%d entries are told of when Close returns", n)
			}
		})
	}
	both.Wait()
}

// TestOtherHost: a request may name another host than the handshake did; the entry has the
// request's, and a mark.
func TestOtherHost(t *testing.T) {
	o := newOrigin(t, hello, func(c *tls.Config) { c.NextProtos = nil })
	u := start(t, o, nil)
	asks(t, u.tunnel(t), "GET / HTTP/1.1\r\nHost: other.lab.test\r\nConnection: close\r\n\r\n")
	e := u.total(t, 1)[0]
	if e.Host != "other.lab.test" || e.ToClient.ServerName != wwwName || len(e.Warnings) != 1 || e.Warnings[0] != proxy.WarnOtherHost {
		t.Errorf("%s, asked for as %s, %v", e.Host, e.ToClient.ServerName, e.Warnings)
	}
}

// TestServeAfterClose: an interrupt may come before the first connection could.
func TestServeAfterClose(t *testing.T) {
	u := start(t, nil, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		if err := u.Serve(l); err != nil {
			t.Error(err)
		}
	})
	if err := u.Close(); err != nil {
		t.Error(err)
	}
	both.Wait()
	if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}
