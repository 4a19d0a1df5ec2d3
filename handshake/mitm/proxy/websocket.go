package proxy

import (
	"errors"
	"time"

	"tlslab/handshake/mitm/relay"
)

// WebSocket is what was said on one, as far as it is kept: Options.Bodies bytes of each side's
// messages, mostMessages of them.
type WebSocket struct {
	Sent, Received int // messages of the client and of the server: all that began, without the frames that look after the connection
	Messages       []WebSocketMessage
	LeftOut        int   // how many more there were
	Side           Side  // whose bytes were no WebSocket any more, where Err is why
	Err            error // nothing was listened to from there on; nil if all was
}

// WebSocketMessage is a message, and when it was over.
type WebSocketMessage struct {
	relay.WebSocketMessage
	At time.Time
}

// What is kept of them, beside Options.Bodies.
const (
	mostMessages = 2000 // of one WebSocket: as many as fit Bodies of 64 KiB at 32 bytes each
	mostHeard    = 16   // WebSockets that are listened to at a time in one connection: browsers open few to a server, and each may hold some 300 KiB
)

// What is not listened to.
var (
	errTooManyHeard = errors.New("more WebSockets in one connection than are listened to at a time")
	errUnheard      = errors.New("it spoke before the server agreed, and more than is kept")
)

// listen begins to listen, if x has become a WebSocket and bodies are kept. The machine's lock is
// held.
func (h *h1) listen(x *relay.Exchange) {
	t := tellingOf(x)
	e := t.entry
	if e.Upgraded != "websocket" || t.alone || t.listening != nil {
		return
	}
	w := new(WebSocket)
	e.WebSocket = w
	early := e.RequestBody
	e.RequestBody = nil // those are frames, and no body
	switch {
	case h.hearing >= mostHeard:
		w.Side, w.Err = SideProxy, errTooManyHeard
		t.keep = 0
		return
	case int64(len(early)) < e.Sent:
		w.Side, w.Err = SideClient, errUnheard
		t.keep = 0
		return
	}
	h.hearing++
	t.listening = relay.NewWebSocket(x.Reply, t.keep, func(m relay.WebSocketMessage) {
		w.count(m)
		if !m.Kept || len(w.Messages) >= mostMessages {
			w.LeftOut++
			return
		}
		w.Messages = append(w.Messages, WebSocketMessage{m, time.Now()})
	})
	t.listening.Receive(relay.Client, early)
}

// count counts what is a message of one of the two programs.
func (w *WebSocket) count(m relay.WebSocketMessage) {
	switch {
	case m.Opcode > 2:
	case m.From == relay.Client:
		w.Sent++
	default:
		w.Received++
	}
}

// unlisten is the end of it.
func (h *h1) unlisten(t *telling) {
	if t.listening == nil {
		return
	}
	h.hearing--
	t.listening.End()
	if from, err := t.listening.Err(); err != nil {
		t.entry.WebSocket.Side, t.entry.WebSocket.Err = SideServer, err
		if from == relay.Client {
			t.entry.WebSocket.Side = SideClient
		}
	}
	t.listening = nil
}
