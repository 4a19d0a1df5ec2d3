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
// What a Box does is told by its Telling: to the lesson while it is done, and by the proxy, when
// somebody asks, from the bytes that it has kept. So both have the same steps in the same words.
//
// One thing stands on either side of a wall: how plaintext passes. Legs pass on what was opened as it
// came, in steps that a learner can look in between (150 lines). The proxy's goes through package
// relay (7,600 lines), since of real traffic one has to know where a message ends; that links net/http,
// and a lesson links none. Whom the box asks for, what it forges and all that is told of it stands
// before the wall, once, for both (770 lines: box, forger, fornames, spare, telling, scenes). How a
// stream ends, and what becomes of the other one (relay.Ending, relay.Fate), stays behind it: Legs
// know of one ending, the goodbye, and pass it on in one line.
//
// Read box.go, then forger.go, then telling.go and legs.go.
package mitm

import (
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
type Box struct {
	Telling
	o Options
}

// New returns a box that waits for the client's hello.
func New(o Options) (*Box, error) {
	if o.Forger == nil {
		return nil, errors.New("an interceptor needs a Forger")
	}
	on := func(c *handshake.Config) event.Meta { return event.Meta{Party: c.Party, Conn: c.Conn} }
	return &Box{Telling{Listener: o.Listener, ToClient: on(&o.ToClient), ToServer: on(&o.ToServer), Time: o.ToClient.Time}, o}, nil
}

// Hello is the configuration of the leg to the server, once the client's hello has come: with the
// client's name for the server, and the application protocols that it offers. The client waits: the
// box needs to see the real certificate before it can forge one. A client without server_name gets
// the Options' name.
func (b *Box) Hello(m *message.ClientHello) *handshake.Config {
	up := b.o.ToServer
	named := Named(m)
	if named != "" && !b.o.Fixed {
		up.ServerName = named
	}
	up.ALPN = Offered(m, up.ALPN)
	b.Called(named)
	b.Calls(up.ServerName, up.ALPN)
	return &up
}

// Named is the name that a hello has for the server (RFC 6066 §3); "" if it has none.
func Named(m *message.ClientHello) string {
	if n, ok := message.Get[*message.ServerName](&m.Extensions); ok {
		return n.Name
	}
	return ""
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
	b.Forged(real, forged.Leaf)
	return &down, nil
}

// Opened is what the box makes of plaintext that has come on one leg, and sends on the other. inClear
// says that the leg's suite encrypts nothing.
func (b *Box) Opened(what Relayed, text []byte, inClear bool) (onward []byte) {
	b.Read(what, string(text), inClear)
	changed, times := b.o.Rewrite.Apply(string(text))
	b.changed(what, b.o.Rewrite, times, changed)
	return []byte(changed)
}
