package relay

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// A row12 is a client of HTTP/1.1, a server of HTTP/2, and what each hears.
type row12 struct {
	name     string
	o        Options
	say      func(s *end2) []string
	toServer string // inWords
	toClient string
	events   string
	fates    [2]Fate // to the server, to the client
	late     bool    // the server says for itself what it begins with
}

func (x *row12) play(n int) *heard {
	s := newEnd2("s")
	say := []string{s.send(http2.FrameSettings, 0, 0, "")}
	if x.late {
		say = nil
	}
	o := x.o
	if o.Answer == nil {
		o.Answer = func(x *Exchange, _ bool) []byte {
			status := 502
			if x.Fault.Refusal != nil {
				status = x.Fault.Refusal.Status()
			}
			return fmt.Appendf(nil, "<%d>", status)
		}
	}
	return playWith(&row{o: o, say: append(say, x.say(s)...)}, n, func(o Options) machine { return NewH1toH2(o) })
}

func (x *row12) check(t *testing.T) {
	t.Helper()
	for _, n := range []int{0, 1, 7} {
		h := x.play(n)
		if got := inWords(t, h.toServer, false); got != strings.TrimSpace(x.toServer) {
			t.Errorf("in pieces of %d the server heard\n%s\nwant\n%s", n, got, x.toServer)
		}
		if got := string(h.toClient); got != x.toClient {
			t.Errorf("in pieces of %d the client heard %q\nwant %q", n, got, x.toClient)
		}
		if got := strings.Join(h.events, "\n"); x.events != "" && got != x.events {
			t.Errorf("in pieces of %d the events are\n%s\nwant\n%s", n, got, x.events)
		}
		if h.fates != x.fates {
			t.Errorf("in pieces of %d the streams end as %v, want %v", n, h.fates, x.fates)
		}
	}
}

