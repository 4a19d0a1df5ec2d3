package relay

import (
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"strconv"

	"golang.org/x/net/http2"
)

// H1toH2 relays between a client of HTTP/1.1 and a server that has only HTTP/2. Towards the client
// it is an H1, which hears the server's replies in the words of HTTP/1.1; towards the server it is
// an end of HTTP/2 (conn2). What goes on is what an Exchange has, in the other version's words:
// its Request is HTTP/1.1's as it came, its Reply HTTP/2's.
//
// A client that does not wait for its replies (pipelining) gets them in its order: there is one
// stream at a time, since streams beside each other have no order.
//
// An upgrade to WebSocket becomes an extended CONNECT where the server takes one (RFC 8441); where
// it does not, the client is answered. What else a client would upgrade to goes no further, and
// the request goes on without it, as to a server that does not know it.
//
// It is driven as H2toH1 is: Output to the client may be sent while the server is being read.
type H1toH2 struct {
	translator // one is with the client

	left bool     // the client says nothing more
	away bool     // the server takes no more streams
	odd  bool     // what the client said is no HTTP
	fate Fate     // of the server's stream
	bad  *Refusal // what is wrong with the trailer that has come
}

// NewH1toH2 returns a relay that has seen nothing yet. Of the Options Forward and Page are of no use here.
func NewH1toH2(o Options) *H1toH2 {
	if o.Header == 0 {
		o.Header = defaultHeader
	}
	m := &H1toH2{translator: translator{o: o}}
	m.two = newConn2(Server, o.Header, windowOfStream, m)
	m.one = NewH1(Options{Header: o.Header, Event: m.heard, Answer: m.answer})
	m.one.single = true
	if o.Hold != nil {
		m.one.o.Hold = m.holds
	}
	return m
}

// Receive takes bytes that came from a side.
func (m *H1toH2) Receive(from Side, b []byte) {
	switch {
	case m.over:
		return
	case from == Client:
		m.one.Receive(Client, b)
	default:
		if broke := m.two.receive(b, func() bool { return m.over }); broke != nil {
			m.two.out.add(goAwayFrame(0, broke.code)) // it has opened none
			m.one.End(Server, Broken, broke.refusal)
		}
	}
	m.after()
}

// say has the client hear b.
func (m *H1toH2) say(b []byte) {
	if len(b) > 0 {
		m.one.Receive(Server, b)
		m.wire = append(m.wire, m.one.Output(Client)...)
	}
}

// after does what an event asked for, once the H1 can be spoken to again.
func (m *H1toH2) after() {
	switch {
	case m.odd:
		m.one.finish(Close)
	case m.bad != nil && m.now != nil && len(m.one.under) > 0:
		r := m.bad
		m.bad = nil
		m.two.drop(m.now, http2.ErrCodeCancel)
		m.one.refuseBody(m.one.under[0], r)
	case m.one.Waiting() || m.one.raw != nil:
		m.open()
	case m.left, m.away: // and what is under way is over
		m.one.finish(Close)
	}
	m.wire = append(m.wire, m.one.Output(Client)...)
	m.one.Output(Server) // events have told of it
	if m.one.Over() && !m.over {
		m.close()
	}
}

// heard is what the client says, as H1 understands it.
func (m *H1toH2) heard(e Event) {
	x1 := e.Exchange
	if e.Kind == RequestHead || e.Kind == Switched && x1.Request == nil {
		m.begin(x1)
	}
	st := x1.User.(*stream2)
	x := st.x
	e.Exchange = x
	switch e.Kind {
	case RequestHead:
		if m.o.tell(e); m.o.Hold == nil {
			m.change(st)
		}
	case Body:
		if e.From == Client && !m.odd {
			if m.o.tell(e); !st.streams {
				m.body(st, e.Data, false)
			}
		}
	case Trailers:
		if e.From == Client {
			st.came, m.bad = trailerTo2(e.Fields, x.Request, Client)
			if m.o.tell(e); !st.streams {
				st.trailer = st.came
			}
		}
	case RequestOver:
		x.passed = true
		if m.o.tell(e); st.asked.protocol == "" && !st.streams && m.bad == nil {
			m.body(st, nil, true)
		}
	case Switched:
		x.Bytes = true
		m.o.tell(e)
	case ReplyOver:
		x.replied, x.Early = true, x1.Early
		m.o.tell(e)
	case Done:
		m.done(st, x1)
	}
}

