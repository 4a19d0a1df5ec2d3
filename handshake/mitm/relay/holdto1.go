package relay

import (
	"io"
	"slices"
	"strconv"

	"golang.org/x/net/http2"
)

// Held messages where HTTP/2 is translated to HTTP/1.1. What comes from the client is held stream by
// stream here, before it is translated; what comes from the server by the H1 (hold1.go).

// with is h as its holder wants it.
func (c *Changes) with(h *Head) *Head {
	if c.Fields == nil && c.Method == "" && c.Target == "" && c.Status == 0 {
		return h
	}
	fresh := *h
	fresh.Fields = c.fieldsOf(h)
	if c.Method != "" {
		fresh.Method = c.Method
	}
	if c.Target != "" {
		fresh.Target, fresh.Path = c.Target, c.Target
	}
	if c.Status != 0 {
		fresh.Status = c.Status
	}
	return &fresh
}

// keep is a part of a body that its holder has yet to take, or to let go on.
func (st *stream2) keep(b []byte, end bool) {
	if st.held.given {
		st.owed += int64(len(b))
	} else {
		st.held.in = append(st.held.in, b...)
	}
	st.held.inOver = st.held.inOver || end
}

// take takes what is kept.
func (st *stream2) take(p []byte) (int, error) {
	switch {
	case !st.held.streamed || st.held.given:
		return 0, ErrNotHeld
	case len(st.held.in) > 0:
		n := copy(p, st.held.in)
		st.held.in = st.held.in[n:]
		st.owed += int64(n)
		return n, nil
	case st.held.inOver:
		return 0, io.EOF
	}
	return 0, nil
}

// giveEnd is the end of what the holder gives: what is kept, and what comes, is dropped.
func (st *stream2) giveEnd() {
	st.owed += int64(len(st.held.in))
	st.held.given, st.held.in = true, nil
}

// whole reports whether nothing more goes on of what comes in HTTP/2.
func (st *stream2) whole() bool {
	if st.held.streamed {
		return st.held.given
	}
	return st.heard
}

// loweredFields are fields as HTTP/2 has them.
func loweredFields(fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = Field{lower(f.Name), f.Value}
	}
	return out
}

// holds has the holder asked about a reply, which the H1 has.
func (m *H2toH1) holds(x1 *Exchange, from Side) bool {
	st, _ := x1.User.(*stream2)
	if from == Client || st == nil || m.two.streams[st.id] != st || m.bad != nil || x1.Reply.compressed() {
		return false
	}
	if _, r := replyTo2(x1.Reply, st.x.Request.Method, nil); r != nil {
		return false
	}
	st.x.Reply = x1.Reply
	return m.o.Hold(st.x, Server)
}

// held is the stream of an exchange that can still go on.
func (m *H2toH1) held(x *Exchange) *stream2 {
	if m.over || x.done || x.apart == nil || m.two.streams[x.apart.id] != x.apart {
		return nil
	}
	return x.apart
}

// Continue has a message that is held go on, with changes. streams reports whether its body is the
// holder's, if that is what c wants.
func (m *H2toH1) Continue(x *Exchange, from Side, c Changes) (streams bool) {
	st := m.held(x)
	switch {
	case st == nil:
		return false
	case from == Client && st.held.head != nil:
		h, end := st.held.head, st.held.headEnd
		st.held.head = nil
		m.unqueue(st)
		return m.goesOn(st, h, end, c)
	case from == Client || m.one.server.hold.waits != st.x1 || st.x1 == nil:
		return false
	}
	st.streams = c.Stream && !bodiless(x.Request.Method, x.Reply.Status)
	c.Stream = st.streams
	if !m.replyGoesOn(st, c) {
		m.after()
		return false
	}
	m.one.Continue(st.x1, Server, Changes{Stream: st.streams})
	m.after()
	return st.streams
}

// goesOn translates a request, and puts it in its place.
func (m *H2toH1) goesOn(st *stream2, h *Head, end bool, c Changes) (streams bool) {
	if c.names("host") || c.names(":authority") {
		c.Host = ""
	}
	c.Stream = c.Stream && !end
	fresh := c.with(h)
	a, r := requestTo1(fresh, end, c)
	h.Notes = fresh.Notes
	if st.asked.text = nil; r != nil {
		m.decline(st, r)
		return false
	}
	a.came, a.trailer = st.asked.came, st.asked.trailer
	st.asked = a
	m.heads += len(a.text)
	if st.held.streamed = c.Stream; !st.held.streamed {
		st.asked.held, st.held.in = st.held.in, nil
	}
	m.queue = append(m.queue, st)
	m.next()
	return c.Stream && m.held(st.x) != nil
}

