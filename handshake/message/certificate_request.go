package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// CertificateRequest12 asks the client for a certificate (RFC 5246 §7.4.4).
type CertificateRequest12 struct {
	Types       []iana.ClientCertificateType
	Schemes     []iana.SignatureScheme
	Authorities [][]byte // distinguished names in DER; empty: any
}

// Kind returns KindCertificateRequest.
func (m *CertificateRequest12) Kind() Kind { return KindCertificateRequest }

// Walk visits the message.
func (m *CertificateRequest12) Walk(c *wire.Codec) {
	group, body := header(c, "certificate_request", iana.CertificateRequest, "RFC 5246 §7.4.4")
	wire.List8(c, 1, "certificate_types", "type", &m.Types, 1)
	wire.List16(c, 2, "supported_signature_algorithms", "algorithm", &m.Schemes, 2)
	wire.List(c, 2, "certificate_authorities", &m.Authorities, 0, walkDistinguishedName)
	footer(c, group, body)
}

func walkDistinguishedName(c *wire.Codec, der *[]byte) { c.Opaque(2, "distinguished_name", der, 1) }
