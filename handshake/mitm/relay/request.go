package relay

import (
	"io"
	"net/http"
	"strings"
)

// The client's half.

// stepRequest looks for a request at the beginning of b.
func (m *H1) stepRequest(b []byte) int {
	switch {
	case len(b) == 0:
		return -1
	case m.noMore:
		m.client.state = nowhere
		return 0
	case !m.spoken:
		switch looksLikeHTTP(b, m.o.Forward) {
		case no:
			if m.withheld != nil {
				m.broken = &Refusal{From: Client, Rule: RuleNotHTTP}
				m.finish(Cut)
				return -1
			}
			m.begin()
			return 0
		case unknown, likely:
			return -1
		}
		m.spoken = true
	case m.waits():
		return -1 // one at a time: the next may be for another server
	}
	f := &m.client
	n, ok := f.headEnd(b)
	switch {
	case ok && n <= 2:
		return n // an empty line before a request, as some clients leave behind the last body (RFC 9112 §2.2)
	case n > m.o.Header, !ok && len(b) > m.o.Header:
		h, _ := parseHead(string(b[:m.o.Header]), Client) // as far as it can be understood
		m.refuseRequest(&Exchange{Request: h}, &Refusal{From: Client, Rule: RuleHeadTooLong, Limit: m.o.Header})
		return -1
	case !ok:
		return -1
	}
	m.request(b[:n])
	return n
}

// request takes a request's head.
func (m *H1) request(raw []byte) {
	h, r := parseHead(string(raw), Client)
	x := &Exchange{Request: h}
	if r == nil {
		_, r = requestFraming(h)
	}
	if r != nil {
		m.refuseRequest(x, r)
		return
	}
	m.under = append(m.under, x)
	m.client.x = x
	m.o.tell(Event{Kind: RequestHead, Exchange: x, From: Client})
	switch {
	case m.withheld != nil:
		m.unanswered(m.withheld, Close)
	case m.o.asksHolder(x, Client):
		m.client.hold = holding{waits: x}
		m.client.state = withHolder
	case m.o.Forward:
		m.routing, m.client.state = x, held
	default:
		m.pass(x, raw)
	}
}

// Routing is the request that waits for its server: connect, then say Routed; or Answer it.
func (m *H1) Routing() *Exchange { return m.routing }

// Routed says that the server of the request that waited is there. fresh says that nothing was
// asked of it before.
func (m *H1) Routed(fresh bool) {
	x := m.routing
	if x == nil || m.over {
		return
	}
	m.routing = nil
	if fresh {
		m.server = flow{from: Server, out: m.server.out, fate: m.server.fate}
		m.client.out.shut, m.deaf, m.stray, m.answered = false, false, false, 0
		m.client.fate = Open
	}
	m.pass(x, nil)
	m.goOn()
}

// goOn resumes what the client has said. If it says no more, what is then half said is so for
// good, and what is whole is the last: the server hears so, as it would without a relay.
func (m *H1) goOn() {
	m.resume(&m.client)
	if m.over || !m.client.gone || m.raw != nil || m.client.stalls() {
		return
	}
	if len(m.under) == 0 {
		m.finish(Close)
		return
	}
	switch last := m.under[len(m.under)-1]; {
	case !last.sent, last.Fault != nil: // it waits for its server, or its answer for its turn
	case last.passed && len(m.client.in) > 0: // more was asked, and waits for its turn
	case last.passed:
		m.noMore = true
		if !m.single {
			m.client.fate = max(m.client.fate, EndHalf)
		}
	default:
		last.fail(Client, io.ErrUnexpectedEOF)
		m.finish(InOrder.fate())
	}
}

// Answer answers the request that waits in the server's place, with a whole reply; close ends
// the connection behind it, and so does a request that says that it is the last. A fault says why; nil if it is no fault.
func (m *H1) Answer(reply []byte, close bool, fault *Fault) {
	x := m.routing
	if x == nil || m.over {
		return
	}
	m.routing = nil
	x.answered, x.begun, x.replied, x.Fault = true, true, true, fault
	m.client.out.shut = true // what is still to come of it goes nowhere
	m.server.out.add(reply)
	m.frame(x)
	m.under = m.under[1:]
	if close || m.noMore || x.Request.closes() {
		m.finished(x)
		m.finish(Close)
		return
	}
	m.settle(x)
	m.goOn()
}

