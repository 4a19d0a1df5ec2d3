package transcript

import "time"

// Version is the version of the format that this package writes and reads. Members may be
// added within it; none is renamed, removed or moved.
const Version = 1

// Document is a transcript: a lesson, a connection, a replay.
type Document struct {
	Version int     `json:"tlslab"` // 1
	Seed    string  `json:"seed"`   // of a lesson that can be played again; "" of a live connection
	Flows   []Flow  `json:"flows"`
	Replay  *Replay `json:"replay,omitempty"` // what a replay came to
}

// Flow is one act of a lesson, or a connection. Its parties' events are in one order.
type Flow struct {
	Name    string   `json:"name"` // "rsa", "live"
	Parties []string `json:"parties"`
	Events  []*Event `json:"events"`
	Outcome *Outcome `json:"outcome,omitempty"` // of a lesson's flow
}

// Outcome is how a lesson's flow ended. A live connection has no Outcome: its handshake is done if
// a message leads to (To) "CONNECTED", and an alert says who refused it. The flow of an
// attack has no Outcome either: see Replay.
type Outcome struct {
	Done     bool   `json:"done"`     // both ends finished the handshake, and the reply arrived
	Intended bool   `json:"intended"` // a refusal that the lesson asks for
	Refused  string `json:"refused"`  // the party that refused; "" if none
	Error    *Fault `json:"error,omitempty"`
	Received string `json:"received"` // what the client got; HTTP/2 as its frames, a line each
}

// Kind is what sort of thing happened. A program must pass over those that it does not know.
type Kind string

// The kinds.
const (
	KindMessage   Kind = "message"
	KindRecord    Kind = "record"
	KindSecret    Kind = "secret"
	KindDecision  Kind = "decision"
	KindCheck     Kind = "check"
	KindKeyChange Kind = "key_change"
	KindAlert     Kind = "alert"
	KindData      Kind = "data"
	KindStop      Kind = "stop"
	KindScene     Kind = "scene"
)

// Event is one thing that happened at one party. The first members every event has; which of
// the others depends on its Kind, and what is empty is left out.
type Event struct {
	Seq   uint64    `json:"seq"`  // counts through all parties of a flow
	Conn  int       `json:"conn"` // which connection; 0 where there is one
	Party string    `json:"party"`
	Time  time.Time `json:"time"`
	State string    `json:"state"`          // of the party: "WAIT_SH"
	Move  string    `json:"move,omitempty"` // under way: "client/send/client_hello"
	Dir   string    `json:"dir,omitempty"`  // "send" or "recv", as the party sees it
	Kind  Kind      `json:"kind"`
	Name  string    `json:"name"`            // the message's, the content type, a secret's label, what was checked or decided, …
	Ref   string    `json:"ref,omitempty"`   // where the move is specified, "RFC 9846 §4.2.3"
	Bytes Hex       `json:"bytes,omitempty"` // a message or record, header included; a secret's value; data
	To    string    `json:"to,omitempty"`    // of a message: the state that it leads to

	// Of a message.

	Flight  *Flight  `json:"flight,omitempty"`
	Fields  []Field  `json:"fields,omitempty"`  // every byte, in the order of the wire; of a record too
	Inside  []Inside `json:"inside,omitempty"`  // of a message: what some of its fields are by a format of their own
	Nth     int      `json:"nth,omitempty"`     // counts the messages that this party sent, or received, over this connection; from 1
	Records []uint64 `json:"records,omitempty"` // Seq of the records that carried it

	// Of a record.

	Version   Value   `json:"version,omitzero"` // of a secret too: the version of its connection
	Epoch     *int    `json:"epoch,omitempty"`  // of a change of keys too
	Keys      string  `json:"keys,omitempty"`   // "clear", "early", "handshake" or "application"; of a change of keys too
	Sequence  *uint64 `json:"sequence,omitempty"`
	Protected *bool   `json:"protected,omitempty"`
	Payload   *Hex    `json:"payload,omitempty"`  // opened; empty if it was not
	Steps     []Input `json:"steps,omitempty"`    // of its protection
	Messages  []int   `json:"messages,omitempty"` // Nth of the messages that it carried, whole or in part

	// Of a secret or a check.

	Op     string  `json:"op,omitempty"`     // "asymmetric", "symmetric", "hash", "random"
	Method string  `json:"method,omitempty"` // "PRF", "HKDF-Expand-Label", "rsa_pss_rsae_sha256"
	Hash   string  `json:"hash,omitempty"`
	Tag    string  `json:"tag,omitempty"` // the PRF's label, "master secret"
	Inputs []Input `json:"inputs,omitempty"`

	Exchange Value `json:"exchange,omitzero"` // of a secret of TLS 1.2: the key exchange that it is of
	Group    Value `json:"group,omitzero"`    // of a secret that a group made, under the group's own name

	// Of a decision.

	Chosen Value  `json:"chosen,omitzero"`
	Among  Value  `json:"among,omitzero"`
	Why    string `json:"why,omitempty"`

	// Of a check; Error also of an alert that this party sent.

	OK     *bool   `json:"ok,omitempty"`
	Report *Report `json:"report,omitempty"` // of certificate_chain
	Error  *Fault  `json:"error,omitempty"`

	Suite Value  `json:"suite,omitzero"`  // of a change of keys
	Level Value  `json:"level,omitzero"`  // of an alert
	Legal []Move `json:"legal,omitempty"` // of a stop: what may come

	Frames []string `json:"frames,omitempty"` // of data that is HTTP/2: those that end in it, a line each
	Values []Named  `json:"values,omitempty"` // of a scene

	QUIC bool `json:"quic,omitempty"` // of a message: it came in QUIC's Initial packets, and in no record
}

