// Package certcompress makes a Certificate message shorter and long again
// (RFC 8879): zlib, brotli and zstd behind two functions.
//
// It is not the CompressedCertificate message (message), nor the choice of an
// algorithm (handshake), nor the compression of records, which TLS 1.3 gave up:
// a certificate is public and no attacker mixes guesses into it, so its compressed
// length tells nobody anything (RFC 8879 §5).
//
// It stands apart from suite and message because brotli and zstd are other people's
// modules, which the packages that have to do with bytes and ciphers do not need;
// handshake imports it.
//
// Read this file; how each algorithm is held to its bounds is in stream.go and zstd.go.
package certcompress

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// maxLength bounds, in bytes, what a compressed certificate may open to. It is the
// longest message that the engine takes uncompressed: compression must not let in
// what is refused without it. The wire would allow 16 MiB, and a zstd bomb makes
// that of less than a kilobyte.
const maxLength = 1 << 18

// method is one algorithm. decompress writes all of b's content to out and returns
// how many bytes that was; content for which out is too short is an error, and so
// is anything behind the content's end.
type method struct {
	algorithm  iana.CertificateCompressionAlgorithm
	compress   func(b []byte) ([]byte, error)
	decompress func(out, b []byte) (int, error)
}

// methods are in order of preference. A self-made chain of 2988 bytes came to 1999, 2035
// and 2075 in this order, so little is to be gained; zstd is the fastest both ways.
var methods = []method{
	{iana.CompressZstd, compressZstd, decompressZstd},
	{iana.CompressBrotli, compressBrotli, decompressBrotli},
	{iana.CompressZlib, compressZlib, decompressZlib},
}

// Algorithms returns what there is, most preferred first. The slice is the caller's.
func Algorithms() []iana.CertificateCompressionAlgorithm {
	out := make([]iana.CertificateCompressionAlgorithm, len(methods))
	for i, m := range methods {
		out[i] = m.algorithm
	}
	return out
}

// Compress returns b, a Certificate message without its header, compressed with
// alg: what goes into CompressedCertificate.compressed_certificate_message. zlib
// and brotli take half a millisecond and a megabyte for a usual chain; a server that
// sends the same one every time does well to keep the result. An algorithm that is not there is a
// *reason.Error with reason.Misuse, a failure of its library one with reason.Internal.
func Compress(alg iana.CertificateCompressionAlgorithm, b []byte) ([]byte, error) {
	m, ok := find(alg)
	if !ok {
		return nil, reason.Mistake(fieldAlgorithm, reason.Say("one of %v", Algorithms()), alg)
	}
	out, err := m.compress(b)
	if err != nil {
		return nil, reason.Fault(fieldMessage, err)
	}
	return out, nil
}

// Decompress opens b, which must yield exactly n bytes and end there. n is what the
// peer claims (uncompressed_length), and may be at most 1<<18. No more than n bytes
// are ever written, whatever b would expand to, so b cannot be a bomb.
//
// Every error is a *reason.Error: reason.CertificateCompression, whose alert is
// bad_certificate (RFC 8879 §4), or reason.NotOffered for an algorithm that is not
// there.
func Decompress(alg iana.CertificateCompressionAlgorithm, b []byte, n int) ([]byte, error) {
	m, ok := find(alg)
	if !ok {
		return nil, reason.New(reason.NotOffered, "RFC 8879 §4", fieldAlgorithm, reason.Say("one of %v", Algorithms()), alg)
	}
	if n < 1 || n > maxLength {
		return nil, reason.New(reason.CertificateCompression, "RFC 8879 §4", fieldLength, reason.Say("1 to %d bytes", maxLength), n)
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
	fieldAlgorithm = "compressed_certificate.algorithm"
	fieldLength    = "compressed_certificate.uncompressed_length"
	fieldMessage   = "compressed_certificate.compressed_certificate_message"
)

func find(alg iana.CertificateCompressionAlgorithm) (method, bool) {
	for _, m := range methods {
		if m.algorithm == alg {
			return m, true
		}
	}
	return method{}, false
}
