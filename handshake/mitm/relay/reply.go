package relay

import (
	"net/http"
	"strings"
)

// The server's half.

// stepReply looks for a reply at the beginning of b.
func (m *H1) stepReply(b []byte) int {
	if len(b) == 0 {
		return -1
	}
	if !m.spoken { // the server speaks first, and not HTTP
		m.begin()
		m.resume(&m.client)
		return 0
	}
	if len(m.under) == 0 || !m.under[0].sent {
		// An answer to nothing, as the 408 of a server that hangs up (RFC 9110 §15.5.9). It must
		// not pass for the answer to what will be asked.
		m.server.state, m.stray = nowhere, true
		if (!m.o.Forward || len(m.under) == 0) && m.client.hold.waits == nil && m.responding == nil {
			m.finish(Close)
		}
		return 0
	}
	f := &m.server
	if f.look < 16 {
		if r := notHTTP(b); r != nil {
			m.refuseReply(r)
			return -1
		}
	}
	n, ok := f.headEnd(b)
	switch {
	case ok && n <= 2:
		return n
	case n > m.o.Header, !ok && len(b) > m.o.Header:
		m.refuseReply(&Refusal{From: Server, Rule: RuleHeadTooLong, Limit: m.o.Header})
		return -1
	case !ok:
		return -1
	}
	m.reply(b[:n])
	return n
}

// notHTTP refuses what cannot be the beginning of a reply: to wait for the end of its head would
// be to wait for ever. An empty line may stand before one.
func notHTTP(b []byte) *Refusal {
	s := strings.TrimLeft(string(b[:min(len(b), 16)]), "\r\n")
	const begin = "HTTP/1."
	if n := min(len(s), len(begin)); s[:n] == begin[:n] {
		return nil
	}
	if s[0] == 0x15 {
		if len(s) < 2 {
			return nil
		}
		if s[1] == 3 {
			return &Refusal{From: Server, Rule: RuleTLSAlert}
		}
	}
	i := 0
	for i < len(begin) && i < len(s) && s[i] == begin[i] {
		i++
	}
	return &Refusal{From: Server, Rule: RuleNotHTTP, Detail: quote(s[:i+1])}
}

// reply takes a reply's head.
func (m *H1) reply(raw []byte) {
	x := m.under[0]
	h, r := parseHead(string(raw), Server)
	f := framing{}
	if r == nil {
		f, r = replyFraming(h, x.Request.Method)
	}
	switching := h.Status == http.StatusSwitchingProtocols
	if r == nil && switching && !x.switches() {
		r = &Refusal{From: Server, Rule: RuleNoUpgrade}
	}
	if r != nil {
		m.refuseReply(r)
		return
	}
	switching = switching || x.Request.Method == http.MethodConnect && h.Status/100 == 2
	if switching && !x.passed {
		// The rest of its request would be taken for what follows the upgrade.
		m.refuseReply(&Refusal{From: Server, Rule: RuleNoUpgrade})
		return
	}
	if h.Status/100 == 1 && !switching { // the real one is yet to come
		m.sendHead(h, raw, &edits{})
		m.o.tell(Event{Kind: Interim, Exchange: x, From: Server, Head: h})
		return
	}
	x.Reply = h
	m.server.hold = holding{}
	if switching {
		x.begun = true
		m.server.body = nil
		m.sendHead(h, raw, &edits{})
		m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
		m.server.x = x
		m.switched(x)
		return
	}
	if m.o.asksHolder(x, Server) {
		m.server.hold = holding{waits: x, framing: f}
		m.server.state = withHolder
		m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
		return
	}
	c := Changes{}
	if m.o.Change != nil {
		c = m.o.Change(x, Server)
	}
	m.replyGoesOn(x, f, raw, c)
	m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
	m.frameReply(x, f)
}

// replyGoesOn sends a reply's head on. raw is the head where it lies; nil if it was held, and then what
// its body is framed by is seen to as well.
func (m *H1) replyGoesOn(x *Exchange, f framing, raw []byte, c Changes) {
	h := x.Reply
	x.begun = true
	e := edits{drop: c.Drop, fields: c.Fields, start: c.firstLine(h, Server, "")}
	m.server.body, m.server.hold.streamed = nil, c.Stream
	if c.Body != nil || c.Stream {
		switch {
		case !c.Stream && f.none():
		case h.compressed():
			h.note(NoteCoded)
		default:
			m.server.body = c.Body
			e.drop = append(append(e.drop[:len(e.drop):len(e.drop)], "content-length", "transfer-encoding"), c.Stale...)
			if e.last = "Transfer-Encoding: chunked\r\n"; x.Request.old() || h.old() { // whose reader knows no chunks
				e.drop, e.last = append(e.drop, "connection"), "Connection: close\r\n"
				x.endless = true
			}
		}
	}
	m.sendHead(h, raw, &e)
	if raw == nil {
		m.frameReply(x, f)
	}
}

// frameReply has the body of a reply come.
func (m *H1) frameReply(x *Exchange, f framing) {
	m.server.x = x
	switch {
	case f.chunked:
		m.server.state = atChunk
	case f.untilClose:
		m.server.state, x.endless = untilClose, true
	case f.length > 0:
		m.server.state, m.server.left = atLength, f.length
	default:
		m.bodyOver(&m.server, nil)
	}
}

// compressed reports whether the body is in a transfer coding below its chunks, or in one without
// any: it has nothing in it to be changed, and the coding must stay.
func (h *Head) compressed() bool {
	return h.coded && !sameName(strings.Trim(h.codings, ", \t"), "chunked")
}

func (m *H1) sendHead(h *Head, raw []byte, e *edits) {
	if raw != nil && e.none() && !h.changed {
		m.server.out.pass(raw)
		return
	}
	m.server.out.add(h.edited(e))
}

// replyOver is the end of a reply's body.
func (m *H1) replyOver(x *Exchange) {
	m.server.state = atHead
	x.replied, x.Early = true, !x.passed
	m.answered++
	m.under = m.under[1:]
	if len(m.under) == 0 {
		m.under = nil // its array would else walk through memory
	}
	m.o.tell(Event{Kind: ReplyOver, Exchange: x, From: Server})
	closes := x.Reply.closes() || x.Request.closes() || x.endless || m.deaf || m.noMore && len(m.under) == 0
	if closes && x.Fault == nil && len(m.under) > 0 && m.under[0].sent {
		m.lost()
		return
	}
	m.settle(x)
	if closes {
		if !x.passed {
			m.finished(x) // what was still to be said of the request goes nowhere
		}
		m.finish(Close)
		return
	}
	m.answerFirst()
	if m.client.state == held && len(m.under) == 0 {
		m.client.state = atHead
	}
	if m.client.state == atHead {
		m.goOn()
	}
}
