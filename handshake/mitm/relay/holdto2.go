package relay

import "io"

// Held messages where HTTP/1.1 is translated to HTTP/2. What comes from the client is held by the H1
// (hold1.go), before it is translated; what comes from the server here.

// holds has the holder asked about a request, which the H1 has.
func (m *H1toH2) holds(x1 *Exchange, from Side) bool {
	st, _ := x1.User.(*stream2)
	if from == Server || st == nil || m.now != st {
		return false // a reply was held before the H1 heard of it
	}
	if m.o.Hold(st.x, Client) {
		return true
	}
	m.change(st)
	return false
}

// held is the stream of an exchange that can still go on.
func (m *H1toH2) held(x *Exchange) *stream2 {
	if m.over || x.done {
		return nil
	}
	return x.apart
}

// Continue has a message that is held go on, with changes. streams reports whether its body is the
// holder's, if that is what c wants.
func (m *H1toH2) Continue(x *Exchange, from Side, c Changes) (streams bool) {
	st := m.held(x)
	switch {
	case st == nil:
		return false
	case from == Server && st.held.head != nil:
		h, end := st.held.head, st.held.headEnd
		st.held.head = nil
		return m.replyGoesOn(st, h, end, c)
	case from == Server || m.one.client.hold.waits != st.x1:
		return false
	}
	f, _ := requestFraming(x.Request)
	c.Stream = c.Stream && !f.none() && !x.Request.old()
	m.changed(st, c)
	st.streams = c.Stream && st.asked.protocol == ""
	m.one.Continue(st.x1, Client, Changes{Stream: st.streams})
	m.after()
	return st.streams
}

// replyGoesOn translates a reply, whose head was looked at.
func (m *H1toH2) replyGoesOn(st *stream2, h *Head, end bool, c Changes) (streams bool) {
	x, came := st.x, st.kind.came
	c.Stream = c.Stream && !bodiless(x.Request.Method, h.Status)
	fresh := c.with(h)
	text, kind, r := replyTo1(fresh, x.Request, end && !c.Stream, m.away || x.Request.closes(), c)
	h.Notes = fresh.Notes
	if r != nil {
		m.broke(st, r)
		m.after()
		return false
	}
	x.begun, st.kind = true, kind
	st.kind.came = came
	m.say(text)
	if st.held.streamed = c.Stream; st.held.streamed {
		st.held.inOver = st.held.inOver || end
		m.after()
		return m.held(x) != nil
	}
	if b := st.held.in; len(b) > 0 {
		st.held.in = nil
		st.owed += int64(len(b))
		m.chunk(st, b, false)
	}
	if end || st.held.inOver {
		m.replyOver(st, st.held.trailerCame())
	}
	m.after()
	return false
}

// trailerCame are the fields behind a body.
func (h *held2) trailerCame() []Field {
	if h.trailer == nil {
		return nil
	}
	return h.trailer.Fields
}

// Respond answers a request that is held. What is still to come of the request goes nowhere.
func (m *H1toH2) Respond(x *Exchange, a Answer) {
	st := m.held(x)
	if st == nil || m.one.client.hold.waits != st.x1 {
		return
	}
	x.Fault, x.answered, x.begun = a.Fault, true, true
	m.now = nil // no server is asked
	m.one.Respond(st.x1, a)
	m.after()
}

// Fail ends an exchange that its holder cannot see to; with HTTP/1.1 the connection ends too.
func (m *H1toH2) Fail(x *Exchange, err error) {
	st := m.held(x)
	if st == nil {
		return
	}
	x.fail(Server, err)
	m.one.Fail(st.x1, err)
	m.after()
}

// Take copies to p what has come of a body that is the holder's: io.EOF at its end, another error
// if it comes to none, 0 and nil if more is yet to come.
func (m *H1toH2) Take(x *Exchange, from Side, p []byte) (int, error) {
	st := m.held(x)
	switch {
	case st == nil:
		return 0, io.ErrUnexpectedEOF
	case from == Server:
		return st.take(p)
	case !st.streams:
		return 0, ErrNotHeld
	}
	n, err := m.one.Take(st.x1, Client, p)
	m.after()
	return n, err
}

// Full reports whether what was given still waits to be sent: then no more is to be given.
func (m *H1toH2) Full(x *Exchange, from Side) bool {
	st := m.held(x)
	if st == nil {
		return false
	}
	if from == Server {
		return len(m.wire) >= maxHeld
	}
	return len(st.waiting) >= maxHeld
}

// Give adds to a body that is the holder's, or to its answer's.
func (m *H1toH2) Give(x *Exchange, from Side, p []byte) {
	st := m.held(x)
	switch {
	case st == nil || len(p) == 0:
	case from == Server && x.answered:
		m.one.Give(st.x1, Server, p)
		m.after()
	case from == Server:
		if st.held.streamed && !st.held.given {
			m.chunk(st, p, false)
			m.after()
		}
	case st.streams && !st.ending:
		m.body(st, p, false)
	}
}

// GiveEnd ends that body. Its trailer is what came, or these fields.
func (m *H1toH2) GiveEnd(x *Exchange, from Side, asCame bool, fields []Field) {
	st := m.held(x)
	switch {
	case st == nil:
		return
	case from == Server && x.answered:
		m.one.GiveEnd(st.x1, Server, asCame, fields)
	case from == Server:
		if !st.held.streamed || st.held.given {
			return
		}
		if asCame {
			fields = st.held.trailerCame()
		}
		st.giveEnd()
		m.replyOver(st, fields)
	case st.streams && !st.ending:
		if st.trailer = st.came; !asCame {
			st.trailer = loweredFields(fields)
		}
		if len(st.trailer) == 0 {
			st.trailer = nil
		}
		m.body(st, nil, true)
		m.one.GiveEnd(st.x1, Client, true, nil)
	}
	m.after()
}
