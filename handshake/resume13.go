package handshake

import (
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

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
	if until := c.traffic.until; !until.IsZero() { // RFC 9846 §4.7.1: an attacker with a ticket's key must not pass for the server for ever
		s.Lifetime = max(0, min(s.Lifetime, until.Sub(s.Created)))
	}
	kept := c.keep(ticketKey(c.cfg.ServerName, c.tickets%ticketSlots), s)
	c.tickets++
	if kept {
		c.decided(event.DecisionSessionTicket, "kept", nil, event.WhyKept)
	}
	return nil
}

// maxTicketLifetime is what no ticket may live longer than, in seconds (RFC 9846 §4.7.1).
const maxTicketLifetime = 7 * 24 * 3600

// newSession13 is what a ticket stands for.
func (e *Endpoint) newSession13(nonce []byte) *session.Session {
	s := &session.Session{Version: iana.TLS13, Suite: e.summary.Suite.ID, PSK: e.ticketPSK(nonce),
		ServerName: e.summary.ServerName, Protocol: e.summary.Protocol, Created: e.now(), Lifetime: e.cfg.sessionLifetime(),
		Staple: e.summary.Staple, Timestamps: e.summary.Timestamps, OwnCertificates: e.shown}
	for _, cert := range e.summary.PeerChain {
		s.PeerChain = append(s.PeerChain, cert.Raw)
	}
	return s
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

// heir bounds a new session by the one it comes from: what was proved then does not
// become truer by resuming (RFC 9846 §4.7.1).
func heir(s, old *session.Session, now time.Time) {
	if old != nil {
		// It may have ended since it was resumed: a client takes its time to say Finished.
		s.Lifetime = max(0, min(s.Lifetime, old.Created.Add(old.Lifetime).Sub(now)))
	}
}
