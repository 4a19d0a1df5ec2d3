package proxy

import (
	"strings"

	"tlslab/handshake"
)

// arrivals tells of what an observer saw as the two ends do on which it arrived. An
// observer sees all with the client's eyes, and of what that sends a record before the message in
// it: an end that sends tells it the other way round.
type arrivals struct {
	to     handshake.Listener
	server string
}

// Event passes e on, as the server's where the client sent it.
func (a *arrivals) Event(e handshake.Event) {
	at := func(d *handshake.Direction) {
		if *d == handshake.Send {
			h := e.Head()
			*d, h.Party, h.Move = handshake.Receive, a.server, strings.Replace(h.Move, "client/send/", "server/recv/", 1)
		}
	}
	switch e := e.(type) {
	case *handshake.RecordEvent:
		at(&e.Dir)
	case *handshake.MessageEvent:
		at(&e.Dir)
	case *handshake.DataEvent:
		at(&e.Dir)
	case *handshake.AlertEvent:
		at(&e.Dir)
	case *handshake.KeyChangeEvent: // of both: who sends under new keys, and that they have to be received
		other := *e
		a.to.Event(e)
		other.Party = a.server
		if other.Dir == handshake.Send {
			other.Dir = handshake.Receive
		} else {
			other.Dir = handshake.Send
		}
		a.to.Event(&other)
		return
	}
	a.to.Event(e)
}