// pass sends a request's head on, and says how its body ends. raw is the head where it lies.
func (m *H1) pass(x *Exchange, raw []byte) {
	if m.o.Change != nil && !x.decided {
		x.changes = m.o.Change(x, Client)
	}
	h := x.Request
	f, _ := requestFraming(h) // it was looked at
	c := &x.changes
	target, hosts := h.Target, c.hosts(h)
	if m.o.Forward || hosts && h.Authority != "" { // a server goes by that, and not by Host (RFC 9112 §3.2.2)
		target = h.Path
		h.note(NoteOriginForm)
	}
	e := edits{drop: c.Drop, fields: c.Fields, start: c.firstLine(h, Client, target)}
	if m.o.Forward {
		if h.host != h.Authority && !c.names("Host") {
			h.note(NoteHost)
			e.host = h.Authority
		}
	}
	if hosts {
		e.host = c.Host
	}
	m.client.body, m.client.out.shut = nil, m.deaf
	m.client.hold = holding{streamed: c.Stream, late: m.client.hold.late}
	if (c.Body != nil || c.Stream) && !f.none() && !h.old() { // of HTTP/1.0 a body cannot get another length without being held
		m.client.body = c.Body
		e.drop = append(append(e.drop[:len(e.drop):len(e.drop)], "content-length", "transfer-encoding"), c.Stale...)
		e.last = "Transfer-Encoding: chunked\r\n"
	}
	x.sent = true
	if raw != nil && e.none() && !h.changed {
		m.client.out.pass(raw)
	} else {
		m.client.out.add(h.edited(&e))
	}
	m.frame(x)
}

// frame has the body of x come.
func (m *H1) frame(x *Exchange) {
	f, _ := requestFraming(x.Request)
	m.client.x = x
	switch {
	case f.chunked:
		m.client.state = atChunk
	case f.length > 0:
		m.client.state, m.client.left = atLength, f.length
	default:
		m.bodyOver(&m.client, nil)
	}
}

// requestOver is the end of a request's body.
func (m *H1) requestOver(x *Exchange) {
	x.passed = true
	m.o.tell(Event{Kind: RequestOver, Exchange: x, From: Client})
	f := &m.client
	switch {
	case x.answered || x.replied:
		f.state = atHead
	case x.switches():
		f.state = held // what follows is HTTP only if the server declines
	default:
		f.state = atHead
	}
	if x.Request.closes() {
		m.noMore = true
	}
	m.settle(x)
}

// switches reports whether the reply may make bytes of the connection.
func (x *Exchange) switches() bool {
	return x.Request.Method == http.MethodConnect || x.Request.upgrade != ""
}

// settle tells of x if both its halves are over.
func (m *H1) settle(x *Exchange) {
	if x.passed && x.replied && !x.Bytes {
		m.finished(x)
	}
}

// refuseRequest answers a request that does not go on, behind the replies that are under way,
// and ends the connection.
func (m *H1) refuseRequest(x *Exchange, r *Refusal) {
	x.fail(Client, r)
	m.spoken, m.noMore, m.client.state, m.client.ended = true, true, nowhere, true
	m.o.tell(Event{Kind: RequestHead, Exchange: x, From: Client})
	m.under = append(m.under, x)
	m.answerFirst()
}

// refuseBody is the same for a request whose head has gone on.
func (m *H1) refuseBody(x *Exchange, r *Refusal) {
	x.fail(Client, r)
	m.noMore, m.client.state, m.client.ended = true, nowhere, true
	if x.done || x.replied || x.begun && m.under[0] == x {
		m.finish(Cut)
		return
	}
	m.answerFirst()
}

// answerFirst answers the first request under way, if it is one that was refused.
func (m *H1) answerFirst() {
	if len(m.under) == 0 {
		return
	}
	x := m.under[0]
	if x.Fault == nil || x.Fault.Refusal == nil || x.Fault.Refusal.From != Client {
		return
	}
	m.answer(x)
	if x.sent {
		m.client.fate = Cut // half a request must not pass for a whole one
	}
	m.finish(Close)
}

