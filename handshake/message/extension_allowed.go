package message

import (
	"slices"

	"tlslab/handshake/iana"
)

// Allowed reports whether TLS 1.3 lets a message of kind k hold the extension t.
// What it does not let in is to be refused with illegal_parameter (RFC 9846 §4.3);
// Parse refuses nothing for its place, and reads it as Raw or, in a ServerHello, as
// TLS 1.2 has it. A type that the table does not know is allowed anywhere: what is
// to be done about it depends on whether it was asked for.
//
// In TLS 1.2 it answers for ClientHello alone.
func Allowed(k Kind, t iana.ExtensionType) bool {
	in, known := allowedIn[t]
	return !known || slices.Contains(in, k)
}

// The columns of the table, as RFC 9846 §4.3 calls them.
const (
	ch  = KindClientHello
	sh  = KindServerHello
	hrr = KindHelloRetryRequest
	ee  = KindEncryptedExtensions
	ct  = KindCertificate
	cr  = KindCertificateRequest
	nst = KindNewSessionTicket
)

// allowedIn is the table in RFC 9846 §4.3, then what it leaves out.
var allowedIn = map[iana.ExtensionType][]Kind{
	iana.ExtServerName:              {ch, ee, cr}, // cr: only in exported authenticators (RFC 9261)
	iana.ExtStatusRequest:           {ch, cr, ct},
	iana.ExtSupportedGroups:         {ch, ee},
	iana.ExtSignatureAlgorithms:     {ch, cr},
	iana.ExtUseSRTP:                 {ch, ee},
	iana.ExtHeartbeat:               {ch, ee},
	iana.ExtALPN:                    {ch, ee},
	iana.ExtClientCertificateType:   {ch, ee},
	iana.ExtServerCertificateType:   {ch, ee},
	iana.ExtPadding:                 {ch},
	iana.ExtCompressCertificate:     {ch, cr},
	iana.ExtRecordSizeLimit:         {ch, ee},
	iana.ExtDelegatedCredential:     {ch, cr, ct},
	iana.ExtSupportedEKTCiphers:     {ch, ee},
	iana.ExtPreSharedKey:            {ch, sh},
	iana.ExtEarlyData:               {ch, ee, nst},
	iana.ExtSupportedVersions:       {ch, sh, hrr},
	iana.ExtCookie:                  {ch, hrr},
	iana.ExtPSKKeyExchangeModes:     {ch},
	iana.ExtCertificateAuthorities:  {ch, cr},
	iana.ExtOIDFilters:              {cr},
	iana.ExtPostHandshakeAuth:       {ch},
	iana.ExtSignatureAlgorithmsCert: {ch, cr},
	iana.ExtKeyShare:                {ch, sh, hrr},
	iana.ExtTransparencyInfo:        {ch, cr, ct},
	iana.ExtExternalIDHash:          {ch, ee},
	iana.ExtExternalSessionID:       {ch, ee},
	iana.ExtQUICTransportParameters: {ch, ee},
	iana.ExtTicketRequest:           {ch, ee},
	iana.ExtECHOuterExtensions:      {ch},
	iana.ExtEncryptedClientHello:    {ch, hrr, ee},

	// Not recommended, so RFC 9846's table leaves them out: the first two are in RFC
	// 8446 §4.2, the third in RFC 9846's own "Changes for this RFC".
	iana.ExtMaxFragmentLength:   {ch, ee},
	iana.ExtSignedCertTimestamp: {ch, cr, ct},
	iana.ExtCachedInfo:          {ch, ee},

	// Not used by TLS 1.3. A client that offers TLS 1.2, too, asks for them;
	// nothing in TLS 1.3 answers.
	iana.ExtECPointFormats:       {ch},
	iana.ExtStatusRequestV2:      {ch},
	iana.ExtEncryptThenMAC:       {ch},
	iana.ExtExtendedMasterSecret: {ch},
	iana.ExtTokenBinding:         {ch},
	iana.ExtSessionTicket:        {ch},
	iana.ExtRenegotiationInfo:    {ch},
}
