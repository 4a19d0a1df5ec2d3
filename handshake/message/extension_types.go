package message

import (
	"slices"

	"tlslab/handshake/iana"
)

// slot is a type of extension in a kind of message.
type slot struct {
	in Kind
	t  iana.ExtensionType
}

// extensionTypes says which Go type reads what. A new extension is one line per
// message that may hold it.
var extensionTypes = map[slot]func() Extension{
	{KindClientHello, iana.ExtServerName}:              fresh[ServerName],
	{KindClientHello, iana.ExtMaxFragmentLength}:       fresh[MaxFragmentLength],
	{KindClientHello, iana.ExtStatusRequest}:           fresh[StatusRequest],
	{KindClientHello, iana.ExtSupportedGroups}:         fresh[SupportedGroups],
	{KindClientHello, iana.ExtECPointFormats}:          fresh[ECPointFormats],
	{KindClientHello, iana.ExtSignatureAlgorithms}:     fresh[SignatureAlgorithms],
	{KindClientHello, iana.ExtALPN}:                    fresh[ALPN],
	{KindClientHello, iana.ExtSignedCertTimestamp}:     fresh[SignedCertTimestamp],
	{KindClientHello, iana.ExtPadding}:                 fresh[Padding],
	{KindClientHello, iana.ExtEncryptThenMAC}:          fresh[EncryptThenMAC],
	{KindClientHello, iana.ExtExtendedMasterSecret}:    fresh[ExtendedMasterSecret],
	{KindClientHello, iana.ExtCompressCertificate}:     fresh[CompressCertificate],
	{KindClientHello, iana.ExtRecordSizeLimit}:         fresh[RecordSizeLimit],
	{KindClientHello, iana.ExtSessionTicket}:           fresh[SessionTicket],
	{KindClientHello, iana.ExtPreSharedKey}:            fresh[PreSharedKeyClient],
	{KindClientHello, iana.ExtEarlyData}:               fresh[EarlyData],
	{KindClientHello, iana.ExtSupportedVersions}:       fresh[SupportedVersions],
	{KindClientHello, iana.ExtCookie}:                  fresh[Cookie],
	{KindClientHello, iana.ExtPSKKeyExchangeModes}:     fresh[PSKKeyExchangeModes],
	{KindClientHello, iana.ExtCertificateAuthorities}:  fresh[CertificateAuthorities],
	{KindClientHello, iana.ExtPostHandshakeAuth}:       fresh[PostHandshakeAuth],
	{KindClientHello, iana.ExtSignatureAlgorithmsCert}: fresh[SignatureAlgorithmsCert],
	{KindClientHello, iana.ExtKeyShare}:                fresh[KeyShareClient],
	{KindClientHello, iana.ExtRenegotiationInfo}:       fresh[RenegotiationInfo],
	{KindClientHello, iana.ExtQUICTransportParameters}: fresh[QUICTransportParameters], // under Context.QUIC

	{KindServerHello, iana.ExtServerName}:           fresh[ServerNameAck],
	{KindServerHello, iana.ExtMaxFragmentLength}:    fresh[MaxFragmentLength],
	{KindServerHello, iana.ExtStatusRequest}:        fresh[StatusRequestAck],
	{KindServerHello, iana.ExtECPointFormats}:       fresh[ECPointFormats],
	{KindServerHello, iana.ExtALPN}:                 fresh[ALPN],
	{KindServerHello, iana.ExtSignedCertTimestamp}:  fresh[SignedCertTimestamps],
	{KindServerHello, iana.ExtEncryptThenMAC}:       fresh[EncryptThenMAC],
	{KindServerHello, iana.ExtExtendedMasterSecret}: fresh[ExtendedMasterSecret],
	{KindServerHello, iana.ExtRecordSizeLimit}:      fresh[RecordSizeLimit],
	{KindServerHello, iana.ExtSessionTicket}:        fresh[SessionTicket],
	{KindServerHello, iana.ExtPreSharedKey}:         fresh[PreSharedKeyServer],
	{KindServerHello, iana.ExtSupportedVersions}:    fresh[SelectedVersion],
	{KindServerHello, iana.ExtKeyShare}:             fresh[KeyShareServer],
	{KindServerHello, iana.ExtRenegotiationInfo}:    fresh[RenegotiationInfo],

	{KindHelloRetryRequest, iana.ExtSupportedVersions}: fresh[SelectedVersion],
	{KindHelloRetryRequest, iana.ExtCookie}:            fresh[Cookie],
	{KindHelloRetryRequest, iana.ExtKeyShare}:          fresh[KeyShareRetry],

	{KindEncryptedExtensions, iana.ExtServerName}:        fresh[ServerNameAck],
	{KindEncryptedExtensions, iana.ExtMaxFragmentLength}: fresh[MaxFragmentLength],
	{KindEncryptedExtensions, iana.ExtSupportedGroups}:   fresh[SupportedGroups],
	{KindEncryptedExtensions, iana.ExtALPN}:              fresh[ALPN],
	{KindEncryptedExtensions, iana.ExtRecordSizeLimit}:   fresh[RecordSizeLimit],
	{KindEncryptedExtensions, iana.ExtEarlyData}:         fresh[EarlyData],

	// Only TLS 1.3 has extensions in these three.
	{KindCertificate, iana.ExtStatusRequest}:       fresh[StapledStatus],
	{KindCertificate, iana.ExtSignedCertTimestamp}: fresh[SignedCertTimestamps],

	{KindCertificateRequest, iana.ExtStatusRequest}:           fresh[StatusRequestEmpty],
	{KindCertificateRequest, iana.ExtSignatureAlgorithms}:     fresh[SignatureAlgorithms],
	{KindCertificateRequest, iana.ExtSignedCertTimestamp}:     fresh[SignedCertTimestamp],
	{KindCertificateRequest, iana.ExtCompressCertificate}:     fresh[CompressCertificate],
	{KindCertificateRequest, iana.ExtCertificateAuthorities}:  fresh[CertificateAuthorities],
	{KindCertificateRequest, iana.ExtOIDFilters}:              fresh[OIDFilters],
	{KindCertificateRequest, iana.ExtSignatureAlgorithmsCert}: fresh[SignatureAlgorithmsCert],

	{KindNewSessionTicket, iana.ExtEarlyData}: fresh[EarlyDataLimit],
}

func fresh[T any, P interface {
	*T
	Extension
}]() Extension {
	return P(new(T))
}

func newExtension(in Kind, t iana.ExtensionType) Extension {
	if empty := extensionTypes[slot{in, t}]; empty != nil {
		return empty()
	}
	return &Raw{ExtType: t}
}

// ExtensionTypes returns, in ascending order, the extensions that have a Go type
// of their own in messages of kind k.
func ExtensionTypes(k Kind) []iana.ExtensionType {
	var list []iana.ExtensionType
	for s := range extensionTypes {
		if s.in == k {
			list = append(list, s.t)
		}
	}
	slices.Sort(list)
	return list
}
