package relay

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"slices"

	"golang.org/x/net/http2"
)

// The streams of HTTP/2, and the fields that make them.

// stream is a request and its reply.
type stream struct {
	id      uint32
	up      uint32 // its number on the server's side; 0 while it is held
	early   uint32 // credit that the client gave it meanwhile
	x       *Exchange
	heads   int     // what is kept of its fields, in bytes
	over    [2]bool // of what comes from the client, from the server
	changed [2]*changed
	said    [2]message2
	rst     []byte // the server's RST_STREAM, while the end of its reply has yet to go on
}

// fieldsCame takes a head, a trailer, or the head of what a server pushes.
func (m *H2) fieldsCame(f *flow2, id uint32, h *Head, end bool) *Refusal {
	h.priority = f.priority
	if f.from == Server && h.spaced() { // net/http's server says what a program sets
		h.note(NoteSpaces)
		f.anew = true
	}
	st := m.find(f, id)
	switch {
	case f.promised != 0:
		return m.promise(f, st, id, h)
	case m.unheard(id), st != nil && m.heard(f, id) == nil: // a trailer behind an early reply
		f.skip()
		return nil
	case st == nil && f.from == Client && id%2 == 1 && id > m.highest:
		return m.requestCame(id, h, end)
	case st == nil:
		return m.lateFields(f, id, h, end)
	}
	if r := m.keep(f, st); r != nil {
		return r
	}
	if r := m.later(f, st, h, end); r != nil {
		f.skip()
		m.refuseStream(st, r)
		return nil
	}
	if end {
		m.halfOver(f, st)
	}
	return nil
}

// requestCame is the head of a request.
func (m *H2) requestCame(id uint32, h *Head, end bool) *Refusal {
	f := &m.client
	if len(m.streams) >= maxStreams {
		return &Refusal{From: Client, Rule: RuleStreams, Limit: maxStreams}
	}
	m.highest = id
	st := m.begin(id, h)
	if r := m.keep(f, st); r != nil {
		return r
	}
	if m.withheld != nil {
		m.finish(Server, m.withheld)
		return nil
	}
	said, r := checkRequest2(f.judged(h), Client, m.extended, end)
	if long := f.tooLong(); long != nil {
		r = long
	}
	if st.said[0] = said; r != nil {
		f.skip()
		st.over[0] = end
		m.refuseStream(st, r)
		return nil
	}
	if m.leaving != nil { // nobody is there to answer it
		m.lostTo(st, io.ErrUnexpectedEOF)
		return nil
	}
	m.headCame(f, st, h, end)
	if end {
		m.halfOver(f, st)
	}
	if m.ups == nil && id > m.away { // on its way while the server said so, which reads it for its table alone (RFC 9113 §6.8)
		m.goAway()
	}
	return nil
}

// promise is the head of a request that a server answers without being asked, of a stream (RFC 9113
// §8.4).
func (m *H2) promise(f *flow2, of *stream, id uint32, h *Head) *Refusal {
	switch {
	case of == nil && !m.mayBeLate(id, f.from) && !m.idle(f, id), of != nil && m.heard(f, id) == nil:
		f.skip()
		m.client.insert(rstFrame(f.promised, http2.ErrCodeCancel))
		m.refused[f.promised] = struct{}{}
		m.nRefused++
		return nil
	case of != nil:
		id = of.id
	case id%2 == 0 || m.idle(f, id): // of no request (§6.6)
		return &Refusal{From: Server, Rule: RuleFrame, Detail: quote(http2.FramePushPromise.String())}
	}
	st := m.begin(f.promised, h)
	if r := m.keep(f, st); r != nil {
		return r
	}
	said, r := checkRequest2(f.judged(h), Server, m.extended, true)
	if long := f.tooLong(); long != nil {
		r = long
	}
	if st.said[0] = said; r != nil {
		f.skip()
		r.Alone = true
		st.x.fail(Server, r)
		m.client.insert(rstFrame(st.up, r.code2())) // the client has heard nothing of it
		m.forgotten(st)
		return nil
	}
	m.halfOver(&m.client, st)
	m.writeFields(f, id, h, false)
	return nil
}

