package relay

import (
	"encoding/binary"
	"errors"
	"strings"
)

// WebSocket listens to a connection that has become a WebSocket (RFC 6455): it is given what
// passes, and says which messages that was. It holds nothing up, changes nothing and judges
// nothing; where the bytes are none of the protocol's it stops listening (Err), and they pass all
// the same. It has no goroutine, no socket and no clock.
//
// What it holds is bounded: of each side's messages Limit bytes, two times that of one that is
// still to be inflated, and 32 KiB of what later ones may refer back to.
type WebSocket struct {
	take   func(WebSocketMessage)
	flows  [2]wsFlow
	err    error
	deaf   bool // err, or nothing that comes is kept any more
	failed Side
}

// WebSocketMessage is one message of a WebSocket, or one of the frames by which its ends look
// after the connection. Data is the taker's.
type WebSocketMessage struct {
	From       Side
	Opcode     int    // 1 text, 2 binary, 8 close, 9 ping, 10 pong (RFC 6455 §11.8)
	Data       []byte // without mask and compression
	Wire       int64  // bytes of the payload as they passed
	Cut        bool   // Data is only the beginning: that is all that is kept, or the message did not end
	Compressed bool   // it passed compressed (RFC 7692)
	Kept       bool   // false where nothing is kept of it, since those before have used up the limit
}

// What makes bytes no WebSocket.
var (
	errWSReserved     = errors.New("a bit that is reserved (RFC 6455 §5.2)")
	errWSOpcode       = errors.New("an opcode that is reserved (RFC 6455 §5.2)")
	errWSControl      = errors.New("a control frame in fragments, or longer than 125 bytes (RFC 6455 §5.5)")
	errWSContinuation = errors.New("a continuation of nothing (RFC 6455 §5.4)")
	errWSInterrupted  = errors.New("a message amid the fragments of another (RFC 6455 §5.4)")
	errWSMask         = errors.New("masked from the server, or not masked from the client (RFC 6455 §5.1)")
	errWSLength       = errors.New("a length in more bytes than it takes, or beyond 63 bits (RFC 6455 §5.2)")
	errWSClosed       = errors.New("bytes behind the close frame (RFC 6455 §5.5.1)")
	errWSClose        = errors.New("a close frame of one byte (RFC 6455 §5.5.1)")
	errWSInflate      = errors.New("a message that is compressed wrongly (RFC 7692 §7.2.2)")
	errWSExtension    = errors.New("an extension that is not known here")
	errWSParameter    = errors.New("a parameter of permessage-deflate that is not known, or wrong (RFC 7692 §7.1)")
)

// The opcodes that mean something (RFC 6455 §11.8).
const (
	wsContinuation = 0
	wsText         = 1
	wsBinary       = 2
	wsClose        = 8
	wsPing         = 9
	wsPong         = 10
)

// wsFlow is one direction.
type wsFlow struct {
	from Side
	room int // bytes that are still kept of it

	head    [14]byte // of a frame, as far as it has come
	have    int
	in      bool // amid a payload
	opcode  int
	final   bool
	masked  bool
	mask    [4]byte
	at      int    // of the payload: where in the mask
	left    uint64 // of the payload
	control []byte // a control frame's payload; it may stand amid a message

	begun  bool // a message is
	m      WebSocketMessage
	closed bool

	deflate deflated
}

// NewWebSocket listens to what follows on reply, the one that agreed to a WebSocket; take is given
// each message when it is over. limit is how many bytes are kept of the messages of each side.
func NewWebSocket(reply *Head, limit int, take func(WebSocketMessage)) *WebSocket {
	w := &WebSocket{take: take}
	for i, side := range []Side{Client, Server} {
		w.flows[i] = wsFlow{from: side, room: limit}
	}
	var said []string
	for _, f := range reply.Fields {
		if sameName(f.Name, "Sec-WebSocket-Extensions") {
			said = append(said, f.Value)
		}
	}
	if err := w.extensions(strings.Join(said, ",")); err != nil {
		w.fail(Server, err)
	}
	return w
}

// Err is why nothing is listened to any more, and From whose bytes were the reason; nil if they
// are a WebSocket's so far.
func (w *WebSocket) Err() (from Side, err error) { return w.failed, w.err }

