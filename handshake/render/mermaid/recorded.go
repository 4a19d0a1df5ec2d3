package mermaid

import (
	"bytes"

	"tlslab/handshake/event"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/sheet"
)

// An attack by replay has one end that is ours, the server: no party of the lesson tells of
// sending what it receives. In a diagram these are the attacker's arrows, and they stand
// where he put them on the wire, which is before the server read the first of them.

// recorded is, by connection, what was sent again in a flow.
type recorded struct {
	flights map[int][]flightAgain
	at      map[event.Event]int // the flight that an event of such a connection belongs to
}

// flightAgain is what went over the wire at once.
type flightAgain struct {
	read     []readAgain
	unread   bool // and behind that early data which was passed over
	unopened bool // or a record which does not open
	drawn    bool
}

// readAgain is a message or data that the server read, and what the record was under.
type readAgain struct {
	event event.Event
	keys  event.Keys
}

// recordedIn finds the connections of f on which one end alone is an endpoint, and sorts
// what that end received by flights.
func recordedIn(f *Flow) *recorded {
	ends := map[int]map[string]bool{}
	for _, e := range f.Events {
		if h := e.Head(); h.Conn != 0 {
			if _, scene := e.(event.Scene); scene {
				continue
			}
			if ends[h.Conn] == nil {
				ends[h.Conn] = map[string]bool{}
			}
			ends[h.Conn][h.Party] = true
		}
	}
	r := &recorded{map[int][]flightAgain{}, map[event.Event]int{}}
	sent := map[int][][]byte{} // the flights' bytes, what was opened of them cut off
	for _, s := range f.Sent {
		if s.ToServer && len(ends[s.Conn]) == 1 && !ends[s.Conn][s.From] {
			sent[s.Conn] = append(sent[s.Conn], s.Bytes)
			r.flights[s.Conn] = append(r.flights[s.Conn], flightAgain{})
		}
	}
	at, keys := map[int]int{}, map[int]event.Keys{} // the flight that is being read, and the record
	for _, e := range f.Events {
		conn := e.Head().Conn
		if len(sent[conn]) == 0 {
			continue
		}
		switch e := e.(type) {
		case *event.Record:
			if e.Dir == event.Receive {
				at[conn], keys[conn] = cutRecord(sent[conn], at[conn], e.Wire), e.Keys
				r.flights[conn][at[conn]].unread = r.flights[conn][at[conn]].unread || sheet.PassedOver(e)
			}
		case *event.Message:
			if e.Dir == event.Receive {
				r.put(e, at[conn], keys[conn])
			}
		case *event.Data:
			if e.Dir == event.Receive {
				r.put(e, at[conn], keys[conn])
			}
		case *event.Alert:
			if e.Dir == event.Send && reason.Of(e.Err) == reason.BadRecordMAC {
				at[conn] = cutRecord(sent[conn], at[conn], nil)
				r.at[e] = at[conn]
				r.flights[conn][at[conn]].unopened = true
			}
		}
	}
	return r
}

func (r *recorded) put(e event.Event, flight int, k event.Keys) {
	conn := e.Head().Conn
	r.at[e] = flight
	r.flights[conn][flight].read = append(r.flights[conn][flight].read, readAgain{e, k})
}

// cutRecord takes the next record off the flights, from the given one on, and returns the
// number of the one that it stood in.
func cutRecord(flights [][]byte, from int, record []byte) int {
	for i := from; i < len(flights); i++ {
		if len(flights[i]) > 0 && bytes.HasPrefix(flights[i], record) {
			flights[i] = flights[i][len(record):]
			return i
		}
	}
	return from
}

// replayed draws the recorded flight that e belongs to, if e is the first of it that the
// server came to. What the server sent was an answer, and stands behind it.
func (m *Drawing) replayed(e event.Event, from string) {
	n, ok := m.recorded.at[e]
	if !ok || m.recorded.flights[e.Head().Conn][n].drawn {
		return
	}
	flight := &m.recorded.flights[e.Head().Conn][n]
	flight.drawn = true
	m.used["notation_recorded"] = true
	party := e.Head().Party
	again := func(what string) { m.Arrow(from, "->>", party, m.say.Aside(what, m.say.UI("recorded"))) }
	for _, x := range flight.read {
		switch e := x.event.(type) {
		case *event.Message:
			again(m.message(e, x.keys))
		case *event.Data:
			again(m.data(e, x.keys))
		}
	}
	if flight.unread {
		again(m.under(sheet.LegOf(e.Head()), event.EarlyKeys, m.say.UI("replay_unread")))
	}
	if flight.unopened {
		again(m.say.UI("replay_unopened"))
	}
}
