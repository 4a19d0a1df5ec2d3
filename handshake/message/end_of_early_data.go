package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// EndOfEarlyData ends a client's early data: its next record is under the
// handshake keys (RFC 9846 §4.6).
type EndOfEarlyData struct{}

// Kind returns KindEndOfEarlyData.
func (m *EndOfEarlyData) Kind() Kind { return KindEndOfEarlyData }

// Walk visits the message.
func (m *EndOfEarlyData) Walk(c *wire.Codec) {
	group, body := header(c, "end_of_early_data", iana.EndOfEarlyData, "RFC 9846 §4.6")
	footer(c, group, body)
}