func (w *WebSocket) fail(from Side, err error) {
	if w.err == nil {
		w.err, w.failed, w.deaf = err, from, true
		for i := range w.flows {
			w.flows[i].deflate = deflated{}
		}
	}
}

func (w *WebSocket) flow(side Side) *wsFlow {
	if side == Client {
		return &w.flows[0]
	}
	return &w.flows[1]
}

// Receive takes bytes that have come from a side. They are not kept, and not changed.
func (w *WebSocket) Receive(from Side, b []byte) {
	f := w.flow(from)
	for len(b) > 0 && !w.deaf {
		if !f.in {
			n, whole, err := f.header(b)
			b = b[n:]
			switch {
			case err != nil:
				w.fail(from, err)
				return
			case !whole:
				return
			}
			f.in = true
		}
		n := int(min(f.left, uint64(len(b))))
		if f.opcode >= wsClose {
			f.control = f.unmask(f.control, b[:n])
		} else {
			f.payload(b[:n])
		}
		f.left -= uint64(n)
		if b = b[n:]; f.left > 0 {
			return
		}
		f.in, f.have = false, 0
		if err := w.frameOver(f); err != nil {
			w.fail(from, err)
		}
	}
}

// End says that nothing more comes: messages that did not end are told of as far as they came.
func (w *WebSocket) End() {
	for i := range w.flows {
		f := &w.flows[i]
		if !w.deaf && f.begun {
			f.m.Cut = true
			_ = w.over(f) // what was cut cannot be inflated to its end
		}
		f.deflate = deflated{}
	}
	w.deaf = true
}

// header reads what stands before a payload (RFC 6455 §5.2), and returns how much of b that was.
func (f *wsFlow) header(b []byte) (n int, whole bool, err error) {
	if f.closed {
		return 0, false, errWSClosed
	}
	for f.have < f.headerSize() {
		if n == len(b) {
			return n, false, nil
		}
		f.head[f.have] = b[n]
		if f.have, n = f.have+1, n+1; f.have == 2 {
			if err := f.first(); err != nil {
				return n, false, err
			}
		}
	}
	rest := f.head[2:f.have]
	switch short := f.head[1] & 0x7f; short {
	case 126:
		if f.left, rest = uint64(binary.BigEndian.Uint16(rest)), rest[2:]; f.left < 126 {
			return n, false, errWSLength
		}
	case 127:
		if f.left, rest = binary.BigEndian.Uint64(rest), rest[8:]; f.left < 1<<16 || f.left >= 1<<63 {
			return n, false, errWSLength
		}
	default:
		f.left = uint64(short)
	}
	f.at = 0
	if f.masked {
		f.mask = [4]byte(rest)
	}
	return n, true, nil
}

