package relay

import (
	"encoding/binary"
	"net/http"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// HTTP/2 where bodies are changed. Heads are written anew, as literals. The receiver's windows
// bound what goes on, as they bound a sender; what a change adds waits for them, and the sender
// gets that much less credit; what it takes away the sender gets back.

// credit is flow control of one direction (RFC 9113 §5.2): of the connection, or of a stream.
type credit struct {
	window  int64 // what the receiver still takes
	debt    int64 // what was added, and the sender gets no credit for
	initial int64 // of the connection's alone: a new stream's window
}

// firstWindow is RFC 9113 §6.9.2.
const firstWindow = 1<<16 - 1

func newCredit() credit { return credit{window: firstWindow, initial: firstWindow} }

// changed is one direction of a stream.
type changed struct {
	credit
	filter  Filter
	waiting []byte // for the window
	raw     []byte // not yet given to filter, since much waits already
	ended   bool   // nothing comes behind that
	last    bool   // … and that is to be told to filter
	end     bool   // … and the stream ends there, by DATA
	trailer *Head  // … or by this
	held    held2
}

func index(f *flow2) int {
	if f.from == Client {
		return 0
	}
	return 1
}

// of is the direction f of a stream.
func (st *stream) of(f *flow2) *changed {
	c := &st.changed[index(f)]
	if *c == nil {
		*c = &changed{credit: credit{window: f.initial}}
	}
	return *c
}

// sendHead sends a head on, as Options.Change wants it.
func (m *H2) sendHead(f *flow2, st *stream, h *Head, end bool) {
	if !m.anew {
		m.writeFields(f, st.id, h, end)
		m.wentOn(f, st)
		return
	}
	c := Changes{}
	switch {
	case m.o.Change == nil:
	case st.x.Request.Method != http.MethodConnect:
		c = m.o.Change(st.x, f.from)
	case st.x.Request.upgrade != "" && f.from == Client: // what follows is another protocol's; its authority is an origin's as any (RFC 8441 §4)
		asked := m.o.Change(st.x, Client)
		c.Host, c.Target = asked.Host, asked.Target
	}
	m.sendChanged(f, st, h, c, end)
}

// sendChanged sends a head on with changes.
func (m *H2) sendChanged(f *flow2, st *stream, h *Head, c Changes, end bool) {
	drop := c.Drop
	if c.Stream {
		drop = append(drop[:len(drop):len(drop)], "content-length")
	}
	if c.Body != nil && !end && st.x.Request.Method != "HEAD" {
		st.of(f).filter = c.Body
		drop = append(append(drop[:len(drop):len(drop)], "content-length"), c.Stale...)
	}
	if f.from == Client {
		h = c.hosted(h)
	}
	m.writeBlock(f, st.number(f.from.Other()), h, c.changedFields(h, drop), end)
	m.wentOn(f, st)
}

// wentOn notes that a head has gone on.
func (m *H2) wentOn(f *flow2, st *stream) {
	if f.from == Client {
		st.x.sent, m.went = true, max(m.went, st.id)
	}
}

// writeFields has a head or a trailer go on as it is.
func (m *H2) writeFields(f *flow2, id uint32, h *Head, end bool) {
	if !f.anew {
		f.out.pass(f.wire)
		return
	}
	m.writeBlock(f, id, h, new(Changes).changedFields(h, nil), end)
}

// writeBlock writes fields as literals, in the frames of h.
func (m *H2) writeBlock(f *flow2, id uint32, h *Head, fields []hpack.HeaderField, end bool) {
	block := f.beginBlock()
	for _, x := range fields {
		x.Value = trimOWS(x.Value) // RFC 9113 §8.2.1
		block = literal(block, x)
	}
	kind, flags := http2.FrameHeaders, http2.Flags(0)
	if f.promised != 0 {
		kind, block = http2.FramePushPromise, append(binary.BigEndian.AppendUint32(nil, f.promised), block...)
	} else if end {
		flags = http2.FlagHeadersEndStream
	}
	if h.priority != "" {
		p := []byte(h.priority)
		if m.ups != nil {
			m.renumberDependency(f, p)
		}
		flags, block = flags|http2.FlagHeadersPriority, append(p, block...)
	}
	for first := true; first || len(block) > 0; first = false {
		part := block[:min(len(block), 1<<14)]
		if block = block[len(part):]; len(block) == 0 {
			flags |= http2.FlagHeadersEndHeaders
		}
		f.insert(frame(nil, kind, flags, id, part))
		kind, flags = http2.FrameContinuation, 0
	}
}

// change sends a piece of a body on. n is what it counts for in flow control, padding included.
func (m *H2) change(f *flow2, st *stream, data []byte, n int) {
	if st == nil {
		m.settleCredit(f, nil, -int64(n))
		return
	}
	c := st.of(f)
	if c.held.keeps() {
		m.enqueue(f, st, c, data, n)
		return
	}
	c.toGo(data)
	m.settleCredit(f, st, int64(len(data)-n))
	m.send(f, st)
}

// filterAtOnce is how much of a body a filter is given at a time, and enoughWaiting how much may
// then wait for the receiver's window: a body that is uncompressed can become a thousand times as long.
const (
	filterAtOnce  = 1 << 11
	enoughWaiting = 1 << 16
)

// fill has the filter work on what came, until enough waits. It reports whether the stream goes on.
func (m *H2) fill(f *flow2, st *stream) bool {
	c := st.of(f)
	for c.filter != nil && len(c.waiting) < enoughWaiting && (len(c.raw) > 0 || c.last) {
		before := len(c.waiting) + len(c.raw)
		filter := c.filter
		if n := min(len(c.raw), filterAtOnce); n > 0 {
			c.waiting, c.raw = filter.Add(c.waiting, c.raw[:n]), c.raw[n:]
		} else {
			c.waiting, c.raw = filter.End(c.waiting), nil
			c.filter, c.last = nil, false
		}
		m.settleCredit(f, st, int64(len(c.waiting)+len(c.raw)-before))
		if r := failure(filter, f.from); r != nil {
			m.refuseStream(st, r)
			return false
		}
	}
	return true
}

// rstFrame is RFC 9113 §6.4.
func rstFrame(id uint32, code http2.ErrCode) []byte {
	return frame(nil, http2.FrameRSTStream, 0, id, binary.BigEndian.AppendUint32(nil, uint32(code)))
}

// toGo adds to what is to go on.
func (c *changed) toGo(p []byte) {
	if c.filter == nil {
		c.waiting = append(c.waiting, p...)
	} else {
		c.raw = append(c.raw, p...)
	}
}

// endChange is what ends a body: the last frame of DATA, or a trailer.
func (m *H2) endChange(f *flow2, st *stream, end bool, trailer *Head) {
	c := st.of(f)
	if !end && trailer == nil {
		return
	}
	if c.held.keeps() {
		c.held.inOver, c.held.trailer = true, trailer
		return
	}
	m.endWaiting(f, st, trailer)
	m.send(f, st)
}

// endWaiting notes that nothing comes behind what waits.
func (m *H2) endWaiting(f *flow2, st *stream, trailer *Head) {
	c := st.of(f)
	c.last = c.filter != nil
	c.ended, c.end, c.trailer = true, trailer == nil, trailer
}

// send sends what the windows have room for.
func (m *H2) send(f *flow2, st *stream) {
	c, id := st.of(f), st.number(f.from.Other())
	if !m.sendFirst(st, c) {
		return
	}
	for m.fill(f, st) && len(c.waiting) > 0 {
		n := min(int64(len(c.waiting)), c.window, f.window, 1<<14)
		if n <= 0 {
			return
		}
		flags := http2.Flags(0)
		if int(n) == len(c.waiting) && c.end && c.filter == nil {
			flags, c.end = http2.FlagDataEndStream, false
		}
		f.insert(frame(nil, http2.FrameData, flags, id, c.waiting[:n]))
		c.waiting, c.window, f.window = c.waiting[n:], c.window-n, f.window-n
	}
	if c.waiting = nil; st.x.Fault != nil && m.streams[st.id] == nil { // the filter failed
		return
	}
	if c.end {
		f.insert(frame(nil, http2.FrameData, http2.FlagDataEndStream, id, nil))
		c.end = false
	}
	if c.trailer != nil {
		m.writeFields(f, id, c.trailer, true)
		c.trailer = nil
	}
}

// settleCredit notes that added bytes more went into the windows than the sender knows of.
func (m *H2) settleCredit(f *flow2, st *stream, added int64) {
	m.credit(f, &f.credit, 0, added)
	if st != nil {
		m.streamCredit(f, st, added)
	}
}

// streamCredit does so of a stream alone.
func (m *H2) streamCredit(f *flow2, st *stream, added int64) {
	if id := st.number(f.from); id != 0 {
		m.credit(f, &st.of(f).credit, id, added)
	}
}

func (m *H2) credit(f *flow2, c *credit, id uint32, added int64) {
	c.debt += added
	if c.debt < 0 && (f.from == Server || m.settled) { // nothing may come before a server's SETTINGS (RFC 9113 §3.4)
		m.other(f).insert(frame(nil, http2.FrameWindowUpdate, 0, id, binary.BigEndian.AppendUint32(nil, uint32(-c.debt))))
		c.debt = 0
	}
}

// settle gives the client the credit that had to wait for the server's SETTINGS.
func (m *H2) settle() {
	m.server.insert(m.late)
	m.late = nil
	m.credit(&m.client, &m.client.credit, 0, 0)
	if !m.anew {
		return
	}
	for _, st := range m.inOrder() {
		m.credit(&m.client, &st.of(&m.client).credit, st.id, 0)
	}
	if m.ups != nil {
		m.sendAll(&m.server, m.inOrder())
	}
}

// window is credit that the receiver of the other direction gives.
func (m *H2) window(by *flow2, id uint32, n int64) {
	f := m.other(by)
	c := &f.credit
	st := m.find(by, id)
	switch {
	case id != 0 && st == nil:
		return // of a stream that is over
	case id != 0:
		c = &st.of(f).credit
	}
	c.window += n
	paid := min(n, c.debt)
	c.debt -= paid
	n -= paid
	if st != nil {
		if id = st.number(by.from.Other()); id == 0 { // which is held
			st.early += uint32(min(n, 1<<31-1-int64(st.early)))
			n = 0
		}
	}
	if n > 0 {
		by.insert(frame(nil, http2.FrameWindowUpdate, 0, id, binary.BigEndian.AppendUint32(nil, uint32(n))))
	}
	if st != nil {
		m.sendAll(f, []*stream{st})
	} else {
		m.sendAll(f, m.inOrder())
	}
}

func (m *H2) sendAll(f *flow2, streams []*stream) {
	for _, st := range streams {
		m.send(f, st)
		if st.rst != nil && !m.pending(st) {
			m.server.insert(st.rst)
			m.drop(st)
			continue
		}
		if st.over[0] && st.over[1] {
			m.close(st)
		}
	}
}

// initialWindow is a receiver's new SETTINGS_INITIAL_WINDOW_SIZE (RFC 9113 §6.9.2).
func (m *H2) initialWindow(f *flow2, n int64) {
	if !m.anew {
		return
	}
	for _, st := range m.streams {
		st.of(f).window += n - f.initial
	}
	f.initial = n
	m.sendAll(f, m.inOrder())
}

// pending reports whether something of a stream that is over waits for a window.
func (m *H2) pending(st *stream) bool {
	for _, c := range st.changed {
		if c != nil && (len(c.waiting) > 0 || c.end || c.trailer != nil || c.held.waits()) {
			return true
		}
	}
	return false
}

// hold keeps a server's RST_STREAM until the reply before it has gone on (RFC 9113 §8.1: a server
// that wants no more of the request may reset the stream behind its whole reply). What the client
// still says goes nowhere.
func (m *H2) hold(f *flow2, st *stream, rst []byte) bool {
	if !m.anew || st == nil || f.from != Server || !st.over[1] {
		return false
	}
	m.forgetOne(&m.client, st)
	if !m.pending(st) {
		return false
	}
	if st.rst == nil {
		st.rst = slices.Clone(rst)
	}
	return true
}

// heard is the stream of which the sender of f says something; nil if nobody hears it.
func (m *H2) heard(f *flow2, id uint32) *stream {
	st := m.find(f, id)
	if st != nil && st.rst != nil && f.from == Client {
		return nil
	}
	return st
}

// forget drops what waits of a stream: the connection's window never sees it.
func (m *H2) forget(st *stream) {
	m.forgetOne(&m.client, st)
	m.forgetOne(&m.server, st)
}

// forgetOne does so in one direction.
func (m *H2) forgetOne(f *flow2, st *stream) {
	if c := st.changed[index(f)]; c != nil {
		m.credit(f, &f.credit, 0, -int64(len(c.waiting)+len(c.raw)))
		c.waiting, c.raw, c.filter, c.last, c.end, c.trailer = nil, nil, nil, false, false, nil
		if m.ups != nil {
			m.dequeue(f, c, len(c.held.in))
			c.held = held2{}
		}
	}
}
