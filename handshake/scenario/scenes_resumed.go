package scenario

import (
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// The scenes of resumption, and of those who attack it.

// FullVsResumed is what resuming saved, and what it did not carry over.
type FullVsResumed struct {
	event.Meta
	Full, Resumed Spent
	Version       iana.Version
	Counted       bool // a Quiet lesson has no secrets to count operations by, or to compare
	// SameSecret: the resumed connection begins with what the full one ended with, a
	// pre-shared key in TLS 1.3 and the master secret in TLS 1.2. SameKeys: they also have
	// in common what the keys are made from, the main secret, or the key block.
	SameSecret, SameKeys bool
}

// Spent is what a handshake took.
type Spent struct {
	Messages   int // ChangeCipherSpec among them
	Bytes      int // on the wire, record headers included
	RoundTrips int // that the client waits before its request can leave
	// Operations with a private or a public key, of both ends: all, those of signatures, and
	// multiplications of a point by a number.
	Asymmetric, Signatures, ScalarMults int
}

// Key returns SceneFullVsResumed.
func (*FullVsResumed) Key() event.SceneKey { return SceneFullVsResumed }

// Entry is one for each number of round trips that were saved.
func (f *FullVsResumed) Entry() event.SceneKey {
	switch f.Resumed.RoundTrips {
	case 0:
		return SceneFullVsResumed.Variant("0rtt")
	case f.Full.RoundTrips:
		return SceneFullVsResumed.Variant("psk")
	}
	return SceneFullVsResumed
}

// Rows are what both took, by the same names.
func (f *FullVsResumed) Rows() []SpentRow {
	a, b := &f.Full, &f.Resumed
	rows := []SpentRow{{"messages", a.Messages, b.Messages}, {"bytes", a.Bytes, b.Bytes}, {"round_trips", a.RoundTrips, b.RoundTrips}}
	if f.Counted {
		rows = append(rows, SpentRow{"asymmetric", a.Asymmetric, b.Asymmetric}, SpentRow{"signatures", a.Signatures, b.Signatures},
			SpentRow{"scalar_mults", a.ScalarMults, b.ScalarMults})
	}
	return rows
}

// SpentRow is one number of Spent of both handshakes.
type SpentRow struct {
	What          string
	Full, Resumed int
}

// Common is what the two have in common.
func (f *FullVsResumed) Common() []event.Value {
	switch {
	case !f.Counted:
		return nil
	case f.Version == iana.TLS13:
		return []event.Value{value("same_psk", f.SameSecret), value("same_main_secret", f.SameKeys)}
	}
	return []event.Value{value("same_master_secret", f.SameSecret), value("same_key_block", f.SameKeys)}
}

// Values are the Rows, two values each, and what is in Common.
func (f *FullVsResumed) Values() []event.Value {
	var values []event.Value
	for _, r := range f.Rows() {
		values = append(values, value("full_"+r.What, r.Full), value("resumed_"+r.What, r.Resumed))
	}
	return append(values, f.Common()...)
}

// CapturedSession is what an attacker saw of a session of TLS 1.2.
type CapturedSession struct {
	event.Meta
	Ticket, SessionID []byte // one of them
}

// Key returns SceneCapturedSession.
func (*CapturedSession) Key() event.SceneKey { return SceneCapturedSession }

// Values are the one that there is.
func (c *CapturedSession) Values() []event.Value {
	if len(c.Ticket) > 0 {
		return []event.Value{value("ticket", c.Ticket)}
	}
	return []event.Value{value("session_id", c.SessionID)}
}

// AttackerSilent is what an attacker found wrong, and sent no alert about.
type AttackerSilent struct {
	event.Meta
	Err error
}

// Key returns SceneAttackerSilent.
func (*AttackerSilent) Key() event.SceneKey { return SceneAttackerSilent }

// Values are the error.
func (a *AttackerSilent) Values() []event.Value { return []event.Value{value("error", a.Err)} }

// Replayed says that an attacker sends a recorded connection again, after an attempt with a
// guessed secret: of TLS 1.2 if BySessionID, else of TLS 1.3.
type Replayed struct {
	event.Meta
	BySessionID  bool
	FirstAttempt error
	Bytes        int
}

// Key returns SceneReplayedSessionID or SceneReplayedConnection.
func (r *Replayed) Key() event.SceneKey {
	if r.BySessionID {
		return SceneReplayedSessionID
	}
	return SceneReplayedConnection
}

// Values are both.
func (r *Replayed) Values() []event.Value {
	return []event.Value{value("first_attempt", r.FirstAttempt), value("bytes", r.Bytes)}
}

// StolenMasterSecret is what an attacker has out of somebody's memory.
type StolenMasterSecret struct {
	event.Meta
	From         string // whose
	MasterSecret []byte
}

// Key returns SceneStolenMasterSecret.
func (*StolenMasterSecret) Key() event.SceneKey { return SceneStolenMasterSecret }

// Values are both.
func (s *StolenMasterSecret) Values() []event.Value {
	return []event.Value{value("from", s.From), value("master_secret", s.MasterSecret)}
}

// RecordingDecrypted is what a stolen master secret opened of the recording of a flow.
type RecordingDecrypted struct {
	event.Meta
	Flow, Plaintext string
}

// Key returns SceneRecordingDecrypted.
func (*RecordingDecrypted) Key() event.SceneKey { return SceneRecordingDecrypted }

// Values are both.
func (r *RecordingDecrypted) Values() []event.Value {
	return []event.Value{value("flow", r.Flow), value("plaintext", r.Plaintext)}
}

// CapturedTicket is what an attacker saw of a session of TLS 1.3.
type CapturedTicket struct {
	event.Meta
	Ticket []byte
}

// Key returns SceneCapturedTicket.
func (*CapturedTicket) Key() event.SceneKey { return SceneCapturedTicket }

// Values are the ticket.
func (c *CapturedTicket) Values() []event.Value { return []event.Value{value("ticket", c.Ticket)} }

// ReplayedEarlyData says that an attacker sends a client's first flight again.
type ReplayedEarlyData struct {
	event.Meta
	Bytes int
}

// Key returns SceneReplayedEarlyData.
func (*ReplayedEarlyData) Key() event.SceneKey { return SceneReplayedEarlyData }

// Values are how much it is.
func (r *ReplayedEarlyData) Values() []event.Value { return []event.Value{value("bytes", r.Bytes)} }

// EarlyDataActed is how often a server has done what one request asks.
type EarlyDataActed struct {
	event.Meta
	Request string
	Times   int
}

// Key returns SceneEarlyDataActed.
func (*EarlyDataActed) Key() event.SceneKey { return SceneEarlyDataActed }

// Values are both.
func (e *EarlyDataActed) Values() []event.Value {
	return []event.Value{value("request", e.Request), value("times", e.Times)}
}

// StolenPSK is what an attacker has out of somebody's memory.
type StolenPSK struct {
	event.Meta
	From string // whose
	PSK  []byte
}

// Key returns SceneStolenPSK.
func (*StolenPSK) Key() event.SceneKey { return SceneStolenPSK }

// Values are both.
func (s *StolenPSK) Values() []event.Value {
	return []event.Value{value("from", s.From), value("psk", s.PSK)}
}

// PSKTried is what a pre-shared key opened of the recordings of flows.
type PSKTried struct {
	event.Meta
	Opened  []Opened
	InClear bool // the suite encrypts nothing, so all of it opens without a key
	Given   bool // the key is no ticket's: both ends were given it
}

// Opened is what was opened of the recording of a flow; "" if nothing was.
type Opened struct{ Flow, Plaintext string }

// Key returns ScenePSKTried.
func (*PSKTried) Key() event.SceneKey { return ScenePSKTried }

// Entry is one for each case.
func (p *PSKTried) Entry() event.SceneKey {
	switch {
	case p.InClear:
		return ScenePSKTried.Variant("open")
	case p.Given:
		return ScenePSKTried.Variant("given")
	}
	return ScenePSKTried
}

// Values are what was opened of each flow.
func (p *PSKTried) Values() []event.Value {
	var values []event.Value
	for _, o := range p.Opened {
		values = append(values, value("opened_"+o.Flow, o.Plaintext))
	}
	if p.InClear {
		values = append(values, value("in_clear", true))
	}
	return values
}

// TicketKeyServer is whether a client took an attacker with a session's key for its server.
type TicketKeyServer struct {
	event.Meta
	Accepted bool
}

// Key returns SceneTicketKeyServer.
func (*TicketKeyServer) Key() event.SceneKey { return SceneTicketKeyServer }

// Values are whether it did.
func (t *TicketKeyServer) Values() []event.Value {
	return []event.Value{value("accepted", t.Accepted)}
}

// PSKExpired is what a server decided about a stolen key when the ticket's lifetime was over.
type PSKExpired struct {
	event.Meta
	Lifetime time.Duration
	Why      event.Why
}

// Key returns ScenePSKExpired.
func (*PSKExpired) Key() event.SceneKey { return ScenePSKExpired }

// Values are both.
func (p *PSKExpired) Values() []event.Value {
	return []event.Value{value("lifetime", p.Lifetime), value("why", p.Why)}
}
