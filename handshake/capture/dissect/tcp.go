package dissect

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// At is when and in which packet something stood.
type At struct {
	Time   time.Time
	Packet int
}

// A Follower is told what both ends of one connection said, in the order in which it
// was recorded, each direction without doubles and without disorder, and an answer behind what it
// answers. server: the server said it. What it is given is good until it returns.
type Follower interface {
	Bytes(server bool, at At, b []byte)
	// Gap: n bytes that follow are not in the file.
	Gap(server bool, at At, n int64)
	// Overlap: bytes that were told of were sent again, and were others. The first were kept.
	Overlap(server bool, at At, first, again []byte)
	Fin(server bool, at At)
	Rst(server bool, at At)
	// Done: there will be no more, because the connection ended, another took its ports, the file
	// is at its end, or too many are open at once.
	Done()
}

// A Conversation is one TCP connection.
type Conversation struct {
	Number         int // from 1, by the first packet
	Client, Server netip.AddrPort
	Began          At
	// Midway: the file lacks the beginning, so who is the client was taken from the ports.
	Midway bool

	follower Follower
	followed bool // it was asked who follows it
	done     bool
	last     At
	halves   [2]half // the client's, the server's
}

// half is what one end sends. Offsets count its bytes from 0.
type half struct {
	known   bool   // first is
	first   uint32 // the sequence number of offset 0
	next    int64  // up to here it was told
	acked   int64  // up to here the other end says that it has it
	heard   bool   // the other end says what it has of it, while the file has nothing: from base on, had bytes
	base    uint32
	had     int64
	waited  int // segments since the other end had more than we, while more was at hand
	pending []piece
	held    int    // bytes in pending
	recent  []byte // the last that were told, to hold what is sent again against
	fin     int64  // where it ends, if hasFin
	behind  int64  // and what the other end has said before that
	hasFin  bool
	closed  bool // its end was told
	hasty   bool // it waited for the other end in vain, and waits no more
}

// piece is what came before what comes before it.
type piece struct {
	off   int64
	after int64 // up to here its sender had heard the other end
	b     []byte
	cut   int
	from  At
}

func (p *piece) end() int64 { return p.off + int64(len(p.b)) + int64(p.cut) }

const (
	maxOpen    = 12_000    // connections followed at a time
	maxSilent  = 1 << 14   // and such as nobody has said anything on: a flood of SYNs closes no other
	maxOver    = 1 << 12   // and such as have ended, of which packets may still come
	maxHeld    = 1 << 20   // bytes of a direction that wait for what is before them
	maxHeldAll = 64 << 20  // and of all
	maxWindow  = 1 << 30   // the widest that TCP has (RFC 7323 §2.3)
	overhead   = 96        // of memory, of a piece that waits
	maxAhead   = 256 << 20 // what is further ahead is no part of this connection
	patience   = 64        // segments to wait for bytes that the other end has and we have not
	recentLen  = 4 << 10   // of what was told is remembered, and at most twice that
	maxRecent  = 128       // directions whose last bytes are remembered: what is sent again comes soon
	maxUnused  = 16        // rooms for that are kept when a connection ends, and given to the next
)

type pair struct{ a, b netip.AddrPort }

// An Assembler puts segments together.
type Assembler struct {
	open func(*Conversation) Follower
	// A connection is in one of three: nothing was said yet, it is followed, it has ended.
	silent, all, over *simplelru.LRU[pair, *Conversation]

	n      int
	held   int
	last   *simplelru.LRU[*half, struct{}] // who spoke last
	newest *half                           // the last of those; nil if it is not known
	unused [][]byte                        // what halves have remembered in that have ended, for the next
}

// NewAssembler returns one that asks open who follows a connection, when there is something to tell of it.
// Nil is nobody.
func NewAssembler(open func(*Conversation) Follower) *Assembler {
	a := &Assembler{open: open}
	a.silent, _ = simplelru.NewLRU(maxSilent, func(_ pair, c *Conversation) {
		if !c.followed {
			a.finish(c)
		}
	})
	a.all, _ = simplelru.NewLRU(maxOpen, func(_ pair, c *Conversation) { a.finish(c) })
	a.over, _ = simplelru.NewLRU[pair, *Conversation](maxOver, nil)
	a.last, _ = simplelru.NewLRU(maxRecent, func(h *half, _ struct{}) {
		h.recent, a.newest = nil, nil
	})
	return a
}

