package proxy

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"

	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/reason"
)

// duplex is a leg's stream of plaintext: a tls.Conn, or the socket where there is no TLS.
type duplex interface {
	net.Conn
	CloseWrite() error
}

// h1 drives a relay.H1 between one client and one server: two pumps read, and each sends on
// what came of what it has read. What is said is the machine's affair; here are the sockets.
//
// Two pumps rather than a loop of request and reply, since a reply may come before its
// request is over, requests may follow each other without waiting (pipelining), and
// either end may leave while the other has nothing to say.
type h1 struct {
	s    *session
	open func(x *relay.Exchange) // finds the server of a request; nil: there is one for all

	mu       sync.Mutex // held around each use of what follows
	sent     *sync.Cond // a writer is done
	m        machine
	one      *relay.H1 // the same, if it is HTTP/1.1
	toClient *way
	toServer *way              // one per server: a pump may still be at the one before
	apart    relay.Side        // the side that a writer of its own writes to; "" for none
	called   int               // counts what it was called for
	turn     int               // counts servers: what an earlier one says is nobody's
	opening  bool              // open is at work
	hurried  bool              // what the client has begun must not take long
	done     []*relay.Exchange // to be told of, once what was to be sent has been
	upstream *Fault            // how the server left
	end      error             // how the client's stream ended
	lost     error             // what the client did not take
	decoding int               // bodies that are being decoded
	hearing  int               // WebSockets that are listened to
	left     *Fault            // how the client broke off, if no entry tells
	instead  *Fault            // why there is no server: whatever is asked is answered with this
	told     bool              // an entry told of the connection, where instead is set

	holding int // hooks that are at work

	pumps sync.WaitGroup // the servers'
}

// relayH1 relays until both ends are done, in clear.
func (s *session) relayH1(client, server duplex) {
	h := s.newH1(client, relay.Options{})
	h.serve(server)
	h.run()
}

func (s *session) newH1(client duplex, o relay.Options) *h1 {
	h := &h1{s: s}
	h.one = relay.NewH1(h.options(o))
	h.m = h.one
	h.begin(client)
	return h
}

// begin is with the client.
func (h *h1) begin(client duplex) {
	h.sent = sync.NewCond(&h.mu)
	h.toClient, h.toServer = &way{conn: client}, &way{}
}

// options are o and what a machine has to tell and to ask.
func (h *h1) options(o relay.Options) relay.Options {
	o.Header, o.Event, o.Answer, o.Page = h.s.p.o.Limits.Header, h.event, h.answer, h.page2
	if h.changes() {
		o.Change = h.change
	}
	if len(h.s.p.o.Hooks) > 0 {
		o.Hold = h.hold
	}
	return o
}

// changes reports whether something may be changed that is no hook's.
func (h *h1) changes() bool {
	return len(h.s.p.o.Rewrite) > 0 || h.s.renamed || h.s.p.remaps() || len(h.s.p.o.MapRemote) > 0 && h.s.toClient == nil
}

// machine is a relay.H1, a relay.H2 or one that translates.
type machine interface {
	Receive(from relay.Side, b []byte)
	End(from relay.Side, how relay.Ending, err error)
	Unwritten(to relay.Side, err error)
	Withhold(why error)
	Output(to relay.Side) []byte
	Fate(side relay.Side) relay.Fate
	Wants(from relay.Side) bool
	Spoken() bool
	Waiting() bool
	Over() bool
	Unread() bool
	InHead() bool
	Broken() error

	// What is held (relay/hold.go):
	Continue(x *relay.Exchange, from relay.Side, c relay.Changes) (streams bool)
	Respond(x *relay.Exchange, a relay.Answer)
	Fail(x *relay.Exchange, err error)
	Take(x *relay.Exchange, from relay.Side, p []byte) (int, error)
	Full(x *relay.Exchange, from relay.Side) bool
	Give(x *relay.Exchange, from relay.Side, p []byte)
	GiveEnd(x *relay.Exchange, from relay.Side, asCame bool, fields []relay.Field)
}

// serve makes conn the server, and reads from it.
func (h *h1) serve(conn duplex) {
	h.toServer = &way{conn: conn}
	h.turn++
	turn := h.turn
	h.pumps.Add(1)
	h.s.p.workers.do(func() {
		defer h.pumps.Done()
		h.pump(relay.Server, conn, turn)
	})
}

