package narrate

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// A flight is what one end sends before it has to hear from the other (RFC 5246 §7.3,
// Figures 1 and 2; RFC 9846 §2, Figures 1 to 4). A textbook counts them, and calls each a
// handshake. Each end can count for itself: a flight ends where the direction turns.

// flights is where the handshake of a leg has got to.
type flights struct {
	n, of   int             // of is 0 until a server has said which handshake it will be
	dir     event.Direction // of flight n
	hello   event.Direction // of the ClientHello: the client's
	last    *event.Message  // that was counted,
	at      int             // and its flight
	early   bool            // the first ClientHello offers early data
	retried bool            // a HelloRetryRequest waits for its ClientHello
	tls13   bool
	over    bool // all have gone by
}

// Flight is the number of the flight that a message belongs to, from 1, and how many there
// are in its handshake: 0 as long as nobody knows, which is before the server has chosen a
// version and whether to resume. Both are 0 for a message of no handshake, such as a ticket
// of TLS 1.3, and where the beginning was not seen. c must be shown every event in order.
func Flight(e *event.Message, c *Context) (n, of int) {
	c.learn(e)
	f := &c.leg(&e.Meta).flights
	if f.last != e {
		return 0, 0
	}
	return f.at, f.of
}

// fly counts a message of which l has learnt what it says; the same one again changes nothing.
func (l *leg) fly(e *event.Message) {
	f := &l.flights
	if f.last == e {
		return
	}
	hello, _ := e.Msg.(*message.ClientHello)
	switch begins := e.Kind == message.KindClientHello && !f.retried; {
	case begins && e.State == event.Connected: // to renegotiate, which is refused
		return
	case begins:
		*f = flights{n: 1, at: 1, dir: e.Dir, hello: e.Dir, last: e, early: hello != nil && hello.Extensions.Find(iana.ExtEarlyData) != nil}
		return
	case f.n == 0 || f.over || e.Kind == message.KindHelloRequest || e.Kind == message.KindNewSessionTicket && f.tls13:
		return
	}
	f.last = e
	if e.Kind == message.KindChangeCipherSpec && f.tls13 {
		f.at = f.disguise(e.Dir)
		return
	}
	if e.Dir != f.dir {
		f.dir = e.Dir
		f.n++
	}
	f.at = f.n
	switch e.Kind {
	case message.KindClientHello:
		f.retried = false
	case message.KindHelloRetryRequest: // there can be no second (RFC 9846 §4.2.4)
		f.retried, f.tls13, f.of = true, true, f.n+3
	case message.KindServerHello:
		f.tls13, f.of = l.tls13, f.n+1
		if !l.tls13 && !l.resumed {
			f.of = f.n + 2
		}
	case message.KindFinished:
		f.over = f.n == f.of
	}
}

// disguise is the flight of a ChangeCipherSpec of TLS 1.3, by where it is to be sent. The
// client sends it behind the ClientHello if that offers early data, else before its second
// flight; the server sends it behind its first message (RFC 9846 §E.4). A reader may see it
// late.
func (f *flights) disguise(dir event.Direction) int {
	switch {
	case dir != f.hello:
		return 2
	case f.early:
		return 1
	}
	return 3
}

// lastFlight holds where the last flight of a handshake begins.
func lastFlight(e event.Event, l *leg) bool {
	m, ok := e.(*event.Message)
	f := &l.flights
	return ok && f.last == m && f.of > 0 && f.n == f.of && f.at == f.n
}
