package proxytest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/handshake/mitm/relay"
)

// The exchanges of HTTP/2.

type frame = proxytest.Frame

var (
	head, data, last, reset, goAway = proxytest.Headers, proxytest.Data, proxytest.Last, proxytest.Reset, proxytest.GoAway
	window, settings                = proxytest.Window, proxytest.Settings
)

// greet is how both ends begin.
func greet(more ...step) []step {
	return append(steps(cf(proxytest.Preface()...), sf(settings(), proxytest.Acks()), cf(proxytest.Acks())), more...)
}

// wide is the same with windows that nothing fills.
func wide(more ...step) []step {
	return append(steps(cf(append(proxytest.Preface("4=1073741824"), window(0, 1<<30))...), sf(settings("4=1073741824"), window(0, 1<<30), proxytest.Acks()), cf(proxytest.Acks())), more...)
}

func asks2(id uint32, method, path string, more ...string) frame {
	return head(id, slices.Concat([]string{":method: " + method, ":scheme: https", ":authority: www.lab.test", ":path: " + path}, more)...)
}

func get2(id uint32) step { return cf(last(asks2(id, "GET", "/"))) }

func ok2(id uint32) step {
	return sf(head(id, ":status: 200", "content-length: 2"), last(data(id, "ok")))
}

func asked2(name, method, path string, more ...string) exchange {
	return exchange{Name: name, Steps: greet(cf(last(asks2(1, method, path, more...))), ok2(1), get2(3), ok2(3))}
}

func replied2(name string, fs ...frame) exchange {
	return exchange{Name: name, Steps: greet(get2(1), sf(fs...), get2(3), ok2(3))}
}

