package handshake

import (
	"bytes"
	"cmp"
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
	"tlslab/handshake/wire"
)

// What an endpoint tells, as events. Each of these is called or does its work only where
// somebody listens, and copies what it keeps: events own their bytes. What tells of a secret
// of TLS 1.2 is in tell12.go, of TLS 1.3 in tell13.go.

// telling is what events say beside what they are about.
type telling struct {
	events  uint64 // so far
	move    string // under way
	ref     string
	to      event.State // where it leads
	stopped event.State // state of the last event.Stop, plus one
	label   []byte      // room for an HkdfLabel
}

// told is e's telling. A connection that nobody listens to has none.
func (e *Endpoint) told() *telling {
	if e.tell == nil {
		e.tell = new(telling)
	}
	return e.tell
}

func (e *Endpoint) meta() event.Meta {
	t := e.told()
	t.events++
	return event.Meta{Seq: t.events, Conn: e.cfg.Conn, Party: e.party(), Time: e.now(), State: e.state, Move: t.move, Ref: t.ref}
}

func (e *Endpoint) party() string {
	if e.cfg.Party != "" {
		return e.cfg.Party
	}
	return e.role.String()
}

// listening reports whether events are wanted.
func (e *Endpoint) listening() bool { return e.cfg.Listener != nil }

// revealing reports whether secrets are wanted too.
func (e *Endpoint) revealing() bool { return e.cfg.Listener != nil && e.cfg.ShowSecrets }

func (e *Endpoint) noteRecord(d event.Direction, r record.Record) {
	keys := event.InClear
	switch {
	case r.Dropped: // early data, whatever keys this end reads with; it reads nothing of it
		keys, r.Protected, r.Payload, r.Steps = event.EarlyKeys, true, nil, nil
	case r.Protected:
		keys = e.ch.keys[d]
	}
	e.cfg.Listener.Event(&event.Record{
		Meta: e.meta(), Dir: d, Type: r.Type, Version: r.Version, Epoch: r.Epoch, Keys: keys, Sequence: r.Seq,
		Protected: r.Protected, Wire: r.Wire, Payload: r.Payload, Steps: r.Steps, // a noted record owns its bytes
	})
}

// walked is where the walk that reads or writes a message notes its fields, until noteMessage
// has copied them; nil where nobody listens.
func (e *Endpoint) walked() *[]wire.Field {
	if e.cfg.Listener == nil {
		return nil
	}
	return walks.Get().(*[]wire.Field)
}

// walks are where fields are noted whose number is not known beforehand: a list that grows from
// nothing for each message is copied over and over.
var walks = sync.Pool{New: func() any { return new(make([]wire.Field, 0, 128)) }}

// mostFields is what the pool keeps room for, 70 KB: a browser's ClientHello has 200, one that
// somebody made to be long has 30,000.
const mostFields = 1024

// noteMessage tells of a message whose walk noted its fields in walked: what is shown of a
// received message are the bytes that came.
func (e *Endpoint) noteMessage(d event.Direction, m message.Message, raw []byte, walked *[]wire.Field, to event.State) {
	raw = bytes.Clone(raw)
	fields := wire.Over(raw, *walked)
	if cap(*walked) <= mostFields {
		clear(*walked) // the pool keeps nothing alive
		*walked = (*walked)[:0]
		walks.Put(walked)
	}
	e.cfg.Listener.Event(&event.Message{Meta: e.meta(), Dir: d, Kind: m.Kind(), Msg: m, Raw: raw, Fields: fields, Group: e.groupOf(event.SettledGroup(m)), To: to})
}

func (e *Endpoint) noteData(d event.Direction, p []byte) {
	if e.listening() {
		e.cfg.Listener.Event(&event.Data{Meta: e.meta(), Dir: d, Data: bytes.Clone(p)})
	}
}

