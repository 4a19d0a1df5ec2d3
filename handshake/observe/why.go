package observe

import "tlslab/handshake/iana"

// Why says why records stayed closed. Its String is a stable key, for narrate.
type Why string

// What keeps an observer out, from the outside in.
const (
	// OldVersion: it is TLS 1.0 or 1.1, or a draft of 1.3, whose keys nobody here makes.
	OldVersion Why = "old_version"
	// UnknownSuite: ServerHello chose what is in neither suite.All nor Options.Suites.
	UnknownSuite Why = "unknown_suite"
	// DidNotOpen: a record did not open under keys that were at hand. Either they are
	// not this connection's, or the record was changed on its way. Report.Err has it.
	DidNotOpen Why = "did_not_open"
	// SomeKeysMissing: a key log has secrets of this TLS 1.3 connection, but not for
	// every epoch in which there were records.
	// Report.Lacks has which lines they would be.
	SomeKeysMissing Why = "some_keys_missing"
	// EarlyKeyMissing: the same, and all that is missing is what opens 0-RTT data.
	EarlyKeyMissing Why = "early_key_missing"
	// EarlierSession: a TLS 1.2 connection was resumed, so the server's private key
	// would open nothing here, but perhaps in the connection where the session began.
	EarlierSession Why = "earlier_session"
	// PSKNotEnough: a pre-shared key of this TLS 1.3 connection is at hand, but the keys
	// come from it and from an exchange, of which it tells nothing (psk_dhe_ke).
	PSKNotEnough Why = "psk_not_enough"
	// PSKNotTaken: the client offered a pre-shared key that is at hand, and the server did not take it.
	PSKNotTaken Why = "psk_not_taken"
	// OtherPSK: a pre-shared key was used, and none at hand made its binder.
	OtherPSK Why = "other_psk"
	// OtherServerKey: the secret was sent to the server's key, and the one at hand is another.
	OtherServerKey Why = "other_server_key"
	// KeyOnlySigns: all that the server's private key did was to sign. The keys come
	// from an exchange whose private values are gone: this is forward secrecy. In TLS
	// 1.3 it is so whatever the key, but not where a pre-shared key was used: there it did
	// not even sign, and there may have been no exchange.
	KeyOnlySigns Why = "key_only_signs"
	// NoKeys: nothing that was given belongs to this connection.
	NoKeys Why = "no_keys"
)

// Whys lists every Why.
func Whys() []Why {
	return []Why{OldVersion, UnknownSuite, DidNotOpen, SomeKeysMissing, EarlyKeyMissing, EarlierSession, PSKNotEnough, PSKNotTaken, OtherPSK, OtherServerKey, KeyOnlySigns, NoKeys}
}

func (o *Observer) why() Why {
	switch {
	case o.report.Sealed == 0:
		return ""
	case o.isOld():
		return OldVersion
	case o.serverHello != nil && o.suite == nil:
		return UnknownSuite
	case o.refused:
		return DidNotOpen
	case o.psk != nil && o.serverHello != nil && o.report.Resumed:
		return PSKNotEnough
	case o.psk != nil && o.serverHello != nil:
		return PSKNotTaken
	case o.client.hasKeys() || o.server.hasKeys():
		if lacks := o.unlogged(); len(lacks) == 1 && lacks[0] == labelOf(false, early) {
			return EarlyKeyMissing
		}
		return SomeKeysMissing
	case !o.is13() && o.report.ReadHandshake:
		return SomeKeysMissing // it was renegotiated
	case o.o.RSAKey != nil && o.report.Resumed && !o.is13():
		return EarlierSession
	case o.is13() && o.report.Resumed && len(o.o.PSKs) > 0:
		return OtherPSK
	case o.o.RSAKey != nil && o.suite != nil && (o.is13() && !o.report.Resumed || !o.is13() && o.suite.Kx != iana.KxRSA):
		return KeyOnlySigns
	case o.otherKey:
		return OtherServerKey
	}
	return NoKeys
}

// isOld reports whether the version agreed on is one whose keys are not made here.
func (o *Observer) isOld() bool {
	return o.report.Version != 0 && o.report.Version != iana.TLS12 && o.report.Version != iana.TLS13
}

// unlogged are the labels of the key log lines that would open what stayed closed (RFC 9850 §2).
func (o *Observer) unlogged() (labels []string) {
	if o.report.Sealed == 0 || o.isOld() || o.serverHello != nil && o.suite == nil {
		return nil
	}
	if o.version != 0 && !o.is13() {
		return []string{masterLabel}
	}
	for _, h := range [...]*half{&o.client, &o.server} {
		// Where 0-RTT data was offered what comes first may be that, or may not.
		if !h.server && h.sealed[early] > 0 && h.zeroRTT == nil {
			labels = append(labels, labelOf(h.server, early))
		}
		blind := h.logged[handshaking] == nil && (h.sealed[handshaking] > 0 || h.sealed[early] > 0 && o.serverHello != nil)
		if blind {
			labels = append(labels, labelOf(h.server, handshaking))
		}
		if h.logged[application] == nil && (blind || h.sealed[application] > 0) {
			labels = append(labels, labelOf(h.server, application))
		}
	}
	return labels
}
