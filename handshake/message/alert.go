package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Alert is a record type of its own, too, and no move in any handshake (RFC 5246
// §7.2).
type Alert struct {
	Level       iana.AlertLevel
	Description iana.AlertDescription
}

// Walk visits the content of the record.
func (m *Alert) Walk(c *wire.Codec) {
	group := c.Enter("alert")
	c.Under("RFC 9846 §6")
	wire.U8(c, "level", &m.Level)
	wire.U8(c, "description", &m.Description)
	c.End(group)
}
