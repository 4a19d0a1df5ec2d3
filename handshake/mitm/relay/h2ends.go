package relay

import (
	"encoding/binary"
	"io"
	"net/http"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// How HTTP/2 ends, and what H2 has in common with H1.

// Output takes what is to be sent to a side. It is good until the next call of a method.
func (m *H2) Output(to Side) []byte { return m.flow(to.Other()).out.take() }

// Fate says what becomes of the stream to a side, once all Output was sent.
func (m *H2) Fate(side Side) Fate { return m.flow(side.Other()).fate }

// Wants reports whether more can be taken from a side now. Flow control sees to bodies; but what
// the relay itself tells a side that sends is held for as long as that side does not read.
func (m *H2) Wants(from Side) bool {
	if from == Server && m.stalled && !m.over {
		return false
	}
	return m.over || len(m.flow(from.Other()).out.own)+len(m.flow(from.Other()).behind) < maxHeld
}

// Spoken reports whether anything was asked.
func (m *H2) Spoken() bool { return m.spoken }

// Waiting reports whether a request is under way.
func (m *H2) Waiting() bool { return len(m.streams) > 0 }

// Over reports whether both streams are at their end.
func (m *H2) Over() bool { return m.over }

// Broken is why it ended while nothing was under way; nil if that was in order.
func (m *H2) Broken() error { return m.broken }

// InHead reports whether a client has begun a head, and not ended it.
func (m *H2) InHead() bool { return m.client.blockOf != 0 && !m.over }

// Unread reports whether a client may still be sending what nobody will read.
func (m *H2) Unread() bool { return !m.client.gone }

// Withhold says that the server will answer nothing, whatever will be asked, and why. Some clients
// wait for a server's SETTINGS before they ask (RFC 9113 §3.4).
func (m *H2) Withhold(why error) {
	m.withheld, m.server.ended, m.client.out.shut = why, true, true
	if !m.over && m.server.left == 0 && m.server.blockOf == 0 {
		m.settleAlone()
	}
}

// settleAlone says SETTINGS in the place of a server that has not, and what had to wait for them:
// nothing may come before (RFC 9113 §3.4).
func (m *H2) settleAlone() {
	if m.settled {
		return
	}
	m.settled = true
	m.server.insert(append(frame(nil, http2.FrameSettings, 0, 0, nil), m.late...))
	m.late = nil
}

// Unwritten says that a side takes nothing more. A server may still be about to say why.
func (m *H2) Unwritten(to Side, err error) {
	m.flow(to.Other()).out.shut = true
	if f := m.flow(to); to == Client && !m.over {
		f.ended = false
		m.End(to, Broken, err)
	}
}

// End says that the stream from a side has ended; err is how, for the faults that come of it.
func (m *H2) End(from Side, how Ending, err error) {
	f := m.flow(from)
	f.gone = true
	if m.over || f.ended {
		return
	}
	f.ended = true
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if f.why != nil { // it has said so before
		err = f.why
		if len(m.streams) == 0 {
			m.broken = err
		}
	}
	if from == Client && len(m.streams) == 0 && (how == Broken || len(f.in) > 0) {
		m.broken = err
	}
	if from == Server && m.ups != nil && how != Broken && m.anyPending() {
		m.leave(err)
		return
	}
	if !m.finishWith(from, err, http2.ErrCodeNo) {
		fate := min(how.fate(), Cut) // frames say where each message ends: nothing needs to be lost
		m.client.fate, m.server.fate = max(m.client.fate, fate), max(m.server.fate, fate)
	}
}

// leave is a server that has left, while what it said before is held: that has yet to go on.
func (m *H2) leave(err error) {
	m.client.out.shut = true
	m.leaving = func() { m.finish(Server, err) }
	for _, st := range m.inOrder() {
		if !st.over[1] && !st.x.answered {
			st.x.fail(Server, err)
			if !m.pageFor(st) {
				m.lostTo(st, err)
			}
		}
	}
}

// refuse ends the connection on account of what one of the two said that cannot be looked into.
func (m *H2) refuse(f *flow2, r *Refusal) {
	f.ended = true
	if len(m.streams) == 0 {
		m.broken = r
	}
	if f.from == Client && !m.prefaced {
		m.finish(f.from, r) // it would not understand
		return
	}
	m.finishWith(f.from, r, r.code2())
}

// finish ends both streams; what was under way failed on a side's leg. A client that has heard
// nothing yet of a reply reads why there is none.
func (m *H2) finish(leg Side, err error) { _ = m.finishWith(leg, err, http2.ErrCodeNo) }

// finishWith is finish with what a GOAWAY is to say: without a code there is one only behind
// answers. It names the last stream that went on, so that the client does not ask again what a
// server may have seen to (RFC 9113 §6.8). It reports whether it has said so.
func (m *H2) finishWith(leg Side, err error, code http2.ErrCode) (says bool) {
	if m.over {
		return false
	}
	between := !m.server.passing // two frames
	says = between && code != http2.ErrCodeNo
	for _, st := range m.inOrder() {
		if !st.over[1] || leg == Client && m.holdsReply(st) {
			st.x.fail(leg, err)
		}
		if leg == Server && between {
			says = m.answer(st) || says
		}
		m.drop(st)
	}
	if says {
		m.settleAlone()
		m.server.insert(goAwayFrame(min(m.highest, m.away), code)) // ids never rise
	}
	m.over = true
	m.client.fate, m.server.fate = max(m.client.fate, Close), max(m.server.fate, Close)
	return says
}

// drop is the end of a stream of which nothing more goes on.
func (m *H2) drop(st *stream) {
	m.forget(st)
	m.close(st)
}

// answer answers a request in the place of a server that is gone, if Options have an answer, and
// acknowledges SETTINGS that it will not. The fields are literals: they hold whatever the tables
// have.
func (m *H2) answer(st *stream) bool {
	page := m.page(st, http2.FlagHeadersEndStream)
	if page == nil {
		return false
	}
	m.settleAlone()
	var b []byte
	for ; m.unacked > 0; m.unacked-- {
		b = frame(b, http2.FrameSettings, http2.FlagSettingsAck, 0, nil)
	}
	m.server.insert(append(b, page...))
	return true
}

// page is what a client reads in place of a reply: a whole one, or one without its end; nil if Options
// have none.
func (m *H2) page(st *stream, end http2.Flags) []byte {
	if m.o.Page == nil || st.id%2 == 0 || st.x.begun { // nobody waits for a push
		return nil
	}
	fields, text := m.o.Page(st.x)
	if len(fields) == 0 {
		return nil
	}
	st.x.answered, st.x.begun = true, true
	block := m.server.beginBlock()
	for _, f := range fields {
		block = literal(block, hpack.HeaderField{Name: f.Name, Value: f.Value})
	}
	if st.x.Request.Method == http.MethodHead { // whose reply has no body
		return frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders|end, st.id, block)
	}
	b := frame(nil, http2.FrameHeaders, http2.FlagHeadersEndHeaders, st.id, block)
	n := m.fits(len(text))
	m.credit(&m.server, &m.server.credit, 0, int64(n)) // which the server does not know of
	return frame(b, http2.FrameData, end, st.id, []byte(text[:n]))
}

