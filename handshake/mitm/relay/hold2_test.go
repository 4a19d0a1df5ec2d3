package relay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// holder2 is an H2 with what its holder keeps, and what came of it.
type holder2 struct {
	*H2
	c, s               *end2
	held               []*Exchange
	toServer, toClient []byte
	events             []string
}

func newHolder2(o Options) *holder2 {
	h := &holder2{c: newEnd2("c"), s: newEnd2("s")}
	n := map[*Exchange]int{}
	o.Hold = func(x *Exchange, _ Side) bool {
		if x.Request.Target == "/free" {
			return false
		}
		h.held = append(h.held, x)
		return true
	}
	o.Event = func(e Event) {
		if _, ok := n[e.Exchange]; !ok {
			n[e.Exchange] = len(n)
		}
		h.events = append(h.events, told(n[e.Exchange], e))
	}
	h.H2 = NewH2(o)
	h.say(begin2(h.c, h.s)...)
	return h
}

func (h *holder2) say(say ...string) {
	a, b := receive2(h.H2, say...)
	h.toServer, h.toClient = append(h.toServer, a...), append(h.toClient, b...)
	h.take()
}

func (h *holder2) take() {
	h.toServer, h.toClient = append(h.toServer, h.Output(Server)...), append(h.toClient, h.Output(Client)...)
}

// goOn has the nth message that was held go on.
func (h *holder2) goOn(n int, from Side, c Changes) { h.Continue(h.held[n], from, c); h.take() }

// shout is what comes of a body, in capitals.
func (h *holder2) shout(n int, from Side, asCame bool, trailer ...Field) {
	for {
		p := make([]byte, 7)
		k, err := h.Take(h.held[n], from, p)
		h.Give(h.held[n], from, bytes.ToUpper(p[:k]))
		if err == io.EOF {
			h.GiveEnd(h.held[n], from, asCame, trailer)
		}
		if k == 0 {
			h.take()
			return
		}
	}
}

func (h *holder2) answer(n int, a Answer, body string) {
	h.Respond(h.held[n], a)
	h.Give(h.held[n], Server, []byte(body))
	h.GiveEnd(h.held[n], Server, false, nil)
	h.take()
}

// numbered is each frame in a line, with its stream.
func numbered(t *testing.T, b []byte) string {
	var out []string
	b = bytes.TrimPrefix(b, []byte(http2.ClientPreface))
	for len(b) >= frameHeader {
		n := int(b[0])<<16 | int(b[1])<<8 | int(b[2]) + frameHeader
		if s := frames2(t, b[:n]); s != "" {
			out = append(out, fmt.Sprintf("%d %s", b[8], s))
		}
		b = b[n:]
	}
	return strings.Join(out, "\n")
}

func (h *holder2) want(t *testing.T, toServer, toClient string) {
	t.Helper()
	if got := numbered(t, h.toServer); got != toServer {
		t.Errorf("the server heard\n%s\nwant\n%s", got, toServer)
	}
	if got := numbered(t, h.toClient); got != toClient {
		t.Errorf("the client heard\n%s\nwant\n%s", got, toClient)
	}
}

