package relay

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// What a fuzzer says in HTTP/2: blocks between bytes FE, which HTTP/1.1 does not have either; of a
// block, what lies between bytes FF is a field, its value behind FD, or, behind FC, a body; FB is
// the end of the stream.
func framesOf(side string, script []byte, id func(n int) uint32) (say []string) {
	e := newEnd2(side)
	for n, part := range bytes.Split(script, []byte{0xfe}) {
		var block []byte
		opened, end := false, false
		flush := func() {
			if len(block) > 0 || !opened {
				say = append(say, side+":"+string(frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders, id(n), block)))
			}
			block, opened = nil, true
		}
		for _, piece := range bytes.Split(part, []byte{0xff}) {
			switch {
			case len(piece) == 0:
			case piece[0] == 0xfc:
				flush()
				say = append(say, e.send(http2.FrameData, 0, id(n), string(piece[1:min(len(piece), 1000)])))
			case piece[0] == 0xfb:
				end = true
			default:
				name, value, _ := strings.Cut(string(piece), "\xfd")
				block = literal(block, hpack.HeaderField{Name: name, Value: value})
			}
		}
		flush()
		if end {
			say = append(say, e.send(http2.FrameData, http2.FlagDataEndStream, id(n), ""))
		}
	}
	return say
}

// scripted is a block of a script.
func scripted(pieces ...string) string {
	for i, p := range pieces {
		if name, value, ok := strings.Cut(strings.TrimPrefix(p, ":"), ": "); ok && p[0] < 0xfb {
			if p[0] == ':' {
				name = ":" + name
			}
			pieces[i] = name + "\xfd" + value
		}
	}
	return strings.Join(pieces, "\xff")
}

// ended has both ends end and checks that the machine does, with each exchange told of once.
func ended(t *testing.T, m machine, h *heard) {
	t.Helper()
	m.End(Client, Broken, nil)
	m.End(Server, Broken, nil)
	if m.Fate(Client) == Open || m.Fate(Server) == Open {
		t.Fatal("both ends have ended, and it goes on")
	}
	for i := range h.xs {
		n := 0
		for _, e := range h.events {
			if strings.HasPrefix(e, fmt.Sprintf("%d done", i)) {
				n++
			}
		}
		if n != 1 {
			t.Fatalf("exchange %d was told of %d times:\n%s", i, n, strings.Join(h.events, "\n"))
		}
	}
}

// FuzzH2toH1: whatever a client says in HTTP/2, what goes on in HTTP/1.1 are the requests that were
// told of as passed, in their order, and behind them no more than a part of one.
func FuzzH2toH1(f *testing.F) {
	plain := scripted(ask("GET", "/1", "cookie: a=1", "cookie: b")...) + "\xff\xfb"
	f.Add([]byte(plain+"\xfe"+scripted(append(ask("POST", "/2", "content-length: 2"), "\xfcok", "\xfb")...)), []byte{})
	f.Add([]byte(scripted(append(ask("POST", "/2", "expect: 100-continue"), "\xfchel", "\xfclo", "x-sum: 5", "\xfb")...)+"\xfe"+plain), []byte(settings0))
	f.Add([]byte(scripted(ask("GET", "/1", "x: a\r\n\r\nGET /evil HTTP/1.1")...)+"\xff\xfb\xfe"+plain), []byte("\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08"))
	f.Add([]byte(scripted(append(ask("POST", "/2", "content-length: 2"), "\xfcoooook", "\xfb")...)), []byte{1})
	f.Fuzz(func(t *testing.T, script, raw []byte) {
		var m *H2toH1
		say := append([]string{"c:" + http2.ClientPreface + settings0}, framesOf("c", script, func(n int) uint32 { return uint32(2*n + 1) })...)
		for i := range slices.Backward(say) {
			say = slices.Insert(say, i+1, "204")
		}
		h := play204(say, func(o Options) machine { o.Header = 1 << 10; m = NewH2toH1(o); return m })
		var passed []message
		for i, x := range messages(h.events, Client) {
			if h.xs[i].passed {
				passed = append(passed, x)
			}
		}
		r := bufio.NewReader(bytes.NewReader(h.toServer))
		for i := 0; ; i++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				break // what it refuses it does not read in two ways
			}
			body, err := io.ReadAll(req.Body)
			if err != nil {
				break
			}
			if i == len(passed) {
				t.Fatalf("of %q net/http reads one more than\n%s", h.toServer, strings.Join(h.events, "\n"))
			}
			if got := req.Method + " " + req.RequestURI; got != passed[i].first || string(body) != passed[i].body {
				t.Fatalf("of %q net/http reads %q %q, we %q", h.toServer, got, body, passed[i])
			}
		}
		strict := 0
		NewH1(Options{Event: func(e Event) {
			if e.Kind == RequestOver {
				strict++
			}
		}}).Receive(Client, h.toServer)
		if strict != len(passed) {
			t.Fatalf("of %q a strict reader reads %d requests, we %d", h.toServer, strict, len(passed))
		}
		if n := lenient(h.toServer); n != len(passed) && n != len(passed)+1 {
			t.Fatalf("of %q a lenient reader reads %d requests, we %d", h.toServer, n, len(passed))
		}
		if got := inWords(t, h.toClient, false); strings.Contains(got, "! ") {
			t.Fatalf("the client cannot read what it heard: %s", got)
		}
		m.Receive(Client, raw) // whatever it is
		m.Output(Server)
		m.Receive(Server, raw)
		ended(t, m, h)
	})
}

