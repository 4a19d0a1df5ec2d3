// Package record is the TLS record layer (RFC 5246 §6.2, RFC 9846 §5): a Writer
// fragments, compresses, protects and frames; a Reader takes a byte stream apart
// again. Each counts its sequence numbers and its epochs, one per change of keys.
//
// Both begin as any version and become TLS 1.3's by SetVersion. Then a header says
// 0x0303 and, once there are keys, application_data, whatever is inside; limits
// count the inner plaintext; and what may still come in clear is in reader13.go.
//
// It does no I/O and keeps no buffers: bytes are appended to the caller's slice
// and opened in the caller's slice, so an idle connection costs two small
// structs. It does not put handshake messages back together, nor does it decide
// which record may come when: handshake does both. How a record is protected is
// suite's business.
//
// Read record.go, then writer.go; reader.go is the same backwards, with the
// refusals.
package record

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/suite"
)

// Limits of RFC 5246 §6.2 and of RFC 9846 §5, in bytes.
const (
	HeaderLen       = suite.HeaderLen
	MaxPlaintext    = 1 << 14             // TLSPlaintext.fragment
	MaxCompressed   = MaxPlaintext + 1024 // TLSCompressed.fragment
	MaxCiphertext   = MaxPlaintext + 2048 // TLSCiphertext.fragment
	MaxInner        = suite.MaxInner      // TLS 1.3: TLSInnerPlaintext
	MaxCiphertext13 = MaxPlaintext + 256  // TLS 1.3: TLSCiphertext.encrypted_record
)

// Record is one record, on its way out or in.
type Record struct {
	Type      iana.ContentType // in TLS 1.3 the inner one, where there is one
	Version   iana.Version     // the header's
	Epoch     int              // changes of keys before this record, in its direction
	Seq       uint64           // records before it in its epoch
	Dropped   bool             // early data that was not accepted: Payload is as on the wire
	Protected bool             // whether keys were in use for it

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
