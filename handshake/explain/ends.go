package explain

import (
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// ends tells next what an observer tells of two ends as a lesson would: what the sender did,
// a message first and then the records that carry it, and then what the other end received,
// the records first. What onlookers made of the records comes behind the sender's, and what somebody
// computed and checked who has the keys behind it all: at the message that it is about. The numbers are given anew.
type ends struct {
	next event.Listener
	seq  uint64

	finished [2]bool // the client has said Finished, and the server
	over     bool    // both have, before what is at hand

	party                         string // who sent what is at hand
	records, said, changes, other []event.Event
	seen                          []event.Event // what onlookers made of the records
}

// Event takes what the observer tells: records, and behind each what was in it.
func (l *ends) Event(e event.Event) {
	switch e.(type) {
	case *event.Record:
		// Records come until there is something in them; behind one that stays closed nothing comes.
		if len(l.said) > 0 || len(l.changes) > 0 || len(l.other) > 0 || e.Head().Party != l.party || l.closed() {
			l.flush()
		}
		l.party, l.records = e.Head().Party, append(l.records, e)
	case *event.Message, *event.Data, *event.Alert:
		if m, ok := e.(*event.Message); ok && m.Kind == message.KindFinished {
			l.finished[side(m.Party == event.Server.String())] = true
		}
		l.said = append(l.said, e)
	case *event.KeyChange:
		l.changes = append(l.changes, e)
	case *event.Onlooked:
		l.seen = append(l.seen, e)
	default:
		l.other = append(l.other, e)
	}
}

// closed reports whether the last record at hand stayed closed.
func (l *ends) closed() bool {
	if len(l.records) == 0 {
		return false
	}
	r := l.records[len(l.records)-1].(*event.Record)
	return r.Protected && r.Payload == nil
}

// flush tells what is at hand.
func (l *ends) flush() {
	early := len(l.records) > 0 && l.records[0].(*event.Record).Keys == event.EarlyKeys
	for _, e := range l.said { // a record goes out in the move of the last message in it
		if m, ok := e.(*event.Message); ok {
			for _, r := range l.records {
				r.Head().Move = m.Move
			}
		}
	}
	for _, of := range [...][]event.Event{l.said, l.records, l.changes, l.seen} {
		for _, e := range of {
			if _, data := e.(*event.Data); data && early { // 0-RTT: the client waits for no answer
				e.Head().State = event.WaitServerHello
			}
			l.tell(e)
		}
	}
	for _, of := range [...][]event.Event{l.records, l.said, l.changes} {
		for _, e := range of {
			e := received(e)
			if _, data := e.(*event.Data); data && early {
				e.Head().State = event.WaitEndOfEarlyData
			}
			l.tell(e)
		}
	}
	for _, e := range l.other {
		l.tell(e)
	}
	l.records, l.said, l.changes, l.other, l.seen = nil, nil, nil, nil, nil
	l.over = l.finished == [2]bool{true, true}
}

func (l *ends) tell(e event.Event) {
	l.seq++
	e.Head().Seq = l.seq
	if l.over {
		e.Head().State = event.Connected
	}
	l.next.Event(e)
}

// received is what the other end makes of what was sent.
func received(e event.Event) event.Event {
	var head *event.Meta
	switch sent := e.(type) {
	case *event.Record:
		r := *sent
		r.Dir = event.Receive
		head, e = &r.Meta, &r
	case *event.Message:
		m := *sent
		m.Dir = event.Receive
		role := event.Client
		if m.Party == event.Client.String() {
			role = event.Server
		}
		move := event.Move{Role: role, Dir: event.Receive, Msg: m.Kind}
		if strings.HasSuffix(sent.Move, "/tls13") {
			move.Version, move.In = iana.TLS13, event.WaitServerHello // or a later state
		}
		m.Meta.Move = move.String()
		head, e = &m.Meta, &m
	case *event.Alert:
		a := *sent
		a.Dir = event.Receive
		head, e = &a.Meta, &a
	case *event.Data:
		d := *sent
		d.Dir = event.Receive
		head, e = &d.Meta, &d
	case *event.KeyChange:
		k := *sent
		k.Dir = event.Receive
		head, e = &k.Meta, &k
	}
	if head.Party == event.Client.String() {
		head.Party = event.Server.String()
	} else {
		head.Party = event.Client.String()
	}
	return e
}