func TestH1toH2(t *testing.T) {
	const get, getWords = "GET /50%/x HTTP/1.1\r\nHost: a\r\n\r\n", "1 HEADERS :method=GET :scheme=https :authority=a :path=/50%/x END"
	const away, bye = "\n0 GOAWAY 0 NO_ERROR", "0 GOAWAY 0 NO_ERROR"
	const ws = "GET /c HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	ok := func(s *end2, id uint32) []string {
		return []string{s.head(id, 0, ":status: 200", "content-length: 2"), s.send(http2.FrameData, endStream, id, "ok")}
	}
	const okHeard = "HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok"
	for _, x := range []row12{
		{name: "one", say: func(s *end2) []string {
			return append([]string{"c:GET /50%/x HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nConnection: keep-alive, X-C\r\nX-C: 2\r\nKeep-Alive: 3\r\nTE: trailers\r\nx-a: \xe9\r\nProxy-Authorization: x\r\n\r\n"},
				s.head(1, 0, ":status: 200", "x-b: 1", "content-length: 2"), s.send(http2.FrameData, endStream, 1, "ok"))
		},
			toServer: "1 HEADERS :method=GET :scheme=https :authority=a :path=/50%/x x-b=1 te=trailers x-a=\xe9 END",
			toClient: "HTTP/1.1 200 \r\nx-b: 1\r\ncontent-length: 2\r\n\r\nok",
			events:   "0 request GET /50%/x [hop_by_hop]\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{name: "a target in absolute form", say: func(s *end2) []string {
			return append([]string{"c:GET https://b/x HTTP/1.1\r\nHost: a\r\n\r\n"}, ok(s, 1)...)
		},
			toServer: "1 HEADERS :method=GET :scheme=https :authority=b :path=/x END", toClient: okHeard},
		{name: "asked before the server has said what it takes", late: true, say: func(s *end2) []string {
			return append([]string{"c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", s.send(http2.FrameSettings, 0, 0, "")}, ok(s, 1)...)
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/ content-length=2\n1 DATA ok END", toClient: okHeard},
		{name: "chunks and trailers on both sides", say: func(s *end2) []string {
			return []string{"c:POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n",
				s.head(1, 0, ":status: 200", "trailer: x-sum"), s.send(http2.FrameData, 0, 1, "o"), s.send(http2.FrameData, 0, 1, ""), s.send(http2.FrameData, http2.FlagDataPadded, 1, "\x01kp"), s.head(1, endStream, "x-sum: 2")}
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/ trailer=X-Sum\n1 DATA hello\n1 HEADERS x-sum=5 END",
			toClient: "HTTP/1.1 200 \r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nx-sum: 2\r\n\r\n",
			events:   "0 request POST /\n0 body c:hello\n0 trailers c:[{X-Sum 5}]\n0 request_over\n0 reply 200\n0 body s:ok\n0 trailers s:[{x-sum 2}]\n0 reply_over\n0 done"},
		{name: "a length and a trailer", say: func(s *end2) []string {
			return []string{"c:" + get, s.head(1, 0, ":status: 200", "trailer: x-sum", "content-length: 2"), s.send(http2.FrameData, 0, 1, "ok"), s.head(1, endStream, "x-sum: 2")}
		},
			toServer: getWords, toClient: "HTTP/1.1 200 \r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 2\r\n\r\n"},
		{name: "white space around a value", say: func(s *end2) []string {
			block := literal(s.fields(":status: 204"), hpack.HeaderField{Name: "x", Value: "y "})
			return []string{"c:" + get, "s:" + string(frame(nil, http2.FrameHeaders, endStream|http2.FlagHeadersEndHeaders, 1, block))}
		},
			toServer: getWords, toClient: "HTTP/1.1 204 \r\nx: y \r\n\r\n"},
		{name: "HTTP/1.0 knows no chunks", say: func(s *end2) []string {
			return []string{"c:GET / HTTP/1.0\r\n\r\n", s.head(1, 0, ":status: 200"), s.send(http2.FrameData, endStream, 1, "ok")}
		},
			toServer: "1 HEADERS :method=GET :scheme=https :path=/ END" + away, toClient: "HTTP/1.1 200 \r\nconnection: close\r\n\r\nok", fates: [2]Fate{Close, Close}},
		{name: "100 and 103", say: func(s *end2) []string {
			return append([]string{"c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n", s.head(1, 0, ":status: 100"), "c:ok", s.head(1, 0, ":status: 103", "link: </a>")}, ok(s, 1)...)
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/ content-length=2 expect=100-continue\n1 DATA ok END",
			toClient: "HTTP/1.1 100 \r\n\r\nHTTP/1.1 103 \r\nlink: </a>\r\n\r\n" + okHeard,
			events:   "0 request POST /\n0 interim 100\n0 body c:ok\n0 request_over\n0 interim 103\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{name: "HEAD, 304, 204, and no body", say: func(s *end2) []string {
			return []string{"c:HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n", s.head(1, endStream, ":status: 200", "content-length: 9"), "c:GET /3 HTTP/1.1\r\nHost: a\r\n\r\n", s.head(3, endStream, ":status: 304", "content-length: 9"),
				"c:GET /5 HTTP/1.1\r\nHost: a\r\n\r\n", s.head(5, 0, ":status: 204"), "c:GET /7 HTTP/1.1\r\nHost: a\r\n\r\n", s.send(http2.FrameData, endStream, 5, "what no 204 has"), s.head(7, endStream, ":status: 200")}
		},
			toServer: "1 HEADERS :method=HEAD :scheme=https :authority=a :path=/1 END\n3 HEADERS :method=GET :scheme=https :authority=a :path=/3 END\n5 HEADERS :method=GET :scheme=https :authority=a :path=/5 END\n7 HEADERS :method=GET :scheme=https :authority=a :path=/7 END",
			toClient: "HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\nHTTP/1.1 304 \r\ncontent-length: 9\r\n\r\nHTTP/1.1 204 \r\n\r\nHTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n"},
		{name: "requests that do not wait", say: func(s *end2) []string {
			return append(append([]string{"c:GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "c!"}, ok(s, 1)...), ok(s, 3)...)
		},
			toServer: "1 HEADERS :method=GET :scheme=https :authority=a :path=/1 END\n3 HEADERS :method=POST :scheme=https :authority=a :path=/3 content-length=2\n3 DATA ok END" + away,
			toClient: okHeard + okHeard, fates: [2]Fate{Close, Close}},
		{name: "the client's last", say: func(s *end2) []string {
			return append([]string{"c:GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}, ok(s, 1)...)
		},
			toServer: "1 HEADERS :method=GET :scheme=https :authority=a :path=/ END" + away, toClient: "HTTP/1.1 200 \r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", fates: [2]Fate{Close, Close}},
		{name: "reset before a reply", say: func(s *end2) []string { return []string{"c:" + get, s.send(http2.FrameRSTStream, 0, 1, u32(7))} },
			toServer: getWords + away, toClient: "<502>", fates: [2]Fate{Close, Close},
			events: "0 request GET /50%/x\n0 request_over\n0 done server left: RST_STREAM REFUSED_STREAM"},
		{name: "reset amid a reply", say: func(s *end2) []string {
			return []string{"c:" + get, s.head(1, 0, ":status: 200", "content-length: 9"), s.send(http2.FrameData, 0, 1, "ok"), s.send(http2.FrameRSTStream, 0, 1, u32(2))}
		},
			toServer: getWords + away, toClient: "HTTP/1.1 200 \r\ncontent-length: 9\r\n\r\nok", fates: [2]Fate{Close, Reset}},
		{name: "… to HTTP/1.0", say: func(s *end2) []string {
			return []string{"c:GET /50%/x HTTP/1.0\r\nHost: a\r\n\r\n", s.head(1, 0, ":status: 200"), s.send(http2.FrameData, 0, 1, "ok"), s.send(http2.FrameRSTStream, 0, 1, u32(2))}
		},
			toServer: getWords + away, toClient: "HTTP/1.1 200 \r\nconnection: close\r\n\r\nok", fates: [2]Fate{Close, Reset}},
		{name: "an early reply, and no more is wanted", say: func(s *end2) []string {
			return []string{"c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nok", s.head(1, endStream, ":status: 413"), s.send(http2.FrameRSTStream, 0, 1, u32(0))}
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/ content-length=9\n1 DATA ok" + away, toClient: "HTTP/1.1 413 \r\ncontent-length: 0\r\n\r\n", fates: [2]Fate{Close, Close},
			events: "0 request POST /\n0 body c:ok\n0 reply 413\n0 reply_over\n0 done early"},
		{name: "the server goes away", say: func(s *end2) []string {
			return append([]string{"c:" + get + get, s.send(http2.FrameGoAway, 0, 0, u32(1, 0))}, ok(s, 1)...)
		},
			toServer: getWords + away, toClient: "HTTP/1.1 200 \r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", fates: [2]Fate{Close, Close}},
		{name: "… before that", say: func(s *end2) []string { return []string{"c:" + get, s.send(http2.FrameGoAway, 0, 0, u32(0, 0))} },
			toServer: getWords + away, toClient: "<502>", fates: [2]Fate{Close, Close}},
		{name: "… while nothing is asked", say: func(s *end2) []string { return []string{s.send(http2.FrameGoAway, 0, 0, u32(0, 0))} },
			toServer: bye, fates: [2]Fate{Close, Close}},
		{name: "the server hangs up", say: func(s *end2) []string { return []string{"c:" + get, "s!"} },
			toServer: getWords, toClient: "<502>", fates: [2]Fate{Close, Close}},
		{name: "the client hangs up", say: func(s *end2) []string { return []string{"c:" + get, "c#"} },
			toServer: getWords + "\n1 RST_STREAM CANCEL" + away, fates: [2]Fate{Close, Reset}, events: "0 request GET /50%/x\n0 request_over\n0 done client left: reset"},
		{name: "the window is the server's", say: func(s *end2) []string {
			return append([]string{s.send(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 1)), "c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", s.send(http2.FrameWindowUpdate, 0, 1, u32(5))}, ok(s, 1)...)
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/ content-length=2\n1 DATA ok END", toClient: okHeard},
		{name: "WebSocket", say: func(s *end2) []string {
			return []string{s.send(http2.FrameSettings, 0, 0, setting(http2.SettingEnableConnectProtocol, 1)), "c:" + ws, s.head(1, 0, ":status: 200", "sec-websocket-protocol: x"), "c:hello", s.send(http2.FrameData, 0, 1, "world"), "c!", s.send(http2.FrameData, endStream, 1, "!")}
		},
			toServer: "1 HEADERS :method=CONNECT :protocol=websocket :scheme=https :authority=a :path=/c sec-websocket-version=13\n1 DATA hello END" + away,
			toClient: "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nsec-websocket-protocol: x\r\n\r\nworld!",
			events:   "0 request GET /c\n0 request_over\n0 switched\n0 body c:hello\n0 body s:world!\n0 done", fates: [2]Fate{Close, Close}},
		{name: "WebSocket declined", say: func(s *end2) []string {
			return append([]string{s.send(http2.FrameSettings, 0, 0, setting(http2.SettingEnableConnectProtocol, 1)), "c:" + ws}, s.head(1, 0, ":status: 403", "content-length: 2"), s.send(http2.FrameData, endStream, 1, "no"))
		},
			toServer: "1 HEADERS :method=CONNECT :protocol=websocket :scheme=https :authority=a :path=/c sec-websocket-version=13\n1 RST_STREAM CANCEL",
			toClient: "HTTP/1.1 403 \r\ncontent-length: 2\r\n\r\nno"},
		{name: "WebSocket that the server does not take", say: func(s *end2) []string { return []string{"c:" + ws} },
			toServer: bye, toClient: "<502>", fates: [2]Fate{Close, Close},
			events: "0 request GET /c\n0 request_over\n0 done server:untranslatable: the other version of HTTP, to which this is translated, has no words for it: \"Upgrade: websocket\" (RFC 9110 §15.6.2)"},
		{name: "another upgrade", say: func(s *end2) []string {
			return append([]string{"c:GET /50%/x HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: x\r\n\r\n"}, ok(s, 1)...)
		},
			toServer: getWords, toClient: okHeard},
		{name: "CONNECT", say: func(s *end2) []string { return []string{"c:CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"} }, toServer: bye, toClient: "<501>", fates: [2]Fate{Close, Close}},
		{name: "no HTTP", say: func(s *end2) []string { return []string{"c:\x00\x01\x02"} }, toServer: bye, fates: [2]Fate{Close, Close}},
		{name: "a request that nobody reads in one way", say: func(s *end2) []string {
			return []string{"c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"}
		}, toServer: bye, toClient: "<400>", fates: [2]Fate{Close, Close}},
		{name: "withheld", say: func(s *end2) []string { return []string{"sw", "c:" + get} }, toServer: bye, toClient: "<502>", fates: [2]Fate{Close, Close}},
		{name: "bodies are changed", o: Options{Change: func(*Exchange, Side) Changes { return Changes{Drop: []string{"x-a"}, Body: doubling{}} }}, say: func(s *end2) []string {
			return []string{"c:POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nab", s.head(1, 0, ":status: 200", "x-a: 1", "content-length: 2"), s.send(http2.FrameData, endStream, 1, "ok")}
		},
			toServer: "1 HEADERS :method=POST :scheme=https :authority=a :path=/\n1 DATA aabb. END",
			toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n4\r\nookk\r\n1\r\n.\r\n0\r\n\r\n"},
		{name: "ping", say: func(s *end2) []string { return []string{s.send(http2.FramePing, 0, 0, "12345678")} }, toServer: "0 PING true 12345678"},
	} {
		t.Run(x.name, func(t *testing.T) { x.check(t) })
	}
}

// TestBadReplies2: what a server of HTTP/2 says that HTTP/1.1 would read in two ways, or not at all,
// goes no further: the client is answered, or cut off where it has read the head.
func TestBadReplies2(t *testing.T) {
	for name, x := range map[string]struct {
		say  func(s *end2) []string
		rule Rule
	}{
		"no status":        {func(s *end2) []string { return []string{s.head(1, endStream, "x: y")} }, RulePseudo},
		"two":              {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 200", ":status: 200")} }, RulePseudo},
		"101":              {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 101")} }, RulePseudo},
		"status":           {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 2x0")} }, RulePseudo},
		"long status":      {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 0200")} }, RulePseudo},
		"path":             {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 200", ":path: /")} }, RulePseudo},
		"late":             {func(s *end2) []string { return []string{s.head(1, endStream, "x: y", ":status: 200")} }, RulePseudo},
		"capitals":         {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 200", "X: y")} }, RuleField2},
		"coding":           {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "transfer-encoding: chunked")} }, RuleField2},
		"connection":       {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "connection: close")} }, RuleField2},
		"CR LF":            {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "x: a\r\ncontent-length: 0")} }, RuleField2},
		"LF":               {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "x: a\nb: c")} }, RuleField2},
		"NUL":              {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "x: a\x00")} }, RuleField2},
		"name with spaces": {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "x y: a")} }, RuleField2},
		"length":           {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200", "content-length: 2, 2")} }, RuleLength},
		"two lengths": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200", "content-length: 2", "content-length: 3")}
		}, RuleTwoLengths},
		"no body": {func(s *end2) []string { return []string{s.head(1, endStream, ":status: 200", "content-length: 2")} }, RuleBodyLength},
		"short": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200", "content-length: 2"), s.send(http2.FrameData, endStream, 1, "o")}
		}, RuleBodyLength},
		"more": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200", "content-length: 2"), s.send(http2.FrameData, endStream, 1, "okk")}
		}, RuleBodyLength},
		"body first": {func(s *end2) []string { return []string{s.send(http2.FrameData, 0, 1, "ok")} }, RuleExtraneous},
		"trailer": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200"), s.head(1, endStream, "content-length: 2")}
		}, RuleTrailer},
		"bad trailer": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200"), s.head(1, endStream, "x: a\r\nb")}
		}, RuleField2},
		"second status": {func(s *end2) []string {
			return []string{s.head(1, 0, ":status: 200"), s.head(1, endStream, ":status: 200")}
		}, RulePseudo},
		"no end":  {func(s *end2) []string { return []string{s.head(1, 0, ":status: 200"), s.head(1, 0, "x: y")} }, RuleExtraneous},
		"push":    {func(s *end2) []string { return []string{s.send(http2.FramePushPromise, 4, 1, u32(2))} }, RuleFrame},
		"its own": {func(s *end2) []string { return []string{s.head(2, endStream, ":status: 200")} }, RuleFrame},
	} {
		for _, n := range []int{0, 1} {
			r := row12{say: func(s *end2) []string { return append([]string{"c:GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"}, x.say(s)...) }}
			h := r.play(n)
			f := h.xs[0].Fault
			if f == nil || f.Refusal == nil || f.Refusal.Rule != x.rule || f.Leg != Server {
				t.Errorf("%s: %v, want %s", name, f, x.rule)
				continue
			}
			begun := h.xs[0].Reply != nil
			if got := string(h.toClient); begun && h.fates[1] < Cut || !begun && got != "<502>" {
				t.Errorf("%s: the client heard %q, %v", name, got, h.fates)
			}
		}
	}
}
