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
)

// message is what a reader makes of one.
type message struct {
	first string
	body  string
}

// messages are those that the relay told of, from a side.
func messages(events []string, from Side) (out []message) {
	at := map[string]int{}
	for _, e := range events {
		x, rest, _ := strings.Cut(e, " ")
		kind, what, _ := strings.Cut(rest, " ")
		head, _, _ := strings.Cut(what, " [")
		switch EventKind(kind) {
		case RequestHead:
			if from == Client {
				at[x] = len(out)
				out = append(out, message{first: head})
			}
		case Interim, ReplyHead:
			if from == Server {
				at[x] = len(out)
				out = append(out, message{first: head})
			}
		case Body:
			if strings.HasPrefix(what, string(from[:1])+":") {
				out[at[x]].body = what[2:]
			}
		}
	}
	return out
}

// alike checks that net/http reads the same messages, as far as it reads any: what it refuses
// is not read in two ways.
func alike(t *testing.T, wire []byte, ours []message, next func(r *bufio.Reader, i int) (message, error)) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(wire))
	for i := 0; ; i++ {
		theirs, err := next(r, i)
		if err != nil && theirs.first == "" {
			return
		}
		if i >= len(ours) {
			t.Fatalf("of %q net/http reads one more: %q; we read %q", wire, theirs, ours)
		}
		if theirs.first != ours[i].first || err == nil && theirs.body != ours[i].body || !strings.HasPrefix(ours[i].body, theirs.body) {
			t.Fatalf("of %q net/http reads %q, we %q", wire, theirs, ours[i])
		}
		if err != nil {
			return
		}
	}
}

// pattern gives sizes of pieces, over and over.
func inPieces(say []string, pattern []byte) (out []string) {
	i := 0
	for _, s := range say {
		for b := s[2:]; b != ""; {
			n := len(b)
			if len(pattern) > 0 {
				n = min(n, 1+int(pattern[i%len(pattern)]))
				i++
			}
			out, b = append(out, s[:2]+b[:n]), b[n:]
		}
	}
	return out
}

// sameInPieces checks that it does not matter in which pieces it comes.
func sameInPieces(t *testing.T, r *row, pattern []byte) *heard {
	t.Helper()
	whole := playRow(t, r, 0)
	pieces := *r
	pieces.say = inPieces(r.say, pattern)
	p := playRow(t, &pieces, 0)
	if !bytes.Equal(p.toServer, whole.toServer) || !bytes.Equal(p.toClient, whole.toClient) || p.fates != whole.fates {
		t.Fatalf("whole: %q, %q, %v; in pieces: %q, %q, %v", whole.toServer, whole.toClient, whole.fates, p.toServer, p.toClient, p.fates)
	}
	if a, b := strings.Join(whole.events, "\n"), strings.Join(p.events, "\n"); a != b {
		t.Fatalf("whole:\n%s\nin pieces:\n%s", a, b)
	}
	return whole
}

// FuzzRequests: whatever a client says, in whatever pieces, what goes on are the requests that
// were told of, under net/http's reading too.
func FuzzRequests(f *testing.F) {
	for _, r := range slices.Concat(asItCame, asTheRFCsWant, endings) {
		for _, s := range r.say {
			if strings.HasPrefix(s, "c:") {
				f.Add([]byte(s[2:]), []byte{})
				f.Add([]byte(s[2:]), []byte{0, 3})
			}
		}
	}
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nConnection: x, content-length\r\nX: 1\r\nContent-Length: 2\r\n\r\nokGET / HTTP/1.1\r\n\r\n"), []byte{1})
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nConnection: tran\u017ffer-encoding\r\nTransfer-Encoding: chunked\r\n\r\nB ;/evil HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n"), []byte{})
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chun\u212aed\r\n\r\n1c\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n0\r\n\r\n"), []byte{})
	f.Fuzz(func(t *testing.T, b, pattern []byte) {
		if len(b) == 0 {
			return
		}
		r := row{say: []string{"c:" + string(b)}, o: Options{Header: 1 << 10, Answer: func(*Exchange, bool) []byte { return nil }}}
		h := sameInPieces(t, &r, pattern)
		if len(h.xs) > 0 && h.xs[0].Bytes {
			if !bytes.Equal(h.toServer, b) {
				t.Fatalf("%q became %q", b, h.toServer)
			}
			return
		}
		var ours []message
		for i, m := range messages(h.events, Client) {
			if x := h.xs[i]; x.sent {
				ours = append(ours, m)
			}
		}
		alike(t, h.toServer, ours, func(r *bufio.Reader, _ int) (m message, err error) {
			req, err := http.ReadRequest(r)
			if err != nil {
				return m, err
			}
			body, err := io.ReadAll(req.Body)
			return message{req.Method + " " + req.RequestURI, string(body)}, err
		})
		if got, want := lenient(h.toServer), len(ours); got > want {
			t.Fatalf("of %q a lenient reader reads %d requests, we %d", h.toServer, got, want)
		}
		// And under our own: what went on is what goes on.
		again := playRow(t, &row{say: []string{"c:" + string(h.toServer)}, o: r.o}, 0)
		if !bytes.Equal(again.toServer, h.toServer) {
			t.Fatalf("%q went on, and of that %q", h.toServer, again.toServer)
		}
	})
}

