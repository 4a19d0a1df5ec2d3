// Package mitm is a middle box: two honest endpoints back to back and a forging
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
	"fmt"
	"io"

	"tlslab/handshake"
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
	// Connect drives the leg to the server until its handshake is done. The
	// client waits in the meantime.
	Connect func(toServer *handshake.Endpoint) error
	// Listener is told the scenes: mitm_root, mitm_connect_upstream, mitm_forge,
	// mitm_read, mitm_pass. The legs have Listeners of their own.
	Listener handshake.Listener
}

// SceneKeys lists the Key of every SceneEvent that a Box emits.
func SceneKeys() []string {
	return []string{"mitm_root", "mitm_connect_upstream", "mitm_forge", "mitm_read", "mitm_pass"}
}

// Box is the middle box of one connection. It is not safe for concurrent use.
type Box struct {
	o        Options
	toClient *handshake.Endpoint
	toServer *handshake.Endpoint // nil before the client's hello
	buf      []byte
}

// New returns a box that waits for the client's hello.
func New(o Options) (*Box, error) {
	if o.Forger == nil || o.Connect == nil {
		return nil, errors.New("a middle box needs a Forger, and a Connect that reaches the server")
	}
	b := &Box{o: o}
	cfg := o.ToClient
	cfg.ForClient = b.hello
	var err error
	if b.toClient, err = handshake.NewServer(&cfg); err != nil {
		return nil, err
	}
	b.scene(&o.ToClient, "mitm_root", handshake.SceneValue{Name: "root", Value: o.Forger.Root()})
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
	b.scene(up, "mitm_connect_upstream",
		handshake.SceneValue{Name: "server_name", Value: up.ServerName}, handshake.SceneValue{Name: "alpn", Value: up.ALPN})
	var err error
	if b.toServer, err = handshake.NewClient(up); err != nil {
		return nil, err
	}
	if err := b.o.Connect(b.toServer); err != nil {
		return nil, err
	}
	if !b.toServer.Done() {
		// The client is told that it is the box's trouble, which is so.
		return nil, reason.Wrap(reason.Internal, "", fmt.Errorf("%w: %w", errUpstream, cmp.Or(b.toServer.Err(), io.ErrUnexpectedEOF)))
	}
	sum := b.toServer.Summary()
	down, err := b.o.Forger.ToClient(b.o.ToClient, sum)
	if err != nil {
		return nil, err
	}
	b.scene(&b.o.ToClient, "mitm_forge", handshake.SceneValue{Name: "real", Value: sum.PeerChain[0]}, handshake.SceneValue{Name: "forged", Value: leaf(down)})
	return down, nil
}

var errUpstream = errors.New("the middle box could not connect to the server")

// Relay carries what either leg has opened to the other leg, and reports whether
// there was anything. The bytes to send are in the legs' Outputs. A close is
// passed on like data; an error is a leg's.
func (b *Box) Relay() (moved bool, err error) {
	if b.toServer == nil {
		return false, nil
	}
	up, err := b.relay(b.toClient, b.toServer, &b.o.ToClient, &b.o.ToServer, "request")
	if err != nil {
		return up, err
	}
	down, err := b.relay(b.toServer, b.toClient, &b.o.ToServer, &b.o.ToClient, "reply")
	return up || down, err
}

func (b *Box) relay(from, to *handshake.Endpoint, fromCfg, toCfg *handshake.Config, what string) (moved bool, err error) {
	if !from.Done() || !to.Done() {
		return false, nil
	}
	if b.buf == nil {
		b.buf = make([]byte, 1<<14)
	}
	n, err := from.Read(b.buf)
	switch {
	case err == io.EOF:
		return false, to.CloseWrite()
	case err != nil || n == 0:
		return false, err
	}
	b.scene(fromCfg, "mitm_read", handshake.SceneValue{Name: "what", Value: what}, handshake.SceneValue{Name: "plaintext", Value: string(b.buf[:n])})
	b.scene(toCfg, "mitm_pass", handshake.SceneValue{Name: "what", Value: what}, handshake.SceneValue{Name: "bytes", Value: n})
	for rest := b.buf[:n]; len(rest) > 0; {
		m, err := to.Write(rest)
		if err != nil {
			return true, err
		}
		rest = rest[m:]
	}
	return true, nil
}

// scene tells of something that no endpoint does, on behalf of the leg of cfg.
func (b *Box) scene(cfg *handshake.Config, key string, values ...handshake.SceneValue) {
	if b.o.Listener == nil {
		return
	}
	e := &handshake.SceneEvent{Key: key, Values: values}
	e.Party, e.Conn = cfg.Party, cfg.Conn
	if cfg.Time != nil {
		e.Time = cfg.Time()
	}
	b.o.Listener.Event(e)
}
