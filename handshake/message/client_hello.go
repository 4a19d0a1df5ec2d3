package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Random is the 32 bytes that each side contributes. The first four were once a
// clock (RFC 5246 §7.4.1.2); nobody may rely on that.
type Random [32]byte

// ClientHello opens every handshake (RFC 5246 §7.4.1.2, RFC 9846 §4.2.2). In TLS
// 1.3 Version and SessionID are there only for the sake of middleboxes; the
// versions offered are in the SupportedVersions extension.
type ClientHello struct {
	Version      iana.Version // client_version: the highest offered, at most TLS 1.2
	Random       Random
	SessionID    []byte // 0 to 32 bytes
	CipherSuites []iana.CipherSuite
	Compressions []iana.Compression
	Extensions   Extensions

	passOver []iana.ExtensionType // Context's
	quic     bool                 // Context's
}

// Kind returns KindClientHello.
func (m *ClientHello) Kind() Kind { return KindClientHello }

// Walk visits the message.
func (m *ClientHello) Walk(c *wire.Codec) {
	group, body := header(c, "client_hello", iana.ClientHello, "RFC 9846 §4.2.2")
	wire.U16(c, "client_version", &m.Version)
	c.Array("random", m.Random[:])
	c.OpaqueMax(1, "session_id", &m.SessionID, 0, 32)
	wire.List16(c, 2, "cipher_suites", "suite", &m.CipherSuites, 2)
	wire.List8(c, 1, "compression_methods", "method", &m.Compressions, 1)
	m.Extensions.passOver, m.Extensions.quic = m.passOver, m.quic
	m.Extensions.walk(c, KindClientHello)
	footer(c, group, body)
}
