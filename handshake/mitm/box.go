// Package mitm is an interceptor: two honest endpoints back to back and a forging
// CA. To the client it plays the server, with a certificate forged while the
// client waits; to the server it is an ordinary client. Between the two legs it
// holds the plaintext.
//
// It breaks nothing in TLS: whether it works is decided by one question, asked of
// the client's trust store. It does no I/O; whoever owns a Box carries the bytes
// of both legs. Package scenario does so in a lesson, and package proxy, below this one, for
// real clients and servers.
//
// Read box.go, then forger.go.
package mitm

import (
	"cmp"
	"errors"
	"io"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Options make a Box.
type Options struct {
	Forger *Forger
	// ToClient is the configuration of the leg to the client. Its certificate and
	// ALPN are filled in once they are known.
	ToClient handshake.Config
	// ToServer is that of the leg to the server. ServerName and ALPN are copied from the
	// client's hello. Its Roots decide which servers the box believes.
	ToServer handshake.Config
	// Connect drives the leg to the server until that leg is Done. The client waits in
	// the meantime. What the server has to say after that, to the box's Finished of TLS
	// 1.3, the box does not wait for.
	Connect func(toServer *handshake.Endpoint) error
	Rewrite Rewrite // of what is relayed
	// Listener is told the scenes, those of SceneKeys. The legs have Listeners of their own.
	Listener event.Listener
}

// Box is the interceptor of one connection. It is not safe for concurrent use.
type Box struct {
	o        Options
	toClient *handshake.Endpoint
	toServer *handshake.Endpoint // nil before the client's hello
	request  held                // from the client, for the server
	reply    held                // from the server, for the client
}

// held is plaintext that has been opened on one leg and not yet sent on the other.
type held struct {
	bytes []byte
	lost  bool // there is nobody to send it to, and that was told
}

// New returns a box that waits for the client's hello.
func New(o Options) (*Box, error) {
	if o.Forger == nil || o.Connect == nil {
		return nil, errors.New("an interceptor needs a Forger, and a Connect that reaches the server")
	}
	b := &Box{o: o}
	cfg := o.ToClient
	cfg.ForClient = b.hello
	var err error
	if b.toClient, err = handshake.NewServer(&cfg); err != nil {
		return nil, err
	}
	return b, nil
}

// ToClient is the leg to the client.
func (b *Box) ToClient() *handshake.Endpoint { return b.toClient }

// ToServer is the leg to the server; nil until the client's hello was read.
func (b *Box) ToServer() *handshake.Endpoint { return b.toServer }

// hello is where the client waits: the box needs to see the real certificate
// before it can forge one.
func (b *Box) hello(m *message.ClientHello) (*handshake.Config, error) {
	up := ToServer(b.o.ToServer, m)
	b.tell(&b.o.ToClient, &ClientConnects{ServerName: up.ServerName})
	b.tell(up, &ConnectUpstream{ServerName: up.ServerName, ALPN: up.ALPN})
	var err error
	if b.toServer, err = handshake.NewClient(up); err != nil {
		return nil, err
	}
	if err := b.o.Connect(b.toServer); err != nil {
		return nil, err
	}
	if !b.toServer.Done() {
		// The client is told that it is the box's trouble, which is so.
		return nil, reason.Fault("", reason.Because("%v: %v", errUpstream, cmp.Or(b.toServer.Err(), io.ErrUnexpectedEOF)))
	}
	sum := b.toServer.Summary()
	down, err := b.o.Forger.ToClient(b.o.ToClient, sum)
	if err != nil {
		return nil, err
	}
	b.tell(&b.o.ToClient, &Forge{Real: sum.PeerChain[0], Forged: leaf(down)})
	return down, nil
}

var errUpstream = reason.Because("the interceptor could not connect to the server")

// Relay opens what has arrived on either leg, and reports whether there was anything.
// What one call opens the next sends on the other leg, so that whoever carries the bytes
// can look at both legs in between; the bytes to send are in the legs' Outputs. A close
// is passed on like data; an error is a leg's.
func (b *Box) Relay() (moved bool, err error) {
	if b.toServer == nil {
		return false, nil
	}
	up, err := b.relay(&b.request, b.toClient, b.toServer)
	if err != nil {
		return up, err
	}
	down, err := b.relay(&b.reply, b.toServer, b.toClient)
	return up || down, err
}

func (b *Box) relay(h *held, from, to *handshake.Endpoint) (moved bool, err error) {
	if len(h.bytes) > 0 {
		return b.pass(h, to)
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
	changed, times := b.o.Rewrite.Apply(string(text))
	cfg, what := &b.o.ToClient, Request
	var opens event.Scene = &Decrypt{Plaintext: string(text), InClear: open(from)}
	if h == &b.reply {
		cfg, what = &b.o.ToServer, Reply
		opens = &Back{Plaintext: string(text), InClear: open(from)}
	}
	b.tell(cfg, opens)
	if times > 0 {
		b.tell(cfg, &Rewritten{What: what, Rewrite: b.o.Rewrite, Times: times, Plaintext: changed})
	}
	if times == 0 && b.o.Rewrite.Old != "" {
		b.tell(cfg, &NotFound{What: what, Old: b.o.Rewrite.Old})
	}
	h.bytes = []byte(changed)
	return true, nil
}

// open reports whether the suite of a leg encrypts nothing.
func open(leg *handshake.Endpoint) bool {
	s := leg.Summary().Suite
	return s != nil && !s.Cipher.Encrypts()
}

// pass sends what is held, if there is still somebody to send it to.
func (b *Box) pass(h *held, to *handshake.Endpoint) (moved bool, err error) {
	if !to.Done() {
		if err := to.Err(); err != nil && !h.lost && h == &b.request {
			h.lost = true
			b.tell(&b.o.ToServer, &Undelivered{Err: err})
		}
		return false, nil
	}
	if h == &b.request {
		b.tell(&b.o.ToServer, &Reencrypt{Bytes: len(h.bytes), InClear: open(to)})
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

// tell tells of something that no endpoint does, on behalf of the leg of cfg.
func (b *Box) tell(cfg *handshake.Config, s event.Scene) {
	if b.o.Listener == nil {
		return
	}
	h := s.Head()
	h.Party, h.Conn = cfg.Party, cfg.Conn
	if cfg.Time != nil {
		h.Time = cfg.Time()
	}
	b.o.Listener.Event(s)
}
