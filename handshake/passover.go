package handshake

import (
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/wire"
)

// What a ClientHello says for another version than the one it comes to. A server of that
// version has no such extension, and passes over what it does not have, without a look at
// what is in it: that it must be well formed holds for extensions that the receiver
// implements and heeds (RFC 9846 §4.3, RFC 5246 §7.4.1.4).

// The extensions of a ClientHello that one version alone heeds.
var (
	only13 = []iana.ExtensionType{iana.ExtPreSharedKey, iana.ExtEarlyData, iana.ExtCookie, iana.ExtPSKKeyExchangeModes,
		iana.ExtCertificateAuthorities, iana.ExtPostHandshakeAuth, iana.ExtKeyShare, iana.ExtCompressCertificate}
	only12 = []iana.ExtensionType{iana.ExtECPointFormats, iana.ExtEncryptThenMAC, iana.ExtExtendedMasterSecret,
		iana.ExtSessionTicket, iana.ExtRenegotiationInfo}
)

// parsePassingOver reads once more a ClientHello that was not well formed, for err: it may be so
// only in what this connection will not heed.
func (e *Endpoint) parsePassingOver(raw []byte, walked *[]wire.Field, err error) (message.Message, error) {
	ctx := e.context()
	ctx.PassOver = slices.Concat(only12, only13)
	m, again := message.Parse(ctx, raw, nil)
	if again != nil {
		return nil, err
	}
	ctx.PassOver = only13
	if e.comesTo13(m.(*message.ClientHello)) {
		ctx.PassOver = only12
	}
	return message.Parse(ctx, raw, walked)
}

// comesTo13 reports whether a ClientHello leads to TLS 1.3, as far as can be told before it is
// read: a Config of ForClient may speak what this one does not.
func (e *Endpoint) comesTo13(m *message.ClientHello) bool {
	if v := e.summary.Version; v != 0 {
		return v == iana.TLS13
	}
	offered, _ := offeredVersions(m)
	return slices.Contains(offered, iana.TLS13) && (e.cfg.speaks(iana.TLS13) || e.cfg.ForClient != nil)
}