// Passed reports whether e is a check that came out well.
func (e *Event) Passed() bool { return e.Kind == KindCheck && e.OK != nil && *e.OK }

// Flight says which flight a message is in, from 1, and how many its handshake has: 0 as
// long as nobody knows.
type Flight struct {
	N  int `json:"n"`
	Of int `json:"of,omitempty"`
}

// Field is a range of the bytes of a message or a record. Its Path is the same in all versions, where RFC 9846
// renames a field, too: client_hello.client_version is its legacy_version. Fields
// with a Value cover every byte once; a group has no Value, and spans fields that follow it.
type Field struct {
	Path  string `json:"path"` // "client_hello.cipher_suites.suite"
	Off   int    `json:"off"`  // from the start of the message or record, in bytes
	Len   int    `json:"len"`
	Value Value  `json:"value,omitzero"`
	Ref   string `json:"ref,omitempty"` // where it is specified, or the structure that it is in: msg_type and length have the message's
}

// Inside is a document that is the value of a field of a message: a certificate, or an OCSP
// response. Its Fields cover each of its bytes once, as a message's do. Their paths begin with
// the field's and go on in the names of RFC 5280 and RFC 6960, of which pki/der tells:
// "….cert_data.certificate.tbs_certificate.validity.not_after".
type Inside struct {
	Path   string  `json:"path"` // the field's
	Off    int     `json:"off"`  // the field's
	Len    int     `json:"len"`
	Fields []Field `json:"fields"` // offsets are from the start of the message; of a message with more than 16384 such fields the last documents have none
}

// Input is a value that a secret, a check or a step was computed from.
type Input struct {
	Name    string `json:"name"`
	Bytes   Hex    `json:"bytes"`
	Private bool   `json:"private,omitempty"`
	From    string `json:"from,omitempty"` // the name of the secret that it is; of several of that name the last, by the same party on the same conn, with these Bytes
}

// Named is a value with its name.
type Named struct {
	Name  string `json:"name"`
	Value Value  `json:"value"`
}

// Move is a row of the state machine.
type Move struct {
	Dir     string `json:"dir"`
	Message string `json:"message"`
	Version Value  `json:"version,omitzero"` // whose row it is; of neither: left out
	To      string `json:"to"`
	Guarded bool   `json:"guarded,omitempty"`
	When    string `json:"when,omitempty"`
	Ref     string `json:"ref"`
}

// Fault is why something was refused.
type Fault struct {
	Reason  string `json:"reason"`        // "certificate_untrusted"; "internal" if the error has no reason
	Ref     string `json:"ref,omitempty"` // the section of the rule that was broken
	Field   string `json:"field,omitempty"`
	Off     int    `json:"off"` // -1 where no byte is to blame
	Want    Value  `json:"want,omitzero"`
	Got     Value  `json:"got,omitzero"`
	Alert   Value  `json:"alert,omitzero"`
	Message string `json:"message"`
}

// Messages are the messages of f that r, a record of its, carried.
func (f *Flow) Messages(r *Event) []*Event {
	return f.where(func(e *Event) bool { return carried(e, r) })
}

// Records are the records of f that carried m, a message of its.
func (f *Flow) Records(m *Event) []*Event {
	return f.where(func(e *Event) bool { return carried(m, e) })
}

func (f *Flow) where(is func(*Event) bool) []*Event {
	var out []*Event
	for _, e := range f.Events {
		if is(e) {
			out = append(out, e)
		}
	}
	return out
}

func carried(m, r *Event) bool {
	if m.Kind != KindMessage || r.Kind != KindRecord || m.Party != r.Party || m.Conn != r.Conn || m.Dir != r.Dir {
		return false
	}
	for _, n := range r.Messages {
		if n == m.Nth {
			return true
		}
	}
	return false
}
