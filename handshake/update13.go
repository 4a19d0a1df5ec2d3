package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
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
	if next := e.find(event.Send, nil); next.ok() {
		return e.fire(next, nil, nil, nil)
	}
	return nil
}

// sendKeyUpdate says so under the old keys, and changes.
func (e *Endpoint) sendKeyUpdate() error {
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

// recvKeyUpdate follows the peer to its new keys, and answers if it asks: several times
// with one answer, as long as that has not left (RFC 9846 §4.7.3). A KeyUpdate of ours that
// asks is none, though: answers ask for nothing.
func (e *Endpoint) recvKeyUpdate(m *message.KeyUpdate) error {
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

// ticketPSK derives the key that belongs to a ticket.
func (e *Endpoint) ticketPSK(nonce []byte) []byte {
	psk := e.traffic.resumption.PSK(nonce)
	if e.revealing() {
		e.expandedWith(e.summary.Suite.Hash.String(), event.LabelResumptionPSK, "resumption", event.LabelResumptionSecret,
			e.traffic.resumption.Bytes(), nonce, "ticket_nonce", psk.Bytes())
	}
	return append([]byte(nil), psk.Bytes()...)
}

// newSession13 is what a ticket stands for.
func (e *Endpoint) newSession13(nonce []byte) *session.Session {
	s := &session.Session{Version: iana.TLS13, Suite: e.summary.Suite.ID, PSK: e.ticketPSK(nonce),
		ServerName: e.summary.ServerName, Protocol: e.summary.Protocol, Created: e.now(), Lifetime: e.cfg.sessionLifetime(),
		Staple: e.summary.Staple, OwnCertificates: e.shown}
	for _, cert := range e.summary.PeerChain {
		s.PeerChain = append(s.PeerChain, cert.Raw)
	}
	return s
}

// maxTicketLifetime is what no ticket may live longer than, in seconds (RFC 9846 §4.7.1).
const maxTicketLifetime = 7 * 24 * 3600

// keepTicket keeps what a server gave us to come back with.
func (c *client13) keepTicket(m *message.NewSessionTicket13) error {
	if err := c.countIdle("RFC 9846 §4.7.1", "new_session_ticket"); err != nil {
		return err
	}
	if err := c.checkPlaces(m, &m.Extensions); err != nil {
		return err
	}
	switch {
	case m.Lifetime > maxTicketLifetime:
		return c.fault(reason.BadValue, "RFC 9846 §4.7.1", m, "new_session_ticket.ticket_lifetime", reason.Say("at most %d seconds", maxTicketLifetime), m.Lifetime)
	case c.cfg.Sessions == nil || c.cfg.ServerName == "" || c.cfg.NoTickets || m.Lifetime == 0:
		c.decided(event.DecisionSessionTicket, "not_kept", nil, event.WhyNotKeptNoStore)
		return nil
	}
	s := c.newSession13(m.Nonce)
	if x, ok := message.Get[*message.EarlyDataLimit](&m.Extensions); ok {
		s.MaxEarlyData = x.Max
	}
	s.ServerName, s.Ticket, s.AgeAdd = c.cfg.ServerName, append([]byte(nil), m.Ticket...), m.AgeAdd
	s.Lifetime = min(s.Lifetime, seconds(m.Lifetime))
	if until := c.traffic.until; !until.IsZero() { // RFC 9846 §4.7.1: who has a ticket's key must not pass for the server for ever
		s.Lifetime = max(0, min(s.Lifetime, until.Sub(s.Created)))
	}
	c.keep(ticketKey(c.cfg.ServerName, c.tickets%ticketSlots), s)
	c.tickets++
	c.decided(event.DecisionSessionTicket, "kept", nil, event.WhyKept)
	return nil
}
