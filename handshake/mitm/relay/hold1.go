package relay

import (
	"io"
	"strconv"
)

// Held messages of HTTP/1.1. One request is under way at a time where any may be held.

// holding is what of one direction is its holder's.
type holding struct {
	waits     *Exchange // its head waits for Continue
	framing   framing   // of that reply
	streamed  bool      // the body is the holder's
	queue     []byte    // come, and not taken
	queueOver bool      // nothing comes behind that
	trailer   []byte    // what stood behind the last chunk
	given     bool      // GiveEnd: what still comes is dropped
	late      func()    // how the stream ended, behind what is held
}

// stalls reports whether what has come is not worked on before the holder says so.
func (f *flow) stalls() bool {
	return f.hold.waits != nil || f.hold.streamed && !f.hold.given && (f.hold.queueOver || len(f.hold.queue) >= maxHeld)
}

// unstall goes on with what the holder kept waiting.
func (m *H1) unstall(f *flow) {
	if f.from == Client && f.hold.late == nil {
		m.goOn()
		return
	}
	m.resume(f)
	if late := f.hold.late; late != nil && !f.stalls() && !m.over {
		f.hold.late = nil
		late()
	}
}

// Continue has a message that is held go on, with changes. streams reports whether its body is the
// holder's, if that is what c wants: a message without a body has none to give.
func (m *H1) Continue(x *Exchange, from Side, c Changes) (streams bool) {
	f := m.flow(from)
	if m.over || f.hold.waits != x {
		return false
	}
	f.hold.waits = nil
	if from == Server {
		c.Stream = c.Stream && !bodiless(x.Request.Method, x.Reply.Status) && !x.Reply.compressed()
		m.replyGoesOn(x, f.hold.framing, nil, c)
		m.unstall(f)
		return c.Stream
	}
	framing, _ := requestFraming(x.Request)
	c.Stream = c.Stream && !framing.none() && !x.Request.old()
	x.changes, x.decided = c, true
	f.state = held
	switch {
	case m.o.Forward:
		m.routing = x
	case m.server.hold.late != nil || m.stray: // it left meanwhile, or said what nobody asked for
		m.unanswered(io.ErrUnexpectedEOF, Close)
	default:
		m.pass(x, nil)
		m.unstall(f)
	}
	return c.Stream
}

// responding is an answer of the holder's that is not over.
type responding struct {
	x      *Exchange
	chunks bool
	none   bool // it has no body
	close  bool // the connection ends behind it
}

// Respond answers a request that is held. What is still to come of the request goes nowhere.
func (m *H1) Respond(x *Exchange, a Answer) {
	f := &m.client
	if m.over || f.hold.waits != x {
		return
	}
	f.hold.waits = nil
	x.answered, x.begun, x.Fault = true, true, a.Fault
	f.out.shut = true
	r := &responding{x: x, none: bodiless(x.Request.Method, a.Status)}
	m.responding = r
	m.frame(x)
	m.unstall(f)
	if m.over {
		return
	}
	r.chunks = a.Length < 0 && !r.none && !x.Request.old()
	r.close = !x.passed || x.Request.closes() || a.Length < 0 && !r.none && !r.chunks
	b := append([]byte("HTTP/1.1 "), strconv.Itoa(a.Status)...)
	b = append(append(b, ' '), reasonOf(a.Status, a.Reason)...)
	b = append(b, "\r\n"...)
	for _, f := range a.Fields {
		b = appendField(b, f.Name, f.Value)
	}
	switch {
	case r.chunks:
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case a.Length >= 0 && a.Status/100 != 1 && a.Status != 204:
		b = append(append(append(b, "Content-Length: "...), strconv.FormatInt(a.Length, 10)...), "\r\n"...)
	}
	if r.close {
		b = append(b, "Connection: close\r\n"...)
	}
	m.server.out.add(append(b, "\r\n"...))
}

