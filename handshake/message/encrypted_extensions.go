package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// EncryptedExtensions holds the server's answers that no key depends on. TLS 1.2 gives
// them in clear, in ServerHello (RFC 9846 §4.4.1).
type EncryptedExtensions struct {
	Extensions Extensions
}

// Kind returns KindEncryptedExtensions.
func (m *EncryptedExtensions) Kind() Kind { return KindEncryptedExtensions }

// Walk visits the message.
func (m *EncryptedExtensions) Walk(c *wire.Codec) {
	group, body := header(c, "encrypted_extensions", iana.EncryptedExtensions, "RFC 9846 §4.4.1")
	m.Extensions.walkRequired(c, KindEncryptedExtensions)
	footer(c, group, body)
}