// Close tells of all that is still open, the oldest first.
func (a *Assembler) Close() {
	for a.all.Len() > 0 {
		a.all.RemoveOldest()
	}
	for a.silent.Len() > 0 {
		a.silent.RemoveOldest()
	}
}

// GiveUp tells of the connection that was silent longest as if it had ended, if there is more than one: for who has too
// much of all. It reports whether there was.
func (a *Assembler) GiveUp() bool {
	if a.all.Len() < 2 {
		return false
	}
	a.all.RemoveOldest()
	return true
}

// Segment takes the next one in.
func (a *Assembler) Segment(s *Segment) {
	key := pair{s.From, s.To}
	if s.To.Compare(s.From) < 0 {
		key = pair{s.To, s.From}
	}
	c, known := a.find(key)
	switch {
	case known && s.Syn && c.succeeded(s):
		for _, of := range a.by() {
			of.Remove(key)
		}
		known = false
	case known && c.done:
		return
	}
	if !known {
		if !s.Syn && (s.Rst || len(s.Payload)+s.Cut == 0) {
			return // the end of something that is not in the file
		}
		c = a.begin(s)
		a.silent.Add(key, c)
	}
	if !c.followed && (len(s.Payload)+s.Cut > 0 || s.Fin || s.Rst) {
		a.follow(c)
		a.silent.Remove(key)
		a.all.Add(key, c)
	}
	a.take(c, s)
	if c.done {
		a.all.Remove(key) // which finishes it
		a.over.Add(key, c)
	}
}

func (a *Assembler) by() [3]*simplelru.LRU[pair, *Conversation] {
	return [...]*simplelru.LRU[pair, *Conversation]{a.all, a.silent, a.over}
}

func (a *Assembler) find(key pair) (*Conversation, bool) {
	for _, of := range a.by() {
		if c, known := of.Get(key); known {
			return c, true
		}
	}
	return nil, false
}

// begin makes a conversation of its first segment.
func (a *Assembler) begin(s *Segment) *Conversation {
	a.n++
	c := &Conversation{Number: a.n, Client: s.From, Server: s.To, Began: At{s.Time, s.Packet}, Midway: !s.Syn}
	if s.Syn && s.Acks || !s.Syn && s.From.Port() < s.To.Port() {
		c.Client, c.Server = s.To, s.From
	}
	return c
}

func (a *Assembler) follow(c *Conversation) {
	c.followed, c.follower = true, a.open(c)
}

// succeeded reports whether a SYN begins another connection between the same ports, and is
// not this one's own, come again or late.
func (c *Conversation) succeeded(s *Segment) bool {
	h := &c.halves[0]
	if s.From == c.Server {
		h = &c.halves[1]
	}
	if h.known && h.first == s.Seq+1 {
		return false
	}
	return c.done || h.known || s.From == c.Server && !s.Acks
}

func (a *Assembler) finish(c *Conversation) {
	if !c.followed {
		a.follow(c)
	}
	if c.follower != nil {
		a.settle(c)
		for i := range c.halves {
			h := &c.halves[i]
			missing := h.acked - h.next - 1 // one may be a FIN that is not in the file
			switch {
			case !h.known:
				missing = h.had - 1
			case h.hasFin:
				missing = h.fin - h.next
			}
			if missing > 0 {
				c.follower.Gap(i == 1, c.last, missing)
				h.next += missing
			}
		}
		a.drain(c) // each FIN behind what its sender had heard
		for i := range c.halves {
			c.halves[i].behind = 0
			a.end(c, &c.halves[i], i == 1)
		}
		c.follower.Done()
	}
	c.follower, c.done = nil, true
	for i := range c.halves {
		h := &c.halves[i]
		a.held -= h.held
		h.pending, h.held = nil, 0
		if h.recent != nil && len(a.unused) < maxUnused {
			a.unused = append(a.unused, h.recent[:0])
		}
		a.last.Remove(h)
	}
}

