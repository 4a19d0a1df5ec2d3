package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// NewSessionTicket13 names a pre-shared key for later connections (RFC 9846
// §4.7.1). The key itself is not in it: both sides derive it from the resumption
// secret and Nonce.
type NewSessionTicket13 struct {
	Lifetime   uint32 // seconds, at most 604,800; 0 means discard it at once
	AgeAdd     uint32 // milliseconds that the client adds to the ticket's age, to hide it
	Nonce      []byte // 0 to 255 bytes; another one in every ticket of a connection
	Ticket     []byte // opaque to the client, never empty
	Extensions Extensions
}

// Kind returns KindNewSessionTicket.
func (m *NewSessionTicket13) Kind() Kind { return KindNewSessionTicket }

// Walk visits the message.
func (m *NewSessionTicket13) Walk(c *wire.Codec) {
	group, body := header(c, "new_session_ticket", iana.NewSessionTicket, "RFC 9846 §4.7.1")
	wire.U32(c, "ticket_lifetime", &m.Lifetime)
	wire.U32(c, "ticket_age_add", &m.AgeAdd)
	c.Opaque(1, "ticket_nonce", &m.Nonce, 0)
	c.Opaque(2, "ticket", &m.Ticket, 1)
	m.Extensions.walkRequired(c, KindNewSessionTicket)
	footer(c, group, body)
}