// run is the pump of what the client says, and the end of it all.
func (h *h1) run() {
	stop := context.AfterFunc(h.s.ctx, h.letGo)
	h.pump(relay.Client, h.toClient.conn, 0)
	for held := true; held; { // what was held may have found another server, and have come of one
		h.awaitHooks()
		h.pumps.Wait()
		h.mu.Lock()
		held = h.holding > 0 && !h.m.Over()
		h.mu.Unlock()
	}
	stop()
	h.mu.Lock()
	h.tellDone()
	h.mu.Unlock()
	_ = h.toClient.conn.Close()
	if h.toServer.conn != nil {
		_ = h.toServer.conn.Close()
	}
	s := h.s
	if broken := h.m.Broken(); broken != nil && h.left == nil { // refused, and nobody heard its end
		if r := (*relay.Refusal)(nil); errors.As(broken, &r) {
			h.left = h.brokeOff(r, true, h.phase())
		}
	}
	switch {
	case h.left != nil:
		s.failed(h.left)
	case h.m.Spoken():
	case s.ended.Load() == nil && h.upstream != nil: // the server was the first to leave
		s.failed(h.upstream)
	default:
		s.failed(s.blame(PhaseSilent, SideClient, cmp.Or(h.end, io.EOF)))
	}
}

// awaitHooks waits for those that can still change something. One that has not returned when its
// exchange is over has a goroutine, and nothing else.
func (h *h1) awaitHooks() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.holding > 0 && !h.m.Over() {
		h.sent.Wait()
	}
}

// letGo ends what hooks hold when the session is ended: nobody may be reading who would see it.
func (h *h1) letGo() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if cause := h.s.ended.Load(); cause != nil && h.holding > 0 && !h.m.Over() {
		h.ended(relay.Client, *cause)
		h.settle(relay.Client)
		h.sent.Broadcast()
	}
}

// withheld reports whether a server has left that wanted a certificate: the client is about to
// ask, and shall be told why there is no answer. TLS 1.3's refusal comes after both handshakes
// were complete.
func (h *h1) withheld() bool {
	return h.upstream != nil && h.upstream.Cause == CauseWantsCertificate && !h.m.Spoken() && !h.m.Over()
}

// ended tells the machine how a stream ended.
func (h *h1) ended(from relay.Side, err error) {
	how := endingOf(err)
	if from == relay.Client {
		idle, phase := !h.m.Waiting(), h.phase()
		h.end = err
		h.m.End(from, how, err)
		if broken := h.m.Broken(); broken != nil && h.left == nil {
			h.left = h.brokeOff(broken, idle, phase)
		}
		return
	}
	f := h.s.blame(h.phase(), SideServer, err)
	idle := !h.m.Waiting() && !h.m.Over()
	if idle && h.upstream == nil {
		h.upstream = f
		if h.withheld() {
			h.m.Withhold(f)
			h.hurried = true
			h.s.hurry(true)
			return
		}
		if h.m.Spoken() && f.Cause != CauseLeft && f.Cause != CauseIdle && f.Cause != CauseShutdown {
			h.left = f
		}
	}
	h.m.End(from, how, f)
}

// brokeOff is why a client broke off that had nothing under way; nil if that is its right:
// between two requests it may leave, also without a goodbye.
func (h *h1) brokeOff(err error, idle bool, phase Phase) *Fault {
	side := SideClient
	if r := (*relay.Refusal)(nil); errors.As(err, &r) {
		side = Side(r.From)
	}
	f := h.s.blame(phase, side, err)
	if f.Cause == CauseIdle || f.Cause == CauseShutdown && phase == PhaseBetween && idle {
		return nil
	}
	return f
}

// phase is what is under way where no request is.
func (h *h1) phase() Phase {
	switch {
	case h.m.InHead():
		return PhaseRequestHead
	case h.m.Spoken():
		return PhaseBetween
	}
	return PhaseSilent
}

// endingOf is how a stream ended that ended with err.
func endingOf(err error) relay.Ending {
	switch {
	case err == io.EOF:
		return relay.InOrder
	case reason.Of(err) == reason.TruncatedStream && !errors.Is(err, syscall.ECONNRESET):
		return relay.NoGoodbye
	}
	return relay.Broken
}

// settle sends what is to be sent after something came from a side, finds servers, and tells
// of what is over.
func (h *h1) settle(from relay.Side) {
	for {
		h.flush(from.Other(), true)
		h.flush(from, false)
		if h.open == nil || h.opening {
			break
		}
		x := h.one.Routing()
		if x == nil {
			break
		}
		h.opening = true
		h.mu.Unlock()
		h.open(x)
		h.mu.Lock()
		h.opening = false
	}
	if h.apart != relay.Client { // else the writer knows when it was sent
		h.tellDone()
	}
}

// tellDone tells of what is over. The lock is held, but not while it tells.
func (h *h1) tellDone() {
	done := h.done
	h.done = nil
	if len(done) > 0 {
		for _, x := range done {
			t := tellingOf(x)
			if !t.taken {
				t.lost = h.lost
			}
			h.told = h.told || !t.own
		}
		h.mu.Unlock()
		for _, x := range done {
			h.tell(x)
		}
		h.mu.Lock()
	}
}
