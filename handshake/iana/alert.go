package iana

// AlertDescription is what an alert says (RFC 5246 §7.2).
type AlertDescription uint8

// The alerts of TLS 1.2 and 1.3, all that RFC 9846 §B.2 lists, and those of the registry
// beside them.
const (
	CloseNotify                  AlertDescription = 0
	UnexpectedMessage            AlertDescription = 10
	BadRecordMAC                 AlertDescription = 20
	DecryptionFailed             AlertDescription = 21
	RecordOverflow               AlertDescription = 22
	DecompressionFailure         AlertDescription = 30
	HandshakeFailure             AlertDescription = 40
	NoCertificate                AlertDescription = 41
	BadCertificate               AlertDescription = 42
	UnsupportedCertificate       AlertDescription = 43
	CertificateRevoked           AlertDescription = 44
	CertificateExpired           AlertDescription = 45
	CertificateUnknown           AlertDescription = 46
	IllegalParameter             AlertDescription = 47
	UnknownCA                    AlertDescription = 48
	AccessDenied                 AlertDescription = 49
	DecodeError                  AlertDescription = 50
	DecryptError                 AlertDescription = 51
	TooManyCIDsRequested         AlertDescription = 52 // RFC 9147
	ExportRestriction            AlertDescription = 60
	ProtocolVersion              AlertDescription = 70
	InsufficientSecurity         AlertDescription = 71
	InternalError                AlertDescription = 80
	InappropriateFallback        AlertDescription = 86
	UserCanceled                 AlertDescription = 90
	NoRenegotiation              AlertDescription = 100
	MissingExtension             AlertDescription = 109
	UnsupportedExtension         AlertDescription = 110
	CertificateUnobtainable      AlertDescription = 111
	UnrecognizedName             AlertDescription = 112
	BadCertificateStatusResponse AlertDescription = 113
	BadCertificateHashValue      AlertDescription = 114
	UnknownPSKIdentity           AlertDescription = 115
	CertificateRequired          AlertDescription = 116
	GeneralError                 AlertDescription = 117
	NoApplicationProtocol        AlertDescription = 120
	ECHRequired                  AlertDescription = 121 // RFC 9849
)

var alertNames = []string{
	CloseNotify: "close_notify", UnexpectedMessage: "unexpected_message", BadRecordMAC: "bad_record_mac",
	DecryptionFailed: "decryption_failed", RecordOverflow: "record_overflow", DecompressionFailure: "decompression_failure",
	HandshakeFailure: "handshake_failure", NoCertificate: "no_certificate", BadCertificate: "bad_certificate",
	UnsupportedCertificate: "unsupported_certificate", CertificateRevoked: "certificate_revoked",
	CertificateExpired: "certificate_expired", CertificateUnknown: "certificate_unknown",
	IllegalParameter: "illegal_parameter", UnknownCA: "unknown_ca", AccessDenied: "access_denied",
	DecodeError: "decode_error", DecryptError: "decrypt_error",
	TooManyCIDsRequested: "too_many_cids_requested", ExportRestriction: "export_restriction", ProtocolVersion: "protocol_version",
	InsufficientSecurity: "insufficient_security", InternalError: "internal_error",
	InappropriateFallback: "inappropriate_fallback", UserCanceled: "user_canceled", NoRenegotiation: "no_renegotiation",
	MissingExtension: "missing_extension", UnsupportedExtension: "unsupported_extension",
	CertificateUnobtainable: "certificate_unobtainable", UnrecognizedName: "unrecognized_name",
	BadCertificateStatusResponse: "bad_certificate_status_response", BadCertificateHashValue: "bad_certificate_hash_value",
	UnknownPSKIdentity: "unknown_psk_identity", CertificateRequired: "certificate_required", GeneralError: "general_error",
	NoApplicationProtocol: "no_application_protocol", ECHRequired: "ech_required",
}

// String returns the name in the RFC's notation, without the "_RESERVED" of those that are no longer
// sent, or the number in hex.
func (d AlertDescription) String() string { return name8(alertNames, d) }

// AlertLevel says whether an alert ends the connection (RFC 5246 §7.2).
type AlertLevel uint8

// The two levels.
const (
	Warning AlertLevel = 1
	Fatal   AlertLevel = 2
)

var levelNames = []string{Warning: "warning", Fatal: "fatal"}

// String returns "warning", "fatal", or the number in hex.
func (l AlertLevel) String() string { return name8(levelNames, l) }
