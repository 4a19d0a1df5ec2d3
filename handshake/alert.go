package handshake

import (
	"tlslab/handshake/event"
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
		lis.Event(&event.Alert{Meta: e.meta(), Dir: event.Send, Level: l, Description: d, Err: cause})
	}
	// A writer that cannot protect two more bytes has failed already, and the
	// peer will see the connection end without close_notify.
	_ = e.write(iana.Alert, []byte{byte(l), byte(d)})
}

func (e *Endpoint) readAlert(payload []byte) error {
	var a message.Alert
	if err := wire.Parse(payload, &a, nil); err != nil {
		return message.Under(e.version(), err)
	}
	if lis := e.cfg.Listener; lis != nil {
		lis.Event(&event.Alert{Meta: e.meta(), Dir: event.Receive, Level: a.Level, Description: a.Description})
	}
	tls13, closure := e.version() == iana.TLS13, a.Description == iana.CloseNotify || a.Description == iana.UserCanceled
	switch {
	case tls13 && closure && len(e.ch.hs) > 0: // RFC 9846 §5.1
		return reason.New(reason.InterleavedMessage, "RFC 9846 §5.1", "record.type", iana.Handshake, iana.Alert)
	case a.Description == iana.CloseNotify && e.state == event.Connected:
		e.ch.closeReceived = true
		return nil
	case tls13:
		// The level means nothing there; every alert that is not about closing is fatal (RFC 9846 §6).
		if a.Description == iana.UserCanceled {
			return e.warned("RFC 9846 §6.1", a.Description)
		}
	case a.Level == iana.Warning && a.Description != iana.CloseNotify:
		return e.warned("RFC 5246 §7.2.2", a.Description)
	}
	return reason.New(reason.PeerAlert, "", "", nil, a.Description)
}

// warned takes an alert that ends nothing.
func (e *Endpoint) warned(ref string, d iana.AlertDescription) error {
	if len(e.summary.Warnings) < maxWarnings {
		e.summary.Warnings = append(e.summary.Warnings, d)
	}
	return e.countWarning(ref, "alert")
}

// noRenegotiation answers a peer that wants a second handshake (RFC 5746 §4.2,
// RFC 5246 §7.2.2): a warning, and the connection goes on.
func (e *Endpoint) noRenegotiation() error {
	if err := e.countAttempt("RFC 5246 §7.2.2"); err != nil {
		return err
	}
	e.summary.Renegotiates = true
	if e.limits.declined { // and that has not left yet: once is enough
		return nil
	}
	e.limits.declined = true
	e.sendAlert(iana.Warning, iana.NoRenegotiation,
		reason.New(reason.RenegotiationRefused, "RFC 5246 §7.2.2", "", reason.Say("no second handshake"), reason.Say("the peer asked for one")))
	return nil
}
