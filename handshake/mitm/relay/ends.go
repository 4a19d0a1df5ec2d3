package relay

import (
	"errors"
	"io"
)

// How it ends where it does not end as it should.

// refuseReply is a reply that does not go on.
func (m *H1) refuseReply(r *Refusal) {
	m.server.ended = true
	fate := Close
	if len(m.under) > 0 && m.under[0].begun {
		fate = Cut // what is refused must not pass for whole
	}
	m.unanswered(r, fate)
}

// lost are requests whose server has said that the reply before them was its last.
func (m *H1) lost() {
	m.settleAll()
	m.unanswered(io.ErrUnexpectedEOF, Close)
}

// settleAll tells of what is over already.
func (m *H1) settleAll() {
	if x := m.server.x; x != nil && x.replied {
		m.finished(x)
	}
}

// unanswered tells of every request under way that there will be no reply to it, or no whole
// one; the client reads why, if it has read nothing of the reply. What it read amid one ends in
// the way of fate.
func (m *H1) unanswered(err error, fate Fate) {
	leg := Server
	if r := (*Refusal)(nil); m.halved != nil && len(m.under) > 0 && !m.under[0].begun && !errors.As(err, &r) {
		leg, err = Client, m.halved // many a server takes the client's end for its leave
	}
	for i, x := range m.under {
		x.fail(leg, err)
		x.Fault.InHead = leg == Server && i == 0 && m.server.state == atHead && len(m.server.in) > 0
		if i == 0 && !x.begun && leg == Server {
			if m.answer(x); x.answered {
				fate = Close
			}
		}
	}
	m.finish(fate)
}

// fate is that of a stream on one leg where one on the other ended so. A goodbye may stand amid a
// message: it is for whoever reads to see that the message is not whole, as without a relay.
func (how Ending) fate() Fate {
	switch how {
	case InOrder:
		return Close
	case NoGoodbye:
		return Cut
	}
	return Reset
}

// serverEnded is the end of what the server says.
func (m *H1) serverEnded(how Ending, err error) {
	switch {
	case m.server.state == untilClose:
		m.closedReply(how, err)
	case !m.o.Forward && (m.client.hold.waits != nil || m.responding != nil): // its holder may need no server
		m.server.hold.late = func() {}
	case m.o.Forward && (m.routing != nil || m.client.hold.waits != nil || m.responding != nil):
		m.stray = true // nothing was lost: it waits for another server
	case len(m.under) > 0 && m.under[0].sent:
		m.unanswered(err, how.fate())
	default:
		m.finish(how.fate())
	}
}

// closedReply is the end of a reply that only the end of the stream ends. Without a goodbye
// nobody knows whether it is whole: the client is to see the same.
func (m *H1) closedReply(how Ending, err error) {
	x, fate := m.server.x, Close
	if h := &m.server.hold; h.streamed && !h.given && how != Broken {
		h.queueOver = true
		h.late = func() { m.closedReply(how, err) }
		return
	}
	switch how {
	case Broken:
		x.fail(Server, err)
		m.finish(Reset)
		return
	case NoGoodbye:
		x.Cut, fate = true, Reset
	}
	switch {
	case m.server.body == nil:
	case how == InOrder:
		if !m.endBody(&m.server, nil) {
			return
		}
	case !m.endFilter(&m.server): // and no last chunk
		return
	}
	m.server.fate = max(m.server.fate, fate)
	m.client.fate = max(m.client.fate, fate)
	m.replyOver(x)
}

// begin makes bytes of the connection before anything was asked.
func (m *H1) begin() {
	m.spoken = true
	x := &Exchange{Bytes: true}
	m.raw, m.client.x, m.server.x = x, x, x
	m.client.state, m.server.state = asBytes, asBytes
	m.o.tell(Event{Kind: Switched, Exchange: x})
}

// switched makes bytes of it because both ends want it.
func (m *H1) switched(x *Exchange) {
	x.Bytes, x.replied = true, true
	m.answered++
	m.raw, m.client.x, m.server.x = x, x, x
	m.under = m.under[1:]
	m.client.state, m.server.state = asBytes, asBytes
	m.client.body, m.server.body = nil, nil
	m.o.tell(Event{Kind: Switched, Exchange: x})
	m.resume(&m.client)
}

// bytesEnded passes the end of a stream on, each direction's by itself. What breaks ends both.
func (m *H1) bytesEnded(f *flow, how Ending, err error) {
	if how == InOrder {
		if m.other(f).ended {
			m.finish(Close)
			return
		}
		f.fate = EndHalf
		return
	}
	if how == NoGoodbye {
		m.raw.Cut = true // many programs just hang up
	} else {
		m.raw.fail(f.from, err)
	}
	m.finish(Reset)
}
