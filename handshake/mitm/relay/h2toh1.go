package relay

import (
	"io"
	"net/http"
	"slices"
	"strconv"

	"golang.org/x/net/http2"
)

// H2toH1 relays between a client of HTTP/2 and a server that has only HTTP/1.1. Towards the client
// it is an end of HTTP/2 (conn2); towards the server it is an H1, which hears the client's requests
// in the words of HTTP/1.1, so that what the server's replies may be is decided there. What goes
// on is what an Exchange has, in the other version's words: its Request is HTTP/2's as it came, its
// Reply HTTP/1.1's.
//
// There is one server's connection for the client's, as everywhere in this package, so requests
// wait for each other: the head of the next goes on when the reply before is over. What a waiting
// request may send of its body is bounded (heldOfStream).
//
// Where a client gives up a stream that the server is already at, the server's connection ends:
// HTTP/1.1 has no other word for it, and to read the reply to its end would hide from the server
// that nobody wants it, and may never end. The requests that still wait are refused with
// REFUSED_STREAM, and GOAWAY names the last that was asked: both say that a retry is safe
// (RFC 9113 §8.7). It is the same where the server ends its connection behind a reply.
//
// It is driven as H1 is, but that Output to the server may be sent while the client is being read:
// a server that does not read because nobody reads its reply must not keep the client from being heard.
type H2toH1 struct {
	translator // one is with the server; now is being asked, or answered

	queue []*stream2 // not asked yet
	asked uint32     // the highest that the server has heard of
	heads int        // what is kept of those that wait, in bytes

	spoken   bool
	gone     bool // the client says nothing more
	away     bool // GOAWAY was said: no more streams
	bad      *Refusal
	withheld error
	broken   error
	fates    [2]Fate // of the client, of the server
}

// ErrNotAsked is a request that had to wait for another, and whose server's connection has ended
// meanwhile: the relay resets its stream with REFUSED_STREAM.
var ErrNotAsked error = &ErrReset{http2.ErrCodeRefusedStream}

// NewH2toH1 returns a relay that has seen nothing yet. Of the Options Forward and Answer are of no use here.
func NewH2toH1(o Options) *H2toH1 {
	if o.Header == 0 {
		o.Header = defaultHeader
	}
	m := &H2toH1{translator: translator{o: o}}
	m.two = newConn2(Client, o.Header, heldOfStream, m)
	m.one = NewH1(Options{Header: o.Header, Event: m.heard})
	if o.Hold != nil {
		m.one.o.Hold = m.holds
	}
	return m
}

// Receive takes bytes that came from a side.
func (m *H2toH1) Receive(from Side, b []byte) {
	switch {
	case m.over:
	case from == Server:
		m.one.Receive(Server, b)
		m.after()
	case m.gone:
	default:
		if broke := m.two.receive(b, func() bool { return m.over }); broke != nil {
			m.breakOff(broke)
		}
	}
}

// say has the server hear b.
func (m *H2toH1) say(b []byte) {
	m.one.Receive(Client, b)
	m.wire = append(m.wire, m.one.Output(Server)...)
}

// after does what an event asked for, once the H1 can be spoken to again.
func (m *H2toH1) after() {
	m.wire = append(m.wire, m.one.Output(Server)...)
	m.one.Output(Client) // events have told of it
	if r := m.bad; r != nil {
		m.bad, m.fates[1] = nil, Cut // however much of it has come
		m.one.refuseReply(r)
	}
	m.next()
}

// opened is a request.
func (m *H2toH1) opened(st *stream2, h *Head, end bool) {
	if m.away { // it was told
		delete(m.two.streams, st.id)
		return
	}
	m.spoken = true
	m.o.tell(Event{Kind: RequestHead, Exchange: st.x, From: Client})
	c := Changes{}
	if m.o.Change != nil && m.o.Hold == nil {
		c = m.o.Change(st.x, Client)
	}
	a, r := requestTo1(c.with(h), end, c)
	st.asked = a
	switch {
	case m.two.tooLong() != nil || len(a.text) > m.o.Header || m.heads+len(a.text) > maxAllHeads*m.o.Header:
		m.decline(st, &Refusal{From: Client, Rule: RuleHeadTooLong, Limit: m.o.Header})
	case len(m.two.streams) > mostStreams:
		st.x.fail(Client, &Refusal{From: Client, Rule: RuleStreams, Limit: mostStreams})
		m.drop(st, http2.ErrCodeRefusedStream)
	case r != nil:
		m.decline(st, r)
	case m.withheld != nil:
		st.x.fail(Server, m.withheld)
		if !m.answer(st) {
			m.drop(st, http2.ErrCodeInternal)
		}
		m.drain()
	default:
		m.heads += len(a.text)
		if m.o.asksHolder(st.x, Client) {
			st.held.head, st.held.headEnd = h, end
			return
		}
		if m.o.Hold != nil && m.o.Change != nil {
			m.heads -= len(a.text)
			m.goesOn(st, h, end, m.o.Change(st.x, Client))
			return
		}
		m.queue = append(m.queue, st)
		m.next()
	}
}