// TestHold2: one stream waits, and the others go on; and each goes on as its holder wants it.
func TestHold2(t *testing.T) {
	get := func(h *holder2, id uint32, path string) {
		h.say(h.c.head(id, endStream, ":method: GET", ":scheme: https", ":path: "+path, "cookie: c"))
	}
	post := func(h *holder2, id uint32, body string) {
		h.say(h.c.head(id, 0, ":method: POST", ":scheme: https", ":path: /p", "content-length: 5"), h.c.send(http2.FrameData, endStream, id, body))
	}
	reply := func(h *holder2, id uint32, body string) {
		h.say(h.s.head(id, 0, ":status: 200", "x: 1", "content-length: "+strconv.Itoa(len(body))), h.s.send(http2.FrameData, endStream, id, body))
	}
	goAway := func(last uint32) string { return u32(last, 0) }
	for _, x := range []struct {
		name               string
		play               func(h *holder2)
		toServer, toClient string
		events             string
	}{
		{"as it came", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			reply(h, 1, "ok")
			h.goOn(1, Server, Changes{})
		}, "1 HEADERS :method=GET :path=/a cookie=c", "1 HEADERS :status=200 x=1 content-length=2\n1 DATA ok true",
			"0 request GET /a\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{"held for ever", func(h *holder2) { post(h, 1, "hello") }, "", "", "0 request POST /p\n0 body c:hello\n0 request_over"},
		{"overtaken", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			get(h, 5, "/c")
			h.goOn(2, Client, Changes{})
			for _, id := range []uint32{3, 5, 7} {
				reply(h, id, fmt.Sprint(id))
			}
			for i := range 3 {
				h.goOn(3+i, Server, Changes{})
			}
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c\n7 HEADERS :method=GET :path=/c cookie=c",
			"3 HEADERS :status=200 x=1 content-length=1\n3 DATA 3 true\n1 HEADERS :status=200 x=1 content-length=1\n1 DATA 5 true\n5 HEADERS :status=200 x=1 content-length=1\n5 DATA 7 true", ""},
		{"fields and first lines", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{Method: "PUT", Target: "/b", Fields: []Placed{came(1), came(2), came(3), {Field: Field{"X-New", "n"}}}})
			reply(h, 1, "ok")
			h.goOn(1, Server, Changes{Status: 404, Fields: []Placed{came(1), came(3)}})
		}, "1 HEADERS :method=PUT :path=/b x-new=n", "1 HEADERS :status=404 content-length=2\n1 DATA ok true", ""},
		{"a body both ways", func(h *holder2) {
			post(h, 1, "hello")
			h.goOn(0, Client, Changes{Stream: true})
			h.shout(0, Client, true)
			reply(h, 1, "ok")
			h.goOn(1, Server, Changes{Stream: true})
			h.shout(1, Server, true)
		}, "1 HEADERS :method=POST :path=/p\n1 DATA HELLO false\n1 DATA  true", "1 HEADERS :status=200 x=1\n1 DATA OK false\n1 DATA  true",
			"0 request POST /p\n0 body c:hello\n0 request_over\n0 reply 200\n0 body s:ok\n0 reply_over\n0 done"},
		{"trailers as they came, and other ones", func(h *holder2) {
			h.say(h.c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), h.c.send(http2.FrameData, 0, 1, "a"), h.c.head(1, endStream, "sum: 1"))
			h.goOn(0, Client, Changes{Stream: true})
			h.shout(0, Client, true)
			h.say(h.s.head(1, 0, ":status: 200"), h.s.send(http2.FrameData, 0, 1, "a"), h.s.head(1, endStream, "sum: 2"))
			h.goOn(1, Server, Changes{Stream: true})
			h.shout(1, Server, false, Field{"Mine", "3"})
		}, "1 HEADERS :method=POST\n1 DATA A false\n1 HEADERS sum=1", "1 HEADERS :status=200\n1 DATA A false\n1 HEADERS mine=3", ""},
		{"a trailer behind a head that is held", func(h *holder2) {
			h.say(h.c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), h.c.send(http2.FrameData, 0, 1, "a"), h.c.head(1, endStream, "sum: 1"))
			h.goOn(0, Client, Changes{})
		}, "1 HEADERS :method=POST\n1 DATA a false\n1 HEADERS sum=1", "", ""},
		{"a body that is replaced before it has come", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			h.say(h.s.head(1, 0, ":status: 200"), h.s.send(http2.FrameData, 0, 1, "ab"))
			h.goOn(1, Server, Changes{Stream: true})
			h.Give(h.held[1], Server, []byte("mine"))
			h.GiveEnd(h.held[1], Server, true, nil)
			h.say(h.s.send(http2.FrameData, endStream, 1, "cd"))
		}, "1 HEADERS :method=GET :path=/a cookie=c", "1 HEADERS :status=200\n1 DATA mine false\n1 DATA  true", "0 request GET /a\n0 request_over\n0 reply 200\n0 body s:ab\n0 body s:cd\n0 reply_over\n0 done"},
		{"a body of nothing becomes one", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			h.say(h.s.head(1, endStream, ":status: 200"))
			h.goOn(1, Server, Changes{Stream: true})
			h.Give(h.held[1], Server, []byte("mine"))
			h.GiveEnd(h.held[1], Server, true, nil)
		}, "1 HEADERS :method=GET :path=/a cookie=c", "1 HEADERS :status=200\n1 DATA mine false\n1 DATA  true", "0 request GET /a\n0 request_over\n0 reply 200\n0 reply_over\n0 done"},
		{"an answer, and the next as if nothing were", func(h *holder2) {
			get(h, 1, "/a")
			h.answer(0, Answer{Status: 403, Fields: []Field{{"X-A", "1"}}, Length: 2}, "no")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
		}, "3 HEADERS :method=GET :path=/b cookie=c", "1 HEADERS :status=403 x-a=1 content-length=2\n1 DATA no false\n1 DATA  true", "0 request GET /a\n0 request_over\n0 reply_over\n0 done\n1 request GET /b\n1 request_over"},
		{"an answer before the body has come", func(h *holder2) {
			h.say(h.c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"), h.c.send(http2.FrameData, 0, 1, "ab"))
			h.answer(0, Answer{Status: 403, Length: -1}, "no")
			h.say(h.c.send(http2.FrameData, endStream, 1, "cd"))
		}, "", "1 HEADERS :status=403\n1 DATA no false\n1 DATA  true\n1 RST_STREAM NO_ERROR", "0 request POST /\n0 body c:ab\n0 reply_over\n0 done early"},
		{"a client that cancels", func(h *holder2) {
			get(h, 1, "/a")
			h.say(h.c.send(http2.FrameRSTStream, 0, 1, u32(8)))
			h.goOn(0, Client, Changes{})
		}, "", "", "0 request GET /a\n0 request_over\n0 done client left"},
		{"a client that cancels what has another number", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			h.say(h.c.send(http2.FrameRSTStream, 0, 1, u32(8)))
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c\n5 RST_STREAM CANCEL", "", ""},
		{"a server that resets what has another number", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			h.say(h.s.send(http2.FrameRSTStream, 0, 5, u32(7)))
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c", "1 RST_STREAM REFUSED_STREAM", ""},
		{"GOAWAY, as it came", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.say(h.s.send(http2.FrameGoAway, 0, 0, goAway(1)))
		}, "1 HEADERS :method=GET :path=/a cookie=c\n3 HEADERS :method=GET :path=/b cookie=c", "0 GOAWAY 1", "0 request GET /a\n0 request_over\n1 request GET /b\n1 request_over\n1 done server left"},
		{"GOAWAY, of what was overtaken", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			h.say(h.s.send(http2.FrameGoAway, 0, 0, goAway(3)))
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c", "0 GOAWAY 3\n1 RST_STREAM REFUSED_STREAM", ""},
		{"GOAWAY while one is held", func(h *holder2) {
			get(h, 1, "/a")
			h.say(h.s.send(http2.FrameGoAway, 0, 0, goAway(0)))
			h.goOn(0, Client, Changes{})
		}, "", "0 GOAWAY 1\n1 RST_STREAM REFUSED_STREAM", ""},
		{"GOAWAY, and requests that were on their way, held or not", func(h *holder2) {
			h.say(h.s.send(http2.FrameGoAway, 0, 0, goAway(0)))
			get(h, 1, "/free")
			get(h, 3, "/a")
			h.goOn(0, Client, Changes{})
			h.say(h.c.send(http2.FrameRSTStream, 0, 1, u32(8)), h.c.send(http2.FrameRSTStream, 0, 3, u32(8)))
		}, "", "0 GOAWAY 0\n1 RST_STREAM REFUSED_STREAM\n3 RST_STREAM REFUSED_STREAM", "0 request GET /free\n0 done server left\n1 request GET /a\n1 request_over\n1 done server left"},
		{"GOAWAY of a server that is about to go", func(h *holder2) {
			get(h, 1, "/a")
			h.say(h.s.send(http2.FrameGoAway, 0, 0, goAway(1<<31-1)))
			h.goOn(0, Client, Changes{})
		}, "1 HEADERS :method=GET :path=/a cookie=c", "0 GOAWAY 2147483647", ""},
		{"a server that leaves while its reply is held", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			reply(h, 1, "ok")
			h.End(Server, InOrder, io.EOF)
			h.take()
			h.goOn(1, Server, Changes{})
		}, "1 HEADERS :method=GET :path=/a cookie=c", "1 HEADERS :status=200 x=1 content-length=2\n1 DATA ok true", ""},
		{"a holder that fails", func(h *holder2) {
			get(h, 1, "/a")
			h.Fail(h.held[0], errors.New("mine"))
			h.take()
		}, "", "1 HEADERS :status=502\n1 DATA page false\n1 DATA  true", "0 request GET /a\n0 request_over\n0 reply_over\n0 done server left"},
		{"… amid a reply", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			h.say(h.s.head(1, 0, ":status: 200"), h.s.send(http2.FrameData, 0, 1, "ab"))
			h.goOn(1, Server, Changes{Stream: true})
			h.Fail(h.held[1], errors.New("mine"))
			h.take()
			h.say(h.s.send(http2.FrameData, endStream, 1, "late"))
		}, "1 HEADERS :method=GET :path=/a cookie=c\n1 RST_STREAM CANCEL", "1 HEADERS :status=200\n1 RST_STREAM INTERNAL_ERROR", ""},
		{"… with a reply that is held", func(h *holder2) {
			get(h, 1, "/a")
			h.goOn(0, Client, Changes{})
			reply(h, 1, "ok")
			h.Fail(h.held[1], errors.New("mine"))
			h.take()
		}, "1 HEADERS :method=GET :path=/a cookie=c", "1 HEADERS :status=502\n1 DATA page false\n1 DATA  true", ""},
		{"priorities", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			h.say(h.c.send(http2.FramePriority, 0, 1, "\x00\x00\x00\x03\x10"), h.c.send(http2.FramePriority, 0, 9, "\x00\x00\x00\x03\x10"), h.c.send(framePriorityUpdate, 0, 0, u32(1)+"u=1"), h.c.send(http2.FramePing, 0, 0, "12345678"))
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c\n5 PRIORITY 3\n0 UPDATE 5 u=1\n0 PING", "", ""},
		{"a WebSocket", func(h *holder2) {
			h.say(h.c.head(1, 0, ":method: CONNECT", ":protocol: websocket", ":scheme: https", ":path: /", ":authority: a"))
			h.goOn(0, Client, Changes{Stream: true})
			h.say(h.s.head(1, 0, ":status: 200"), h.s.send(http2.FrameData, 0, 1, "hi"))
			h.goOn(1, Server, Changes{Stream: true})
			h.say(h.c.send(http2.FrameData, 0, 1, "ho"))
		}, "1 HEADERS :method=CONNECT :protocol=websocket\n1 DATA ho false", "1 HEADERS :status=200\n1 DATA hi false", ""},
		{"a push", func(h *holder2) {
			get(h, 1, "/a")
			get(h, 3, "/b")
			h.goOn(1, Client, Changes{})
			h.goOn(0, Client, Changes{})
			h.say("s:"+string(frame(nil, http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, 5, append([]byte{0, 0, 0, 2}, h.s.fields(":method: GET", ":scheme: https", ":path: /pushed")...))), h.s.head(2, endStream, ":status: 204"))
			h.goOn(2, Server, Changes{})
		}, "3 HEADERS :method=GET :path=/b cookie=c\n5 HEADERS :method=GET :path=/a cookie=c", "1 PUSH_PROMISE 2\n2 HEADERS :status=204", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHolder2(Options{Page: func(*Exchange) ([]Field, string) { return []Field{{":status", "502"}}, "page" }})
			x.play(h)
			h.take()
			h.want(t, x.toServer, x.toClient)
			if got := strings.Join(h.events, "\n"); x.events != "" && got != x.events {
				t.Errorf("events:\n%s\nwant:\n%s", got, x.events)
			}
			if n := h.queued; n != 0 && x.name != "held for ever" {
				t.Errorf("%d bytes are still counted as queued", n)
			}
		})
	}
}

