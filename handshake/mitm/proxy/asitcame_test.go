package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// said is an exchange as it is without a proxy: what the client says, and what the server does;
// behind a "|" the rest waits for the other.
type said struct {
	name           string
	request, reply string
	heard          string // of the reply, if that is not the same
	notes          []relay.Note
	status         int
	ends           bool // the server closes behind it
}

// exchanges are those that a relay must not touch, and those that the RFCs have it change.
var exchanges = []said{
	{name: "bare LF", reply: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", notes: []relay.Note{relay.NoteBareLF}},
	{name: "a fold", reply: "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\nContent-Length: 2\r\n\r\nok", heard: "HTTP/1.1 200 OK\r\nX-A: one two\r\nContent-Length: 2\r\n\r\nok", notes: []relay.Note{relay.NoteUnfolded}},
	{name: "a space before a colon", reply: "HTTP/1.1 200 OK\r\nX-Space : a\r\nContent-Length: 2\r\n\r\nok", heard: "HTTP/1.1 200 OK\r\nX-Space: a\r\nContent-Length: 2\r\n\r\nok", notes: []relay.Note{relay.NoteSpaceColon}},
	{name: "order, case, phrase", request: "GET / HTTP/1.1\r\nx-b: 1\r\nHOST: www.lab.test\r\nX-A: \xe9\r\nx-b:3\r\n\r\n", reply: "HTTP/1.1 200 Fine By Me\r\nx-b: 1\r\nX-A: 2\r\nx-b: 3\r\nContent-Length: 2\r\n\r\nok"},
	{name: "a trailer", reply: "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-SUM: 1\r\n\r\n"},
	{name: "early hints", reply: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
	{name: "417, the body held back", request: "POST / HTTP/1.1\r\nHost: www.lab.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", reply: "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n", status: 417},
	{name: "100, and the body", request: "POST / HTTP/1.1\r\nHost: www.lab.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n|body", reply: "HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", status: 201},
	{name: "a bare percent", request: "GET /50%/x HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", reply: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
	{name: "a target that is no UTF-8", request: "GET /\xe9?a=[%zz] HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", reply: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
	{name: "a small method", request: "get / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", reply: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
	{name: "a method with a line", request: "M_M / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", reply: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
	{name: "70 KB of head", reply: "HTTP/1.1 200 OK\r\nLong: " + strings.Repeat("x", 70<<10) + "\r\nContent-Length: 2\r\n\r\nok"},
	{name: "to the end", reply: "HTTP/1.1 200 OK\r\n\r\nok", ends: true},
	{name: "HTTP/1.0", request: "GET / HTTP/1.0\r\nHost: www.lab.test\r\n\r\n", reply: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ends: true},
	{name: "an answer that asks for a login", reply: "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n", status: 401},
}

// TestAsItCame: each way through the proxy, what client and server hear is what the other said.
func TestAsItCame(t *testing.T) {
	for _, x := range exchanges {
		if x.request == "" {
			x.request = "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"
		}
		if x.heard == "" {
			x.heard = x.reply
		}
		if x.status == 0 {
			x.status = 200
		}
		for _, way := range []string{"plain", "tunnel in clear", "TLS"} {
			t.Run(x.name+", "+way, func(t *testing.T) {
				o := newScripted(t, func(c *tls.Config) *tls.Config {
					if way != "TLS" {
						return nil
					}
					return c
				})
				u := start(t, o.origin, nil)
				asks := x.request
				var c net.Conn
				switch way {
				case "plain":
					c = u.raw(t)
					method, rest, _ := strings.Cut(asks, " ")
					asks = method + " http://" + wwwName + rest
				case "TLS":
					c = u.tunnel(t)
				default:
					c = u.connect(t, wwwName+":80")
				}
				var s net.Conn
				requests, wires := strings.Split(asks, "|"), strings.Split(x.request, "|")
				replies, hears2 := strings.Split(x.reply, "|"), strings.Split(x.heard, "|")
				for i := range requests {
					if _, err := io.WriteString(c, requests[i]); err != nil {
						t.Fatal(err)
					}
					if s == nil {
						s = o.next(t)
					}
					if err := hears(s, wires[i]); err != nil {
						t.Fatal("the server", err)
					}
					if _, err := io.WriteString(s, replies[i]); err != nil {
						t.Fatal(err)
					}
					if i == len(requests)-1 && x.ends {
						_ = s.Close()
					}
					if err := hears(c, hears2[i]); err != nil {
						t.Fatal("the client", err)
					}
				}
				if x.ends {
					ended(t, c)
				}
				c.Close()
				e := u.total(t, 1)[0]
				if e.Kind != proxy.Request || e.Status != x.status || e.Host != wwwName {
					t.Errorf("a %s of %s, status %d", e.Kind, e.Host, e.Status)
				}
				if !strings.HasPrefix(x.name, "417") {
					sound(t, e)
				}
				for _, n := range x.notes {
					if !slices.Contains(e.Notes, n) {
						t.Errorf("notes %v", e.Notes)
					}
				}
			})
		}
	}
}

// TestHARIsWhatWasSaid: fields in the order and the case in which they came, sizes as they
// were, trailers, and bytes that are no UTF-8.
func TestHARIsWhatWasSaid(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	c := u.tunnel(t)
	const request = "POST /50%/\xe9?a=b HTTP/1.1\r\nx-b:1\r\nHOST: www.lab.test\r\nX-A: \xe9\r\nx-b: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	const head = "HTTP/1.1 200 Fine\r\nx-z: 1\r\nTrailer: X-Sum\r\nx-A: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
	play(t, c, o.next(t), []line{
		{client, request + "1\r\na\r\n0\r\nEnd: 1\r\n\r\n", ""},
		{server, head + "2\r\nok\r\n0\r\nx-SUM: 1\r\n\r\n", ""},
		{client, bye, ""},
	})
	e := u.total(t, 1)[0]
	sound(t, e)
	h := e.HAR()
	got := fmt.Sprint(h.Request.Headers, h.Request.Trailers, h.Request.HeadersSize, h.Response.Headers, h.Response.Trailers, h.Response.HeadersSize)
	want := fmt.Sprint("[{x-b 1 } {HOST www.lab.test } {X-A é } {x-b 3 } {Transfer-Encoding chunked }] [{End 1 }] ", len(request),
		" [{x-z 1 } {Trailer X-Sum } {x-A 2 } {Transfer-Encoding chunked }] [{x-SUM 1 }] ", len(head))
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if want := "https://www.lab.test/50%/%E9?a=b"; h.Request.URL != want || h.Request.Target != "/50%/é?a=b" || len(h.Request.Query) != 1 || h.Request.Query[0].Value != "b" {
		t.Errorf("%s, %v", h.Request.URL, h.Request.Query)
	}
	if _, err := json.Marshal(h); err != nil {
		t.Error(err)
	}
}

// TestHARTellsNothingMore: no field, phrase or size that nobody sent, and each side's own version.
func TestHARTellsNothingMore(t *testing.T) {
	for _, x := range []struct {
		request, reply string // the reply "": none, and the proxy answers
		url, want      string
	}{
		{"GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 204\r\n\r\n", "https://www.lab.test/", "HTTP/1.0 [] 18; 204 HTTP/1.1  [] 16"},
		{"OPTIONS * HTTP/1.1\r\nHost: www.lab.test\r\n\r\n", "HTTP/1.0 200 Fine\r\nContent-Length: 0\r\n\r\n", "https://www.lab.test", "HTTP/1.1 [{Host www.lab.test }] 42; 200 HTTP/1.0 Fine [{Content-Length 0 }] 40"},
		{"GET / HTTP/1.1\r\n\r\n", "", "https://www.lab.test/", "HTTP/1.1 [] 18; 502 HTTP/1.1 Bad Gateway [{Content-Type text/plain; charset=utf-8 } {Cache-Control no-store } {Content-Security-Policy default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none' } {X-Content-Type-Options nosniff } {Proxy-Status tlslab; error=connection_terminated } {Content-Length N } {Connection close }] "},
	} {
		o := newScripted(t, nil)
		u := start(t, o.origin, nil)
		c := u.tunnel(t)
		s := o.next(t)
		if x.reply != "" {
			play(t, c, s, []line{{client, x.request, ""}, {server, x.reply, ""}, {client, bye, ""}})
		} else if _, err := io.WriteString(c, x.request); err != nil {
			t.Fatal(err)
		}
		want, size := x.want, 0
		if x.reply == "" {
			if err := hears(s, x.request); err != nil {
				t.Fatal(err)
			}
			s.Close()
			answer, _ := io.ReadAll(c)
			head, page, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
			size = len(head) + 4
			want = strings.Replace(want, "Length N", fmt.Sprint("Length ", len(page)), 1) + fmt.Sprint(size)
		}
		h := u.total(t, 1)[0].HAR()
		got := fmt.Sprint(h.Request.HTTPVersion, " ", h.Request.Headers, " ", h.Request.HeadersSize, "; ", h.Response.Status, " ", h.Response.HTTPVersion, " ", h.Response.StatusText, " ", h.Response.Headers, " ", h.Response.HeadersSize)
		if got != want || h.Request.URL != x.url {
			t.Errorf("%s of %s\nwant %s", got, h.Request.URL, want)
		}
	}
}

// TestLoginOfAConnection: a server that remembers who is at the other end of a connection, as
// NTLM has it, never takes one client for another; and one client has one connection.
func TestLoginOfAConnection(t *testing.T) {
	o := newPlain(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) }))
	u := start(t, o, nil)
	ask := func(c net.Conn, r *bufio.Reader) string {
		t.Helper()
		fmt.Fprintf(c, "GET http://%s/ HTTP/1.1\r\nHost: %s\r\n\r\n", wwwName, wwwName)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	one, two := u.raw(t), u.raw(t)
	r1, r2 := bufio.NewReader(one), bufio.NewReader(two)
	a, b := ask(one, r1), ask(two, r2)
	if a == b || ask(one, r1) != a || ask(two, r2) != b {
		t.Errorf("%s and %s", a, b)
	}
	one.Close()
	three := u.raw(t)
	if c := ask(three, bufio.NewReader(three)); c == a {
		t.Error("the third client has the first one's connection")
	}
}

// TestTwoServersOneClient: a client may ask several servers on one connection.
func TestTwoServersOneClient(t *testing.T) {
	o := newScripted(t, func(*tls.Config) *tls.Config { return nil })
	u := start(t, o.origin, nil)
	c := u.raw(t)
	var before net.Conn
	for i, host := range []string{"a.lab.test", "b.lab.test:8080", "b.lab.test:8080", "a.lab.test"} {
		fmt.Fprintf(c, "GET http://%s/%d HTTP/1.1\r\nHost: %s\r\n\r\n", host, i, host)
		s := before
		if i != 2 {
			s = o.next(t)
			if before != nil {
				ended(t, before)
			}
		}
		if err := hears(s, fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: %s\r\n\r\n", i, host)); err != nil {
			t.Fatal(err)
		}
		play(t, c, s, []line{{server, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d", i), ""}})
		before = s
	}
	c.Close()
	for i, e := range u.total(t, 4) {
		sound(t, e)
		if e.Path != fmt.Sprint("/", i) {
			t.Error(e.Path)
		}
	}
}

// TestEarlyReply: a server that has heard enough and closes: its reply reaches the client, and
// nobody is blamed for more than that it came early.
func TestEarlyReply(t *testing.T) {
	for _, plain := range []bool{true, false} {
		o := newScripted(t, func(c *tls.Config) *tls.Config {
			if plain {
				return nil
			}
			return c
		})
		u := start(t, o.origin, nil)
		target, c := "http://"+wwwName+"/", net.Conn(nil)
		if plain {
			c = u.raw(t)
		} else {
			target, c = "/", u.tunnel(t)
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 2000000\r\n\r\n", target, wwwName)
		s := o.next(t)
		if _, err := http.ReadRequest(bufio.NewReader(s)); err != nil {
			t.Fatal(err)
		}
		const reply = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		if _, err := io.WriteString(s, reply); err != nil {
			t.Fatal(err)
		}
		if err := hears(c, reply); err != nil {
			t.Error(err)
		}
		_, _ = c.Write(make([]byte, 1<<20)) // it may have ended by now
		c.Close()
		e := u.total(t, 1)[0]
		if e.Status != 413 || e.Fault != nil || !slices.Contains(e.Warnings, proxy.WarnEarly) {
			t.Errorf("%d, %v, %v", e.Status, e.Fault, e.Warnings)
		}
	}
}

// TestBadTrailer: trailers are held to the rules of heads.
func TestBadTrailer(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	c := u.tunnel(t)
	play(t, c, o.next(t), []line{
		{client, get1, ""},
		{server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", silence},
	})
	if b, _ := io.ReadAll(c); strings.Contains(string(b), "Content-Length") {
		t.Errorf("the client heard %q", b)
	}
	e := u.total(t, 1)[0]
	faulty(t, e, proxy.Request, proxy.SideServer, proxy.SideProxy, proxy.CauseBadReply)
	if r, ok := e.Fault.Err.(*relay.Refusal); !ok || r.Rule != relay.RuleTrailer {
		t.Error(e.Fault)
	}
}

// TestLeadingSpace: a request behind white space is one that is refused, and no protocol of its
// own that leaves list and archive.
func TestLeadingSpace(t *testing.T) {
	o := newScripted(t, nil)
	u := start(t, o.origin, nil)
	if status, _ := asks(t, u.tunnel(t), " "+get1); status != http.StatusBadRequest {
		t.Error(status)
	}
	refusedWith(http.StatusBadRequest)(t, u.total(t, 1))
}
