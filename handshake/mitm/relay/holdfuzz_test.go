package relay

import (
	"errors"
	"io"
	"testing"

	"golang.org/x/net/http2"
)

// FuzzHeld: whatever the two say, and whatever the holder does with what is held, nothing breaks, each
// exchange is told of once, and in the end nothing is kept.
func FuzzHeld(f *testing.F) {
	for _, s := range []string{"kstk", "ksxgtk", "ktftsk", "rkstgk", "f"} {
		f.Add([]byte("GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nx"), []byte(s), uint8(0))
		f.Add([]byte("POST http://a/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"), []byte("HTTP/1.1 204 No\r\n\r\n"), []byte(s), uint8(1))
		c, e := newEnd2("c"), newEnd2("s")
		begin := begin2(c, e)
		var client, server string
		for _, x := range append(begin, c.head(1, 0, ask("POST", "/")...), c.head(3, endStream, ask("GET", "/")...), c.send(http2.FrameData, endStream, 1, "abc"),
			e.head(1, 0, ":status: 200"), e.send(http2.FrameData, endStream, 1, "x"), e.head(3, endStream, ":status: 200"), e.send(http2.FrameGoAway, 0, 0, u32(1, 0)), e.send(http2.FrameRSTStream, 0, 1, u32(7))) {
			if x[0] == 'c' {
				client += x[2:]
			} else {
				server += x[2:]
			}
		}
		f.Add([]byte(client), []byte(server), []byte(s), uint8(2))
		f.Add([]byte(client), []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nx"), []byte(s), uint8(3))
		f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n"), []byte(server), []byte(s), uint8(4))
	}
	type holder interface {
		machine
		Continue(*Exchange, Side, Changes) bool
		Respond(*Exchange, Answer)
		Fail(*Exchange, error)
		Take(*Exchange, Side, []byte) (int, error)
		Full(*Exchange, Side) bool
		Give(*Exchange, Side, []byte)
		GiveEnd(*Exchange, Side, bool, []Field)
		Over() bool
		Unwritten(Side, error)
	}
	f.Fuzz(func(t *testing.T, client, server, does []byte, kind uint8) {
		type hold struct {
			x    *Exchange
			from Side
		}
		var held []hold
		done := map[*Exchange]int{}
		o := Options{Header: 1 << 12, Forward: kind%5 == 1, Answer: func(*Exchange, bool) []byte { return []byte("!") }, Page: func(*Exchange) ([]Field, string) { return []Field{{":status", "502"}}, "page" },
			Hold: func(x *Exchange, from Side) bool { held = append(held, hold{x, from}); return true },
			Event: func(e Event) {
				done[e.Exchange] += 0
				if e.Kind == Done {
					done[e.Exchange]++
				}
			}}
		h2 := (*H2)(nil)
		h1 := NewH1(o)
		m := holder(h1)
		switch kind % 5 {
		case 2:
			h2 = NewH2(o)
			m = h2
		case 3:
			m = NewH2toH1(o)
		case 4:
			m = NewH1toH2(o)
		}
		reads := newStrict2(t)
		reads.allows(server)
		hear := func() {
			toClient, toServer := m.Output(Client), m.Output(Server)
			if h2 != nil {
				reads.hears(Client, toServer)
				reads.hears(Server, toClient)
			}
		}
		for i := range does {
			for _, from := range []Side{Client, Server} {
				b := &client
				if from == Server {
					b = &server
				}
				n := min(len(*b), 1+len(*b)/2)
				m.Receive(from, (*b)[:n:n])
				*b = (*b)[n:]
			}
			if h1.Routing() != nil {
				h1.Routed(i%2 == 0)
			}
			for j := range held {
				k := held[(i+j)%len(held)]
				switch does[(i+j)%len(does)] {
				case 'k':
					m.Continue(k.x, k.from, Changes{})
				case 's':
					m.Continue(k.x, k.from, Changes{Stream: true, Status: 201, Method: "PUT"})
				case 'r':
					m.Respond(k.x, Answer{Status: 403, Length: -1})
				case 'f':
					m.Fail(k.x, errors.New("mine"))
				case 't':
					if n, err := m.Take(k.x, k.from, make([]byte, 2)); n == 0 && err == io.EOF {
						m.GiveEnd(k.x, k.from, true, nil)
					}
				case 'g':
					if m.Give(k.x, k.from, []byte("given")); m.Full(k.x, k.from) {
						hear()
					}
				case 'x':
					m.GiveEnd(k.x, k.from, false, []Field{{"Mine", "1"}})
				case 'c':
					m.End(Client, InOrder, nil)
				case 'e':
					m.End(Server, InOrder, nil)
				}
			}
			hear()
		}
		m.End(Client, Broken, nil)
		m.End(Server, Broken, nil)
		for _, k := range held {
			m.Fail(k.x, errors.New("mine"))
		}
		if h2 == nil {
			m.Unwritten(Client, errReset) // a half that was closed in order may still read
		}
		if !m.Over() {
			t.Fatal("both ends have ended, and it goes on")
		}
		for x, n := range done {
			if n != 1 {
				t.Fatalf("%+v was told of %d times", x, n)
			}
		}
		if h2 != nil && h2.queued != 0 {
			t.Fatalf("%d bytes are queued", h2.queued)
		}
	})
}