// keep counts the fields that have come of a stream: a few bytes of a block can name again and
// again what the table has, so that not even what was sent bounds them.
func (m *H2) keep(f *flow2, st *stream) *Refusal {
	n := min(f.size, maxFields*m.o.Header)
	st.heads, m.heads = st.heads+n, m.heads+n
	if m.heads > maxAllHeads*m.o.Header {
		return &Refusal{From: f.from, Rule: RuleAllHeads, Limit: maxAllHeads * m.o.Header}
	}
	return nil
}

// begin is a new stream.
func (m *H2) begin(id uint32, h *Head) *stream {
	st := &stream{id: id, x: &Exchange{Request: h, sent: id%2 == 0}}
	st.x.stream = st
	if m.ups == nil || id%2 == 0 {
		st.up = id
	}
	m.streams[id] = st
	m.spoken = true
	m.o.tell(Event{Kind: RequestHead, Exchange: st.x, From: Client})
	return st
}

// later is what comes on a stream behind the head of its request. It does not go on if it may not.
func (m *H2) later(f *flow2, st *stream, h *Head, end bool) *Refusal {
	x, said := st.x, &st.said[index(f)]
	heard := !x.answered || f.from == Server
	if st.over[index(f)] && heard {
		return behindEnd(f.from, "HEADERS")
	}
	if r := f.tooLong(); r != nil && heard {
		return r
	}
	if f.from == Client || x.Reply != nil {
		if r := said.trailer(f.judged(h), f.from, end); r != nil && heard {
			return r
		}
		if m.anew {
			m.endChange(f, st, end, h)
		} else {
			m.writeFields(f, st.id, h, end)
		}
		m.o.tell(Event{Kind: Trailers, Exchange: x, From: f.from, Fields: h.Fields})
		return nil
	}
	s, r := checkReply2(f.judged(h), x.Request.Method, end)
	switch {
	case r != nil:
		return r
	case h.Status/100 == 1:
		m.writeFields(f, st.number(f.from.Other()), h, end)
		m.o.tell(Event{Kind: Interim, Exchange: x, From: Server, Head: h})
		return nil
	}
	*said = s
	x.Reply = h
	m.o.tell(Event{Kind: ReplyHead, Exchange: x, From: Server})
	m.headCame(f, st, h, end)
	return nil
}

// halfOver is the end of what one side says on a stream.
func (m *H2) halfOver(f *flow2, st *stream) {
	if m.streams[st.id] != st {
		return // it did not come to its end
	}
	x := st.x
	if f.from == Client {
		st.over[0], x.passed = true, true
		m.o.tell(Event{Kind: RequestOver, Exchange: x, From: Client})
	} else {
		st.over[1], x.replied, x.Early = true, true, !x.passed
		m.o.tell(Event{Kind: ReplyOver, Exchange: x, From: Server})
	}
	if st.over[0] && st.over[1] {
		m.close(st)
	}
}

// close is the end of a stream.
func (m *H2) close(st *stream) {
	if m.anew && m.pending(st) {
		return // it closes when all has gone on
	}
	delete(m.streams, st.id)
	delete(m.ups, st.up)
	if !st.x.done {
		st.x.done = true
		m.heads -= st.heads
		m.o.tell(Event{Kind: Done, Exchange: st.x})
	}
	if leaving := m.leaving; leaving != nil && !m.anyPending() {
		m.leaving = nil
		leaving()
	}
}

// headCame has the head of a request or of a reply go on, or wait for its holder.
func (m *H2) headCame(f *flow2, st *stream, h *Head, end bool) {
	if m.ups != nil && m.o.Hold(st.x, f.from) {
		held := &st.of(f).held
		held.head, held.headEnd = h, end
		return
	}
	if m.ups != nil && f.from == Client && (m.isAway || !m.open(st)) {
		m.lostTo(st, &ErrGoAway{Code: m.awayCode}) // it may be asked again
		return
	}
	st.x.begun = st.x.begun || f.from == Server
	m.sendHead(f, st, h, end)
}

