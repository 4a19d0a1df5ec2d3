package relay

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// inWords is what an end of HTTP/2 hears: a line for each frame that says something; bodies are
// whole, since windows and pieces cut them. settings says to show those too, and credit.
func inWords(t testing.TB, b []byte, settings bool) string {
	t.Helper()
	b = bytes.TrimPrefix(b, []byte(http2.ClientPreface))
	fr := http2.NewFramer(nil, bytes.NewReader(b))
	fr.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var lines []string
	data := map[uint32]int{} // the line where a body is gathered, and one more
	for n := 0; ; {
		f, err := fr.ReadFrame()
		if err != nil {
			if n != len(b) {
				lines = append(lines, "! "+err.Error())
			}
			return strings.Join(lines, "\n")
		}
		n += frameHeader + int(f.Header().Length)
		id := f.Header().StreamID
		line := fmt.Sprintf("%d %s", id, f.Header().Type)
		if f.Header().Type == http2.FrameHeaders {
			delete(data, id)
		}
		switch f := f.(type) {
		case *http2.MetaHeadersFrame:
			for _, x := range f.Fields {
				line += fmt.Sprintf(" %s=%s", x.Name, x.Value)
			}
			if f.StreamEnded() {
				line += " END"
			}
		case *http2.DataFrame:
			end := ""
			if f.StreamEnded() {
				end = " END"
			}
			if i := data[id]; i > 0 {
				lines[i-1] += string(f.Data()) + end
				continue
			}
			data[id] = len(lines) + 1
			line += " " + string(f.Data()) + end
		case *http2.RSTStreamFrame:
			line += " " + f.ErrCode.String()
		case *http2.GoAwayFrame:
			line += fmt.Sprintf(" %d %s", f.LastStreamID, f.ErrCode)
		case *http2.PingFrame:
			line += fmt.Sprintf(" %t %s", f.IsAck(), f.Data)
		case *http2.SettingsFrame:
			if !settings {
				continue
			}
			line += fmt.Sprint(" ", f.IsAck())
		case *http2.WindowUpdateFrame:
			if !settings {
				continue
			}
			line += fmt.Sprint(" ", f.Increment)
		}
		lines = append(lines, line)
	}
}

// A row21 is a client of HTTP/2, a server of HTTP/1.1, and what each hears.
type row21 struct {
	name     string
	o        Options
	say      func(c *end2) []string
	toServer string
	toClient string // inWords
	events   string
	fates    [2]Fate // to the server, to the client
}

func (x *row21) play(n int) *heard {
	c := newEnd2("c")
	r := &row{o: x.o, say: append([]string{"c:" + http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, "")}, x.say(c)...)}
	return playWith(r, n, func(o Options) machine { return NewH2toH1(o) })
}

func (x *row21) check(t *testing.T) {
	t.Helper()
	for _, n := range []int{0, 1, 7} {
		h := x.play(n)
		if got := string(h.toServer); got != x.toServer {
			t.Errorf("in pieces of %d the server heard %q\nwant %q", n, got, x.toServer)
		}
		if got := inWords(t, h.toClient, false); got != strings.TrimSpace(x.toClient) {
			t.Errorf("in pieces of %d the client heard\n%s\nwant\n%s", n, got, x.toClient)
		}
		if got := strings.Join(h.events, "\n"); x.events != "" && got != x.events {
			t.Errorf("in pieces of %d the events are\n%s\nwant\n%s", n, got, x.events)
		}
		if h.fates != x.fates {
			t.Errorf("in pieces of %d the streams end as %v, want %v", n, h.fates, x.fates)
		}
	}
}

// ask is the block of a request.
func ask(method, path string, more ...string) []string {
	return append([]string{":method: " + method, ":scheme: https", ":authority: a.test", ":path: " + path}, more...)
}

const okReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func page502(x *Exchange) ([]Field, string) {
	status := 502
	if x.Fault.Refusal != nil {
		status = x.Fault.Refusal.Status()
	}
	return []Field{{":status", strconv.Itoa(status)}, {"content-type", "text/plain; charset=utf-8"}}, "no"
}

