package handshake

import (
	"fmt"
	"slices"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/keyschedule"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
)

// Early data, 0-RTT (RFC 9846 §2.3, §4.3.10): what a client may send behind its
// ClientHello, under a key that is made of the ticket's PSK and that ClientHello alone: nothing
// of the server's is in it. So it is the one data that can be replayed to a server, and one that
// takes it decides how far (RFC 9846 §8).

// EarlyDataStatus is what became of early data.
type EarlyDataStatus uint8

// The states of early data.
const (
	NoEarlyData EarlyDataStatus = iota
	EarlyDataOffered
	EarlyDataAccepted
	EarlyDataRejected // the server has passed over it: it must be sent again, if at all
)

// String returns "none", "offered", "accepted" or "rejected"; "0x09" for a number that is
// no state's.
func (s EarlyDataStatus) String() string {
	names := [...]string{"none", "offered", "accepted", "rejected"}
	if int(s) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(s))
	}
	return names[s]
}

// EarlyDataInput is what AcceptEarlyData decides on.
type EarlyDataInput struct {
	Ticket  []byte // as the client sent it
	Binder  []byte // no two ClientHellos have the same, unless one is a replay of the other
	Session *session.Session
	Age     time.Duration // of the ticket, by what the client says
	Elapsed time.Duration // since the ticket was made, by our clock
	Time    time.Time
}

// early is an endpoint's share of early data.
type early struct {
	traffic keyschedule.TrafficSecret
	exports *exporter13
	left    uint32 // bytes that may still be sent, or may still come
	open    bool   // at a client: it may be sent now
}

// offersEarlyData reports whether a client offers early data: it wants to, the ticket that
// it offers allows some, and the ticket's protocol is among those offered.
func (c *client13) offersEarlyData() bool {
	if !c.cfg.EarlyData || c.kept == nil {
		return false
	}
	s := c.kept.session
	return s.MaxEarlyData > 0 &&
		(slices.Contains(c.cfg.ALPN, s.Protocol) || s.Protocol == "" && len(c.cfg.ALPN) == 0)
}

// offersEarlyDataInDisguise reports whether the ChangeCipherSpec that makes the handshake
// look like TLS 1.2's goes out at once, and not before the second flight.
func (c *clientStart) offersEarlyDataInDisguise(_ message.Message) bool {
	return c.tls13.offersEarlyData() && !c.cfg.NoCompatibilityMode
}

// startEarly derives a client's early keys, for as much as the ticket allows.
func (c *client13) startEarly() error {
	p := &c.psks[0]
	return c.startEarlyData(p, c.hello.Random[:], p.session.MaxEarlyData)
}

// startEarlyData derives the early traffic keys, once the ClientHello is in the
// transcript; the client writes with them, and the server reads.
func (e *Endpoint) startEarlyData(p *psk, clientRandom []byte, most uint32) error {
	schedule := keyschedule.NewEarlySecret(p.hash, p.key)
	h := p.hash.New()
	h.Write(e.transcript.bytes)
	th := h.Sum(nil)
	exporter := schedule.Exporter(th)
	e.early = &early{traffic: schedule.ClientTraffic(th), exports: &exporter13{hash: p.hash, secret: exporter}, left: most}
	if e.revealing() {
		e.expandedWith(p.hash.String(), event.LabelClientEarlyTrafficSecret, "c e traffic", event.LabelEarlySecret, schedule.Bytes(), th, "transcript_hash", e.early.traffic.Bytes())
		e.expandedWith(p.hash.String(), event.LabelEarlyExporterSecret, "e exp master", event.LabelEarlySecret, schedule.Bytes(), th, "transcript_hash", exporter.Bytes())
	}
	if err := e.logKey("CLIENT_EARLY_TRAFFIC_SECRET", clientRandom, e.early.traffic.Bytes()); err != nil {
		return err
	}
	return e.logKey("EARLY_EXPORTER_SECRET", clientRandom, exporter.Bytes())
}

// sendEarlyChangeCipherSpec goes between ClientHello and early data (RFC 9846 §E.4), and turns the
// early keys on.
func (c *client13) sendEarlyChangeCipherSpec(_ message.Message) error {
	if err := c.sendDummyChangeCipherSpec(); err != nil {
		return err
	}
	return c.openEarlyData()
}

// openEarlyData puts what the client sends under the early keys.
func (c *client13) openEarlyData() error {
	c.ch.wr.SetVersion(iana.TLS13)
	if err := c.protectWith(event.Send, suite.ByID(c.psks[0].session.Suite), &c.early.traffic, event.EarlyKeys); err != nil {
		return err
	}
	c.early.open = true
	return nil
}

// closeEarlyData ends it from the client's side, for good or because it was in vain.
func (c *client13) closeEarlyData(s EarlyDataStatus) {
	c.early.open = false
	c.summary.EarlyData = s
	c.decided(event.DecisionEarlyData, s.String(), nil, choose(s == EarlyDataAccepted, event.WhyServerTookIt, event.WhyServerPassedOver))
}

