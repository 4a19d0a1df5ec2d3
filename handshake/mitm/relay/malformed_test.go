package relay

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// TestMalformed2 plays what is malformed among what is not: its stream ends, what is said of it after
// that goes nowhere, and the other streams go on, under whatever tables the two ends have by then.
func TestMalformed2(t *testing.T) {
	var c, s *end2
	get := func(id uint32, more ...string) string {
		return c.head(id, endStream, append([]string{":method: GET", ":scheme: https", ":authority: a", ":path: /"}, more...)...)
	}
	post := func(id uint32, more ...string) string {
		return c.head(id, 0, append([]string{":method: POST", ":scheme: https", ":authority: a", ":path: /"}, more...)...)
	}
	push := func(of, id uint32, pairs ...string) string {
		return "s:" + string(frame(nil, http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, of, append([]byte(u32(id)), s.fields(pairs...)...)))
	}
	page := Options{Page: page502}
	bodies := Options{Change: func(*Exchange, Side) Changes { return Changes{Body: &upper{}} }}
	for _, x := range []struct {
		name               string
		o                  Options
		say                func() []string
		toServer, toClient string
		faults             string // of each exchange
	}{
		{"a request's head", Options{}, func() []string {
			return []string{get(1, "x-a: 1"), get(3, "x-a: 1", "x-b: 2", "Bad: 3"), get(5, "x-a: 1", "x-b: 2", "x-c: 4"), s.head(5, endStream, ":status: 204", "x-d: 5"), get(7, "x-c: 4"), s.head(1, endStream, ":status: 204", "x-d: 5")}
		}, "1 HEADERS :method=GET x-a=1 END\n5 HEADERS :method=GET x-a=1 x-b=2 x-c=4 END\n7 HEADERS :method=GET x-c=4 END",
			"3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :status=204 x-d=5 END\n1 HEADERS :status=204 x-d=5 END", " client:field  "},
		{"… answered", page, func() []string { return []string{get(1, "Bad: 3"), post(3, "Bad: 3"), get(5)} },
			"5 HEADERS :method=GET END",
			"1 HEADERS :status=400 content-type=text/plain; charset=utf-8\n1 DATA no\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :status=400 content-type=text/plain; charset=utf-8\n3 DATA no\n3 RST_STREAM PROTOCOL_ERROR", "client:field client:field "},
		{"… to HEAD", page, func() []string {
			return []string{c.head(1, endStream, ":method: HEAD", ":scheme: https", ":authority: a", ":path: /", "Bad: 3")}
		}, "", "1 HEADERS :status=400 content-type=text/plain; charset=utf-8\n1 RST_STREAM PROTOCOL_ERROR", "client:field"},
		{"… and what still comes of it", Options{}, func() []string {
			return []string{post(1, "Bad: 3"), c.send(http2.FrameData, 0, 1, "body"), c.send(http2.FrameWindowUpdate, 0, 1, u32(10)), c.head(1, endStream, "sum: 1"), c.send(http2.FrameRSTStream, 0, 1, u32(8)), get(3, "sum: 1")}
		}, "3 HEADERS :method=GET sum=1 END", "1 RST_STREAM PROTOCOL_ERROR", "client:field "},
		{"a request's body, too long", page, func() []string {
			return []string{post(1, "content-length: 5"), c.send(http2.FrameData, 0, 1, "hel"), c.send(http2.FrameData, http2.FlagDataPadded, 1, "\x02lo!\x00\x00"), c.send(http2.FrameData, endStream, 1, "more"), s.head(1, endStream, ":status: 200", "x-a: 1"), get(3), s.head(3, endStream, ":status: 204", "x-a: 1")}
		}, "1 HEADERS :method=POST content-length=5\n1 DATA hel\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET END",
			"1 HEADERS :status=400 content-type=text/plain; charset=utf-8\n1 DATA no\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :status=204 x-a=1 END", "client:body_length "},
		{"… too short", Options{}, func() []string {
			return []string{post(1, "content-length: 5"), c.send(http2.FrameData, endStream, 1, "hell"), get(3)}
		}, "1 HEADERS :method=POST content-length=5\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET END", "1 RST_STREAM PROTOCOL_ERROR", "client:body_length "},
		{"… too short before a trailer", Options{}, func() []string {
			return []string{post(1, "content-length: 5"), c.send(http2.FrameData, 0, 1, "hell"), c.head(1, endStream, "sum: 1"), get(3, "sum: 1")}
		}, "1 HEADERS :method=POST content-length=5\n1 DATA hell\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET sum=1 END", "1 RST_STREAM PROTOCOL_ERROR", "client:body_length "},
		{"… where it is changed", bodies, func() []string {
			return []string{post(1, "content-length: 5"), c.send(http2.FrameData, endStream, 1, "hello!"), get(3)}
		}, "1 HEADERS :method=POST\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET END", "1 RST_STREAM PROTOCOL_ERROR", "client:body_length "},
		{"a request's trailer", Options{}, func() []string {
			return []string{post(1), c.send(http2.FrameData, 0, 1, "x"), c.head(1, endStream, "sum: 1", ":path: /"), post(3), c.head(3, 0, "sum: 1"), post(5), c.head(5, endStream, "Sum: 1"), post(7), c.head(7, endStream, "content-length: 0"), post(9), c.head(9, endStream, "sum: 1")}
		}, "1 HEADERS :method=POST\n1 DATA x\n1 RST_STREAM CANCEL\n3 HEADERS :method=POST\n3 RST_STREAM CANCEL\n5 HEADERS :method=POST\n5 RST_STREAM CANCEL\n7 HEADERS :method=POST\n7 RST_STREAM CANCEL\n9 HEADERS :method=POST\n9 HEADERS sum=1 END",
			"1 RST_STREAM PROTOCOL_ERROR\n3 RST_STREAM PROTOCOL_ERROR\n5 RST_STREAM PROTOCOL_ERROR\n7 RST_STREAM PROTOCOL_ERROR", "client:pseudo_field client:extraneous client:field client:trailer "},
		{"behind a request's end", Options{}, func() []string {
			return []string{get(1), c.send(http2.FrameData, endStream, 1, "x"), get(3), c.head(3, endStream, "sum: 1")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET END\n3 RST_STREAM CANCEL", "1 RST_STREAM STREAM_CLOSED\n3 RST_STREAM STREAM_CLOSED", "client:extraneous client:extraneous"},
		{"a reply's head", page, func() []string {
			return []string{get(1), get(3), s.head(1, 0, ":status: 200", "x-a: 1", "Bad: 2"), s.send(http2.FrameData, endStream, 1, "late"), s.head(3, endStream, ":status: 204", "x-a: 1")}
		}, "1 HEADERS :method=GET END\n3 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR",
			"1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n3 HEADERS :status=204 x-a=1 END", "server:field "},
		{"a reply's body", page, func() []string {
			return []string{get(1), s.head(1, 0, ":status: 200", "content-length: 3"), s.send(http2.FrameData, 0, 1, "ab"), s.send(http2.FrameData, endStream, 1, "cd"), post(3), s.head(3, 0, ":status: 200", "content-length: 3"), s.send(http2.FrameData, endStream, 3, ""), get(5)}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :method=POST\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :method=GET END",
			"1 HEADERS :status=200 content-length=3\n1 DATA ab\n1 RST_STREAM INTERNAL_ERROR\n3 HEADERS :status=200 content-length=3\n3 RST_STREAM INTERNAL_ERROR", "server:body_length server:body_length "},
		{"a body before a reply, and one behind HEAD", page, func() []string {
			return []string{get(1), s.send(http2.FrameData, endStream, 1, "x"), c.head(3, endStream, ":method: HEAD", ":scheme: https", ":authority: a", ":path: /"), s.head(3, 0, ":status: 200", "content-length: 3"), s.send(http2.FrameData, endStream, 3, "abc"),
				c.head(5, endStream, ":method: HEAD", ":scheme: https", ":authority: a", ":path: /"), s.head(5, endStream, ":status: 200", "content-length: 3"), c.head(7, endStream, ":method: HEAD", ":scheme: https", ":authority: a", ":path: /"), s.head(7, 0, ":status: 200", "content-length: 3"), s.send(http2.FrameData, endStream, 7, "")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :method=HEAD END\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :method=HEAD END\n7 HEADERS :method=HEAD END",
			"1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n3 HEADERS :status=200 content-length=3\n3 RST_STREAM INTERNAL_ERROR\n5 HEADERS :status=200 content-length=3 END\n7 HEADERS :status=200 content-length=3\n7 DATA  END", "server:extraneous server:extraneous  "},
		{"a reply's trailer", Options{}, func() []string {
			return []string{get(1), s.head(1, 0, ":status: 200"), s.head(1, endStream, ":status: 200"), get(3), s.head(3, 0, ":status: 200"), s.head(3, 0, "sum: 1"), get(5), s.head(5, 0, ":status: 200"), s.send(http2.FrameData, 0, 5, "x"), s.head(5, endStream, "connection: close"), get(7), s.head(7, 0, ":status: 200"), s.head(7, endStream, "sum: 1")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :method=GET END\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :method=GET END\n5 RST_STREAM PROTOCOL_ERROR\n7 HEADERS :method=GET END",
			"1 HEADERS :status=200\n1 RST_STREAM INTERNAL_ERROR\n3 HEADERS :status=200\n3 RST_STREAM INTERNAL_ERROR\n5 HEADERS :status=200\n5 DATA x\n5 RST_STREAM INTERNAL_ERROR\n7 HEADERS :status=200\n7 HEADERS sum=1 END", "server:pseudo_field server:extraneous server:field "},
		{"a reply of 1xx", page, func() []string {
			return []string{get(1), s.head(1, 0, ":status: 103", "Link: x"), get(3), s.head(3, endStream, ":status: 103", "x-a: 1"), get(5), s.head(5, 0, ":status: 103", "x-a: 1"), s.head(5, endStream, ":status: 204")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR\n3 HEADERS :method=GET END\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :method=GET END",
			"1 HEADERS :status=502 content-type=text/plain; charset=utf-8\n1 DATA no END\n3 HEADERS :status=502 content-type=text/plain; charset=utf-8\n3 DATA no END\n5 HEADERS :status=103 x-a=1\n5 HEADERS :status=204 END", "server:field server:extraneous "},
		{"what is pushed", page, func() []string {
			return []string{get(1), push(1, 2, ":method: GET", ":scheme: https", ":authority: a", ":path: /x", "x-a: 1", "te: trailers", "Bad: 1"), s.head(2, 0, ":status: 200", "x-b: 2"), s.send(http2.FrameData, endStream, 2, "late"), push(1, 4, ":method: GET", ":scheme: https", ":authority: a", ":path: /y", "x-a: 1"), s.head(4, 0, ":status: 200", "x-b: 2", "Bad: 1"), c.send(http2.FrameWindowUpdate, 0, 4, u32(9)),
				push(1, 6, ":method: GET", ":scheme: https", ":authority: a", ":path: /z", "content-length: 4"), s.head(1, endStream, ":status: 204", "x-b: 2")}
		}, "1 HEADERS :method=GET END\n2 RST_STREAM PROTOCOL_ERROR\n4 RST_STREAM PROTOCOL_ERROR\n6 RST_STREAM PROTOCOL_ERROR",
			"1 PUSH_PROMISE 4 :method=GET :path=/y x-a=1\n4 RST_STREAM INTERNAL_ERROR\n1 HEADERS :status=204 x-b=2 END", " server:field server:field server:body_length"},
		{"what is pushed with what was refused", Options{}, func() []string {
			return []string{get(1), s.head(1, 0, ":status: 200", "Bad: 1"), push(1, 2, ":method: GET", ":scheme: https", ":authority: a", ":path: /x", "x-a: 1"), s.head(2, endStream, ":status: 204"), get(3), s.head(3, endStream, ":status: 204", "x-a: 1")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM PROTOCOL_ERROR\n2 RST_STREAM CANCEL\n3 HEADERS :method=GET END", "1 RST_STREAM INTERNAL_ERROR\n3 HEADERS :status=204 x-a=1 END", "server:field "},
		{"late, of a stream that was given up", Options{}, func() []string {
			return []string{get(1), c.send(http2.FrameRSTStream, 0, 1, u32(8)), s.head(1, 0, ":status: 200", "x-a: 1"), s.head(1, endStream, "Bad: 1", "x-b: 2"), get(3), s.head(3, endStream, ":status: 204", "x-a: 1", "x-b: 2")}
		}, "1 HEADERS :method=GET END\n1 RST_STREAM CANCEL\n3 HEADERS :method=GET END", "1 HEADERS :status=200 x-a=1\n3 HEADERS :status=204 x-a=1 x-b=2 END", "client: "},
		{"spaces around a value", Options{}, func() []string {
			return []string{get(1), "s:" + string(frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders|endStream, 1, s.literals(":status: 200", "x-a:  \tb "))), "c:" + string(frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders|endStream, 3, c.literals(":method: GET", ":scheme: https", ":authority: a", ":path: /", "x-a: b ")))}
		}, "1 HEADERS :method=GET END", "1 HEADERS :status=200 x-a=b END\n3 RST_STREAM PROTOCOL_ERROR", " client:field"},
		{"the table became smaller", page, func() []string {
			return []string{get(1, "x-a: 1"), c.send(http2.FrameSettings, 0, 0, setting(http2.SettingHeaderTableSize, 0)), s.head(1, endStream, ":status: 204", "x-b: 1"), s.send(http2.FrameSettings, http2.FlagSettingsAck, 0, ""), get(3, "Bad: 1"), get(5), s.head(5, endStream, ":status: 204", "x-b: 1"), get(7), s.head(7, endStream, ":status: 204", "x-b: 1")}
		}, "1 HEADERS :method=GET x-a=1 END\n5 HEADERS :method=GET END\n7 HEADERS :method=GET END", "1 HEADERS :status=204 x-b=1 END\n3 HEADERS :status=400 content-type=text/plain; charset=utf-8\n3 DATA no\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :status=204 x-b=1 END\n7 HEADERS :status=204 x-b=1 END", " client:field  "},
	} {
		t.Run(x.name, func(t *testing.T) {
			c, s = newEnd2("c"), newEnd2("s")
			r := &row{o: x.o, say: append(begin2(c, s), x.say()...)}
			for _, n := range []int{0, 1, 7} {
				reads := newStrict2(t)
				h := play2(r, n)
				reads.hears(Client, h.toServer)
				reads.hears(Server, h.toClient)
				for i, want := range []string{x.toServer, x.toClient} {
					if got := strings.Join(reads.lines[i], "\n"); got != want {
						t.Errorf("in pieces of %d the %s heard\n%s\nwant\n%s", n, []string{"server", "client"}[i], got, want)
					}
				}
				var faults []string
				for _, x := range h.xs {
					f := ""
					if x.Fault != nil {
						f = fmt.Sprintf("%s:", x.Fault.Leg)
						if x.Fault.Refusal != nil {
							f += string(x.Fault.Refusal.Rule)
						}
					}
					faults = append(faults, f)
				}
				if got := strings.Join(faults, " "); got != x.faults {
					t.Errorf("in pieces of %d: %q, want %q", n, got, x.faults)
				}
			}
		})
	}
}

// TestRefusedGivesCredit: what the receiver never sees of a refused stream its sender gets back, and what
// the relay says in a body of its own the server is not given twice: it waits where it would say more
// than the client takes.
func TestRefusedGivesCredit(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m, reads := NewH2(Options{Page: page502}), newStrict2(t)
	hear := func(say ...string) {
		toServer, toClient := receive2(m, say...)
		reads.hears(Client, toServer)
		reads.hears(Server, toClient)
	}
	get := func(id uint32, more ...string) string {
		return c.head(id, endStream, append([]string{":method: GET", ":scheme: https", ":authority: a", ":path: /"}, more...)...)
	}
	hear(append(begin2(c, s), c.head(1, 0, ":method: POST", ":scheme: https", ":authority: a", ":path: /", "Bad: 1"), c.send(http2.FrameData, http2.FlagDataPadded, 1, "\x03hello123"), c.send(http2.FrameData, endStream, 1, "!"))...)
	if got := reads.windows[1]; got[0] != 10 || len(got) != 1 {
		t.Errorf("the client gets back %v", got)
	}
	hear(get(3), s.head(3, 0, ":status: 200", "content-length: 1"), s.send(http2.FrameData, 0, 3, "four"), s.send(http2.FrameData, 0, 3, "more"))
	if got := reads.windows[0]; got[0] != 4+4-len("no") || len(got) != 1 { // the first answer was "no"
		t.Errorf("the server gets back %v", got)
	}

	// All that the client takes, but for a byte, which an answer takes:
	hear(get(5), s.head(5, 0, ":status: 200"))
	for n := firstWindow - len("no") - 1; n > 0; n -= 16000 {
		hear(s.send(http2.FrameData, 0, 5, strings.Repeat("x", min(n, 16000))))
	}
	hear(get(7, "Bad: 1"))
	if got := reads.lines[1][len(reads.lines[1])-1]; got != "7 RST_STREAM PROTOCOL_ERROR" || reads.lines[1][len(reads.lines[1])-2] != "7 DATA n" {
		t.Error(got)
	}
	before := len(reads.lines[1])
	hear(s.send(http2.FrameData, 0, 5, "z"), s.send(http2.FramePing, 0, 0, "12345678"))
	if len(reads.lines[1]) != before || m.Wants(Server) {
		t.Errorf("the client hears %q, and takes nothing", reads.lines[1][before:])
	}
	hear(c.head(9, 0, ":method: POST", ":scheme: https", ":authority: a", ":path: /"), c.send(http2.FrameData, 0, 9, "x"))
	if m.Wants(Server) {
		t.Error("the server is heard, and the client takes nothing")
	}
	hear(get(11, "Bad: 1"), c.send(http2.FrameWindowUpdate, 0, 0, u32(3)))
	if got := strings.Join(reads.lines[1][before:], "\n"); !strings.HasSuffix(got, "5 DATA z\n0 PING") || !m.Wants(Server) || reads.windows[0][0] != 6+2 {
		t.Errorf("the client hears %q, the server gets %d", got, reads.windows[0][0])
	}
}

// TestNotAmidAFrame: what the relay says of itself waits for the end of a frame that passes as it comes.
func TestNotAmidAFrame(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m, reads := NewH2(Options{Page: page502}), newStrict2(t)
	hear := func(say ...string) {
		toServer, toClient := receive2(m, say...)
		reads.hears(Client, toServer)
		reads.hears(Server, toClient)
	}
	ask := []string{":method: GET", ":scheme: https", ":authority: a", ":path: /"}
	hear(append(begin2(c, s), c.head(1, endStream, ask...), s.head(1, 0, ":status: 200"))...)
	data := s.send(http2.FrameData, endStream, 1, "hello")
	hear(data[:2+frameHeader+2], c.head(3, endStream, append(ask, "Bad: 1")...), c.head(5, 0, append(ask[:3:3], ":path: /2")...))
	ping := c.send(http2.FramePing, 0, 0, "12345678")
	hear("s:"+data[2+frameHeader+2:], ping[:2+frameHeader+4], s.head(5, endStream, ":status: 204", "Bad: 1"), "c:"+ping[2+frameHeader+4:])
	if got, want := strings.Join(reads.lines[1], "\n"), "1 HEADERS :status=200\n1 DATA hello END\n3 HEADERS :status=400 content-type=text/plain; charset=utf-8\n3 DATA no\n3 RST_STREAM PROTOCOL_ERROR\n5 HEADERS :status=502 content-type=text/plain; charset=utf-8\n5 DATA no END\n5 RST_STREAM NO_ERROR"; got != want {
		t.Errorf("the client heard\n%s\nwant\n%s", got, want)
	}
	if got, want := strings.Join(reads.lines[0], "\n"), "1 HEADERS :method=GET END\n5 HEADERS :method=GET :path=/2\n0 PING\n5 RST_STREAM PROTOCOL_ERROR"; got != want {
		t.Errorf("the server heard\n%s\nwant\n%s", got, want)
	}
}

// TestTooManyMalformed: who goes on and on so has its connection end.
func TestTooManyMalformed(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m, reads := NewH2(Options{}), newStrict2(t)
	say := begin2(c, s)
	for i := range maxRefused + 2 {
		say = append(say, c.head(uint32(2*i+1), endStream, "x: y"))
	}
	_, toClient := receive2(m, say...)
	reads.hears(Server, toClient)
	r, _ := m.Broken().(*Refusal)
	if n := len(reads.lines[1]); r == nil || r.Rule != RuleMalformed || r.From != Client || !m.Over() || n != maxRefused+2 || reads.lines[1][n-1] != "0 GOAWAY ENHANCE_YOUR_CALM" {
		t.Errorf("%v, %d frames", m.Broken(), n)
	}
}

// TestMalformedWhileHeld: a message that is held is refused all the same when what follows shows that
// it is malformed; and what its holder then says comes too late.
func TestMalformedWhileHeld(t *testing.T) {
	h := newHolder2(Options{})
	h.say(h.c.head(1, 0, ":method: POST", ":scheme: https", ":path: /", "content-length: 2"), h.c.send(http2.FrameData, endStream, 1, "abc"),
		h.c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), h.c.head(5, endStream, ":method: GET", ":scheme: https", ":path: /", "Bad: 1"))
	h.goOn(0, Client, Changes{})
	h.goOn(1, Client, Changes{})
	h.say(h.s.head(3, 0, ":status: 200", "content-length: 2"), h.s.send(http2.FrameData, endStream, 3, "a"))
	h.goOn(2, Server, Changes{})
	h.want(t, "3 HEADERS :method=GET\n3 RST_STREAM PROTOCOL_ERROR", "1 RST_STREAM PROTOCOL_ERROR\n5 RST_STREAM PROTOCOL_ERROR\n3 RST_STREAM INTERNAL_ERROR")
	if h.queued != 0 || h.Waiting() {
		t.Errorf("%d bytes are queued, waiting %t", h.queued, h.Waiting())
	}
}
