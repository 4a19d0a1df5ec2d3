package message

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/wire"
)

// SupportedGroups lists the groups a client can use, best first (RFC 8422 §5.1.1,
// RFC 7919 §2, RFC 9846 §4.3.7). In EncryptedExtensions it is the server's own
// list, for the client's next connection.
type SupportedGroups struct {
	Groups []iana.Group
}

// Type returns iana.ExtSupportedGroups.
func (x *SupportedGroups) Type() iana.ExtensionType { return iana.ExtSupportedGroups }

// Walk visits extension_data.
func (x *SupportedGroups) Walk(c *wire.Codec) {
	list := c.Length(2, "named_group_list.length", 2)
	wire.Rest16(c, "group", &x.Groups)
	c.End(list)
}

// ECPointFormats lists the encodings of curve points a side can read (RFC 8422 §5.1.2).
type ECPointFormats struct {
	Formats []iana.ECPointFormat
}

// Type returns iana.ExtECPointFormats.
func (x *ECPointFormats) Type() iana.ExtensionType { return iana.ExtECPointFormats }

// Walk visits extension_data.
func (x *ECPointFormats) Walk(c *wire.Codec) {
	list := c.Length(1, "ec_point_format_list.length", 1)
	wire.Rest8(c, "format", &x.Formats)
	c.End(list)
}

// SignatureAlgorithms lists the schemes a side can verify, best first (RFC 5246
// §7.4.1.4.1, RFC 9846 §4.3.3).
type SignatureAlgorithms struct {
	Schemes []iana.SignatureScheme
}

// Type returns iana.ExtSignatureAlgorithms.
func (x *SignatureAlgorithms) Type() iana.ExtensionType { return iana.ExtSignatureAlgorithms }

// Walk visits extension_data.
func (x *SignatureAlgorithms) Walk(c *wire.Codec) { walkSchemes(c, &x.Schemes) }

// SignatureAlgorithmsCert is SignatureAlgorithms for the signatures inside
// certificates, where those differ (RFC 9846 §4.3.3).
type SignatureAlgorithmsCert struct {
	Schemes []iana.SignatureScheme
}

// Type returns iana.ExtSignatureAlgorithmsCert.
func (x *SignatureAlgorithmsCert) Type() iana.ExtensionType { return iana.ExtSignatureAlgorithmsCert }

// Walk visits extension_data.
func (x *SignatureAlgorithmsCert) Walk(c *wire.Codec) { walkSchemes(c, &x.Schemes) }

func walkSchemes(c *wire.Codec, schemes *[]iana.SignatureScheme) {
	list := c.Length(2, "supported_signature_algorithms.length", 2)
	wire.Rest16(c, "algorithm", schemes)
	c.End(list)
}

// CompressCertificate lists the algorithms that a certificate may be compressed
// with, best first (RFC 8879 §3).
type CompressCertificate struct {
	Algorithms []iana.CertificateCompressionAlgorithm
}

// Type returns iana.ExtCompressCertificate.
func (x *CompressCertificate) Type() iana.ExtensionType { return iana.ExtCompressCertificate }

// Walk visits extension_data.
func (x *CompressCertificate) Walk(c *wire.Codec) {
	list := c.Length(1, "algorithms.length", 2)
	wire.Rest16(c, "algorithm", &x.Algorithms)
	c.End(list)
}

// CertificateAuthorities lists the authorities a side trusts (RFC 9846 §4.3.4).
type CertificateAuthorities struct {
	Authorities [][]byte // distinguished names in DER
}

// Type returns iana.ExtCertificateAuthorities.
func (x *CertificateAuthorities) Type() iana.ExtensionType { return iana.ExtCertificateAuthorities }

// Walk visits extension_data.
func (x *CertificateAuthorities) Walk(c *wire.Codec) {
	list := c.Length(2, "authorities.length", 3)
	wire.RestOf(c, &x.Authorities, walkDistinguishedName)
	c.End(list)
}
