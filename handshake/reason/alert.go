package reason

import "tlslab/handshake/iana"

// alerts is the one map from what happened to what the peer is told. Where a
// reason is detailed and its alert is not (every way a CBC record can be bad is
// bad_record_mac), that is on purpose: the difference would be an oracle
// (RFC 7457 §2.4, RFC 5246 §7.2.2).
var alerts = map[Reason]iana.AlertDescription{
	Truncated:          iana.DecodeError,
	TrailingBytes:      iana.DecodeError,
	BadLength:          iana.DecodeError,
	BadValue:           iana.IllegalParameter,
	DuplicateExtension: iana.IllegalParameter,
	MessageTooLong:     iana.DecodeError,

	UnexpectedMessage:    iana.UnexpectedMessage,
	UnexpectedRecord:     iana.UnexpectedMessage,
	InterleavedMessage:   iana.UnexpectedMessage,
	KeyChangeMidMessage:  iana.UnexpectedMessage,
	UnsolicitedExtension: iana.UnsupportedExtension,
	MissingExtension:     iana.MissingExtension,
	RenegotiationRefused: iana.NoRenegotiation,

	BadRecordVersion:     iana.ProtocolVersion,
	NotTLS:               iana.ProtocolVersion,
	RecordOverflow:       iana.RecordOverflow,
	BadRecordMAC:         iana.BadRecordMAC,
	DecompressionFailure: iana.DecompressionFailure,
	EmptyRecordFlood:     iana.UnexpectedMessage,
	WarningFlood:         iana.UnexpectedMessage,
	SequenceExhausted:    iana.InternalError,

	UnsupportedVersion:    iana.ProtocolVersion,
	DowngradeDetected:     iana.IllegalParameter,
	InappropriateFallback: iana.InappropriateFallback,
	NoCommonSuite:         iana.HandshakeFailure,
	NoCommonGroup:         iana.HandshakeFailure,
	NoCommonField:         iana.InsufficientSecurity, // RFC 7919 §4
	NoCommonScheme:        iana.HandshakeFailure,
	NoCommonCompression:   iana.IllegalParameter,
	NoCommonProtocol:      iana.NoApplicationProtocol,
	NotOffered:            iana.IllegalParameter,
	RenegotiationInfo:     iana.HandshakeFailure,
	EMSMismatch:           iana.HandshakeFailure,
	UnrecognizedName:      iana.UnrecognizedName,

	BadShare:     iana.IllegalParameter,
	BadDHShare:   iana.HandshakeFailure, // RFC 7919 §3, §4
	BadSignature: iana.DecryptError,
	BadBinder:    iana.DecryptError,
	BadFinished:  iana.DecryptError,
	WeakKey:      iana.InsufficientSecurity,

	CertificateMissing:        iana.HandshakeFailure,
	CertificateRequired:       iana.CertificateRequired,
	CertificateMalformed:      iana.BadCertificate,
	CertificateExpired:        iana.CertificateExpired,
	CertificateNotYetValid:    iana.CertificateExpired,
	CertificateWrongName:      iana.BadCertificate,
	CertificateRevoked:        iana.CertificateRevoked,
	CertificateUntrusted:      iana.UnknownCA,
	CertificateBadSignature:   iana.BadCertificate,
	CertificateUsage:          iana.UnsupportedCertificate,
	CertificateConstraint:     iana.BadCertificate,
	CertificateWrongKey:       iana.IllegalParameter,
	CertificateUnsupportedKey: iana.UnsupportedCertificate,
	CertificatePolicy:         iana.CertificateUnknown, // "some other (unspecified) issue" (RFC 9846 §6.2)
	CertificatePin:            iana.BadCertificate,     // RFC 7469 names no alert
	BadStatusResponse:         iana.BadCertificateStatusResponse,
	CertificateCompression:    iana.BadCertificate, // RFC 8879 §4

	AccessDenied: iana.AccessDenied,

	Internal: iana.InternalError,
	Misuse:   iana.InternalError, // the peer need not know what the caller did wrong
}
