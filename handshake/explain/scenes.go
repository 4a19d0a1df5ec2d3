package explain

import (
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// Of the connection that is shown four scenes are told beside what the two ends said: whose it is,
// in front; from where on bytes of an end are missing; and at the end how it ended, and who can read it.

// The scenes.
const (
	SceneRecorded                = event.SceneRecorded
	SceneGap      event.SceneKey = "recording_gap"
	SceneEnded                   = event.SceneRecordingEnded
	SceneReaders  event.SceneKey = "recording_readers"
)

// SceneKeys lists them.
func SceneKeys() []event.SceneKey {
	return append([]event.SceneKey{SceneRecorded, SceneGap, SceneEnded, SceneReaders}, quicScenes()...)
}

// Recorded heads a connection of a recording. Meta.Time is its first packet's.
type Recorded struct {
	event.Meta
	File           string // what the recording is called; "" if it has no name
	Connection     int    // its number there
	Client, Server string // addresses and ports
}

// Key returns SceneRecorded.
func (*Recorded) Key() event.SceneKey { return SceneRecorded }

// Values are all of it.
func (r *Recorded) Values() []event.Value {
	values := []event.Value{{Name: "connection", Value: r.Connection}, {Name: "client", Value: r.Client}, {Name: "server", Value: r.Server}, {Name: "began", Value: r.Time.UTC()}}
	if r.File != "" {
		values = append([]event.Value{{Name: "file", Value: r.File}}, values...)
	}
	return values
}

// Gap is the first place where bytes that an end sent are not in the recording: nothing behind it, of what that end sent,
// can be told apart.
type Gap struct {
	event.Meta
	By string // "client" or "server"
}

// Key returns SceneGap.
func (*Gap) Key() event.SceneKey { return SceneGap }

// Values are who.
func (g *Gap) Values() []event.Value {
	return []event.Value{{Name: "by", Value: g.By}}
}

// Ended says how a connection ended, and how much of it opened with the keys at hand.
type Ended struct {
	event.Meta
	Of *Connection
}

// Key returns SceneEnded.
func (*Ended) Key() event.SceneKey { return SceneEnded }

// Values are the outcome, and what would open the rest.
func (e *Ended) Values() []event.Value {
	o, r := e.Of.Outcome, e.Of.Read
	values := []event.Value{{Name: "what", Value: string(o.What)}, {Name: "by", Value: o.By}, {Name: "phase", Value: string(o.Phase)}, {Name: "inferred", Value: o.Inferred}}
	if o.HasAlert {
		values = append(values, event.Value{Name: "alert", Value: o.Alert})
	}
	needs := make([]string, len(r.Needs))
	for i, n := range r.Needs {
		needs[i] = string(n)
	}
	if n := e.Of.Missing[0] + e.Of.Missing[1]; n > 0 {
		values = append(values, event.Value{Name: "missing", Value: n})
	}
	values = append(values, event.Value{Name: "sealed_records", Value: r.Sealed}, event.Value{Name: "closed", Value: string(r.Closed)}, event.Value{Name: "needs", Value: needs})
	for _, v := range []event.Value{{Name: "closing", Value: o.Closing}, {Name: "closed_by", Value: o.ClosedBy}, {Name: "likely_cause", Value: string(o.Cause)}} {
		if v.Value != "" {
			values = append(values, v)
		}
	}
	return values
}

// Readers says who can read a connection: each onlooker was tried, with his keys.
type Readers struct {
	event.Meta
	Of *Connection
}

// Key returns SceneReaders.
func (*Readers) Key() event.SceneKey { return SceneReaders }

// Values has a value for each onlooker.
func (r *Readers) Values() (out []event.Value) {
	for i := range r.Of.Onlookers {
		out = append(out, event.Value{Name: r.Of.Onlookers[i].Party, Value: onlooker{&r.Of.Onlookers[i], r.Of.Parts}})
	}
	return out
}

// onlooker is what one of them can read, as a value of a scene.
type onlooker struct {
	*Onlooker
	parts []There
}

// Values are whether he was tried, what came of it, and of each part.
func (o onlooker) Values() []event.Value {
	values := []event.Value{{Name: "tried", Value: o.Tried}, {Name: "reads", Value: string(o.Whole)}}
	if o.Why != "" {
		values = append(values, event.Value{Name: "why", Value: string(o.Why)})
	}
	if o.Session != 0 {
		values = append(values, event.Value{Name: "session", Value: o.Session})
	}
	return append(values, event.Value{Name: "parts", Value: byPart(o)})
}

// byPart is a value with one for each part of a connection.
type byPart onlooker

// Values are the sights.
func (o byPart) Values() (out []event.Value) {
	for i, t := range o.parts {
		out = append(out, event.Value{Name: t.Part.String(), Value: string(o.Parts[i])})
	}
	return out
}

// heads tells whose the connection is that is shown.
func (s *stream) heads() {
	c := s.c
	s.r.ends.Event(&Recorded{Meta: event.Meta{Conn: c.Number, Time: c.Began}, File: s.r.o.Name, Connection: c.Number, Client: c.Client.String(), Server: c.Server.String()})
}

// judged tells what a client that trusts the roots at hand would have made of the server's chain: who
// read the chain has looked.
func (s *stream) judged() {
	if s.told || s.chain == nil {
		return
	}
	s.told = true
	s.c.Chain, s.c.Unparsed = s.chain.parsed()
	s.c.judge(s.r.o.Roots, &s.r.chains.signatures)
	if v := s.c.Verdict; v != nil {
		e := &event.Check{Meta: event.Meta{Conn: s.c.Number, Party: event.Server.String(), Time: s.at}, What: event.CheckCertificateChain, OK: v.OK, Op: event.OpAsymmetric, Report: v}
		if v.Err != nil {
			e.Err = v.Err
		}
		s.attribute(e)
		if s.c.Version != iana.TLS13 { // anybody sees it
			e.Party = Listener
		}
		s.r.ends.Event(e)
	}
}

// gapped tells of a gap, where it is.
func (s *stream) gapped(by int) {
	s.r.ends.flush()
	s.r.ends.Event(&Gap{Meta: event.Meta{Conn: s.c.Number, Time: s.at}, By: names[by]})
	s.r.ends.flush()
}

// closes tells how it ended and who can read it.
func (s *stream) closes(at time.Time) {
	s.r.ends.Event(&Ended{Meta: event.Meta{Conn: s.c.Number, Time: at}, Of: s.c})
	if s.c.Parts != nil {
		s.r.ends.Event(&Readers{Meta: event.Meta{Conn: s.c.Number, Time: at}, Of: s.c})
	}
	s.r.ends.flush()
}