// Respond answers a request that is held. What is still to come of the request goes nowhere.
func (m *H2toH1) Respond(x *Exchange, a Answer) {
	st := m.held(x)
	if st == nil || st.held.head == nil {
		return
	}
	m.unqueue(st)
	st.held = held2{streamed: true, given: true}
	x.Fault, x.answered, x.begun = a.Fault, true, true
	fields := append([]Field{{":status", strconv.Itoa(a.Status)}}, loweredFields(a.Fields)...)
	if a.Length >= 0 && a.Status/100 != 1 && a.Status != 204 {
		fields = append(fields, Field{"content-length", strconv.FormatInt(a.Length, 10)})
	}
	st.kind = reply{none: bodiless(x.Request.Method, a.Status)}
	m.two.head(st, fields, false)
}

// Fail ends an exchange that its holder cannot see to. The server's connection ends if the server is
// at it.
func (m *H2toH1) Fail(x *Exchange, err error) {
	st := m.held(x)
	if st == nil {
		return
	}
	x.fail(Server, err)
	m.unqueue(st)
	st.held = held2{streamed: true, given: true}
	if st.x1 != nil {
		st.x1.User = nil // what the server says of it is nobody's
	}
	if m.answer(st) {
		m.leaveServer(st)
		return
	}
	m.giveUp(st, http2.ErrCodeInternal)
}

// Take copies to p what has come of a body that is the holder's: io.EOF at its end, another error
// if it comes to none, 0 and nil if more is yet to come.
func (m *H2toH1) Take(x *Exchange, from Side, p []byte) (int, error) {
	st := m.held(x)
	switch {
	case st == nil:
		return 0, io.ErrUnexpectedEOF
	case from == Client:
		return st.take(p)
	case !st.streams:
		return 0, ErrNotHeld
	}
	n, err := m.one.Take(st.x1, Server, p)
	m.after()
	return n, err
}

// Full reports whether what was given still waits to be sent: then no more is to be given.
func (m *H2toH1) Full(x *Exchange, from Side) bool {
	st := m.held(x)
	if st == nil {
		return false
	}
	if from == Server {
		return len(st.waiting) >= maxHeld
	}
	return len(st.asked.held) >= maxHeld || st == m.now && len(m.wire) >= maxHeld
}

// Give adds to a body that is the holder's, or to its answer's.
func (m *H2toH1) Give(x *Exchange, from Side, p []byte) {
	st := m.held(x)
	switch {
	case st == nil || len(p) == 0:
	case from == Server && x.answered:
		if !st.kind.none {
			m.two.say(st, p, false)
		}
	case from == Server:
		if st.streams && !st.ending {
			m.reply(st, p)
		}
	case !st.held.streamed || st.held.given:
	case st != m.now:
		st.asked.held = append(st.asked.held, p...)
	default:
		m.body(st, p, false)
		m.after()
	}
}

// GiveEnd ends that body. Its trailer is what came, or these fields.
func (m *H2toH1) GiveEnd(x *Exchange, from Side, asCame bool, fields []Field) {
	st := m.held(x)
	switch {
	case st == nil:
	case from == Server && x.answered:
		m.responded(st)
	case from == Server:
		if !st.streams || st.ending {
			return
		}
		if st.trailer = st.came; !asCame {
			st.trailer = slices.Clip(loweredFields(fields))
		}
		if len(st.trailer) == 0 {
			st.trailer = nil
		}
		if !m.one.server.hold.queueOver { // else the server's end says how it ends
			var rest []byte
			if f := st.kind.filter; f != nil {
				rest = f.End(nil)
			}
			m.two.say(st, rest, true)
		}
		m.one.GiveEnd(st.x1, Server, true, nil)
		m.after()
	case st.held.streamed && !st.held.given:
		st.giveEnd()
		if !asCame {
			st.asked.trailer = loweredFields(fields)
		}
		if st == m.now {
			m.body(st, nil, true)
			m.after()
		}
	}
}

// responded is the end of an answer of the holder's.
func (m *H2toH1) responded(st *stream2) {
	x := st.x
	x.replied, x.Early = true, !st.heard
	m.o.tell(Event{Kind: ReplyOver, Exchange: x, From: Server})
	if m.two.say(st, nil, true); !st.heard {
		m.two.breakOff(st, http2.ErrCodeNo)
	}
}
