package relay

import (
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// TestGarbage counts what the relay allocates for each exchange, and for what only passes: the
// collector of a proxy has hardly anything else to do.
func TestGarbage(t *testing.T) {
	one := NewH1(Options{})
	pass := func(m machine, say ...string) func() {
		var b [][]byte
		for _, s := range say {
			b = append(b, []byte(s[len("c:"):]))
		}
		return func() {
			for i, s := range say {
				from := Client
				if s[0] == 's' {
					from = Server
				}
				m.Receive(from, b[i])
				m.Output(Client)
				m.Output(Server)
			}
		}
	}
	two, c, s := NewH2(Options{}), newEnd2("c"), newEnd2("s")
	pass(two, "c:"+http2.ClientPreface, c.send(http2.FrameSettings, 0, 0, ""), s.send(http2.FrameSettings, 0, 0, ""),
		c.head(1, 0, ":method: POST", ":scheme: https", ":authority: a", ":path: /"), s.head(1, 0, ":status: 200"))()
	const runs = 100
	var exchanges []func()
	for id := uint32(3); len(exchanges) <= runs; id += 2 { // the first is a warm-up
		exchanges = append(exchanges, pass(two, c.head(id, endStream, ":method: GET", ":scheme: https", ":path: /", ":authority: a", "accept: */*"),
			s.head(id, 0, ":status: 200", "server: b"), s.send(http2.FrameData, endStream, id, "body")))
	}
	for _, r := range []struct {
		what string
		most float64
		do   func()
	}{
		{"a request of HTTP/1.1 and its reply", 9, pass(one, "c:GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n", "s:HTTP/1.1 200 OK\r\nServer: b\r\nContent-Length: 4\r\n\r\nbody")},
		{"a request of HTTP/2 and its reply", 6, func() {
			exchanges[0]()
			exchanges = exchanges[1:]
		}},
		{"frames that pass", 0, pass(two, c.send(http2.FrameData, 0, 1, "body"), s.send(http2.FrameData, 0, 1, strings.Repeat("body", 100)),
			c.send(http2.FrameWindowUpdate, 0, 1, u32(400)), s.send(http2.FrameWindowUpdate, 0, 0, u32(4)), c.send(http2.FramePing, 0, 0, "12345678"),
			s.send(http2.FramePing, 1, 0, "12345678"))},
	} {
		if n := testing.AllocsPerRun(runs, r.do); n > r.most {
			t.Errorf("%s: %v allocations, at most %v", r.what, n, r.most)
		}
	}
}
