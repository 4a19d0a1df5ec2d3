// Package mitm is an interceptor: two honest endpoints back to back and a forging
// CA. To the client it plays the server, with a certificate forged while the
// client waits; to the server it is an ordinary client. Between the two legs it
// holds the plaintext.
//
// It breaks nothing in TLS: whether it works is decided by one question, asked of
// the client's trust store.
//
// A Box is what the interceptor of one connection decides: whom it asks for, what it shows to the
// client, what it makes of the plaintext. It has no endpoint and does no I/O, so that the same one
// stands in the lesson and in the capture proxy. In the lesson Legs drives it on two Endpoints, whose
// bytes package scenario carries; in package proxy, below this one, it stands between two sockets.
//
// Read box.go, then forger.go, then legs.go.
package mitm

import (
	"crypto/x509"
	"errors"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/message"
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
	// Fixed asks for ToServer's ServerName whatever the client asks for: the client believes the
	// server to be where the box is, under a name of the box.
	Fixed bool
	// AlsoFor are more names, or IP addresses, that the forgery is for, unless the real certificate
	// is too: those under which the client came to a box that is Fixed.
	AlsoFor []string
	Rewrite Rewrite // of what is relayed
	// Listener is told the scenes, those of SceneKeys. The legs have Listeners of their own.
	Listener event.Listener
}

// Box is the interceptor of one connection. Its methods are called in the order of the steps that
// they are. It is not safe for concurrent use.
type Box struct{ o Options }

// New returns a box that waits for the client's hello.
func New(o Options) (*Box, error) {
	if o.Forger == nil {
		return nil, errors.New("an interceptor needs a Forger")
	}
	return &Box{o: o}, nil
}

// Hello is the configuration of the leg to the server, once the client's hello has come: with the
// client's name for the server, and the application protocols that it offers. The client waits: the
// box needs to see the real certificate before it can forge one. A client without server_name gets
// the Options' name.
func (b *Box) Hello(m *message.ClientHello) *handshake.Config {
	up := b.o.ToServer
	if n, ok := message.Get[*message.ServerName](&m.Extensions); ok && !b.o.Fixed {
		up.ServerName = n.Name
	}
	up.ALPN = Offered(m, up.ALPN)
	b.tell(&b.o.ToClient, &ClientConnects{ServerName: up.ServerName})
	b.tell(&up, &ConnectUpstream{ServerName: up.ServerName, ALPN: up.ALPN})
	return &up
}

// Offered are the application protocols that a hello offers, or else if it offers none.
func Offered(m *message.ClientHello, or []string) []string {
	if a, ok := message.Get[*message.ALPN](&m.Extensions); ok {
		return a.Protocols
	}
	return or
}

// Settled is the configuration of the leg to the client, once the handshake with the server has
// settled what server says: a forgery of its certificate, and the protocol that it chose.
func (b *Box) Settled(server *handshake.Summary) (*handshake.Config, error) {
	down := b.o.ToClient
	real := server.PeerChain[0]
	forged, err := b.o.Forger.ForgeFor(real, b.o.AlsoFor...)
	if err != nil {
		return nil, err
	}
	down.Certificates, down.ALPN = []handshake.Certificate{*forged}, nil
	if server.Protocol != "" {
		down.ALPN = []string{server.Protocol}
	}
	b.tell(&b.o.ToClient, &Forge{Real: real, Forged: leaf(&down)})
	return &down, nil
}

// leaf is the certificate that cfg shows first.
func leaf(cfg *handshake.Config) *x509.Certificate { return cfg.Certificates[0].Leaf }

// Opened is what the box makes of plaintext that has come on one leg, and sends on the other. inClear
// says that the leg's suite encrypts nothing.
func (b *Box) Opened(what Relayed, text []byte, inClear bool) (onward []byte) {
	changed, times := b.o.Rewrite.Apply(string(text))
	cfg := &b.o.ToClient
	var opens event.Scene = &Decrypt{Plaintext: string(text), InClear: inClear}
	if what == Reply {
		cfg = &b.o.ToServer
		opens = &Back{Plaintext: string(text), InClear: inClear}
	}
	b.tell(cfg, opens)
	if times > 0 {
		b.tell(cfg, &Rewritten{What: what, Rewrite: b.o.Rewrite, Times: times, Plaintext: changed})
	}
	if times == 0 && b.o.Rewrite.Old != "" {
		b.tell(cfg, &NotFound{What: what, Old: b.o.Rewrite.Old})
	}
	return []byte(changed)
}

// GoesOn says that so many bytes of what the client sent go on to the server.
func (b *Box) GoesOn(bytes int, inClear bool) {
	b.tell(&b.o.ToServer, &Reencrypt{Bytes: bytes, InClear: inClear})
}

// Lost says that what the client sent can go nowhere: err is the leg's to the server.
func (b *Box) Lost(err error) { b.tell(&b.o.ToServer, &Undelivered{Err: err}) }

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
