package proxy

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
)

// maxHello bounds a ClientHello, header included: those of browsers have some 2 KB, and
// a group with a large share adds a few more (FrodoKEM's 21 KB is the largest we know).
const maxHello = 1 << 16

// readHello reads the client's first message and leaves its bytes to be read again: who
// is to answer it, the proxy or the server itself, depends on what it says.
func readHello(r *recorder) (*message.ClientHello, error) {
	var p helloParser
	for need := record.HeaderLen; ; {
		b, err := r.peek(need)
		if err != nil {
			return nil, err
		}
		hello, more, err := p.parse(b)
		if hello != nil || err != nil {
			return hello, err
		}
		if need = len(b) + more; need > maxHello {
			return nil, reason.New(reason.MessageTooLong, "RFC 9846 §4", "client_hello", reason.Say("at most %d bytes, its records included, which is our limit", maxHello), need)
		}
	}
}

// helloParser goes on where it had to stop: a hello may come in as many pieces as it has
// bytes.
type helloParser struct {
	rd record.Reader
	at int    // bytes that rd has taken
	hs []byte // what was in them: a copy, of which the message is made, for it may be wanted for longer than the buffer it came in
}

// parseHello is what a helloParser makes of b at once.
func parseHello(b []byte) (hello *message.ClientHello, more int, err error) {
	return new(helloParser).parse(b)
}

// parse finds the ClientHello that b begins with; b is what it was before, and more. more is
// how many bytes it lacks at least.
func (p *helloParser) parse(b []byte) (hello *message.ClientHello, more int, err error) {
	const header = 4
	for {
		rec, n, err := p.rd.Next(b[p.at:], nil, false)
		switch {
		case err != nil:
			return nil, 0, err
		case n == 0:
			return nil, p.rd.Need(b[p.at:]), nil
		case rec.Type != iana.Handshake:
			return nil, 0, reason.New(reason.UnexpectedRecord, "RFC 9846 §4.2.2", "record.type", iana.Handshake, rec.Type)
		}
		p.at, p.hs = p.at+n, append(p.hs, rec.Payload...)
		if len(p.hs) < header {
			continue
		}
		size := header + int(p.hs[1])<<16 + int(p.hs[2])<<8 + int(p.hs[3])
		if size > maxHello {
			return nil, 0, reason.New(reason.MessageTooLong, "RFC 9846 §4", "client_hello.length", reason.Say("at most %d bytes, which is our limit", maxHello-header), size-header)
		}
		if len(p.hs) < size {
			continue
		}
		m, err := message.Parse(message.Context{Version: iana.TLS12}, p.hs[:size:size], nil)
		if err != nil {
			return nil, 0, err
		}
		h, ok := m.(*message.ClientHello)
		if !ok {
			return nil, 0, reason.New(reason.UnexpectedMessage, "RFC 9846 §4.2.2", "msg_type", message.KindClientHello, m.Kind())
		}
		return h, 0, nil
	}
}
