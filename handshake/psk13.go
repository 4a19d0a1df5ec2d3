package handshake

import (
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// Pre-shared keys in TLS 1.3 (RFC 9846 §4.3.11): those that a ticket brought, and those
// that both ends were given by other means. What a client offers and proves, what a
// server looks for, and all that can speak against one. Whatever does leads to a full
// handshake, and is told; a binder that is wrong ends the connection.

// PSK is a key that both ends were given by other means (RFC 9846 §2.2).
type PSK struct {
	Identity []byte // sent in clear
	Key      []byte
	Hash     crypto.Hash // that it goes with; 0 is SHA-256 (RFC 9846 §4.3.11)
}

func (p *PSK) hash() crypto.Hash {
	if p.Hash == 0 {
		return crypto.SHA256
	}
	return p.Hash
}

// psk is a pre-shared key in use, whatever its source.
type psk struct {
	identity []byte
	key      []byte
	hash     crypto.Hash
	session  *session.Session    // that the ticket stands for; nil for an external one
	chain    []*x509.Certificate // the session's PeerChain
}

// sessionPSK is the key of a session that is good.
func sessionPSK(ticket []byte, s *session.Session, chain []*x509.Certificate) *psk {
	return &psk{identity: ticket, key: s.PSK, hash: suite.ByID(s.Suite).Hash, session: s, chain: chain}
}

// binder proves knowledge of the key to whoever sees the first transcript bytes: all
// messages so far and this ClientHello, up to its binders (RFC 9846 §4.3.11.2).
func (p *psk) binder(e *Endpoint, transcript ...[]byte) keyschedule.Secret {
	early := keyschedule.NewEarlySecret(p.hash, p.key)
	key := early.BinderKey(p.session == nil)
	h := p.hash.New()
	for _, part := range transcript {
		h.Write(part)
	}
	th := h.Sum(nil)
	b := key.Binder(th)
	if e.revealing() {
		label := "res binder"
		if p.session == nil {
			label = "ext binder"
		}
		finished := key.FinishedKey()
		name := p.hash.String()
		e.extractedWith(name, event.LabelEarlySecret, event.Public("salt", make([]byte, p.hash.Size())), event.Private("ikm", p.key, ""), early.Bytes())
		e.expandedWith(name, event.LabelBinderKey, label, event.LabelEarlySecret, early.Bytes(), emptyHash(p.hash), "transcript_hash", key.Bytes())
		e.expandedWith(name, event.LabelBinderFinishedKey, "finished", event.LabelBinderKey, key.Bytes(), nil, "context", finished.Bytes())
		e.secret(event.Secret{Label: event.LabelPSKBinder, Version: iana.TLS13, Function: event.FunctionHMAC, Method: "HMAC", Op: event.OpHash, Hash: name}, b.Bytes(),
			event.Private("finished_key", finished.Bytes(), event.LabelBinderFinishedKey), event.Public("transcript_hash", th))
	}
	return b
}

// offerPSKs lists the keys to offer: first the one that a ticket brought, then those of
// the Config.
func (c *client13) offerPSKs() {
	if c.kept != nil {
		c.psks = append(c.psks, *c.kept)
		c.decided(event.DecisionResumption, "offered", nil, event.WhySessionKept)
	} else if c.whyNot != "" {
		c.notOffered(c.whyNot)
	}
	for i := range c.cfg.PSKs {
		p := &c.cfg.PSKs[i]
		c.psks = append(c.psks, psk{identity: p.Identity, key: p.Key, hash: p.hash()})
	}
}

// takeTicket takes the first ticket for this server that can be offered, which is used up
// by that (RFC 9846 §C.4), or says why there is none.
//
// It is done before the first move, and told in it. For what ClientHello offers settles
// which row its sending is: a guard must find that settled, since guards are pure, and
// taking from a store is not. NewClient would be too early: its caller may never use the
// endpoint, and should not have to wait for a store.
func (c *client13) takeTicket() (*psk, event.Why) {
	if c.cfg.Sessions == nil || c.cfg.ServerName == "" || c.cfg.NoTickets || !c.cfg.speaks(iana.TLS13) {
		return nil, ""
	}
	var last event.Why
	for slot := range ticketSlots {
		b, err := c.cfg.Sessions.Take(ticketKey(c.cfg.ServerName, slot), c.now())
		if err != nil {
			return nil, event.WhyStoreFailed
		}
		if b == nil {
			continue
		}
		s, err := session.Parse(b)
		if err != nil {
			last = event.WhySessionUnreadable
			continue
		}
		chain, why := c.whyNotOffer13(s)
		if why == "" {
			return sessionPSK(s.Ticket, s, chain), ""
		}
		last = why
	}
	return nil, last
}

// ticketSlots is how many tickets of one server a client keeps: more connections at once
// than that are rare, and each needs one of its own.
const ticketSlots = 4

func ticketKey(serverName string, slot int) string {
	return fmt.Sprintf("ticket:%d:%s", slot, serverName)
}

// whyNotOffer13 says why a ticket is not to be offered, or "" and the server's chain.
func (c *client13) whyNotOffer13(s *session.Session) ([]*x509.Certificate, event.Why) {
	su := suiteIn(c.cfg.suites(), s.Suite)
	switch {
	case s.Version != iana.TLS13:
		return nil, event.WhySessionOtherVersion
	case s.Expired(c.now()):
		return nil, event.WhySessionExpired
	case s.ServerName != c.cfg.ServerName:
		return nil, event.WhySessionOtherName
	case su == nil || su.Version != iana.TLS13 || !c.cfg.usable(su):
		return nil, event.WhySessionOtherSuite
	case !c.wouldShow(s.OwnCertificates):
		return nil, event.WhySessionOtherClientCertificate
	}
	return c.whyNotTrusted(s.PeerChain, s.ServerName, true)
}

// bind adds pre_shared_key, which must be the last extension, with a binder for each key.
func (c *client13) bind(m *message.ClientHello) error {
	x := new(message.PreSharedKeyClient)
	for _, p := range c.psks {
		id := message.PSKIdentity{Identity: p.identity}
		if p.session != nil {
			id.ObfuscatedAge = uint32(c.now().Sub(p.session.Created).Milliseconds()) + p.session.AgeAdd
		}
		x.Identities = append(x.Identities, id)
		x.Binders = append(x.Binders, make([]byte, p.hash.Size()))
	}
	m.Extensions.List = slices.DeleteFunc(m.Extensions.List, func(x message.Extension) bool { return x.Type() == iana.ExtPreSharedKey })
	m.Extensions.Add(x)
	if c.cfg.edit != nil {
		c.cfg.edit(m)
	}
	raw, err := wire.Append(nil, m, nil) // the binders are of the length they will have
	if err != nil {
		return reason.Fault("client_hello", err)
	}
	for i := range c.psks {
		b := c.psks[i].binder(c.Endpoint, c.transcript.bytes, raw[:x.BindersOffset()])
		copy(x.Binders[i], b.Bytes())
	}
	return nil
}

// takePSK goes on with the key that the server selected.
func (c *client13) takePSK(m *message.ServerHello, x *message.PreSharedKeyServer) error {
	const field = "server_hello.extensions.pre_shared_key.selected_identity"
	switch {
	case int(x.Selected) >= len(c.psks):
		return c.fault(reason.NotOffered, "RFC 9846 §4.3.11", m, field, reason.Say("less than %d", len(c.psks)), x.Selected)
	case c.psks[x.Selected].hash != c.summary.Suite.Hash:
		return c.fault(reason.BadValue, "RFC 9846 §4.3.11", m, field, reason.Say("a key for %v", c.summary.Suite.Hash), c.psks[x.Selected].hash)
	}
	p := &c.psks[x.Selected]
	c.psk, c.summary.PSK = p, true
	if p.session == nil {
		c.decided(event.DecisionResumption, "psk", nil, event.WhyPSKSelected)
		return nil
	}
	c.summary.Resumed, c.shown = true, p.session.OwnCertificates
	c.chain, c.summary.PeerChain, c.summary.Staple, c.summary.Timestamps = p.chain, p.chain, p.session.Staple, p.session.Timestamps
	c.decided(event.DecisionResumption, "resumed", nil, event.WhyPSKSelected)
	return nil
}

// mostIdentities is how many of the keys that a client offers a server looks at. A client can
// offer some hundreds of tickets, or one ticket some hundreds of times, in one message. For
// each of them a server opens a ticket and computes a binder, and a server that takes each
// ticket once also calls its store twice. A client keeps a few tickets of one server (ours
// ticketSlots) and offers one, or has a key or two by other means; crypto/tls looks at five,
// too.
const mostIdentities = 5

// choosePSK takes the first key offered that we know and may go on with, of the first
// mostIdentities. Without one the handshake is a full one.
func (s *server13) choosePSK(m *message.ClientHello) error {
	// A second ClientHello may offer other keys than the first, or none: nothing of
	// what the first one's stood for must stay.
	s.psk, s.selected = nil, 0
	s.summary.PSK, s.summary.Resumed, s.summary.PeerChain = false, false, nil
	x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions)
	if !ok {
		return nil
	}
	if len(x.Binders) != len(x.Identities) {
		return s.fault(reason.BadValue, "RFC 9846 §4.3.11", m, "client_hello.extensions.pre_shared_key.binders", reason.Say("%d, one per identity", len(x.Identities)), len(x.Binders))
	}
	if s.pskMode(m); !s.pskOnly && !s.pskWithDHE {
		s.decided(event.DecisionResumption, "full_handshake", nil, event.WhyNoCommonPSKMode)
		return nil
	}
	for i, id := range x.Identities {
		if i == mostIdentities {
			s.decided(event.DecisionResumption, "full_handshake", nil, event.WhyIdentitiesPassedOver)
			return nil
		}
		without := "full_handshake"
		if i+1 < len(x.Identities) {
			without = "passed_over" // the next may do
		}
		p, why := s.findPSK(id)
		if p == nil {
			s.decided(event.DecisionResumption, without, nil, why)
			continue
		}
		want := p.binder(s.Endpoint, s.before(), s.transcript.bytes[s.transcript.mark:s.transcript.mark+x.BindersOffset()])
		var err error
		if subtle.ConstantTimeCompare(want.Bytes(), x.Binders[i]) != 1 {
			err = s.fault(reason.BadBinder, "RFC 9846 §4.3.11", m, "client_hello.extensions.pre_shared_key.binders", reason.Say("the HMAC that the named key makes"), reason.Say("another"))
		}
		if s.listening() {
			s.checked(event.Check{What: event.CheckPSKBinder, Op: event.OpHash, Method: p.hash.String(), Err: err},
				expected(want.Bytes(), event.LabelPSKBinder), event.Public("received", x.Binders[i]))
		}
		if err != nil {
			return err
		}
		if why := s.useTicket(id.Identity, p.session); why != "" {
			s.decided(event.DecisionResumption, without, nil, why)
			continue
		}
		s.resume13(p, i)
		return nil
	}
	return nil
}

