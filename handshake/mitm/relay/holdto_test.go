package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// heldMachine is a translator, as its holder has it.
type heldMachine interface {
	machine
	Continue(*Exchange, Side, Changes) bool
	Respond(*Exchange, Answer)
	Fail(*Exchange, error)
	Take(*Exchange, Side, []byte) (int, error)
	Full(*Exchange, Side) bool
	Give(*Exchange, Side, []byte)
	GiveEnd(*Exchange, Side, bool, []Field)
}

// acting is what a holder does.
type acting struct {
	heldMachine
	held []*Exchange
}

// act makes what a row says of what a holder may do: N is the nth message that was held.
func (a *acting) acts() map[string]func() {
	acts := map[string]func(){}
	for n := range 4 {
		for _, from := range []Side{Client, Server} {
			x := func() *Exchange {
				if n >= len(a.held) {
					return new(Exchange) // the row says what came instead
				}
				return a.held[n]
			}
			as := func(word string) string { return fmt.Sprintf("%s %d %s", word, n, from[:1]) }
			acts[as("on")] = func() { a.Continue(x(), from, Changes{}) }
			acts[as("changed")] = func() {
				c := Changes{Drop: []string{"gone"}}
				head := x().Request
				if head == nil {
					return
				}
				if from == Client {
					c.Method, c.Target = "PUT", "/other?a"
				} else {
					head, c.Status, c.Reason = x().Reply, 299, "Mine"
				}
				for i, f := range head.Fields {
					c.Fields = append(c.Fields, Placed{f, i + 1})
				}
				c.Fields = append(c.Fields, Placed{Field: Field{"New", "1"}})
				a.Continue(x(), from, c)
			}
			acts[as("stream")] = func() { a.Continue(x(), from, Changes{Stream: true}) }
			acts[as("shout")] = func() { a.shout(x(), from, true) }
			acts[as("shout more")] = func() { a.shout(x(), from, false, Field{"Sum", "mine"}) }
			acts[as("end")] = func() { a.GiveEnd(x(), from, true, nil) }
		}
		acts[fmt.Sprint("answer ", n)] = func() {
			a.Respond(a.held[n], Answer{Status: 418, Fields: []Field{{"By", "hook"}}, Length: 2})
			a.Give(a.held[n], Server, []byte("no"))
			a.GiveEnd(a.held[n], Server, false, nil)
		}
		acts[fmt.Sprint("chunks ", n)] = func() {
			a.Respond(a.held[n], Answer{Status: 200, Length: -1})
			for _, s := range []string{"a", "", "bc"} {
				a.Give(a.held[n], Server, []byte(s))
			}
			a.GiveEnd(a.held[n], Server, false, nil)
		}
		acts[fmt.Sprint("fail ", n)] = func() { a.Fail(a.held[n], errMine) }
	}
	return acts
}

var errMine = errors.New("mine")

// shout gives what has come of a body, in capitals.
func (a *acting) shout(x *Exchange, from Side, asCame bool, trailer ...Field) {
	for {
		p := make([]byte, 7)
		k, err := a.Take(x, from, p)
		a.Give(x, from, bytes.ToUpper(p[:k]))
		if err == io.EOF {
			a.GiveEnd(x, from, asCame, trailer)
		}
		if k == 0 {
			return
		}
	}
}

func (a *acting) of(o Options, make func(Options) heldMachine) machine {
	o.Hold = func(x *Exchange, _ Side) bool {
		a.held = append(a.held, x)
		return true
	}
	a.heldMachine = make(o)
	return a
}

// A heldRow is a client and a server, of which one has HTTP/2, and what their holder does.
type heldRow struct {
	name     string
	say      func(e *end2) []string
	toServer string
	toClient string
	done     string // of the exchanges, in order
	fates    [2]Fate
}