// TestHeldCredit: what is held counts against its own stream's window, not against the others'; what
// is taken the sender gets back; and what the windows hold in the end is what they held before.
func TestHeldCredit(t *testing.T) {
	h := newHolder2(Options{})
	h.say(h.c.head(1, 0, ":method: POST", ":scheme: https", ":path: /"))
	var sent int
	for range 4 {
		h.say(h.c.send(http2.FrameData, 0, 1, strings.Repeat("x", 16000)))
		sent += 16000
	}
	given := func(b []byte) (conn, stream int64) {
		f := http2.NewFramer(nil, bytes.NewReader(bytes.TrimPrefix(b, []byte(http2.ClientPreface))))
		for {
			fr, err := f.ReadFrame()
			if err != nil {
				return conn, stream
			}
			if w, ok := fr.(*http2.WindowUpdateFrame); ok {
				if w.StreamID == 0 {
					conn += int64(w.Increment)
				} else {
					stream += int64(w.Increment)
				}
			}
		}
	}
	if conn, stream := given(h.toClient); conn != int64(sent) || stream != 0 {
		t.Fatalf("while it was held the client got back %d and %d", conn, stream)
	}
	h.goOn(0, Client, Changes{Stream: true})
	h.shout(0, Client, true)
	if n := bytes.Count(h.toServer, []byte("X")); n != sent {
		t.Errorf("%d bytes went on", n)
	}
	// The server takes it, and the client, who was told of some before, is told of no more than that.
	h.say(h.s.send(http2.FrameWindowUpdate, 0, 0, u32(uint32(sent))), h.s.send(http2.FrameWindowUpdate, 0, 1, u32(uint32(sent))))
	if conn, stream := given(h.toClient); conn != int64(sent) || stream != int64(sent) {
		t.Errorf("in the end the client has %d and %d", conn, stream)
	}
}