// lostTo is a stream that there is no server for.
func (m *H2) lostTo(st *stream, err error) {
	st.x.fail(Server, err)
	m.toClient(rstFrame(st.id, http2.ErrCodeRefusedStream))
	m.drop(st)
}

// anyPending reports whether what a server has said of some stream has yet to go on.
func (m *H2) anyPending() bool {
	for _, st := range m.streams {
		if (st.over[1] || st.x.answered) && m.pending(st) {
			return true
		}
	}
	return false
}

// ErrReset is a stream that one of the ends reset (RFC 9113 §6.4).
type ErrReset struct{ Code http2.ErrCode }

func (e *ErrReset) Error() string { return "RST_STREAM " + e.Code.String() }

// Unwrap says that it ended before its end.
func (e *ErrReset) Unwrap() error { return io.ErrUnexpectedEOF }

// ErrGoAway is a stream that the server will not see to, or the end of the connection (RFC 9113 §6.8).
type ErrGoAway struct {
	Code  http2.ErrCode
	Ended bool // it was an error, and the connection ended with it
}

func (e *ErrGoAway) Error() string { return "GOAWAY " + e.Code.String() }

// Unwrap says that it ended before its end.
func (e *ErrGoAway) Unwrap() error { return io.ErrUnexpectedEOF }

// Unseen reports whether a server has said that it did nothing about a request, so that asking
// again is safe (RFC 9113 §8.7).
func Unseen(err error) bool {
	reset, away := (*ErrReset)(nil), (*ErrGoAway)(nil)
	return errors.As(err, &reset) && reset.Code == http2.ErrCodeRefusedStream || errors.As(err, &away)
}

// reset is a stream that a side broke off. Behind a whole reply that is no fault: the rest of
// the request is not wanted (RFC 9113 §8.1).
func (m *H2) reset(f *flow2, st *stream, code http2.ErrCode) {
	if st == nil {
		return
	}
	if !st.over[1] || f.from == Client && m.holdsReply(st) {
		st.x.fail(f.from, &ErrReset{code})
	}
	m.brokenOff(st, f.from)
	m.drop(st)
}

// goAway are the streams that a server has not begun, and will not.
func (m *H2) goAway() {
	for _, st := range m.inOrder() {
		if st.id > m.away && st.id%2 == 1 {
			st.x.fail(Server, &ErrGoAway{Code: m.awayCode})
			m.brokenOff(st, Server)
			m.drop(st)
		}
	}
}

// goAwayHeld is a server's GOAWAY where its numbers may not be the client's: a stream that it will not
// see to is refused, if what the client hears does not say so (RFC 9113 §8.7).
func (m *H2) goAwayHeld(whole []byte) {
	whole = slices.Clone(whole)
	p := whole[frameHeader:]
	last, code := binary.BigEndian.Uint32(p)&(1<<31-1), http2.ErrCode(binary.BigEndian.Uint32(p[4:]))
	final := last != 1<<31-1 // else it is to be said again (RFC 9113 §6.8)
	m.isAway, m.awayCode = m.isAway || final, code
	said := last
	for _, st := range m.streams {
		if final && (st.up == 0 || m.crossed) { // what is held may yet be answered
			said = max(said, m.highest)
		}
	}
	if m.crossed && final {
		said = max(said, m.highest)
	}
	said = min(said, m.away)
	m.away = said
	binary.BigEndian.PutUint32(p, said)
	m.server.insert(whole)
	for _, st := range m.inOrder() {
		if st.id%2 == 1 && st.up > last {
			st.x.fail(Server, &ErrGoAway{Code: code})
			if st.id <= said {
				m.server.insert(rstFrame(st.id, http2.ErrCodeRefusedStream))
			}
			m.drop(st)
		}
	}
}

// inOrder are the streams as they began.
func (m *H2) inOrder() []*stream {
	return slices.SortedFunc(maps.Values(m.streams), func(a, b *stream) int { return int(a.id) - int(b.id) })
}
