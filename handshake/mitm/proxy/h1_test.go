package proxy_test

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
)

// aPlay is what client and server say, and what must be told of it.
type aPlay struct {
	name    string
	lines   []line
	entries int
	check   func(t *testing.T, e []*proxy.Entry) // nil: nothing failed
	open    bool                                 // after it the connection is still good
}

// HTTP/1.1 goes on as it came, byte for byte and in the order in which it was said.
var plays = []aPlay{
	{"keep-alive", []line{
		{client, "GET /1 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", ""},
		{client, "POST /2 HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 2\r\n\r\nab", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{client, "GET /3 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 404 Nobody Home\r\nContent-Length: 4\r\n\r\nnone", ""},
	}, 3, func(t *testing.T, e []*proxy.Entry) {
		if e[1].Sent != 2 || e[2].Received != 4 || e[2].Status != 404 || e[2].Reason != "Nobody Home" || e[2].Path != "/3" {
			t.Errorf("%+v, %+v", e[1], e[2])
		}
		if e[1].Timing.TLS != 0 {
			t.Error("the second request counts a handshake")
		}
	}, true},
	{"pipelined", []line{
		{client, "GET /1 HTTP/1.1\r\nHost: www.lab.test\r\n\r\nGET /2 HTTP/1.1\r\nHost: www.lab.test\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", ""},
	}, 3, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Path != "/1" || e[1].Path != "/2" || e[2].Path != "/3" || e[1].Status != 204 {
			t.Error(e[0].Path, e[1].Path, e[2].Path)
		}
	}, true},
	{"HEAD", []line{
		{client, "HEAD / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ""},
		{client, "HEAD / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", ""},
	}, 2, nil, true},
	{"204 and 304", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\n", ""},
		{client, "DELETE / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 204 No Content\r\n\r\n", ""},
	}, 2, nil, true},
	{"100-continue", []line{
		{client, "PUT / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", ""},
		{server, "HTTP/1.1 100 Continue\r\n\r\n", ""},
		{client, "body", ""},
		{server, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", ""},
	}, 1, nil, true},
	{"early hints", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", ""},
		{server, "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!", ""},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Status != 200 || e[0].Received != 1 {
			t.Errorf("%d, %d bytes", e[0].Status, e[0].Received)
		}
	}, true},
	{"reply while uploading", []line{
		{client, "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 10\r\n\r\nfirst", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly", ""},
		{client, "other", ""},
		{client, "GET /next HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	}, 2, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Sent != 10 || e[0].Received != 5 {
			t.Errorf("%d sent, %d received", e[0].Sent, e[0].Received)
		}
	}, true},
	{"chunks with extensions and a trailer", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nTE: trailers\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n", ""},
		{server, "05;a=\"b\";c\r\nhello\r\n", ""},
		{server, "A \r\n, wor", ""},
		{server, "ld\r\n \r\n0000;last\r\nSum: 1\r\nMore: 2\r\n\r\n", ""},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Received != 15 {
			t.Errorf("%d bytes received", e[0].Received)
		}
	}, true},
	{"chunked upload", []line{
		{client, "POST / HTTP/1.1\r\nHost: www.lab.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc", ""},
		{client, "\r\n2\r\nde\r\n0\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Sent != 5 {
			t.Errorf("%d bytes sent", e[0].Sent)
		}
	}, true},
	{"to the end of the connection", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\n\r\none", ""},
		{server, " two", ""},
		{server, bye, ""},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Received != 7 || len(e[0].Warnings) > 0 && e[0].ToClient != nil {
			t.Errorf("%d bytes received, %v", e[0].Received, e[0].Warnings)
		}
	}, false},
	{"HTTP/1.0", []line{
		{client, "GET / HTTP/1.0\r\n\r\n", ""},
		{server, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none", ""},
		{server, bye, ""},
	}, 1, nil, false},
	{"HTTP/1.0, kept alive", []line{
		{client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ""},
		{server, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\none", ""},
		{client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", ""},
		{server, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\ntwo", ""},
	}, 2, nil, true},
	{"Connection: close", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", ""},
		{server, bye, ""},
	}, 1, nil, false},
	{"empty lines before a request", []line{
		{client, "\r\nGET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
		{client, "\n\r\nGET /2 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "GET /2 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	}, 2, nil, true},
	{"both framings", []line{
		{client, "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", silence},
	}, 1, refusedWith(400), false},
	{"a head that is none", []line{
		{client, "GET / b HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", silence},
	}, 1, refusedWith(400), false},
	{"a long head", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nLong: " + strings.Repeat("x", 300<<10) + "\r\n\r\n", silence},
	}, 1, refusedWith(431), false},
	{"a reply that is none", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 two hundred\r\n\r\n", silence},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		faulty(t, e[0], proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
	}, false},
	{"a reply with a long head", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nLong: " + strings.Repeat("x", 300<<10) + "\r\n\r\n", silence},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		faulty(t, e[0], proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
	}, false},
	{"a server that hangs up an idle connection", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", ""},
		{server, bye, ""},
	}, 1, nil, false},
	{"408 to nobody", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none", ""},
		{server, "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", silence},
		{server, bye, ""},
	}, 1, nil, false},
	{"upgrade refused with 200", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", ""},
		{client, "GET /2 HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""},
		{server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ""},
	}, 2, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Upgraded != "" || e[0].Status != 200 {
			t.Errorf("%q %d", e[0].Upgraded, e[0].Status)
		}
	}, true},
	{"upgrade refused with 400", []line{
		{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", ""},
		{server, "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", ""},
		{server, bye, ""},
	}, 1, nil, false},
	{"websocket", []line{
		{client, "GET /ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n", ""},
		{server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", ""},
		{client, "\x81\x83\x01\x02\x03\x04GET", ""}, // which is no request
		{server, "\x81\x03GET", ""},
		{client, "\x88\x80\x00\x00\x00\x00", ""},
		{server, "\x88\x00", ""},
		{server, bye, ""},
	}, 1, func(t *testing.T, e []*proxy.Entry) {
		if e[0].Upgraded != "websocket" || e[0].Status != 101 || e[0].Sent != 15 || e[0].Received != 11 {
			t.Errorf("%q %d, %d sent, %d received", e[0].Upgraded, e[0].Status, e[0].Sent, e[0].Received)
		}
	}, false},
}

// refusedWith is one entry of a request that the proxy has refused.
func refusedWith(status int) func(t *testing.T, e []*proxy.Entry) {
	return func(t *testing.T, e []*proxy.Entry) {
		faulty(t, e[0], proxy.Request, proxy.SideClient, proxy.SideProxy, proxy.CauseBadRequest)
		if e[0].Status != status {
			t.Errorf("status %d, want %d", e[0].Status, status)
		}
	}
}

// TestPlays plays each over TLS, and in clear through a CONNECT.
func TestPlays(t *testing.T) {
	for _, p := range slices.Concat(plays, hostile) {
		for _, clear := range []bool{false, true} {
			t.Run(p.name+map[bool]string{true: ", in clear"}[clear], func(t *testing.T) {
				o := newScripted(t, func(c *tls.Config) *tls.Config {
					if clear {
						return nil
					}
					return c
				})
				u := start(t, o.origin, nil)
				var c net.Conn
				if clear {
					c = u.connect(t, wwwName+":80")
					// The proxy connects to the server when it knows what the client speaks.
					if _, err := io.WriteString(c, p.lines[0].say); err != nil {
						t.Fatal(err)
					}
				} else {
					c = u.tunnel(t)
				}
				s := o.next(t)
				lines := p.lines
				if clear {
					if lines[0].hear != silence {
						want := lines[0].hear
						if want == "" {
							want = lines[0].say
						}
						if err := hears(s, want); err != nil {
							t.Fatal(err)
						}
					}
					lines = lines[1:]
				}
				play(t, c, s, lines)
				if p.open {
					play(t, c, s, []line{{client, bye, ""}})
				} else {
					ended(t, c)
					c.Close() // bytes end in each direction by themselves
				}
				e := u.total(t, p.entries)
				if p.check != nil {
					p.check(t, e)
					return
				}
				for _, e := range e {
					sound(t, e)
					if e.Kind != proxy.Request {
						t.Errorf("a %s", e.Kind)
					}
				}
			})
		}
	}
}

// TestRefusalsAreRead: what the proxy says in the server's place reaches the client.
func TestRefusalsAreRead(t *testing.T) {
	for _, x := range []struct {
		name, ask, reply string // the server's; "" hangs up
		status           int
		page             string
	}{
		{"both framings", "POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", "", 400, "Content-Length"},
		{"long head", "GET / HTTP/1.1\r\nHost: www.lab.test\r\nLong: " + strings.Repeat("x", 300<<10) + "\r\n\r\n", "", 431, "longer"},
		{"no reply", "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "", 502, "left"},
		{"bad reply", "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", 502, "bad_reply"},
	} {
		t.Run(x.name, func(t *testing.T) {
			o := newScripted(t, nil)
			u := start(t, o.origin, nil)
			c := u.tunnel(t)
			s := o.next(t)
			go func() {
				if x.status == 502 {
					if hears(s, x.ask) == nil {
						_, _ = io.WriteString(s, x.reply)
						_ = s.Close()
					}
				}
			}()
			status, body := asks(t, c, x.ask)
			if status != x.status || !strings.Contains(body, x.page) {
				t.Errorf("%d, %q", status, body)
			}
			if e := u.total(t, 1)[0]; e.Status != x.status || e.Fault == nil {
				t.Errorf("the entry has %d, %v", e.Status, e.Fault)
			}
		})
	}
}

// TestOneHandshake: many requests on a client's connection go over one to the server.
func TestOneHandshake(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	c := u.tunnel(t)
	s := o.next(t)
	const n = 20
	for range n {
		play(t, c, s, []line{{client, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", ""}, {server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", ""}})
	}
	play(t, c, s, []line{{client, bye, ""}})
	for _, e := range u.total(t, n) {
		if e.Conn != 1 {
			t.Fatalf("connection %d", e.Conn)
		}
	}
	if len(o.conns) > 0 {
		t.Error("the server was connected to twice")
	}
}
