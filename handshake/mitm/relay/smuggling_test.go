package relay

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// A request or a reply that two readers could read in two ways does not go on.
func TestSmuggling(t *testing.T) {
	const post, reply = "POST / HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 200 OK\r\n"
	for _, x := range []struct {
		from Side
		say  string
		rule Rule
	}{
		{Client, post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", RuleLengthAndCoding},
		{Client, post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", RuleLengthAndCoding},
		{Client, post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", RuleTwoLengths},
		{Client, post + "Content-Length: 3, 4\r\n\r\nabcd", RuleLength},
		{Client, post + "Content-Length: 3, 3\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: +3\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: -1\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: 0x3\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: 3 3\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: \r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: \x0b3\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length: 99999999999999999999\r\n\r\nabc", RuleLength},
		{Client, post + "Content-Length : 3\r\n\r\nabc", RuleSpaceBeforeColon},
		{Client, post + "Content-Length\t: 3\r\n\r\nabc", RuleSpaceBeforeColon},
		{Client, post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", RuleSpaceBeforeColon},
		{Client, post + "Content-Length:\r\n 3\r\n\r\nabc", RuleFold},
		{Client, post + "X: y\r\n Content-Length: 3\r\n\r\nabc", RuleFold},
		{Client, "POST / HTTP/1.1\r\n Host: a\r\n\r\n", RuleFold},
		{Client, post + "X: y\nContent-Length: 3\r\n\r\nabc", RuleBareLF},
		{Client, "GET / HTTP/1.1\nHost: a\n\n", RuleBareLF},
		{Client, post + "X: y\rContent-Length: 3\r\n\r\nabc", RuleBareCR},
		{Client, post + "X: y\r\r\nContent-Length: 3\r\n\r\nabc", RuleBareCR},
		{Client, post + "X: y\x00z\r\n\r\n", RuleNUL},
		{Client, post + "Content-Length\x00: 3\r\n\r\n", RuleNUL},
		{Client, post + "Transfer-Encoding: xchunked\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: chunked, identity\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: gzip, chunked\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: \x0bchunked\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: \"chunked\"\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding:\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: chun\u212aed\r\n\r\n3\r\nabc\r\n0\r\n\r\n", RuleCoding},
		{Client, post + "Transfer-Encoding: \xe3hunked\r\n\r\n0\r\n\r\n", RuleCoding},
		{Client, post + "Connection: tran\u017ffer-encoding\r\nTransfer-Encoding: chunked\r\n\r\nB ;/evil HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n", RuleConnection},
		{Client, post + "Connection: ho\u017ft\r\n\r\n", RuleConnection},
		{Client, post + "Connection: close, \u212aeep-alive\r\n\r\n", RuleConnection},
		{Client, post + "Connection: a b\r\n\r\n", RuleConnection},
		{Client, "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", RuleCodingInHTTP10},
		{Client, post + "Host: b\r\n\r\n", RuleTwoHosts},
		{Client, post + ": x\r\n\r\n", RuleFieldName},
		{Client, post + "no colon\r\n\r\n", RuleFieldName},
		{Client, post + "X(Y): 1\r\n\r\n", RuleFieldName},
		{Client, "GET  / HTTP/1.1\r\n\r\n", RuleStartLine},
		{Client, "GET / b HTTP/1.1\r\n\r\n", RuleStartLine},
		{Client, "GET /\tHTTP/1.1\r\n\r\n", RuleStartLine},
		{Client, " GET / HTTP/1.1\r\n\r\n", RuleStartLine},
		{Client, "GET /\r\n\r\n", RuleStartLine},
		{Client, "GET / HTTP/1.1 \r\n\r\n", RuleStartLine},
		{Client, "GET / HTTP/2.0\r\n\r\n", RuleStartLine},
		{Client, "GET / HTTP/01.1\r\n\r\n", RuleStartLine},
		{Client, "post / HTTP/2.0\r\nHost: a\r\n\r\n", RuleStartLine},
		{Client, "A_B / HTTP/1.10\r\nHost: a\r\n\r\n", RuleStartLine},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n3;\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc \r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n3;a=\rb\r\nabc\r\n0\r\n\r\n", RuleChunk},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n", RuleTrailer},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX : 3\r\n\r\n", RuleSpaceBeforeColon},
		{Client, post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX: 3\n\r\n", RuleBareLF},

		{Server, reply + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", RuleLengthAndCoding},
		{Server, reply + "Content-Length : 2\r\nTransfer-Encoding : chunked\r\n\r\n", RuleLengthAndCoding},
		{Server, reply + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", RuleTwoLengths},
		{Server, reply + "Content-Length: 2\r\nContent-Length:\r\n 3\r\n\r\nok", RuleTwoLengths},
		{Server, reply + "Content-Length: 2, 2\r\n\r\nok", RuleLength},
		{Server, reply + "Content-Length: 1\r\n 2\r\n\r\nok", RuleLength},
		{Server, reply + "X: a\rb\r\nContent-Length: 2\r\n\r\nok", RuleBareCR},
		{Server, reply + "X: a\x00b\r\nContent-Length: 2\r\n\r\nok", RuleNUL},
		{Server, reply + " X: a\r\nContent-Length: 2\r\n\r\nok", RuleFold},
		{Server, reply + "Transfer-Encoding: chunked, chunked\r\n\r\n", RuleCoding},
		{Server, reply + "Transfer-Encoding: chunked, gzip\r\n\r\n", RuleCoding},
		{Server, reply + "Transfer-Encoding: xchunked\r\n\r\n", RuleCoding},
		{Server, reply + "Transfer-Encoding: chun\u212aed\r\n\r\n3\r\nabc\r\n0\r\n\r\n", RuleCoding},
		{Server, reply + "Transfer-Encoding: gz\u0130p, chunked\r\n\r\n0\r\n\r\n", RuleCoding},
		{Server, reply + "Transfer-Encoding: \x80\r\n\r\n", RuleCoding},
		{Server, "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", RuleCodingInHTTP10},
		{Server, reply + "no colon\r\n\r\n", RuleFieldName},
		{Server, "HTTP/1.1 two hundred\r\n\r\n", RuleStartLine},
		{Server, "HTTP/1.1 2000 OK\r\n\r\n", RuleStartLine},
		{Server, "HTTP/1.1  200 OK\r\n\r\n", RuleStartLine},
		{Server, "ICY 200 OK\r\n\r\n", RuleNotHTTP},
		{Server, "SSH-2.0-x\r\n", RuleNotHTTP},
		{Server, "\x15\x03\x01\x00\x02\x02\x46", RuleTLSAlert},
		{Server, "HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n", RuleNoUpgrade},
		{Server, reply + "Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n", RuleChunk},
		{Server, reply + "Transfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n", RuleChunk},
		{Server, reply + "Transfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: x\r\n\r\n", RuleTrailer},
		{Server, reply + "Transfer-Encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n", RuleFieldName},
	} {
		r := row{name: x.say, say: []string{"c:" + x.say + get2}, o: Options{Header: 1 << 12}}
		if x.from == Server {
			r.say = []string{"c:" + get1, "s:" + x.say}
		}
		for _, n := range []int{0, 1, 5} {
			h := playRow(t, &r, n)
			last := h.xs[len(h.xs)-1]
			if f := last.Fault; f == nil || f.Refusal == nil || f.Refusal.Rule != x.rule || f.Leg != x.from || f.Refusal.From != x.from {
				t.Errorf("%q in pieces of %d: %v, want %s", x.say, n, f, x.rule)
				continue
			}
			if strings.Contains(string(h.toServer), "/2") || len(h.xs) > 1 {
				t.Errorf("%q: the request behind it went on, %q", x.say, h.toServer)
			}
			if !h.m.Over() {
				t.Errorf("%q: the connection goes on", x.say)
			}
		}
	}
}

// The same in HTTP/2, which can say within a field what would end one in HTTP/1.1: it goes to no
// server and no client of HTTP/2 either, with whom another relay may stand that speaks HTTP/1.1.
func TestSmuggling22(t *testing.T) {
	const m, sc, a, p = ":method: POST", ":scheme: https", ":authority: a", ":path: /"
	asks := func(more ...string) []string { return append([]string{m, sc, a, p}, more...) }
	ok := func(more ...string) []string { return append([]string{":status: 200"}, more...) }
	for _, x := range []struct {
		from   Side
		fields []string
		data   string // behind it, with END_STREAM; "-": none, the head has it
		rule   Rule
	}{
		{Client, asks("x: a\r\nTransfer-Encoding: chunked"), "0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", RuleField2},
		{Client, asks("x: a\nb: c"), "-", RuleField2},
		{Client, asks("x: a\rb: c"), "-", RuleField2},
		{Client, asks("x: a\x00b"), "-", RuleField2},
		{Client, asks("x: a\x0bb"), "-", RuleField2},
		{Client, asks("x: a\x7fb"), "-", RuleField2},
		{Client, asks("x\r\ny: 1"), "-", RuleField2},
		{Client, asks("x\x00: 1"), "-", RuleField2},
		{Client, asks("x y: 1"), "-", RuleField2},
		{Client, asks("x\t: 1"), "-", RuleField2},
		{Client, asks("x(y: 1"), "-", RuleField2},
		{Client, asks("x\xff: 1"), "-", RuleField2},
		{Client, asks("X: 1"), "-", RuleField2},
		{Client, asks("content-Length: 3"), "abc", RuleField2},
		{Client, asks("transfer-encoding: chunked"), "0\r\n\r\nGET /evil HTTP/1.1\r\n\r\n", RuleField2},
		{Client, asks("Transfer-Encoding: chunked"), "-", RuleField2},
		{Client, asks("connection: close"), "-", RuleField2},
		{Client, asks("keep-alive: 1"), "-", RuleField2},
		{Client, asks("proxy-connection: close"), "-", RuleField2},
		{Client, asks("upgrade: h2c"), "-", RuleField2},
		{Client, asks("te: gzip"), "-", RuleField2},
		{Client, asks("te: trailers, chunked"), "-", RuleField2},
		{Client, asks("host: b"), "-", RuleTwoHosts},
		{Client, asks("host: a", "host: a"), "-", RuleTwoHosts},
		{Client, []string{m, sc, p, "host: a/b"}, "-", RuleField2},
		{Client, asks("content-length: 3"), "abcd", RuleBodyLength},
		{Client, asks("content-length: 3"), "ab", RuleBodyLength},
		{Client, asks("content-length: 3"), "", RuleBodyLength},
		{Client, asks("content-length: 3"), "-", RuleBodyLength},
		{Client, asks("content-length: 3", "content-length: 4"), "abc", RuleTwoLengths},
		{Client, asks("content-length: +3"), "abc", RuleLength},
		{Client, asks("content-length: 3, 3"), "abc", RuleLength},
		{Client, asks("content-length: 99999999999999999999"), "abc", RuleLength},
		{Client, asks(":path: /2"), "-", RulePseudo},
		{Client, []string{m, m, sc, a, p}, "-", RulePseudo},
		{Client, []string{m, sc, a, a, p}, "-", RulePseudo},
		{Client, []string{m, sc, a, "x: 1", p}, "-", RulePseudo},
		{Client, asks(":status: 200"), "-", RulePseudo},
		{Client, asks(":evil: 1"), "-", RulePseudo},
		{Client, asks(":protocol: websocket"), "-", RulePseudo},
		{Client, []string{sc, a, p}, "-", RulePseudo},
		{Client, []string{m, a, p}, "-", RulePseudo},
		{Client, []string{m, sc, a}, "-", RulePseudo},
		{Client, []string{"x: 1"}, "-", RulePseudo},
		{Client, nil, "-", RulePseudo},
		{Client, []string{":method: G T", sc, a, p}, "-", RulePseudo},
		{Client, []string{":method: ", sc, a, p}, "-", RulePseudo},
		{Client, []string{":method: GET / HTTP/1.1\r\nx: y", sc, a, p}, "-", RuleField2},
		{Client, []string{m, ":scheme: https://b/?", a, p}, "-", RulePseudo},
		{Client, []string{m, ":scheme: ", a, p}, "-", RulePseudo},
		{Client, []string{m, sc, a, ":path: "}, "-", RulePseudo},
		{Client, []string{m, sc, a, ":path: /a b"}, "-", RulePseudo},
		{Client, []string{m, sc, a, ":path: https://b/"}, "-", RulePseudo},
		{Client, []string{m, sc, a, ":path: *"}, "-", RulePseudo},
		{Client, []string{m, sc, a, ":path: / HTTP/1.1\r\nHost: evil\r\n\r\nGET /evil"}, "-", RuleField2},
		{Client, []string{m, sc, ":authority: a@b", p}, "-", RulePseudo},
		{Client, []string{m, sc, ":authority: a/b", p}, "-", RulePseudo},
		{Client, []string{m, sc, ":authority: a b", p}, "-", RulePseudo},
		{Client, []string{":method: CONNECT", a, p}, "-", RulePseudo},
		{Client, []string{":method: CONNECT", sc, a}, "-", RulePseudo},
		{Client, []string{":method: CONNECT"}, "-", RulePseudo},
		{Client, []string{":method: CONNECT", ":authority: "}, "-", RulePseudo},
		{Client, []string{":method: CONNECT", ":protocol: websocket", a, p}, "-", RulePseudo},

		{Server, ok("x: a\r\nSet-Cookie: evil=1"), "ok", RuleField2},
		{Server, ok("x: a\r\n\r\nHTTP/1.1 200 OK"), "ok", RuleField2},
		{Server, ok("x: a\x00b"), "ok", RuleField2},
		{Server, ok("X: 1"), "ok", RuleField2},
		{Server, ok("x y: 1"), "ok", RuleField2},
		{Server, ok("transfer-encoding: chunked"), "0\r\n\r\n", RuleField2},
		{Server, ok("connection: close"), "ok", RuleField2},
		{Server, ok("upgrade: h2c"), "ok", RuleField2},
		{Server, ok("te: trailers"), "ok", RuleField2},
		{Server, ok("content-length: 3"), "ok", RuleBodyLength},
		{Server, ok("content-length: 1"), "ok", RuleBodyLength},
		{Server, ok("content-length: 1"), "-", RuleBodyLength},
		{Server, ok("content-length: 1", "content-length: 2"), "ok", RuleTwoLengths},
		{Server, ok("content-length: two"), "ok", RuleLength},
		{Server, ok(":status: 200"), "ok", RulePseudo},
		{Server, ok(":path: /"), "ok", RulePseudo},
		{Server, ok(":evil: 1"), "ok", RulePseudo},
		{Server, []string{"x: 1", ":status: 200"}, "ok", RulePseudo},
		{Server, []string{"x: 1"}, "ok", RulePseudo},
		{Server, nil, "ok", RulePseudo},
		{Server, []string{":status: 20"}, "ok", RulePseudo},
		{Server, []string{":status: 2000"}, "ok", RulePseudo},
		{Server, []string{":status: +20"}, "ok", RulePseudo},
		{Server, []string{":status: 200 OK"}, "ok", RulePseudo},
		{Server, []string{":status: 099"}, "ok", RulePseudo},
		{Server, []string{":status: 101"}, "ok", RulePseudo},
		{Server, []string{":status: 100"}, "-", RuleExtraneous},
		{Server, []string{":status: 100"}, "ok", RuleExtraneous},
		{Server, []string{":status: 204"}, "ok", RuleExtraneous},
		{Server, []string{":status: 304", "content-length: 2"}, "ok", RuleExtraneous},
	} {
		for _, o := range []Options{{}, {Page: page502}, {Change: func(*Exchange, Side) Changes { return Changes{Body: &upper{}} }}} {
			c, s := newEnd2("c"), newEnd2("s")
			e := c
			if x.from == Server {
				e = s
			}
			flags := http2.FlagHeadersEndHeaders
			if x.data == "-" {
				flags |= endStream
			}
			say := begin2(c, s)
			if x.from == Server {
				say = append(say, c.head(1, endStream, asks()...))
			}
			say = append(say, e.side+":"+string(frame(nil, http2.FrameHeaders, flags, 1, e.literals(x.fields...))))
			if x.data != "-" {
				say = append(say, e.send(http2.FrameData, endStream, 1, x.data))
			}
			say = append(say, c.head(3, endStream, asks()...), s.head(3, endStream, ":status: 204"))
			for _, n := range []int{0, 1, 5} {
				reads := newStrict2(t)
				h := play2(&row{o: o, say: say}, n)
				reads.hears(Client, h.toServer)
				reads.hears(Server, h.toClient)
				if f := h.xs[0].Fault; f == nil || f.Refusal == nil || f.Refusal.Rule != x.rule || f.Leg != x.from || f.Refusal.From != x.from || !f.Refusal.Alone {
					t.Errorf("%s %q %q: %+v, want %s", x.from, x.fields, x.data, f, x.rule)
				}
				if len(h.xs) != 2 || h.xs[1].Fault != nil || h.xs[1].Reply == nil || h.xs[1].Reply.Status != 204 || reads.streams[3] == nil || !reads.streams[3].half[1].over {
					t.Errorf("%s %q %q: the other stream does not go on", x.from, x.fields, x.data)
				}
			}
		}
	}
}

// TestRulesSay: each rule has its words and its section.
func TestRulesSay(t *testing.T) {
	for _, r := range Rules() {
		if x := (&Refusal{From: Client, Rule: r}); rules[r].text == "" || !strings.HasPrefix(x.Ref(), "RFC ") || !strings.Contains(x.Error(), x.Ref()) || x.Status()/100 != 4 && (r != RuleUntranslatable || x.Status() != 501) {
			t.Errorf("%s: %v", r, x)
		}
	}
	if len(Rules()) != len(rules) {
		t.Error("a rule is not listed")
	}
}

// TestLongHeads: the limit is on the whole head, wherever its pieces end.
func TestLongHeads(t *testing.T) {
	for _, n := range []int{0, 1, 100} {
		for _, long := range []int{99, 100, 101} {
			head := "GET / HTTP/1.1\r\nA: "
			head += strings.Repeat("x", long-len(head)-4) + "\r\n\r\n"
			h := playRow(t, &row{o: Options{Header: 100}, say: []string{"c:" + head}}, n)
			f := h.xs[0].Fault
			if refused := f != nil && f.Refusal.Rule == RuleHeadTooLong && string(h.toClient) == "<431>"; refused != (long > 100) {
				t.Errorf("a head of %d bytes, in pieces of %d: %v, %q", long, n, f, h.toClient)
			}
			h = playRow(t, &row{o: Options{Header: 100}, say: []string{"c:" + get1, "s:HTTP/1.1 200 x" + head[strings.Index(head, "\r\n"):]}}, n)
			f = h.xs[0].Fault
			if refused := f != nil && f.Refusal.Rule == RuleHeadTooLong && string(h.toClient) == "<502>"; refused != (long > 100) {
				t.Errorf("a reply's head of %d bytes, in pieces of %d: %v, %q", long, n, f, h.toClient)
			}
		}
	}
}

// TestCaseIsASCII: what only Unicode folds is no name that matters, on a reply too.
func TestCaseIsASCII(t *testing.T) {
	for _, option := range []string{"tran\u017ffer-encoding", "content-length\u212a", "ho\u017ft"} {
		h := playRow(t, &row{say: []string{"c:" + get1, "s:HTTP/1.1 200 OK\r\nConnection: " + option + ", close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}}, 0)
		if got := string(h.toClient); got != "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" {
			t.Errorf("%q: the client heard %q", option, got)
		}
	}
	for _, x := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"Host", "hOST", true}, {"ho\u017ft", "host", false}, {"[", "{", false}, {"@", "`", false}, {"a", "ab", false}, {"a-Z1", "A-z1", true}} {
		if sameName(x.a, x.b) != x.want || x.want && lower(x.a) != lower(x.b) {
			t.Errorf("sameName(%q, %q) is %t", x.a, x.b, !x.want)
		}
	}
}