// pskMode finds the ways to use a key that both ends want (RFC 9846 §4.3.9).
func (s *server13) pskMode(m *message.ClientHello) {
	x, _ := message.Get[*message.PSKKeyExchangeModes](&m.Extensions)
	both := func(mode iana.PSKKeyExchangeMode) bool {
		return x != nil && slices.Contains(x.Modes, mode) && slices.Contains(s.cfg.pskModes(), mode)
	}
	s.pskWithDHE = both(iana.PSKWithDHE)
	s.pskOnly = !s.pskWithDHE && both(iana.PSKOnly)
	if s.pskWithDHE && both(iana.PSKOnly) { // else there is nothing to choose
		s.decided(event.DecisionPSKMode, iana.PSKWithDHE, x.Modes, event.WhyForwardSecrecy)
	}
}

// findPSK knows an identity, or says why not.
func (s *server13) findPSK(id message.PSKIdentity) (*psk, event.Why) {
	for i := range s.cfg.PSKs {
		p := &s.cfg.PSKs[i]
		if string(p.Identity) == string(id.Identity) {
			switch {
			case s.suiteFor(p.hash(), 0) == nil:
				return nil, event.WhySessionOtherSuite
			case s.cfg.ClientAuth == RequireClientCert: // a key is no certificate
				return nil, event.WhySessionWithoutClientCertificate
			}
			return &psk{identity: p.Identity, key: p.Key, hash: p.hash()}, ""
		}
	}
	open := s.cfg.openTicket
	if open == nil && s.cfg.Tickets == nil {
		return nil, event.WhyPSKUnknown
	}
	if open == nil {
		open = func(t []byte) (*session.Session, error) {
			sess, _, err := s.cfg.Tickets.Open(t, s.now())
			return sess, err
		}
	}
	sess, err := open(id.Identity)
	if err != nil {
		return nil, whyNotOpened(err)
	}
	chain, why := s.whyNotResume13(sess)
	if why != "" {
		return nil, why
	}
	return sessionPSK(id.Identity, sess, chain), ""
}

