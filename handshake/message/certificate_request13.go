package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// CertificateRequest13 asks the client for a certificate in TLS 1.3 (RFC 9846
// §4.4.2). What it may be is in the extensions; SignatureAlgorithms must be there.
type CertificateRequest13 struct {
	RequestContext []byte // what the answer repeats, 0 to 255 bytes; empty inside a handshake
	Extensions     Extensions
}

// Kind returns KindCertificateRequest.
func (m *CertificateRequest13) Kind() Kind { return KindCertificateRequest }

// Walk visits the message.
func (m *CertificateRequest13) Walk(c *wire.Codec) {
	group, body := header(c, "certificate_request", iana.CertificateRequest, "RFC 9846 §4.4.2")
	c.Opaque(1, "certificate_request_context", &m.RequestContext, 0)
	m.Extensions.walkRequired(c, KindCertificateRequest)
	footer(c, group, body)
}
