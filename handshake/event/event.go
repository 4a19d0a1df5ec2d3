// Package event is what an endpoint tells whoever listens: the kinds of events, the states
// and moves they speak of, and the words in them as constants. A renderer, an observer, a
// grader needs these and no engine.
//
// It is not the engine (handshake), which emits them, nor the words for a learner (narrate).
//
// Read event.go first, then secret.go, move.go and state.go; words.go lists what an endpoint's events say.
package event

import (
	"fmt"
	"strings"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
	"tlslab/pki"
)

// Event is one thing that happened at an endpoint. The set is closed: Record, Message, Secret,
// Decision, Check, KeyChange, Alert, Data and Stop from an endpoint, Scene from a lesson; all
// by pointer. Events own their bytes.
type Event interface {
	// Head returns what every event has, so that whoever merges several
	// endpoints' events can number them anew.
	Head() *Meta
	event()
}

// A Listener is told of every event, in order, on the goroutine that drives the
// endpoint. It must ignore kinds it does not know. It must be a true nil
// interface where nobody listens: then nothing is built for it.
//
// An endpoint tells at once. What a Listener does then is between what the peer sent and
// the answer, so a driver with a peer that can measure tells later: see handshake.Endpoint.Owes.
type Listener interface{ Event(Event) }

// ListenerFunc makes a function a Listener.
type ListenerFunc func(Event)

// Event calls f.
func (f ListenerFunc) Event(e Event) { f(e) }

// Meta is what every event has.
type Meta struct {
	Seq   uint64    // counts an endpoint's events from 1; a scenario's across all its parties
	Conn  int       // which connection of a lesson; 0 where there is one
	Party string    // Config.Party: "client", "server"
	Time  time.Time // by Config.Time
	State State     // the state it happened in
	Move  string    // the move under way, "client/send/client_hello"; "" between moves
	Ref   string    // where the move is specified, "RFC 5246 §7.4.1.2"
}

// Head returns m.
func (m *Meta) Head() *Meta { return m }
func (m *Meta) event()      {}

// Direction says which way bytes travel, seen from the endpoint.
type Direction uint8

// The directions.
const (
	Send Direction = iota
	Receive
)

// String returns "send" or "recv".
func (d Direction) String() string {
	if d == Send {
		return "send"
	}
	return "recv"
}

// Record is one record, as on the wire and opened.
type Record struct {
	Meta
	Dir       Direction
	Type      iana.ContentType
	Version   iana.Version
	Epoch     int    // 0 before the first change of keys in this direction
	Keys      Keys   // what protects it; InClear also where a listener cannot tell which keys do
	Sequence  uint64 // never sent; it enters the MAC or the nonce
	Protected bool
	Wire      []byte // header included
	Payload   []byte // opened; nil if it was not, such as early data that a server passes over
	Steps     []suite.Step
}

// Step returns the bytes of the step of that name, suite.StepNonce for one, or nil if there
// was no such step.
func (r *Record) Step(name string) []byte {
	for _, s := range r.Steps {
		if s.Name == name {
			return s.Bytes
		}
	}
	return nil
}

// Fields names every byte of Wire, under the paths that record.Fields documents. It is nil
// where Wire is not one whole record.
func (r *Record) Fields() []wire.Field { return record.Fields(r.Wire, r.Steps, r.tls13()) }

// Opened returns what was found when the record's protection was taken off, and names every
// byte of it, as record.Opened does. Both are nil where there was none, and where the record
// was not opened.
func (r *Record) Opened() ([]byte, []wire.Field) { return record.Opened(r.Steps) }

// tls13 reports whether the record was made by the rules of TLS 1.3, or before anybody could
// know: today's rules then.
func (r *Record) tls13() bool {
	if r.Protected && r.Steps != nil {
		return r.Step(suite.StepContentType) != nil
	}
	return r.Move == "" || strings.HasSuffix(r.Move, tls13) || strings.HasSuffix(r.Move, "/"+message.KindClientHello.String())
}

// Message is one handshake message (or ChangeCipherSpec), every byte named.
type Message struct {
	Meta
	Dir    Direction
	Kind   message.Kind
	Msg    message.Message
	Raw    []byte // handshake header included
	Fields []wire.Field
	Group  Group // that it settles: ECDHE's of ServerKeyExchange, or that of the server's key_share
	To     State // the state after the move
	// QUIC: it came in CRYPTO frames of QUIC's Initial packets, which are encrypted with keys that
	// anybody can compute (RFC 9001 §5.2), and in no record.
	QUIC bool
}

// Op classes what was computed, as a learner sorts it.
type Op uint8

// The classes.
const (
	OpNone       Op = iota
	OpAsymmetric    // public-key: key exchange, signature
	OpSymmetric     // a key both ends hold: cipher, MAC
	OpHash          // hash, PRF, key derivation
	OpRandom        // drawn
)

// String returns "asymmetric", "symmetric", "hash", "random" or ""; "0xc8" for a number
// that is no Op.
func (o Op) String() string {
	names := [...]string{"", "asymmetric", "symmetric", "hash", "random"}
	if int(o) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(o))
	}
	return names[o]
}

// Decision is a choice among what was possible, and why it fell so.
type Decision struct {
	Meta
	What   DecisionName
	Chosen any
	Among  any // what there was to choose from; nil if that goes without saying
	Why    Why
}

// Check is a check of what the peer sent.
type Check struct {
	Meta
	What   CheckName
	OK     bool
	Op     Op
	Method string // "rsa_pss_rsae_sha256", "SHA-256"
	Inputs []Input
	Report *pki.Report // for certificate_chain
	Err    error       // why not
}

// Keys says which of a connection's keys protect a direction. A count of changes does not
// tell it: with early data a client's first keys are not those of the handshake.
type Keys uint8

// The keys, as RFC 9846 §7.1 derives them. TLS 1.2 has one set, ApplicationKeys, and its
// Finished is under it as well.
const (
	InClear         Keys = iota
	EarlyKeys            // from client_early_traffic_secret
	HandshakeKeys        // from [sender]_handshake_traffic_secret
	ApplicationKeys      // from [sender]_application_traffic_secret_N; TLS 1.2's key_block
)

// String returns "clear", "early", "handshake" or "application"; "0xc8" for any other
// number.
func (k Keys) String() string {
	names := [...]string{"clear", "early", "handshake", "application"}
	if int(k) >= len(names) {
		return fmt.Sprintf("0x%02x", uint8(k))
	}
	return names[k]
}

// KeyChange says that from the next record on, one direction is under new keys; or
// InClear again, which happens to a client's second ClientHello behind early data.
type KeyChange struct {
	Meta
	Dir   Direction
	Epoch int
	Keys  Keys
	Suite iana.CipherSuite // 0 in clear: TLS_NULL_WITH_NULL_NULL
}

// EncryptsNothing reports whether the new keys only say who wrote, and hide nothing.
func (e *KeyChange) EncryptsNothing() bool {
	s := suite.ByID(e.Suite)
	return s != nil && !s.Cipher.Encrypts()
}

// Alert is an alert sent or received.
type Alert struct {
	Meta
	Dir         Direction
	Level       iana.AlertLevel
	Description iana.AlertDescription
	Err         error // what made us send it; nil for close_notify and for received ones
}

// Data is application data.
type Data struct {
	Meta
	Dir  Direction
	Data []byte
}

// Stop says that the endpoint can do nothing until bytes come, or until the
// application wants something; Legal is what may come.
type Stop struct {
	Meta
	Legal []Move
}
