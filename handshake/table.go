package handshake

import (
	"slices"
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// move is one row of a table: in state In, message Msg may travel in direction
// Dir if If holds; Do it; then the state is To. The rows of a state are tried in
// order, so a later row may lean on an earlier guard having failed.
//
// S is what the row works on: of one version's rows, the state of that version and no other's.
type move[S any] struct {
	In   event.State
	Dir  event.Direction
	Msg  message.Kind
	If   func(*S, message.Message) bool // nil: always. Pure. The message is nil on a send; on a receive nil asks whether one could pass
	When event.Guard                    // the name of If
	Do   func(*S, message.Message) error
	To   event.State
	Ref  string       // where it is specified
	Ver  iana.Version // the version whose row it is, in a table of none; 0: its table's
}

// rows are those of a role in one version, or before one is settled.
type rows[S any] struct {
	role    event.Role
	version iana.Version // 0: before one is settled
	moves   []move[S]

	once sync.Once
	from [event.Failed + 1][2][]int // see of

	naming sync.Once
	names  []string // of the moves, as events have them; see name
}

// mayCount reports whether any row counts for version v.
func (r *rows[S]) mayCount(v iana.Version) bool { return v == 0 || r.version == 0 || r.version == v }

// of are the rows of a state in one direction, in their order. Each record asks whether something
// is to be sent first, and a state has few rows or none. The index is made when it is first asked
// for, not by a function that makes the table: so the linker sees that who never serves has no
// use for a server's rows.
func (r *rows[S]) of(state event.State, dir event.Direction) []int {
	r.once.Do(func() {
		for i := range r.moves {
			m := &r.moves[i]
			r.from[m.In][m.Dir] = append(r.from[m.In][m.Dir], i)
		}
	})
	return r.from[state][dir]
}

// whose is the version whose row m is; 0: of both.
func (r *rows[S]) whose(m *move[S]) iana.Version { return max(r.version, m.Ver) }

func (r *rows[S]) row(i int) event.Move {
	m := &r.moves[i]
	return event.Move{Role: r.role, Version: r.whose(m), In: m.In, Dir: m.Dir, Msg: m.Msg, Guarded: m.If != nil, When: m.When, To: m.To, Ref: m.Ref}
}

// name is that of a row: put together once, since each event of a handshake has the name of its
// move, and only where somebody listens.
func (r *rows[S]) name(i int) string {
	r.naming.Do(func() {
		for i := range r.moves {
			r.names = append(r.names, r.row(i).String())
		}
	})
	return r.names[i]
}

// table is rows bound to what they work on.
type table[S any] struct {
	*rows[S]
	s *S
}

// bound is a table whatever it works on.
type bound interface {
	do(row int, m message.Message) error
	row(row int) event.Move
	name(row int) string
}

// machine is the tables of a role, whatever they work on. Only the driver reads it: a handler
// that named its own table would be an initialization cycle. v is the version that is settled,
// whose rows alone count; 0 before it is.
type machine interface {
	// find returns the first row of state in direction dir whose guard holds:
	// any message's if sending, m's if receiving.
	find(v iana.Version, state event.State, dir event.Direction, m message.Message) found
	// legal lists the rows of a state, guards unevaluated.
	legal(v iana.Version, state event.State) []event.Move
	// awaits lists the kinds of message that may come in a state as things stand: a row whose
	// guard no message can pass does not count.
	awaits(v iana.Version, state event.State) []message.Kind
	// expects tells whether kind may come in a state, as awaits does.
	expects(v iana.Version, state event.State, kind message.Kind) bool
	// forget drops what only the handshake needed.
	forget()
}

// tables are the three of a role, in the order in which their rows are tried.
type tables[S, S13, S12 any] struct {
	first table[S]
	tls13 table[S13]
	tls12 table[S12]
}

// found is a row of a table. Its zero value is no row.
type found struct {
	table bound
	i     int
}

func (f found) ok() bool                   { return f.table != nil }
func (f found) do(m message.Message) error { return f.table.do(f.i, m) }
func (f found) row() event.Move            { return f.table.row(f.i) }
func (f found) name() string               { return f.table.name(f.i) }

func (t *tables[S, S13, S12]) find(v iana.Version, state event.State, dir event.Direction, m message.Message) found {
	if i := t.first.find(v, state, dir, m); i >= 0 {
		return found{&t.first, i}
	}
	if i := t.tls13.find(v, state, dir, m); i >= 0 {
		return found{&t.tls13, i}
	}
	if i := t.tls12.find(v, state, dir, m); i >= 0 {
		return found{&t.tls12, i}
	}
	return found{}
}

func (t *tables[S, S13, S12]) expects(v iana.Version, state event.State, kind message.Kind) bool {
	return t.first.expects(v, state, kind) || t.tls13.expects(v, state, kind) || t.tls12.expects(v, state, kind)
}

func (t *tables[S, S13, S12]) legal(v iana.Version, state event.State) []event.Move {
	return slices.Concat(t.first.legal(v, state), t.tls13.legal(v, state), t.tls12.legal(v, state))
}

func (t *tables[S, S13, S12]) awaits(v iana.Version, state event.State) (kinds []message.Kind) {
	for _, k := range slices.Concat(t.first.awaits(v, state), t.tls13.awaits(v, state), t.tls12.awaits(v, state)) {
		if !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// counts reports whether r is a row of version v.
func (t *table[S]) counts(r *move[S], v iana.Version) bool {
	of := t.whose(r)
	return v == 0 || of == 0 || of == v
}

// awaited reports whether a message can come by r, a row of its state, for version v.
func (t *table[S]) awaited(r *move[S], v iana.Version) bool {
	return t.counts(r, v) && (r.If == nil || r.If(t.s, nil))
}

func (t *table[S]) find(v iana.Version, state event.State, dir event.Direction, m message.Message) int {
	if !t.mayCount(v) {
		return -1
	}
	for _, i := range t.rows.of(state, dir) {
		r := &t.moves[i]
		if !t.counts(r, v) || m != nil && r.Msg != m.Kind() {
			continue
		}
		if r.If == nil || r.If(t.s, m) {
			return i
		}
	}
	return -1
}

func (t *table[S]) do(row int, m message.Message) error { return t.moves[row].Do(t.s, m) }

func (t *table[S]) expects(v iana.Version, state event.State, kind message.Kind) bool {
	for _, i := range t.rows.of(state, event.Receive) {
		if r := &t.moves[i]; r.Msg == kind && t.awaited(r, v) {
			return true
		}
	}
	return false
}

func (t *table[S]) legal(v iana.Version, state event.State) []event.Move {
	var out []event.Move
	for i := range t.moves {
		if r := &t.moves[i]; r.In == state && t.counts(r, v) {
			out = append(out, t.row(i))
		}
	}
	return out
}

func (t *table[S]) awaits(v iana.Version, state event.State) (kinds []message.Kind) {
	for _, i := range t.rows.of(state, event.Receive) {
		if r := &t.moves[i]; t.awaited(r, v) {
			kinds = append(kinds, r.Msg)
		}
	}
	return kinds
}

// Moves returns the whole table of a role: what a state diagram is drawn from,
// and what "which message could come here?" is answered from.
func Moves(r event.Role) []event.Move {
	var m machine = newClient(nil)
	if r == event.Server {
		m = newServer(nil)
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
