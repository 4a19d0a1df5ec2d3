// Package certcompress makes a Certificate message shorter and long again (RFC 8879):
// algorithms as rows, of which it has zlib. Brotli and zstd are in packages below, since they
// are other people's modules and large ones: whoever wants them puts them into
// Config.CertificateCompression.
//
// It has neither the CompressedCertificate message (message) nor the choice of an
// algorithm (handshake). It is not the compression of records, which TLS 1.3 gave up:
// no attacker mixes guesses into a certificate, so its compressed length does not say which
// guess was right (RFC 8879 §5).
//
// Read certcompress.go; how each algorithm is held to its bounds is in zlib.go and in the packages
// below.
package certcompress

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// MaxLength bounds, in bytes, what a compressed certificate may open to. It is the
// longest message that the engine takes uncompressed: compression must not let in
// what is refused without it. The wire would allow 16 MiB, and a zstd bomb makes
// that of less than a kilobyte.
const MaxLength = 1 << 18

// Method is one algorithm, as a row of Config.CertificateCompression.
type Method struct {
	algorithm  iana.CertificateCompressionAlgorithm
	compress   func(b []byte) ([]byte, error)
	decompress func(out, b []byte) (int, error)
}

// New makes a Method. decompress writes all of b's content to out and returns how many
// bytes that was; content for which out is too short is an error, and so is anything behind
// the content's end. It must set no more aside than a few megabytes, whatever b announces.
func New(a iana.CertificateCompressionAlgorithm, compress func(b []byte) ([]byte, error), decompress func(out, b []byte) (int, error)) *Method {
	return &Method{a, compress, decompress}
}

// Algorithm is its number on the wire.
func (m *Method) Algorithm() iana.CertificateCompressionAlgorithm { return m.algorithm }

// String is the algorithm's name, "zlib".
func (m *Method) String() string { return m.algorithm.String() }

// Algorithms are the methods' numbers, in their order.
func Algorithms(methods []*Method) []iana.CertificateCompressionAlgorithm {
	out := make([]iana.CertificateCompressionAlgorithm, len(methods))
	for i, m := range methods {
		out[i] = m.algorithm
	}
	return out
}

// Find is the method of a number, or nil.
func Find(methods []*Method, a iana.CertificateCompressionAlgorithm) *Method {
	for _, m := range methods {
		if m.algorithm == a {
			return m
		}
	}
	return nil
}

// Compress returns b, a Certificate message without its header, compressed: what goes into
// CompressedCertificate.compressed_certificate_message. zlib and brotli take half a
// millisecond and a megabyte for a usual chain; a server that sends the same one every time
// does well to keep the result. A failure of the library is a *reason.Error with
// reason.Internal.
func (m *Method) Compress(b []byte) ([]byte, error) {
	out, err := m.compress(b)
	if err != nil {
		return nil, reason.Fault(fieldMessage, err)
	}
	return out, nil
}

// Decompress opens b, which must yield exactly n bytes and end there. n is what the
// peer claims (uncompressed_length), and may be at most MaxLength. No more than n bytes
// are ever written, whatever b would expand to, so b cannot be a bomb.
//
// Every error is a *reason.Error with reason.CertificateCompression, whose alert is
// bad_certificate (RFC 8879 §4).
func (m *Method) Decompress(b []byte, n int) ([]byte, error) {
	if n < 1 || n > MaxLength {
		return nil, reason.New(reason.CertificateCompression, "RFC 8879 §4", fieldLength, reason.Say("1 to %d bytes", MaxLength), n)
	}
	out := make([]byte, n)
	got, err := m.decompress(out, b)
	if err != nil {
		return nil, reason.Wrap(reason.CertificateCompression, "RFC 8879 §4", fieldMessage, err)
	}
	if got != n {
		return nil, reason.New(reason.CertificateCompression, "RFC 8879 §4", fieldMessage, reason.Say("%d bytes, as its sender claims", n), got)
	}
	return out, nil
}

// The fields of CompressedCertificate that an error points at (RFC 8879 §4).
const (
	fieldLength  = "compressed_certificate.uncompressed_length"
	fieldMessage = "compressed_certificate.compressed_certificate_message"
)