// decline is a request whose head does not go on. What RFC 9113 §8.1.1 calls malformed is an error
// of its stream; another gets an answer.
func (m *H2toH1) decline(st *stream2, r *Refusal) {
	r.Alone = true
	st.x.fail(Client, r)
	if r.Status() == http.StatusBadRequest || !m.answer(st) {
		m.drop(st, r.code2())
	}
}

// refuse is a request that is found to be none behind its head.
func (m *H2toH1) refuse(st *stream2, r *Refusal) {
	st.x.fail(Client, r)
	m.giveUp(st, r.code2())
}

// giveUp ends a stream, and with it the server's connection if the server is at it.
func (m *H2toH1) giveUp(st *stream2, code http2.ErrCode) {
	m.unqueue(st)
	m.drop(st, code)
	m.leaveServer(st)
}

// unqueue is a request that will not be asked, or is another one.
func (m *H2toH1) unqueue(st *stream2) {
	m.heads -= len(st.asked.text)
	st.asked.text = nil
	if i := slices.Index(m.queue, st); i >= 0 {
		m.queue = slices.Delete(m.queue, i, i+1)
	}
}

// leaveServer ends the server's connection if the server is at what nobody wants any more.
func (m *H2toH1) leaveServer(st *stream2) {
	if m.now == st {
		m.now = nil
		m.one.End(Client, NoGoodbye, io.ErrUnexpectedEOF)
		m.after()
	}
}

// next asks what is next, and sees to it that it is asked no more where nobody answers.
func (m *H2toH1) next() {
	if m.one.Over() {
		m.drain()
		return
	}
	if m.now != nil || len(m.queue) == 0 || m.withheld != nil {
		return
	}
	st := m.queue[0]
	m.queue = m.queue[1:]
	m.heads -= len(st.asked.text)
	m.now, m.asked = st, st.id
	st.owed += windowOfStream - heldOfStream
	m.say(st.asked.text)
	st.asked.text = nil
	held := st.asked.held
	st.asked.held = nil
	m.body(st, held, st.whole())
	m.after()
}

// data is a part of a request's body.
func (m *H2toH1) data(st *stream2, b []byte, end bool) {
	a := &st.asked
	if a.came += int64(len(b)); a.length >= 0 && (a.came > a.length || end && a.came < a.length) {
		m.refuse(st, &Refusal{From: Client, Rule: RuleBodyLength, Detail: quote(strconv.FormatInt(a.length, 10))})
		return
	}
	m.more(st, b, end)
}

// more is a part of a body, or its end.
func (m *H2toH1) more(st *stream2, b []byte, end bool) {
	if len(b) > 0 {
		m.o.tell(Event{Kind: Body, Exchange: st.x, From: Client, Data: b})
	}
	if end && len(st.asked.trailer) > 0 {
		m.o.tell(Event{Kind: Trailers, Exchange: st.x, From: Client, Fields: st.asked.trailer})
	}
	switch {
	case st.x.answered || st.rst != nil: // nobody wants it
	case st.held.keeps():
		st.keep(b, end)
	case st != m.now:
		st.asked.held = append(st.asked.held, b...)
	default:
		m.body(st, b, end)
		m.after()
	}
}

// fields is the trailer of a request.
func (m *H2toH1) fields(st *stream2, h *Head, end bool) {
	a := &st.asked
	r := checkTrailer2(h.Fields, Client)
	switch {
	case !end:
		r = extraneous(Client, "HEADERS")
	case m.two.tooLong() != nil:
		r = &Refusal{From: Client, Rule: RuleHeadTooLong, Limit: m.o.Header}
	case a.length >= 0 && a.came < a.length:
		r = &Refusal{From: Client, Rule: RuleBodyLength, Detail: quote(strconv.FormatInt(a.length, 10))}
	}
	if r != nil {
		m.refuse(st, r)
		return
	}
	if a.trailer = h.Fields; !a.chunked {
		st.x.Request.note(NoteTrailer)
	}
	m.more(st, nil, true)
}

// body has the server hear of a body.
func (m *H2toH1) body(st *stream2, b []byte, end bool) {
	a := &st.asked
	if !st.held.streamed {
		st.owed += int64(len(b))
	}
	if a.filter != nil {
		b = a.filter.Add(nil, b)
		if end {
			b = a.filter.End(b)
		}
	}
	if !a.chunked {
		m.say(b)
		return
	}
	b = appendChunk(nil, b)
	if end {
		b = appendTrailer(b, a.trailer)
	}
	m.say(b)
}

