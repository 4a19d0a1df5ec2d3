package handshake

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Alerts are no rows of the table: they may come in any state, and what they do
// is the same everywhere (RFC 5246 §7.2, RFC 9846 §6).

// sendAlert queues an alert; cause is what made us, nil for close_notify.
func (e *Endpoint) sendAlert(l iana.AlertLevel, d iana.AlertDescription, cause error) {
	if lis := e.cfg.Listener; lis != nil {
		lis.Event(&AlertEvent{Meta: e.meta(), Dir: Send, Level: l, Description: d, Err: cause})
	}
	// A writer that cannot protect two more bytes has failed already, and the
	// peer will see the connection end without close_notify.
	_ = e.write(iana.Alert, []byte{byte(l), byte(d)})
}

func (e *Endpoint) readAlert(payload []byte) error {
	var a message.Alert
	if err := wire.Parse(payload, &a, nil); err != nil {
		return err
	}
	if lis := e.cfg.Listener; lis != nil {
		lis.Event(&AlertEvent{Meta: e.meta(), Dir: Receive, Level: a.Level, Description: a.Description})
	}
	tls13, closure := e.version() == iana.TLS13, a.Description == iana.CloseNotify || a.Description == iana.UserCanceled
	switch {
	case tls13 && closure && len(e.hs) > 0: // RFC 9846 §5.1
		return reason.New(reason.InterleavedMessage, "", "record.type", iana.Handshake, iana.Alert)
	case a.Description == iana.CloseNotify && e.state == Connected:
		e.closeReceived = true
		return nil
	case tls13:
		// The level means nothing there; what is not about closing is fatal (RFC 9846 §6).
		if a.Description == iana.UserCanceled {
			return e.countWarning("alert", "more in a row")
		}
	case a.Level == iana.Warning && a.Description != iana.CloseNotify:
		return e.countWarning("alert", "more in a row")
	}
	return reason.New(reason.PeerAlert, "", "", nil, a.Description)
}

// noRenegotiation answers a peer that wants a second handshake (RFC 5746 §4.2,
// RFC 5246 §7.2.2): a warning, and the connection goes on.
func (e *Endpoint) noRenegotiation() error {
	if err := e.countAttempt(); err != nil {
		return err
	}
	if e.declined { // and that has not left yet: once is enough
		return nil
	}
	e.declined = true
	e.sendAlert(iana.Warning, iana.NoRenegotiation,
		reason.New(reason.RenegotiationRefused, "", "", "no second handshake", "the peer asked for one"))
	return nil
}

// countAttempt bounds how often a peer may ask for another handshake.
func (e *Endpoint) countAttempt() error {
	return e.countWarning("renegotiation", "more attempts in a row")
}

// countWarning bounds what costs the peer nothing and us some work.
func (e *Endpoint) countWarning(what, got string) error {
	if e.warnings++; e.warnings > maxWarnings {
		return reason.New(reason.WarningFlood, "", what, maxWarnings, got)
	}
	return nil
}

// countIdle bounds what a peer may say after the handshake instead of sending data.
func (e *Endpoint) countIdle(what string) error {
	if e.idle++; e.idle > maxIdle {
		return reason.New(reason.WarningFlood, "", what, maxIdle, "more in a row")
	}
	return nil
}
