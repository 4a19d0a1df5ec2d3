package proxy

import (
	"strings"

	"tlslab/handshake/event"
)

// arrivals tells of what an observer saw in the way in which the receiving ends tell it. An
// observer sees everything with the client's eyes. It sees a record before the message in
// it, also when the client sends them: an end that sends tells of the message first.
type arrivals struct {
	to     event.Listener
	server string
}

// Event passes e on, as the server's where the client sent it.
func (a *arrivals) Event(e event.Event) {
	at := func(d *event.Direction) {
		if *d == event.Send {
			h := e.Head()
			*d, h.Party, h.Move = event.Receive, a.server, strings.Replace(h.Move, "client/send/", "server/recv/", 1)
		}
	}
	switch e := e.(type) {
	case *event.Record:
		at(&e.Dir)
	case *event.Message:
		at(&e.Dir)
	case *event.Data:
		at(&e.Dir)
	case *event.Alert:
		at(&e.Dir)
	case *event.KeyChange: // told twice: one end sends under new keys, and the other has to receive under them
		other := *e
		a.to.Event(e)
		other.Party = a.server
		if other.Dir == event.Send {
			other.Dir = event.Receive
		} else {
			other.Dir = event.Send
		}
		a.to.Event(&other)
		return
	}
	a.to.Event(e)
}
