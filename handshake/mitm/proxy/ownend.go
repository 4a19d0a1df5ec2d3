package proxy

import (
	"strings"

	"tlslab/handshake/event"
)

// ownEnd tells of what an observer saw on a leg as the proxy's own end of it would have told. An
// observer sees everything with the client's eyes, and a record before the message in it, also of
// what is sent: an end that sends tells of the message first. Who else could read it is told behind both.
type ownEnd struct {
	to   event.Listener
	role event.Role // the proxy's on this leg

	held  []event.Event // records on their way out, and who reads them or those that came
	said  bool          // what is in them has been told
	move  string        // of the last message
	heard bool          // it came from the peer
}

// Event passes e on, as the proxy's. What the proxy has sent it does not check.
func (o *ownEnd) Event(e event.Event) {
	h, dir := e.Head(), event.Receive
	if d := o.direction(e); d != nil {
		if o.role == event.Server {
			*d = against(*d)
			h.Move = serverMoves.Replace(h.Move)
		}
		dir = *d
	}
	if _, ok := e.(*event.Onlooked); !ok {
		h.Party = partyProxy
	}
	switch e.(type) {
	case *event.Record:
		if o.said {
			o.flush()
		}
		if dir == event.Send {
			o.held = append(o.held, e)
			return
		}
	case *event.Onlooked:
		o.held = append(o.held, e)
		return
	case *event.Message, *event.Data, *event.Alert:
		o.said, o.move, o.heard = true, h.Move, dir == event.Receive
	case *event.Check:
		if o.flush(); !o.heard {
			return
		}
	default:
		if o.said {
			o.flush()
		}
	}
	o.to.Event(e)
}

// flush tells of what is held. A record belongs to the move that sends the message in it.
func (o *ownEnd) flush() {
	for _, e := range o.held {
		if _, ok := e.(*event.Record); ok && o.said {
			e.Head().Move = o.move
		}
		o.to.Event(e)
	}
	o.held, o.said = nil, false
}

// direction is where e has its own; nil if it has none.
func (o *ownEnd) direction(e event.Event) *event.Direction {
	switch e := e.(type) {
	case *event.Record:
		return &e.Dir
	case *event.Message:
		return &e.Dir
	case *event.Data:
		return &e.Dir
	case *event.Alert:
		return &e.Dir
	case *event.KeyChange:
		return &e.Dir
	}
	return nil
}

func against(d event.Direction) event.Direction {
	if d == event.Send {
		return event.Receive
	}
	return event.Send
}

// serverMoves turns the moves of a client into those of its server.
var serverMoves = strings.NewReplacer("client/send/", "server/recv/", "client/recv/", "server/send/")