// play204 plays a row in which "204" is a server that answers, if it was asked.
func play204(say []string, of func(Options) machine) *heard {
	h := &heard{}
	var m machine
	r := &row{say: say}
	return playInto(h, r, 0, func(o Options) machine { m = of(o); return m }, map[string]func(){"204": func() {
		if t := m.(*H2toH1); t.now != nil && t.now.x.passed {
			t.Receive(Server, []byte("HTTP/1.1 204 No\r\n\r\n"))
		}
	}})
}

// FuzzH1toH2: whatever a server says in HTTP/2, what its client reads in HTTP/1.1 are the replies
// that were told of, in their order, and a part of one at the most behind them.
func FuzzH1toH2(f *testing.F) {
	f.Add([]byte(scripted(":status: 200", "content-length: 2", "\xfcok", "\xfb")+"\xfe"+scripted(":status: 204", "\xfb")), []byte{}, byte(0))
	f.Add([]byte(scripted(":status: 103", "link: x", "\xfc", ":status: 200", "\xfcok", "x-sum: 2", "\xfb")), []byte(settings0), byte(1))
	f.Add([]byte(scripted(":status: 200", "x: a\r\ncontent-length: 0", "\xfcHTTP/1.1 200 OK\r\n\r\n", "\xfb")), []byte("\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"), byte(2))
	f.Add([]byte(scripted(":status: 304", "content-length: 9", "\xfb")+"\xfe"+scripted(":status: 200", "content-length: 9", "\xfb")), []byte{1}, byte(3))
	f.Fuzz(func(t *testing.T, script, raw []byte, heads byte) {
		const asks = 4
		methods, say := make([]string, asks), []string{}
		for i := range methods {
			if methods[i] = "GET"; heads>>i&1 == 1 {
				methods[i] = "HEAD"
			}
			say = append(say, fmt.Sprintf("c:%s /%d HTTP/1.1\r\nHost: a\r\n\r\n", methods[i], i))
		}
		var m *H1toH2
		say = append(say, "s:"+settings0)
		say = append(say, framesOf("s", script, func(n int) uint32 { return uint32(2*min(n, asks-1) + 1) })...)
		h := playWith(&row{say: say}, 0, func(o Options) machine {
			o.Header, o.Answer = 1<<10, nil
			m = NewH1toH2(o)
			return m
		})
		n := 0
		alike(t, h.toClient, messages(h.events, Server), func(r *bufio.Reader, _ int) (x message, err error) {
			if n == asks {
				return x, io.EOF
			}
			resp, err := http.ReadResponse(r, &http.Request{Method: methods[n]})
			if err != nil {
				return x, err
			}
			x.first = fmt.Sprint(resp.StatusCode)
			if resp.StatusCode/100 == 1 {
				return x, nil
			}
			n++
			body, err := io.ReadAll(resp.Body)
			x.body = string(body)
			return x, err
		})
		if got := inWords(t, h.toServer, false); strings.Contains(got, "! ") {
			t.Fatalf("the server cannot read what it heard: %s", got)
		}
		m.Receive(Server, raw) // whatever it is
		m.Output(Client)
		m.Receive(Client, raw)
		ended(t, m, h)
	})
}
