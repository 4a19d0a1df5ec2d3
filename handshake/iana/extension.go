package iana

// ExtensionType numbers hello and certificate extensions (RFC 6066, RFC 9846 §4.3).
type ExtensionType uint16

// The extensions that tlslab reads, writes or meets often.
const (
	ExtServerName              ExtensionType = 0
	ExtMaxFragmentLength       ExtensionType = 1
	ExtStatusRequest           ExtensionType = 5
	ExtSupportedGroups         ExtensionType = 10
	ExtECPointFormats          ExtensionType = 11
	ExtSignatureAlgorithms     ExtensionType = 13
	ExtUseSRTP                 ExtensionType = 14
	ExtHeartbeat               ExtensionType = 15
	ExtALPN                    ExtensionType = 16
	ExtStatusRequestV2         ExtensionType = 17
	ExtSignedCertTimestamp     ExtensionType = 18
	ExtClientCertificateType   ExtensionType = 19
	ExtServerCertificateType   ExtensionType = 20
	ExtPadding                 ExtensionType = 21
	ExtEncryptThenMAC          ExtensionType = 22
	ExtExtendedMasterSecret    ExtensionType = 23
	ExtTokenBinding            ExtensionType = 24
	ExtCachedInfo              ExtensionType = 25
	ExtCompressCertificate     ExtensionType = 27
	ExtRecordSizeLimit         ExtensionType = 28
	ExtDelegatedCredential     ExtensionType = 34
	ExtSessionTicket           ExtensionType = 35
	ExtSupportedEKTCiphers     ExtensionType = 39
	ExtPreSharedKey            ExtensionType = 41
	ExtEarlyData               ExtensionType = 42
	ExtSupportedVersions       ExtensionType = 43
	ExtCookie                  ExtensionType = 44
	ExtPSKKeyExchangeModes     ExtensionType = 45
	ExtCertificateAuthorities  ExtensionType = 47
	ExtOIDFilters              ExtensionType = 48
	ExtPostHandshakeAuth       ExtensionType = 49
	ExtSignatureAlgorithmsCert ExtensionType = 50
	ExtKeyShare                ExtensionType = 51
	ExtTransparencyInfo        ExtensionType = 52
	ExtExternalIDHash          ExtensionType = 55
	ExtExternalSessionID       ExtensionType = 56
	ExtQUICTransportParameters ExtensionType = 57
	ExtTicketRequest           ExtensionType = 58
	ExtNextProtoNeg            ExtensionType = 13172
	ExtApplicationSettings     ExtensionType = 17613
	ExtECHOuterExtensions      ExtensionType = 64768
	ExtEncryptedClientHello    ExtensionType = 65037
	ExtRenegotiationInfo       ExtensionType = 65281
)

// commonExtensions are nearly all, by their number: every walk over a hello asks, for the sake of an
// error that hardly ever comes.
var commonExtensions = []string{
	ExtServerName: "server_name", ExtMaxFragmentLength: "max_fragment_length", ExtStatusRequest: "status_request",
	ExtSupportedGroups: "supported_groups", ExtECPointFormats: "ec_point_formats",
	ExtSignatureAlgorithms: "signature_algorithms", ExtUseSRTP: "use_srtp", ExtHeartbeat: "heartbeat",
	ExtALPN: "application_layer_protocol_negotiation", ExtStatusRequestV2: "status_request_v2",
	ExtSignedCertTimestamp: "signed_certificate_timestamp", ExtClientCertificateType: "client_certificate_type",
	ExtServerCertificateType: "server_certificate_type", ExtPadding: "padding", ExtEncryptThenMAC: "encrypt_then_mac",
	ExtExtendedMasterSecret: "extended_master_secret", ExtTokenBinding: "token_binding", ExtCachedInfo: "cached_info",
	ExtCompressCertificate: "compress_certificate", ExtRecordSizeLimit: "record_size_limit",
	ExtDelegatedCredential: "delegated_credential", ExtSessionTicket: "session_ticket",
	ExtSupportedEKTCiphers: "supported_ekt_ciphers", ExtPreSharedKey: "pre_shared_key", ExtEarlyData: "early_data",
	ExtSupportedVersions: "supported_versions", ExtCookie: "cookie", ExtPSKKeyExchangeModes: "psk_key_exchange_modes",
	ExtCertificateAuthorities: "certificate_authorities", ExtOIDFilters: "oid_filters",
	ExtPostHandshakeAuth: "post_handshake_auth", ExtSignatureAlgorithmsCert: "signature_algorithms_cert",
	ExtKeyShare: "key_share", ExtTransparencyInfo: "transparency_info", ExtExternalIDHash: "external_id_hash",
	ExtExternalSessionID: "external_session_id", ExtQUICTransportParameters: "quic_transport_parameters",
	ExtTicketRequest: "ticket_request",
}