// answer sends the client what Options say it is to read in place of a reply.
func (m *H1) answer(x *Exchange) {
	if m.o.Answer == nil || x.begun {
		return
	}
	if reply := m.o.Answer(x, m.answered > 0); len(reply) > 0 {
		x.answered, x.begun = true, true
		m.server.out.add(reply)
	}
}

// Answered reports whether the client was answered in the server's place.
func (x *Exchange) Answered() bool { return x.answered }

// clientEnded is the end of what the client says.
func (m *H1) clientEnded(how Ending, err error) {
	f := &m.client
	amid := len(f.in) > 0 && f.state == atHead && !m.waits()
	if len(m.under) == 0 {
		switch {
		case m.withheld == nil && !m.spoken && amid && looksLikeHTTP(f.in, m.o.Forward) == unknown: // too short to be anything
			m.begin()
			m.work(f, f.in, false)
			m.bytesEnded(f, how, err)
			return
		case how == Broken, amid:
			m.broken = err
		}
		m.finish(how.fate())
		return
	}
	last := m.under[len(m.under)-1]
	part := last.sent && !last.passed
	if how == InOrder && !part && !amid {
		// It may still read, as a program that half-closes does (nc -N): it has a right to the
		// replies to what it asked. If it is gone, writing tells.
		m.halved = err
		m.goOn()
		return
	}
	for _, x := range m.under {
		x.fail(Client, err)
	}
	m.finish(how.fate())
}

type guess int

const (
	no guess = iota
	unknown
	likely // it begins as one does, and its first line is not whole
	yes
)

const (
	longestMethod    = len("UPDATEREDIRECTREF") // of the registered ones
	longestToken     = 1 << 8                   // nobody's method is longer
	longestFirstLine = 8000                     // that every recipient should take (RFC 9112 §3)
)

// looksLikeHTTP says whether a request begins here. What begins with a method in capitals and a
// space is one if there follows what only HTTP has: a path, a URL, its name; other protocols have
// commands in capitals too (NICK of IRC, GET of Redis). With any other token (a method is any
// token, RFC 9110 §9.1), or behind white space, it is what ends as the first line of a request
// does. The preface of HTTP/2 without ALPN does not count. Where sure is true, it can be nothing
// else.
func looksLikeHTTP(b []byte, sure bool) guess {
	if sure {
		return yes
	}
	s := strings.TrimLeft(string(b[:min(len(b), longestFirstLine)]), "\r\n")
	full := len(b) >= longestFirstLine
	switch {
	case s == "" && full:
		return no
	case s == "":
		return unknown
	}
	if strings.HasPrefix(s, "PRI ") {
		return no
	}
	plain := strings.TrimLeft(s, " \t")
	i := 0
	for i < len(plain) && tokens[plain[i]] {
		i++
	}
	switch {
	case i > longestToken:
		return no
	case i == len(plain) && !full:
		return unknown
	case i == 0 || i == len(plain) || plain[i] != ' ':
		return no
	}
	line, _, whole := strings.Cut(plain, "\n")
	if len(plain) == len(s) && i <= longestMethod && isCapital(plain[:i]) {
		switch target := line[i+1:]; {
		case full, strings.HasPrefix(target, "/"), strings.HasPrefix(target, "*"), strings.Contains(line, "://"), strings.Contains(line, "HTTP/"):
			return yes
		case !whole:
			return likely
		}
		return no
	}
	words := strings.Fields(line)
	switch {
	case !isText(line):
		return no
	case !whole && !full:
		return unknown
	case whole && len(words) == 3 && strings.HasPrefix(words[2], "HTTP/"): // of another version it is refused, and not hidden
		return yes
	}
	return no
}

func isCapital(s string) bool {
	for i := range len(s) {
		if (s[i] < 'A' || s[i] > 'Z') && s[i] != '-' {
			return false
		}
	}
	return true
}

func isText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' && s[i] != '\r' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
