package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// MaxFragmentLength asks for records of less plaintext, and agrees to it (RFC 6066 §4).
type MaxFragmentLength struct {
	Code iana.MaxFragmentLength
}

// Type returns iana.ExtMaxFragmentLength.
func (x *MaxFragmentLength) Type() iana.ExtensionType { return iana.ExtMaxFragmentLength }

// Walk visits extension_data.
func (x *MaxFragmentLength) Walk(c *wire.Codec) { wire.U8(c, "max_fragment_length", &x.Code) }

// RecordSizeLimit says how much plaintext its sender takes in one record (RFC 8449 §4).
type RecordSizeLimit struct {
	Limit uint16 // bytes; in TLS 1.3 it counts the content type and padding, too
}

// Type returns iana.ExtRecordSizeLimit.
func (x *RecordSizeLimit) Type() iana.ExtensionType { return iana.ExtRecordSizeLimit }

// Walk visits extension_data.
func (x *RecordSizeLimit) Walk(c *wire.Codec) { wire.U16(c, "record_size_limit", &x.Limit) }

// EncryptThenMAC asks for the order that CBC suites should have had, and agrees
// to it (RFC 7366).
type EncryptThenMAC struct{}

// Type returns iana.ExtEncryptThenMAC.
func (x *EncryptThenMAC) Type() iana.ExtensionType { return iana.ExtEncryptThenMAC }

// Walk visits extension_data, which is empty.
func (x *EncryptThenMAC) Walk(*wire.Codec) {}

// Padding makes a ClientHello longer, for implementations that do not bear some lengths
// (RFC 7685 §1).
type Padding struct {
	Data []byte // zeros
}

// Type returns iana.ExtPadding.
func (x *Padding) Type() iana.ExtensionType { return iana.ExtPadding }

// Walk visits extension_data.
func (x *Padding) Walk(c *wire.Codec) { c.Rest("padding", &x.Data) }
