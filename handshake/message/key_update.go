package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// KeyUpdate says that the sender's next record is under its next traffic secret
// (RFC 9846 §4.7.3). Reading a request that is neither 0 nor 1 is BadValue.
type KeyUpdate struct {
	RequestUpdate iana.KeyUpdateRequest
}

// Kind returns KindKeyUpdate.
func (m *KeyUpdate) Kind() Kind { return KindKeyUpdate }

// Walk visits the message.
func (m *KeyUpdate) Walk(c *wire.Codec) {
	group, body := header(c, "key_update", iana.KeyUpdate, "RFC 9846 §4.7.3")
	wire.U8(c, "request_update", &m.RequestUpdate)
	if !c.Writing() && m.RequestUpdate > iana.UpdateRequested {
		c.Fail(reason.BadValue, "request_update", reason.Say("0 or 1"), m.RequestUpdate)
	}
	footer(c, group, body)
}
