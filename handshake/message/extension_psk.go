package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// PSKKeyExchangeModes lists how a client would use a pre-shared key (RFC 9846
// §4.3.9).
type PSKKeyExchangeModes struct {
	Modes []iana.PSKKeyExchangeMode
}

// Type returns iana.ExtPSKKeyExchangeModes.
func (x *PSKKeyExchangeModes) Type() iana.ExtensionType { return iana.ExtPSKKeyExchangeModes }

// Walk visits extension_data.
func (x *PSKKeyExchangeModes) Walk(c *wire.Codec) {
	list := c.Length(1, "ke_modes.length", 1)
	wire.Rest8(c, "mode", &x.Modes)
	c.End(list)
}

// EarlyData says that application data follows the ClientHello; in
// EncryptedExtensions, that the server takes it (RFC 9846 §4.3.10).
type EarlyData struct{}

// Type returns iana.ExtEarlyData.
func (x *EarlyData) Type() iana.ExtensionType { return iana.ExtEarlyData }

// Walk visits extension_data, which is empty.
func (x *EarlyData) Walk(*wire.Codec) {}

// EarlyDataLimit says that early data may come with a ticket, and how much (RFC
// 9846 §4.3.10, §4.7.1).
type EarlyDataLimit struct {
	Max uint32 // bytes of application data, without padding
}

// Type returns iana.ExtEarlyData.
func (x *EarlyDataLimit) Type() iana.ExtensionType { return iana.ExtEarlyData }

// Walk visits extension_data.
func (x *EarlyDataLimit) Walk(c *wire.Codec) { wire.U32(c, "max_early_data_size", &x.Max) }

// PSKIdentity names a pre-shared key, such as by a ticket (RFC 9846 §4.3.11).
type PSKIdentity struct {
	Identity      []byte
	ObfuscatedAge uint32 // milliseconds since the ticket came, plus ticket_age_add, modulo 2^32
}

// PreSharedKeyClient offers pre-shared keys, and proves that the client has them:
// each binder is an HMAC over the ClientHello up to the binders (RFC 9846 §4.3.11).
type PreSharedKeyClient struct {
	Identities []PSKIdentity
	Binders    [][]byte // one per identity, 32 to 255 bytes each

	bindersOff int
}

// Type returns iana.ExtPreSharedKey.
func (x *PreSharedKeyClient) Type() iana.ExtensionType { return iana.ExtPreSharedKey }

// BindersOffset is where the binders' own length begins, in bytes from the start
// of the ClientHello's header: the binders cover what is before. It is known once
// the message has been read or marshalled.
func (x *PreSharedKeyClient) BindersOffset() int { return x.bindersOff }

// Walk visits extension_data.
func (x *PreSharedKeyClient) Walk(c *wire.Codec) {
	wire.List(c, 2, "identities", &x.Identities, 7, func(c *wire.Codec, p *PSKIdentity) {
		identity := c.Enter("psk_identity")
		c.Opaque(2, "identity", &p.Identity, 1)
		wire.U32(c, "obfuscated_ticket_age", &p.ObfuscatedAge)
		c.End(identity)
	})
	c.Mark(&x.bindersOff)
	wire.List(c, 2, "binders", &x.Binders, 33, func(c *wire.Codec, binder *[]byte) {
		c.Opaque(1, "binder", binder, 32)
	})
}

// PreSharedKeyServer is the answer: an index into the identities, from 0 (RFC
// 9846 §4.3.11).
type PreSharedKeyServer struct {
	Selected uint16
}

// Type returns iana.ExtPreSharedKey.
func (x *PreSharedKeyServer) Type() iana.ExtensionType { return iana.ExtPreSharedKey }

// Walk visits extension_data.
func (x *PreSharedKeyServer) Walk(c *wire.Codec) { wire.U16(c, "selected_identity", &x.Selected) }