func odd2() []exchange {
	long := strings.Repeat("x", 70<<10)
	mb := strings.Repeat("12345678", 1<<17)
	out := []exchange{
		asked2("a bare percent", "GET", "/50%/x"),
		asked2("obs-text in a path", "GET", "/\xe9?[%zz]|"),
		asked2("OPTIONS *", "OPTIONS", "*"),
		asked2("a method that nobody knows", "m_M", "/"),
		asked2("cookies, split", "GET", "/", "cookie: a=1", "cookie: b=2", "cookie: c=3"),
		asked2("empty values, and odd ones", "GET", "/", "x-a: ", "x-b: \xe9\xff", "x-c: 你好", "x-c: again"),
		asked2("te, and what a client says of itself", "GET", "/", "te: trailers", "via: 1.1 me", "x-forwarded-for: 192.0.2.1", "proxy-status: x", "user-agent: "),
		asked2("70 KB of a field", "GET", "/", "x-long: "+long),
		asked2("a thousand fields", "GET", "/", slices.Repeat([]string{"x-many: of them"}, 1000)...),
		replied2("early hints, and nothing by chance", head(1, ":status: 103", "link: </a>"), head(1, ":status: 200"), last(data(1, "<!doctype html>"))),
		replied2("a hundred 1xx", append(slices.Repeat([]frame{head(1, ":status: 103", "link: </a>")}, 100), last(head(1, ":status: 204")))...),
		replied2("100 that nobody asked for", head(1, ":status: 100"), last(head(1, ":status: 200"))),
		replied2("trailers", head(1, ":status: 200", "trailer: grpc-status"), data(1, "ok"), last(head(1, "grpc-status: 0", "grpc-message: "))),
		replied2("trailers alone", last(head(1, ":status: 200", "content-type: application/grpc", "grpc-status: 12"))),
		replied2("an empty DATA ends it", head(1, ":status: 200"), data(1, "ok"), last(data(1, ""))),
		replied2("304 with a length", last(head(1, ":status: 304", "content-length: 500"))),
		replied2("a status beyond them", head(1, ":status: 999"), last(data(1, "ok"))),
		replied2("cookies", head(1, ":status: 200", "set-cookie: a=1", "set-cookie: b=2", "set-cookie: a=3"), last(data(1, "ok"))),
		replied2("70 KB of a field, answered", last(head(1, ":status: 200", "x-long: "+long))),
		replied2("padding", proxytest.Padded(head(1, ":status: 200"), 40), last(proxytest.Padded(data(1, "ok"), 200))),
		replied2("a block in pieces", frame{Type: http2.FrameHeaders, Stream: 1, Split: 3, Flags: http2.FlagHeadersEndStream, Fields: []string{":status: 200", "x-a: " + long[:500]}}),
		{Name: "a request in pieces, with a priority", Steps: greet(cf(frame{Type: http2.FrameHeaders, Stream: 1, Split: 5, Flags: http2.FlagHeadersPriority | http2.FlagHeadersEndStream, Payload: "\x80\x00\x00\x00\xc7", Fields: []string{":method: GET", ":path: /", ":scheme: https", ":authority: www.lab.test"}}), ok2(1))},
		{Name: "priorities", Steps: greet(cf(frame{Type: http2.FramePriority, Stream: 3, Payload: "\x00\x00\x00\x00\x10"}), get2(1), cf(frame{Type: 16, Payload: "\x00\x00\x00\x01u=3,i"}), ok2(1))},
		{Name: "frames that nobody knows", Steps: greet(cf(frame{Type: 0xbe, Flags: 0xff, Stream: 7, Payload: "what"}), get2(1), sf(frame{Type: 0x0c, Stream: 1, Payload: "origin"}), ok2(1))},
		{Name: "pings", Steps: greet(cf(proxytest.Ping("12345678")), sf(frame{Type: http2.FramePing, Flags: http2.FlagPingAck, Payload: "12345678"}), sf(proxytest.Ping("87654321")), cf(frame{Type: http2.FramePing, Flags: http2.FlagPingAck, Payload: "87654321"}))},
		{Name: "settings of all kinds", Steps: steps(cf(proxytest.Preface("1=8192", "2=0", "3=7", "4=70000", "5=20000", "6=99999", "9=1", "4242=1")...), sf(settings("1=0", "3=250", "4=1", "5=16777215", "6=1000", "8=1"), proxytest.Acks()), cf(proxytest.Acks()), sf(settings("4=100")), cf(proxytest.Acks()), get2(1), sf(head(1, ":status: 204", "x-a: b"), last(data(1, ""))))},
		{Name: "an upload", Steps: greet(cf(asks2(1, "POST", "/", "content-length: 5")), cf(data(1, "he")), cf(last(data(1, "llo"))), ok2(1))},
		{Name: "an upload with trailers", Steps: greet(cf(asks2(1, "POST", "/")), cf(data(1, "hello")), cf(last(head(1, "sum: 1"))), ok2(1))},
		{Name: "expect, and 100", Steps: greet(cf(asks2(1, "POST", "/", "expect: 100-continue")), sf(head(1, ":status: 100")), cf(last(data(1, "hello"))), ok2(1))},
		{Name: "expect, and 417", Steps: greet(cf(asks2(1, "POST", "/", "expect: 100-continue")), sf(last(head(1, ":status: 417"))), cf(reset(1, http2.ErrCodeCancel)), get2(3), ok2(3))},
		{Name: "both at once", Steps: greet(cf(asks2(1, "POST", "/")), cf(data(1, "a")), sf(head(1, ":status: 200")), sf(data(1, "A")), cf(data(1, "b")), sf(data(1, "B")), cf(last(data(1, ""))), sf(last(data(1, "C"))))},
		{Name: "413 while 2 MB come", Steps: wide(cf(asks2(1, "POST", "/", "content-length: 2097152")), cf(data(1, mb)), sf(last(head(1, ":status: 413"))), sf(reset(1, http2.ErrCodeNo)), cf(data(1, mb[:100_000])), cf(reset(1, http2.ErrCodeCancel)), get2(3), ok2(3))},
		{Name: "8 MB down", Steps: wide(get2(1), sf(head(1, ":status: 200")), sf(last(data(1, strings.Repeat(mb, 8)))))},
		{Name: "8 MB up", Steps: wide(cf(asks2(1, "POST", "/")), cf(last(data(1, strings.Repeat(mb, 8)))), ok2(1))},
		{Name: "a window that is opened bit by bit", Steps: greet(get2(1), sf(head(1, ":status: 200")), sf(data(1, mb[:65535])), cf(window(0, 1), window(1, 1)), sf(data(1, "x")), cf(window(0, 1000), window(1, 1000)), sf(last(data(1, mb[:1000]))))},
		{Name: "a window opened by settings", Steps: greet(get2(1), cf(settings("4=70000"), window(0, 10_000)), sf(proxytest.Acks()), sf(head(1, ":status: 200"), last(data(1, mb[:70_000]))))},
		{Name: "streams at the same time", Steps: greet(get2(1), cf(asks2(3, "POST", "/3")), get2(5), sf(head(5, ":status: 200")), sf(head(1, ":status: 200")), cf(data(3, "x")), sf(data(1, "one")), sf(data(5, "five")), cf(last(data(3, "y"))), sf(last(data(5, ""))), ok2(3), sf(last(data(1, ""))))},
		{Name: "a hundred streams", Steps: greet(hundred()...)},
		{Name: "the table is remembered", Steps: greet(repeatFrames(20)...)},
		{Name: "extended CONNECT", Steps: steps(cf(proxytest.Preface()...), sf(settings("8=1"), proxytest.Acks()), cf(proxytest.Acks()), cf(asks2(1, "CONNECT", "/chat", ":protocol: websocket", "sec-websocket-version: 13")), sf(head(1, ":status: 200")), cf(data(1, "\x81\x82\x00\x00\x00\x00hi")), sf(data(1, "\x81\x02ho")), cf(last(data(1, "\x88\x80\x00\x00\x00\x00"))), sf(last(data(1, "\x88\x00"))))},
		{Name: "extended CONNECT, refused", Steps: steps(cf(proxytest.Preface()...), sf(settings("8=1"), proxytest.Acks()), cf(proxytest.Acks()), cf(asks2(1, "CONNECT", "/chat", ":protocol: what")), sf(last(head(1, ":status: 501"))), cf(reset(1, http2.ErrCodeCancel)))},
		{Name: "CONNECT", Steps: greet(cf(head(1, ":method: CONNECT", ":authority: b:1")), sf(head(1, ":status: 200")), cf(data(1, "\x16\x03")), sf(data(1, "\x15")), cf(last(data(1, ""))), sf(last(data(1, ""))))},
		{Name: "a push", Steps: greet(get2(1), sf(frame{Type: http2.FramePushPromise, Stream: 1, Payload: "\x00\x00\x00\x02", Fields: []string{":method: GET", ":scheme: https", ":authority: www.lab.test", ":path: /style"}}), ok2(1), sf(head(2, ":status: 200"), last(data(2, "css"))))},
		{Name: "a push that is not wanted", Steps: greet(get2(1), sf(frame{Type: http2.FramePushPromise, Stream: 1, Payload: "\x00\x00\x00\x02", Fields: []string{":method: GET", ":scheme: https", ":authority: www.lab.test", ":path: /style"}}), cf(reset(2, http2.ErrCodeCancel)), ok2(1))},
		{Name: "GOAWAY, in two steps", Steps: greet(get2(1), sf(goAway(1<<31-1, http2.ErrCodeNo, "")), get2(3), sf(goAway(1, http2.ErrCodeNo, "enough")), ok2(1), proxytest.SDoes(proxytest.Ends))},
		{Name: "GOAWAY of the client", Steps: greet(get2(1), cf(goAway(0, http2.ErrCodeNo, "bye")), ok2(1))},
		{Name: "window updates of a stream that is over", Steps: greet(get2(1), ok2(1), cf(window(1, 100)), sf(window(1, 100)), get2(3), ok2(3))},
	}
	for code := http2.ErrCode(0); code < 15; code++ {
		if code == 14 {
			code = 0xbeef
		}
		out = append(out,
			exchange{Name: fmt.Sprintf("the server resets with %#x", uint32(code)), Steps: greet(get2(1), sf(reset(1, code)), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("the server resets amid a reply with %#x", uint32(code)), Steps: greet(get2(1), sf(head(1, ":status: 200"), data(1, "half")), sf(reset(1, code)), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("the server resets amid an upload with %#x", uint32(code)), Steps: greet(cf(asks2(1, "POST", "/"), data(1, "half")), sf(reset(1, code)), cf(data(1, "late")), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("the client resets with %#x", uint32(code)), Steps: greet(get2(1), cf(reset(1, code)), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("the client resets amid a reply with %#x", uint32(code)), Steps: greet(get2(1), sf(head(1, ":status: 200"), data(1, "half")), cf(reset(1, code)), sf(data(1, "late")), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("the client resets amid an upload with %#x", uint32(code)), Steps: greet(cf(asks2(1, "POST", "/"), data(1, "half")), cf(reset(1, code)), get2(3), ok2(3))},
			exchange{Name: fmt.Sprintf("GOAWAY of the server with %#x", uint32(code)), Steps: greet(get2(1), get2(3), sf(goAway(1, code, "why")), ok2(1), proxytest.SDoes(proxytest.Ends))},
			exchange{Name: fmt.Sprintf("GOAWAY of the client with %#x", uint32(code)), Steps: greet(get2(1), cf(goAway(0, code, "why")), proxytest.CDoes(proxytest.Ends))},
		)
	}
	return append(out, bodies2()...)
}

func hundred() (out []step) {
	for i := range uint32(100) {
		out = append(out, get2(2*i+1))
	}
	for i := range uint32(100) {
		out = append(out, ok2(2*(99-i)+1))
	}
	return out
}

func repeatFrames(n int) (out []step) {
	for i := range uint32(n) {
		out = append(out, cf(last(asks2(2*i+1, "GET", "/", "x-again: and again", fmt.Sprint("x-n: ", i%3)))), sf(last(head(2*i+1, ":status: 200", "x-again: and again"))))
	}
	return out
}

// bodies2 is every method with every kind of reply and of body.
func bodies2() (out []exchange) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "QUERY"} {
		for name, body := range map[string][]frame{"no body": nil, "one piece": {data(1, "hello")}, "pieces": {data(1, "he"), data(1, ""), data(1, "llo")}, "trailers": {data(1, "hello"), head(1, "sum: 1")}} {
			for _, interim := range []bool{false, true} {
				fs := append([]frame{asks2(1, method, "/")}, body...)
				rs := []frame{head(1, ":status: 200", "x-a: b")}
				if method != "HEAD" { // whose reply has none
					rs = append(rs, body...)
				}
				if interim {
					rs = append([]frame{head(1, ":status: 103", "link: </a>")}, rs...)
				}
				fs[len(fs)-1], rs[len(rs)-1] = last(fs[len(fs)-1]), last(rs[len(rs)-1])
				x := exchange{Name: fmt.Sprintf("%s, %s, 1xx %t", method, name, interim), Steps: greet()}
				for _, f := range fs {
					x.Steps = append(x.Steps, cf(f))
				}
				for _, f := range rs {
					x.Steps = append(x.Steps, sf(f))
				}
				out = append(out, x)
			}
		}
	}
	return out
}

// endings2 are an end of either side's, of every kind, at every point.
func endings2() (out []exchange) {
	for _, p := range []struct {
		name  string
		steps []step
	}{
		{"unasked", greet()},
		{"amid an upload", greet(cf(asks2(1, "POST", "/"), data(1, "half")))},
		{"unanswered", greet(get2(1))},
		{"under three", greet(get2(1), get2(3), cf(asks2(5, "POST", "/")), sf(head(3, ":status: 200")))},
		{"amid a reply", greet(get2(1), sf(head(1, ":status: 200"), data(1, "half")))},
		{"amid a frame", greet(get2(1), sf(head(1, ":status: 200"), frame{Raw: "\x00\x00\x05\x00\x00\x00\x00\x00\x01he"}))},
		{"behind a reply", greet(get2(1), ok2(1))},
		{"behind GOAWAY", greet(get2(1), sf(goAway(1, http2.ErrCodeNo, "")), ok2(1))},
	} {
		for _, who := range []relay.Side{relay.Client, relay.Server} {
			for _, how := range []proxytest.Act{proxytest.Ends, proxytest.Halves, proxytest.Cuts, proxytest.Resets} {
				x := exchange{Name: fmt.Sprintf("the %s %s %s", who, how, p.name), Steps: append(p.steps[:len(p.steps):len(p.steps)], step{Who: who, Do: how})}
				if how == proxytest.Halves {
					x.Steps = append(x.Steps, step{Who: who.Other(), Do: proxytest.Ends})
				}
				out = append(out, x)
			}
		}
	}
	return out
}

// changed2 are those that do not go on, and end the connection. What is malformed ends its stream
// (relay's TestMalformed2, TestSmuggling22 and TestLongHeads2).
func changed2() []exchange {
	refuse := func(name string, rule relay.Rule, before []step, f frame, from func(...frame) step) exchange {
		return exchange{Name: name, Steps: append(before, from(f).Refused(0, rule)), Exceptions: []proxytest.Exception{proxytest.Refusals}}
	}
	return []exchange{
		refuse("a SETTINGS of odd length", relay.RuleFrame, greet(), frame{Type: http2.FrameSettings, Payload: "12345"}, cf),
		refuse("a SETTINGS of odd length, answered", relay.RuleFrame, greet(get2(1)), frame{Type: http2.FrameSettings, Payload: "12345"}, sf),
		refuse("a RST_STREAM that is short", relay.RuleFrame, greet(get2(1)), frame{Type: http2.FrameRSTStream, Stream: 1, Payload: "1"}, sf),
		refuse("a WINDOW_UPDATE that is long", relay.RuleFrame, greet(get2(1)), frame{Type: http2.FrameWindowUpdate, Stream: 1, Payload: "12345"}, cf),
		refuse("a block that is none", relay.RuleCompression, greet(get2(1)), frame{Type: http2.FrameHeaders, Stream: 1, Flags: http2.FlagHeadersEndHeaders, Raw: "\x00\x00\x01\x01\x04\x00\x00\x00\x01\xff"}, sf),
		refuse("CONTINUATION behind nothing", relay.RuleFrame, greet(), frame{Raw: "\x00\x00\x00\x09\x04\x00\x00\x00\x01"}, cf),
		refuse("HEADERS of the connection", relay.RuleFrame, greet(), frame{Raw: "\x00\x00\x01\x01\x05\x00\x00\x00\x00\x82"}, cf),
		refuse("padding that is too long", relay.RuleFrame, greet(get2(1)), frame{Raw: "\x00\x00\x02\x00\x08\x00\x00\x00\x01\x09a"}, sf),
		refuse("a push of the client's", relay.RuleFrame, greet(get2(1)), frame{Type: http2.FramePushPromise, Stream: 1, Payload: "\x00\x00\x00\x02", Fields: []string{":method: GET"}}, cf),
		refuse("a push of an odd stream", relay.RuleFrame, greet(get2(1)), frame{Type: http2.FramePushPromise, Stream: 1, Payload: "\x00\x00\x00\x03", Fields: []string{":method: GET"}}, sf),
	}
}

// TestAsItCame2: the same for HTTP/2: field lists, bodies, codes.
func TestAsItCame2(t *testing.T) {
	n := 0
	for _, list := range [][]exchange{odd2(), endings2(), changed2()} {
		for _, x := range list {
			x.HTTP2 = true
			n++
			t.Run(x.Name, func(t *testing.T) {
				t.Parallel()
				proxytest.Compare(t, &x, proxytest.Tunnel2, proxytest.Behind2)
			})
		}
	}
	t.Log(n, " exchanges")
}
