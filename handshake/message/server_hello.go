package message

import (
	"crypto/sha256"

	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// HelloRetryRequestRandom is the random that turns a ServerHello into a
// HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 9846 §4.2.3). Do not change it.
var HelloRetryRequestRandom = Random(sha256.Sum256([]byte("HelloRetryRequest")))

// ServerHello answers a ClientHello (RFC 5246 §7.4.1.3, RFC 9846 §4.2.3). With
// HelloRetryRequestRandom it is a HelloRetryRequest, a message of its own kind
// and name (RFC 9846 §4.2.4).
type ServerHello struct {
	Version     iana.Version // server_version: the one chosen; TLS 1.3 writes TLS 1.2 here
	Random      Random
	SessionID   []byte // 0 to 32 bytes
	CipherSuite iana.CipherSuite
	Compression iana.Compression
	Extensions  Extensions
}

// Kind returns KindServerHello, or KindHelloRetryRequest if Random says so.
func (m *ServerHello) Kind() Kind {
	if m.Random == HelloRetryRequestRandom {
		return KindHelloRetryRequest
	}
	return KindServerHello
}

// rule is where the message is specified.
func (m *ServerHello) rule() string {
	if m.Kind() == KindHelloRetryRequest {
		return "RFC 9846 §4.2.4"
	}
	return "RFC 9846 §4.2.3"
}

// Walk visits the message.
func (m *ServerHello) Walk(c *wire.Codec) {
	const upToRandom = 1 + 3 + 2 // msg_type, length, server_version
	if ahead := c.Peek(upToRandom, len(m.Random)); ahead != nil {
		m.Random = Random(ahead) // it decides how the fields before it are called
	}
	group, body := header(c, m.Kind().String(), iana.ServerHello, m.rule())
	wire.U16(c, "server_version", &m.Version)
	c.Array("random", m.Random[:])
	c.OpaqueMax(1, "session_id", &m.SessionID, 0, 32)
	wire.U16(c, "cipher_suite", &m.CipherSuite)
	wire.U8(c, "compression_method", &m.Compression)
	m.Extensions.walk(c, m.Kind())
	footer(c, group, body)
}
