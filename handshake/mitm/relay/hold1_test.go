package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// goOn has the last message that is held go on.
func goOnWith(from Side, c Changes) func(*H1, []*Exchange) {
	return func(m *H1, held []*Exchange) { m.Continue(held[len(held)-1], from, c) }
}

// shout takes what has come of a body, and gives it in capitals; at its end it ends it.
func shout(from Side, asCame bool, trailer ...Field) func(*H1, []*Exchange) {
	return func(m *H1, held []*Exchange) {
		x, p := held[len(held)-1], make([]byte, 3)
		for {
			n, err := m.Take(x, from, p)
			m.Give(x, from, bytes.ToUpper(p[:n]))
			if err == io.EOF {
				m.GiveEnd(x, from, asCame, trailer)
			}
			if n == 0 {
				return
			}
		}
	}
}

// respond answers the last request that is held.
func respond(a Answer, body string) func(*H1, []*Exchange) {
	return func(m *H1, held []*Exchange) {
		x := held[len(held)-1]
		m.Respond(x, a)
		m.Give(x, Server, []byte(body))
		m.GiveEnd(x, Server, false, nil)
	}
}

// came is a field that goes on as it came.
func came(n int) Placed { return Placed{Came: n} }

// TestHold: a message that is held goes no further, and then as its holder wants it; what the holder
// does not want changed is as it came.
func TestHold(t *testing.T) {
	const get = "GET /a HTTP/1.1\r\nHost: a\r\nx-B:1\r\nCookie: c\r\n\r\n"
	const ok = "HTTP/1.1 200 Fine\r\nx-a:1\r\nX-B:  2\r\nContent-Length: 2\r\n\r\nok"
	asked, replied := goOnWith(Client, Changes{}), goOnWith(Server, Changes{})
	type acts = map[string]func(*H1, []*Exchange)
	for _, r := range []row{
		{name: "as it came", say: []string{"c:" + get, "ask", "s:" + ok, "reply", "c:" + get, "ask", "s:" + ok, "reply"}, acts: acts{"ask": asked, "reply": replied},
			toServer: get + get, toClient: ok + ok,
			events: "0 request GET /a\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done\n1 request GET /a\n1 request_over\n1 reply 200\n1 body s:ok\n1 reply_over\n1 done"},
		{name: "held for ever", say: []string{"c:" + get + get}, acts: acts{}, events: "0 request GET /a"},
		{name: "one at a time", say: []string{"c:" + get + get, "ask", "s:" + ok}, acts: acts{"ask": asked}, toServer: get},
		{name: "fields", say: []string{"c:" + get, "ask", "s:" + ok, "reply"}, acts: acts{
			"ask":   goOnWith(Client, Changes{Fields: []Placed{came(1), {Field: Field{"X-New", "n"}}, came(2)}}),
			"reply": goOnWith(Server, Changes{Fields: []Placed{came(2), came(1), came(3), {Field: Field{"x-last", ""}}}})},
			toServer: "GET /a HTTP/1.1\r\nHost: a\r\nX-New: n\r\nx-B:1\r\n\r\n",
			toClient: "HTTP/1.1 200 Fine\r\nX-B:  2\r\nx-a:1\r\nContent-Length: 2\r\nx-last: \r\n\r\nok"},
		{name: "first lines", say: []string{"c:" + get, "ask", "s:" + ok, "reply"}, acts: acts{
			"ask": goOnWith(Client, Changes{Method: "PUT", Target: "/b"}), "reply": goOnWith(Server, Changes{Status: 404})},
			toServer: strings.Replace(get, "GET /a", "PUT /b", 1), toClient: strings.Replace(ok, "200 Fine", "404 Not Found", 1)},
		{name: "a field for the proxy alone, and one that Connection names", say: []string{"c:GET / HTTP/1.1\r\nProxy-Connection: x\r\nConnection: X-A\r\nX-A: 1\r\nX-B: 2\r\n\r\n", "ask"},
			acts:     acts{"ask": goOnWith(Client, Changes{Fields: []Placed{came(1), came(2), came(3), came(4), {Field: Field{"X-A", "mine"}}}})},
			toServer: "GET / HTTP/1.1\r\nX-B: 2\r\nX-A: mine\r\n\r\n"},
		{name: "a fold", say: []string{"c:" + get, "ask", "s:HTTP/1.1 204 No\r\nX-A: one\r\n two\r\nX-B: 1\r\n\r\n", "reply"}, acts: acts{"ask": asked, "reply": goOnWith(Server, Changes{Fields: []Placed{came(2), came(1)}})},
			toServer: get, toClient: "HTTP/1.1 204 No\r\nX-B: 1\r\nX-A: one two\r\n\r\n"},
		{name: "a body both ways", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 5\r\nX: 1\r\n\r\nhello", "ask", "s:" + ok, "reply", "c:" + get, "get"}, acts: acts{
			"ask":   func(m *H1, h []*Exchange) { goOnWith(Client, Changes{Stream: true})(m, h); shout(Client, true)(m, h) },
			"reply": func(m *H1, h []*Exchange) { goOnWith(Server, Changes{Stream: true})(m, h); shout(Server, true)(m, h) }, "get": asked},
			toServer: "POST / HTTP/1.1\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nHEL\r\n2\r\nLO\r\n0\r\n\r\n" + get,
			toClient: "HTTP/1.1 200 Fine\r\nx-a:1\r\nX-B:  2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n"},
		{name: "trailers as they came, and other ones", say: []string{"c:POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-SUM:1\r\n\r\n", "ask", "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-SUM:1\r\n\r\n", "reply"}, acts: acts{
			"ask": func(m *H1, h []*Exchange) { goOnWith(Client, Changes{Stream: true})(m, h); shout(Client, true)(m, h) },
			"reply": func(m *H1, h []*Exchange) {
				goOnWith(Server, Changes{Stream: true})(m, h)
				shout(Server, false, Field{"Mine", "2"})(m, h)
			}},
			toServer: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\nx-SUM:1\r\n\r\n",
			toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\nMine: 2\r\n\r\n",
			events:   "0 request POST /\n0 body c:a\n0 trailers c:[{x-SUM 1}]\n0 request_over\n0 reply 200\n0 body s:a\n0 trailers s:[{x-SUM 1}]\n0 reply_over\n0 done"},
		{name: "a body that is replaced before it has come", say: []string{"c:" + get, "ask", "s:HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab", "reply", "s:cdef", "c:" + get, "ask"}, acts: acts{"ask": asked, "reply": func(m *H1, h []*Exchange) {
			goOnWith(Server, Changes{Stream: true})(m, h)
			m.Give(h[len(h)-1], Server, []byte("mine"))
			m.GiveEnd(h[len(h)-1], Server, true, nil)
		}}, toServer: get + get, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n"},
		{name: "a body to the end of the connection", say: []string{"c:" + get, "ask", "s:HTTP/1.1 200 OK\r\n\r\nab", "s!", "reply"}, acts: acts{"ask": asked, "reply": func(m *H1, h []*Exchange) {
			goOnWith(Server, Changes{Stream: true})(m, h)
			shout(Server, true)(m, h)
		}}, toServer: get, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nAB\r\n0\r\n\r\n",
			events: "0 request GET /a\n0 request_over\n0 reply 200\n0 body s:ab\n0 reply_over\n0 done"},
		{name: "a server that closes behind a reply that is held", say: []string{"c:" + get, "ask", "s:" + strings.Replace(ok, "x-a:1", "Connection: close", 1), "s!", "reply"}, acts: acts{"ask": asked, "reply": replied},
			toServer: get, toClient: strings.Replace(ok, "x-a:1", "Connection: close", 1)},
		{name: "a body of nothing becomes one", say: []string{"c:" + get, "ask", "s:HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "reply"}, acts: acts{"ask": asked, "reply": func(m *H1, h []*Exchange) {
			goOnWith(Server, Changes{Stream: true})(m, h)
			m.Give(h[len(h)-1], Server, []byte("mine"))
			m.GiveEnd(h[len(h)-1], Server, true, nil)
		}}, toServer: get, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n"},
		{name: "what has no body gets none", say: []string{"c:HEAD / HTTP/1.1\r\n\r\n", "ask", "s:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "reply", "c:" + get, "ask", "s:HTTP/1.1 304 Not\r\n\r\n", "reply"}, acts: acts{"ask": goOnWith(Client, Changes{Stream: true}), "reply": goOnWith(Server, Changes{Stream: true})},
			toServer: "HEAD / HTTP/1.1\r\n\r\n" + get, toClient: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 304 Not\r\n\r\n"},
		{name: "an answer", say: []string{"c:" + get, "no", "c:" + get, "ask", "s:" + ok, "reply"}, acts: acts{"ask": asked, "reply": replied, "no": respond(Answer{Status: 403, Fields: []Field{{"X-A", "1"}}, Length: 2}, "no")},
			toServer: get, toClient: "HTTP/1.1 403 Forbidden\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nno" + ok},
		{name: "an answer of a length that is not known, to a request whose body has come", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", "no", "c:" + get, "ask"}, acts: acts{"ask": asked, "no": respond(Answer{Status: 299, Reason: "Mine", Length: -1}, "no")},
			toServer: get, toClient: "HTTP/1.1 299 Mine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n"},
		{name: "an answer before the body has come ends the connection", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n", "no"}, acts: acts{"no": respond(Answer{Status: 403, Length: 0}, "")},
			toClient: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			events:   "0 request POST /\n0 reply_over\n0 done"},
		{name: "an answer to HEAD, and to HTTP/1.0", say: []string{"c:HEAD / HTTP/1.1\r\n\r\n", "no", "c:GET / HTTP/1.0\r\n\r\n", "stream"}, acts: acts{"no": respond(Answer{Status: 200, Length: 2}, "no"), "stream": respond(Answer{Status: 200, Length: -1}, "no")},
			toClient: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nno"},
		{name: "a server that leaves while a request is held", say: []string{"c:" + get, "s!", "ask"}, acts: acts{"ask": asked}, toClient: "<502>", events: "0 request GET /a\n0 done server left"},
		{name: "… which is answered all the same", say: []string{"c:" + get, "s!", "no"}, acts: acts{"no": respond(Answer{Status: 403}, "")}, toClient: "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"},
		{name: "a client that leaves", say: []string{"c:" + get, "c#", "ask"}, acts: acts{"ask": asked}, events: "0 request GET /a\n0 done client left"},
		{name: "a client that has said all", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", "c!", "ask", "s:" + ok, "reply"}, acts: acts{"ask": asked, "reply": replied},
			toServer: "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", toClient: ok},
		{name: "a client that has not", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nhi", "c!", "ask"}, acts: acts{"ask": asked},
			toServer: "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nhi", events: "0 request POST /\n0 body c:hi\n0 done client left"},
		{name: "a holder that fails", say: []string{"c:" + get, "fail"}, acts: acts{"fail": func(m *H1, h []*Exchange) { m.Fail(h[0], errors.New("mine")) }}, toClient: "<502>", events: "0 request GET /a\n0 done server left"},
		{name: "… amid a reply", say: []string{"c:" + get, "ask", "s:" + ok, "fail"}, acts: acts{"ask": asked, "fail": func(m *H1, h []*Exchange) {
			goOnWith(Server, Changes{Stream: true})(m, h)
			m.Give(h[1], Server, []byte("a"))
			m.Fail(h[1], errors.New("mine"))
		}}, toServer: get, toClient: "HTTP/1.1 200 Fine\r\nx-a:1\r\nX-B:  2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"},
		{name: "plain HTTP", o: Options{Forward: true}, say: []string{"c:GET http://a/x HTTP/1.1\r\nHost: b\r\n\r\n", "ask", "r", "s:" + ok, "reply", "c:GET http://a/y HTTP/1.1\r\nHost: a\r\n\r\n", "host", "r+"},
			acts:     acts{"ask": asked, "reply": replied, "host": goOnWith(Client, Changes{Target: "/z", Fields: []Placed{{Field: Field{"Host", "c"}}}})},
			toServer: "GET /x HTTP/1.1\r\nHost: a\r\n\r\nGET /z HTTP/1.1\r\nHost: c\r\n\r\n", toClient: ok},
		{name: "rewriting beside", say: []string{"c:" + get, "ask", "s:" + ok, "reply"}, acts: acts{"ask": asked, "reply": func(m *H1, h []*Exchange) {
			goOnWith(Server, Changes{Stream: true, Body: twice{}})(m, h)
			shout(Server, true)(m, h)
		}}, toServer: get, toClient: "HTTP/1.1 200 Fine\r\nx-a:1\r\nX-B:  2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nOKOK\r\n0\r\n\r\n"},
	} {
		t.Run(r.name, r.check)
	}
}

// TestHolderIsBounded: a holder that takes nothing makes the machine hold no more than a little.
func TestHolderIsBounded(t *testing.T) {
	for _, stream := range []bool{false, true} {
		var held *Exchange
		m := NewH1(Options{Hold: func(x *Exchange, _ Side) bool { held = x; return true }})
		m.Receive(Client, []byte("GET / HTTP/1.1\r\n\r\n"))
		m.Continue(held, Client, Changes{})
		m.Receive(Server, []byte("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n"))
		if stream {
			m.Continue(held, Server, Changes{Stream: true})
		}
		n := 0
		for m.Wants(Server) {
			m.Receive(Server, make([]byte, 1000))
			n += 1000
		}
		if n == 0 || n > 3*maxHeld {
			t.Fatalf("stream %v: %d bytes are held", stream, n)
		}
		if !stream {
			m.Continue(held, Server, Changes{Stream: true})
		}
		for range 100 {
			if _, err := m.Take(held, Server, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		if !m.Wants(Server) {
			t.Errorf("stream %v: it was taken, and no more is wanted", stream)
		}
	}
}

// TestCheckField: what a holder may not add.
func TestCheckField(t *testing.T) {
	for _, x := range []struct {
		f  Field
		ok bool
	}{{Field{"X-A", "1"}, true}, {Field{"Host", "a"}, true}, {Field{"a", ""}, true}, {Field{"A", "\xe9\t "}, false}, {Field{"A", "\xe9\tx"}, true}, {Field{"", "1"}, false}, {Field{"X A", "1"}, false}, {Field{":path", "/"}, false},
		{Field{"X", "a\r\nb"}, false}, {Field{"X", "a\x00"}, false}, {Field{"content-LENGTH", "1"}, false}, {Field{"Transfer-Encoding", "chunked"}, false}, {Field{"Connection", "close"}, false}, {Field{"TE", "trailers"}, false}} {
		if err := CheckField(x.f); (err == nil) != x.ok {
			t.Errorf("%q: %v", fmt.Sprint(x.f), err)
		}
	}
}
