// Package mitm is an interceptor: two honest endpoints back to back and a forging
// CA. To the client it plays the server, with a certificate forged while the
// client waits; to the server it is an ordinary client. Between the two legs it
// holds the plaintext.
//
// It breaks nothing in TLS: whether it works is decided by one question, asked of
// the client's trust store. It does no I/O; whoever owns a Box carries the bytes
// of both legs.
//
// Read this file, then forger.go.
package mitm

import (
	"cmp"
	"errors"
	"io"
	"slices"

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
	// ToServer is that of the leg to the server. ServerName and ALPN are copied
	// from the client's hello. Its Roots decide whom the box believes.
	ToServer handshake.Config
	// Connect drives the leg to the server until that leg is Done. The client waits in
	// the meantime. What the server has to say after that, to the box's Finished of TLS
	// 1.3, the box does not wait for.
	Connect func(toServer *handshake.Endpoint) error
	Rewrite Rewrite // of what is relayed
	// Listener is told the scenes, those of SceneKeys. The legs have Listeners of their own.
	Listener event.Listener
}

// Steps are the seven steps of a capture tool, each by the Key of its event.Scene. The
// first is told by whoever knows what the client trusts, the others by Box.
func Steps() []string {
	return []string{"mitm_root", "mitm_client_connects", "mitm_connect_upstream", "mitm_forge", "mitm_decrypt", "mitm_reencrypt", "mitm_back"}
}

// SceneKeys lists the Key of every event.Scene that belongs to an interceptor: its steps,
// what it changed, and what it could not deliver.
func SceneKeys() []string {
	return append(Steps(), "mitm_rewrite", "mitm_not_found", "mitm_undelivered")
}

// Step is the number of a scene's step, from 1; 0 if it is none.
func Step(key string) int { return slices.Index(Steps(), key) + 1 }

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
	b.scene(&b.o.ToClient, "mitm_client_connects", event.Value{Name: "server_name", Value: up.ServerName})
	offered := []event.Value{{Name: "server_name", Value: up.ServerName}}
	if len(up.ALPN) > 0 {
		offered = append(offered, event.Value{Name: "alpn", Value: up.ALPN})
	}
	b.scene(up, "mitm_connect_upstream", offered...)
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
	b.scene(&b.o.ToClient, "mitm_forge", event.Value{Name: "real", Value: sum.PeerChain[0]}, event.Value{Name: "forged", Value: leaf(down)})
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
	cfg, what := &b.o.ToClient, "request"
	if h == &b.reply {
		cfg, what = &b.o.ToServer, "reply"
	}
	key := "mitm_decrypt"
	if h == &b.reply {
		key = "mitm_back"
	}
	b.scene(cfg, key, open(from, event.Value{Name: "what", Value: what}, event.Value{Name: "plaintext", Value: string(text)})...)
	if times > 0 {
		b.scene(cfg, "mitm_rewrite", event.Value{Name: "what", Value: what},
			event.Value{Name: "old", Value: b.o.Rewrite.Old}, event.Value{Name: "new", Value: b.o.Rewrite.New},
			event.Value{Name: "times", Value: times}, event.Value{Name: "plaintext", Value: changed})
	}
	if times == 0 && b.o.Rewrite.Old != "" {
		b.scene(cfg, "mitm_not_found", event.Value{Name: "what", Value: what}, event.Value{Name: "old", Value: b.o.Rewrite.Old})
	}
	h.bytes = []byte(changed)
	return true, nil
}

// open adds to a scene's values that the suite of a leg encrypts nothing, where it does not.
func open(leg *handshake.Endpoint, values ...event.Value) []event.Value {
	if s := leg.Summary().Suite; s != nil && !s.Cipher.Encrypts() {
		values = append(values, event.Value{Name: "in_clear", Value: true})
	}
	return values
}

// pass sends what is held, if there is still somebody to send it to.
func (b *Box) pass(h *held, to *handshake.Endpoint) (moved bool, err error) {
	if !to.Done() {
		if err := to.Err(); err != nil && !h.lost && h == &b.request {
			h.lost = true
			b.scene(&b.o.ToServer, "mitm_undelivered", event.Value{Name: "reason", Value: err})
		}
		return false, nil
	}
	if h == &b.request {
		b.scene(&b.o.ToServer, "mitm_reencrypt", open(to, event.Value{Name: "bytes", Value: len(h.bytes)})...)
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

// scene tells of something that no endpoint does, on behalf of the leg of cfg.
func (b *Box) scene(cfg *handshake.Config, key string, values ...event.Value) {
	if b.o.Listener == nil {
		return
	}
	if n := Step(key); n > 0 {
		values = append([]event.Value{{Name: "step", Value: n}, {Name: "steps", Value: len(Steps())}}, values...)
	}
	e := &event.Bag{K: event.SceneKey(key), Vs: values}
	e.Party, e.Conn = cfg.Party, cfg.Conn
	if cfg.Time != nil {
		e.Time = cfg.Time()
	}
	b.o.Listener.Event(e)
}
