package relay

import (
	"bytes"
	"testing"

	"golang.org/x/net/http2"
)

// FuzzTranslated2: whatever the end that speaks HTTP/1.1 says, what the one of HTTP/2 hears is well-formed.
func FuzzTranslated2(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok"), []byte{}, true)
	f.Add([]byte("HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nConnection: x\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n2\r\nok\r\n0\r\nSum: 1\r\n\r\n"), []byte{0, 9}, true)
	f.Add([]byte("HTTP/1.1 200 OK\r\nX: a\x01b\r\n\r\nok"), []byte{3}, true)
	f.Add([]byte("GET /a?b HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nSum: 1\r\n\r\n"), []byte{}, false)
	f.Add([]byte("GET https://b/a HTTP/1.1\r\nHost: a/b\r\nX: \x7f\r\n\r\n"), []byte{40}, false)
	f.Add([]byte("OPTIONS * HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), []byte{40}, false)
	f.Fuzz(func(t *testing.T, one, pattern []byte, server bool) {
		reads := newStrict2(t)
		if server { // which speaks HTTP/1.1
			c := newEnd2("c")
			m := NewH2toH1(Options{Header: 1 << 12, Page: page502})
			m.Receive(Client, []byte(http2.ClientPreface+settings0))
			for i, method := range []string{"GET", "HEAD", "POST", "GET"} {
				m.Receive(Client, []byte(c.head(uint32(2*i+1), endStream, ":method: "+method, ":scheme: https", ":authority: a", ":path: /")[2:]))
			}
			reads.hears(Server, m.Output(Client))
			for _, x := range inPieces([]string{"s:" + string(one)}, pattern) {
				m.Receive(Server, []byte(x[2:]))
				m.Output(Server)
				reads.hears(Server, m.Output(Client))
			}
			m.End(Server, InOrder, nil)
			reads.hears(Server, m.Output(Client))
			return
		}
		s := newEnd2("s")
		m := NewH1toH2(Options{Header: 1 << 12, Answer: func(*Exchange, bool) []byte { return []byte("!") }})
		m.Receive(Server, []byte(s.send(http2.FrameSettings, 0, 0, setting(http2.SettingEnableConnectProtocol, 1))[2:]))
		for _, x := range inPieces([]string{"c:" + string(one)}, pattern) {
			m.Receive(Client, []byte(x[2:]))
			for id := uint32(1); id < 12; id += 2 {
				out := bytes.Clone(m.Output(Server))
				reads.hears(Client, out)
				if st := reads.streams[id]; st != nil && st.half[0].over && !st.half[1].over && !st.tunnel {
					st.half[1].over = true
					m.Receive(Server, []byte(s.head(id, endStream, ":status: 204")[2:]))
				}
			}
			m.Output(Client)
		}
		m.End(Client, InOrder, nil)
		reads.hears(Client, m.Output(Server))
	})
}

// TestTranslatedStrictly: what HTTP/1.1 may say and HTTP/2 may not is refused, on account of who said it.
func TestTranslatedStrictly(t *testing.T) {
	for _, x := range []struct {
		from Side
		say  string
		rule Rule
	}{
		{Client, "GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n", RuleField2},
		{Client, "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", RuleField2},
		{Client, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", RulePseudo},
		{Client, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", RulePseudo},
		{Client, "GET * HTTP/1.1\r\nHost: a\r\n\r\n", RulePseudo},
		{Client, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \x01\r\n\r\n", RuleField2},
		{Server, "HTTP/1.1 200 OK\r\nX: a\x01b\r\n\r\n", RuleField2},
		{Server, "HTTP/1.1 103 Early\r\nX: a\x01b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", RuleField2},
		{Server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: \x01\r\n\r\n", RuleField2},
	} {
		for _, n := range []int{0, 1} {
			c, s := newEnd2("c"), newEnd2("s")
			of := func(o Options) machine { return NewH2toH1(o) }
			say := []string{"c:" + http2.ClientPreface + settings0, c.head(1, endStream, ":method: GET", ":scheme: https", ":authority: a", ":path: /"), "s:" + x.say}
			if x.from == Client {
				of = func(o Options) machine { o.Page = nil; return NewH1toH2(o) }
				say = []string{"s:" + s.send(http2.FrameSettings, 0, 0, "")[2:], "c:" + x.say}
			}
			h := playWith(&row{say: say, o: Options{Page: page502, Answer: func(*Exchange, bool) []byte { return []byte("answer") }}}, n, of)
			if f := h.xs[0].Fault; f == nil || f.Leg != x.from || f.Refusal == nil || f.Refusal.Rule != x.rule || f.Refusal.From != x.from {
				t.Errorf("%q: %+v", x.say, f)
			}
			if bytes.Contains(append(h.toServer, h.toClient...), []byte{1, 'b'}) {
				t.Errorf("%q goes on", x.say)
			}
		}
	}
}
