package relay

import (
	"slices"

	"golang.org/x/net/http2"
)

// What is malformed ends its stream, and no other (RFC 9113 §8.1.1). The block of fields that does not
// go on may have told the two ends' tables something (RFC 7541 §2.3.2): from there on the heads of that
// direction are written anew, for which no table is needed. What either end still says of the stream
// goes nowhere, and flow control is given back what its receiver never sees.

// maxRefused is how many streams of a connection are refused one by one: a peer that goes on so wants
// the work done, not the answer.
const maxRefused = 1000

// refuseStream ends a stream on account of what one of the two said in it. The connection goes on.
func (m *H2) refuseStream(st *stream, r *Refusal) {
	r.Alone = true
	st.x.fail(r.From, r)
	st.rst = nil // for here is another
	toClient, toServer := http2.ErrCodeInternal, http2.ErrCodeCancel
	switch {
	case r.Rule == RuleContentCoding: // HTTP/2 has nothing against it
	case r.From == Client:
		toClient = r.code2()
	default:
		toServer = r.code2()
	}
	end := http2.FlagHeadersEndStream // DATA has the same
	if toClient == http2.ErrCodeProtocol || toClient == http2.ErrCodeStreamClosed {
		end = 0 // RFC 9113 §8.1.1 wants the reset behind it
	}
	b := m.page(st, end)
	if b != nil && end != 0 {
		toClient = http2.ErrCodeNo // it has a whole reply
	}
	if b == nil || end == 0 || !st.over[0] {
		b = append(b, rstFrame(st.id, toClient)...)
	}
	m.toClient(b)
	if st.up != 0 && st.x.sent {
		m.client.insert(rstFrame(st.up, toServer))
	}
	m.forgotten(st)
}

// code2 is what who broke the rule is told.
func (r *Refusal) code2() http2.ErrCode {
	if r.behind {
		return http2.ErrCodeStreamClosed // RFC 9113 §5.1
	}
	switch r.Rule {
	case RuleHeadTooLong, RuleAllHeads, RuleStreams, RuleMalformed:
		return http2.ErrCodeEnhanceYourCalm
	case RuleCompression:
		return http2.ErrCodeCompression
	}
	return http2.ErrCodeProtocol
}

// toClient says something to a client that the server did not.
func (m *H2) toClient(b []byte) {
	if m.settled {
		m.server.insert(b)
	} else {
		m.late = append(m.late, b...) // nothing may come before a server's SETTINGS (RFC 9113 §3.4)
	}
}

// forgotten has a stream end of which nobody is to hear any more.
func (m *H2) forgotten(st *stream) {
	for _, f := range []*flow2{&m.client, &m.server} {
		if f.data == st { // the rest of that frame
			f.data, f.end = nil, false
		}
	}
	if m.ups == nil { // else what is not known goes no further anyway
		m.refused[st.id] = struct{}{}
	}
	m.nRefused++
	m.drop(st)
}

// unheard reports whether nobody is to hear what is said of a stream: it was refused, or lies below one
// that was, and the server knows of neither.
func (m *H2) unheard(id uint32) bool {
	_, refused := m.refused[id]
	return refused || m.ups == nil && id%2 == 1 && id > m.went && id <= m.highest
}

// skip is a block of fields that does not go on.
func (f *flow2) skip() { f.anew, f.wire = true, nil }

// paid is credit that the receiver of f gives, without what the relay has said to it meanwhile.
func (f *flow2) paid(n int64) int64 {
	paid := max(0, min(n, f.debt))
	f.debt -= paid
	return n - paid
}

// insert adds frames of the relay's own, or such as the other side has led to: not amid one that
// passes as it comes.
func (f *flow2) insert(p []byte) {
	if f.passing {
		f.behind = append(f.behind, p...)
		return
	}
	f.out.add(p)
}

// passed is the end of a frame that passed as it came.
func (f *flow2) passed() {
	f.passing = false
	if len(f.behind) > 0 {
		f.out.add(f.behind)
		f.behind = nil
	}
}

// maxLate is how many streams are remembered of which something may still be on its way.
const maxLate = 1000

// brokenOff notes a stream that by has broken off: what the other says of it, until that has
// heard so, goes on, for who broke it off counts it (RFC 9113 §5.1).
func (m *H2) brokenOff(st *stream, by Side) {
	if m.ups != nil {
		return
	}
	if m.broken2 == nil {
		m.broken2 = map[uint32]Side{}
	}
	if m.broken2[st.id] = by; len(m.lateIDs) < maxLate {
		m.lateIDs = append(m.lateIDs, st.id)
		return
	}
	delete(m.broken2, m.lateIDs[m.lateNext])
	m.lateIDs[m.lateNext] = st.id
	m.lateNext = (m.lateNext + 1) % maxLate
}

// mayBeLate reports whether that holds of a stream that is over, and of what a side says. Nothing else can
// come of it.
func (m *H2) mayBeLate(id uint32, from Side) bool { return m.broken2[id] == from.Other() }

// idle reports whether no stream of this number was ever opened, as far as can be told.
func (m *H2) idle(f *flow2, id uint32) bool {
	switch {
	case id%2 == 0:
		return id > m.pushed
	case f.from == Server && m.ups != nil: // which has its own numbers
		return id >= m.nextUp && id > m.highest
	}
	return id > m.highest
}

// lateFields is a block of a stream that is over, or was never there.
func (m *H2) lateFields(f *flow2, id uint32, h *Head, end bool) *Refusal {
	switch {
	case f.from == Client && id%2 == 0, m.idle(f, id):
		return &Refusal{From: f.from, Rule: RuleFrame, Detail: quote("HEADERS")} // RFC 9113 §5.1.1
	case !m.mayBeLate(id, f.from) || f.tooLong() != nil || m.malformedLate(f, h, end):
		f.skip()
	default: // its receiver has broken it off, and that has not arrived yet
		m.writeFields(f, id, h, end)
	}
	return nil
}

// malformedLate reports whether no stream could have this head now: of a request only a trailer can be
// late.
func (m *H2) malformedLate(f *flow2, h *Head, end bool) bool {
	if f.from == Server && slices.ContainsFunc(h.Fields, func(f Field) bool { return f.Name == ":status" }) {
		_, r := checkReply2(f.judged(h), "", end)
		return r != nil && r.Rule != RuleBodyLength // it may be the reply to HEAD
	}
	s := message2{length: -1}
	return s.trailer(f.judged(h), f.from, end) != nil
}