func (a *Assembler) take(c *Conversation, s *Segment) {
	server := s.From == c.Server
	h, other := &c.halves[0], &c.halves[1]
	if server {
		h, other = other, h
	}
	at := At{s.Time, s.Packet}
	c.last = at
	seq := s.Seq
	if s.Syn {
		seq++
	}
	if !h.known {
		h.known, h.first = true, seq
	}
	off := h.next + int64(int32(seq-(h.first+uint32(h.next))))
	if s.Acks && !s.Rst && !other.known {
		other.acknowledged(s.Ack)
	}
	after := int64(0)
	if s.Acks && other.known {
		acked := other.next + int64(int32(s.Ack-(other.first+uint32(other.next))))
		if acked-other.next < maxAhead {
			other.acked, after = max(other.acked, acked), acked
		}
	}
	ahead := off - h.next
	if s.Rst && (ahead < 0 || ahead >= maxWindow) { // none that its receiver heeds (RFC 9293 §3.10.7.4)
		return
	}
	if s.Rst {
		if c.follower != nil {
			a.settle(c)
			c.follower.Rst(server, at)
		}
		c.done = true
		return
	}
	p := piece{off: off, after: after, b: s.Payload, cut: s.Cut, from: at}
	if s.Fin && !h.hasFin && p.end() >= h.next && ahead < maxAhead {
		h.hasFin, h.fin, h.behind = true, p.end(), after
	}
	if c.followed && c.follower == nil { // nobody listens: its end is all that matters
		h.next = max(h.next, p.end())
	} else if p.end() > off && off-h.next < maxAhead {
		a.put(c, h, server, p)
	}
	a.drain(c)
	a.patient(c, h, server)
	a.patient(c, other, !server)
	c.done = c.done || h.closed && other.closed
}

// acknowledged notes what the other end has of a direction of which the file has nothing so far.
func (h *half) acknowledged(ack uint32) {
	if !h.heard {
		h.heard, h.base = true, ack
	}
	if had := h.had + int64(int32(ack-(h.base+uint32(h.had)))); had-h.had < maxAhead {
		h.had = max(h.had, had)
	}
}

// tell passes on what of a piece is new, and holds the rest against what was told.
func (a *Assembler) tell(c *Conversation, h *half, server bool, p piece) {
	if old := h.next - p.off; old > 0 {
		n := min(old, int64(len(p.b)))
		a.compare(c, h, server, p, int(n))
		p.off, p.b = p.off+n, p.b[n:]
		if len(p.b) == 0 {
			p.cut = int(max(0, p.end()-h.next))
			p.off = h.next
		}
	}
	if len(p.b) > 0 {
		c.follower.Bytes(server, p.from, p.b)
		h.next += int64(len(p.b))
		a.remember(h, p.b)
	}
	if p.cut > 0 {
		c.follower.Gap(server, p.from, int64(p.cut))
		h.next, h.recent = h.next+int64(p.cut), h.recent[:0]
	}
}

// compare holds the first n bytes of a piece, which were told, against those that were told.
func (a *Assembler) compare(c *Conversation, h *half, server bool, p piece, n int) {
	if len(p.b) == 1 && p.off == h.next-1 {
		return // a keep-alive (RFC 9293 §3.8.4): one byte of anything, again
	}
	start := h.next - int64(len(h.recent)) // the offset of recent[0]
	from := max(p.off, start)
	to := p.off + int64(n)
	if from >= to {
		return // too long ago
	}
	first, again := h.recent[from-start:to-start], p.b[from-p.off:to-p.off]
	if !bytes.Equal(first, again) {
		c.follower.Overlap(server, p.from, first, again)
	}
}

// remember keeps what was told last, in the room that a connection has left, if there is one.
func (a *Assembler) remember(h *half, b []byte) {
	if h != a.newest {
		a.newest = h
		a.last.Add(h, struct{}{})
	}
	if n := len(a.unused); h.recent == nil && n > 0 {
		h.recent, a.unused = a.unused[n-1], a.unused[:n-1]
	}
	if len(b) >= recentLen {
		h.recent = append(h.recent[:0], b[len(b)-recentLen:]...)
		return
	}
	if n := len(h.recent); n+len(b) > 2*recentLen {
		h.recent = h.recent[:copy(h.recent, h.recent[n-recentLen:])]
	}
	h.recent = append(h.recent, b...)
}

// end tells of a FIN once all before it was told, and reports whether it did.
func (a *Assembler) end(c *Conversation, h *half, server bool) bool {
	if h.hasFin && !h.closed && h.next >= h.fin && (h.hasty || c.other(server).said(h.behind)) {
		h.closed = true
		if c.follower != nil {
			c.follower.Fin(server, c.last)
		}
		return true
	}
	return false
}
