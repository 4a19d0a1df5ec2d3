package replay

import (
	"crypto/x509"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/replay/bank"
)

// What happens around the endpoints, as Options.Listener is told of it. Fields are the
// happening itself; Key, Entry and Values are those of an event.Scene. A value there is as
// a transcript has it: a duration is the text of one, "9m0s".

// The keys of the scenes. A fact's has its name behind it.
const (
	SceneAttack          event.SceneKey = "replay_attack"
	SceneLogin           event.SceneKey = "replay_login"
	SceneSharedStore     event.SceneKey = "replay_shared_store"
	SceneRequest         event.SceneKey = "replay_request"
	SceneTransfer        event.SceneKey = "replay_transfer"
	SceneCaptured        event.SceneKey = "replay_captured"
	SceneCapturedSession event.SceneKey = "replay_captured_session"
	SceneStolenMaster    event.SceneKey = "replay_stolen_master"
	SceneStolenTicket    event.SceneKey = "replay_stolen_ticket"
	SceneStolenTicketKey event.SceneKey = "replay_stolen_ticket_key"
	SceneDecrypted       event.SceneKey = "replay_decrypted"
	SceneRoute           event.SceneKey = "replay_route"
	SceneTime            event.SceneKey = "replay_time"
	SceneBytes           event.SceneKey = "replay_bytes"
	SceneTampered        event.SceneKey = "replay_tampered"
	SceneRestart         event.SceneKey = "replay_restart"
	SceneRetry           event.SceneKey = "replay_retry"
	SceneAttempt         event.SceneKey = "replay_attempt"
	SceneVerdict         event.SceneKey = "replay_verdict"
	sceneFact            event.SceneKey = "replay_fact_"
)

// SceneKeys lists the Key of every scene, event.Onlooked's among them.
func SceneKeys() []event.SceneKey {
	keys := []event.SceneKey{SceneAttack, SceneLogin, SceneSharedStore, SceneRequest, SceneTransfer, SceneCaptured,
		SceneCapturedSession, SceneStolenMaster, SceneStolenTicket, SceneStolenTicketKey, SceneDecrypted,
		SceneRoute, SceneTime, SceneBytes, SceneTampered, SceneRestart, SceneRetry, SceneAttempt, SceneVerdict, event.SceneOnlooked}
	for _, name := range Facts() {
		keys = append(keys, sceneFact+event.SceneKey(name))
	}
	return keys
}

// Begun is the first scene of all: what will be played.
type Begun struct {
	event.Meta
	Attack   string // the Name of one of Attacks
	Number   int    // and its Number
	Stolen   []Loot // and what it takes
	Defences []string
	Login    Login
	Alice    int64 // what she has in her account
	Mallory  int64 // and what the attacker has
}

// Key returns SceneAttack.
func (*Begun) Key() event.SceneKey { return SceneAttack }

// Values are all but what is stolen; the defences are a list with commas, "none" if it is empty.
func (b *Begun) Values() []event.Value {
	defences := noDefence
	if len(b.Defences) > 0 {
		defences = strings.Join(b.Defences, ",")
	}
	return []event.Value{value("attack", b.Attack), value("number", b.Number), value("defences", defences), value("login", string(b.Login)),
		value("alice", int(b.Alice)), value("mallory", int(b.Mallory))}
}

// LoggedIn says how a user shows the bank from now on who she is: by a cookie, or by a
// certificate.
type LoggedIn struct {
	event.Meta
	User        string
	Cookie      string            // "" if it is by certificate
	Certificate *x509.Certificate // nil if it is by cookie
}

// Key returns SceneLogin.
func (*LoggedIn) Key() event.SceneKey { return SceneLogin }

// Values are the user, and the cookie or the certificate.
func (l *LoggedIn) Values() []event.Value {
	if l.Certificate != nil {
		return []event.Value{value("user", l.User), value("certificate", l.Certificate)}
	}
	return []event.Value{value("user", l.User), value("cookie", l.Cookie)}
}

// SharedStore says that two servers of the bank have one store.
type SharedStore struct {
	event.Meta
	Name string // Options.SharedName; "" if it is in the process
}

// Key returns SceneSharedStore.
func (*SharedStore) Key() event.SceneKey { return SceneSharedStore }

// Values are the name, or that it is in the process.
func (s *SharedStore) Values() []event.Value {
	name := s.Name
	if name == "" {
		name = "in the process"
	}
	return []event.Value{value("store", name)}
}

// Requested is a request, and what the bank did about it.
type Requested struct {
	event.Meta
	bank.Action
}

// Key returns SceneRequest.
func (*Requested) Key() event.SceneKey { return SceneRequest }