var otherExtensions = numbers[ExtensionType]{
	{ExtNextProtoNeg, "next_protocol_negotiation"}, {ExtApplicationSettings, "application_settings"},
	{ExtECHOuterExtensions, "ech_outer_extensions"}, {ExtEncryptedClientHello, "encrypted_client_hello"},
	{ExtRenegotiationInfo, "renegotiation_info"},
}

// String returns the registry's name, or the number in hex. It has extended_master_secret by the
// name of RFC 7627, whose TLS 1.2 has a master secret: RFC 9846 §11.1 has it renamed to
// extended_main_secret.
func (t ExtensionType) String() string {
	if int(t) < len(commonExtensions) && commonExtensions[t] != "" {
		return commonExtensions[t]
	}
	return name16(otherExtensions, t)
}

// The small registries that live inside one extension or message each.
type (
	// NameType is the kind of name in server_name (RFC 6066 §3).
	NameType uint8
	// CertificateStatusType is the kind of status in status_request (RFC 6066 §8).
	CertificateStatusType uint8
	// ECPointFormat is the encoding of a curve point (RFC 8422 §5.1.2).
	ECPointFormat uint8
	// ECCurveType says how ServerKeyExchange names its curve (RFC 8422 §5.4).
	ECCurveType uint8
	// ClientCertificateType is what a CertificateRequest asks for (RFC 5246 §7.4.4).
	ClientCertificateType uint8
	// CertificateCompressionAlgorithm is how a CompressedCertificate was compressed (RFC
	// 8879 §7.3). It has nothing to do with Compression, which is about records.
	CertificateCompressionAlgorithm uint16
	// PSKKeyExchangeMode is how a pre-shared key is used (RFC 9846 §4.3.9).
	PSKKeyExchangeMode uint8
	// MaxFragmentLength is the code for 2^(8+n) bytes, n in 1…4 (RFC 6066 §4).
	MaxFragmentLength uint8
)

// Their values.
const (
	HostName     NameType              = 0
	StatusOCSP   CertificateStatusType = 1
	Uncompressed ECPointFormat         = 0
	NamedCurve   ECCurveType           = 3

	CertRSASign   ClientCertificateType = 1
	CertDSSSign   ClientCertificateType = 2
	CertECDSASign ClientCertificateType = 64

	CompressZlib   CertificateCompressionAlgorithm = 1
	CompressBrotli CertificateCompressionAlgorithm = 2
	CompressZstd   CertificateCompressionAlgorithm = 3

	PSKOnly    PSKKeyExchangeMode = 0 // psk_ke: no forward secrecy
	PSKWithDHE PSKKeyExchangeMode = 1 // psk_dhe_ke: beside a key share
)

// String returns the registry's name, or the number in hex.
func (t NameType) String() string { return name8([]string{HostName: "host_name"}, t) }

// String returns the registry's name, or the number in hex.
func (t CertificateStatusType) String() string {
	return name8([]string{StatusOCSP: "ocsp"}, t)
}

// String returns the registry's name, or the number in hex.
func (f ECPointFormat) String() string {
	return name8([]string{
		Uncompressed: "uncompressed", 1: "ansiX962_compressed_prime", 2: "ansiX962_compressed_char2"}, f)
}

// String returns the registry's name, or the number in hex.
func (t ECCurveType) String() string {
	return name8([]string{1: "explicit_prime", 2: "explicit_char2", NamedCurve: "named_curve"}, t)
}

// certificateTypes is made once: the list is as long as the greatest number.
var certificateTypes = []string{CertRSASign: "rsa_sign", CertDSSSign: "dss_sign", CertECDSASign: "ecdsa_sign"}

// String returns the registry's name, or the number in hex.
func (t ClientCertificateType) String() string {
	return name8(certificateTypes, t)
}

// String returns the registry's name, or the number in hex.
func (a CertificateCompressionAlgorithm) String() string {
	return name16(numbers[CertificateCompressionAlgorithm]{{CompressZlib, "zlib"}, {CompressBrotli, "brotli"}, {CompressZstd, "zstd"}}, a)
}

// String returns the registry's name, or the number in hex.
func (m PSKKeyExchangeMode) String() string {
	return name8([]string{PSKOnly: "psk_ke", PSKWithDHE: "psk_dhe_ke"}, m)
}

// Bytes is the plaintext limit that the code stands for, or 0 for an unknown code.
func (m MaxFragmentLength) Bytes() int {
	if m < 1 || m > 4 {
		return 0
	}
	return 1 << (8 + m)
}

// String returns the limit in bytes, "2^9", or the number in hex.
func (m MaxFragmentLength) String() string {
	return name8([]string{1: "2^9", 2: "2^10", 3: "2^11", 4: "2^12"}, m)
}
