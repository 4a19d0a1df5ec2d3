package relay

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const (
	get1 = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
	get2 = "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
	ok2  = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
)

// same is what goes on as it came.
func same(name string, say ...string) row {
	r := row{name: name, say: say}
	for _, s := range say {
		switch s[:2] {
		case "c:":
			r.toServer += s[2:]
		case "s:":
			r.toClient += s[2:]
		}
	}
	return r
}

func (r row) tells(events ...string) row {
	r.events = strings.Join(events, "\n")
	return r
}

// asItCame are exchanges of which not a byte changes.
var asItCame = []row{
	same("one", "c:"+get1, "s:"+ok2).tells("0 request GET /1", "0 request_over", "0 reply 200", "0 body s:ok", "0 reply_over", "0 done"),
	same("kept alive", "c:"+get1, "s:"+ok2, "c:"+get2, "s:HTTP/1.1 404 Nobody Home\r\nContent-Length: 0\r\n\r\n"),
	same("pipelined", "c:"+get1+get2+"HEAD /3 HTTP/1.1\r\n\r\n", "s:"+ok2+"HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n").tells(
		"0 request GET /1", "0 request_over", "1 request GET /2", "1 request_over", "2 request HEAD /3", "2 request_over",
		"0 reply 200", "0 body s:ok", "0 reply_over", "0 done", "1 reply 204", "1 reply_over", "1 done", "2 reply 200", "2 reply_over", "2 done"),
	same("order, case, phrase", "c:GET / HTTP/1.1\r\nx-b: 1\r\nhOST:a\r\nX-A:  2 \r\nx-b:\t3\r\n\r\n", "s:HTTP/1.1 200 Fine By Me\r\nx-b: 1\r\nX-A: 2\r\nx-b: 3\r\nContent-Length: 2\r\n\r\nok"),
	same("a bare percent", "c:GET /50%/x HTTP/1.1\r\nHost: a\r\n\r\n", "s:"+ok2),
	same("bytes that are no UTF-8", "c:GET /\xe9?\xc3\xa9 HTTP/1.1\r\nHost: a\r\nX: \xe9\r\n\r\n", "s:HTTP/1.1 200 \xe9\r\nX: \xe9\r\nContent-Length: 0\r\n\r\n"),
	same("odd methods", "c:get / HTTP/1.1\r\nHost: a\r\n\r\n", "s:"+ok2, "c:M_X! / HTTP/1.1\r\nHost: a\r\n\r\n", "s:"+ok2).tells(
		"0 request get /", "0 request_over", "0 reply 200", "0 body s:ok", "0 reply_over", "0 done", "1 request M_X! /", "1 request_over", "1 reply 200", "1 body s:ok", "1 reply_over", "1 done"),
	same("no phrase", "c:"+get1, "s:HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
	same("an unknown status", "c:"+get1, "s:HTTP/1.1 799 Huh\r\nContent-Length: 0\r\n\r\n"),
	same("an empty value, a long one", "c:"+get1, "s:HTTP/1.1 200 OK\r\nA:\r\nB: "+strings.Repeat("x", 70<<10)+"\r\nContent-Length: 0\r\n\r\n"),
	same("LF alone", "c:"+get1, "s:HTTP/1.1 200 OK\nContent-Length: 2\n\nok").tells("0 request GET /1", "0 request_over", "0 reply 200 [bare_lf]", "0 body s:ok", "0 reply_over", "0 done"),
	same("to the end of the connection", "c:"+get1, "s:HTTP/1.1 200 OK\r\n\r\none two", "s!").tells("0 request GET /1", "0 request_over", "0 reply 200", "0 body s:one two", "0 reply_over", "0 done"),
	same("to its end without a goodbye", "c:"+get1, "s:HTTP/1.1 200 OK\r\n\r\none", "s~").tells("0 request GET /1", "0 request_over", "0 reply 200", "0 body s:one", "0 reply_over", "0 done cut"),
	same("HEAD with a length, and with chunks", "c:HEAD / HTTP/1.1\r\n\r\n", "s:HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n", "c:HEAD / HTTP/1.1\r\n\r\n", "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "c:"+get1, "s:"+ok2),
	same("304 with a length", "c:"+get1, "s:HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "c:"+get2, "s:"+ok2),
	same("100-continue", "c:PUT / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", "s:HTTP/1.1 100 Continue\r\n\r\n", "c:body", "s:HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n").tells(
		"0 request PUT /", "0 interim 100", "0 body c:body", "0 request_over", "0 reply 201", "0 reply_over", "0 done"),
	same("417 while the body is held back", "c:POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n", "s:HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").tells(
		"0 request POST /", "0 reply 417", "0 reply_over", "0 done early"),
	same("early hints", "c:"+get1, "s:HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", "s:HTTP/1.1 103 Early Hints\r\n\r\n"+ok2),
	same("an early reply, and the body goes on", "c:POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nfirst", "s:"+ok2, "c:other", "c:"+get2, "s:"+ok2).tells(
		"0 request POST /", "0 body c:firstother", "0 reply 200", "0 body s:ok", "0 reply_over", "0 request_over", "0 done early", "1 request GET /2", "1 request_over", "1 reply 200", "1 body s:ok", "1 reply_over", "1 done"),
	same("chunks, extensions, trailers", "c:GET / HTTP/1.1\r\nTE: trailers\r\n\r\n", "s:HTTP/1.1 200 OK\r\nTrailer: Sum\r\nTransfer-Encoding: chunked\r\n\r\n05;a=\"b\";c\r\nhello\r\nA \r\n, wor", "s:ld\r\n \r\n0000;last\r\nSum: 1\r\nmore: 2\r\n\r\n").tells(
		"0 request GET /", "0 request_over", "0 reply 200", "0 body s:hello, world\r\n ", "0 trailers s:[{Sum 1} {more 2}]", "0 reply_over", "0 done"),
	same("a chunked upload with a trailer", "c:POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nSum: 1\r\n\r\n", "s:"+ok2).tells(
		"0 request POST /", "0 body c:abcde", "0 trailers c:[{Sum 1}]", "0 request_over", "0 reply 200", "0 body s:ok", "0 reply_over", "0 done"),
	same("another coding below the chunks", "c:"+get1, "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
	same("a length said twice", "c:POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "s:"+ok2),
	same("HTTP/1.0", "c:GET / HTTP/1.0\r\n\r\n", "s:HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
	same("HTTP/1.0, kept alive", "c:GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "s:HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "c:GET / HTTP/1.0\r\n\r\n", "s:HTTP/1.0 200 OK\r\n\r\nok", "s!"),
	same("an upgrade declined", "c:GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "s:"+ok2, "c:"+get2, "s:"+ok2),
	same("an upgrade", "c:GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", "s:HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", "c:\x81\x83\x01\x02\x03\x04GET", "s!", "c!").tells(
		"0 request GET /", "0 request_over", "0 reply 101", "0 switched", "0 body s:\x81\x02hi", "0 body c:\x81\x83\x01\x02\x03\x04GET", "0 done"),
	same("an upgrade, and the client does not wait", "c:GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes", "s:HTTP/1.1 101 Yes\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
	same("CONNECT within", "c:CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n", "s:HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "c:\x16\x03", "s:\x15"),
	same("CONNECT within, refused", "c:CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n", "s:HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "c:"+get1, "s:"+ok2),
	same("no HTTP, the client first", "c:\x00\x01", "s:HTTP/1.1 200 OK\r\n", "c:GET").tells("0 switched", "0 body c:\x00\x01GET", "0 body s:HTTP/1.1 200 OK\r\n"),
	same("no HTTP, the server first", "s:220 hello\r\n", "c:EHLO me\r\n").tells("0 switched", "0 body s:220 hello\r\n", "0 body c:EHLO me\r\n"),
	same("no HTTP, in text", "c:get some key\r\n", "s:END\r\n"),
	same("no HTTP, in capitals", "c:NICK me\r\nUSER a 0 * :b\r\n", "s:PING :x\r\n", "c:PONG :x\r\n").tells("0 switched", "0 body c:NICK me\r\nUSER a 0 * :b\r\nPONG :x\r\n", "0 body s:PING :x\r\n"),
	same("no HTTP, and too short to tell", "c:hello", "c!").tells("0 switched", "0 body c:hello"),
	same("undecided when the server speaks", "c:hello", "s:HELLO", "c: there").tells("0 switched", "0 body c:hello there", "0 body s:HELLO"),
	same("the preface of HTTP/2", "c:PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "s:\x00"),
}

// asTheRFCsWant are those that the RFCs have a relay change.
var asTheRFCsWant = []row{
	{name: "empty lines before a request", say: []string{"c:\r\n\n" + get1, "s:" + ok2, "c:\r\n" + get2}, toServer: get1 + get2, toClient: ok2},
	{name: "a folded Connection of an upgrade", say: []string{"c:GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "s:HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection:\r\n Upgrade\r\n\r\n"}, toServer: "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		toClient: "HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"},
	{name: "a folded Connection that ends in close", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nConnection: x-hop,\r\n close\r\nX-Hop: 1\r\nContent-Length: 0\r\n\r\n"}, toServer: get1,
		toClient: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
	{name: "a folded Connection that begins with close", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nConnection: close,\r\n x-hop\r\nX-Hop: 1\r\n 2\r\nContent-Length: 0\r\n\r\n"}, toServer: get1,
		toClient: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"},
	{name: "an empty Connection stays", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nConnection:\r\nProxy-Connection: x\r\nConnection: x-hop\r\nContent-Length: 0\r\n\r\n"}, toServer: get1,
		toClient: "HTTP/1.1 200 OK\r\nConnection:\r\nContent-Length: 0\r\n\r\n"},
	{name: "a fold", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\n\t three \r\nContent-Length: 2\r\n\r\nok"}, toServer: get1,
		toClient: "HTTP/1.1 200 OK\r\nX-A: one two three \r\nContent-Length: 2\r\n\r\nok", events: "0 request GET /1\n0 request_over\n0 reply 200 [unfolded]\n0 body s:ok\n0 reply_over\n0 done"},
	{name: "a space before a colon", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nX-Space \t: a\r\nContent-Length : 2\r\n\r\nok"}, toServer: get1,
		toClient: "HTTP/1.1 200 OK\r\nX-Space: a\r\nContent-Length: 2\r\n\r\nok", events: "0 request GET /1\n0 request_over\n0 reply 200 [space_colon]\n0 body s:ok\n0 reply_over\n0 done"},
	{name: "for the proxy alone", say: []string{"c:GET / HTTP/1.1\r\nProxy-Connection: keep-alive\r\nHost: a\r\nproxy-authorization: x\r\n\r\n", "s:HTTP/1.1 200 OK\r\nProxy-Status: p\r\nProxy-Authenticate: x\r\nContent-Length: 0\r\n\r\n"},
		toServer: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", toClient: "HTTP/1.1 200 OK\r\nProxy-Status: p\r\nContent-Length: 0\r\n\r\n"},
	{name: "what Connection names", say: []string{"c:GET / HTTP/1.1\r\nX-Hop: 1\r\nConnection: keep-alive, x-hop,foo\r\nHost: a\r\n\r\n", "s:HTTP/1.1 200 OK\r\nConnection: Bar\r\nBar: 1\r\nContent-Length: 0\r\n\r\n"},
		toServer: "GET / HTTP/1.1\r\nConnection: keep-alive\r\nHost: a\r\n\r\n", toClient: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	{name: "Connection names the framing", say: []string{"c:POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length, host\r\nContent-Length: 2\r\n\r\nok", "s:" + ok2},
		toServer: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", toClient: ok2},
	{name: "absolute form", o: Options{Forward: true}, say: []string{"c:GET http://b:80?q=%zz HTTP/1.1\r\nX: 1\r\nhost: a\r\nProxy-Connection: x\r\n\r\n", "r", "s:" + ok2, "c:OPTIONS http://u:p@c HTTP/1.1\r\nHost: c\r\n\r\n", "r", "s:" + ok2},
		toServer: "GET /?q=%zz HTTP/1.1\r\nX: 1\r\nhost: b:80\r\n\r\nOPTIONS * HTTP/1.1\r\nHost: c\r\n\r\n", toClient: ok2 + ok2},
	{name: "absolute form, one at a time", o: Options{Forward: true}, say: []string{"c:GET http://b/1 HTTP/1.1\r\nHost: b\r\n\r\nGET http://c/2 HTTP/1.0\r\n\r\n", "r", "s:" + ok2, "r", "s:" + ok2},
		toServer: "GET /1 HTTP/1.1\r\nHost: b\r\n\r\nGET /2 HTTP/1.0\r\nHost: c\r\n\r\n", toClient: ok2 + ok2},
	{name: "a stray reply is nobody's", o: Options{Forward: true}, say: []string{"c:GET http://b/1 HTTP/1.1\r\nHost: b\r\n\r\n", "r", "s:" + ok2, "c:GET http://b/2 HTTP/1.1\r\nHost: b\r\n\r\n", "s:HTTP/1.1 408 Late\r\n\r\n", "r", "s:" + ok2},
		toServer: "GET /1 HTTP/1.1\r\nHost: b\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n", toClient: ok2 + ok2},
	{name: "within a tunnel the absolute form stays", say: []string{"c:GET http://b/1 HTTP/1.1\r\nHost: b\r\n\r\n", "s:" + ok2}, toServer: "GET http://b/1 HTTP/1.1\r\nHost: b\r\n\r\n", toClient: ok2},
}

// endings are those of streams.
var endings = []row{
	{name: "no reply", say: []string{"c:" + get1, "s!"}, toServer: get1, toClient: "<502>", events: "0 request GET /1\n0 request_over\n0 done server left"},
	{name: "no reply, on a connection that served before", say: []string{"c:" + get1, "s:" + ok2, "c:" + get2, "s!"}, toServer: get1 + get2, toClient: ok2,
		events: "0 request GET /1\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done\n1 request GET /2\n1 request_over\n1 done server left"},
	{name: "half a reply", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "s!"}, toServer: get1, toClient: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
		events: "0 request GET /1\n0 request_over\n0 reply 200\n0 body s:half\n0 done server left"},
	{name: "half a head of a reply", say: []string{"c:" + get1, "s:HTTP/1.1 200 O", "s!"}, toServer: get1, toClient: "<502>"},
	{name: "half a request", say: []string{"c:GET / HT", "c!"}},
	{name: "half a body", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "c!"}, toServer: "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", events: "0 request POST /\n0 body c:half\n0 done client left"},
	{name: "a reply before the body, which never comes", say: []string{"c:POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", "s:HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", "c!"}, toServer: "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", toClient: "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n", events: "0 request POST /\n0 reply 417\n0 reply_over\n0 done early"},
	{name: "a client that half-closes", say: []string{"c:" + get1, "c!", "s:" + ok2}, toServer: get1, toClient: ok2, events: "0 request GET /1\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
	{name: "a client that half-closes, and a server that takes it for gone", say: []string{"c:" + get1, "c!", "s!"}, toServer: get1, events: "0 request GET /1\n0 request_over\n0 done client left"},
	{name: "a client that resets", say: []string{"c:" + get1, "c#", "s:" + ok2}, toServer: get1, events: "0 request GET /1\n0 request_over\n0 done client left"},
	{name: "the reply before was the last", say: []string{"c:" + get1 + get2, "s:HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"}, toServer: get1 + get2, toClient: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
		events: "0 request GET /1\n0 request_over\n1 request GET /2\n1 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done\n1 done server left"},
	{name: "an answer to nothing", say: []string{"c:" + get1, "s:" + ok2, "s:HTTP/1.1 408 Late\r\n\r\n", "c:" + get2}, toServer: get1, toClient: ok2},
	{name: "a bad request behind a good one", say: []string{"c:" + get1 + "GET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "s:" + ok2}, toServer: get1, toClient: ok2 + "<400>",
		events: "0 request GET /1\n0 request_over\n1 request GET /2\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done\n1 done client:two_hosts"},
}

func TestRows(t *testing.T) {
	for _, r := range slices.Concat(asItCame, asTheRFCsWant, endings) {
		t.Run(r.name, r.check)
	}
}

// TestFates: what broke off on one leg breaks off on the other; what is over ends in order.
func TestFates(t *testing.T) {
	for _, x := range []struct {
		name     string
		say      []string
		toServer Fate
		toClient Fate
	}{
		{"nothing said", []string{"c!"}, Close, Close},
		{"between two requests", []string{"c:" + get1, "s:" + ok2, "s!"}, Close, Close},
		{"kept alive", []string{"c:" + get1, "s:" + ok2}, Open, Open},
		{"half a reply", []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "s!"}, Close, Close},
		{"half a reply, cut off", []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "s~"}, Cut, Cut},
		{"half a reply, reset", []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "s#"}, Reset, Reset},
		{"no reply, and the client reads why", []string{"c:" + get1, "s#"}, Close, Close},
		{"between two requests, reset", []string{"c:" + get1, "s:" + ok2, "s#"}, Reset, Reset},
		{"a client that half-closes", []string{"c:" + get1, "c!"}, EndHalf, Open},
		{"a client that half-closes, answered", []string{"c:" + get1, "c!", "s:" + ok2}, Close, Close},
		{"half an endless reply", []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\n\r\nhalf", "s~"}, Reset, Reset},
		{"a whole endless reply", []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\n\r\nhalf", "s!"}, Close, Close},
		{"half a request", []string{"c:POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "c!"}, Close, Close},
		{"half a request, reset", []string{"c:POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "c#"}, Reset, Reset},
		{"a bad chunk", []string{"c:POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"}, Cut, Close},
		{"bytes, half closed", []string{"c:\x00", "c!"}, EndHalf, Open},
		{"bytes, half closed by the server", []string{"c:\x00", "s!"}, Open, EndHalf},
		{"bytes, closed", []string{"c:\x00", "c!", "s!"}, Close, Close},
		{"bytes, broken", []string{"c:\x00", "s#"}, Reset, Reset},
	} {
		t.Run(x.name, func(t *testing.T) {
			if h := playRow(t, &row{say: x.say}, 0); h.fates != [2]Fate{x.toServer, x.toClient} {
				t.Errorf("to the server %d, to the client %d", h.fates[0], h.fates[1])
			}
		})
	}
}

// TestUnread: who was refused may still be sending, and shall read why.
func TestUnread(t *testing.T) {
	for say, want := range map[string]bool{"GET / b HTTP/1.1\r\n\r\n": true, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n": true, get1: false} {
		m := NewH1(Options{Answer: func(*Exchange, bool) []byte { return []byte("no") }})
		m.Receive(Client, []byte(say))
		if m.Unread() != want {
			t.Errorf("%q: %v", say, !want)
		}
		m.End(Client, InOrder, nil)
		if m.Unread() {
			t.Errorf("%q: it has ended", say)
		}
	}
}

// upper makes capitals of a body, and holds a byte back until the next comes.
type upper struct{ held []byte }

func (u *upper) Add(dst, p []byte) []byte {
	dst = append(dst, bytes.ToUpper(u.held)...)
	u.held = append([]byte(nil), p[len(p)-1:]...)
	return append(dst, bytes.ToUpper(p[:len(p)-1])...)
}

func (u *upper) End(dst []byte) []byte { return append(dst, bytes.ToUpper(u.held)...) }

// TestChanges: a body that is changed goes on in chunks, or to the end of the connection.
func TestChanges(t *testing.T) {
	o := Options{Change: func(x *Exchange, from Side) Changes {
		if from == Client {
			return Changes{Drop: []string{"accept-encoding"}, Body: &upper{}}
		}
		return Changes{Body: &upper{}}
	}}
	for _, r := range []row{
		{name: "lengths", say: []string{"c:POST / HTTP/1.1\r\nAccept-Encoding: gzip\r\nContent-Length: 3\r\nHost: a\r\n\r\nabc", "s:" + ok2},
			toServer: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nAB\r\n1\r\nC\r\n0\r\n\r\n", toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nO\r\n1\r\nK\r\n0\r\n\r\n"},
		{name: "chunks and trailers", say: []string{"c:POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n1\r\na\r\n0\r\nS: x\r\n\r\n", "s:HTTP/1.1 204 No\r\n\r\n"},
			toServer: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\nS: x\r\n\r\n", toClient: "HTTP/1.1 204 No\r\n\r\n"},
		{name: "HTTP/1.0", say: []string{"c:POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na", "s:HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
			toServer: "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\na", toClient: "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nOK"},
		{name: "to the end", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\n\r\nabc", "s!"}, toServer: get1, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nAB\r\n1\r\nC\r\n0\r\n\r\n"},
		{name: "a coding below the chunks", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"}, toServer: get1,
			toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", events: "0 request GET /1\n0 request_over\n0 reply 200 [coded]\n0 body s:abc\n0 reply_over\n0 done"},
		{name: "a coding without chunks", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", "s!"}, toServer: get1, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc"},
		{name: "chunks, said oddly", say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: , Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"}, toServer: get1, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\n\r\n"},
		{name: "no body", say: []string{"c:HEAD / HTTP/1.1\r\nAccept-Encoding: x\r\n\r\n", "s:" + ok2[:len(ok2)-2]}, toServer: "HEAD / HTTP/1.1\r\n\r\n", toClient: ok2[:len(ok2)-2]},
	} {
		r.o, r.free = o, true
		t.Run(r.name, r.check)
	}
}

// TestNothingIsCopied: what goes on as it came is sent from where it came in.
func TestNothingIsCopied(t *testing.T) {
	m := NewH1(Options{})
	in := []byte("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + get1)
	m.Receive(Client, in)
	if out := m.Output(Server); len(out) != len(in) || &out[0] != &in[0] {
		t.Errorf("%q is a copy", out)
	}
	if n := len(m.client.in); n != 0 {
		t.Errorf("%d bytes are kept", n)
	}
}

// TestHeldIsBounded: a client that does not wait is not read without end.
func TestHeldIsBounded(t *testing.T) {
	for name, m := range map[string]*H1{"upgrade": NewH1(Options{}), "forward": NewH1(Options{Forward: true})} {
		m.Receive(Client, []byte("GET http://a/ HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"))
		n := 0
		for ; m.Wants(Client) && n < 1<<20; n += 1 << 10 {
			m.Receive(Client, make([]byte, 1<<10))
		}
		if n != maxHeld {
			t.Errorf("%s: %d bytes are held", name, n)
		}
	}
}

// TestAnsweredBody: of a request that was answered in the server's place nothing reaches the
// server of the next, in whatever pieces it comes.
func TestAnsweredBody(t *testing.T) {
	const next = "GET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n"
	for _, body := range []string{
		"Content-Length: 3\r\n\r\nabc",
		"Transfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nProxy-Connection: x\r\nFoo: bar\r\n\r\n",
	} {
		for n := 1; n < 200; n++ {
			m := NewH1(Options{Forward: true})
			server := ""
			for b := "POST / HTTP/1.1\r\nHost: proxy\r\n" + body + next; b != ""; b = b[min(n, len(b)):] {
				m.Receive(Client, []byte(b[:min(n, len(b))]))
				for x := m.Routing(); x != nil; x = m.Routing() {
					if x.Request.Authority == "" {
						m.Answer([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), false, nil)
					} else {
						m.Routed(true)
					}
				}
				server += string(m.Output(Server))
			}
			if server != get0 {
				t.Fatalf("%q in pieces of %d: b hears %q", body, n, server)
			}
		}
	}
}

const get0 = "GET / HTTP/1.1\r\nHost: b\r\n\r\n"

// TestAnsweredLast: a request that was answered in the server's place ends the connection, if it
// says so, or is too old to say that it does not.
func TestAnsweredLast(t *testing.T) {
	for head, over := range map[string]bool{
		"GET / HTTP/1.0\r\n\r\n":                           true,
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n": false,
		"GET / HTTP/1.1\r\nConnection: close\r\n\r\n":      true,
		"GET / HTTP/1.1\r\n\r\n":                           false,
	} {
		m := NewH1(Options{Forward: true})
		m.Receive(Client, []byte(head))
		m.Answer([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), false, nil)
		if m.Over() != over || over != (m.Fate(Client) == Close) || len(m.Output(Client)) == 0 {
			t.Errorf("%q: over %t, fate %v", head, m.Over(), m.Fate(Client))
		}
	}
}

// TestForwardHalfClose: a client that knows of the proxy may close its half behind its requests:
// the whole ones are answered, and only what is half said is not.
func TestForwardHalfClose(t *testing.T) {
	const get, post = "GET http://b/ HTTP/1.1\r\nHost: b\r\n\r\n", "POST http://b/ HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\n"
	for _, x := range []row{
		{name: "behind a request", say: []string{"c:" + get, "r", "c!", "s:" + ok2}, toServer: get0, toClient: ok2},
		{name: "before its server is there", say: []string{"c:" + get, "c!", "r", "s:" + ok2}, toServer: get0, toClient: ok2},
		{name: "behind two", say: []string{"c:" + get + get, "c!", "r", "s:" + ok2, "r+", "s:" + ok2}, toServer: get0 + get0, toClient: ok2 + ok2},
		{name: "amid the second", say: []string{"c:" + get + "GET http", "c!", "r", "s:" + ok2}, toServer: get0, toClient: ok2},
	} {
		x.o.Forward = true
		h := playRow(t, &x, 0)
		if string(h.toServer) != x.toServer || string(h.toClient) != x.toClient || !h.m.Over() || h.xs[len(h.xs)-1].Fault != nil {
			t.Errorf("%s: the server heard %q, the client %q, over %t", x.name, h.toServer, h.toClient, h.m.Over())
		}
	}
	for _, say := range [][]string{{"c:" + post + "a", "r", "c!"}, {"c:" + post + "a", "c!", "r"}} {
		h := playRow(t, &row{o: Options{Forward: true}, say: say}, 0)
		if f := h.xs[0].Fault; !h.m.Over() || f == nil || f.Leg != Client || h.fates[0] != Close {
			t.Errorf("%q: over %t, %v, %v", say, h.m.Over(), f, h.fates)
		}
	}
}
