package render

import (
	"encoding/hex"
	"io"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

// WriteJSON writes a transcript as one JSON object, version 1:
//
//	{"tlslab": 1, "seed": "1", "flows": [{
//	  "name": "rsa", "parties": ["client", "server"],
//	  "events": [{
//	    "seq": 12, "party": "client", "dir": "send", "kind": "message", "name": "client_hello",
//	    "ref": "RFC 5246 §7.4.1.2", "bytes": "010000…",
//	    "fields": [{"path": "client_hello.client_version", "off": 4, "len": 2,
//	                "value": {"hex": "0x0303", "name": "TLS 1.2", "value": 771}, "ref": "…"}]}],
//	  "outcome": {"done": true, "intended": false, "refused": "", "received": "HTTP/1.1 200 OK…"}}]}
//
// Every event has seq (through all parties), party, kind, name, and conn, time, state
// and move. What else it has depends on its kind; what is empty is left out, except
// where that would hide an answer:
//
//	message     dir, ref, bytes (header included), fields in wire order (groups have no value), to (state),
//	            flight {n, of} (of: left out as long as nobody knows; all of it: of no handshake)
//	record      dir, bytes (as on the wire), version, epoch, keys, sequence, protected, payload, steps [{name, bytes}]
//	secret      bytes (its value), op, method, hash, tag, inputs [{name, bytes, private}]
//	decision    chosen, among, why
//	check       ok, op, method, inputs, report, error
//	key_change  dir, epoch, keys, suite
//	alert       dir, level, error (of the end that refused)
//	data        dir, bytes, frames (of HTTP/2, those that end in it: a line each)
//	stop        legal [{dir, message, version (of its row; of neither: left out), to, guarded, when, ref}]
//	scene       values [{name, value}]
//
// Where a value of a scene, or what was received, is a conversation in HTTP/2, it stands
// there as its frames too, a line each.
//
// keys are "clear", "early", "handshake" or "application" (TLS 1.2's one set): what
// protects, which epoch, a count of changes, does not tell.
//
// name is the message's, the content type, the secret's label, what was decided or
// checked, the alert's or the scene's key: all in snake_case. dir is "send" or
// "recv". Bytes are hex strings. A number from a registry is {hex, name, value}.
// An error is {reason, field, off, want, got, alert, message}; off is -1 where no
// byte is to blame. A report is {ok, chosen, paths [{subjects, anchored, checks
// [{key, cert, ok, ref, inputs, error}], error}], rejected [{subject, for, reason}]}.
//
// In a lesson with an interceptor, two things side by side are {left, right, rows [{what,
// left, right, same}]}, and what an end believes is {party, peer, anchor, overridden, done,
// refused, certificate_requested, truth, sent, received, other_sent}: told at
// scenario.SideBySide and scenario.Belief.
//
// Programs should ignore members that they do not know: they may be added within
// version 1.
func WriteJSON(w io.Writer, t *scenario.Transcript) error {
	doc := jsonDoc{Version: 1, Seed: t.Seed, Flows: []jsonFlow{}}
	for _, f := range t.Flows {
		j := jsonFlow{Name: f.Name, Parties: f.Parties, Events: []jsonEvent{}, Outcome: &jsonOutcome{
			Done: f.Outcome.Done, Intended: f.Outcome.Intended, Refused: f.Outcome.Refused,
			Error: jsonError(f.Outcome.Err), Received: jsonText(f.Outcome.Received)}}
		story := newJSONStory()
		for _, e := range f.Events {
			if x, ok := jsonOf(e); ok {
				story.add(&x, e)
				j.Events = append(j.Events, x)
			}
		}
		doc.Flows = append(doc.Flows, j)
	}
	return doc.write(w)
}

// JSON is a Listener that keeps a live connection's events and writes them, as
// WriteJSON does, when it is closed.
type JSON struct {
	w     io.Writer
	flow  jsonFlow
	story jsonStory
}

// NewJSON returns a JSON that will write one flow of that name to w.
func NewJSON(w io.Writer, name string, parties ...string) *JSON {
	return &JSON{w, jsonFlow{Name: name, Parties: parties, Events: []jsonEvent{}}, newJSONStory()}
}

// Event takes the next event.
func (j *JSON) Event(e event.Event) {
	if x, ok := jsonOf(e); ok {
		j.story.add(&x, e)
		j.flow.Events = append(j.flow.Events, x)
	}
}

// Close writes the document. It does not close the writer.
func (j *JSON) Close() error {
	return jsonDoc{Version: 1, Flows: []jsonFlow{j.flow}}.write(j.w)
}

type jsonDoc struct {
	Version int        `json:"tlslab"`
	Seed    string     `json:"seed"`
	Flows   []jsonFlow `json:"flows"`
}

func (d jsonDoc) write(w io.Writer) error {
	return foreign.EncodeJSON(w, d, " ")
}

type jsonFlow struct {
	Name    string       `json:"name"`
	Parties []string     `json:"parties"`
	Events  []jsonEvent  `json:"events"`
	Outcome *jsonOutcome `json:"outcome,omitempty"`
}

type jsonOutcome struct {
	Done     bool       `json:"done"`
	Intended bool       `json:"intended"`
	Refused  string     `json:"refused"`
	Error    *jsonFault `json:"error,omitempty"`
	Received string     `json:"received"`
}

type jsonEvent struct {
	Seq   uint64    `json:"seq"`
	Conn  int       `json:"conn"`
	Party string    `json:"party"`
	Time  time.Time `json:"time"`
	State string    `json:"state"`
	Move  string    `json:"move,omitempty"`
	Dir   string    `json:"dir,omitempty"`
	Kind  string    `json:"kind"`
	Name  string    `json:"name"`
	Ref   string    `json:"ref,omitempty"`
	Bytes string    `json:"bytes,omitempty"`
	To    string    `json:"to,omitempty"`

	Flight *jsonFlight `json:"flight,omitempty"`

	Fields []jsonField `json:"fields,omitempty"`

	Version   any         `json:"version,omitempty"`
	Epoch     *int        `json:"epoch,omitempty"`
	Keys      string      `json:"keys,omitempty"`
	Sequence  *uint64     `json:"sequence,omitempty"`
	Protected *bool       `json:"protected,omitempty"`
	Payload   *string     `json:"payload,omitempty"`
	Steps     []jsonValue `json:"steps,omitempty"`

	Op     string      `json:"op,omitempty"`
	Method string      `json:"method,omitempty"`
	Hash   string      `json:"hash,omitempty"`
	Tag    string      `json:"tag,omitempty"`
	Inputs []jsonValue `json:"inputs,omitempty"`

	Exchange any `json:"exchange,omitempty"`
	Group    any `json:"group,omitempty"`

	Chosen any    `json:"chosen,omitempty"`
	Among  any    `json:"among,omitempty"`
	Why    string `json:"why,omitempty"`

	OK     *bool       `json:"ok,omitempty"`
	Report *jsonReport `json:"report,omitempty"`
	Error  *jsonFault  `json:"error,omitempty"`

	Suite any        `json:"suite,omitempty"`
	Level any        `json:"level,omitempty"`
	Legal []jsonMove `json:"legal,omitempty"`

	Frames []string `json:"frames,omitempty"`

	Values []jsonNamed `json:"values,omitempty"`
}

type jsonFlight struct {
	N  int `json:"n"`
	Of int `json:"of,omitempty"`
}

// jsonStory is what of an event only those before it can tell.
type jsonStory struct {
	talk talk
	seen *narrate.Context
}

func newJSONStory() jsonStory { return jsonStory{talk{}, new(narrate.Context)} }

func (s jsonStory) add(x *jsonEvent, e event.Event) {
	switch e := e.(type) {
	case *event.Data:
		frames, _ := s.talk.frames(e)
		x.Frames = frameLines(frames)
	case *event.Message:
		if n, of := narrate.Flight(e, s.seen); n > 0 {
			x.Flight = &jsonFlight{n, of}
		}
	}
}

type jsonField struct {
	Path  string `json:"path"`
	Off   int    `json:"off"`
	Len   int    `json:"len"`
	Value any    `json:"value,omitempty"`
	Ref   string `json:"ref,omitempty"`
}

type jsonValue struct {
	Name    string `json:"name"`
	Bytes   string `json:"bytes"`
	Private bool   `json:"private,omitempty"`
	From    string `json:"from,omitempty"` // the name of the secret that it is
}

type jsonNamed struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type jsonMove struct {
	Dir     string `json:"dir"`
	Message string `json:"message"`
	Version any    `json:"version,omitempty"`
	To      string `json:"to"`
	Guarded bool   `json:"guarded,omitempty"`
	When    string `json:"when,omitempty"`
	Ref     string `json:"ref"`
}

type jsonFault struct {
	Reason  string `json:"reason"`
	Ref     string `json:"ref,omitempty"` // the section of the rule that was broken
	Field   string `json:"field,omitempty"`
	Off     int    `json:"off"`
	Want    any    `json:"want,omitempty"`
	Got     any    `json:"got,omitempty"`
	Alert   any    `json:"alert,omitempty"`
	Message string `json:"message"`
}

type jsonReport struct {
	OK       bool            `json:"ok"`
	Chosen   int             `json:"chosen"`
	Paths    []jsonPath      `json:"paths"`
	Rejected []jsonRejection `json:"rejected,omitempty"`
}

type jsonPath struct {
	Subjects []string    `json:"subjects"`
	Prints   []string    `json:"fingerprints"` // SHA-256 of each: two may have one subject
	Anchored bool        `json:"anchored"`
	Checks   []jsonCheck `json:"checks"`
	Notes    []jsonNote  `json:"notes,omitempty"`
	States   []jsonState `json:"states,omitempty"` // RFC 5280 §6.1, anchor first
	Error    *jsonFault  `json:"error,omitempty"`
}

// jsonState is what is carried down from a certificate to those below.
type jsonState struct {
	Cert   int         `json:"cert"`
	Inputs []jsonNamed `json:"inputs"`
}

// jsonNote is a remark that decides nothing: what breaks a rule for issuers.
type jsonNote struct {
	Key  string `json:"key"`
	Cert int    `json:"cert"`
	Ref  string `json:"ref"`
	Got  any    `json:"got"`
}

type jsonCheck struct {
	Key    string      `json:"key"`
	Cert   int         `json:"cert"`
	OK     bool        `json:"ok"`
	Ref    string      `json:"ref"`
	Inputs []jsonNamed `json:"inputs,omitempty"`
	Error  *jsonFault  `json:"error,omitempty"`
}

type jsonRejection struct {
	Subject string `json:"subject"`
	Print   string `json:"fingerprint"`
	For     string `json:"for,omitempty"`
	Reason  string `json:"reason"`
}

// jsonOf converts an event; ok is false for a kind it does not know.
func jsonOf(e event.Event) (x jsonEvent, ok bool) {
	h := e.Head()
	x = jsonEvent{Seq: h.Seq, Conn: h.Conn, Party: h.Party, Time: h.Time, State: h.State.String(), Move: h.Move, Ref: h.Ref}
	switch e := e.(type) {
	case *event.Message:
		x.Kind, x.Name, x.Dir, x.Bytes, x.To = "message", e.Kind.String(), e.Dir.String(), hex.EncodeToString(e.Raw), e.To.String()
		for _, f := range e.Fields {
			j := jsonField{Path: f.Name, Off: f.Off, Len: f.Len}
			if f.Leaf() {
				j.Value = jsonAny(f.Value)
			}
			if entry, ok := narrate.Get(narrate.En, narrate.Field, narrate.FieldKey(f.Name, e)); ok {
				j.Ref = entry.Ref
			}
			x.Fields = append(x.Fields, j)
		}
	case *event.Record:
		payload := hex.EncodeToString(e.Payload)
		x.Kind, x.Name, x.Dir, x.Bytes = "record", e.Type.String(), e.Dir.String(), hex.EncodeToString(e.Wire)
		x.Version, x.Epoch, x.Sequence, x.Protected, x.Payload = jsonAny(e.Version), &e.Epoch, &e.Sequence, &e.Protected, &payload
		if e.Keys != event.InClear || !e.Protected { // a listener may not know
			x.Keys = e.Keys.String()
		}
		for _, s := range e.Steps {
			x.Steps = append(x.Steps, jsonValue{Name: s.Name, Bytes: hex.EncodeToString(s.Bytes)})
		}
	case *event.Secret:
		x.Kind, x.Name, x.Bytes, x.Op, x.Method, x.Hash, x.Tag = "secret", string(e.Label), hex.EncodeToString(e.Value), e.Op.String(), e.Method, e.Hash, e.Tag
		x.Inputs, x.Group = jsonInputs(e.Inputs), jsonGroup(e.Group)
		if e.Version != 0 {
			x.Version = jsonAny(e.Version)
		}
		if e.Exchange != iana.KxNone {
			x.Exchange = jsonAny(e.Exchange)
		}
	case *event.Decision:
		x.Kind, x.Name, x.Chosen, x.Among, x.Why = "decision", string(e.What), jsonAny(e.Chosen), jsonAny(e.Among), string(e.Why)
	case *event.Check:
		x.Kind, x.Name, x.OK, x.Op, x.Method = "check", string(e.What), &e.OK, e.Op.String(), e.Method
		x.Inputs, x.Report, x.Error = jsonInputs(e.Inputs), jsonReportOf(e.Report), jsonError(e.Err)
	case *event.KeyChange:
		x.Kind, x.Name, x.Dir, x.Epoch, x.Keys, x.Suite = "key_change", "key_change", e.Dir.String(), &e.Epoch, e.Keys.String(), jsonAny(e.Suite)
	case *event.Alert:
		x.Kind, x.Name, x.Dir, x.Level, x.Error = "alert", e.Description.String(), e.Dir.String(), jsonAny(e.Level), jsonError(e.Err)
	case *event.Data:
		x.Kind, x.Name, x.Dir, x.Bytes = "data", iana.ApplicationData.String(), e.Dir.String(), hex.EncodeToString(e.Data)
	case *event.Stop:
		x.Kind, x.Name = "stop", "stop"
		for _, m := range e.Legal {
			j := jsonMove{Dir: m.Dir.String(), Message: m.Msg.String(), To: m.To.String(), Guarded: m.Guarded, When: string(m.When), Ref: m.Ref}
			if m.Version != 0 {
				j.Version = jsonAny(m.Version)
			}
			x.Legal = append(x.Legal, j)
		}
	case event.Scene:
		x.Kind, x.Name = "scene", string(e.Key())
		for _, v := range e.Values() {
			x.Values = append(x.Values, jsonNamed{v.Name, jsonAny(v.Value)})
		}
	default:
		return x, false
	}
	return x, true
}
