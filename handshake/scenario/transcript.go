package scenario

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/observe"
)

// Transcript is all that happened in a lesson.
type Transcript struct {
	Seed  string
	Flows []*Flow
}

// Flow is one act of a lesson: a connection, or the few that an attack takes.
type Flow struct {
	Name    string // one of FlowNames
	Parties []string
	// Passthrough: of the parties those between the first and the last carry bytes alone.
	Passthrough bool
	Events      []event.Event
	Wire        []Segment // what a listener recorded, in order
	KeyLog      []byte    // what opens it: all ends' NSS key log lines (RFC 9850)
	Outcome     Outcome
}

// FlowNames lists the Name of every Flow. A student's own exchange adds "kx_f0" and on.
func FlowNames() []string {
	return []string{"plain", "rsa", "dhe", "ecdhe", "tls13", "mitm", "full", "resumed", "captured_session", "stolen_master",
		"replayed_early_data", "stolen_psk", "psk"}
}

// Segment is what one party put on the wire at once.
type Segment struct {
	Conn     int // as in event.Meta
	From     string
	ToServer bool
	Bytes    []byte
}

// Observe lets an eavesdropper with o's keys read the recording of connection
// o.Conn (0: the first of the flow). The error is about o.KeyLog.
func (f *Flow) Observe(o observe.Options) (observe.Report, error) {
	ob, err := observe.New(o)
	if err != nil {
		return observe.Report{}, err
	}
	for _, s := range f.Wire {
		if o.Conn == 0 {
			o.Conn = s.Conn
		}
		switch {
		case s.Conn != o.Conn:
		case s.ToServer:
			ob.ClientBytes(s.Bytes)
		default:
			ob.ServerBytes(s.Bytes)
		}
	}
	return ob.Report(), nil
}

// Outcome is how a flow ended.
type Outcome struct {
	Done     bool   // both ends finished the handshake and the reply arrived, as sent or as the interceptor rewrote it
	Intended bool   // a refusal that the options ask for
	Refused  string // the party that refused; "" if none
	Err      error  // its reason, a *reason.Error
	Received string // what the client got
}

// Events returns every event of every flow, in order.
func (t *Transcript) Events() []event.Event {
	var out []event.Event
	for _, f := range t.Flows {
		out = append(out, f.Events...)
	}
	return out
}

// Flow returns the flow of a name, or nil.
func (t *Transcript) Flow(name string) *Flow {
	for _, f := range t.Flows {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// all picks the events of one type.
func all[E event.Event](events []event.Event) []E {
	var out []E
	for _, e := range events {
		if x, ok := e.(E); ok {
			out = append(out, x)
		}
	}
	return out
}

// Messages returns each message twice, as its sender and its receiver saw it.
func (t *Transcript) Messages() []*event.Message {
	return all[*event.Message](t.Events())
}

// Records returns each record twice, as its sender and its receiver saw it.
func (t *Transcript) Records() []*event.Record {
	return all[*event.Record](t.Events())
}

// Secret returns the value of the last secret so labelled ("premaster_secret",
// "master_secret", "client_write_key"), or nil. Both ends agree on it, or the
// handshake failed.
func (t *Transcript) Secret(label event.SecretLabel) []byte {
	for i := len(t.Flows) - 1; i >= 0; i-- {
		if v := t.Flows[i].Secret(label); v != nil {
			return v
		}
	}
	return nil
}

// Secret returns the value of the flow's last secret so labelled, or nil.
func (f *Flow) Secret(label event.SecretLabel) []byte {
	var v []byte
	for _, s := range all[*event.Secret](f.Events) {
		if s.Label == label {
			v = s.Value
		}
	}
	return v
}

// SceneOf returns the flow's first scene of a type, or nil: SceneOf[*WhoKnows](f).
func SceneOf[S event.Scene](f *Flow) (first S) {
	for _, e := range f.Events {
		if s, ok := e.(S); ok {
			return s
		}
	}
	return first
}

// Outcome is what the lesson came to: that of the first flow that went otherwise
// than the options ask for, else that of the last flow without an attacker.
func (t *Transcript) Outcome() Outcome {
	var out Outcome
	for _, f := range t.Flows {
		if !f.Outcome.Done && !f.Outcome.Intended {
			return f.Outcome
		}
		if !slices.Contains(f.Parties, "attacker") {
			out = f.Outcome
		}
	}
	return out
}
