package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// KeyShareEntry is one public value and the group it belongs to (RFC 9846 §4.3.8).
type KeyShareEntry struct {
	Group iana.Group
	Share []byte // in the group's own encoding
}

func (e *KeyShareEntry) walk(c *wire.Codec) {
	wire.U16(c, "group", &e.Group)
	c.Opaque(2, "key_exchange", &e.Share, 1)
}

// KeyShareClient is a ClientHello's offers. Without any it asks for a
// HelloRetryRequest (RFC 9846 §4.3.8).
type KeyShareClient struct {
	Shares []KeyShareEntry
}

// Type returns iana.ExtKeyShare.
func (x *KeyShareClient) Type() iana.ExtensionType { return iana.ExtKeyShare }

// Walk visits extension_data.
func (x *KeyShareClient) Walk(c *wire.Codec) {
	list := c.Length(2, "client_shares.length", 0)
	wire.RestOf(c, &x.Shares, func(c *wire.Codec, e *KeyShareEntry) {
		entry := c.Enter("entry")
		e.walk(c)
		c.End(entry)
	})
	c.End(list)
}

// KeyShareServer is a ServerHello's answer (RFC 9846 §4.3.8).
type KeyShareServer struct {
	Entry KeyShareEntry
}

// Type returns iana.ExtKeyShare.
func (x *KeyShareServer) Type() iana.ExtensionType { return iana.ExtKeyShare }

// Walk visits extension_data.
func (x *KeyShareServer) Walk(c *wire.Codec) { x.Entry.walk(c) }

// KeyShareRetry is a HelloRetryRequest's wish (RFC 9846 §4.3.8).
type KeyShareRetry struct {
	Group iana.Group
}

// Type returns iana.ExtKeyShare.
func (x *KeyShareRetry) Type() iana.ExtensionType { return iana.ExtKeyShare }

// Walk visits extension_data.
func (x *KeyShareRetry) Walk(c *wire.Codec) { wire.U16(c, "selected_group", &x.Group) }
