package handshake

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/wire"
)

// What a server says at a time that is not its turn. A HelloRequest may come at any time, and
// is "ignored by the client if the client is currently negotiating a session" (RFC 5246
// §7.4.1.1): it moves nothing, so the table has no row for it, and none for alerts. Anything
// else that is still there when it is our turn is refused.

// ignoresHelloRequest reports whether a HelloRequest may come now and means nothing: at a
// client, from its ClientHello to the end of a handshake that is or may become one of TLS
// 1.2. Afterwards it is a question, and a row.
func (e *Endpoint) ignoresHelloRequest() bool {
	return e.role == event.Client && e.version() != iana.TLS13 && e.state != event.Start && e.state != event.Connected && e.state != event.Failed
}

// helloRequestIgnored is the move that a HelloRequest would be, if it moved anything.
func (e *Endpoint) helloRequestIgnored() event.Move {
	return event.Move{Role: e.role, Version: iana.TLS12, In: e.state, Dir: event.Receive, Msg: message.KindHelloRequest, To: e.state, Ref: "RFC 5246 §7.4.1.1"}
}

// ignoreHelloRequest takes one off e.hs, if it is all there. It is in no transcript (RFC 5246
// §7.4.1.1). How many may come the RFC does not bound; we do.
func (e *Endpoint) ignoreHelloRequest() (bool, error) {
	if len(e.ch.hs) < messageHeader {
		return false, nil
	}
	m := new(message.HelloRequest)
	n := min(messageLen(e.ch.hs), len(e.ch.hs))
	walked := e.walked()
	if err := wire.Parse(e.ch.hs[:n], m, walked); err != nil {
		return false, err
	}
	raw := e.ch.hs[:n]
	e.ch.hs = e.ch.hs[n:]
	if e.listening() {
		row := e.helloRequestIgnored()
		t := e.told()
		t.move, t.ref = row.String(), row.Ref
		e.noteMessage(event.Receive, m, raw, walked, e.state)
		e.tell.move, e.tell.ref = "", ""
	}
	return true, e.countAttempt("RFC 5246 §7.4.1.1")
}

// refuseExcess refuses handshake bytes of the peer's that are left when a message of ours is
// due: the peer put them behind the last message of its flight, before it could know our
// answer. No message may come in such a state, so they are unexpected. If they were kept
// until a message may come, they would be taken for an answer. Records that are still
// unopened are not looked at: a ticket may follow a server's Finished (RFC 9846 §4.7.1).
// Once connected the ends take no turns.
func (e *Endpoint) refuseExcess() error {
	for len(e.ch.hs) > 0 && e.state != event.Connected {
		kind := message.Kind(e.ch.hs[0])
		if kind != message.KindHelloRequest || !e.ignoresHelloRequest() {
			return e.unexpected(kind)
		}
		if progress, err := e.ignoreHelloRequest(); !progress || err != nil {
			return err
		}
	}
	return nil
}
