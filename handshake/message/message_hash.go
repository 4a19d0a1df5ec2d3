package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// MessageHash stands in the transcript for the first ClientHello once a
// HelloRetryRequest came (RFC 9846 §4.1): a server can then forget that hello and
// keep its hash in a cookie. It is never sent, so New makes none and Parse
// refuses its type.
type MessageHash struct {
	Hash []byte // of the first ClientHello, as long as the suite's hash
}

// Kind returns KindMessageHash.
func (m *MessageHash) Kind() Kind { return KindMessageHash }

// Walk visits the message.
func (m *MessageHash) Walk(c *wire.Codec) {
	group, body := header(c, "message_hash", iana.MessageHash, "RFC 9846 §4.1")
	c.Rest("hash", &m.Hash)
	footer(c, group, body)
}
