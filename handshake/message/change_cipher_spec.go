package message

import "tlslab/handshake/wire"

// ChangeCipherSpec says that the sender's next record is under the new keys (RFC
// 5246 §7.1). It is a record type of its own: no handshake header, one byte, 1.
type ChangeCipherSpec struct{}

// Kind returns KindChangeCipherSpec.
func (m *ChangeCipherSpec) Kind() Kind { return KindChangeCipherSpec }

// Walk visits the content of the record.
func (m *ChangeCipherSpec) Walk(c *wire.Codec) {
	group := c.Enter("change_cipher_spec")
	c.Under("RFC 5246 §7.1")
	wire.Const8[uint8](c, "type", 1)
	c.End(group)
}
