package handshake

import (
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// What TLS 1.3 says after the handshake: KeyUpdate and NewSessionTicket. Nothing of the
// handshake is left by then but Endpoint.traffic.

// UpdateKeys makes this end go on under new keys, and asks the peer to do the same if
// request is set (RFC 9846 §4.7.3). The KeyUpdate is in Output. It needs a complete
// handshake of TLS 1.3.
func (e *Endpoint) UpdateKeys(request bool) error {
	switch {
	case e.err != nil:
		return e.err
	case e.state != event.Connected:
		return errNotDone
	case e.traffic == nil:
		return reason.Mistake("", reason.Say("TLS 1.3, where keys can be updated"), e.summary.Version)
	case e.ch.closeSent:
		return errClosed
	}
	request = request && !e.traffic.asked // one question at a time (RFC 9846 §4.7.3)
	e.wantUpdate(request, choose(request, event.WhyRequested, event.WhyOwnWish))
	return e.beforeWrite()
}

func (e *Endpoint) wantUpdate(request bool, why event.Why) {
	e.traffic.wanted, e.traffic.request = true, request
	e.decided(event.DecisionKeyUpdate, request, nil, why)
}

// beforeWrite makes the sends that are due before application data may go: an update
// that the peer has asked for (RFC 9846 §4.7.3), or that the key's age asks for.
func (e *Endpoint) beforeWrite() error {
	if e.traffic != nil && !e.traffic.wanted && e.ch.wr.Spent() {
		e.wantUpdate(false, event.WhyKeySpent)
	}
	if e.traffic != nil {
		e.traffic.queued = false
	}
	if next := e.sends(); next.ok() {
		return e.fire(next, nil, nil, nil)
	}
	return nil
}

// writeKeyUpdate says so under the old keys, and changes.
func (e *Endpoint) writeKeyUpdate() error {
	t := e.traffic
	m := new(message.KeyUpdate)
	if t.request {
		m.RequestUpdate = iana.UpdateRequested
	}
	t.asked = t.asked || t.request
	t.answering = t.answering || !t.request
	t.wanted, t.request, t.queued = false, false, true
	if err := e.sendLater(m); err != nil {
		return err
	}
	return e.update(event.Send, &t.write)
}

// takeKeyUpdate follows the peer to its new keys, and answers if it asks: several times
// with one answer, as long as that has not left (RFC 9846 §4.7.3). A KeyUpdate of ours that
// asks for one does not count as an answer: an answer asks for nothing.
func (e *Endpoint) takeKeyUpdate(m *message.KeyUpdate) error {
	if err := e.countIdle("RFC 9846 §4.7.3", "key_update"); err != nil {
		return err
	}
	e.traffic.asked = false
	if m.RequestUpdate == iana.UpdateRequested && !e.ch.closeSent && !e.traffic.answering {
		e.wantUpdate(false, event.WhyAnswered)
	}
	return e.update(event.Receive, &e.traffic.read)
}

// update goes from one generation of keys to the next (RFC 9846 §7.2).
func (e *Endpoint) update(d event.Direction, s *keyschedule.TrafficSecret) error {
	next := s.Next()
	if e.revealing() {
		e.expanded(e.sender(d).Labels().NextTraffic, "traffic upd", e.trafficLabel(d, event.ApplicationKeys), s.Bytes(), nil, next.Bytes())
	}
	*s, e.traffic.updated[d] = next, true
	return e.protect(d, s, event.ApplicationKeys)
}

// traffic is what is left of the schedule after the handshake: enough to go on to new
// keys, and to make sense of tickets.
type traffic struct {
	read, write keyschedule.TrafficSecret
	resumption  *keyschedule.ResumptionSecret // nil at a server that has given its tickets
	until       time.Time                     // when the session that was resumed ends, and all that comes of it; zero: no session was resumed

	wanted    bool    // a KeyUpdate of ours is due
	request   bool    // and it asks the peer for one
	updated   [2]bool // by event.Direction: a KeyUpdate has made the secret of this one
	asked     bool    // a KeyUpdate of ours has asked the peer for one, and none has come since
	queued    bool    // one is in Output still: another would only make it longer
	answering bool    // a KeyUpdate that asks for none is still in Output: it answers every request that comes before it leaves
}

// due reports whether a KeyUpdate is to be sent now.
func (t *traffic) due() bool { return t.wanted && !t.queued }
