package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// SessionTicket offers a ticket, or asks for one if it is empty; an empty one in
// a ServerHello promises one (RFC 5077 §3.2). The ticket has no length of its own.
type SessionTicket struct {
	Ticket []byte
}

// Type returns iana.ExtSessionTicket.
func (x *SessionTicket) Type() iana.ExtensionType { return iana.ExtSessionTicket }

// Walk visits extension_data.
func (x *SessionTicket) Walk(c *wire.Codec) { c.Rest("ticket", &x.Ticket) }

// ExtendedMasterSecret asks for a master secret bound to the whole handshake, and
// agrees to it (RFC 7627 §5.1).
type ExtendedMasterSecret struct{}

// Type returns iana.ExtExtendedMasterSecret.
func (x *ExtendedMasterSecret) Type() iana.ExtensionType { return iana.ExtExtendedMasterSecret }

// Walk visits extension_data, which is empty.
func (x *ExtendedMasterSecret) Walk(*wire.Codec) {}

// RenegotiationInfo binds a handshake to the one it renegotiates, if any (RFC
// 5746 §3.2).
type RenegotiationInfo struct {
	// RenegotiatedConnection is empty in a first handshake; then the verify_data
	// of the previous one: the client's from a client, the client's and the
	// server's from a server.
	RenegotiatedConnection []byte
}

// Type returns iana.ExtRenegotiationInfo.
func (x *RenegotiationInfo) Type() iana.ExtensionType { return iana.ExtRenegotiationInfo }

// Walk visits extension_data.
func (x *RenegotiationInfo) Walk(c *wire.Codec) {
	c.Opaque(1, "renegotiated_connection", &x.RenegotiatedConnection, 0)
}
