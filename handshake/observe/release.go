package observe

import (
	"bytes"

	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// A connection lasts longer than its handshake, and who follows thousands of them has no room for what nobody will
// ask for again.

// maxTranscript is how long a handshake may be: a few of the longest messages.
const maxTranscript = 1 << 20

// write adds a message to the transcript. False: it has become too long.
func (o *Observer) write(h *half, raw []byte) bool {
	if o.released {
		return true
	}
	if n := len(o.transcript) + len(raw); n > maxTranscript {
		o.lose(h, &reason.Error{Reason: reason.MessageTooLong, Ref: o.rule("RFC 9846 §4", "RFC 5246 §7.4"), Field: "length", Off: 1,
			Want: reason.Say("a handshake of at most %d bytes, which is our limit", maxTranscript), Got: n})
		return false
	}
	o.transcript = append(o.transcript, raw...)
	return true
}

// Held is how many bytes the observer keeps that a peer may make many: of records and messages that are not whole, of
// the handshake as long as it lasts, and of the hellos, about what they take when they are parsed.
func (o *Observer) Held() int {
	n := int(o.hellos) + cap(o.transcript) + len(o.certificate) + len(o.ticket) + len(o.sessionID)
	for _, h := range [...]*half{&o.client, &o.server} {
		n += cap(h.buf) + cap(h.hs)
	}
	return n
}

// What a hello takes beside its bytes, which are there twice: of what it lists, an entry.
const (
	entryCost     = 40
	extensionCost = 64
)

// weigh counts what is kept of a hello that has just been followed.
func (o *Observer) weigh(m message.Message, raw []byte) {
	var x *message.Extensions
	switch m := m.(type) {
	case *message.ClientHello:
		if m != o.hello {
			return
		}
		x = &m.Extensions
	case *message.ServerHello:
		if m != o.serverHello {
			return
		}
		x = &m.Extensions
	default:
		return
	}
	n := 2*len(raw) + extensionCost*len(x.List)
	if a, ok := message.Get[*message.ALPN](x); ok {
		n += entryCost * len(a.Protocols)
	}
	if k, ok := message.Get[*message.KeyShareClient](x); ok {
		n += entryCost * len(k.Shares)
	}
	if p, ok := message.Get[*message.PreSharedKeyClient](x); ok {
		n += 2 * entryCost * len(p.Identities)
	}
	o.hellos += int32(n)
}

// release drops what the handshake was read with, once it is over or has a gap that no key can close: the
// transcript, and of the hellos all but what finds keys that come late.
func (o *Observer) release() {
	c, s := &o.client, &o.server
	over := o.done == 2 || c.closed && s.closed
	if o.is13() {
		over = (s.missed || s.finished && c.finished) && (c.closed || c.stage != inClear)
	}
	if o.released || !over && !o.broken || o.hello == nil {
		return
	}
	o.released, o.hellos = true, 0
	o.hello = &message.ClientHello{Version: o.hello.Version, Random: o.hello.Random, SessionID: bytes.Clone(o.hello.SessionID)}
	if o.serverHello != nil {
		o.serverHello = &message.ServerHello{Version: o.serverHello.Version, Random: o.serverHello.Random}
	}
	o.sessionID, o.ticket = bytes.Clone(o.sessionID), bytes.Clone(o.ticket)
	o.transcript, o.certificate = nil, nil
	if over {
		o.logged = nil
	}
	for _, h := range [...]*half{c, s} {
		if k := h.logged[handshaking]; k != nil && h.stage == application {
			k.protection = nil
		}
		if h.zeroRTT != nil && h.stage != inClear {
			h.zeroRTT.protection = nil
		}
	}
}