// sendEndOfEarlyData says that there is no more, still under the early keys.
func (c *client13) sendEndOfEarlyData(_ message.Message) error {
	c.early.open = false
	if err := c.send(&message.EndOfEarlyData{}); err != nil {
		return err
	}
	return c.protect(event.Send, &c.clientTraffic, event.HandshakeKeys)
}

// chooseEarlyData decides whether a server takes the early data that a client offers.
func (s *server13) chooseEarlyData(m *message.ClientHello) error {
	if m.Extensions.Find(iana.ExtEarlyData) == nil {
		return nil
	}
	if s.summary.Retried { // RFC 9846 §4.2.2: not a second time
		return s.fault(reason.BadValue, "RFC 9846 §4.2.2", m, "client_hello.extensions.early_data", reason.Say("none in a second ClientHello"), reason.Say("some"))
	}
	why := s.whyNotEarly(m)
	if why == "" {
		s.summary.EarlyData = EarlyDataAccepted
		s.decided(event.DecisionEarlyData, "accepted", nil, event.WhyAccepted)
		return s.startEarlyData(s.psk, s.hello.Random[:], s.psk.session.MaxEarlyData)
	}
	s.summary.EarlyData = EarlyDataRejected
	s.decided(event.DecisionEarlyData, "rejected", nil, why)
	s.ch.rd.SetVersion(iana.TLS13)
	// What the ticket allowed, sealed in the smallest of records that make sense. If the
	// ticket does not open, we cannot know what it allowed.
	most := max(s.cfg.MaxEarlyData, 1<<14)
	if s.psk != nil && s.psk.session != nil {
		most = max(most, s.psk.session.MaxEarlyData)
	}
	s.ch.rd.DropEarlyData(int(most) * 2)
	return nil
}

// whyNotEarly says what speaks against early data, or "".
func (s *server13) whyNotEarly(m *message.ClientHello) event.Why {
	switch {
	case s.cfg.MaxEarlyData == 0:
		return event.WhyEarlyDataOff
	case s.psk == nil || s.psk.session == nil || s.selected != 0:
		return event.WhyEarlyDataWithoutTicket
	case s.psk.session.MaxEarlyData == 0:
		return event.WhyEarlyDataNotInTicket
	case s.retrying:
		return event.WhyEarlyDataAndRetry
	case s.summary.Suite.ID != s.psk.session.Suite:
		return event.WhySessionOtherSuite
	case s.summary.Protocol != s.psk.session.Protocol:
		return event.WhySessionOtherProtocol
	}
	accept := s.cfg.AcceptEarlyData
	if accept == nil {
		accept = whyNotFresh
	}
	x, _ := message.Get[*message.PreSharedKeyClient](&m.Extensions)
	return accept(EarlyDataInput{Ticket: x.Identities[0].Identity, Binder: x.Binders[0], Session: s.psk.session,
		Age:     time.Duration(x.Identities[0].ObfuscatedAge-s.psk.session.AgeAdd) * time.Millisecond,
		Elapsed: s.now().Sub(s.psk.session.Created), Time: s.now()})
}

// ticketAgeTolerance is by how much the two ends may differ about the age of a ticket. What
// they differ by is the time that the ticket and this ClientHello were under way, and how
// far their clocks drifted since; RFC 9846 §8.3 takes ten seconds for what clients on the
// Internet need.
const ticketAgeTolerance = 10 * time.Second

// whyNotFresh takes the place of AcceptEarlyData if the Config has none. It makes the check
// that a server must make in any case (RFC 9846 §4.3.10).
func whyNotFresh(in EarlyDataInput) event.Why {
	if late := in.Elapsed - in.Age; late > ticketAgeTolerance || late < -ticketAgeTolerance {
		return event.WhyNotFresh
	}
	return ""
}

// recvEndOfEarlyData goes on to the client's handshake keys.
func (s *server13) recvEndOfEarlyData(_ message.Message) error {
	switch code := s.summary.MaxFragmentLength; {
	case s.peerLimit != 0:
		s.ch.rd.SetLimit(s.cfg.RecordSizeLimit, iana.ExtRecordSizeLimit)
	case code != 0:
		s.limit(code)
	}
	return s.protect(event.Receive, &s.clientTraffic, event.HandshakeKeys)
}

// WriteEarly protects early data into Output: while the handshake is under way, at a
// client that offers it, and no more of it than the ticket allows. It returns how much it
// took: 0 where the client may not send any, or may no longer. Whether the server took it is in
// Summary().EarlyData after the handshake. It may reach the server any number of times.
func (e *Endpoint) WriteEarly(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.ch.closeSent {
		return 0, errClosed
	}
	if e.early == nil || !e.early.open || e.ch.wr.Spent() { // these keys have no next generation
		return 0, nil
	}
	p = p[:min(len(p), maxFragment, int(e.early.left))]
	if len(p) == 0 {
		return 0, nil
	}
	e.early.left -= uint32(len(p))
	e.noteData(event.Send, p)
	if err := e.write(iana.ApplicationData, p); err != nil {
		return 0, e.fail(err)
	}
	return len(p), nil
}
