package handshake

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// move is one row of a table: in state In, message Msg may travel in direction
// Dir if If holds; Do it; then the state is To. The rows of a state are tried in
// order, so a later row may lean on an earlier guard having failed.
type move[S any] struct {
	In   event.State
	Dir  event.Direction
	Msg  message.Kind
	If   func(*S, message.Message) bool // nil: always. Pure. The message is nil on a send; on a receive nil asks whether one could pass
	When event.Guard                    // the name of If
	Do   func(*S, message.Message) error
	To   event.State
	Ref  string       // where it is specified
	Ver  iana.Version // the version whose row it is; 0: of both. rows fills it in for those that come later
}

// rows makes one table of the rows of a role: those that come before the version is
// settled, then each version's. TLS 1.3's are tried first.
func rows[S any](first, tls13, tls12 []move[S]) []move[S] {
	all := slices.Clone(first)
	for _, m := range tls13 {
		m.Ver = iana.TLS13
		all = append(all, m)
	}
	for _, m := range tls12 {
		m.Ver = iana.TLS12
		all = append(all, m)
	}
	return all
}

// machine is a table bound to one endpoint's state. Only the driver reads it: a
// handler that named its own table would be an initialization cycle. v is the version
// that is settled, whose rows alone count; 0 before it is.
type machine interface {
	// find returns the first row of state in direction dir whose guard holds:
	// any message's if sending, m's if receiving. -1 if there is none.
	find(v iana.Version, state event.State, dir event.Direction, m message.Message) int
	do(row int, m message.Message) error
	row(row int) event.Move
	// legal lists the rows of a state, guards unevaluated.
	legal(v iana.Version, state event.State) []event.Move
	// awaits lists the kinds of message that may come in a state as things stand: a row whose
	// guard no message can pass does not count.
	awaits(v iana.Version, state event.State) []message.Kind
	// forget drops what only the handshake needed.
	forget()
	// expects tells whether kind may come in a state, as awaits does.
	expects(v iana.Version, state event.State, kind message.Kind) bool
}

// table implements machine.
type table[S any] struct {
	role  event.Role
	moves []move[S]
	s     *S
}

// in reports whether r is a row of state, for version v.
func (r *move[S]) in(v iana.Version, state event.State) bool {
	return r.In == state && (v == 0 || r.Ver == 0 || r.Ver == v)
}

// awaited reports whether a message can come by r in state, for version v.
func (r *move[S]) awaited(s *S, v iana.Version, state event.State) bool {
	return r.Dir == event.Receive && r.in(v, state) && (r.If == nil || r.If(s, nil))
}

func (t *table[S]) find(v iana.Version, state event.State, dir event.Direction, m message.Message) int {
	for i := range t.moves {
		r := &t.moves[i]
		if !r.in(v, state) || r.Dir != dir || m != nil && r.Msg != m.Kind() {
			continue
		}
		if r.If == nil || r.If(t.s, m) {
			return i
		}
	}
	return -1
}

func (t *table[S]) do(row int, m message.Message) error { return t.moves[row].Do(t.s, m) }

func (t *table[S]) forget() { any(t.s).(interface{ forget() }).forget() }

func (t *table[S]) row(i int) event.Move {
	r := &t.moves[i]
	return event.Move{Role: t.role, Version: r.Ver, In: r.In, Dir: r.Dir, Msg: r.Msg, Guarded: r.If != nil, When: r.When, To: r.To, Ref: r.Ref}
}

func (t *table[S]) expects(v iana.Version, state event.State, kind message.Kind) bool {
	for i := range t.moves {
		if r := &t.moves[i]; r.Msg == kind && r.awaited(t.s, v, state) {
			return true
		}
	}
	return false
}

func (t *table[S]) legal(v iana.Version, state event.State) []event.Move {
	var out []event.Move
	for i := range t.moves {
		if t.moves[i].in(v, state) {
			out = append(out, t.row(i))
		}
	}
	return out
}

func (t *table[S]) awaits(v iana.Version, state event.State) (kinds []message.Kind) {
	for i := range t.moves {
		r := &t.moves[i]
		if r.awaited(t.s, v, state) && !slices.Contains(kinds, r.Msg) {
			kinds = append(kinds, r.Msg)
		}
	}
	return kinds
}

// Moves returns the whole table of a role: what a state diagram is drawn from,
// and what "which message could come here?" is answered from.
func Moves(r event.Role) []event.Move {
	var m machine = &table[client]{role: event.Client, moves: clientMoves}
	if r == event.Server {
		m = &table[server]{role: event.Server, moves: serverMoves}
	}
	var out []event.Move
	for s := event.Start; s <= event.Failed; s++ {
		out = append(out, m.legal(0, s)...)
	}
	return out
}

// orderRule is where it stands that a message may not come now.
func (e *Endpoint) orderRule(k message.Kind) string {
	switch {
	case k == message.KindChangeCipherSpec:
		return e.rule("RFC 9846 §5", "RFC 5246 §7.1")
	case k == message.KindClientHello:
		return e.rule("RFC 9846 §4.2.2", "RFC 5246 §7.4")
	case k == message.KindHelloRetryRequest:
		return e.rule("RFC 9846 §4.2.4", "RFC 5246 §7.4")
	}
	return e.rule("RFC 9846 §4", "RFC 5246 §7.4")
}

// unexpected is the error for a message that no row of the state receives.
func (e *Endpoint) unexpected(k message.Kind) error {
	got := reason.Say("%v in state %v", k, e.state)
	if k == message.KindHelloRetryRequest && e.summary.Retried {
		got = reason.Say("a second %v in state %v", k, e.state)
	}
	return &reason.Error{Reason: reason.UnexpectedMessage, Ref: e.orderRule(k), Field: k.String(), Off: 0, Want: e.awaited(), Got: got}
}

// awaited says which messages may come now.
func (e *Endpoint) awaited() reason.Phrase {
	var kinds reason.OneOf
	for _, k := range e.machine.awaits(e.version(), e.state) {
		kinds = append(kinds, k.String())
	}
	if len(kinds) == 0 {
		return reason.Say("no handshake message")
	}
	return reason.Say("%v", kinds)
}
