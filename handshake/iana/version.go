package iana

// Version is a ProtocolVersion (RFC 5246 §6.2.1).
type Version uint16

// The versions of SSL and TLS. tlslab speaks only TLS 1.2 and later; the others
// are named so that a peer asking for them can be answered in words.
const (
	SSL30 Version = 0x0300
	TLS10 Version = 0x0301
	TLS11 Version = 0x0302
	TLS12 Version = 0x0303
	TLS13 Version = 0x0304
)

var versionNames = numbers[Version]{
	{SSL30, "SSL 3.0"}, {TLS10, "TLS 1.0"}, {TLS11, "TLS 1.1"}, {TLS12, "TLS 1.2"}, {TLS13, "TLS 1.3"},
}

// String returns the usual name, "TLS 1.2", or the number in hex.
func (v Version) String() string { return name16(versionNames, v) }
