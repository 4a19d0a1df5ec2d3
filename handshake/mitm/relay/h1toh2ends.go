package relay

import (
	"io"

	"golang.org/x/net/http2"
)

// How a translation from HTTP/1.1 to HTTP/2 ends, and what H1toH2 has in common with H1.

// broke is a request of which no reply comes, or no whole one. err may be nil if it was told.
func (m *H1toH2) broke(st *stream2, err error) {
	m.two.drop(st, http2.ErrCodeProtocol)
	m.one.End(Server, Broken, err)
}

// answer is what the client reads in place of a reply.
func (m *H1toH2) answer(x1 *Exchange, reused bool) []byte {
	if m.o.Answer == nil {
		return nil
	}
	x := x1.User.(*stream2).x
	x.Fault = x1.Fault
	b := m.o.Answer(x, reused)
	if len(b) > 0 {
		x.answered, x.begun = true, true
	}
	return b
}

// done is the end of what the client has to do with a request.
func (m *H1toH2) done(st *stream2, x1 *Exchange) {
	x := st.x
	x.Cut = x1.Cut
	if x1.Fault != nil {
		x.fail(x1.Fault.Leg, x1.Fault.Err)
	}
	if m.now == st {
		m.now = nil
	}
	if x.Fault != nil || !st.said || len(m.two.streams) > mostStreams || st.held.given && !st.heard {
		m.two.drop(st, http2.ErrCodeCancel) // a server that has answered and does not take the rest does not want it
	} // else its END_STREAM is yet to come, behind a reply that has no body
	x.done = true
	m.o.tell(Event{Kind: Done, Exchange: x})
}

// reset is a stream that the server gives up. Behind a whole reply that is no fault: the rest of
// the request is not wanted (RFC 9113 §8.1), and the client learns so from the end.
func (m *H1toH2) reset(st *stream2, code http2.ErrCode) {
	delete(m.two.streams, st.id)
	switch {
	case st != m.now:
	case st.held.cameWhole(): // and the rest of the request is not wanted
		m.away = true
	case st.x.replied && !st.x.Bytes:
		m.one.finish(Close)
	default:
		m.one.End(Server, Broken, &ErrReset{code})
	}
}

// goneAway are streams that the server has not begun, and will not (RFC 9113 §6.8).
func (m *H1toH2) goneAway(last uint32, code http2.ErrCode) {
	m.away = true
	if st := m.now; st != nil && (st.id == 0 || st.id > last) {
		delete(m.two.streams, st.id)
		m.one.End(Server, Broken, &ErrGoAway{Code: code})
	}
}

// opened is never called: a server opens none.
func (m *H1toH2) opened(*stream2, *Head, bool) {}

// finished is a stream of which all was said and heard; the exchange ends as the client's does.
func (m *H1toH2) finished(*stream2) {}

// close ends the server's connection behind the client's.
func (m *H1toH2) close() {
	m.over, m.fate = true, Close
	if m.two.begun {
		m.two.out.add(goAwayFrame(0, http2.ErrCodeNo))
	}
}

// End says that the stream from a side has ended; err is how, for the faults that come of it.
func (m *H1toH2) End(from Side, how Ending, err error) {
	if m.over {
		return
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	st := m.now
	switch {
	case from == Client:
		m.left = true
		m.one.End(Client, how, err)
		if st != nil && st.x.Bytes && how == InOrder {
			m.two.say(st, nil, true)
		}
	case st != nil && st.held.cameWhole():
		m.two.out.shut, m.away = true, true
	case st != nil && (!st.x.replied || st.x.Bytes):
		m.two.out.shut = true
		m.one.End(Server, Broken, err) // its stream has not ended
	default:
		m.two.out.shut = true
		m.one.End(Server, how, err)
	}
	m.after()
}

// Fate says what becomes of the stream to a side, once all Output was sent.
func (m *H1toH2) Fate(side Side) Fate {
	if side == Client {
		return m.one.Fate(Client)
	}
	return m.fate
}

// Spoken reports whether anything was asked.
func (m *H1toH2) Spoken() bool { return m.one.Spoken() }

// Waiting reports whether a request is under way.
func (m *H1toH2) Waiting() bool { return m.one.Waiting() }

// Broken is how a client broke off that had nothing under way; nil if it did not.
func (m *H1toH2) Broken() error { return m.one.Broken() }

// InHead reports whether a client has begun a head, and not ended it.
func (m *H1toH2) InHead() bool { return m.one.InHead() }

// Unread reports whether a client may still be sending what nobody will read.
func (m *H1toH2) Unread() bool { return m.one.Unread() }

// Withhold says that the server will answer nothing, whatever will be asked, and why.
func (m *H1toH2) Withhold(why error) { m.one.Withhold(why) }

// Unwritten says that a side takes nothing more. A server may still be about to say why.
func (m *H1toH2) Unwritten(to Side, err error) {
	if to == Server {
		m.two.out.shut = true
		return
	}
	m.left = true
	m.one.Unwritten(Client, err)
	m.after()
}
