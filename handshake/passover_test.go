package handshake_test

import (
	"slices"
	"testing"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// An extension that the version does not have is passed over, whatever is in it; the same in
// the version that has it is a decode_error, or a bad value (RFC 9846 §4.3).
func TestMalformedForTheOtherVersion(t *testing.T) {
	junk := []byte{0xff, 0xff, 0xff}
	only13 := []iana.ExtensionType{iana.ExtPreSharedKey, iana.ExtEarlyData, iana.ExtCookie, iana.ExtPSKKeyExchangeModes, iana.ExtCertificateAuthorities,
		iana.ExtPostHandshakeAuth, iana.ExtKeyShare, iana.ExtCompressCertificate}
	only12 := []iana.ExtensionType{iana.ExtECPointFormats, iana.ExtEncryptThenMAC, iana.ExtExtendedMasterSecret, iana.ExtRenegotiationInfo}
	both := []iana.ExtensionType{iana.ExtSupportedGroups, iana.ExtSignatureAlgorithms, iana.ExtALPN, iana.ExtServerName}
	for _, test := range []struct {
		name           string
		client, server iana.Version // the highest of each
		has, passes    []iana.ExtensionType
	}{
		{"a client of TLS 1.2", iana.TLS12, iana.TLS13, only12, only13},
		{"a server of TLS 1.2", iana.TLS13, iana.TLS12, only12, only13},
		{"both of TLS 1.3", iana.TLS13, iana.TLS13, only13, only12},
	} {
		for _, x := range slices.Concat(only12, only13, both) {
			cc, sc := pair13()
			cc.MaxVersion, sc.MaxVersion, sc.ALPN = test.client, test.server, []string{"h2"}
			cc.Edit(func(m message.Message) {
				if m, ok := m.(*message.ClientHello); ok {
					without(&m.Extensions, x)
					m.Extensions.Add(&message.Raw{ExtType: x, Data: junk})
				}
			})
			c := connect(t, cc, sc).run(nil)
			e, _ := c.ends[server].Err().(*reason.Error)
			if slices.Contains(test.passes, x) {
				// The client may miss what it has not asked for; that is not the server's refusal.
				if e != nil && e.Reason != reason.PeerAlert {
					t.Errorf("%s: %v of three bytes: %v", test.name, x, e)
				}
				continue
			}
			if e == nil {
				t.Errorf("%s: %v of three bytes passes", test.name, x)
			} else if alert, _ := reason.Alert(e.Reason); alert != iana.DecodeError {
				t.Errorf("%s: %v of three bytes: %v, so %v", test.name, x, e, alert)
			}
		}
	}
}
