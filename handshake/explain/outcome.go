package explain

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
)

// Outcome is how a connection ended.
type Outcome struct {
	What What
	By   string // "client" or "server", whose doing it was; "" if it was nobody's, or cannot be told
	// Alert is what By said, where it could be read: HasAlert.
	Alert    iana.AlertDescription
	HasAlert bool
	Phase    Phase // what was under way
	Cause    Cause // the likely one; "" if it ended in order
	// Inferred: it was not read, but follows from what went by: from a closed record that is as
	// long as an alert, or from records behind which a handshake is over. Of CausePin: that it asked nothing follows from lengths too.
	Inferred bool
	Closing  string // how TCP ended: "fin", "rst", "" if the file ended first
	ClosedBy string // who began that
}

// What is how a handshake ended. It is a stable key.
type What string

// The ends.
const (
	Done       What = "done"       // it came to its end
	Refused    What = "refused"    // one end said no, by an alert
	BrokenOff  What = "broken_off" // one end closed TCP without a word, or reset it
	Garbled    What = "garbled"    // what one end says is not TLS, or not to be followed
	Silent     What = "silent"     // the file ends, and somebody had not answered
	Unfollowed What = "unfollowed" // bytes are missing
	Unseen     What = "unseen"     // it went on in packets of QUIC that stay closed
)

// Whats lists every What.
func Whats() []What { return []What{Done, Refused, BrokenOff, Garbled, Silent, Unfollowed, Unseen} }

// Phase is what was under way. It is a stable key.
type Phase string

// The phases.
const (
	PhaseHello  Phase = "hello"  // the ClientHello waits for its answer
	PhaseServer Phase = "server" // the server's flight, behind its hello
	PhaseClient Phase = "client" // the client's, behind the server's
	PhaseFinish Phase = "finish" // the server's Finished, or what it says to the client's last flight
	PhaseData   Phase = "data"   // the handshake is over
	PhaseLost   Phase = "lost"   // bytes are missing, with which it could be told
)

// Phases lists every Phase.
func Phases() []Phase {
	return []Phase{PhaseHello, PhaseServer, PhaseClient, PhaseFinish, PhaseData, PhaseLost}
}

// closing is how TCP ended.
type closing string

const (
	byFin closing = "fin"
	byRst closing = "rst"
)

var names = [2]string{"client", "server"}

// phase is what is under way now.
func (s *stream) phase() Phase {
	switch over, _ := s.over(); {
	case over:
		return PhaseData
	case !s.serverHello:
		return PhaseHello
	case s.c.Version == iana.TLS13:
		if s.sealed[server] == 0 {
			return PhaseServer
		}
		if s.sealed[client] == 0 || s.firstShort {
			return PhaseClient
		}
		return PhaseFinish
	}
	shook := func(by int) bool { return s.finished[by] || s.sealedShake[by] > 0 }
	switch {
	case !s.done && !shook(server):
		return PhaseServer
	case !shook(client):
		return PhaseClient
	}
	return PhaseFinish
}

// over reports whether the handshake is, and whether that was inferred.
func (s *stream) over() (over, inferred bool) {
	if s.finished[client] && s.finished[server] {
		return true, false
	}
	if s.c.Version == iana.TLS13 {
		// What is closed tells by its length that it is no alert; that of the client's 0-RTT data
		// may be anything, and what the server answers comes behind it. That the server goes without an alert says
		// that it has no objection; where what it answers is missing, nothing does.
		return s.replies() && !s.turnedAway() && !(s.lost[server] && s.answered == 0), true
	}
	return s.sealedShake[client] > 0 && s.sealedShake[server] > 0, false
}

// replies: of TLS 1.3, the client has gone on when the server's flight had come.
func (s *stream) replies() bool {
	return s.serverHello && s.sealed[client] > 0 && !s.firstShort && s.sealed[server] > 0
}

// turnedAway: all that the server said to the client's last flight is as long as an alert. To a client that has said
// goodbye, or two bytes of data, it is the answer to that.
func (s *stream) turnedAway() bool { return s.answered == 1 && s.short[server] && !s.bade }

func (s *stream) outcome(r *observe.Report) Outcome {
	o := Outcome{Phase: s.phase(), Closing: string(s.shut)}
	if s.shut != "" {
		o.ClosedBy, o.Phase = names[s.shutBy], s.shutAt
	}
	over, inferred := s.over()
	garbles := s.garbles(r)
	lost := s.lost[client] || s.lost[server]
	is13 := s.c.Version == iana.TLS13
	switch {
	case garbles >= 0 && !over && !lost:
		o.What, o.By, o.Phase = Garbled, names[garbles], s.phase()
	case s.objected(over):
		o.What, o.By, o.Alert, o.HasAlert, o.Phase = Refused, names[s.alertBy], s.alert.Description, true, s.phase()
		if lost && !over && (o.Phase != PhaseHello || s.alertBy == client) {
			o.Phase = PhaseLost
		}
	case over:
		o.What, o.Inferred = Done, inferred
	case s.garbledHello() >= 0 && !lost:
		o.What, o.By, o.Phase = Garbled, names[s.garbledHello()], PhaseHello
	case is13 && s.firstShort:
		o.What, o.By, o.Phase, o.Inferred = Refused, names[client], PhaseClient, true
	case lost: // whatever else seems to be somebody's doing may be the recorder's
		o.What = Unfollowed
	case is13 && s.sealed[client] > 0 && s.turnedAway():
		o.What, o.By, o.Phase, o.Inferred = Refused, names[server], PhaseFinish, true
	case !is13 && (s.sealedAlert[client] || s.sealedAlert[server]):
		o.What, o.By = Refused, names[client]
		if s.sealedAlert[server] {
			o.By = names[server]
		}
	case s.shut != "":
		o.What, o.By = BrokenOff, o.ClosedBy
		if is13 && o.By == names[server] && o.Phase == PhaseClient && !s.finished[server] {
			o.Phase = PhaseServer // how much of its flight was there is encrypted; it did not wait for an answer
		}
	default:
		o.What, o.By = Silent, names[1-s.lastBy]
	}
	o.Cause = s.cause(&o)
	return o
}

// garbles is who says what cannot be told apart, although nothing is missing; -1 if nobody. What comes
// behind close_notify is no TLS.
func (s *stream) garbles(r *observe.Report) int {
	for by := range r.Lost {
		if r.Lost[by] && !s.lost[by] && !(s.alert != nil && s.alertBy == by) {
			return by
		}
	}
	return -1
}

// garbledHello is whose hello cannot be read, and so nothing behind it is understood; -1 if there is none.
func (s *stream) garbledHello() int {
	switch {
	case s.serverHello:
	case s.unreadable[server]:
		return server
	case s.unreadable[client]:
		return client
	}
	return -1
}
