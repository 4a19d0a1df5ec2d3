package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// limits counts what a peer may do a few times, and not without end.
type limits struct {
	warnings, idle int  // in a row
	declined       bool // no_renegotiation is in Output
}

// maxMessage bounds a handshake message, header included, if the Config does not. The length
// field allows 16 MiB; the largest message with a use is a certificate chain, and 256
// KiB holds a hundred certificates.
const maxMessage = 1 << 18

// leastMaxMessage leaves room for the hellos of those who offer much, and for one certificate.
const leastMaxMessage = 1 << 12

// maxMessage is what a message may have, header included.
func (c *Config) maxMessage() int {
	if c.MaxMessage == 0 {
		return maxMessage
	}
	return c.MaxMessage + messageHeader
}

// maxWarnings is how many warning alerts, and attempts to renegotiate, may come
// in a row: each costs its sender nothing and us some work.
const maxWarnings = 4

// maxIdle is how many NewSessionTickets and KeyUpdates may come in a row with no data
// between: a server may give several tickets at once, and nobody needs many.
const maxIdle = 32

// countAttempt bounds how often a peer may ask for another handshake.
func (e *Endpoint) countAttempt(ref string) error {
	return e.countWarning(ref, "renegotiation")
}

// countWarning bounds what costs the peer nothing and us some work.
func (e *Endpoint) countWarning(ref, what string) error {
	if e.limits.warnings++; e.limits.warnings > maxWarnings {
		return reason.New(reason.WarningFlood, ref, what, reason.Say("at most %d in a row, which is our limit", maxWarnings), reason.Say("more"))
	}
	return nil
}

// countIdle bounds what a peer may say after the handshake instead of sending data.
func (e *Endpoint) countIdle(ref, what string) error {
	if e.limits.idle++; e.limits.idle > maxIdle {
		return reason.New(reason.WarningFlood, ref, what, reason.Say("at most %d in a row, which is our limit", maxIdle), reason.Say("more"))
	}
	return nil
}

// limit applies a max_fragment_length that both ends agreed on (RFC 6066 §4).
func (e *Endpoint) limit(code iana.MaxFragmentLength) {
	e.summary.MaxFragmentLength = code
	n := code.Bytes()
	if e.summary.Version == iana.TLS13 { // where it bounds content still, and the type comes on top
		n++
	}
	e.ch.wr.SetLimit(n)
	e.ch.rd.SetLimit(n, iana.ExtMaxFragmentLength)
}

// limitRecords heeds the peer's record_size_limit (RFC 8449 §4), and from now on holds
// it to ours.
func (e *Endpoint) limitRecords(peer int, in string) error {
	if peer < 64 {
		return &reason.Error{Reason: reason.BadValue, Ref: "RFC 8449 §4", Field: in + ".extensions.record_size_limit.record_size_limit", Off: -1, Want: reason.Say("at least 64"), Got: peer}
	}
	e.summary.RecordSizeLimit = peer
	e.decided(event.DecisionRecordSizeLimit, peer, e.cfg.recordSizeLimit(e.summary.Version), event.WhyBothWantLimit)
	e.ch.wr.SetLimit(peer)
	if e.summary.Version == iana.TLS13 { // TLS 1.2's records come in clear still, and are not subject to it
		e.ch.rd.SetLimit(e.cfg.RecordSizeLimit, iana.ExtRecordSizeLimit)
	}
	return nil
}

// recordSizeLimit is the RecordSizeLimit that this end says where v is the best version that may be spoken.
// TLS 1.2's records hold a byte less than TLS 1.3's, and nobody may say more than a record can hold (RFC 8449 §4).
func (c *Config) recordSizeLimit(v iana.Version) int {
	if v == iana.TLS12 {
		return min(c.RecordSizeLimit, maxFragment)
	}
	return c.RecordSizeLimit
}

// countEarlyData bounds what a client sends early by what the ticket allowed.
func (e *Endpoint) countEarlyData(n int) error {
	if e.early == nil || uint32(n) > e.early.left {
		return reason.New(reason.UnexpectedRecord, "RFC 9846 §4.7.1", "record", reason.Say("no more early data than the ticket allows"), reason.Say("more"))
	}
	e.early.left -= uint32(n)
	return nil
}