// begin is a request, or what is none.
func (m *H1toH2) begin(x1 *Exchange) {
	x := &Exchange{Request: x1.Request, Fault: x1.Fault, Bytes: x1.Bytes, sent: true}
	st := &stream2{x: x, x1: x1}
	x.apart, x1.User = st, st
	switch {
	case x1.Request == nil: // what HTTP/2 has no words for
		m.odd = true
		x1.fail(Client, &Refusal{From: Client, Rule: RuleNotHTTP})
	case x1.Fault == nil:
		m.now = st
		m.two.preface()
	}
}

// change asks what is to become of a request.
func (m *H1toH2) change(st *stream2) {
	c := Changes{}
	if m.o.Change != nil && m.now == st {
		c = m.o.Change(st.x, Client)
	}
	m.changed(st, c)
}

// changed is what is to become of it.
func (m *H1toH2) changed(st *stream2, c Changes) {
	h := st.x.Request
	f, _ := requestFraming(h) // it was looked at, if it goes on
	if h.says("upgrade") && sameName(h.upgrade, "websocket") && h.Method == http.MethodGet && f.none() && !h.old() {
		st.asked.protocol = "websocket"
	}
	switch {
	case c.names("host"):
		st.asked.host = c.named("host")
	case c.hosts(h):
		st.asked.host = c.Host
	}
	if st.asked.head = c.with(h); st.asked.protocol != "" {
		return // what follows is another protocol's
	}
	st.asked.drop = c.Drop
	if c.Body != nil && !f.none() || c.Stream {
		st.asked.filter = c.Body
		st.asked.drop = append(c.Drop[:len(c.Drop):len(c.Drop)], "content-length")
	}
}

// open opens the stream of the request that has come, once the server has said what it takes.
func (m *H1toH2) open() {
	st := m.now
	if st == nil || st.id != 0 || m.one.Over() || !m.two.settled || m.two.concurrent == 0 || m.one.client.hold.waits != nil {
		return
	}
	h := st.x.Request
	switch {
	case m.away || m.two.highest >= 1<<31-1:
		m.broke(st, &ErrGoAway{Code: http2.ErrCodeNo})
		return
	case h.Method == http.MethodConnect:
		m.one.under[0].fail(Client, &Refusal{From: Client, Rule: RuleUntranslatable, Detail: quote(h.Method)})
		m.broke(st, nil)
		return
	case st.asked.protocol != "" && !m.two.extended:
		m.broke(st, &Refusal{From: Server, Rule: RuleUntranslatable, Detail: quote("Upgrade: " + h.upgrade)})
		return
	}
	fields, r := requestTo2(st.asked.head, &st.asked)
	h.Notes = st.asked.head.Notes
	if r != nil { // HTTP/1.1 takes more than HTTP/2
		m.one.under[0].fail(Client, r)
		m.broke(st, nil)
		return
	}
	id := m.two.highest + 2
	if m.two.highest == 0 {
		id = 1
	}
	m.two.highest = id
	m.two.number(st, id)
	f, _ := requestFraming(h) // it was looked at
	m.two.head(st, fields, f.none() && st.asked.protocol == "")
	m.two.send(st)
}

// body has the server hear of a body.
func (m *H1toH2) body(st *stream2, b []byte, end bool) {
	if st.id != 0 && m.two.streams[st.id] != st || st.said || st.x.answered {
		return // nobody wants it
	}
	if f := st.asked.filter; f != nil {
		b = f.Add(nil, b)
		if end {
			b = f.End(b)
		}
	}
	m.two.say(st, b, end)
}

// fields is a head or a trailer of the server's.
func (m *H1toH2) fields(st *stream2, h *Head, end bool) {
	x := st.x
	switch {
	case st != m.now || x.replied || st.held.given: // what nobody waits for
	case m.two.tooLong() != nil:
		m.broke(st, &Refusal{From: Server, Rule: RuleHeadTooLong, Limit: m.o.Header})
	case x.Reply != nil:
		m.trailer(st, h, end)
	case st.asked.protocol != "" && h.Status/100 == 2:
		m.switched(st, h, end)
	default:
		m.reply(st, h, end)
	}
}

// reply is the head of a reply.
func (m *H1toH2) reply(st *stream2, h *Head, end bool) {
	x := st.x
	interim, c := h.Status/100 == 1, Changes{}
	if !interim && m.o.Change != nil && m.o.Hold == nil {
		x.Reply = h // as it is asked about
		c = m.o.Change(x, Server)
		x.Reply = nil
	}
	text, kind, r := replyTo1(h, x.Request, end, m.away || x.Request.closes(), c)
	if r != nil {
		m.broke(st, r)
		return
	}
	if interim {
		m.o.tell(Event{Kind: Interim, Exchange: x, From: Server, Head: h})
		m.say(text)
		return
	}
	x.Reply, st.kind = h, kind
	if m.o.Hold != nil {
		if m.o.Hold(x, Server) {
			st.held.head, st.held.headEnd = h, end
			m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
			return
		}
		if m.o.Change != nil {
			c = m.o.Change(x, Server)
		}
		m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
		m.replyGoesOn(st, h, end, c)
		return
	}
	x.begun = true
	m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
	m.say(text)
	if end {
		m.replyOver(st, nil)
	}
}