// fits is how much of n bytes the client takes of an answer: of its stream nothing has come yet.
func (m *H2) fits(n int) int {
	all := &m.room
	if m.anew {
		all = &m.server.window
	}
	n = int(max(0, min(int64(n), *all, m.roomEach, 1<<14))) // 1<<14: a frame
	*all -= int64(n)
	return n
}

// goAwayFrame is RFC 9113 §6.8.
func goAwayFrame(last uint32, code http2.ErrCode) []byte {
	return frame(nil, http2.FrameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), uint32(code)))
}

// frame appends a frame (RFC 9113 §4.1).
func frame(dst []byte, kind http2.FrameType, flags http2.Flags, id uint32, payload []byte) []byte {
	n := len(payload)
	dst = append(dst, byte(n>>16), byte(n>>8), byte(n), byte(kind), byte(flags))
	return append(binary.BigEndian.AppendUint32(dst, id), payload...)
}

// literal appends a field as a literal that nobody remembers (RFC 7541 §6.2.2, §6.2.3).
func literal(dst []byte, f hpack.HeaderField) []byte {
	if f.Sensitive {
		dst = append(dst, 0x10)
	} else {
		dst = append(dst, 0)
	}
	for _, s := range []string{f.Name, f.Value} {
		dst = appendLength(dst, len(s))
		dst = append(dst, s...)
	}
	return dst
}

// appendLength is RFC 7541 §5.1 with a prefix of seven bits.
func appendLength(dst []byte, n int) []byte {
	if n < 127 {
		return append(dst, byte(n))
	}
	dst, n = append(dst, 127), n-127
	for ; n >= 128; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}
