package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// SupportedVersions lists the versions a client offers, best first; beside it
// ClientHello.Version means nothing (RFC 9846 §4.3.1).
type SupportedVersions struct {
	Versions []iana.Version
}

// Type returns iana.ExtSupportedVersions.
func (x *SupportedVersions) Type() iana.ExtensionType { return iana.ExtSupportedVersions }

// Walk visits extension_data.
func (x *SupportedVersions) Walk(c *wire.Codec) {
	list := c.Length(1, "versions.length", 2)
	wire.Rest16(c, "version", &x.Versions)
	c.End(list)
}

// SelectedVersion is the answer to SupportedVersions in a ServerHello or
// HelloRetryRequest (RFC 9846 §4.3.1).
type SelectedVersion struct {
	Version iana.Version
}

// Type returns iana.ExtSupportedVersions.
func (x *SelectedVersion) Type() iana.ExtensionType { return iana.ExtSupportedVersions }

// Walk visits extension_data.
func (x *SelectedVersion) Walk(c *wire.Codec) { wire.U16(c, "selected_version", &x.Version) }

// Cookie is what a HelloRetryRequest wants back in the second ClientHello (RFC
// 9846 §4.3.2).
type Cookie struct {
	Cookie []byte
}

// Type returns iana.ExtCookie.
func (x *Cookie) Type() iana.ExtensionType { return iana.ExtCookie }

// Walk visits extension_data.
func (x *Cookie) Walk(c *wire.Codec) { c.Opaque(2, "cookie", &x.Cookie, 1) }

// PostHandshakeAuth says that the client may be asked for a certificate later
// (RFC 9846 §4.3.6).
type PostHandshakeAuth struct{}

// Type returns iana.ExtPostHandshakeAuth.
func (x *PostHandshakeAuth) Type() iana.ExtensionType { return iana.ExtPostHandshakeAuth }

// Walk visits extension_data, which is empty.
func (x *PostHandshakeAuth) Walk(*wire.Codec) {}