// Values are the request, who asked, and the answer.
func (r *Requested) Values() []event.Value {
	return []event.Value{value("method", r.Method), value("path", r.Path), value("early", r.Early), value("user", r.User), value("status", r.Status), value("why", string(r.Why))}
}

// Transferred says that money has moved. It comes after the Requested that asked for it.
type Transferred struct {
	event.Meta
	From, To string
	Amount   int64
	Alice    int64 // what she has now
	Mallory  int64 // and what the attacker has
}

// Key returns SceneTransfer.
func (*Transferred) Key() event.SceneKey { return SceneTransfer }

// Values are all five.
func (t *Transferred) Values() []event.Value {
	return []event.Value{value("from", t.From), value("to", t.To), value("amount", int(t.Amount)), value("alice", int(t.Alice)), value("mallory", int(t.Mallory))}
}

// Restarted says that a server begins anew, with an empty memory.
type Restarted struct{ event.Meta }

// Key returns SceneRestart.
func (*Restarted) Key() event.SceneKey { return SceneRestart }

// Values are the time.
func (r *Restarted) Values() []event.Value { return []event.Value{value("now", r.Time)} }

// Retried says that a client asks again, by itself, what it has had no answer to.
type Retried struct {
	event.Meta
	EarlyData bool // it had asked by early data
}

// Key returns SceneRetry.
func (*Retried) Key() event.SceneKey { return SceneRetry }

// Values are whether it was early data.
func (r *Retried) Values() []event.Value { return []event.Value{value("early_data", r.EarlyData)} }

// TimePassed says that the attacker waits.
type TimePassed struct {
	event.Meta               // Time is after it
	After      time.Duration // since the capture or the theft
}

// Key returns SceneTime.
func (*TimePassed) Key() event.SceneKey { return SceneTime }

// Values are how long it is, and the time.
func (t *TimePassed) Values() []event.Value {
	return []event.Value{value("after", t.After.String()), value("now", t.Time)}
}

// RouteTaken says in which way the attacker tries from now on.
type RouteTaken struct {
	event.Meta
	Route RouteName
}

// Key returns SceneRoute.
func (*RouteTaken) Key() event.SceneKey { return SceneRoute }

// Values are the route.
func (r *RouteTaken) Values() []event.Value { return []event.Value{value("route", string(r.Route))} }

// Attempted is an attempt, when it is over.
type Attempted struct {
	event.Meta
	Route RouteName
	Attempt
}

// Key returns SceneAttempt.
func (*Attempted) Key() event.SceneKey { return SceneAttempt }

// Values are all of the attempt.
func (a *Attempted) Values() []event.Value {
	return []event.Value{value("route", string(a.Route)), value("server", a.Server), value("after", a.After.String()), value("worked", a.Worked),
		value("why", string(a.Why)), value("moved", int(a.Moved))}
}

// Fact is what was found out beside whether money moves: a question, and the answer.
type Fact struct {
	event.Meta
	Name FactName
	Yes  bool
}

// Key is one for each Name.
func (f *Fact) Key() event.SceneKey { return sceneFact + event.SceneKey(f.Name) }

// Values are the answer.
func (f *Fact) Values() []event.Value { return []event.Value{value("value", f.Yes)} }

// EarlyDataFact is a fact, too: what became of early data that alice sent.
type EarlyDataFact struct {
	event.Meta
	Name   FactName
	Status handshake.EarlyDataStatus
}

// Key is one for each Name.
func (f *EarlyDataFact) Key() event.SceneKey { return sceneFact + event.SceneKey(f.Name) }

// Values are the status.
func (f *EarlyDataFact) Values() []event.Value {
	return []event.Value{value("value", f.Status.String())}
}

// Judged is the last scene: what the attack has come to.
type Judged struct {
	event.Meta
	Verdict
}

// Key returns SceneVerdict.
func (*Judged) Key() event.SceneKey { return SceneVerdict }

// Entry is one of its own for an attack that an expiry ended, and did not stop: what is often
// said of expiries is put right there.
func (j *Judged) Entry() event.SceneKey {
	if j.Limit == ByTime {
		return SceneVerdict.Variant(string(ByTime))
	}
	return j.Key()
}

// Values are all of the verdict but the defences, which Begun has told.
func (j *Judged) Values() []event.Value {
	return []event.Value{value("attack", j.Attack), value("outcome", string(j.Outcome)), value("reason", string(j.Reason)),
		value("limit", string(j.Limit)), value("times", j.Times), value("for", j.For.String()), value("until", j.Until.String()), value("remembers", j.Remembers.String()),
		value("moved", int(j.Moved)), value("alice", int(j.Alice)), value("mallory", int(j.Mallory))}
}

func value(name string, v any) event.Value { return event.Value{Name: name, Value: v} }
