package scenario

import (
	"tlslab/handshake"
)

// Transcript is all that happened in a lesson.
type Transcript struct {
	Seed  string
	Flows []*Flow
}

// Flow is one connection of a lesson, or one played through a middle box.
type Flow struct {
	Name    string // "rsa", "ecdhe", "resume_id", "mitm", …
	Parties []string
	Events  []handshake.Event
	Outcome Outcome
}

// Outcome is how a flow ended.
type Outcome struct {
	Done     bool   // both ends finished the handshake and the reply arrived
	Intended bool   // a refusal that the options ask for
	Refused  string // the party that refused; "" if none
	Err      error  // its reason, a *reason.Error
	Received string // what the client got
}

// Events returns every event of every flow, in order.
func (t *Transcript) Events() []handshake.Event {
	var out []handshake.Event
	for _, f := range t.Flows {
		out = append(out, f.Events...)
	}
	return out
}

// all picks the events of one type.
func all[E handshake.Event](t *Transcript) []E {
	var out []E
	for _, e := range t.Events() {
		if x, ok := e.(E); ok {
			out = append(out, x)
		}
	}
	return out
}

// Messages returns each message twice, as its sender and its receiver saw it.
func (t *Transcript) Messages() []*handshake.MessageEvent { return all[*handshake.MessageEvent](t) }

// Records returns each record twice, as its sender and its receiver saw it.
func (t *Transcript) Records() []*handshake.RecordEvent { return all[*handshake.RecordEvent](t) }

// Secret returns the value of the last secret so labelled ("premaster_secret",
// "master_secret", "client_write_key"), or nil. Both ends agree on it, or the
// handshake failed.
func (t *Transcript) Secret(label string) []byte {
	var v []byte
	for _, s := range all[*handshake.SecretEvent](t) {
		if s.Label == label {
			v = s.Value
		}
	}
	return v
}

// Outcome is that of the last flow: what the lesson came to.
func (t *Transcript) Outcome() Outcome {
	if len(t.Flows) == 0 {
		return Outcome{}
	}
	return t.Flows[len(t.Flows)-1].Outcome
}