// headerSize is how long a header is, as far as what has come of it says.
func (f *wsFlow) headerSize() int {
	n := 2
	if f.have < n {
		return n
	}
	switch f.head[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if f.masked {
		n += 4
	}
	return n
}

// first looks at the first two bytes of a frame, and begins a message.
func (f *wsFlow) first() error {
	b, length := f.head[0], f.head[1]&0x7f
	f.final, f.opcode, f.masked = b&0x80 != 0, int(b&0x0f), f.head[1]&0x80 != 0
	compressed := b&0x40 != 0
	switch {
	case b&0x30 != 0:
		return errWSReserved
	case compressed && (!f.deflate.agreed || f.opcode != wsText && f.opcode != wsBinary): // RFC 7692 §6
		return errWSReserved
	case f.masked != (f.from == Client):
		return errWSMask
	}
	switch f.opcode {
	case wsContinuation:
		if !f.begun {
			return errWSContinuation
		}
	case wsText, wsBinary:
		if f.begun {
			return errWSInterrupted
		}
		f.begun = true
		f.m = WebSocketMessage{From: f.from, Opcode: f.opcode, Compressed: compressed}
	case wsClose, wsPing, wsPong:
		if !f.final || length > 125 {
			return errWSControl
		}
		f.control = f.control[:0]
	default:
		return errWSOpcode
	}
	return nil
}

// unmask appends a part of a payload without its mask.
func (f *wsFlow) unmask(dst, p []byte) []byte {
	if !f.masked {
		return append(dst, p...)
	}
	for i, c := range p {
		dst = append(dst, c^f.mask[(f.at+i)&3])
	}
	f.at = (f.at + len(p)) & 3
	return dst
}

// payload takes a part of a message, as much as is kept.
func (f *wsFlow) payload(p []byte) {
	f.m.Wire += int64(len(p))
	room := f.room - len(f.m.Data)
	if f.m.Compressed {
		room = f.deflate.most(f.room) - len(f.m.Data)
	}
	kept := p[:min(len(p), max(room, 0))]
	f.m.Data = f.unmask(f.m.Data, kept)
	if rest := len(p) - len(kept); rest > 0 {
		f.m.Cut = true
		f.at = (f.at + rest) & 3
	}
}

// frameOver is the end of a frame.
func (w *WebSocket) frameOver(f *wsFlow) error {
	if f.opcode < wsClose {
		if f.final {
			return w.over(f)
		}
		return nil
	}
	m := WebSocketMessage{From: f.from, Opcode: f.opcode, Wire: int64(len(f.control))}
	w.give(f, m, f.control)
	if f.closed = f.opcode == wsClose; f.closed && len(f.control) == 1 {
		return errWSClose
	}
	return nil
}

// over is the end of a message.
func (w *WebSocket) over(f *wsFlow) (err error) {
	m := f.m
	f.begun, f.m = false, WebSocketMessage{}
	data := m.Data
	if m.Compressed && f.room > 0 && m.Wire > 0 { // some senders have no bytes for nothing
		if data, m.Cut, err = f.deflate.inflate(data, f.room, m.Cut); err != nil {
			m.Cut = true // as far as it could be read
		}
	}
	w.give(f, m, data)
	return err
}

// give hands on a message of which data has come, as much as is kept.
func (w *WebSocket) give(f *wsFlow, m WebSocketMessage, data []byte) {
	m.Data, m.Kept = nil, f.room > 0
	if m.Cut = m.Cut && m.Kept; m.Kept {
		kept := data[:min(len(data), f.room)]
		m.Data = append(make([]byte, 0, len(kept)), kept...)
		m.Cut = m.Cut || len(kept) < len(data)
		if f.room -= len(kept); m.Cut {
			f.room = 0
		}
		if f.room == 0 {
			f.deflate.forget() // nothing is inflated any more
		}
	}
	w.take(m)
}

// extensions takes over what the two ends agreed on (RFC 6455 §9.1).
func (w *WebSocket) extensions(said string) error {
	agreed := false
	for _, one := range splitQuoted(said, ',') {
		parts := splitQuoted(one, ';')
		name := lower(trimOWS(parts[0]))
		switch {
		case name == "" && len(parts) == 1:
			continue
		case name != "permessage-deflate" || agreed:
			return errWSExtension
		}
		agreed = true
		for i := range w.flows {
			w.flows[i].deflate = deflated{agreed: true, takeover: true}
		}
		seen := map[string]bool{}
		for _, p := range parts[1:] {
			name, value, has := strings.Cut(p, "=")
			name, value = lower(trimOWS(name)), strings.Trim(trimOWS(value), `"`)
			side, what, ok := strings.Cut(name, "_")
			if seen[name] || !ok || side != string(Client) && side != string(Server) {
				return errWSParameter
			}
			seen[name] = true
			switch what {
			case "no_context_takeover":
				if has {
					return errWSParameter
				}
				w.flow(Side(side)).deflate.takeover = false
			case "max_window_bits": // a greater window reads what was written for a smaller one
				if n, ok := parseLength(value); !ok || n < 8 || n > 15 || value[0] == '0' {
					return errWSParameter
				}
			default:
				return errWSParameter
			}
		}
	}
	return nil
}

// splitQuoted splits s at each sep that is not in quotes.
func splitQuoted(s string, sep byte) (out []string) {
	quoted, begin := false, 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == sep && !quoted:
			out, begin = append(out, s[begin:i]), i+1
		}
	}
	return append(out, s[begin:])
}
