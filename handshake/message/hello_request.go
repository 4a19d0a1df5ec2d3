package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// HelloRequest asks the client to begin anew (RFC 5246 §7.4.1.1). It is no part
// of any transcript.
type HelloRequest struct{}

// Kind returns KindHelloRequest.
func (m *HelloRequest) Kind() Kind { return KindHelloRequest }

// Walk visits the message.
func (m *HelloRequest) Walk(c *wire.Codec) {
	group, body := header(c, "hello_request", iana.HelloRequest, "RFC 5246 §7.4.1.1")
	footer(c, group, body)
}
