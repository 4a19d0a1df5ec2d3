package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// messageHeader is the length of a handshake message's type and length.
const messageHeader = 4

// messageLen is the length of a message, header included, as its header tells it.
func messageLen(b []byte) int { return messageHeader + (int(b[1])<<16 | int(b[2])<<8 | int(b[3])) }

// readMessage takes one whole handshake message off e.hs.
func (e *Endpoint) readMessage() (bool, error) {
	kind := message.Kind(e.ch.hs[0])
	if kind == message.KindHelloRequest && e.ignoresHelloRequest() {
		return e.ignoreHelloRequest()
	}
	if !e.expects(kind) {
		return false, e.unexpected(kind)
	}
	if len(e.ch.hs) < messageHeader {
		return false, nil
	}
	n := messageLen(e.ch.hs)
	if n > e.cfg.maxMessage() {
		return false, &reason.Error{Reason: reason.MessageTooLong, Ref: e.rule("RFC 9846 §4", "RFC 5246 §7.4"), Field: kind.String() + ".length", Off: 1,
			Want: reason.Say("at most %d bytes, which is our limit", e.cfg.maxMessage()-messageHeader), Got: n - messageHeader}
	}
	if len(e.ch.hs) < n {
		return false, nil
	}
	// The transcript owns the bytes, and the message aliases the transcript:
	// it is only ever appended to. After the handshake a copy does.
	var raw []byte
	if e.state == event.Connected {
		raw = append(raw, e.ch.hs[:n]...)
	} else {
		e.transcript.mark = len(e.transcript.bytes)
		e.transcript.bytes = append(e.transcript.bytes, e.ch.hs[:n]...)
		raw = e.transcript.bytes[e.transcript.mark:len(e.transcript.bytes):len(e.transcript.bytes)]
	}
	e.ch.hs = e.ch.hs[n:]
	walked := e.walked()
	m, err := message.Parse(e.context(), raw, walked)
	if err != nil && kind == message.KindClientHello {
		walked = e.walked()
		m, err = e.parsePassingOver(raw, walked, err)
	}
	if reason.Of(err) == reason.UnexpectedMessage { // a ServerKeyExchange under RSA: no such message has a form
		return false, e.unexpected(kind)
	}
	if err != nil {
		return false, err
	}
	next := e.find(event.Receive, m)
	if !next.ok() {
		return false, e.unexpected(m.Kind())
	}
	return true, e.fire(next, m, raw, walked)
}

func (e *Endpoint) readChangeCipherSpec(payload []byte) error {
	if e.dropsChangeCipherSpec() {
		return e.dropChangeCipherSpec(payload)
	}
	m := new(message.ChangeCipherSpec)
	if !e.expects(m.Kind()) {
		return e.unexpected(m.Kind())
	}
	walked := e.walked()
	if err := wire.Parse(payload, m, walked); err != nil {
		return err
	}
	next := e.find(event.Receive, m)
	if !next.ok() {
		return e.unexpected(m.Kind())
	}
	return e.fire(next, m, payload, walked)
}

// context tells message what shapes to expect from the peer.
func (e *Endpoint) context() message.Context {
	ctx := message.Context{Version: e.version(), FromServer: e.role == event.Client}
	if s := e.summary.Suite; s != nil {
		ctx.Kx = s.Kx
	}
	return ctx
}

// send marshals a message into the transcript and a record.
func (e *Endpoint) send(m message.Message) error {
	if e.cfg.edit != nil {
		e.cfg.edit(m)
	}
	return e.sendAsIs(m)
}

// sendAsIs is send for a message that must not be changed: its binders are already made.
func (e *Endpoint) sendAsIs(m message.Message) error {
	at, walked := len(e.transcript.bytes), e.walked()
	var err error
	if e.transcript.bytes, err = wire.Append(e.transcript.bytes, m, walked); err != nil {
		return reason.Fault(m.Kind().String(), err) // if we cannot write it, that is not the peer's fault
	}
	e.transcript.mark = at
	raw := e.transcript.bytes[at:]
	if e.cfg.Listener != nil {
		e.noteMessage(event.Send, m, raw, walked, e.told().to)
	}
	return e.write(iana.Handshake, raw)
}

// writeChangeCipherSpec sends the one message that is in no transcript and under a record
// type of its own.
func (e *Endpoint) writeChangeCipherSpec() error {
	m, walked := new(message.ChangeCipherSpec), e.walked()
	raw, err := message.Marshal(m, walked)
	if err != nil {
		return reason.Fault(m.Kind().String(), err)
	}
	if e.cfg.Listener != nil {
		e.noteMessage(event.Send, m, raw, walked, e.told().to)
	}
	return e.write(iana.ChangeCipherSpec, raw)
}

// sendLater sends a message after the handshake, which no transcript holds.
func (e *Endpoint) sendLater(m message.Message) error {
	if e.cfg.edit != nil {
		e.cfg.edit(m)
	}
	walked := e.walked()
	raw, err := message.Marshal(m, walked)
	if err != nil {
		return reason.Fault(m.Kind().String(), err)
	}
	if e.cfg.Listener != nil {
		e.noteMessage(event.Send, m, raw, walked, e.told().to)
	}
	return e.write(iana.Handshake, raw)
}
