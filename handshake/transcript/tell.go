package transcript

import (
	"fmt"

	"tlslab/handshake/event"
	"tlslab/handshake/http2"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// teller converts the events of one flow, and adds what of each only those around it tell.
type teller struct {
	seen    narrate.Context
	streams map[way]*stream
	queue   []*held
}

// way is one direction of one party's connection.
type way struct {
	party string
	conn  int
	dir   event.Direction
}

// stream is what has gone one way.
type stream struct {
	http2     http2.Reader
	nth       int // messages so far
	handshake carriage
	changes   carriage // ChangeCipherSpec has records of its own
}

func newTeller() *teller { return &teller{streams: map[way]*stream{}} }

func (t *teller) stream(h *event.Meta, d event.Direction) *stream {
	w := way{h.Party, h.Conn, d}
	if t.streams[w] == nil {
		t.streams[w] = new(stream)
	}
	return t.streams[w]
}

// tell converts e, and passes on what is settled: e, unless it waits, and all that waited
// for it. A kind that it does not know is left out.
func (t *teller) tell(e event.Event, pass func(*Event)) {
	x, ok := converted(e)
	if !ok {
		return
	}
	h := &held{event: x}
	t.queue = append(t.queue, h)
	switch e := e.(type) {
	case *event.Data:
		if frames, ok := t.stream(&e.Meta, e.Dir).http2.Feed(e.Data); ok {
			x.Frames = http2.Lines(frames)
		}
	case *event.Message:
		if n, of := narrate.Flight(e, &t.seen); n > 0 {
			x.Flight = &Flight{n, of}
		}
		t.stream(&e.Meta, e.Dir).message(e, h)
	case *event.Record:
		t.stream(&e.Meta, e.Dir).record(e, x)
	case *event.KeyChange:
		t.stream(&e.Meta, e.Dir).handshake.abandon()
	}
	for len(t.queue) > 0 && (t.queue[0].left == 0 || len(t.queue) > maxHeld) {
		pass(t.queue[0].event)
		t.queue[0], t.queue = nil, t.queue[1:]
	}
}

// flush passes everything on.
func (t *teller) flush(pass func(*Event)) {
	for _, h := range t.queue {
		pass(h.event)
	}
	t.queue = nil
}

// converted is an event by itself; ok is false for a kind that is not known.
func converted(e event.Event) (x *Event, ok bool) {
	h := e.Head()
	x = &Event{Seq: h.Seq, Conn: h.Conn, Party: h.Party, Time: h.Time, State: h.State.String(), Move: h.Move, Ref: h.Ref}
	switch e := e.(type) {
	case *event.Message:
		x.Kind, x.Name, x.Dir, x.Bytes, x.To = KindMessage, e.Kind.String(), e.Dir.String(), e.Raw, e.To.String()
		for _, f := range e.Fields {
			x.Fields = append(x.Fields, fieldOf(f, narrate.FieldRef(f, e)))
		}
		x.Inside, x.QUIC = insideOf(e), e.QUIC
	case *event.Record:
		payload := Hex(e.Payload)
		x.Kind, x.Name, x.Dir, x.Bytes = KindRecord, e.Type.String(), e.Dir.String(), e.Wire
		x.Version, x.Epoch, x.Sequence, x.Protected, x.Payload = ValueOf(e.Version), &e.Epoch, &e.Sequence, &e.Protected, &payload
		if e.Keys != event.InClear || !e.Protected { // a listener may not know
			x.Keys = e.Keys.String()
		}
		for _, s := range e.Steps {
			x.Steps = append(x.Steps, Input{Name: s.Name, Bytes: s.Bytes})
		}
		for _, f := range e.Fields() {
			x.Fields = append(x.Fields, fieldOf(f, narrate.RecordFieldRef(f, e)))
		}
	case *event.Secret:
		x.Kind, x.Name, x.Bytes, x.Op, x.Method, x.Hash, x.Tag = KindSecret, string(e.Label), e.Value, e.Op.String(), e.Method, e.Hash, e.Tag
		x.Inputs, x.Group = inputs(e.Inputs), groupOf(e.Group)
		if e.Version != 0 {
			x.Version = ValueOf(e.Version)
		}
		if e.Exchange != iana.KxNone {
			x.Exchange = ValueOf(e.Exchange)
		}
	case *event.Decision:
		x.Kind, x.Name, x.Chosen, x.Among, x.Why = KindDecision, string(e.What), ValueOf(e.Chosen), ValueOf(e.Among), string(e.Why)
	case *event.Check:
		x.Kind, x.Name, x.OK, x.Op, x.Method = KindCheck, string(e.What), &e.OK, e.Op.String(), e.Method
		x.Inputs, x.Report, x.Error = inputs(e.Inputs), reportOf(e.Report), FaultOf(e.Err)
	case *event.KeyChange:
		x.Kind, x.Name, x.Dir, x.Epoch, x.Keys, x.Suite = KindKeyChange, string(KindKeyChange), e.Dir.String(), &e.Epoch, e.Keys.String(), ValueOf(e.Suite)
	case *event.Alert:
		x.Kind, x.Name, x.Dir, x.Level, x.Error = KindAlert, e.Description.String(), e.Dir.String(), ValueOf(e.Level), FaultOf(e.Err)
	case *event.Data:
		x.Kind, x.Name, x.Dir, x.Bytes = KindData, iana.ApplicationData.String(), e.Dir.String(), e.Data
	case *event.Stop:
		x.Kind, x.Name = KindStop, string(KindStop)
		for _, m := range e.Legal {
			x.Legal = append(x.Legal, moveOf(m))
		}
	case event.Scene:
		x.Kind, x.Name = KindScene, string(e.Key())
		for _, v := range e.Values() {
			x.Values = append(x.Values, Named{v.Name, ValueOf(v.Value)})
		}
	default:
		return nil, false
	}
	return x, true
}

// maxInside is how many fields a message's documents may have together: a chain on the web has some
// 2,000, and a certificate with a thousand names 4,000. One that is made for it has a field for each
// two of its bytes.
const maxInside = 1 << 14

func insideOf(e *event.Message) (out []Inside) {
	n := 0
	for _, f := range e.Fields {
		inside := e.Inside(f)
		if inside == nil {
			continue
		}
		d := Inside{Path: f.Name, Off: f.Off, Len: f.Len, Fields: []Field{}}
		if n += len(inside); n <= maxInside {
			d.Fields = derFields(inside)
		}
		out = append(out, d)
	}
	return out
}

// derFields are the fields of a document in DER.
func derFields(fields []wire.Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = fieldOf(f, narrate.CertFieldRef(f))
	}
	return out
}

func fieldOf(f wire.Field, ref string) Field {
	field := Field{Path: f.Name, Off: f.Off, Len: f.Len, Ref: ref}
	if f.Leaf() {
		field.Value = ValueOf(f.Value)
	}
	return field
}

func inputs(in []event.Input) []Input {
	var out []Input
	for _, v := range in {
		out = append(out, Input{v.Name, v.Bytes, v.Private, string(v.From)})
	}
	return out
}

// groupOf is a group under the name that it gives itself; no Value where there is none.
func groupOf(g event.Group) Value {
	if g.ID == 0 {
		return Value{}
	}
	return Value{Code{fmt.Sprintf("0x%04x", uint16(g.ID)), g.Name, uint64(g.ID)}}
}

func moveOf(m event.Move) Move {
	out := Move{Dir: m.Dir.String(), Message: m.Msg.String(), To: m.To.String(), Guarded: m.Guarded, When: string(m.When), Ref: m.Ref}
	if m.Version != 0 {
		out.Version = ValueOf(m.Version)
	}
	return out
}
