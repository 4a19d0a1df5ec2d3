package handshake

import (
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// Resumption in TLS 1.2, both ends of it: what a client offers, what a server looks for, all
// that can speak against going on with an old session, and what is kept for the next time.
// Whatever speaks against it leads to a full handshake, and is told.

// offerSession offers to resume what is kept for this server.
func (c *client12) offerSession(m *message.ClientHello) error {
	if c.cfg.Sessions == nil || c.cfg.ServerName == "" || !c.cfg.speaks(iana.TLS12) {
		return nil
	}
	b, err := c.cfg.Sessions.Get(clientKey(c.cfg.ServerName), c.now())
	if err != nil {
		c.notOffered(event.WhyStoreFailed)
		return nil
	}
	if b == nil {
		return nil
	}
	s, err := session.Parse(b)
	if err != nil {
		c.notOffered(event.WhySessionUnreadable)
		return nil
	}
	chain, why := c.whyNotOffer(s, m)
	if why != "" {
		c.notOffered(why)
		return nil
	}
	c.offered, c.offeredChain, m.SessionID = s, chain, s.ID
	if s.Ticket != nil && !c.cfg.NoTickets {
		// The server knows the session by the ticket alone. An ID of our own
		// making lets us see whether it took it (RFC 5077 §3.4).
		m.SessionID = make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.rand(), m.SessionID); err != nil {
			return err
		}
	}
	c.decided(event.DecisionResumption, "offered", nil, event.WhySessionKept)
	return nil
}

// oldTicket is the ticket of the session that is offered, if it has one.
func (c *client12) oldTicket() []byte {
	if c.offered == nil {
		return nil
	}
	return c.offered.Ticket
}

// notOffered takes down, for whoever asks and does not listen, and tells why nothing kept
// is offered.
func (c *client) notOffered(why event.Why) {
	c.summary.NotOffered = why
	c.decided(event.DecisionResumption, "not_offered", nil, why)
}

// whyNotOffer says why a kept session is not to be offered, or "" and the server's chain.
func (c *client12) whyNotOffer(s *session.Session, m *message.ClientHello) ([]*x509.Certificate, event.Why) {
	switch {
	case s.Expired(c.now()):
		return nil, event.WhySessionExpired
	case s.Version != iana.TLS12: // whose sessions have a key of their own in the store
		return nil, event.WhySessionOtherVersion
	case s.ServerName != c.cfg.ServerName:
		return nil, event.WhySessionOtherName
	case s.EMS == c.cfg.Weak.NoExtendedMasterSecret:
		return nil, event.WhySessionOtherEMS
	case !slices.Contains(m.CipherSuites, s.Suite):
		return nil, event.WhySessionOtherSuite
	case s.Ticket != nil && c.cfg.NoTickets && len(s.ID) == 0:
		return nil, event.WhyTicketsOff
	case !c.wouldShow(s.OwnCertificates):
		return nil, event.WhySessionOtherClientCertificate
	}
	return c.whyNotTrusted(s.PeerChain, s.ServerName, true)
}

// resume goes on with the offered session: the server echoed its ID.
func (c *client12) resume(m *message.ServerHello) error {
	s := c.offered
	switch {
	case m.CipherSuite != s.Suite:
		return c.fault(reason.BadValue, "RFC 5246 §7.4.1.3", m, "server_hello.cipher_suite", s.Suite, m.CipherSuite)
	case c.ems != s.EMS:
		return reason.New(reason.EMSMismatch, "RFC 7627 §5.3", "server_hello.extensions.extended_master_secret",
			reason.Say("extended master secret as in the session"), c.ems)
	}
	c.session, c.master = s, s.Master
	c.summary.Resumed, c.shown = true, s.OwnCertificates
	c.chain, c.summary.PeerChain = c.offeredChain, c.offeredChain
	c.summary.Group, c.summary.Staple, c.summary.Timestamps = s.Group, s.Staple, s.Timestamps
	c.decided(event.DecisionResumption, "resumed", nil, event.WhyServerEchoedID)
	c.decided(event.DecisionExtendedMasterSecret, s.EMS, nil, choose(s.EMS, event.WhySessionWithEMS, event.WhySessionWithoutEMS))
	if c.revealing() {
		c.tellSession(c.Endpoint)
	}
	return c.deriveKeys(c.Endpoint)
}

