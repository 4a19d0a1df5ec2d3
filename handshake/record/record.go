// Package record is the TLS record layer (RFC 5246 §6.2): a Writer fragments,
// compresses, protects and frames; a Reader takes a byte stream apart again. Each
// counts its sequence numbers and its epochs, one per change of keys.
//
// It does no I/O and keeps no buffers: bytes are appended to the caller's slice
// and opened in the caller's slice, so an idle connection costs two small
// structs. It does not put handshake messages back together, nor does it decide
// which record may come when: handshake does both. How a record is protected is
// suite's business.
//
// Read this file, then writer.go; reader.go is the same backwards, with the
// refusals.
package record

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// Limits of RFC 5246 §6.2, in bytes.
const (
	HeaderLen     = suite.HeaderLen
	MaxPlaintext  = 1 << 14             // TLSPlaintext.fragment
	MaxCompressed = MaxPlaintext + 1024 // TLSCompressed.fragment
	MaxCiphertext = MaxPlaintext + 2048 // TLSCiphertext.fragment
)

// Record is one record, on its way out or in.
type Record struct {
	Type      iana.ContentType
	Version   iana.Version // the header's
	Epoch     int          // changes of keys before this record, in its direction
	Seq       uint64       // records before it in its epoch
	Protected bool         // whether keys were in use

	// Payload is TLSPlaintext.fragment. Unless the record was noted it lies in
	// the caller's memory, and lives no longer than that.
	Payload []byte

	// Wire and Steps are there only if the record was noted: the record as on
	// the wire, and the values between it and Payload. They and a noted Payload
	// are the record's own.
	Wire  []byte
	Steps []suite.Step
}

// Compressor is a compression method at work in one direction. Its history may
// span records.
type Compressor interface {
	Method() iana.Compression
	// Compress appends the compressed form of one fragment to dst.
	Compress(dst, src []byte) ([]byte, error)
	// Decompress appends the plain form of one fragment to dst. More than limit
	// bytes, and whatever cannot be decompressed, is reason.DecompressionFailure.
	Decompress(dst, src []byte, limit int) ([]byte, error)
}
