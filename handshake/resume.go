package handshake

import (
	"io"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// Resumption, both ends of it: what a client offers, what a server looks for, all that
// can speak against going on with an old session, and what is kept for the next time.
// Whatever speaks against it leads to a full handshake, and is told.

// offerSession offers to resume what is kept for this server.
func (c *client) offerSession(m *message.ClientHello) error {
	if c.cfg.Sessions == nil || c.cfg.ServerName == "" || !c.cfg.speaks(iana.TLS12) {
		return nil
	}
	b, err := c.cfg.Sessions.Get(clientKey(c.cfg.ServerName), c.now())
	if err != nil {
		c.decided("resumption", "not_offered", nil, "store_failed")
		return nil
	}
	if b == nil {
		return nil
	}
	s, err := session.Parse(b)
	if err != nil {
		c.decided("resumption", "not_offered", nil, "session_unreadable")
		return nil
	}
	if why := c.whyNotOffer(s, m); why != "" {
		c.decided("resumption", "not_offered", nil, why)
		return nil
	}
	c.offered, m.SessionID = s, s.ID
	if s.Ticket != nil && !c.cfg.NoTickets {
		// The server knows the session by the ticket alone. An ID of our own
		// making lets us see whether it took it (RFC 5077 §3.4).
		m.SessionID = make([]byte, 32)
		if _, err := io.ReadFull(c.cfg.rand(), m.SessionID); err != nil {
			return err
		}
	}
	c.decided("resumption", "offered", nil, "session_kept")
	return nil
}

// whyNotOffer says why a kept session is not to be offered, or "".
func (c *client) whyNotOffer(s *session.Session, m *message.ClientHello) string {
	switch {
	case s.Expired(c.now()):
		return "session_expired"
	case s.Version != iana.TLS12: // TLS 1.3's are kept, and not offered yet
		return "session_other_version"
	case s.ServerName != c.cfg.ServerName:
		return "session_other_name"
	case s.EMS == c.cfg.Weak.NoExtendedMasterSecret:
		return "session_other_ems"
	case s.Ticket != nil && c.cfg.NoTickets && len(s.ID) == 0:
		return "tickets_off"
	}
	if why := c.whyNotTrusted(s.PeerChain, s.ServerName, true); why != "" {
		return why
	}
	for _, id := range m.CipherSuites {
		if id == s.Suite {
			return ""
		}
	}
	return "session_other_suite"
}

// resume goes on with the offered session: the server echoed its ID.
func (c *client) resume(m *message.ServerHello) error {
	s := c.offered
	switch {
	case m.CipherSuite != s.Suite:
		return c.fault(reason.NotOffered, m, "server_hello.cipher_suite", s.Suite, m.CipherSuite)
	case c.ems != s.EMS:
		return reason.New(reason.EMSMismatch, "server_hello.extensions.extended_master_secret",
			"extended master secret as in the session", c.ems)
	}
	c.session, c.master = s, s.Master
	c.summary.Resumed = true
	chain, err := parseChain(s.PeerChain)
	if err != nil {
		return err
	}
	c.chain, c.summary.PeerChain = chain, chain
	c.decided("resumption", "resumed", nil, "server_echoed_id")
	if c.revealing() {
		c.secret(SecretEvent{Label: "master_secret", Method: "session", Value: c.master[:]})
	}
	return c.deriveKeys(c.Endpoint)
}

// keepSession stores what the next connection needs to resume.
func (c *client) keepSession() {
	if c.cfg.Sessions == nil || c.cfg.ServerName == "" {
		return
	}
	s := &session.Session{Version: iana.TLS12, Suite: c.summary.Suite.ID, Master: c.master, EMS: c.ems,
		ServerName: c.cfg.ServerName, Protocol: c.summary.Protocol, Created: c.now(), Lifetime: c.cfg.sessionLifetime(),
		ID: c.summary.SessionID, Ticket: c.ticket}
	if old := c.session; old != nil { // the secret is as old as the session it comes from
		s.Created, s.Lifetime = old.Created, old.Lifetime
		if s.Ticket == nil {
			s.Ticket = old.Ticket
		}
	}
	if len(s.ID) == 0 && s.Ticket == nil {
		return
	}
	if c.ticketLifetime > 0 && s.Lifetime.Seconds() > float64(c.ticketLifetime) {
		s.Lifetime = seconds(c.ticketLifetime)
	}
	for _, cert := range c.chain {
		s.PeerChain = append(s.PeerChain, cert.Raw)
	}
	c.keep(clientKey(c.cfg.ServerName), s)
}

// tryResume looks for a session that this client may go on with. Whatever speaks
// against it leads to a full handshake, and is told.
func (s *server) tryResume(m *message.ClientHello) (bool, error) {
	sess, from, why, err := s.findSession(m)
	if err != nil {
		return false, err
	}
	if sess == nil {
		if why != "" {
			s.decided("resumption", "full_handshake", nil, why)
		}
		return false, nil
	}
	if why, err = s.whyNotResume(sess, m); err != nil {
		return false, err
	}
	if why == "" && from == "ticket_opened" {
		// Whether its sender has the master secret, too late to be of use, Finished will
		// tell: so who saw a ticket go by can use it up, and cost its owner a resumption.
		t, _ := message.Get[*message.SessionTicket](&m.Extensions)
		why = s.useTicket(t.Ticket, sess)
	}
	if why != "" {
		s.decided("resumption", "full_handshake", nil, why)
		return false, nil
	}
	su := suiteIn(s.cfg.suites(), sess.Suite)
	chain, err := parseChain(sess.PeerChain)
	if err != nil {
		return false, err
	}
	s.summary.Suite, s.exchange, s.session, s.master = su, s.cfg.exchange(su.Kx), sess, sess.Master
	s.summary.Resumed, s.summary.PeerChain = true, chain
	s.summary.SessionID = m.SessionID
	// The ticket that it has is good until the session ends, unless the key that
	// sealed it is about to go (RFC 5077 §3.3).
	// Where tickets are good for one time each, it is none any more.
	s.giveTicket = s.renewTicket || from == "ticket_opened" && s.cfg.SingleUse != nil
	s.acceptEncryptThenMAC(m)
	s.decided("resumption", "resumed", nil, from)
	return true, nil
}

// findSession opens the ticket, or else looks the session ID up (RFC 5077 §3.4).
func (s *server) findSession(m *message.ClientHello) (sess *session.Session, from, why string, err error) {
	if t, ok := message.Get[*message.SessionTicket](&m.Extensions); ok && len(t.Ticket) > 0 && s.cfg.Tickets != nil {
		if sess, s.renewTicket, err = s.cfg.Tickets.Open(t.Ticket, s.now()); err != nil {
			return nil, "", "ticket_unreadable", nil
		}
		return sess, "ticket_opened", "", nil
	}
	if len(m.SessionID) == 0 || s.cfg.Sessions == nil {
		return nil, "", "", nil
	}
	b, err := s.cfg.Sessions.Get(serverKey(m.SessionID), s.now())
	if err != nil {
		return nil, "", "store_failed", nil
	}
	if b == nil {
		return nil, "", "session_unknown", nil
	}
	if sess, err = session.Parse(b); err != nil {
		return nil, "", "session_unreadable", nil
	}
	return sess, "session_id_known", "", nil
}

// whyNotResume says what speaks against resuming, or "".
func (s *server) whyNotResume(sess *session.Session, m *message.ClientHello) (string, error) {
	su := suiteIn(s.cfg.suites(), sess.Suite)
	switch {
	case sess.Expired(s.now()):
		return "session_expired", nil
	case sess.Version != iana.TLS12:
		return "session_other_version", nil
	case su == nil || !s.cfg.usable(su) || !slices.Contains(m.CipherSuites, sess.Suite):
		return "session_other_suite", nil
	case sess.ServerName != s.summary.ServerName:
		return "session_other_name", nil // RFC 6066 §3
	case sess.EMS && !s.ems:
		// RFC 7627 §5.3: this is no honest client of that session.
		return "", reason.New(reason.EMSMismatch, "client_hello.extensions.extended_master_secret", "extended master secret as in the session", "none")
	case !sess.EMS && s.ems:
		return "session_other_ems", nil
	case s.cfg.ClientAuth == RequireClientCert && len(sess.PeerChain) == 0:
		return "session_without_client_certificate", nil
	case s.cfg.ClientAuth == NoClientCert && len(sess.PeerChain) > 0:
		return "session_with_client_certificate", nil
	}
	if len(sess.PeerChain) > 0 {
		return s.whyNotTrusted(sess.PeerChain, "", false), nil
	}
	return "", nil
}

// newSession is what this handshake leaves behind.
func (s *server) newSession() *session.Session {
	sess := &session.Session{Version: iana.TLS12, Suite: s.summary.Suite.ID, Master: s.master, EMS: s.ems,
		ServerName: s.summary.ServerName, Protocol: s.summary.Protocol, Created: s.now(), Lifetime: s.cfg.sessionLifetime(),
		ID: s.summary.SessionID}
	for _, cert := range s.summary.PeerChain {
		sess.PeerChain = append(sess.PeerChain, cert.Raw)
	}
	return sess
}

// keepSession stores the session under its ID, if it was given one.
func (s *server) keepSession() {
	if s.cfg.Sessions != nil && len(s.summary.SessionID) > 0 && !s.giveTicket {
		s.keep(serverKey(s.summary.SessionID), s.newSession())
	}
}

// whyNotTrusted judges the chain of a kept session anew, and says what speaks
// against it, or "". Since it was verified its dates, the anchors and the mind of
// VerifyChain may have changed; and perhaps it never was (Weak.SkipVerify), for
// stores and ticket keys are shared. Signatures that this process has computed are
// not computed again.
func (e *Endpoint) whyNotTrusted(raw [][]byte, serverName string, fromServer bool) string {
	if e.cfg.Weak.SkipVerify {
		return ""
	}
	chain, err := parseChain(raw)
	if err != nil {
		return "session_unreadable"
	}
	_, err = e.cfg.verifyChain(ChainInput{Chain: chain, Roots: e.cfg.Roots, ServerName: serverName, Time: e.now(), FromServer: fromServer}, true)
	switch r := reason.Of(err); {
	case err == nil:
		return ""
	case !fromServer && (r == reason.CertificateExpired || r == reason.CertificateNotYetValid):
		return "client_certificate_expired"
	}
	return "trust_withdrawn"
}

// keep stores a session. That it cannot be kept costs the next handshake some time,
// and this one nothing.
func (e *Endpoint) keep(key string, s *session.Session) {
	b, err := s.Marshal()
	if err == nil {
		err = e.cfg.Sessions.Put(key, b, s.Created.Add(s.Lifetime))
	}
	if err != nil {
		e.decided("resumption", "not_kept", nil, "store_failed")
	}
}

// forgetSession makes sure that a session whose connection ended in a fatal alert,
// ours or the peer's, is not resumed (RFC 5246 §7.2.2). A ticket is out of reach:
// the client has it.
func (e *Endpoint) forgetSession() {
	if e.cfg.Sessions == nil || reason.Of(e.err) == reason.TruncatedStream {
		return
	}
	// A store that cannot delete has failed already, and lets the session expire.
	if e.role == Client {
		_ = e.cfg.Sessions.Delete(clientKey(e.cfg.ServerName))
	} else if len(e.summary.SessionID) > 0 {
		_ = e.cfg.Sessions.Delete(serverKey(e.summary.SessionID))
	}
}
