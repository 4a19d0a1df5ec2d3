package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// Signature is a digitally-signed struct: the scheme, then the signature (RFC 5246 §4.7).
type Signature struct {
	Scheme iana.SignatureScheme
	Bytes  []byte
}

func (s *Signature) walk(c *wire.Codec) {
	wire.U16(c, "algorithm", &s.Scheme)
	c.Opaque(2, "signature", &s.Bytes, 0)
}

// CertificateVerify proves that the sender holds its certificate's private key: a
// signature over the handshake so far (RFC 5246 §7.4.8, RFC 9846 §4.5.2).
type CertificateVerify struct {
	Signature Signature
}

// Kind returns KindCertificateVerify.
func (m *CertificateVerify) Kind() Kind { return KindCertificateVerify }

// Walk visits the message.
func (m *CertificateVerify) Walk(c *wire.Codec) {
	group, body := header(c, "certificate_verify", iana.CertificateVerify, "RFC 9846 §4.5.2")
	m.Signature.walk(c)
	footer(c, group, body)
}
