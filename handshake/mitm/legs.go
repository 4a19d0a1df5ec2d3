package mitm

import (
	"cmp"
	"errors"
	"io"

	"tlslab/handshake"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Legs is a Box on two Endpoints: a server's towards the client, a client's towards the server.
// It does no I/O; whoever owns it carries the bytes of both. It is not safe for concurrent use.
type Legs struct {
	*Box
	connect  func(toServer *handshake.Endpoint) error
	toClient *handshake.Endpoint
	toServer *handshake.Endpoint // nil before the client's hello
	request  held                // from the client, for the server
	reply    held                // from the server, for the client
}

// held is plaintext that has been opened on one leg and not yet sent on the other.
type held struct {
	what  Relayed
	bytes []byte
	lost  bool // there is nobody to send it to, and that was told
}

// NewLegs returns legs of a box that wait for the client's hello. connect drives the leg to the
// server until that leg is Done. The client waits in the meantime. What the server has to say after
// that, to the box's Finished of TLS 1.3, nobody waits for.
func NewLegs(o Options, connect func(toServer *handshake.Endpoint) error) (*Legs, error) {
	if connect == nil {
		return nil, errors.New("an interceptor needs somebody who reaches the server")
	}
	b, err := New(o)
	if err != nil {
		return nil, err
	}
	l := &Legs{Box: b, connect: connect, request: held{what: Request}, reply: held{what: Reply}}
	cfg := o.ToClient
	cfg.ForClient = l.hello
	if l.toClient, err = handshake.NewServer(&cfg); err != nil {
		return nil, err
	}
	return l, nil
}

// ToClient is the leg to the client.
func (l *Legs) ToClient() *handshake.Endpoint { return l.toClient }

// ToServer is the leg to the server; nil until the client's hello was read.
func (l *Legs) ToServer() *handshake.Endpoint { return l.toServer }

// hello is where the client waits.
func (l *Legs) hello(m *message.ClientHello) (*handshake.Config, error) {
	var err error
	if l.toServer, err = handshake.NewClient(l.Hello(m)); err != nil {
		return nil, err
	}
	if err := l.connect(l.toServer); err != nil {
		return nil, err
	}
	if !l.toServer.Done() {
		// The client is told that it is the box's trouble, which is so.
		return nil, reason.Fault("", reason.Because("%v: %v", errUpstream, cmp.Or(l.toServer.Err(), io.ErrUnexpectedEOF)))
	}
	return l.Settled(l.toServer.Summary())
}

var errUpstream = reason.Because("the interceptor could not connect to the server")

// Relay opens what has arrived on either leg, and reports whether there was anything.
// What one call opens the next sends on the other leg, so that whoever carries the bytes
// can look at both legs in between; the bytes to send are in the legs' Outputs. A close
// is passed on like data; an error is a leg's.
func (l *Legs) Relay() (moved bool, err error) {
	if l.toServer == nil {
		return false, nil
	}
	up, err := l.relay(&l.request, l.toClient, l.toServer)
	if err != nil {
		return up, err
	}
	down, err := l.relay(&l.reply, l.toServer, l.toClient)
	return up || down, err
}

func (l *Legs) relay(h *held, from, to *handshake.Endpoint) (moved bool, err error) {
	if len(h.bytes) > 0 {
		return l.pass(h, to)
	}
	if !from.Done() {
		return false, nil
	}
	text, err := readAll(from)
	switch {
	case err == io.EOF && to.Done():
		return false, to.CloseWrite()
	case err != nil && err != io.EOF || len(text) == 0:
		return false, err
	}
	h.bytes = l.Opened(h.what, text, open(from))
	return true, nil
}

// open reports whether the suite of a leg encrypts nothing.
func open(leg *handshake.Endpoint) bool {
	s := leg.Summary().Suite
	return s != nil && !s.Cipher.Encrypts()
}

// pass sends what is held, if there is still somebody to send it to.
func (l *Legs) pass(h *held, to *handshake.Endpoint) (moved bool, err error) {
	if !to.Done() {
		if err := to.Err(); err != nil && !h.lost && h.what == Request {
			h.lost = true
			l.Lost(err)
		}
		return false, nil
	}
	if h.what == Request {
		l.GoesOn(len(h.bytes), open(to))
	}
	rest := h.bytes
	for len(rest) > 0 {
		n, err := to.Write(rest)
		if err != nil {
			return true, err
		}
		rest = rest[n:]
	}
	h.bytes = nil
	return true, nil
}

// readAll takes all that an endpoint has opened; io.EOF if it was closed and there is
// nothing more.
func readAll(from *handshake.Endpoint) (text []byte, err error) {
	buf := make([]byte, 1<<14)
	for {
		n, err := from.Read(buf)
		text = append(text, buf[:n]...)
		if n == 0 || err != nil {
			if len(text) > 0 {
				err = nil // it is told again
			}
			return text, err
		}
	}
}
