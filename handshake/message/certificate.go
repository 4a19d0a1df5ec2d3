package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Certificate12 is a chain of certificates, the sender's own first (RFC 5246
// §7.4.2). A client without one sends an empty list.
type Certificate12 struct {
	Certificates [][]byte // DER, unparsed
}

// Kind returns KindCertificate.
func (m *Certificate12) Kind() Kind { return KindCertificate }

// Walk visits the message.
func (m *Certificate12) Walk(c *wire.Codec) {
	group, body := header(c, "certificate", iana.Certificate, "RFC 5246 §7.4.2")
	wire.List(c, 3, "certificate_list", &m.Certificates, 0, func(c *wire.Codec, der *[]byte) {
		c.Opaque(3, "certificate", der, 1)
	})
	footer(c, group, body)
}