// switched is the reply to an extended CONNECT, in the words of RFC 6455 §4.2.2: what it has no
// words for in HTTP/2 is computed from what the client said.
func (m *H1toH2) switched(st *stream2, h *Head, end bool) {
	x := st.x
	if _, r := checkReply2(h, http.MethodConnect, false); r != nil {
		m.broke(st, r)
		return
	}
	_, fields, _ := controls(h.Fields, Server)
	sum := sha1.Sum([]byte(x.Request.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	b := []byte("HTTP/1.1 101 Switching Protocols\r\n")
	b = appendField(b, "upgrade", st.asked.protocol)
	b = appendField(b, "connection", "upgrade")
	b = appendField(b, "sec-websocket-accept", base64.StdEncoding.EncodeToString(sum[:]))
	for _, f := range fields {
		if f.Name != "content-length" && f.Name != "sec-websocket-accept" {
			b = appendField(b, f.Name, f.Value)
		}
	}
	h.upgrade = st.asked.protocol
	x.Reply, x.begun = h, true
	m.say(append(b, "\r\n"...))
	if end {
		m.one.End(Server, InOrder, nil)
	}
}

// data is a part of a reply's body.
func (m *H1toH2) data(st *stream2, b []byte, end bool) {
	x, k := st.x, &st.kind
	if !st.held.keeps() {
		st.owed += int64(len(b))
	}
	k.came += int64(len(b))
	switch {
	case st != m.now || x.replied && !x.Bytes: // what nobody waits for
		return
	case x.Reply == nil:
		m.broke(st, extraneous(Server, "DATA"))
		return
	case x.Bytes:
		m.o.tell(Event{Kind: Body, Exchange: x, From: Server, Data: b})
		m.say(b)
		if end {
			m.one.End(Server, InOrder, nil)
		}
		return
	case k.none && len(b) > 0, k.length >= 0 && !k.none && (k.came > k.length || end && k.came < k.length):
		m.broke(st, &Refusal{From: Server, Rule: RuleBodyLength, Detail: quote(strconv.FormatInt(k.length, 10))})
		return
	}
	if len(b) > 0 {
		m.o.tell(Event{Kind: Body, Exchange: x, From: Server, Data: b})
	}
	if st.held.keeps() {
		st.keep(b, end)
		return
	}
	m.chunk(st, b, false)
	if end {
		m.replyOver(st, nil)
	}
}

// chunk has the client hear of a body.
func (m *H1toH2) chunk(st *stream2, b []byte, end bool) {
	if f := st.kind.filter; f != nil {
		b = f.Add(nil, b)
		if end {
			b = f.End(b)
		}
	}
	if st.kind.chunked {
		b = appendChunk(nil, b)
	}
	m.say(b)
}

// trailer is what stands behind a reply's body.
func (m *H1toH2) trailer(st *stream2, h *Head, end bool) {
	k := &st.kind
	r := checkTrailer2(h.Fields, Server)
	switch {
	case !end:
		r = extraneous(Server, "HEADERS")
	case !k.none && k.length >= 0 && k.came < k.length:
		r = &Refusal{From: Server, Rule: RuleBodyLength, Detail: quote(strconv.FormatInt(k.length, 10))}
	}
	if r != nil {
		m.broke(st, r)
		return
	}
	if !k.chunked {
		st.x.Reply.note(NoteTrailer)
	}
	m.o.tell(Event{Kind: Trailers, Exchange: st.x, From: Server, Fields: h.Fields})
	if st.held.keeps() {
		st.held.trailer = h
		st.keep(nil, true)
		return
	}
	m.replyOver(st, h.Fields)
}

// replyOver is the end of a reply.
func (m *H1toH2) replyOver(st *stream2, trailer []Field) {
	k := &st.kind
	if k.filter != nil {
		m.chunk(st, nil, true)
	}
	switch {
	case k.chunked:
		m.say(appendTrailer(nil, trailer))
	case m.one.server.state == untilClose:
		m.one.End(Server, InOrder, nil)
	}
}
