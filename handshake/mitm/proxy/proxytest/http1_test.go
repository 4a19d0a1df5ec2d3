package proxytest_test

import (
	"fmt"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/handshake/mitm/relay"
)

// The exchanges of HTTP/1.1 that are played directly and by way of the proxy. Generated first, in
// generated1_test.go; these are the odd ones.

type (
	exchange = proxytest.Exchange
	step     = proxytest.Step
)

var (
	c, s     = proxytest.C, proxytest.S
	sHears   = proxytest.SHears
	cf, sf   = proxytest.CF, proxytest.SF
	notPlain = []proxytest.Form{proxytest.Forward}
)

func steps(s ...step) []step { return s }

const (
	get   = "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"
	heard = "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"
	ok    = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	post  = "POST @/ HTTP/1.1\r\nHost: www.lab.test\r\n"
)

// replied is a reply to a GET.
func replied(name, reply string, except ...proxytest.Exception) exchange {
	return exchange{Name: name, Steps: steps(c(get), s(reply)), Exceptions: except}
}

// asked is a request that is answered.
func asked(name, request string, except ...proxytest.Exception) exchange {
	return exchange{Name: name, Steps: steps(c(request), s(ok)), Exceptions: except}
}

// odd are those of heads, bodies and orders that a relay must not touch.
func odd() []exchange {
	long := strings.Repeat("x", 70<<10)
	return []exchange{
		// The cases that were brought.
		replied("bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
		replied("order, case, phrase", "HTTP/1.1 200 Fine By Me\r\nx-b: 1\r\nX-A: 2\r\nx-b: 3\r\nContent-Length: 2\r\n\r\nok"),
		replied("a trailer", "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"),
		replied("early hints", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		{Name: "417 to what was held back", Steps: steps(c(post+"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), s("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"), proxytest.CDoes(proxytest.Ends))},
		asked("a bare percent", "GET @/50%/x HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),

		// Heads of replies.
		replied("bare LF, and CRLF", "HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 2\r\n\nok"),
		replied("70 KB of head", "HTTP/1.1 200 OK\r\nLong: "+long+"\r\nContent-Length: 2\r\n\r\nok"),
		replied("a thousand fields", "HTTP/1.1 200 OK\r\n"+strings.Repeat("X-Many: of them\r\n", 1000)+"Content-Length: 2\r\n\r\nok"),
		replied("empty values", "HTTP/1.1 200 OK\r\nX-A:\r\nX-B: \r\nX-C:\t\r\nContent-Length: 2\r\n\r\nok"),
		replied("white space around values", "HTTP/1.1 200 OK\r\nX-A:one\r\nX-B:  \t two \t\r\nContent-Length:2  \r\n\r\nok"),
		replied("obs-text", "HTTP/1.1 200 \xe9\xff\r\nX-A: \x80\xe9\xfe\r\nContent-Length: 2\r\n\r\nok"),
		replied("UTF-8", "HTTP/1.1 200 成功\r\nX-A: 你好\r\nContent-Length: 2\r\n\r\nok"),
		replied("cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\nset-cookie: b=2\r\nSet-Cookie: a=3\r\nContent-Length: 2\r\n\r\nok"),
		replied("the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
		replied("no phrase", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
		replied("no phrase and no space", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok"),
		replied("a status that nobody knows", "HTTP/1.1 799 Who\r\nContent-Length: 2\r\n\r\nok"),
		replied("a status beyond them", "HTTP/1.1 999 Request Denied\r\nContent-Length: 2\r\n\r\nok"),
		replied("every character of a name", "HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: 1\r\nContent-Length: 2\r\n\r\nok"),
		replied("control characters in a value", "HTTP/1.1 200 OK\r\nX-A: a\x01b\x7fc\x1b[31m\r\nContent-Length: 2\r\n\r\nok"),
		replied("no fields but a length", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
		replied("zeros before a length", "HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\nok"),
		replied("HTTP/1.0 to HTTP/1.1", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
		replied("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok"),
		replied("a login of the connection", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n"),
		replied("Date, Server, Via as they are", "HTTP/1.1 200 OK\r\nDate: yesterday\r\nServer:\r\nVia: 1.0 x\r\nContent-Length: 2\r\n\r\nok"),
		replied("Keep-Alive", "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5, max=100\r\nContent-Length: 2\r\n\r\nok"),
		replied("Proxy-Status stays", "HTTP/1.1 200 OK\r\nProxy-Status: x\r\nContent-Length: 2\r\n\r\nok"),
		replied("gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"),

		// Bodies of replies.
		replied("no body, 204", "HTTP/1.1 204 No Content\r\n\r\n"),
		replied("no body, 304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n"),
		replied("no body, 204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"),
		replied("no body, 205", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
		replied("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"),
		replied("chunks, in capitals and with zeros", "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: Chunked\r\n\r\n000A\r\n0123456789\r\n00\r\n\r\n"),
		replied("extensions of chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b;c\";d\r\nok\r\n1 ; x\r\n!\r\n0;last=\xe9\r\n\r\n"),
		replied("no chunk but the last", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		replied("trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-SUM: 1\r\nX-Empty:\r\nx-sum: 2\r\n\r\n"),
		replied("trailers nobody announced, with obs-text", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: \xe9\r\n\r\n"),
		replied("trailers of 60 KB", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: "+long[:60<<10]+"\r\n\r\n"),
		replied("a coding below chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
		replied("all bytes there are", "HTTP/1.1 200 OK\r\nContent-Length: 256\r\n\r\n"+allBytes()),
		{Name: "to the end", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\n\r\nok"), s("ay"), proxytest.SDoes(proxytest.Ends))},
		{Name: "to the end, and it is empty", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\n\r\n"), proxytest.SDoes(proxytest.Ends))},
		{Name: "to the end, close said", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok"), proxytest.SDoes(proxytest.Ends))},
		{Name: "a coding without chunks", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok"), proxytest.SDoes(proxytest.Ends))},
		{Name: "a drip", Steps: drip(get, "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n", "abcdefghijklmnopqrstuvwxyz")},
		{Name: "a drip of chunks", Steps: repeat(20, c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), s("1\r\na"), s("\r\n"), s("2\r\nb"), s("c"), s("\r\n0\r\n"), s("\r\n"))},
		{Name: "a reply byte by byte", Steps: steps(c(get), s("HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n").Slow())},

		// Several 1xx.
		replied("three 1xx", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </b>\r\n\r\n"+ok),
		replied("a 1xx that nobody knows", "HTTP/1.1 177 What\r\nX: y\r\nContent-Length: 4\r\n\r\n"+ok),
		replied("100 that nobody asked for", "HTTP/1.1 100 Continue\r\n\r\n"+ok),
		{Name: "1xx, one at a time", Steps: steps(c(get), s("HTTP/1.1 103 Early Hints\r\n\r\n"), s("HTTP/1.1 103 Early Hints\r\n\r\n"), s(ok))},
		{Name: "a hundred 1xx", Steps: steps(c(get), s(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100)+ok))},

		// Heads of requests.
		asked("obs-text in a target", "GET @/\xe9?a=[%zz]|\"<> HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("dots and slashes in a target", "GET @/a//b/../c/./%2e%2E/;x?y?z&&= HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("a fragment in a target", "GET @/a#b HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("a long target", "GET @/"+long[:60<<10]+" HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("OPTIONS *", "OPTIONS @* HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("a small method", "get @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("a method with a line", "M_M @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("a method of marks", "!#$%&'*+-.^`|~ @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"),
		asked("order and case", "GET @/ HTTP/1.1\r\nx-b: 1\r\nHOST: www.lab.test\r\nX-A: \xe9\r\nx-b:3\r\n\r\n"),
		asked("70 KB", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nCookie: "+long+"\r\n\r\n"),
		asked("cookies in several fields", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n"),
		asked("what a client says of itself", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nUser-Agent:\r\nX-Forwarded-For: 192.0.2.1\r\nForwarded: for=_x\r\nVia: 1.1 me\r\nTE: trailers\r\nConnection: TE\r\nAccept-Encoding: br\r\n\r\n"),
		asked("keep-alive", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: keep-alive\r\nKeep-Alive: 300\r\n\r\n"),
		asked("h2c that is offered", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"),
		asked("an Authorization", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nAuthorization: Basic Og==\r\n\r\n"),
		asked("a GET with a body", "GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 3\r\n\r\nabc"),
		asked("a DELETE with chunks", "DELETE @/ HTTP/1.1\r\nHost: www.lab.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
		asked("the same length twice, asked", post+"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
		asked("an empty body that is said", post+"Content-Length: 0\r\n\r\n"),
		asked("chunks with extensions and trailers", post+"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=\"b\"\r\nabc\r\n0;z\r\nx-SUM: 1\r\n\r\n"),
		{Name: "another Host", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: other.lab.test\r\n\r\n").HeardIn(proxytest.Forward, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"), s(ok)), Exceptions: []proxytest.Exception{proxytest.TargetsHost}},
		{Name: "an empty Host", Steps: steps(c("GET @/ HTTP/1.1\r\nHost:\r\n\r\n").HeardIn(proxytest.Forward, "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"), s(ok)), Exceptions: []proxytest.Exception{proxytest.TargetsHost}},
		{Name: "a request byte by byte", Steps: steps(c(post+"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: 1\r\n\r\n").Slow(), s(ok))},
		{Name: "a target in absolute form, in a tunnel", Steps: steps(c("GET http://www.lab.test/x HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"), s(ok)), NotIn: notPlain},

		// Expect.
		{Name: "100 and the body", Steps: steps(c(post+"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), s("HTTP/1.1 100 Continue\r\n\r\n"), c("body"), s(ok))},
		{Name: "100 with fields, twice", Steps: steps(c(post+"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"), s("HTTP/1.1 100 Go On\r\nX: 1\r\n\r\n"), s("HTTP/1.1 100 Continue\r\n\r\n"), c("1\r\na\r\n0\r\n\r\n"), s(ok))},
		{Name: "the body before the 100", Steps: steps(c(post+"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"), s("HTTP/1.1 100 Continue\r\n\r\n"), s(ok))},
		{Name: "no 100", Steps: steps(c(post+"Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"), s(ok))},
		{Name: "200 to what was held back, and then it comes", Steps: steps(c(post+"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"), s(ok), c("body"), c(get), s(ok))},
		asked("an Expect that nobody knows", post+"Expect: x-y=z\r\nContent-Length: 0\r\n\r\n"),

		// Several on one connection.
		{Name: "kept alive", Steps: steps(c(get), s(ok), c(post+"Content-Length: 1\r\n\r\na"), s("HTTP/1.1 204 No\r\n\r\n"), c("HEAD @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"), s("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), c(get), s(ok))},
		{Name: "pipelined", Steps: steps(c(strings.Repeat(get, 3)).Free(), sHears(heard), s(ok), sHears(heard), s(ok), sHears(heard), s(ok))},
		{Name: "pipelined, answered at once", Steps: steps(c(get+"HEAD @/ HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"+get), s(ok+"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nHTTP/1.1 204 No\r\n\r\n")), NotIn: notPlain},
		{Name: "pipelined uploads", Steps: steps(c(strings.Repeat(post+"Content-Length: 2\r\n\r\nab", 2)).Free(), sHears("POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 2\r\n\r\nab"), s(ok), sHears("POST / HTTP/1.1\r\nHost: www.lab.test\r\nContent-Length: 2\r\n\r\nab"), s(ok))},
		{Name: "a hundred on one connection", Steps: repeat(100, c(get), s(ok))},

		// Connections that end behind a reply.
		{Name: "close, asked for", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: close\r\n\r\n"), s(ok), proxytest.SDoes(proxytest.Ends))},
		{Name: "close, answered", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\nConnection: CLOSE\r\nContent-Length: 2\r\n\r\nok"), proxytest.SDoes(proxytest.Ends))},
		{Name: "HTTP/1.0", Steps: steps(c("GET @/ HTTP/1.0\r\nHost: www.lab.test\r\n\r\n"), s("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"), proxytest.SDoes(proxytest.Ends))},
		{Name: "HTTP/1.0 without Host", Steps: steps(c("GET @/ HTTP/1.0\r\n\r\n").HeardIn(proxytest.Forward, "GET / HTTP/1.0\r\nHost: www.lab.test\r\n\r\n"), s("HTTP/1.0 200 OK\r\n\r\nok"), proxytest.SDoes(proxytest.Ends)), Exceptions: []proxytest.Exception{proxytest.TargetsHost}},
		{Name: "HTTP/1.0, kept alive", Steps: steps(c("GET @/ HTTP/1.0\r\nHost: www.lab.test\r\nConnection: keep-alive\r\n\r\n"), s("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"), c("GET @/ HTTP/1.0\r\nHost: www.lab.test\r\nConnection: keep-alive\r\n\r\n"), s("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"))},
		{Name: "HTTP/1.0, uploaded", Steps: steps(c("POST @/ HTTP/1.0\r\nHost: www.lab.test\r\nContent-Length: 3\r\n\r\nabc"), s("HTTP/1.1 200 OK\r\n\r\nok"), proxytest.SDoes(proxytest.Ends))},

		// Early replies.
		{Name: "a reply while the body comes", Steps: steps(c(post+"Content-Length: 10\r\n\r\nfirst"), s(ok), c("other"), c(get), s(ok))},
		{Name: "413 while 2 MB come", Steps: steps(c(post+"Content-Length: 2097152\r\n\r\n"+strings.Repeat("x", 1<<20)), s("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), c(strings.Repeat("y", 1<<20)), c(get), s(ok))},
		{Name: "413, and the server closes", Steps: steps(c(post+"Content-Length: 2097152\r\n\r\n"+strings.Repeat("x", 1<<20)), s("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), proxytest.SDoes(proxytest.Ends))},
		{Name: "a reply amid chunks", Steps: steps(c(post+"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"), s(ok), c("1\r\nb\r\n0\r\n\r\n"), c(get), s(ok))},
		{Name: "both at once", Steps: steps(c(post+"Content-Length: 4\r\n\r\na"), s("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nA"), c("b"), s("B"), c("c"), s("C"), c("d"), s("D"))},

		// What a connection becomes.
		{Name: "WebSocket", Steps: steps(c("GET @/ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
			s("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi"), c("\x81\x83\x01\x02\x03\x04GET"), s("\x82\x7e\x01\x00"+allBytes()), c("\x88\x80\x00\x00\x00\x00"), s("\x88\x00"), proxytest.SDoes(proxytest.Ends))},
		{Name: "WebSocket, the client leaves", Steps: steps(c("GET @/ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), s("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), c("\x88\x80\x00\x00\x00\x00"), s("\x88\x00"))},
		{Name: "WebSocket, cut", Steps: steps(c("GET @/ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), s("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81"), proxytest.SDoes(proxytest.Cuts))},
		{Name: "WebSocket, reset by the client", Steps: steps(c("GET @/ws HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), s("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81"), proxytest.CDoes(proxytest.Resets))},
		{Name: "an upgrade that nobody knows", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: upgrade\r\nUpgrade: x/1, y\r\n\r\n"), s("HTTP/1.1 101 Yes\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n"), c("\x00\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n"), c(get0))},
		{Name: "an upgrade declined", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), s(ok), c(get), s(ok))},
		{Name: "an upgrade, 426", Steps: steps(c(get), s("HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n"))},
		{Name: "an upgrade, and a half-closed client", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"), s("HTTP/1.1 101 Yes\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n"), c("abc"), proxytest.CDoes(proxytest.Halves), s("cba"), proxytest.SDoes(proxytest.Ends))},
		{Name: "CONNECT within", Steps: steps(c("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n"), s("HTTP/1.1 200 OK\r\n\r\n"), c("\x16\x03"), s("\x15")), NotIn: notPlain},
		{Name: "CONNECT within, refused", Steps: steps(c("CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n"), s("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), c(get), s(ok)), NotIn: notPlain},
		{Name: "no HTTP", Steps: steps(c("\x00\x01\x02"), s("\x03\x04"), c("\r\n\r\n"), s("\xff")), NotIn: notPlain},
		{Name: "no HTTP, in lines", Steps: steps(c("EHLO me\r\n"), s("250 you\r\n"), c("QUIT\r\n"), s("221 bye\r\n"), proxytest.SDoes(proxytest.Ends)), NotIn: notPlain},
		{Name: "the server speaks first", Steps: steps(s("220 hello\r\n"), c("EHLO me\r\n"), s("250 you\r\n")), NotIn: notPlain},
		{Name: "the preface of HTTP/2, and no HTTP/2", Steps: steps(c("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), s("\x00")), NotIn: notPlain},

		// What is big.
		{Name: "8 MB down", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\nContent-Length: 8388608\r\n\r\n"+strings.Repeat("12345678", 1<<20)))},
		{Name: "8 MB up", Steps: steps(c(post+"Content-Length: 8388608\r\n\r\n"+strings.Repeat("12345678", 1<<20)), s(ok))},
		{Name: "2 MB of chunks down", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+strings.Repeat("400\r\n"+strings.Repeat("z", 1<<10)+"\r\n", 2<<10)+"0\r\n\r\n"))},
		{Name: "chunks of one byte up", Steps: steps(c(post+"Transfer-Encoding: chunked\r\n\r\n"+strings.Repeat("1\r\na\r\n", 10_000)+"0\r\n\r\n"), s(ok))},
		{Name: "1 MB to the end", Steps: steps(c(get), s("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("12345678", 1<<17)), proxytest.SDoes(proxytest.Ends))},
		{Name: "1 MB of WebSocket", Steps: steps(c("GET @/ HTTP/1.1\r\nHost: www.lab.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"), s("HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"), s(strings.Repeat("12345678", 1<<17)), c(strings.Repeat("87654321", 1<<17)))},
	}
}

const get0 = "GET / HTTP/1.1\r\nHost: www.lab.test\r\n\r\n"

// changed are those that a relay has to change, and those that it may not pass on.
func changed() []exchange {
	refuse := func(name, request string, status int, rule relay.Rule) exchange {
		return exchange{Name: name, Steps: steps(c(request).Refused(status, rule)), Exceptions: []proxytest.Exception{proxytest.Refusals}}
	}
	bad := func(name, reply string, rule relay.Rule) exchange {
		return exchange{Name: name, Steps: steps(c(get), s(reply).Refused(502, rule)), Exceptions: []proxytest.Exception{proxytest.Refusals}}
	}
	one := func(name string, st []step, e proxytest.Exception) exchange {
		return exchange{Name: name, Steps: st, Exceptions: []proxytest.Exception{e}}
	}
	const host = "Host: www.lab.test\r\n"
	return []exchange{
		one("a fold", steps(c(get), s("HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\nContent-Length: 2\r\n\r\nok").Heard("HTTP/1.1 200 OK\r\nX-A: one two\r\nContent-Length: 2\r\n\r\nok")), proxytest.Unfolded),
		one("two folds", steps(c(get), s("HTTP/1.1 200 OK\r\nX-A: one\r\n\t two\r\n three \r\nContent-Length: 2\r\n\r\nok").Heard("HTTP/1.1 200 OK\r\nX-A: one two three \r\nContent-Length: 2\r\n\r\nok")), proxytest.Unfolded),
		one("a fold in a trailer", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: one\r\n two\r\n\r\n").Heard("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: one two\r\n\r\n")), proxytest.Unfolded),
		one("a fold in a 103", steps(c(get), s("HTTP/1.1 103 Early\r\nLink: a,\r\n b\r\n\r\n"+ok).Heard("HTTP/1.1 103 Early\r\nLink: a, b\r\n\r\n"+ok)), proxytest.Unfolded),
		one("a space before a colon", steps(c(get), s("HTTP/1.1 200 OK\r\nX-Space : a\r\nContent-Length\t: 2\r\n\r\nok").Heard("HTTP/1.1 200 OK\r\nX-Space: a\r\nContent-Length: 2\r\n\r\nok")), proxytest.SpaceColon),
		one("fields for the proxy", steps(c("GET @/ HTTP/1.1\r\nProxy-Connection: keep-alive\r\n"+host+"proxy-authorization: x\r\n\r\n").Heard("GET / HTTP/1.1\r\n"+host+"\r\n"), s("HTTP/1.1 200 OK\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok").Heard(ok)), proxytest.HopByHop),
		one("what Connection names", steps(c("GET @/ HTTP/1.1\r\nX-Hop: 1\r\nConnection: keep-alive, x-hop\r\n"+host+"\r\n").Heard("GET / HTTP/1.1\r\nConnection: keep-alive\r\n"+host+"\r\n"), s("HTTP/1.1 200 OK\r\nConnection: Bar\r\nBar: 1\r\nContent-Length: 2\r\n\r\nok").Heard(ok)), proxytest.HopByHop),
		one("empty lines before a request", steps(c("\r\n"+get).Heard(heard), s(ok), c("\r\n\n"+get).Heard(heard), s(ok)), proxytest.EmptyLines),
		one("empty lines before a reply", steps(c(get), s("\r\n"+ok).Heard(ok)), proxytest.EmptyLines),

		refuse("white space before a colon, asked", "GET @/ HTTP/1.1\r\n"+host+"X-A : 1\r\n\r\n", 400, relay.RuleSpaceBeforeColon),
		refuse("a fold, asked", "GET @/ HTTP/1.1\r\n"+host+"X-A: 1\r\n 2\r\n\r\n", 400, relay.RuleFold),
		refuse("bare LF, asked", "GET @/ HTTP/1.1\n"+host+"\r\n", 400, relay.RuleBareLF),
		refuse("bare LF behind a field", post+"X-A: 1\nContent-Length: 1\r\n\r\na", 400, relay.RuleBareLF),
		refuse("bare CR, asked", "GET @/ HTTP/1.1\r\n"+host+"X-A: 1\rX-B: 2\r\n\r\n", 400, relay.RuleBareCR),
		refuse("NUL, asked", "GET @/ HTTP/1.1\r\n"+host+"X-A: 1\x002\r\n\r\n", 400, relay.RuleNUL),
		refuse("length and chunks, asked", post+"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, relay.RuleLengthAndCoding),
		refuse("two lengths, asked", post+"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400, relay.RuleTwoLengths),
		refuse("a list of lengths, asked", post+"Content-Length: 3, 3\r\n\r\nabc", 400, relay.RuleLength),
		refuse("a signed length, asked", post+"Content-Length: +3\r\n\r\nabc", 400, relay.RuleLength),
		refuse("a coding that does not end, asked", post+"Transfer-Encoding: chunked, gzip\r\n\r\n", 400, relay.RuleCoding),
		refuse("chunks in HTTP/1.0, asked", "POST @/ HTTP/1.0\r\n"+host+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, relay.RuleCodingInHTTP10),
		refuse("two Hosts", "GET @/ HTTP/1.1\r\n"+host+"Host: b\r\n\r\n", 400, relay.RuleTwoHosts),
		refuse("no name of a field", "GET @/ HTTP/1.1\r\n"+host+"X A: 1\r\n\r\n", 400, relay.RuleFieldName),
		refuse("a line without a colon", "GET @/ HTTP/1.1\r\n"+host+"what\r\n\r\n", 400, relay.RuleFieldName),
		refuse("four words", "GET @/ x HTTP/1.1\r\n"+host+"\r\n", 400, relay.RuleStartLine),
		refuse("300 KB of head, asked", "GET @/ HTTP/1.1\r\n"+host+"X: "+strings.Repeat("x", 300<<10)+"\r\n\r\n", 431, relay.RuleHeadTooLong),
		one("a size of a chunk that is none, asked", steps(c(post+"Transfer-Encoding: chunked\r\n\r\n"), c("x\r\n").Refused(400, relay.RuleChunk)), proxytest.Refusals),
		one("a chunk that is too long, asked", steps(c(post+"Transfer-Encoding: chunked\r\n\r\n"), c("2\r\nab").Heard("2\r\nab"), c("c\r\n").Refused(400, relay.RuleChunk)), proxytest.Refusals),
		one("a trailer with a length, asked", steps(c(post+"Transfer-Encoding: chunked\r\n\r\n0\r\n").Heard("POST / HTTP/1.1\r\nHost: www.lab.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), c("Content-Length: 4\r\n\r\n").Refused(400, relay.RuleTrailer)), proxytest.Refusals),

		bad("length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", relay.RuleLengthAndCoding),
		bad("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", relay.RuleTwoLengths),
		bad("bare CR", "HTTP/1.1 200 OK\r\nX-A: 1\rX-B: 2\r\nContent-Length: 2\r\n\r\nok", relay.RuleBareCR),
		bad("NUL", "HTTP/1.1 200 OK\r\nX-A: 1\x002\r\nContent-Length: 2\r\n\r\nok", relay.RuleNUL),
		bad("no length", "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok", relay.RuleLength),
		bad("a fold of nothing", "HTTP/1.1 200 OK\r\n X-A: 1\r\nContent-Length: 2\r\n\r\nok", relay.RuleFold),
		bad("a line without a colon, answered", "HTTP/1.1 200 OK\r\nwhat\r\nContent-Length: 2\r\n\r\nok", relay.RuleFieldName),
		bad("a status that is none", "HTTP/1.1 two OK\r\n\r\n", relay.RuleStartLine),
		bad("no HTTP, answered", "ICY 200 OK\r\n\r\n", relay.RuleNotHTTP),
		bad("101 that nobody asked for", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", relay.RuleNoUpgrade),
		bad("chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", relay.RuleCodingInHTTP10),
		bad("chunked twice", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", relay.RuleCoding),
		bad("300 KB of head", "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 300<<10)+"\r\n\r\n", relay.RuleHeadTooLong),
		one("a size of a chunk that is none", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), s("x\r\n").Refused(0, relay.RuleChunk)), proxytest.Refusals),
		one("a line of a chunk that ends in LF", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), s("2\nok\r\n0\r\n\r\n").Refused(0, relay.RuleChunk)), proxytest.Refusals),
		one("a trailer with a length", steps(c(get), s("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"), s("Content-Length: 4\r\n\r\n").Refused(0, relay.RuleTrailer)), proxytest.Refusals),
	}
}

func allBytes() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// drip is a reply of which each byte is heard before the next is said.
func drip(request, head, body string) []step {
	out := steps(c(request), s(head))
	for i := range len(body) {
		out = append(out, s(body[i:i+1]))
	}
	return out
}

func repeat(n int, of ...step) (out []step) {
	for range n {
		out = append(out, of...)
	}
	return out
}

// TestAsItCame1: what client and server of HTTP/1.1 hear is the same with the proxy and without.
func TestAsItCame1(t *testing.T) {
	n := 0
	seen := map[string]bool{}
	for _, list := range [][]exchange{odd(), changed(), generated(), endings()} {
		for _, x := range list {
			if seen[x.Name] {
				t.Errorf("%s: twice", x.Name)
			}
			seen[x.Name] = true
			n++
			t.Run(x.Name, func(t *testing.T) {
				t.Parallel()
				proxytest.Compare(t, &x, proxytest.Forward, proxytest.Tunnel)
				proxytest.Compare(t, &x, proxytest.Tunnel1, proxytest.Behind1)
			})
		}
	}
	if t.Log(fmt.Sprint(n, " exchanges")); n < 200 {
		t.Errorf("%d exchanges", n)
	}
}
