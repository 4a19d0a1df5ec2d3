package explain

import (
	"time"

	"tlslab/handshake/event"
)

// Of the connection that is shown two scenes are told beside what the two ends said: whose it is,
// in front, and who can read it, at the end.

// The scenes.
const (
	SceneRecorded event.SceneKey = "recorded"
	SceneReaders  event.SceneKey = "recording_readers"
)

// SceneKeys lists them.
func SceneKeys() []event.SceneKey {
	return append([]event.SceneKey{SceneRecorded, SceneReaders}, quicScenes()...)
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

// closes tells who can read it.
func (s *stream) closes(at time.Time) {
	if s.c.Onlookers != nil {
		s.r.ends.Event(&Readers{Meta: event.Meta{Conn: s.c.Number, Time: at}, Of: s.c})
	}
	s.r.ends.flush()
}
