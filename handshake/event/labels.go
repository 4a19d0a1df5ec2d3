package event

// RoleLabels are the labels of the secrets that each role has of its own. Traffic, Key and
// IV belong to TLS 1.3, by Keys (RFC 9846 §7.3); a server has no early ones.
type RoleLabels struct {
	Traffic, Key, IV byKeys
	NextTraffic      SecretLabel // after a KeyUpdate
	FinishedKey      SecretLabel
	VerifyData       SecretLabel // in both versions
}

type byKeys [ApplicationKeys + 1]SecretLabel

var roleLabels = [...]RoleLabels{
	Client: {
		Traffic:     byKeys{EarlyKeys: LabelClientEarlyTrafficSecret, HandshakeKeys: LabelClientHandshakeTrafficSecret, ApplicationKeys: LabelClientApplicationTrafficSecret0},
		Key:         byKeys{EarlyKeys: LabelClientEarlyKey, HandshakeKeys: LabelClientHandshakeKey, ApplicationKeys: LabelClientApplicationKey},
		IV:          byKeys{EarlyKeys: LabelClientEarlyIV, HandshakeKeys: LabelClientHandshakeIV, ApplicationKeys: LabelClientApplicationIV},
		NextTraffic: LabelClientApplicationTrafficSecretN,
		FinishedKey: LabelClientFinishedKey,
		VerifyData:  LabelClientVerifyData,
	},
	Server: {
		Traffic:     byKeys{HandshakeKeys: LabelServerHandshakeTrafficSecret, ApplicationKeys: LabelServerApplicationTrafficSecret0},
		Key:         byKeys{HandshakeKeys: LabelServerHandshakeKey, ApplicationKeys: LabelServerApplicationKey},
		IV:          byKeys{HandshakeKeys: LabelServerHandshakeIV, ApplicationKeys: LabelServerApplicationIV},
		NextTraffic: LabelServerApplicationTrafficSecretN,
		FinishedKey: LabelServerFinishedKey,
		VerifyData:  LabelServerVerifyData,
	},
}

// Labels are the labels that r has of its own. If r is no role, all of them are empty.
func (r Role) Labels() *RoleLabels {
	if int(r) >= len(roleLabels) {
		return new(RoleLabels)
	}
	return &roleLabels[r]
}

// Travels reports whether a message carries the value as it is: a share, a signature, a check
// value. All others stay with the ends.
func (l SecretLabel) Travels() bool {
	switch l {
	case LabelServerEphemeral, LabelClientKeyShare, LabelServerKeyShare, LabelServerKeyExchangeSignature,
		LabelCertificateVerifySignature, LabelPSKBinder, LabelClientVerifyData, LabelServerVerifyData:
		return true
	}
	return false
}
