package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Certificate13 is a chain of certificates in TLS 1.3, the sender's own first, and
// what is said of each (RFC 9846 §4.5.1). A client without one sends no entries.
type Certificate13 struct {
	RequestContext []byte // the CertificateRequest13's, 0 to 255 bytes; empty from a server
	Entries        []CertificateEntry
}

// CertificateEntry is one certificate, and extensions that speak of it, such as
// its status.
type CertificateEntry struct {
	Cert       []byte // X.509 in DER, unparsed; raw public keys (RFC 7250) look the same here
	Extensions Extensions
}

// Kind returns KindCertificate.
func (m *Certificate13) Kind() Kind { return KindCertificate }

// Walk visits the message.
func (m *Certificate13) Walk(c *wire.Codec) {
	group, body := header(c, "certificate", iana.Certificate, "RFC 9846 §4.5.1")
	c.Opaque(1, "certificate_request_context", &m.RequestContext, 0)
	wire.List(c, 3, "certificate_list", &m.Entries, 0, func(c *wire.Codec, e *CertificateEntry) {
		entry := c.Enter("certificate_entry")
		c.Opaque(3, "cert_data", &e.Cert, 1)
		e.Extensions.walkRequired(c, KindCertificate)
		c.End(entry)
	})
	footer(c, group, body)
}
