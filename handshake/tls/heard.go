package tls

import (
	"sync"

	"tlslab/handshake/event"
)

// heard stands between an endpoint and the Listener of its Config. What happened is told
// only when nobody waits for the answer to it: once the answer is written to the socket,
// or, if there is no answer yet, when the connection itself is about to wait.
//
// For a Listener may compute with the secrets it is told, and print, and stall; and it does
// more of it for one secret than for another. Between a secret and the answer, the peer
// would feel that as time: with RSA key transport the time to the alert told whether the
// padding was good, which is all that Bleichenbacher's attack asks for (RFC 5246 §7.4.7.1).
// What holds for padding holds for all else that only the two ends know: whether a binder
// fits, how long a record is without its padding. So there is no list of such events; all
// wait. The endpoint builds them meanwhile, which copies what has the same size in either case.
//
// So what is kept is what one flight made, or one Read, or one Write.
type heard struct {
	to event.Listener

	events *[]event.Event // not yet told, in room that is lent; needs the Conn's mu

	telling sync.Mutex // one at a time, in order
}

// Event keeps e. The endpoint calls it, under the Conn's mu.
func (h *heard) Event(e event.Event) {
	if h.events == nil {
		h.events = rooms.Get().(*[]event.Event)
	}
	*h.events = append(*h.events, e)
}

// rooms is where events wait: an idle connection has none that do.
var rooms = sync.Pool{New: func() any { return new(make([]event.Event, 0, 64)) }}

// mostRoom is what is kept of it, 16 KB: a flight makes 40 events, a Read of many records more.
const mostRoom = 1024

// pauser is a Listener that holds something back, as a transcript does until a flight is over.
// Paused is called when it has been told all that there is to tell for now, and so in particular
// before a Read waits. Between two calls of it there are whole records.
type pauser interface{ Paused() }

// listen returns cfg with a Listener that keeps what it hears, or cfg itself and nil where
// nobody listens.
func listen(cfg *Config) (*Config, *heard) {
	if cfg == nil || cfg.Listener == nil {
		return cfg, nil
	}
	h := &heard{to: cfg.Listener}
	own := *cfg
	own.Listener = h
	return &own, h
}

// tell tells what has happened, unless the endpoint owes its peer an answer about it. It is
// called where what there was to write is written.
func (c *Conn) tell() { c.tellIf(func() bool { return !c.e.Owes() }) }

// Tell has the Listener told now of what Read has returned. Without Tell, the Listener is
// told when that has been answered, or at the next Read. Tell is for programs that show
// what they read, and that give no answer whose time might betray how it was shown.
func (c *Conn) Tell() { c.tell() }

// tellAll tells what has happened. Nobody waits for an answer now: the transport is closed.
func (c *Conn) tellAll() { c.tellIf(func() bool { return true }) }

func (c *Conn) tellIf(now func() bool) {
	if c.heard == nil {
		return
	}
	c.heard.telling.Lock()
	defer c.heard.telling.Unlock()
	c.mu.Lock()
	events := c.heard.events
	if events != nil && now() {
		c.heard.events = nil
	} else {
		events = nil
	}
	c.mu.Unlock()
	if events == nil {
		return
	}
	for _, e := range *events {
		c.heard.to.Event(e)
	}
	if p, ok := c.heard.to.(pauser); ok {
		p.Paused()
	}
	if cap(*events) <= mostRoom {
		clear(*events) // nothing that was told is kept
		*events = (*events)[:0]
		rooms.Put(events)
	}
}

// over ends our side of the transport at once, if the connection has failed, and tells how
// it came to that: "both parties MUST immediately close" (RFC 5246 §7.2.2, RFC 9846 §6.2).
// A peer that waits for the end of the stream must no more feel what the Listener does
// than one that waits for the alert. The other half stays open, because what the peer still
// sends would be answered by a reset, which can overtake the alert.
func (c *Conn) over() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok && c.failed() {
		_ = half.CloseWrite() // the caller closes the rest
	}
	c.tell()
}
