package message

import (
	"errors"
	"strings"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Where structures are specified, for errors (wire.Codec.Under). A message says it in its
// Walk, an extension here.

// extensionRule is where extension_data of type t is specified.
func extensionRule(t iana.ExtensionType) string {
	switch t {
	case iana.ExtServerName:
		return "RFC 6066 §3"
	case iana.ExtMaxFragmentLength:
		return "RFC 6066 §4"
	case iana.ExtStatusRequest:
		return "RFC 6066 §8"
	case iana.ExtSupportedGroups:
		return "RFC 9846 §4.3.7"
	case iana.ExtECPointFormats:
		return "RFC 8422 §5.1.2"
	case iana.ExtSignatureAlgorithms, iana.ExtSignatureAlgorithmsCert:
		return "RFC 9846 §4.3.3"
	case iana.ExtALPN:
		return "RFC 7301 §3.1"
	case iana.ExtSignedCertTimestamp:
		return "RFC 6962 §3.3.1"
	case iana.ExtQUICTransportParameters:
		return "RFC 9001 §8.2"
	case iana.ExtPadding:
		return "RFC 7685 §3"
	case iana.ExtEncryptThenMAC:
		return "RFC 7366 §2"
	case iana.ExtExtendedMasterSecret:
		return "RFC 7627 §5.1"
	case iana.ExtCompressCertificate:
		return "RFC 8879 §3"
	case iana.ExtRecordSizeLimit:
		return "RFC 8449 §4"
	case iana.ExtSessionTicket:
		return "RFC 5077 §3.2"
	case iana.ExtPreSharedKey:
		return "RFC 9846 §4.3.11"
	case iana.ExtEarlyData:
		return "RFC 9846 §4.3.10"
	case iana.ExtSupportedVersions:
		return "RFC 9846 §4.3.1"
	case iana.ExtCookie:
		return "RFC 9846 §4.3.2"
	case iana.ExtPSKKeyExchangeModes:
		return "RFC 9846 §4.3.9"
	case iana.ExtCertificateAuthorities:
		return "RFC 9846 §4.3.4"
	case iana.ExtOIDFilters:
		return "RFC 9846 §4.3.5"
	case iana.ExtPostHandshakeAuth:
		return "RFC 9846 §4.3.6"
	case iana.ExtKeyShare:
		return "RFC 9846 §4.3.8"
	case iana.ExtRenegotiationInfo:
		return "RFC 5746 §3.2"
	}
	return "RFC 9846 §4.3"
}

// in12 is where TLS 1.2 specifies what both versions have: each walk names TLS 1.3's place.
var in12 = map[string]string{
	"RFC 9846 §4.2.2": "RFC 5246 §7.4.1.2",   // ClientHello
	"RFC 9846 §4.2.3": "RFC 5246 §7.4.1.3",   // ServerHello
	"RFC 9846 §4.3":   "RFC 5246 §7.4.1.4",   // extensions
	"RFC 9846 §4.3.3": "RFC 5246 §7.4.1.4.1", // signature_algorithms
	"RFC 9846 §4.3.7": "RFC 8422 §5.1.1",     // supported_groups
	"RFC 9846 §4.5.2": "RFC 5246 §7.4.8",     // CertificateVerify
	"RFC 9846 §4.5.3": "RFC 5246 §7.4.9",     // Finished
	"RFC 9846 §6":     "RFC 5246 §7.2",       // Alert
}

// Under changes the section that err names, in a structure that both versions have, to that of
// TLS 1.2 if v is TLS 1.2. err is what wire.Parse returned.
func Under(v iana.Version, err error) error {
	var e *reason.Error
	if errors.As(err, &e) {
		e.Ref = RefIn(v, e.Ref, e.Field)
	}
	return err
}

// RefIn is where v specifies what a walk found under ref, "RFC 9846 §4.5.3", in a field of
// that dotted path: if v is TLS 1.2 and has a place of its own for it, that place; else ref.
func RefIn(v iana.Version, ref, field string) string {
	// signature_algorithms_cert came with TLS 1.3, for both versions.
	if old, ok := in12[ref]; ok && v == iana.TLS12 && !strings.Contains(field, iana.ExtSignatureAlgorithmsCert.String()) {
		return old
	}
	return ref
}

// rule is the place for the version of c.
func (c Context) rule(tls13, tls12 string) string {
	if c.Version == iana.TLS12 {
		return tls12
	}
	return tls13
}