// keepSession stores what the next connection needs to resume, if it is not there yet.
func (c *client12) keepSession() {
	old := c.session
	if c.cfg.Sessions == nil || c.cfg.ServerName == "" || old != nil && c.ticket == nil {
		return
	}
	s := &session.Session{Version: iana.TLS12, Suite: c.summary.Suite.ID, Master: c.master, EMS: c.ems, Group: c.summary.Group, Staple: c.summary.Staple, Timestamps: c.summary.Timestamps,
		ServerName: c.cfg.ServerName, Protocol: c.summary.Protocol, Created: c.now(), Lifetime: c.cfg.sessionLifetime(),
		OwnCertificates: c.shown, ID: c.summary.SessionID, Ticket: c.ticket}
	if old != nil { // the secret is as old as the session it comes from, and the ID that was echoed names no session
		s.Created, s.Lifetime, s.ID = old.Created, old.Lifetime, old.ID
	}
	if len(s.ID) == 0 && s.Ticket == nil {
		return
	}
	if c.ticketLifetime > 0 { // from now on, not from when the session was made (RFC 5077 §3.3)
		s.Lifetime = min(s.Lifetime, c.now().Add(seconds(c.ticketLifetime)).Sub(s.Created))
	}
	for _, cert := range c.chain {
		s.PeerChain = append(s.PeerChain, cert.Raw)
	}
	c.keep(clientKey(c.cfg.ServerName), s)
}

// tryResume looks for a session that this client may go on with. Whatever speaks
// against it leads to a full handshake, and is told.
func (s *server12) tryResume(m *message.ClientHello) (bool, error) {
	sess, from, why, err := s.findSession(m)
	if err != nil {
		return false, err
	}
	if sess == nil {
		if why != "" {
			s.decided(event.DecisionResumption, "full_handshake", nil, why)
		}
		return false, nil
	}
	chain, why, err := s.whyNotResume(sess, m)
	if err != nil {
		return false, err
	}
	if why == "" && from == event.WhyTicketOpened {
		// Whether its sender has the master secret, too late to be of use, Finished will
		// tell: so an attacker who saw a ticket go by can use it up, and its owner cannot resume with it.
		t, _ := message.Get[*message.SessionTicket](&m.Extensions)
		why = s.useTicket(t.Ticket, sess)
	}
	if why != "" {
		s.decided(event.DecisionResumption, "full_handshake", nil, why)
		return false, nil
	}
	su := suiteIn(s.cfg.suites(), sess.Suite)
	s.summary.Suite, s.exchange, s.session, s.master = su, s.cfg.exchange(su.Kx), sess, sess.Master
	s.summary.Resumed, s.summary.PeerChain, s.summary.Group = true, chain, sess.Group
	s.summary.SessionID = m.SessionID
	// The ticket that it has is good until the session ends, unless the key that
	// sealed it is about to go (RFC 5077 §3.3).
	// Where a ticket works once, it has been used now, and the client needs another.
	s.giveTicket = s.renewTicket || from == event.WhyTicketOpened && s.cfg.SingleUse != nil
	s.acceptEncryptThenMAC(m)
	s.decided(event.DecisionResumption, "resumed", nil, from)
	s.decided(event.DecisionExtendedMasterSecret, sess.EMS, nil, choose(sess.EMS, event.WhySessionWithEMS, event.WhySessionWithoutEMS))
	return true, nil
}

// findSession opens the ticket, or else looks the session ID up (RFC 5077 §3.4).
func (s *server12) findSession(m *message.ClientHello) (sess *session.Session, from, why event.Why, err error) {
	if t, ok := message.Get[*message.SessionTicket](&m.Extensions); ok && len(t.Ticket) > 0 && s.cfg.Tickets != nil {
		if sess, s.renewTicket, err = s.cfg.Tickets.Open(t.Ticket, s.now()); err != nil {
			return nil, "", whyNotOpened(err), nil
		}
		return sess, event.WhyTicketOpened, "", nil
	}
	if len(m.SessionID) == 0 || s.cfg.Sessions == nil {
		return nil, "", "", nil
	}
	b, err := s.cfg.Sessions.Get(serverKey(m.SessionID), s.now())
	if err != nil {
		return nil, "", event.WhyStoreFailed, nil
	}
	if b == nil {
		return nil, "", event.WhySessionUnknown, nil
	}
	if sess, err = session.Parse(b); err != nil {
		return nil, "", event.WhySessionUnreadable, nil
	}
	return sess, event.WhySessionIDKnown, "", nil
}

