package relay

import (
	"io"

	"golang.org/x/net/http2"
)

// How a translation from HTTP/2 to HTTP/1.1 ends, and what H2toH1 has in common with H1.

// drain is the end of the server's connection: what has been answered still goes to the client,
// and what was not asked will not be.
func (m *H2toH1) drain() {
	if m.over {
		return
	}
	m.fates[1] = max(m.fates[1], Close, m.one.Fate(Server))
	if !m.away {
		m.away = true
		waiting := m.queue
		m.queue, m.heads = nil, 0
		for _, st := range waiting {
			st.x.fail(Server, ErrNotAsked)
			m.drop(st, http2.ErrCodeRefusedStream)
		}
		for _, st := range m.two.inOrder() {
			if st.held.head != nil { // what GOAWAY says of it is that it can be asked again
				st.x.fail(Server, ErrNotAsked)
				m.drop(st, http2.ErrCodeRefusedStream)
			}
		}
		if m.two.begun {
			m.two.out.add(goAwayFrame(m.asked, http2.ErrCodeNo))
		}
	}
	if len(m.two.streams) == 0 {
		m.finish()
	}
}

// finished is the end of a stream.
func (m *H2toH1) finished(st *stream2) {
	if !st.x.done {
		st.x.done = true
		m.o.tell(Event{Kind: Done, Exchange: st.x})
	}
	if m.away && len(m.two.streams) == 0 {
		m.finish()
	}
}

func (m *H2toH1) finish() {
	m.over = true
	m.fates[0], m.fates[1] = max(m.fates[0], Close), max(m.fates[1], Close, m.one.Fate(Server))
}

// End says that the stream from a side has ended; err is how, for the faults that come of it.
func (m *H2toH1) End(from Side, how Ending, err error) {
	if from == Client {
		m.gone = true
	}
	switch {
	case m.over:
	case from == Server && m.withheld != nil:
	case from == Server:
		m.one.End(Server, how, err)
		m.after()
	default:
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if len(m.two.streams) == 0 && (how == Broken || len(m.two.in) > 0) {
			m.broken = err
		}
		m.leave(err)
	}
}

// leave is the end of the client's connection.
func (m *H2toH1) leave(err error) {
	m.away, m.queue, m.now = true, nil, nil
	streams := m.two.inOrder()
	clear(m.two.streams)
	m.one.End(Client, NoGoodbye, err) // its events are of nobody
	m.wire = append(m.wire, m.one.Output(Server)...)
	for _, st := range streams {
		if !st.said {
			st.x.fail(Client, err)
		}
		m.finished(st)
	}
	m.finish()
}

// breakOff ends the client's connection on account of what it said.
func (m *H2toH1) breakOff(broke *broke2) {
	if len(m.two.streams) == 0 {
		m.broken = broke.refusal
	}
	if m.two.begun { // else it would not understand
		m.two.out.add(goAwayFrame(m.asked, broke.code))
	}
	m.leave(broke.refusal)
}

// goneAway is a GOAWAY of the client's: it says nothing of the client's own streams.
func (m *H2toH1) goneAway(uint32, http2.ErrCode) {}

// Fate says what becomes of the stream to a side, once all Output was sent.
func (m *H2toH1) Fate(side Side) Fate {
	if side == Client {
		return m.fates[0]
	}
	return m.fates[1]
}

// Spoken reports whether anything was asked.
func (m *H2toH1) Spoken() bool { return m.spoken }

// Waiting reports whether a request is under way.
func (m *H2toH1) Waiting() bool { return len(m.two.streams) > 0 }

// Broken is why it ended while nothing was under way; nil if that was in order.
func (m *H2toH1) Broken() error { return m.broken }

// InHead reports whether a client has begun a head, and not ended it.
func (m *H2toH1) InHead() bool { return m.two.blockOf != 0 && !m.over }

// Unread reports whether a client may still be sending what nobody will read.
func (m *H2toH1) Unread() bool { return !m.gone }

// Withhold says that the server will answer nothing, whatever will be asked, and why.
func (m *H2toH1) Withhold(why error) { m.withheld = why }

// Unwritten says that a side takes nothing more. A server may still be about to say why.
func (m *H2toH1) Unwritten(to Side, err error) {
	if to == Server {
		m.one.Unwritten(Server, err)
		return
	}
	m.two.out.shut = true
	m.End(Client, Broken, err)
}
