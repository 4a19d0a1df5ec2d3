package iana

// ContentType says what a record carries (RFC 5246 §6.2.1).
type ContentType uint8

// The content types of TLS.
const (
	ChangeCipherSpec ContentType = 20
	Alert            ContentType = 21
	Handshake        ContentType = 22
	ApplicationData  ContentType = 23
)

var contentNames = []string{
	ChangeCipherSpec: "change_cipher_spec", Alert: "alert", Handshake: "handshake", ApplicationData: "application_data",
}

// String returns the name in the RFC's notation, or the number in hex.
func (t ContentType) String() string { return name8(contentNames, t) }

// Compression is a CompressionMethod (RFC 3749).
type Compression uint8

// The compression methods. Null is the only one in use: compressing before
// encrypting leaks the plaintext through the record's length (CRIME).
const (
	CompressionNull    Compression = 0
	CompressionDEFLATE Compression = 1
)

var compressionNames = []string{CompressionNull: "null", CompressionDEFLATE: "deflate"}

// String returns the registry's name, or the number in hex.
func (c Compression) String() string { return name8(compressionNames, c) }
