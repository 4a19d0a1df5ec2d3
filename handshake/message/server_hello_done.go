package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// ServerHelloDone ends the server's first flight (RFC 5246 §7.4.5).
type ServerHelloDone struct{}

// Kind returns KindServerHelloDone.
func (m *ServerHelloDone) Kind() Kind { return KindServerHelloDone }

// Walk visits the message.
func (m *ServerHelloDone) Walk(c *wire.Codec) {
	group, body := header(c, "server_hello_done", iana.ServerHelloDone, "RFC 5246 §7.4.5")
	footer(c, group, body)
}