// TestHeldQueueIsBounded: beyond a limit the window of the connection is not told.
func TestHeldQueueIsBounded(t *testing.T) {
	h := newHolder2(Options{})
	piece := strings.Repeat("x", 16000)
	for i := range 3 * maxQueued / len(piece) {
		id := uint32(2*(i/4) + 1)
		if i%4 == 0 {
			h.say(h.c.head(id, 0, ":method: POST", ":scheme: https", ":path: /"))
		}
		h.say(h.c.send(http2.FrameData, 0, id, piece))
	}
	if h.queued > maxQueued {
		t.Errorf("%d bytes are queued that no window knows of", h.queued)
	}
	for i := range h.held {
		h.answer(i, Answer{Status: 204, Length: -1}, "")
	}
	if h.queued != 0 || h.client.debt != 0 {
		t.Errorf("%d bytes are queued, %d owed", h.queued, h.client.debt)
	}
}

// TestCreditWhileHeld: what the client gives a stream that the server does not know of yet comes
// behind its head.
func TestCreditWhileHeld(t *testing.T) {
	h := newHolder2(Options{})
	h.say(h.c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), h.c.send(http2.FrameWindowUpdate, 0, 1, u32(5)), h.c.send(http2.FrameWindowUpdate, 0, 1, u32(7)))
	if bytes.Contains(h.toServer, []byte(u32(12))) || bytes.Contains(h.toServer, []byte(u32(5))) {
		t.Error("credit for a stream that was not begun")
	}
	h.goOn(0, Client, Changes{})
	if !bytes.HasSuffix(h.toServer, frame(nil, http2.FrameWindowUpdate, 0, 1, []byte(u32(12)))) {
		t.Errorf("%x", h.toServer)
	}
}

