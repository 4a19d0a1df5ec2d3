package explain

import "tlslab/handshake/observe"

// The onlookers, as narrate names them.
const (
	Listener  = "listener"   // has no key
	Thief     = "thief"      // has the private key of a server's certificate: he computes
	LogReader = "log_reader" // has a key log: what an end gave away
	PSKThief  = "psk_thief"  // has a pre-shared key of TLS 1.3
)

// OnlookerParties lists them all, in the order of their columns.
func OnlookerParties() []string { return []string{Listener, Thief, LogReader, PSKThief} }

// Sight is what an onlooker makes of a connection, or of a part of it. It is a stable key.
type Sight string

// The sights.
const (
	Reads   Sight = "reads"   // all of it
	Partly  Sight = "partly"  // some, and some stayed closed
	Closed  Sight = "closed"  // it stayed closed; or it would, as Onlooker.Why says
	Untried Sight = "untried" // he may read it: no key of his kind is there to try
)

// Sights lists every Sight.
func Sights() []Sight { return []Sight{Reads, Partly, Closed, Untried} }

// WhyNot says why an onlooker does not read all of a connection. It is a stable key.
type WhyNot string

// Why not.
const (
	Keyless     WhyNot = "keyless"          // he is the listener
	NoRSAKey    WhyNot = "no_rsa_key"       // no key was given to try with
	NoLog       WhyNot = "no_log"           // no key log was
	NoPSK       WhyNot = "no_psk"           // no pre-shared key was
	OnlySigns   WhyNot = "only_signs"       // the server's key does; the keys come from an exchange
	NoPart      WhyNot = "no_part"          // no certificate's key has a part in this connection
	EarlyPSK    WhyNot = "early_psk"        // early data: its keys come from the pre-shared key alone, whatever the server chose behind it
	OtherKey    WhyNot = "other_key"        // the key is not that of this server's certificate
	Elsewhere   WhyNot = "elsewhere"        // the session began in a connection that he does not read
	LogLacks    WhyNot = "log_lacks"        // the key log has no line of this connection
	LogPartial  WhyNot = "log_partial"      // it has some, and not those of every stage
	PSKUnused   WhyNot = "psk_unused"       // no pre-shared key has a part in this connection
	OtherPSK    WhyNot = "other_psk"        // the binders are of another one
	PSKAndMore  WhyNot = "psk_and_exchange" // the keys come from it and from a fresh exchange
	OverQUIC    WhyNot = "quic"             // nothing here opens QUIC behind its hellos, with whatever keys
	OldVersion  WhyNot = "old_version"      // nothing here makes the keys of this version, out of whatever secret
	AlienSuite  WhyNot = "unknown_suite"    // nothing here knows it
	Unheard     WhyNot = "unheard"          // no hello could be read
	Undecodable WhyNot = "undecodable"      // something is missing, or does not open under keys that should
)

// WhyNots lists every WhyNot.
func WhyNots() []WhyNot {
	return []WhyNot{Keyless, NoRSAKey, NoLog, NoPSK, OnlySigns, NoPart, EarlyPSK, OtherKey, Elsewhere, LogLacks, LogPartial, PSKUnused, OtherPSK, PSKAndMore, OverQUIC, OldVersion, AlienSuite, Unheard, Undecodable}
}

// Onlooker is what one who watches a connection makes of it.
type Onlooker struct {
	Party string
	Tried bool // with keys of his kind, or as the listener
	Whole Sight
	Parts []Sight // of Connection.Parts
	Why   WhyNot  // he does not read all of it; "" if he does
	// Session is the number of the connection with whose secret he reads this one, which resumes
	// it; 0 if he has keys of this one, or reads nothing.
	Session int
}

// There is a part of a connection that somebody may want to read.
type There struct {
	Part observe.Part
	Sure bool // that there is one: it was read, or the protocol says so
}

// Missing is which keys there would have to be for this onlooker to try; "" of the listener.
func (o *Onlooker) Missing() WhyNot {
	return map[string]WhyNot{Thief: NoRSAKey, LogReader: NoLog, PSKThief: NoPSK}[o.Party]
}

// WhyOf is why this onlooker does not read a part. Early data is keyed before the server has said a word, by the
// pre-shared key alone, so it is not forward secret (RFC 9846 §2.3): what holds for the rest of a connection whose keys
// come from an exchange does not hold for it.
func (o *Onlooker) WhyOf(p observe.Part) WhyNot {
	if p == observe.PartEarlyData && o.Party == Thief && o.Why != NoPart {
		return EarlyPSK
	}
	return o.Why
}
