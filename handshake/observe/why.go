package observe

import "tlslab/handshake/iana"

// Why says why records stayed closed. Its String is a stable key, for narrate.
type Why string

// What keeps an observer out, from the outside in.
const (
	// UnknownSuite: ServerHello chose what is in neither suite.All nor Options.Suites.
	UnknownSuite Why = "unknown_suite"
	// DidNotOpen: a record did not open under keys that were at hand. Either they are
	// not this connection's, or the record was changed on its way. Report.Err has it.
	DidNotOpen Why = "did_not_open"
	// SomeKeysMissing: a key log has secrets of this TLS 1.3 connection, but not for
	// every epoch in which there were records.
	SomeKeysMissing Why = "some_keys_missing"
	// EarlierSession: a TLS 1.2 connection was resumed, so the server's private key
	// would open nothing here, but perhaps in the connection where the session began.
	EarlierSession Why = "earlier_session"
	// PSKNotEnough: a pre-shared key of this TLS 1.3 connection is at hand, but the keys
	// come from it and from an exchange, of which it tells nothing (psk_dhe_ke); or the
	// server did not take it.
	PSKNotEnough Why = "psk_not_enough"
	// KeyOnlySigns: all that the server's private key did was to sign. The keys come
	// from an exchange whose private values are gone: this is forward secrecy. In TLS
	// 1.3 it is so whatever the key.
	KeyOnlySigns Why = "key_only_signs"
	// NoKeys: nothing that was given belongs to this connection.
	NoKeys Why = "no_keys"
)

// Whys lists every Why.
func Whys() []Why {
	return []Why{UnknownSuite, DidNotOpen, SomeKeysMissing, EarlierSession, PSKNotEnough, KeyOnlySigns, NoKeys}
}

func (o *Observer) why() Why {
	switch {
	case o.report.Sealed == 0:
		return ""
	case o.serverHello != nil && o.suite == nil:
		return UnknownSuite
	case o.refused:
		return DidNotOpen
	case o.psk != nil && o.serverHello != nil:
		return PSKNotEnough
	case o.client.hasKeys() || o.server.hasKeys():
		return SomeKeysMissing
	case o.o.RSAKey != nil && o.report.Resumed && !o.is13():
		return EarlierSession
	case o.o.RSAKey != nil && o.suite != nil && (o.is13() || o.suite.Kx != iana.KxRSA):
		return KeyOnlySigns
	}
	return NoKeys
}