// TestBeforeSettings: nothing comes before a server's SETTINGS, whatever becomes of the request.
func TestBeforeSettings(t *testing.T) {
	page := func(*Exchange) ([]Field, string) { return []Field{{":status", "502"}}, "page" }
	for _, x := range []struct {
		name string
		o    Options
		do   func(h *holder2)
		want string
	}{
		{"an answer", Options{}, func(h *holder2) { h.answer(0, Answer{Status: 403, Length: 2}, "no") }, "1 HEADERS :status=403 content-length=2\n1 DATA no true"},
		{"a holder that fails", Options{}, func(h *holder2) { h.Fail(h.held[0], errors.New("mine")) }, "1 RST_STREAM INTERNAL_ERROR"},
		{"… with a page", Options{Page: page}, func(h *holder2) { h.Fail(h.held[0], errors.New("mine")) }, "1 HEADERS :status=502\n1 DATA page true"},
		{"nothing", Options{}, func(h *holder2) { h.goOn(0, Client, Changes{}) }, ""},
		{"a number that is too high", Options{}, func(h *holder2) { h.nextUp = 1 << 31; h.goOn(0, Client, Changes{}) }, "1 RST_STREAM REFUSED_STREAM"},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := &holder2{c: newEnd2("c"), s: newEnd2("s")}
			x.o.Hold = func(x *Exchange, _ Side) bool { h.held = append(h.held, x); return true }
			h.H2 = NewH2(x.o)
			h.say("c:"+http2.ClientPreface, h.c.send(http2.FrameSettings, 0, 0, ""), h.c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"))
			x.do(h)
			if h.take(); len(h.toClient) > 0 {
				t.Fatalf("%x", h.toClient)
			}
			h.say(h.s.send(http2.FrameSettings, 0, 0, ""))
			if h.toServer = nil; x.want != "" && h.Waiting() {
				t.Error("the stream is not over")
			}
			h.want(t, "", x.want)
		})
	}
}

// TestGoAwayBeforeSettings: nor does the relay's own GOAWAY, where the server has said nothing.
func TestGoAwayBeforeSettings(t *testing.T) {
	c := newEnd2("c")
	m := NewH2(Options{})
	_, got := receive2(m, "c:"+http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, ""), c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), c.send(http2.FrameWindowUpdate, 0, 1, "x"))
	if want := append(frame(nil, http2.FrameSettings, 0, 0, nil), goAwayFrame(1, http2.ErrCodeProtocol)...); !bytes.Equal(got, want) {
		t.Errorf("the client heard %q, not %q", got, want)
	}
}
