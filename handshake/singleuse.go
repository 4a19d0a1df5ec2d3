package handshake

import (
	"crypto/sha256"

	"tlslab/handshake/event"
	"tlslab/handshake/session"
)

// Tickets that are good for one time each (RFC 9846 §8.1). It is the ticket that is
// marked, not the session: RFC 9846 would have a database of all tickets that are still
// good, but ours are self-contained, and a list of those that are not is shorter.

// useTicket marks a ticket as used, where Config.SingleUse says so, or tells why the
// ticket must not be used. A TLS 1.3 client has proved by then that it has the key: else
// whoever saw a ticket go by could use it up.
func (s *server) useTicket(ticket []byte, sess *session.Session) event.Why {
	if s.cfg.SingleUse == nil || sess == nil {
		return ""
	}
	id := sha256.Sum256(ticket)
	if s.usedTicket == id {
		return "" // by the first ClientHello of this handshake
	}
	now := s.now()
	first, err := s.cfg.SingleUse.Once("ticket:"+string(id[:]), sess.Created.Add(sess.Lifetime).Add(session.ClockSkew), now)
	if err != nil {
		return event.WhyStoreFailed
	}
	began, err := s.cfg.SingleUse.Began(now)
	switch {
	case err != nil:
		return event.WhyStoreFailed
	case !began.Before(sess.Created): // it may have been used before the store could know
		return event.WhyStoreTooYoung
	case !first:
		return event.WhyTicketUsed
	}
	s.usedTicket = id
	return ""
}