// whyNotOpened tells a ticket that is no good from ticket keys that are not to be had. A
// *reason.Error inside another error is about those.
func whyNotOpened(err error) event.Why {
	if _, ok := err.(*reason.Error); ok || errors.Is(err, session.ErrForeignTicket) {
		return event.WhyTicketUnreadable
	}
	return event.WhyStoreFailed
}

// whyNotResume says what speaks against resuming, or "" and the client's chain, if it
// showed one.
func (s *server12) whyNotResume(sess *session.Session, m *message.ClientHello) (chain []*x509.Certificate, why event.Why, err error) {
	su := suiteIn(s.cfg.suites(), sess.Suite)
	switch {
	case sess.Expired(s.now()):
		return nil, event.WhySessionExpired, nil
	case sess.Version != iana.TLS12:
		return nil, event.WhySessionOtherVersion, nil
	case su == nil || !s.cfg.usable(su) || !slices.Contains(m.CipherSuites, sess.Suite):
		return nil, event.WhySessionOtherSuite, nil
	case sess.ServerName != s.summary.ServerName:
		return nil, event.WhySessionOtherName, nil // RFC 6066 §3
	case sess.EMS && !s.ems:
		// RFC 7627 §5.3: this is no honest client of that session.
		return nil, "", reason.New(reason.EMSMismatch, "RFC 7627 §5.3", "client_hello.extensions.extended_master_secret", reason.Say("extended master secret as in the session"), reason.Say("none"))
	case !sess.EMS && s.ems:
		return nil, event.WhySessionOtherEMS, nil
	case s.cfg.ClientAuth == RequireClientCert && len(sess.PeerChain) == 0:
		return nil, event.WhySessionWithoutClientCertificate, nil
	case s.cfg.ClientAuth == NoClientCert && len(sess.PeerChain) > 0:
		return nil, event.WhySessionWithClientCertificate, nil
	}
	if len(sess.PeerChain) > 0 {
		chain, why = s.whyNotTrusted(sess.PeerChain, "", false)
	}
	return chain, why, nil
}

// newSession is what this handshake leaves behind.
func (s *server12) newSession() *session.Session {
	sess := &session.Session{Version: iana.TLS12, Suite: s.summary.Suite.ID, Master: s.master, EMS: s.ems, Group: s.summary.Group,
		ServerName: s.summary.ServerName, Protocol: s.summary.Protocol, Created: s.now(), Lifetime: s.cfg.sessionLifetime(),
		ID: s.summary.SessionID}
	for _, cert := range s.summary.PeerChain {
		sess.PeerChain = append(sess.PeerChain, cert.Raw)
	}
	return sess
}

// keepSession stores the session under its ID, if it was given one.
func (s *server12) keepSession() {
	if s.cfg.Sessions != nil && len(s.summary.SessionID) > 0 && !s.giveTicket {
		s.keep(serverKey(s.summary.SessionID), s.newSession())
	}
}

// keep stores a session. That it cannot be kept costs the next handshake some time,
// and this one nothing.
func (e *Endpoint) keep(key string, s *session.Session) (kept bool) {
	b, err := s.Marshal()
	if err == nil {
		err = e.cfg.Sessions.Put(key, b, s.Created.Add(s.Lifetime))
	}
	if err != nil {
		e.decided(event.DecisionResumption, "not_kept", nil, event.WhyStoreFailed)
	}
	return err == nil
}

// forgetSession makes sure that a session whose connection ended in a fatal alert,
// ours or the peer's, is not resumed (RFC 5246 §7.2.2). A ticket is out of reach:
// the client has it.
func (e *Endpoint) forgetSession() {
	if e.cfg.Sessions == nil || reason.Of(e.err) == reason.TruncatedStream {
		return
	}
	// A store that cannot delete has failed already, and lets the session expire.
	if e.role == event.Client {
		_ = e.cfg.Sessions.Delete(clientKey(e.cfg.ServerName))
	} else if len(e.summary.SessionID) > 0 {
		_ = e.cfg.Sessions.Delete(serverKey(e.summary.SessionID))
	}
}

func clientKey(serverName string) string { return "client:" + serverName }

func serverKey(id []byte) string { return "server:" + string(id) }

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
