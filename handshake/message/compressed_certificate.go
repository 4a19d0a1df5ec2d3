package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// CompressedCertificate is a Certificate13 made smaller (RFC 8879 §4). What is
// compressed is the body of that message, without its 4-byte header: the RFC does
// not say so, but that is what everybody sends.
type CompressedCertificate struct {
	Algorithm  iana.CertificateCompressionAlgorithm
	Length     uint32 // of the body, uncompressed, in bytes; less than 2^24
	Compressed []byte // never empty
}

// Kind returns KindCompressedCertificate.
func (m *CompressedCertificate) Kind() Kind { return KindCompressedCertificate }

// Walk visits the message.
func (m *CompressedCertificate) Walk(c *wire.Codec) {
	group, body := header(c, "compressed_certificate", iana.CompressedCertificate, "RFC 8879 §4")
	wire.U16(c, "algorithm", &m.Algorithm)
	wire.U24(c, "uncompressed_length", &m.Length)
	c.Opaque(3, "compressed_certificate_message", &m.Compressed, 1)
	footer(c, group, body)
}
