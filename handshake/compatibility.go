package handshake

import (
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// dropsChangeCipherSpec reports whether a ChangeCipherSpec may come now and means
// nothing: TLS 1.3 after the first ClientHello and before the peer's Finished (RFC
// 9846 §5). Before ServerHello a client that offers TLS 1.3 does not know yet.
func (e *Endpoint) dropsChangeCipherSpec() bool {
	switch e.state {
	case event.WaitServerHello:
		return e.summary.Version == iana.TLS13 || e.summary.Version == 0 && e.cfg.speaks(iana.TLS13)
	case event.WaitEncryptedExtensions, event.WaitCertificateOrRequest, event.WaitSecondClientHello, event.WaitEndOfEarlyData, event.WaitCertificate, event.WaitCertificateVerify, event.WaitFinished:
		return e.summary.Version == iana.TLS13
	}
	return false
}

// dropChangeCipherSpec does so. The RFC sets no limit on how many may come; we do.
func (e *Endpoint) dropChangeCipherSpec(payload []byte) error {
	if len(payload) != 1 || payload[0] != 1 {
		return &reason.Error{Reason: reason.UnexpectedRecord, Ref: "RFC 9846 §5", Field: "change_cipher_spec.type", Off: 0, Want: reason.Say("the one byte 01"), Got: fmt.Sprintf("%x", payload)}
	}
	if e.listening() {
		row := e.dummyChangeCipherSpec(event.Receive)
		t := e.told()
		t.move, t.ref = row.String(), row.Ref
		m, walked := new(message.ChangeCipherSpec), e.walked()
		if err := wire.Parse(payload, m, walked); err != nil {
			return err
		}
		e.noteMessage(event.Receive, m, payload, walked, e.state)
		e.tell.move, e.tell.ref = "", ""
	}
	return e.countWarning("RFC 9846 §5", "change_cipher_spec")
}

// dummyChangeCipherSpec is the move that receiving one would be, if it moved anything.
func (e *Endpoint) dummyChangeCipherSpec(d event.Direction) event.Move {
	return event.Move{Role: e.role, Version: iana.TLS13, In: e.state, Dir: d, Msg: message.KindChangeCipherSpec, To: e.state, Ref: "RFC 9846 §5"}
}

// sendDummyChangeCipherSpec makes the handshake look like a resumed one of TLS 1.2, for
// middleboxes that let nothing else pass (RFC 9846 §E.4).
func (e *Endpoint) sendDummyChangeCipherSpec() error {
	return e.writeChangeCipherSpec()
}