func TestH2toH1(t *testing.T) {
	for _, x := range []row21{
		{name: "one", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/50%/x", "x-b: 1", "x-a: \xe9")...), "s:HTTP/1.1 200 Fine\r\nx-B: 1\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"}
		},
			toServer: "GET /50%/x HTTP/1.1\r\nHost: a.test\r\nx-b: 1\r\nx-a: \xe9\r\n\r\n",
			toClient: "1 HEADERS :status=200 x-b=1 content-length=2\n1 DATA ok END",
			events:   "0 request GET /50%/x\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{name: "cookies are one field", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/", "cookie: a=1", "x: y", "cookie: b=2", "cookie: c=3", "te: trailers")...), "s:" + okReply}
		},
			toServer: "GET / HTTP/1.1\r\nHost: a.test\r\ncookie: a=1; b=2; c=3\r\nx: y\r\nconnection: te\r\nte: trailers\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END"},
		{name: "host alone", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ":method: OPTIONS", ":scheme: https", ":path: *", "host: b"), "s:HTTP/1.1 204 No\r\n\r\n"}
		},
			toServer: "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n", toClient: "1 HEADERS :status=204 END"},
		{name: "a body of a known length", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/", "content-length: 5")...), c.send(http2.FrameData, http2.FlagDataPadded, 1, "\x03helpad"), c.send(http2.FrameData, endStream, 1, "lo"), "s:" + okReply}
		},
			toServer: "POST / HTTP/1.1\r\nHost: a.test\r\ncontent-length: 5\r\n\r\nhello",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END",
			events:   "0 request POST /\n0 body c:hello\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{name: "a body of an unknown length, and trailers on both sides", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/")...), c.send(http2.FrameData, 0, 1, "hel"), c.send(http2.FrameData, 0, 1, ""), c.send(http2.FrameData, 0, 1, "lo"), c.head(1, endStream, "x-sum: 5"),
				"s:HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 2\r\n\r\n"}
		},
			toServer: "POST / HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nx-sum: 5\r\n\r\n",
			toClient: "1 HEADERS :status=200 trailer=X-Sum\n1 DATA ok\n1 HEADERS x-sum=2 END",
			events:   "0 request POST /\n0 body c:hello\n0 trailers c:[{x-sum 5}]\n0 request_over\n0 reply 200\n0 body s:ok\n0 trailers s:[{X-Sum 2}]\n0 reply_over\n0 done"},
		{name: "no body where one is usual", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("POST", "/")...), "s:" + okReply}
		},
			toServer: "POST / HTTP/1.1\r\nHost: a.test\r\ncontent-length: 0\r\n\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END"},
		{name: "a trailer that has no place", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/", "content-length: 2")...), c.send(http2.FrameData, 0, 1, "ok"), c.head(1, endStream, "x-sum: 5"), "s:" + okReply}
		},
			toServer: "POST / HTTP/1.1\r\nHost: a.test\r\ncontent-length: 2\r\n\r\nok", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END"},
		{name: "100 and 103", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/", "content-length: 2", "expect: 100-continue")...), "s:HTTP/1.1 100 Continue\r\n\r\n", c.send(http2.FrameData, endStream, 1, "ok"), "s:HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okReply}
		},
			toServer: "POST / HTTP/1.1\r\nHost: a.test\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\nok",
			toClient: "1 HEADERS :status=100\n1 HEADERS :status=103 link=</a>\n1 HEADERS :status=200 content-length=2\n1 DATA ok END",
			events:   "0 request POST /\n0 interim 100\n0 body c:ok\n0 request_over\n0 interim 103\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{name: "HEAD and 304 have a length and no body", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("HEAD", "/")...), "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", c.head(3, endStream, ask("GET", "/")...), "s:HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n"}
		},
			toServer: "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=9 END\n3 HEADERS :status=304 content-length=9 END"},
		{name: "one after the other", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), c.head(3, 0, ask("POST", "/3")...), c.send(http2.FrameData, 0, 3, "hel"), c.head(5, endStream, ask("GET", "/5")...),
				"s:HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "s:k", c.send(http2.FrameData, endStream, 3, "lo"), "s:" + okReply, "s:" + okReply}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nPOST /3 HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\nGET /5 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END\n5 HEADERS :status=200 content-length=2\n5 DATA ok END"},
		{name: "the server's last reply", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), c.head(3, endStream, ask("GET", "/3")...), "s:HTTP/1.1 200 OK\r\nConnection: x-y, close\r\nX-Y: 1\r\nContent-Length: 2\r\n\r\nok", c.head(5, endStream, ask("GET", "/5")...)}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 RST_STREAM REFUSED_STREAM\n0 GOAWAY 1 NO_ERROR",
			events:   "0 request GET /1\n0 request_over\n1 request GET /3\n0 reply 200 [hop_by_hop]\n0 body s:ok\n0 reply_over\n0 done\n1 done server left: RST_STREAM REFUSED_STREAM",
			fates:    [2]Fate{Close, Close}},
		{name: "the end is the end of the reply", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), "s:HTTP/1.0 200 OK\r\n\r\nall", "s!"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200\n1 DATA all END\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Close, Close}},
		{name: "… but for the goodbye", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), "s:HTTP/1.0 200 OK\r\n\r\nall", "s~"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200\n1 DATA all\n1 RST_STREAM INTERNAL_ERROR\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Reset, Close}},
		{name: "cut amid a reply", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), c.head(3, endStream, ask("GET", "/3")...), "s:HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall", "s#"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=9\n1 DATA all\n1 RST_STREAM INTERNAL_ERROR\n3 RST_STREAM REFUSED_STREAM\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Reset, Close}},
		{name: "gone without a reply", o: Options{Page: page502}, say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), "s!"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Close, Close}},
		{name: "no HTTP", o: Options{Page: page502}, say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), "s:SSH-2.0-x\r\n"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n0 GOAWAY 1 NO_ERROR",
			fates:    [2]Fate{Close, Close}},
		{name: "a coding that HTTP/2 has not", o: Options{Page: page502}, say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), "s:HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n0 GOAWAY 1 NO_ERROR",
			fates:    [2]Fate{Cut, Close}},
		{name: "a stream given up while it waits", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), c.head(3, endStream, ask("GET", "/3")...), c.send(http2.FrameRSTStream, 0, 3, u32(8)), "s:" + okReply}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END"},
		{name: "a stream given up that the server is at", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/1")...), c.head(3, endStream, ask("GET", "/3")...), c.send(http2.FrameRSTStream, 0, 1, u32(8))}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\n", toClient: "3 RST_STREAM REFUSED_STREAM\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Cut, Close},
			events: "0 request GET /1\n0 request_over\n1 request GET /3\n0 done client left: RST_STREAM CANCEL\n1 done server left: RST_STREAM REFUSED_STREAM"},
		{name: "an early reply, and the rest of the request behind it", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1")...), "s:" + okReply, c.send(http2.FrameData, endStream, 1, "more"), c.head(3, endStream, ask("GET", "/3")...), "s:" + okReply}
		},
			toServer: "POST /1 HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\nGET /3 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END"},
		{name: "an early reply that is the last", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1")...), "s:HTTP/1.1 413 Much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno", c.send(http2.FrameData, 0, 1, "more")}
		},
			toServer: "POST /1 HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n",
			toClient: "1 HEADERS :status=413 content-length=2\n1 DATA no END\n1 RST_STREAM NO_ERROR\n0 GOAWAY 1 NO_ERROR", fates: [2]Fate{Close, Close}},
		{name: "the window is the client's", say: func(c *end2) []string {
			return []string{c.send(http2.FrameSettings, 0, 0, setting(http2.SettingInitialWindowSize, 1)), c.head(1, endStream, ask("GET", "/1")...), "s:" + okReply, c.head(3, endStream, ask("GET", "/3")...), "s:HTTP/1.1 204 No\r\n\r\n", c.send(http2.FrameWindowUpdate, 0, 1, u32(9))}
		},
			toServer: "GET /1 HTTP/1.1\r\nHost: a.test\r\n\r\nGET /3 HTTP/1.1\r\nHost: a.test\r\n\r\n",
			toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 HEADERS :status=204 END"},
		{name: "ping", say: func(c *end2) []string { return []string{c.send(http2.FramePing, 0, 0, "12345678")} }, toClient: "0 PING true 12345678"},
		{name: "the client leaves", say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1")...), "c#"}
		},
			toServer: "POST /1 HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n", fates: [2]Fate{Cut, Close}, events: "0 request POST /1\n0 done client left: reset"},
		{name: "the server leaves while nothing is asked", say: func(c *end2) []string { return []string{"s!"} }, toClient: "0 GOAWAY 0 NO_ERROR", fates: [2]Fate{Close, Close}},
		{name: "withheld", o: Options{Page: page502}, say: func(c *end2) []string { return []string{"sw", c.head(1, endStream, ask("GET", "/1")...)} },
			toClient: "1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n0 GOAWAY 0 NO_ERROR", fates: [2]Fate{Close, Close}},
		{name: "bodies are changed", o: Options{Change: func(*Exchange, Side) Changes { return Changes{Drop: []string{"x-a"}, Body: doubling{}} }}, say: func(c *end2) []string {
			return []string{c.head(1, 0, ask("POST", "/1", "content-length: 2", "x-a: 1")...), c.send(http2.FrameData, endStream, 1, "ab"), "s:HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nok"}
		},
			toServer: "POST /1 HTTP/1.1\r\nHost: a.test\r\ntransfer-encoding: chunked\r\n\r\n5\r\naabb.\r\n0\r\n\r\n",
			toClient: "1 HEADERS :status=200\n1 DATA ookk. END"},
		{name: "CONNECT", o: Options{Page: page502}, say: func(c *end2) []string { return []string{c.head(1, 0, ":method: CONNECT", ":authority: a:1")} },
			toClient: "1 HEADERS :status=501 content-type=text/plain; charset=utf-8\n1 DATA no END\n1 RST_STREAM NO_ERROR"},
		{name: "extended CONNECT", o: Options{Page: page502}, say: func(c *end2) []string {
			return []string{c.head(1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /", ":authority: a")}
		},
			toClient: "1 HEADERS :status=501 content-type=text/plain; charset=utf-8\n1 DATA no END\n1 RST_STREAM NO_ERROR"},
	} {
		t.Run(x.name, func(t *testing.T) { x.check(t) })
	}
}