// noteKeyChange notes what protects a direction from here on, and tells it.
func (e *Endpoint) noteKeyChange(d event.Direction, k event.Keys, s iana.CipherSuite) {
	e.ch.keys[d] = k
	if e.listening() {
		epoch := e.ch.rd.Epoch()
		if d == event.Send {
			epoch = e.ch.wr.Epoch()
		}
		e.cfg.Listener.Event(&event.KeyChange{Meta: e.meta(), Dir: d, Epoch: epoch, Keys: k, Suite: s})
	}
}

// decided tells of a choice. Callers that must build among or why guard it with listening.
func (e *Endpoint) decided(what event.DecisionName, chosen, among any, why event.Why) {
	if e.listening() {
		e.cfg.Listener.Event(&event.Decision{Meta: e.meta(), What: what, Chosen: chosen, Among: among, Why: why})
	}
}

// secret tells of a derivation, of its value and of what went into it. Where s does not say of
// which version, it is the one that was chosen.
func (e *Endpoint) secret(s event.Secret, value []byte, inputs ...event.Input) {
	var told struct { // one piece of memory, with room for inputs: three as a rule
		event.Secret
		room [3]event.Input
	}
	told.Secret = s
	told.Meta = e.meta()
	told.Version = cmp.Or(s.Version, e.summary.Version)
	n := len(value)
	for i := range inputs {
		n += len(inputs[i].Bytes)
	}
	own := make(owned, 0, n)
	told.Value = own.copy(value)
	if len(inputs) > 0 {
		told.Inputs = told.room[:0]
	}
	for _, in := range inputs {
		in.Bytes = own.copy(in.Bytes)
		told.Inputs = append(told.Inputs, in)
	}
	e.cfg.Listener.Event(&told.Secret)
}

// owned is what an event has of bytes that it does not share: the copies stand side by side in
// one piece of memory.
type owned []byte

// copy copies b.
func (o *owned) copy(b []byte) []byte {
	if b == nil {
		return nil
	}
	at := len(*o)
	*o = append(*o, b...)
	return (*o)[at:len(*o):len(*o)]
}

// checked tells of a check and of what it looked at.
func (e *Endpoint) checked(c event.Check, inputs ...event.Input) {
	c.Meta = e.meta()
	c.OK = c.Err == nil
	c.Inputs = event.CloneInputs(inputs)
	if !e.revealing() { // then no secret has been told that one could be from
		for i := range c.Inputs {
			c.Inputs[i].From = ""
		}
	}
	e.cfg.Listener.Event(&c)
}

// groupOf tells of the group at a number: of ours, or else of one that everybody knows.
func (e *Endpoint) groupOf(id iana.Group) event.Group {
	if g := e.cfg.group(id); g != nil {
		return event.GroupOf(g)
	}
	return event.GroupAt(id)
}

// stop tells, once per state, that the endpoint waits.
func (e *Endpoint) stop() {
	if e.listening() && e.told().stopped != e.state+1 {
		e.tell.stopped = e.state + 1
		e.cfg.Listener.Event(&event.Stop{Meta: e.meta(), Legal: e.Legal()})
	}
}

// explain returns the values behind an offer or an answer, if it tells them. One of them
// may be the share, which an event of the label told has told of; nil and "": none has.
func explain(x any, share []byte, told event.SecretLabel) []event.Input {
	ex, ok := x.(kx.Explainer)
	if !ok {
		return nil
	}
	return explained(ex.Explain(), share, told)
}

// explain13 is explain where the client makes the offer.
func explain13(x any, share []byte, told event.SecretLabel) []event.Input {
	ex, ok := x.(kx.Explainer)
	if !ok {
		return nil
	}
	return explained(kx.ServerFirst(ex.Explain()), share, told)
}

func explained(values []kx.Value, share []byte, told event.SecretLabel) []event.Input {
	in := event.Inputs(values...)
	for i := range in {
		if told != "" && bytes.Equal(in[i].Bytes, share) {
			in[i].From = told
		}
	}
	return in
}