// check plays a row in pieces of several sizes.
func (x *heldRow) check(t *testing.T, begin []string, e func() *end2, of func(Options) heldMachine, words func(h *heard) (toServer, toClient string)) {
	t.Helper()
	for _, n := range []int{0, 1, 7} {
		a := new(acting)
		o := Options{
			Answer: func(x *Exchange, _ bool) []byte { return fmt.Appendf(nil, "<%v>", x.Fault.Err) },
			Page: func(x *Exchange) ([]Field, string) {
				return []Field{{":status", "500"}}, x.Fault.Err.Error()
			},
		}
		h := playInto(&heard{}, &row{o: o, say: append(begin[:len(begin):len(begin)], x.say(e())...)}, n, func(o Options) machine { return a.of(o, of) }, a.acts())
		toServer, toClient := words(h)
		if toServer != strings.TrimPrefix(x.toServer, "\n") {
			t.Errorf("in pieces of %d the server heard\n%q\nwant\n%q", n, toServer, x.toServer)
		}
		if toClient != strings.TrimPrefix(x.toClient, "\n") {
			t.Errorf("in pieces of %d the client heard\n%q\nwant\n%q", n, toClient, x.toClient)
		}
		var done []string
		for _, e := range h.events {
			if strings.Contains(e, " done") {
				done = append(done, e)
			}
		}
		if got := strings.Join(done, "\n"); got != x.done {
			t.Errorf("in pieces of %d done is\n%s\nwant\n%s\nof %q", n, got, x.done, h.events)
		}
		if h.fates != x.fates {
			t.Errorf("in pieces of %d the streams end as %v, want %v", n, h.fates, x.fates)
		}
	}
}