// doubling is a filter: each byte twice, and a point at the end.
type doubling struct{}

func (doubling) Add(dst, p []byte) []byte {
	for _, c := range p {
		dst = append(dst, c, c)
	}
	return dst
}
func (doubling) End(dst []byte) []byte { return append(dst, '.') }

// TestBrokenClients2: what breaks RFC 9113 ends the client's connection with the code for it.
func TestBrokenClients2(t *testing.T) {
	c := newEnd2("c")
	wu := func(id, n uint32) string {
		return string(frame(nil, http2.FrameWindowUpdate, 0, id, binary.BigEndian.AppendUint32(nil, n)))
	}
	for name, x := range map[string]struct {
		say  string
		code string
	}{
		"no SETTINGS first": {c.head(1, endStream, ask("GET", "/")...)[2:], "PROTOCOL_ERROR"},
		"SETTINGS":          {string(frame(nil, http2.FrameSettings, 0, 0, []byte(setting(http2.SettingInitialWindowSize, 1<<31)))), "FLOW_CONTROL_ERROR"},
		"window":            {settings0 + wu(0, 1<<31-1), "FLOW_CONTROL_ERROR"},
		"idle window":       {settings0 + wu(1, 1), "PROTOCOL_ERROR"},
		"idle DATA":         {settings0 + string(frame(nil, http2.FrameData, 0, 1, []byte("x"))), "PROTOCOL_ERROR"},
		"even":              {settings0 + newEnd2("c").head(2, endStream, ask("GET", "/")...)[2:], "PROTOCOL_ERROR"},
		"push":              {settings0 + string(frame(nil, http2.FramePushPromise, 4, 1, []byte(u32(2)))), "PROTOCOL_ERROR"},
		"long frame":        {settings0 + "\xff\xff\xff\x00\x00\x00\x00\x00\x01", "FRAME_SIZE_ERROR"},
		"block":             {settings0 + string(frame(nil, http2.FrameHeaders, 5, 1, []byte("\xff\xff\xff\xff\xff"))), "COMPRESSION_ERROR"},
		"after the end":     {settings0 + newEnd2("c").head(1, endStream, ask("GET", "/")...)[2:] + string(frame(nil, http2.FrameData, 0, 1, []byte("x"))), "STREAM_CLOSED"},
	} {
		for _, n := range []int{0, 1} {
			h := playWith(&row{say: []string{"c:" + http2.ClientPreface + x.say}}, n, func(o Options) machine { return NewH2toH1(o) })
			if got := inWords(t, h.toClient, false); !strings.Contains(got, "GOAWAY") || !strings.HasSuffix(got, x.code) || h.fates[1] != Close {
				t.Errorf("%s: %q, %v", name, got, h.fates)
			}
		}
	}
}

var settings0 = string(frame(nil, http2.FrameSettings, 0, 0, nil))
