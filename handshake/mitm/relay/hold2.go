package relay

import (
	"encoding/binary"
	"io"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Held messages of HTTP/2. While one stream waits the others go on, so the server may have them in
// another order than the client began them; since numbers only rise (RFC 9113 §5.1.1), a stream that
// was overtaken gets another number there. What comes of a body that is held counts against its
// stream's window alone, up to a limit, so that it does not hold up the others either.

// maxQueued is how much of what is held the windows of the connections are not told of, of both
// directions together.
const maxQueued = 1 << 20

// held2 is what of one direction of a stream is its holder's.
type held2 struct {
	head     *Head // waits for Continue
	headEnd  bool  // … and nothing comes behind it
	streamed bool  // the body is the holder's
	given    bool  // GiveEnd: what still comes is dropped
	in       []byte
	repaid   int // of those bytes, what the window of the connection got back
	inOver   bool
	trailer  *Head
	first    []Field // the head of an answer that has yet to be sent
}

// keeps reports whether what comes is kept for the holder.
func (h *held2) keeps() bool { return h.head != nil || h.streamed }

// waits reports whether something is yet to come of it.
func (h *held2) waits() bool { return h.head != nil || h.streamed && !h.given || h.first != nil }

// cameWhole reports whether all has come of what the holder has yet to let go on.
func (h *held2) cameWhole() bool { return h.waits() && (h.inOver || h.headEnd) }

// holdsReply reports whether a reply, or an answer, is with its holder.
func (m *H2) holdsReply(st *stream) bool {
	c := st.changed[index(&m.server)]
	return c != nil && c.held.waits()
}

// find is the stream that the sender of f means.
func (m *H2) find(f *flow2, id uint32) *stream {
	if m.ups != nil && f.from == Server && id%2 == 1 {
		return m.ups[id]
	}
	return m.streams[id]
}

// number is a stream's number as a side has it; 0 if it knows of none.
func (st *stream) number(side Side) uint32 {
	if side == Server {
		return st.up
	}
	return st.id
}

// open gives a stream its number on the server's side. It fails where there are no more.
func (m *H2) open(st *stream) bool {
	if st.up != 0 {
		return true
	}
	st.up = max(st.id, m.nextUp)
	if st.up > 1<<31-1 {
		st.up = 0
		return false
	}
	m.nextUp = st.up + 2
	m.ups[st.up] = st
	m.crossed = m.crossed || st.up != st.id
	return true
}

// opened says to the server what the client said of a stream while it was held.
func (m *H2) opened(st *stream) {
	if st.early > 0 && st.up != 0 {
		m.client.insert(frame(nil, http2.FrameWindowUpdate, 0, st.up, binary.BigEndian.AppendUint32(nil, st.early)))
		st.early = 0
	}
}

// renumbered is a whole frame as the other side has it; nil if that side knows nothing of its stream.
func (m *H2) renumbered(f *flow2, id uint32, whole []byte) []byte {
	to := func(id uint32) uint32 {
		if st := m.find(f, id); st != nil {
			return st.number(f.from.Other())
		}
		return 0
	}
	at, n := 5, uint32(0)
	kind := http2.FrameType(whole[3])
	p := whole[frameHeader:]
	if kind == framePriorityUpdate && len(p) >= 4 {
		at, id = frameHeader, binary.BigEndian.Uint32(p)&(1<<31-1)
	}
	if n = to(id); n == 0 {
		return nil
	}
	out := append([]byte(nil), whole...)
	binary.BigEndian.PutUint32(out[at:], n)
	if kind == http2.FramePriority && len(p) == 5 {
		m.renumberDependency(f, out[frameHeader:])
	}
	return out
}

// framePriorityUpdate is RFC 9218 §7.1.
const framePriorityUpdate http2.FrameType = 0x10

// renumberDependency does so with the stream that a priority depends on (RFC 9113 §5.3); what is not
// there is the root.
func (m *H2) renumberDependency(f *flow2, p []byte) {
	v := binary.BigEndian.Uint32(p)
	n := uint32(0)
	if st := m.find(f, v&(1<<31-1)); st != nil {
		n = st.number(f.from.Other())
	}
	binary.BigEndian.PutUint32(p, v&(1<<31)|n)
}

// enqueue keeps a piece of a body for its holder. n is what it counts for in flow control.
func (m *H2) enqueue(f *flow2, st *stream, c *changed, data []byte, n int) {
	if c.held.given {
		m.settleCredit(f, st, -int64(n))
		return
	}
	c.held.in = append(c.held.in, data...)
	padding := n - len(data)
	m.settleCredit(f, st, -int64(padding))
	if m.queued+len(data) <= maxQueued {
		m.queued += len(data)
		c.held.repaid += len(data)
		m.credit(f, &f.credit, 0, -int64(len(data)))
	}
}

// dequeue takes n bytes off what is kept: the window of the connection gets back what it has not
// yet.
func (m *H2) dequeue(f *flow2, c *changed, n int) []byte {
	p := c.held.in[:n]
	if c.held.in = c.held.in[n:]; len(c.held.in) == 0 {
		c.held.in = nil
	}
	repaid := min(n, c.held.repaid)
	c.held.repaid -= repaid
	m.queued -= repaid
	m.credit(f, &f.credit, 0, -int64(n-repaid))
	return p
}

// Continue has a message that is held go on, with changes. streams reports whether its body is the
// holder's, if that is what ch wants.
func (m *H2) Continue(x *Exchange, from Side, ch Changes) (streams bool) {
	st, f := x.stream, m.flow(from)
	if m.over || x.done || st == nil {
		return false
	}
	c := st.of(f)
	h, end := c.held.head, c.held.headEnd
	if h == nil {
		return false
	}
	c.held.head = nil
	if from == Client && (m.isAway || !m.open(st)) {
		m.lostTo(st, &ErrGoAway{Code: m.awayCode}) // it may be asked again
		return false
	}
	x.begun = x.begun || from == Server
	connect := x.Request.Method == "CONNECT"
	ch.Stream = ch.Stream && !connect && (from == Client && !end || from == Server && !bodiless(x.Request.Method, x.Reply.Status))
	if connect {
		ch.Body = nil
	}
	c.held.streamed = ch.Stream
	if c.held.streamed && end {
		c.held.inOver = true
	}
	m.sendChanged(f, st, h, ch, end && !ch.Stream)
	if from == Client {
		m.opened(st)
	}
	if !c.held.streamed {
		m.releaseQueue(f, st, c)
	}
	m.sendAll(f, []*stream{st})
	return ch.Stream
}

// releaseQueue has what came behind a head that was held go on.
func (m *H2) releaseQueue(f *flow2, st *stream, c *changed) {
	if n := len(c.held.in); n > 0 {
		c.toGo(m.dequeue(f, c, n))
		m.credit(f, &f.credit, 0, int64(n))
	}
	if c.held.inOver {
		m.endChange(f, st, true, c.held.trailer)
	}
}

// Respond answers a request that is held. What is still to come of the request goes nowhere.
func (m *H2) Respond(x *Exchange, a Answer) {
	st := x.stream
	if m.over || x.done || st == nil || st.of(&m.client).held.head == nil {
		return
	}
	x.Fault = a.Fault
	m.respond(st, a)
}

func (m *H2) respond(st *stream, a Answer) {
	fields := []Field{{":status", strconv.Itoa(a.Status)}}
	for _, f := range a.Fields {
		fields = append(fields, Field{lower(f.Name), f.Value})
	}
	if a.Length >= 0 && a.Status/100 != 1 && a.Status != 204 {
		fields = append(fields, Field{"content-length", strconv.FormatInt(a.Length, 10)})
	}
	m.respondFields(st, fields)
}

func (m *H2) respondFields(st *stream, fields []Field) {
	x := st.x
	x.answered, x.begun = true, true
	m.forgetOne(&m.client, st)
	m.forgetOne(&m.server, st)
	st.of(&m.client).held = held2{streamed: true, given: true}
	c := st.of(&m.server)
	c.filter = nil
	c.held = held2{streamed: true, first: fields}
	m.send(&m.server, st)
}

// sendFirst sends the head of an answer, once it may be.
func (m *H2) sendFirst(st *stream, c *changed) bool {
	if c.held.first == nil {
		return true
	}
	if !m.settled { // nothing may come before a server's SETTINGS (RFC 9113 §3.4)
		return false
	}
	h := &Head{Fields: c.held.first}
	c.held.first = nil
	m.writeFields(&m.server, st.id, h, false)
	return true
}

// Fail ends an exchange that its holder cannot see to, and no other.
func (m *H2) Fail(x *Exchange, err error) {
	st := x.stream
	if m.over || x.done || st == nil {
		return
	}
	x.fail(Server, err)
	if st.up != 0 && !(st.over[0] && st.over[1]) {
		m.client.insert(rstFrame(st.up, http2.ErrCodeCancel))
	}
	if st.id%2 == 1 {
		delete(m.ups, st.up)
		st.up = 0
	}
	if !m.pageFor(st) {
		m.toClient(rstFrame(st.id, http2.ErrCodeInternal))
		m.drop(st)
	}
}

// pageFor answers a stream that failed, if nothing of its reply has gone on and Options have an
// answer.
func (m *H2) pageFor(st *stream) bool {
	if st.x.begun || m.o.Page == nil || st.id%2 == 0 {
		return false
	}
	fields, text := m.o.Page(st.x)
	if len(fields) == 0 {
		return false
	}
	m.respondFields(st, fields)
	m.Give(st.x, Server, []byte(text))
	m.GiveEnd(st.x, Server, false, nil)
	return true
}

// Take copies to p what has come of a body that is the holder's: io.EOF at its end, another error
// if it comes to none, 0 and nil if more is yet to come.
func (m *H2) Take(x *Exchange, from Side, p []byte) (int, error) {
	st := x.stream
	if m.over || x.done || st == nil {
		return 0, io.ErrUnexpectedEOF
	}
	f := m.flow(from)
	c := st.of(f)
	switch {
	case !c.held.streamed || c.held.given:
		return 0, ErrNotHeld
	case len(c.held.in) > 0:
		n := copy(p, m.dequeue(f, c, min(len(p), len(c.held.in))))
		m.streamCredit(f, st, -int64(n))
		return n, nil
	case c.held.inOver:
		return 0, io.EOF
	}
	return 0, nil
}

// Full reports whether what was given still waits to be sent: then no more is to be given.
func (m *H2) Full(x *Exchange, from Side) bool {
	f := m.flow(from)
	return !m.over && !x.done && (len(x.stream.of(f).waiting)+len(x.stream.of(f).raw) >= maxHeld || len(f.out.own) >= maxHeld)
}

// Give adds to a body that is the holder's, or to its answer's.
func (m *H2) Give(x *Exchange, from Side, p []byte) {
	st, f := x.stream, m.flow(from)
	if m.over || x.done || st == nil || len(p) == 0 {
		return
	}
	c := st.of(f)
	if !c.held.streamed || c.held.given || x.answered && (from == Client || x.Request.Method == "HEAD") {
		return
	}
	c.toGo(p)
	m.settleCredit(f, st, int64(len(p)))
	m.send(f, st)
}

// GiveEnd ends that body. Its trailer is what came, or these fields.
func (m *H2) GiveEnd(x *Exchange, from Side, asCame bool, fields []Field) {
	st, f := x.stream, m.flow(from)
	if m.over || x.done || st == nil {
		return
	}
	c := st.of(f)
	if !c.held.streamed || c.held.given {
		return
	}
	trailer := (*Head)(nil)
	switch {
	case asCame:
		trailer = c.held.trailer
	case len(fields) > 0:
		trailer = &Head{Fields: make([]Field, len(fields))}
		for i, x := range fields {
			trailer.Fields[i] = Field{lower(x.Name), x.Value}
		}
	}
	if n := len(c.held.in); n > 0 {
		m.dequeue(f, c, n)
		m.streamCredit(f, st, -int64(n))
	}
	c.held.given = true
	m.endWaiting(f, st, trailer)
	if x.answered {
		m.halfOver(&m.server, st)
		if !st.over[0] { // the rest of the request is not wanted (RFC 9113 §8.1)
			st.rst = rstFrame(st.id, http2.ErrCodeNo)
			m.forgetOne(&m.client, st)
		}
	}
	m.sendAll(f, []*stream{st})
}

// changedFields are a head's as it goes on.
func (ch *Changes) changedFields(h *Head, drop []string) []hpack.HeaderField {
	fields := ch.fieldsOf(h)
	out := make([]hpack.HeaderField, 0, len(fields))
	for _, f := range fields {
		if !drops(drop, f.Name) {
			out = append(out, hpack.HeaderField{Name: f.Name, Value: f.Value, Sensitive: true}) // as RFC 7541 §6.2.3 wants it of some, and allows of all
		}
	}
	return out
}

// fieldsOf are h's fields as the holder wants them.
func (ch *Changes) fieldsOf(h *Head) []Field {
	out := make([]Field, 0, len(h.Fields)+len(ch.Fields))
	one := func(f Field) {
		switch {
		case f.Name == ":method" && ch.Method != "":
			f.Value = ch.Method
		case f.Name == ":path" && ch.Target != "":
			f.Value = ch.Target
		case f.Name == ":status" && ch.Status != 0:
			f.Value = strconv.Itoa(ch.Status)
		}
		out = append(out, f)
	}
	if ch.Fields == nil {
		for _, f := range h.Fields {
			one(f)
		}
		return out
	}
	for _, p := range ch.Fields {
		switch {
		case p.Came > 0 && p.Came <= len(h.Fields):
			one(h.Fields[p.Came-1])
		case p.Came == 0:
			out = append(out, Field{lower(p.Name), p.Value})
		}
	}
	return out
}
