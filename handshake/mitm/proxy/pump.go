package proxy

import (
	"sync"
	"time"

	"tlslab/handshake/mitm/relay"
)

// The pumps of a relay: what is read, what is sent, and how the sockets end.

// way is the way to one side.
type way struct {
	conn    duplex
	writing bool // somebody is
	fate    relay.Fate
}

// lingering is how long a client that was answered early may go on sending, so that what it
// was answered is not taken back with the socket. Servers wait as long for slow clients.
const lingering = 2 * time.Second

// How much is read at a time: little where little is said, so that an idle connection holds
// little; two records of the greatest size, as the engine reads them, where they come in a row.
const (
	littleRead = 1 << 12
	bulk       = 1 << 15

	decodeAtOnce = 1 << 11 // of a body in a content coding
)

var (
	littles = sync.Pool{New: func() any { return new([littleRead]byte) }}
	bulks   = sync.Pool{New: func() any { return new([bulk]byte) }}
)

// pump hands the machine what comes from one side.
func (h *h1) pump(from relay.Side, conn duplex, turn int) {
	for h.readLittle(from, conn, turn) && h.readMuch(from, conn, turn) {
	}
}

// readLittle reads until a read is full. It reports whether there may be more.
func (h *h1) readLittle(from relay.Side, conn duplex, turn int) bool {
	b := littles.Get().(*[littleRead]byte)
	defer littles.Put(b)
	for {
		n, err := conn.Read(b[:])
		if !h.came(from, conn, b[:n], err, turn) {
			return false
		}
		if n == len(b) {
			return true
		}
	}
}

// readMuch reads while much comes.
func (h *h1) readMuch(from relay.Side, conn duplex, turn int) bool {
	b := bulks.Get().(*[bulk]byte)
	defer bulks.Put(b)
	for {
		n, err := conn.Read(b[:])
		if !h.came(from, conn, b[:n], err, turn) {
			return false
		}
		if n < littleRead {
			return true
		}
	}
}

// came is what one read has brought. It reports whether to read again.
func (h *h1) came(from relay.Side, conn duplex, b []byte, err error, turn int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if from == relay.Server && turn != h.turn {
		return false
	}
	for h.decoding > 0 && len(b) > decodeAtOnce { // it may become a thousand times as long
		h.m.Receive(from, b[:decodeAtOnce])
		b = b[decodeAtOnce:]
		if h.settle(from); from == relay.Server && turn != h.turn {
			return false
		}
	}
	if len(b) > 0 {
		if h.instead != nil {
			_ = conn.SetReadDeadline(time.Time{}) // it has begun to ask
		}
		h.m.Receive(from, b)
	}
	if err != nil {
		h.ended(from, err)
	}
	h.settle(from)
	for err == nil && !h.m.Wants(from) {
		h.sent.Wait()
	}
	if from == relay.Client {
		if hurry := h.m.InHead() || h.withheld() || h.instead != nil; hurry != h.hurried { // its time runs from where it began
			h.hurried = hurry
			h.s.hurry(hurry)
		}
		return err == nil && (!h.m.Over() || h.toClient.fate == relay.EndHalf)
	}
	return err == nil && !h.m.Over() && turn == h.turn
}

// way is the way to a side.
func (h *h1) way(to relay.Side) *way {
	if to == relay.Client {
		return h.toClient
	}
	return h.toServer
}

// flush sends what is to be sent to a side. mine says that this is the pump that mostly does:
// it waits until it may, so that not more is read than was sent. The other leaves it to a pump
// that is at it.
func (h *h1) flush(to relay.Side, mine bool) {
	if to == h.apart {
		if w := h.way(to); w.writing {
			h.hurryUp(w, to)
		}
		h.called++
		h.sent.Broadcast()
		return
	}
	h.write(to, mine)
}

// hurryUp ends a stream that somebody is writing to, if it need not wait for that: a peer that
// takes nothing would hold it up.
func (h *h1) hurryUp(w *way, to relay.Side) {
	if fate := h.m.Fate(to); fate >= relay.Cut || fate == relay.Close && to == relay.Server {
		h.carryOut(w, to, fate)
	}
}

// writer writes to the side of HTTP/1.1 where the other has HTTP/2: whoever reads HTTP/2 must not
// wait for a peer that reads nothing as long as nobody reads what it says, since only what comes
// in HTTP/2 says that somebody does.
func (h *h1) writer() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		called := h.called
		h.write(h.apart, true)
		h.write(h.apart.Other(), false) // what was sent may be followed by as much
		if h.apart == relay.Client {
			h.tellDone()
		}
		if h.m.Over() && called == h.called {
			return
		}
		for called == h.called {
			h.sent.Wait()
		}
	}
}

// write is flush, by whoever writes to that side.
func (h *h1) write(to relay.Side, mine bool) {
	w := h.way(to)
	for w.writing {
		if !mine {
			h.hurryUp(w, to)
			return
		}
		h.sent.Wait()
		w = h.way(to)
	}
	w.writing = true
	for w.conn != nil && w == h.way(to) { // while it was unlocked there may have come another server
		b, over := h.m.Output(to), h.done
		if len(b) > 0 {
			h.mu.Unlock()
			_, err := w.conn.Write(b)
			h.mu.Lock()
			if err != nil && w == h.way(to) {
				h.unwritten(to, err)
			}
		}
		if to == relay.Client && h.lost == nil {
			for _, x := range over {
				tellingOf(x).taken = true
			}
		}
		if len(b) == 0 {
			break
		}
	}
	if w == h.way(to) {
		h.carryOut(w, to, h.m.Fate(to))
	}
	w.writing = false
	h.sent.Broadcast()
}

// unwritten is a side that takes nothing more.
func (h *h1) unwritten(to relay.Side, err error) {
	waiting, phase := h.m.Waiting(), h.phase()
	if to == relay.Client {
		h.lost = err
	}
	h.m.Unwritten(to, err)
	if broken := h.m.Broken(); to == relay.Client && broken != nil && h.left == nil && len(h.done) == 0 {
		h.left = h.brokeOff(broken, !waiting, phase)
	}
}

// carryOut makes of a stream what is to become of it, once.
func (h *h1) carryOut(w *way, to relay.Side, fate relay.Fate) {
	if fate <= w.fate || w.conn == nil {
		return
	}
	conn, socket := w.conn, h.s.client
	if to == relay.Server {
		socket = h.s.server
	}
	linger := to == relay.Client && fate == relay.Close && h.m.Unread()
	if linger {
		fate = relay.EndHalf
	}
	w.fate = fate
	if to == relay.Client && h.instead != nil && !h.m.Spoken() {
		h.say(h.instead)
	}
	h.mu.Unlock()
	switch fate {
	case relay.EndHalf:
		err := conn.CloseWrite()
		if linger {
			_ = conn.SetReadDeadline(time.Now().Add(lingering)) // fails if it is closed, and then reading tells so
		}
		if err != nil {
			_ = conn.Close()
		}
	case relay.Close:
		_ = conn.Close()
	default: // a goodbye would pass a part for the whole
		socket.abort(fate == relay.Reset)
		_ = conn.Close()
	}
	h.mu.Lock()
}
