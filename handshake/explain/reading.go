package explain

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
)

// Reading is how much of a connection opened.
type Reading struct {
	Handshake, Data bool // something encrypted of them
	Initial         bool // Initial packets of QUIC, which open to anybody
	Hello           bool // and they made a whole ClientHello
	Given           bool // by a key log, or a PSK: what an end gave away
	Computed        bool // by the server's key: what a thief could compute
	Session         int  // of the connection with whose secret this one was read, which resumes it; 0: with keys of this one
	Sealed          int  // records that stayed closed; of QUIC, packets
	Cut             bool // bytes are missing, and nothing was looked at behind them
	Closed          observe.Why
	Lacks           *Lines // of a key log, that would open the rest; nil if none would
	LogLacks        bool   // there are key logs, and none has this connection
	Needs           []Need
	Trouble         error // of the observer: why it could not follow, or its keys do not fit
}

// Why something stays closed, beside what an observer knows of it.
const (
	// OtherLines: there are keys, and none has this connection's client random.
	OtherLines observe.Why = "log_lacks"
	// SessionElsewhere: it resumes a session that did not begin in this file.
	SessionElsewhere observe.Why = "session_elsewhere"
	// SessionClosed: it resumes a session that began in this file, and stays closed there too.
	SessionClosed observe.Why = "session_closed"
	// Incomplete: bytes are missing from the recording, and behind them nothing can be opened.
	Incomplete observe.Why = "incomplete"
	// Unreadable: a hello is there, and cannot be read.
	Unreadable observe.Why = "unreadable"
	// Headless: the file lacks its beginning, with a hello, or both, from which keys are found and made.
	Headless observe.Why = "headless"
)

// Whys lists every reason that Reading.Closed can have.
func Whys() []observe.Why {
	return append(observe.Whys(), OtherLines, SessionElsewhere, SessionClosed, Incomplete, Unreadable, Headless)
}

// Lines are lines of a key log (RFC 9850).
type Lines struct {
	Random []byte // the client's
	Labels []string
}

// Names are the labels; none of nil.
func (l *Lines) Names() []string {
	if l == nil {
		return nil
	}
	return l.Labels
}

// Need is what would open what stayed closed. It is a stable key.
type Need string

// What can be needed.
const (
	NeedKeyLog    Need = "key_log"    // with a line of this client random
	NeedServerKey Need = "server_key" // of the certificate, RSA: the key exchange is made with it
	NeedPSK       Need = "psk"        // of TLS 1.3, which used it alone: the keys are made of nothing else
	NeedSession   Need = "session"    // the recording in which the session began, and what opens that
	NeedSuite     Need = "suite"      // somebody who knows this cipher suite
	NeedWhole     Need = "whole"      // a recording that lacks nothing
	NeedEnd       Need = "end"        // keys of an end of QUIC, and a tool that opens its packets with them: this one does not
)

// Needs lists every Need.
func Needs() []Need {
	return []Need{NeedKeyLog, NeedServerKey, NeedPSK, NeedSession, NeedSuite, NeedWhole, NeedEnd}
}

// closed is why something stayed closed, with what the file tells beside.
func (c *Connection) closed(r *Reading) observe.Why {
	blind := r.Closed == observe.NoKeys || r.Closed == observe.KeyOnlySigns || r.Closed == observe.EarlierSession
	switch {
	case r.Cut && (r.Closed == "" || r.Closed == observe.SomeKeysMissing || r.Closed == observe.DidNotOpen):
		return Incomplete
	case blind && c.Resumed && c.Version != iana.TLS13 && c.Session != 0:
		return SessionClosed
	case blind && c.Resumed && c.Version != iana.TLS13:
		return SessionElsewhere
	case blind && r.LogLacks && r.Closed != observe.EarlierSession:
		return OtherLines
	}
	return r.Closed
}

// needs is what would open the rest. Where bytes are missing, it may be that none of what is there is known to be
// encrypted: what opens the rest in a recording that lacks nothing is needed then too, if there was nothing to open it with.
func (s *stream) needs(r *observe.Report, lost, opened bool) (out []Need) {
	c := s.c
	if lost {
		out = append(out, NeedWhole)
	}
	switch {
	case r.Closed == "" && (!lost || opened || !s.keyless()):
		return out
	case r.Closed == observe.UnknownSuite, r.Closed == observe.OldVersion:
		return append(out, NeedSuite)
	}
	su := suite.ByID(c.Suite)
	switch {
	case c.Version == iana.TLS13 && s.serverHello && c.Resumed && !s.shared:
		out = append(out, NeedPSK)
	case c.Version == iana.TLS13 || su == nil || su.Kx != iana.KxRSA:
	case c.Resumed:
		out = append(out, NeedSession)
	default:
		out = append(out, NeedServerKey)
	}
	return append(out, NeedKeyLog)
}

// keyless reports whether no key was given that may be this connection's.
func (s *stream) keyless() bool {
	k := &s.r.o.Keys
	known := s.r.logged.Has(s.c.Random) || s.c.Random == nil && s.r.logged.Len() > 0
	return !known && k.RSA == nil && len(k.PSKs) == 0
}