// TestHoldTo1: what is held where HTTP/2 becomes HTTP/1.1.
func TestHoldTo1(t *testing.T) {
	const host = " HTTP/1.1\r\nHost: a.test\r\n"
	get := func(c *end2, id uint32, path string) string { return c.head(id, endStream, ask("GET", path)...) }
	post := func(c *end2, id uint32, more ...string) string { return c.head(id, 0, ask("POST", "/p", more...)...) }
	data := func(c *end2, id uint32, s string, flags http2.Flags) string {
		return c.send(http2.FrameData, flags, id, s)
	}
	const ok = "s:" + okReply
	for _, x := range []heldRow{
		{name: "both go on as they are", say: func(c *end2) []string { return []string{get(c, 1, "/"), "on 0 c", ok, "on 1 s"} },
			toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "0 done"},
		{name: "one waits, the others go on", say: func(c *end2) []string {
			return []string{get(c, 1, "/1"), get(c, 3, "/3"), "on 1 c", ok, "on 2 s", "on 0 c", ok, "on 3 s"}
		}, toServer: "GET /3" + host + "\r\nGET /1" + host + "\r\n", toClient: "3 HEADERS :status=200 content-length=2\n3 DATA ok END\n1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "1 done\n0 done"},
		{name: "a body behind a head that waits", say: func(c *end2) []string {
			return []string{post(c, 1, "content-length: 4"), data(c, 1, "bo", 0), "on 0 c", data(c, 1, "dy", endStream), ok, "on 1 s"}
		}, toServer: "POST /p" + host + "content-length: 4\r\n\r\nbody", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "0 done"},
		{name: "all of it came meanwhile", say: func(c *end2) []string {
			return []string{post(c, 1), data(c, 1, "body", endStream), "on 0 c", ok, "on 1 s"}
		}, toServer: "POST /p" + host + "transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "0 done"},
		{name: "heads are changed", say: func(c *end2) []string {
			return []string{c.head(1, endStream, ask("GET", "/", "gone: 1", "stays: 1")...), "changed 0 c", "s:HTTP/1.1 200 OK\r\nGone: 1\r\nContent-Length: 0\r\n\r\n", "changed 1 s"}
		}, toServer: "PUT /other?a" + host + "stays: 1\r\nnew: 1\r\ncontent-length: 0\r\n\r\n", toClient: "1 HEADERS :status=299 content-length=0 new=1 END", done: "0 done"},
		{name: "bodies are changed", say: func(c *end2) []string {
			return []string{post(c, 1, "content-length: 4"), "stream 0 c", data(c, 1, "bo", 0), "shout 0 c", data(c, 1, "dy", endStream), "shout 0 c", ok, "stream 1 s", "shout 1 s"}
		}, toServer: "POST /p" + host + "transfer-encoding: chunked\r\n\r\n2\r\nBO\r\n2\r\nDY\r\n0\r\n\r\n", toClient: "1 HEADERS :status=200\n1 DATA OK END", done: "0 done"},
		{name: "trailers as they come", say: func(c *end2) []string {
			return []string{post(c, 1), "stream 0 c", data(c, 1, "body", 0), c.head(1, endStream, "sum: 1"), "shout 0 c",
				"s:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSum: 2\r\n\r\n", "stream 1 s", "shout 1 s"}
		}, toServer: "POST /p" + host + "transfer-encoding: chunked\r\n\r\n4\r\nBODY\r\n0\r\nsum: 1\r\n\r\n", toClient: "1 HEADERS :status=200\n1 DATA OK\n1 HEADERS sum=2 END", done: "0 done"},
		{name: "other trailers", say: func(c *end2) []string {
			return []string{post(c, 1), "stream 0 c", data(c, 1, "body", endStream), "shout more 0 c",
				"s:HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSum: 2\r\n\r\n", "stream 1 s", "shout more 1 s"}
		}, toServer: "POST /p" + host + "transfer-encoding: chunked\r\n\r\n4\r\nBODY\r\n0\r\nsum: mine\r\n\r\n", toClient: "1 HEADERS :status=200\n1 DATA OK\n1 HEADERS sum=mine END", done: "0 done"},
		{name: "bodies are cut short", say: func(c *end2) []string {
			return []string{post(c, 1), "stream 0 c", data(c, 1, "bo", 0), "end 0 c", data(c, 1, "dy", endStream), "s:HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlo", "stream 1 s", "end 1 s", "s:ng", get(c, 3, "/"), "on 2 c", ok, "on 3 s"}
		}, toServer: "POST /p" + host + "transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /" + host + "\r\n", toClient: "1 HEADERS :status=200\n1 DATA  END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END", done: "0 done\n1 done"},
		{name: "given before its turn", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", post(c, 3), "stream 1 c", data(c, 3, "body", endStream), "shout 1 c", ok, "on 2 s", ok, "on 3 s"}
		}, toServer: "GET /" + host + "\r\nPOST /p" + host + "transfer-encoding: chunked\r\n\r\n4\r\nBODY\r\n0\r\n\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END", done: "0 done\n1 done"},
		{name: "answered", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "answer 0", get(c, 3, "/"), "on 1 c", ok, "on 2 s"}
		},
			toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=418 by=hook content-length=2\n1 DATA no END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END", done: "0 done\n1 done"},
		{name: "answered while another is asked", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", get(c, 3, "/"), "chunks 1", ok, "on 2 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "3 HEADERS :status=200\n3 DATA abc END\n1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "1 done\n0 done"},
		{name: "answered amid its request", say: func(c *end2) []string {
			return []string{post(c, 1), data(c, 1, "bo", 0), "answer 0", data(c, 1, "dy", endStream)}
		},
			toClient: "1 HEADERS :status=418 by=hook content-length=2\n1 DATA no END\n1 RST_STREAM NO_ERROR", done: "0 done early"},
		{name: "a hook fails over a request", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "fail 0", get(c, 3, "/"), "on 1 c", ok, "on 2 s"}
		},
			toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=500\n1 DATA mine END\n3 HEADERS :status=200 content-length=2\n3 DATA ok END", done: "0 done server left: mine\n1 done"},
		{name: "a hook fails over a reply", say: func(c *end2) []string { return []string{get(c, 1, "/"), "on 0 c", get(c, 3, "/"), ok, "fail 2"} },
			toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=500\n1 DATA mine END\n3 RST_STREAM REFUSED_STREAM\n0 GOAWAY 1 NO_ERROR",
			done: "0 done server left: mine\n1 done server left: RST_STREAM REFUSED_STREAM", fates: [2]Fate{Cut, Close}},
		{name: "a hook fails over a body", say: func(c *end2) []string { return []string{get(c, 1, "/"), "on 0 c", ok, "stream 1 s", "fail 1"} },
			toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200\n1 RST_STREAM INTERNAL_ERROR\n0 GOAWAY 1 NO_ERROR", done: "0 done server left: mine", fates: [2]Fate{Cut, Close}},
		{name: "the client gives up what waits", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), c.send(http2.FrameRSTStream, 0, 1, u32(uint32(http2.ErrCodeCancel))), "on 0 c", get(c, 3, "/"), "on 1 c", ok, "on 2 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "3 HEADERS :status=200 content-length=2\n3 DATA ok END", done: "0 done client left: RST_STREAM CANCEL\n1 done"},
		{name: "the client gives up a reply that waits", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", ok, c.send(http2.FrameRSTStream, 0, 1, u32(uint32(http2.ErrCodeCancel))), "on 1 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "0 GOAWAY 1 NO_ERROR", done: "0 done client left: RST_STREAM CANCEL", fates: [2]Fate{Cut, Close}},
		{name: "the client leaves", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), get(c, 3, "/"), "on 0 c", "c!", "on 1 c", "answer 1"}
		},
			toServer: "GET /" + host + "\r\n", done: "0 done client left: unexpected EOF\n1 done client left: unexpected EOF", fates: [2]Fate{Cut, Close}},
		{name: "the server leaves behind a whole reply", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", get(c, 3, "/"), ok, "s!", "on 2 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200 content-length=2\n1 DATA ok END\n3 RST_STREAM REFUSED_STREAM\n0 GOAWAY 1 NO_ERROR",
			done: "0 done\n1 done server left: RST_STREAM REFUSED_STREAM", fates: [2]Fate{Close, Close}},
		{name: "the server leaves amid a reply", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", "s:HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlo", "s~", "stream 1 s", "shout 1 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200\n1 RST_STREAM INTERNAL_ERROR\n0 GOAWAY 1 NO_ERROR", done: "0 done server left: unexpected EOF", fates: [2]Fate{Cut, Close}},
		{name: "the end of the stream ends a reply", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", "s:HTTP/1.1 200 OK\r\n\r\nlong", "stream 1 s", "s!", "shout 1 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200\n1 DATA LONG END\n0 GOAWAY 1 NO_ERROR", done: "0 done", fates: [2]Fate{Close, Close}},
		{name: "the end of the stream, without a goodbye", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", "s:HTTP/1.1 200 OK\r\n\r\nlong", "stream 1 s", "s~", "shout 1 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=200\n1 DATA LONG\n1 RST_STREAM INTERNAL_ERROR\n0 GOAWAY 1 NO_ERROR", done: "0 done cut", fates: [2]Fate{Reset, Close}},
		{name: "the server leaves before anything is asked", say: func(c *end2) []string { return []string{get(c, 1, "/"), "s!", "on 0 c"} },
			toClient: "1 RST_STREAM REFUSED_STREAM\n0 GOAWAY 0 NO_ERROR", done: "0 done server left: RST_STREAM REFUSED_STREAM", fates: [2]Fate{Close, Close}},
		{name: "no reply of 1xx is held", say: func(c *end2) []string {
			return []string{get(c, 1, "/"), "on 0 c", "s:HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", ok, "on 1 s"}
		}, toServer: "GET /" + host + "\r\n", toClient: "1 HEADERS :status=103 link=x\n1 HEADERS :status=200 content-length=2\n1 DATA ok END", done: "0 done"},
	} {
		t.Run(x.name, func(t *testing.T) {
			first := newEnd2("c")
			begin := []string{"c:" + http2.ClientPreface, first.send(http2.FrameSettings, 0, 0, "")}
			x.check(t, begin, func() *end2 { return newEnd2("c") }, func(o Options) heldMachine { return NewH2toH1(o) },
				func(h *heard) (string, string) { return string(h.toServer), inWords(t, h.toClient, false) })
		})
	}
}

// TestHoldTo2: what is held where HTTP/1.1 becomes HTTP/2.
func TestHoldTo2(t *testing.T) {
	const asked = ":scheme=https :authority=a.test :path=/"
	const get, post = "c:GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "c:POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\n"
	ok := func(s *end2, id uint32) []string {
		return []string{s.head(id, 0, ":status: 200", "content-length: 2"), s.send(http2.FrameData, endStream, id, "ok")}
	}
	rst := func(s *end2, id uint32, code http2.ErrCode) string {
		return s.send(http2.FrameRSTStream, 0, id, u32(uint32(code)))
	}
	list := func(parts ...any) (out []string) {
		for _, p := range parts {
			switch p := p.(type) {
			case string:
				out = append(out, p)
			case []string:
				out = append(out, p...)
			}
		}
		return out
	}
	const okWords = "HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok"
	for _, x := range []heldRow{
		{name: "both go on as they are", say: func(s *end2) []string { return list(get, "on 0 c", ok(s, 1), "on 1 s") },
			toServer: "1 HEADERS :method=GET " + asked + " END", toClient: okWords, done: "0 done"},
		{name: "the next waits behind it", say: func(s *end2) []string {
			return list(get, get, "on 0 c", ok(s, 1), "on 1 s", "on 2 c", ok(s, 3), "on 3 s")
		},
			toServer: "1 HEADERS :method=GET " + asked + " END\n3 HEADERS :method=GET " + asked + " END", toClient: okWords + okWords, done: "0 done\n1 done"},
		{name: "a body behind a head that waits", say: func(s *end2) []string { return list(post, "c:bo", "on 0 c", "c:dy", ok(s, 1), "on 1 s") },
			toServer: "1 HEADERS :method=POST " + asked + " content-length=4\n1 DATA body END", toClient: okWords, done: "0 done"},
		{name: "heads are changed", say: func(s *end2) []string {
			return list("c:GET / HTTP/1.1\r\nHost: a.test\r\nGone: 1\r\nStays: 1\r\n\r\n", "changed 0 c", s.head(1, endStream, ":status: 200", "gone: 1"), "changed 1 s")
		}, toServer: "1 HEADERS :method=PUT :scheme=https :authority=a.test :path=/other?a stays=1 new=1 END", toClient: "HTTP/1.1 299 \r\nnew: 1\r\ncontent-length: 0\r\n\r\n", done: "0 done"},
		{name: "bodies are changed", say: func(s *end2) []string {
			return list(post, "stream 0 c", "c:bo", "shout 0 c", "c:dy", "shout 0 c", ok(s, 1), "stream 1 s", "shout 1 s")
		}, toServer: "1 HEADERS :method=POST " + asked + "\n1 DATA BODY END", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n", done: "0 done"},
		{name: "trailers as they come", say: func(s *end2) []string {
			return list("c:POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n", "stream 0 c", "c:4\r\nbody\r\n0\r\nSum: 1\r\n\r\n", "shout 0 c",
				s.head(1, 0, ":status: 200"), s.send(http2.FrameData, 0, 1, "ok"), s.head(1, endStream, "sum: 2"), "stream 1 s", "shout 1 s")
		}, toServer: "1 HEADERS :method=POST " + asked + "\n1 DATA BODY\n1 HEADERS sum=1 END", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\nsum: 2\r\n\r\n", done: "0 done"},
		{name: "other trailers", say: func(s *end2) []string {
			return list("c:POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n", "stream 0 c", "c:4\r\nbody\r\n0\r\nSum: 1\r\n\r\n", "shout more 0 c",
				s.head(1, 0, ":status: 200"), s.send(http2.FrameData, endStream, 1, "ok"), "stream 1 s", "shout more 1 s")
		}, toServer: "1 HEADERS :method=POST " + asked + "\n1 DATA BODY\n1 HEADERS sum=mine END", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\nSum: mine\r\n\r\n", done: "0 done"},
		{name: "bodies are cut short", say: func(s *end2) []string {
			return list(post, "stream 0 c", "c:bo", "end 0 c", "c:dy", s.head(1, 0, ":status: 200", "content-length: 4"), s.send(http2.FrameData, 0, 1, "lo"), "stream 1 s", "end 1 s", s.send(http2.FrameData, endStream, 1, "ng"), get, "on 2 c", ok(s, 3), "on 3 s")
		}, toServer: "1 HEADERS :method=POST " + asked + "\n1 DATA  END\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET " + asked + " END", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + okWords, done: "0 done\n1 done"},
		{name: "answered", say: func(s *end2) []string { return list(get, "answer 0", get, "on 1 c", ok(s, 1), "on 2 s") },
			toServer: "1 HEADERS :method=GET " + asked + " END", toClient: "HTTP/1.1 418 I'm a teapot\r\nBy: hook\r\nContent-Length: 2\r\n\r\nno" + okWords, done: "0 done\n1 done"},
		{name: "answered in chunks", say: func(s *end2) []string { return list(get, "chunks 0") },
			toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", done: "0 done"},
		{name: "a hook fails over a request", say: func(s *end2) []string { return list(get, "fail 0") },
			toServer: "0 GOAWAY 0 NO_ERROR", toClient: "<mine>", done: "0 done server left: mine", fates: [2]Fate{Close, Close}},
		{name: "a hook fails over a reply", say: func(s *end2) []string { return list(get, "on 0 c", ok(s, 1), "fail 1") },
			toServer: "1 HEADERS :method=GET " + asked + " END\n0 GOAWAY 0 NO_ERROR", toClient: "<mine>", done: "0 done server left: mine", fates: [2]Fate{Close, Close}},
		{name: "a hook fails over a body", say: func(s *end2) []string { return list(get, "on 0 c", ok(s, 1), "stream 1 s", "fail 1") },
			toServer: "1 HEADERS :method=GET " + asked + " END\n0 GOAWAY 0 NO_ERROR", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n", done: "0 done server left: mine", fates: [2]Fate{Close, Cut}},
		{name: "the server resets behind a whole reply", say: func(s *end2) []string { return list(post, "on 0 c", ok(s, 1), rst(s, 1, http2.ErrCodeNo), "on 1 s") },
			toServer: "1 HEADERS :method=POST " + asked + " content-length=4\n0 GOAWAY 0 NO_ERROR", toClient: "HTTP/1.1 200 \r\ncontent-length: 2\r\nconnection: close\r\n\r\nok", done: "0 done early", fates: [2]Fate{Close, Close}},
		{name: "the server resets amid a reply", say: func(s *end2) []string {
			return list(get, "on 0 c", s.head(1, 0, ":status: 200"), rst(s, 1, http2.ErrCodeInternal), "on 1 s")
		}, toServer: "1 HEADERS :method=GET " + asked + " END\n0 GOAWAY 0 NO_ERROR", toClient: "<RST_STREAM INTERNAL_ERROR>", done: "0 done server left: RST_STREAM INTERNAL_ERROR", fates: [2]Fate{Close, Close}},
		{name: "the server leaves behind a whole reply", say: func(s *end2) []string { return list(get, "on 0 c", ok(s, 1), "s!", "stream 1 s", "shout 1 s") },
			toServer: "1 HEADERS :method=GET " + asked + " END", toClient: "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\nOK\r\n0\r\n\r\n", done: "0 done", fates: [2]Fate{Close, Close}},
		{name: "the server leaves before anything is asked", say: func(s *end2) []string { return list(get, "s!", "on 0 c") },
			toClient: "<unexpected EOF>", done: "0 done server left: unexpected EOF", fates: [2]Fate{Close, Close}},
		{name: "and is not needed", say: func(s *end2) []string { return list(get, "s!", "answer 0") },
			toClient: "HTTP/1.1 418 I'm a teapot\r\nBy: hook\r\nContent-Length: 2\r\n\r\nno", done: "0 done", fates: [2]Fate{Close, Close}},
		{name: "the client leaves", say: func(s *end2) []string { return list(get, "c#", "on 0 c") },
			toServer: "0 GOAWAY 0 NO_ERROR", done: "0 done client left: reset", fates: [2]Fate{Close, Reset}},
	} {
		t.Run(x.name, func(t *testing.T) {
			begin := []string{newEnd2("s").send(http2.FrameSettings, 0, 0, "")}
			x.check(t, begin, func() *end2 { return newEnd2("s") }, func(o Options) heldMachine { return NewH1toH2(o) },
				func(h *heard) (string, string) { return inWords(t, h.toServer, false), string(h.toClient) })
		})
	}
}