// responded is the end of an answer of the holder's.
func (m *H1) responded(r *responding) {
	m.responding = nil
	r.x.replied = true
	m.under = m.under[1:]
	m.o.tell(Event{Kind: ReplyOver, Exchange: r.x, From: Server})
	if r.close || m.noMore || m.server.hold.late != nil || m.stray && !m.o.Forward {
		m.finished(r.x)
		m.finish(Close)
		return
	}
	m.settle(r.x)
	m.unstall(&m.client)
}

// Fail ends an exchange that its holder cannot see to; with HTTP/1.1 the connection ends too.
func (m *H1) Fail(x *Exchange, err error) {
	if m.over || x.done {
		return
	}
	m.client.hold.waits, m.server.hold.waits = nil, nil
	x.fail(Server, err)
	if x.sent && !x.passed {
		m.client.fate = Cut // half a request must not pass for a whole one
	}
	m.halved = nil // it is not the client's end that is to blame
	m.unanswered(err, Cut)
}

// Take copies to p what has come of a body that is the holder's: io.EOF at its end, another error
// if it comes to none, 0 and nil if more is yet to come.
func (m *H1) Take(x *Exchange, from Side, p []byte) (int, error) {
	f := m.flow(from)
	n := 0
	if f.x == x && f.hold.streamed && !f.hold.given {
		n = copy(p, f.hold.queue)
		if f.hold.queue = f.hold.queue[n:]; n > 0 {
			m.unstall(f)
			return n, nil
		}
		if f.hold.queueOver {
			return 0, io.EOF
		}
	}
	switch {
	case x.done || m.over:
		return 0, io.ErrUnexpectedEOF
	case f.x != x, !f.hold.streamed && (from == Server || x.sent), f.hold.given:
		return 0, ErrNotHeld
	}
	return 0, nil
}

// Full reports whether what was given still waits to be sent: then no more is to be given.
func (m *H1) Full(_ *Exchange, from Side) bool {
	return len(m.flow(from).out.own) >= maxHeld && !m.over
}

// Give adds to a body that is the holder's, or to its answer's.
func (m *H1) Give(x *Exchange, from Side, p []byte) {
	f := m.flow(from)
	r := m.responding
	switch {
	case m.over || x.done:
	case r != nil && r.x == x && from == Server:
		if !r.none {
			f.out.chunk(p, r.chunks)
		}
	case f.x != x || !f.hold.streamed || f.hold.given:
	case f.body != nil:
		m.pool = f.body.Add(m.pool[:0], p)
		if r := failure(f.body, f.from); r != nil {
			m.refused(f, r)
			return
		}
		m.chunk(f, m.pool)
	default:
		m.chunk(f, p)
	}
}

// GiveEnd ends that body. Its trailer is what came, or these fields.
func (m *H1) GiveEnd(x *Exchange, from Side, asCame bool, fields []Field) {
	f, h := m.flow(from), &m.flow(from).hold
	if m.over || x.done {
		return
	}
	var trailer []byte
	for _, x := range fields {
		trailer = appendField(trailer, x.Name, x.Value)
	}
	trailer = append(trailer, "\r\n"...)
	if r := m.responding; r != nil && r.x == x && from == Server {
		if r.chunks {
			f.out.add([]byte("0\r\n"))
			f.out.add(trailer)
		}
		m.responded(r)
		return
	}
	if f.x != x || !h.streamed || h.given {
		return
	}
	if f.body != nil {
		if !m.endFilter(f) {
			return
		}
		f.body = nil
	}
	if asCame && h.trailer != nil {
		trailer = h.trailer
	}
	if m.chunks(f) {
		f.out.add([]byte("0\r\n"))
		f.out.add(trailer)
	}
	over := h.queueOver
	h.given, h.queue, h.trailer = true, nil, nil
	switch {
	case !over:
	case from == Client:
		h.streamed = false
		m.requestOver(x)
	case h.late != nil && f.state == untilClose: // which ends it
		h.streamed = false
	default:
		h.streamed = false
		m.replyOver(x)
	}
	m.unstall(f)
}