// suiteFor is the suite to use with a key: the one it was made under, or else any of the
// same hash (RFC 9846 §4.3.11).
func (s *server13) suiteFor(h crypto.Hash, made iana.CipherSuite) *suite.Suite {
	var other *suite.Suite
	for _, su := range s.ours {
		if su.Hash != h || s.summary.Retried && s.summary.Suite != su {
			continue
		}
		if su.ID == made {
			return su
		}
		if other == nil {
			other = su
		}
	}
	return other
}

// whyNotResume13 says what speaks against resuming, or "" and the client's chain, if it
// showed one.
func (s *server13) whyNotResume13(sess *session.Session) ([]*x509.Certificate, event.Why) {
	made := suite.ByID(sess.Suite)
	switch {
	case sess.Version != iana.TLS13:
		return nil, event.WhySessionOtherVersion
	case sess.Expired(s.now()):
		return nil, event.WhySessionExpired
	case made == nil || s.suiteFor(made.Hash, made.ID) == nil:
		return nil, event.WhySessionOtherSuite
	case sess.ServerName != s.summary.ServerName:
		return nil, event.WhySessionOtherName
	case s.cfg.ClientAuth == RequireClientCert && len(sess.PeerChain) == 0:
		return nil, event.WhySessionWithoutClientCertificate
	case s.cfg.ClientAuth == NoClientCert && len(sess.PeerChain) > 0:
		return nil, event.WhySessionWithClientCertificate
	}
	if len(sess.PeerChain) > 0 {
		return s.whyNotTrusted(sess.PeerChain, "", false)
	}
	return nil, ""
}

// resume13 goes on with a key whose holder has proved to have it.
func (s *server13) resume13(p *psk, i int) {
	s.psk, s.selected, s.summary.PSK = p, uint16(i), true
	made := iana.CipherSuite(0)
	if p.session != nil {
		made = p.session.Suite
		s.summary.Resumed, s.summary.PeerChain = true, p.chain
	}
	s.summary.Suite = s.suiteFor(p.hash, made)
	s.decided(event.DecisionResumption, choose(p.session != nil, "resumed", "psk"), nil, choose(p.session != nil, event.WhyTicketOpened, event.WhyPSKKnown))
}