// heard is what the server says, as H1 understands it.
func (m *H2toH1) heard(e Event) {
	x1 := e.Exchange
	if e.Kind == RequestHead {
		x1.User, m.now.x1 = m.now, x1
	}
	st, _ := x1.User.(*stream2)
	if st != nil && e.Kind == Done && m.now == st {
		m.now = nil
	}
	if st == nil || m.two.streams[st.id] != st {
		return // it is over for the client
	}
	x := st.x
	e.Exchange = x
	switch e.Kind {
	case RequestOver:
		x.passed = true
		m.o.tell(e)
	case Interim:
		if m.bad != nil {
			return
		}
		fields, r := replyTo2(e.Head, x.Request.Method, nil)
		if m.bad = r; r != nil {
			return
		}
		m.two.head(st, fields, false)
		m.o.tell(e)
	case ReplyHead:
		switch {
		case m.bad != nil:
		case m.one.server.hold.waits == x1:
			m.o.tell(e)
		default:
			m.head(st, x1)
		}
	case Body:
		if e.From == Server && m.bad == nil {
			m.o.tell(e)
			if !st.streams {
				m.reply(st, e.Data)
			}
		}
	case Trailers:
		if e.From == Server && m.bad == nil {
			st.came, m.bad = trailerTo2(e.Fields, x.Reply, Server)
			if m.bad == nil {
				m.o.tell(e)
			}
			if !st.streams {
				st.trailer = st.came
			}
		}
	case ReplyOver:
		if m.bad == nil {
			m.replyOver(st, x1)
		}
	case Done:
		m.done(st, x1)
	}
}

// head takes the head of a final reply.
func (m *H2toH1) head(st *stream2, x1 *Exchange) {
	x := st.x
	if x1.Reply.compressed() {
		m.bad = &Refusal{From: Server, Rule: RuleUntranslatable, Detail: quote("Transfer-Encoding: " + x1.Reply.codings)}
		return
	}
	x.Reply = x1.Reply
	c := Changes{}
	if m.o.Change != nil {
		c = m.o.Change(x, Server)
	}
	if !m.replyGoesOn(st, c) {
		x.Reply = nil
		return
	}
	m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
}

// replyGoesOn says the head of a reply to the client, if HTTP/2 has words for it.
func (m *H2toH1) replyGoesOn(st *stream2, c Changes) bool {
	x := st.x
	f, _ := replyFraming(x.Reply, x.Request.Method) // it was looked at
	drop := c.Drop
	if c.Body != nil && !f.none() || c.Stream {
		st.kind.filter = c.Body
		drop = append(drop[:len(drop):len(drop)], "content-length")
	}
	fields, r := replyTo2(c.with(x.Reply), x.Request.Method, drop)
	if m.bad = r; r != nil {
		return false
	}
	x.begun = true
	m.two.head(st, fields, f.none() && !c.Stream)
	return true
}

// reply says a part of a reply's body to the client.
func (m *H2toH1) reply(st *stream2, b []byte) {
	if f := st.kind.filter; f != nil {
		b = f.Add(nil, b)
	}
	m.two.say(st, b, false)
}

// replyOver is the end of a reply.
func (m *H2toH1) replyOver(st *stream2, x1 *Exchange) {
	x := st.x
	x.replied, x.Early, x.Cut = true, x1.Early, x1.Cut
	m.o.tell(Event{Kind: ReplyOver, Exchange: x, From: Server})
	if st.said || st.ending {
		return
	}
	var rest []byte
	if f := st.kind.filter; f != nil {
		rest = f.End(nil)
	}
	if x.Cut { // the client is to see the same
		m.two.say(st, rest, false)
		m.two.breakOff(st, http2.ErrCodeInternal)
		return
	}
	m.two.say(st, rest, true)
}

// done is the end of what the server has to do with a request.
func (m *H2toH1) done(st *stream2, x1 *Exchange) {
	x := st.x
	if m.bad != nil {
		x.fail(Server, m.bad)
	}
	if x1.Fault != nil {
		x.fail(x1.Fault.Leg, x1.Fault.Err)
	}
	switch {
	case x.replied && st.heard:
		m.two.send(st) // it is over when all has gone
	case x.replied:
		m.two.breakOff(st, http2.ErrCodeNo) // no more of the request is wanted
	case x.begun || !m.answer(st):
		m.two.breakOff(st, http2.ErrCodeInternal)
	}
}

// answer answers a request in the server's place, if Options have an answer.
func (m *H2toH1) answer(st *stream2) bool {
	if m.o.Page == nil || st.x.begun {
		return false
	}
	fields, text := m.o.Page(st.x)
	if len(fields) == 0 {
		return false
	}
	st.x.answered, st.x.begun = true, true
	m.two.head(st, fields, false)
	if st.x.Request.Method == http.MethodHead {
		text = ""
	}
	m.two.say(st, []byte(text), true)
	if !st.heard {
		m.two.breakOff(st, http2.ErrCodeNo)
	}
	return true
}

// reset is a stream that the client gives up. Behind a whole exchange that is no fault.
func (m *H2toH1) reset(st *stream2, code http2.ErrCode) {
	if !st.x.replied {
		st.x.fail(Client, &ErrReset{code})
	}
	st.said, st.heard = true, true // there is nothing to be said to it
	m.giveUp(st, code)
}

// drop ends a stream at once.
func (m *H2toH1) drop(st *stream2, code http2.ErrCode) {
	m.two.drop(st, code)
	m.finished(st)
}
