package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// NewSessionTicket12 hands the client the server's own state to keep (RFC 5077 §3.3).
type NewSessionTicket12 struct {
	Lifetime uint32 // a hint, in seconds; 0 says nothing
	Ticket   []byte // opaque to the client; empty if the server changed its mind
}

// Kind returns KindNewSessionTicket.
func (m *NewSessionTicket12) Kind() Kind { return KindNewSessionTicket }

// Walk visits the message.
func (m *NewSessionTicket12) Walk(c *wire.Codec) {
	group, body := header(c, "new_session_ticket", iana.NewSessionTicket, "RFC 5077 §3.3")
	wire.U32(c, "ticket_lifetime_hint", &m.Lifetime)
	c.Opaque(2, "ticket", &m.Ticket, 0)
	footer(c, group, body)
}