// lenient counts the requests that a reader finds that refuses nothing: what it does not know
// it leaves out, chunked is whatever has that word in it, and Content-Length what begins as a
// number does.
func lenient(b []byte) (n int) {
	for len(b) > 0 {
		head, rest, ok := bytes.Cut(b, []byte("\r\n\r\n"))
		if head = bytes.TrimLeft(head, "\r\n"); !ok || len(head) == 0 {
			return n
		}
		n++
		chunked, length := false, 0
		for line := range bytes.SplitSeq(head, []byte("\n")) {
			name, value, _ := bytes.Cut(line, []byte(":"))
			switch lower(strings.TrimSpace(string(name))) {
			case "transfer-encoding":
				chunked = chunked || strings.Contains(lower(string(value)), "chunked")
			case "content-length":
				_, _ = fmt.Sscan(string(value), &length) // 0 if it is none
			}
		}
		for b = rest; chunked; {
			line, rest, ok := bytes.Cut(b, []byte("\n"))
			size := 0
			_, _ = fmt.Sscanf(string(line), "%x", &size) // 0 if it is none
			if !ok || size == 0 {
				_, b, _ = bytes.Cut(b, []byte("\r\n\r\n")) // trailers, or the empty line alone
				break
			}
			b = rest[min(len(rest), max(0, size)):]
			_, b, _ = bytes.Cut(b, []byte("\n"))
		}
		if !chunked {
			b = b[min(len(b), max(0, length)):]
		}
	}
	return n
}

// FuzzReplies is the same for what a server says to requests that did not wait.
func FuzzReplies(f *testing.F) {
	for _, r := range slices.Concat(asItCame, asTheRFCsWant, endings) {
		all := ""
		for _, s := range r.say {
			if strings.HasPrefix(s, "s:") {
				f.Add([]byte(s[2:]), []byte{}, byte(0))
				all += s[2:]
			}
		}
		f.Add([]byte(all), []byte{0, 3}, byte(2))
	}
	f.Fuzz(func(t *testing.T, b, pattern []byte, heads byte) {
		if len(b) == 0 {
			return
		}
		const asked = 4
		methods := make([]string, asked)
		say := []string{}
		for i := range methods {
			methods[i] = "GET"
			if heads>>i&1 == 1 {
				methods[i] = "HEAD"
			}
			say = append(say, fmt.Sprintf("c:%s /%d HTTP/1.1\r\nHost: a\r\n\r\n", methods[i], i))
		}
		r := row{say: append(say, "s:"+string(b)), o: Options{Header: 1 << 10, Answer: func(*Exchange, bool) []byte { return nil }}}
		h := sameInPieces(t, &r, pattern)
		n := 0
		alike(t, h.toClient, messages(h.events, Server), func(r *bufio.Reader, _ int) (m message, err error) {
			if n == asked {
				return m, io.EOF
			}
			resp, err := http.ReadResponse(r, &http.Request{Method: methods[n]})
			if err != nil {
				return m, err
			}
			m.first = fmt.Sprint(resp.StatusCode)
			if resp.StatusCode/100 == 1 {
				return m, nil
			}
			n++
			body, err := io.ReadAll(resp.Body)
			m.body = string(body)
			return m, err
		})
	})
}

// FuzzBoth: whatever the two say, in whatever order and however they end, nothing breaks, each
// exchange is told of once, and no more requests go out than came in.
func FuzzBoth(f *testing.F) {
	for _, r := range slices.Concat(asItCame, asTheRFCsWant, endings) {
		f.Add([]byte(strings.Join(r.say, "\x00")), false)
		f.Add([]byte(strings.Join(r.say, "\x00")), true)
	}
	f.Fuzz(func(t *testing.T, script []byte, forward bool) {
		done := map[*Exchange]int{}
		m := NewH1(Options{Header: 1 << 10, Forward: forward, Answer: func(*Exchange, bool) []byte { return []byte("!") }, Event: func(e Event) {
			if e.Kind == Done {
				done[e.Exchange]++
			} else {
				done[e.Exchange] += 0
				if done[e.Exchange] > 0 && e.Kind != RequestOver && e.Kind != Body && e.Kind != Trailers {
					t.Fatalf("%s after the end", e.Kind)
				}
			}
		}})
		for _, s := range bytes.Split(script, []byte{0}) {
			if len(s) < 2 {
				if m.Routing() != nil {
					m.Routed(len(s) == 0)
				}
				continue
			}
			side := Client
			if s[0] == 's' {
				side = Server
			}
			switch s[1] {
			case '!':
				m.End(side, InOrder, nil)
			case '~':
				m.End(side, NoGoodbye, nil)
			case '#':
				m.End(side, Broken, nil)
			case 'w':
				m.Unwritten(side, errReset)
			default:
				m.Receive(side, bytes.Clone(s[2:]))
			}
			m.Output(Client)
			m.Output(Server)
		}
		m.End(Client, Broken, nil)
		m.End(Server, Broken, nil)
		if m.Routing() != nil { // its client has only closed its half, and it waits for another server
			m.Answer(nil, true, nil)
		}
		if !m.Over() {
			t.Fatal("both ends have ended, and it goes on")
		}
		for x, n := range done {
			if n != 1 {
				t.Fatalf("%+v was told of %d times", x, n)
			}
		}
	})
}
