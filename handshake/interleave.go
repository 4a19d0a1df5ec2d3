package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// interrupts refuses a record of type t in the midst of a handshake message, but where TLS 1.2
// lets it be: application data behind the handshake, when the peer asks for another one
// (RFC 5246 §6.2.1).
func (e *Endpoint) interrupts(t iana.ContentType) error {
	if len(e.ch.hs) == 0 || t == iana.Handshake || t == iana.Alert {
		return nil
	}
	r, ref := reason.InterleavedMessage, "RFC 9846 §5.1"
	switch tls12 := e.summary.Version != iana.TLS13; {
	case t == iana.ChangeCipherSpec && tls12:
		r, ref = reason.KeyChangeMidMessage, e.rule(ref, "RFC 5246 §7.1")
	case t == iana.ApplicationData && tls12 && e.state == event.Connected:
		return nil
	case t == iana.ApplicationData && tls12:
		ref = e.rule(ref, "RFC 5246 §7.4.9")
	}
	return reason.New(r, ref, "record.type", iana.Handshake, t)
}
