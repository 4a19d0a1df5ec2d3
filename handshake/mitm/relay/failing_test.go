package relay

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/net/http2"
)

// hundredfold says each byte a hundred times; one that is no letter it does not know.
type hundredfold struct{ err error }

func (f *hundredfold) Add(dst, p []byte) []byte {
	for _, c := range p {
		if c < 'a' {
			f.err = errors.New("no letter")
			return dst
		}
		dst = append(dst, strings.Repeat(string(c), 100)...)
	}
	return dst
}

func (f *hundredfold) End(dst []byte) []byte { return dst }

func (f *hundredfold) Err() error { return f.err }

var inHundredfold = Options{Change: func(*Exchange, Side) Changes {
	return Changes{Body: &hundredfold{}, Stale: []string{"content-encoding"}}
}}

// TestSwellingWaits: what becomes longer waits for the receiver's window as it came, but for a little.
func TestSwellingWaits(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	m := NewH2(inHundredfold)
	window := func(id, n uint32) string {
		return c.send(http2.FrameWindowUpdate, 0, id, string(binary.BigEndian.AppendUint32(nil, n)))
	}
	_, toClient := receive2(m, append(begin2(c, s), c.head(1, endStream, ":method: GET", ":scheme: https", ":path: /"), s.head(1, 0, ":status: 200"))...)
	for range 3 {
		_, more := receive2(m, s.send(http2.FrameData, 0, 1, strings.Repeat("x", 16_000)))
		toClient = append(toClient, more...)
	}
	_, more := receive2(m, s.send(http2.FrameData, endStream, 1, "z"))
	toClient = append(toClient, more...)
	if n := len(m.streams[1].of(&m.server).waiting); n > enoughWaiting+filterAtOnce*100 {
		t.Errorf("%d bytes wait", n)
	}
	for range 80 {
		_, more := receive2(m, window(0, 100_000), window(1, 100_000))
		toClient = append(toClient, more...)
	}
	if a, z := strings.Count(string(toClient), "x"), strings.Count(string(toClient), "z"); a != 4_800_000 || z != 100 || m.Waiting() {
		t.Errorf("%d and %d came, waiting %t", a, z, m.Waiting())
	}
}

// TestFailing: a body that cannot be changed breaks off, in HTTP/2 without the connection.
func TestFailing(t *testing.T) {
	c, s := newEnd2("c"), newEnd2("s")
	o := inHundredfold
	o.Page = page502
	m := NewH2(o)
	toServer, toClient := receive2(m, append(begin2(c, s), c.head(1, 0, ":method: PUT", ":scheme: https", ":path: /", "content-encoding: x"), c.send(http2.FrameData, 0, 1, "A"), c.send(http2.FrameData, endStream, 1, "b"),
		c.head(3, endStream, ":method: GET", ":scheme: https", ":path: /"), s.head(3, 0, ":status: 200"), s.send(http2.FrameData, endStream, 3, "A"),
		c.head(5, endStream, ":method: GET", ":scheme: https", ":path: /"), s.head(5, endStream, ":status: 204"))...)
	if got, want := frames2(t, toServer), "HEADERS :method=PUT\nRST_STREAM CANCEL\nHEADERS :method=GET\nRST_STREAM CANCEL\nHEADERS :method=GET"; got != want {
		t.Errorf("the server heard\n%s\nwant\n%s", got, want)
	}
	if got, want := frames2(t, toClient), "HEADERS :status=400 content-type=text/plain; charset=utf-8\nDATA no true\nRST_STREAM NO_ERROR\nHEADERS :status=200\nRST_STREAM INTERNAL_ERROR\nHEADERS :status=204"; got != want {
		t.Errorf("the client heard\n%s\nwant\n%s", got, want)
	}
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, x := range []row{
		{name: "a reply", say: []string{"c:" + get, "s:HTTP/1.1 200 OK\r\nContent-Encoding: x\r\nContent-Length: 2\r\n\r\nAa"}, toServer: get, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{name: "a reply to its end", say: []string{"c:" + get, "s:HTTP/1.1 200 OK\r\n\r\nA", "s!"}, toServer: get, toClient: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{name: "a request", say: []string{"c:PUT / HTTP/1.1\r\nHost: a\r\nContent-Encoding: x\r\nContent-Length: 2\r\n\r\nAa"}, toServer: "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", toClient: "<400>"},
		{name: "in another coding", say: []string{"c:" + get, "s:HTTP/1.1 200 OK\r\nContent-Encoding: x\r\nTransfer-Encoding: gzip\r\n\r\nA"}, toServer: get, toClient: "HTTP/1.1 200 OK\r\nContent-Encoding: x\r\nTransfer-Encoding: gzip\r\n\r\nA"},
	} {
		x.o = inHundredfold
		h := playRow(t, &x, 0)
		if string(h.toServer) != x.toServer || string(h.toClient) != x.toClient {
			t.Errorf("%s: the server heard %q, the client %q", x.name, h.toServer, h.toClient)
		}
		if f := h.xs[0].Fault; x.name != "in another coding" && (!h.m.Over() || f == nil || f.Refusal == nil || f.Refusal.Rule != RuleContentCoding) {
			t.Errorf("%s: over %t, %v", x.name, h.m.Over(), f)
		}
	}
}
