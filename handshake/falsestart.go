package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// False Start (RFC 7918): a client of TLS 1.2 sends application data right behind its
// Finished, and does not wait a round trip for the server's. What the server gets is what
// it would have got anyway, only sooner: it need not know.
//
// The price: only the server's Finished shows that nobody has changed the hellos on their
// way, and by then the data is gone. So whatever an attacker could have made the two agree
// on must be good enough (RFC 7918 §4, §5).

// falseStart decides, with the client's Finished out, whether data may follow at once.
func (c *client12) falseStart() {
	if !c.cfg.FalseStart || c.session != nil { // resuming, the client's Finished comes last
		return
	}
	why := c.whyNotFalseStart()
	c.mayStart = why == ""
	c.decided(event.DecisionFalseStart, c.mayStart, nil, choose(c.mayStart, event.WhyECDHEAndAEAD, why))
}

// whyNotFalseStart says what speaks against it, or "". The version is TLS 1.2; had there
// been a better one, the sentinel that the server signed in its random would have told.
func (c *client12) whyNotFalseStart() event.Why {
	switch {
	case c.cfg.VerifyConnection != nil: // which has the last word, and has yet to say it
		return event.WhyLastWordDue
	case c.exchange.Kx() != iana.KxECDHE: // not all parameters of finite fields are strong
		return event.WhyNotECDHE
	case c.summary.Suite.Cipher.Kind != suite.AEAD:
		return event.WhyNotAEAD
	}
	return ""
}

// MayWrite is the kind of data that can be sent now: by Write, or if it is EarlyData by
// WriteEarly. It may be ApplicationData before Done, under Config.FalseStart and at a
// server that answers early data: then the peer has not yet proved to be there.
func (e *Endpoint) MayWrite() event.DataKind {
	switch {
	case e.err != nil || e.ch.closeSent:
		return event.NoData
	case e.early != nil && e.early.open:
		return event.EarlyData
	case e.state == event.WaitEndOfEarlyData && e.ch.wr.Spent(): // until Finished no KeyUpdate can be sent
		return event.NoData
	case e.mayStart:
		return event.ApplicationData
	}
	return e.state.MayWrite()
}
