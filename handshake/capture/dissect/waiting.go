package dissect

import (
	"bytes"
	"slices"
)

// What came too early waits: for what is before it, and for what it answers.

// other is what the other end sends.
func (c *Conversation) other(server bool) *half {
	if server {
		return &c.halves[0]
	}
	return &c.halves[1]
}

// ready reports whether a piece of h can be told: all before it was, and all that its sender had heard of the other end. A
// recorder with more than one queue has an answer before what it answers.
func (h *half) ready(p *piece, other *half) bool {
	return p.off <= h.next && (p.end() <= h.next || h.hasty || other.said(p.after))
}

// said reports whether it was told up to there; a FIN counts as one.
func (h *half) said(to int64) bool { return h.next >= to || h.closed }

// put tells of a piece, or keeps it until what is before it has come.
func (a *Assembler) put(c *Conversation, h *half, server bool, p piece) {
	if h.ready(&p, c.other(server)) {
		a.tell(c, h, server, p)
		return
	}
	p.b = bytes.Clone(p.b)
	i, _ := slices.BinarySearchFunc(h.pending, p.off+1, func(q piece, off int64) int { return int(min(max(q.off-off, -1), 1)) })
	h.pending = slices.Insert(h.pending, i, p)
	h.held += len(p.b) + overhead
	a.held += len(p.b) + overhead
	if h.held > maxHeld || a.held > maxHeldAll || len(h.pending) > maxHeld/256 {
		a.giveUp(c, h, server)
	}
}

// drain tells of what no longer waits: what one end said may be what the other's waited for.
func (a *Assembler) drain(c *Conversation) {
	for more := true; more; {
		more = false
		for i := range c.halves {
			for h := &c.halves[i]; len(h.pending) > 0 && h.ready(&h.pending[0], &c.halves[1-i]); more = true {
				a.tell(c, h, i == 1, a.unpend(h))
			}
			more = a.end(c, &c.halves[i], i == 1) || more
		}
	}
	for i := range c.halves {
		if h := &c.halves[i]; len(h.pending) == 0 {
			h.pending, h.waited = nil, 0
		}
	}
}

// unpend takes the first piece out of those that wait.
func (a *Assembler) unpend(h *half) piece {
	p := h.pending[0]
	h.pending[0] = piece{}
	h.pending = h.pending[1:]
	h.held -= len(p.b) + overhead
	a.held -= len(p.b) + overhead
	return p
}

// settle tells of all that waits, since nothing more will come: first what waits for no more than bytes that are not in the
// file, then the rest, each in the order in which it was recorded.
func (a *Assembler) settle(c *Conversation) {
	for c.follower != nil {
		at, best := -1, false
		for i := range c.halves {
			h := &c.halves[i]
			if len(h.pending) == 0 {
				continue
			}
			heard := c.halves[1-i].said(h.pending[0].after)
			if at < 0 || heard && !best || heard == best && h.pending[0].from.Packet < c.halves[at].pending[0].from.Packet {
				at, best = i, heard
			}
		}
		if at < 0 {
			return
		}
		h := &c.halves[at]
		p := &h.pending[0]
		p.after = 0
		if missing := p.off - h.next; missing > 0 {
			c.follower.Gap(at == 1, p.from, missing)
			h.next, h.recent = p.off, h.recent[:0]
		}
		a.drain(c)
	}
}

// patient gives up what the other end has acknowledged, or has heard before what waits, and the file seems not to have:
// packets may be recorded a little out of order, and so it waits a little.
func (a *Assembler) patient(c *Conversation, h *half, server bool) {
	if len(h.pending) == 0 || h.pending[0].off > h.next && h.acked <= h.next {
		return
	}
	if h.waited++; h.waited > patience {
		a.giveUp(c, h, server)
	}
}

// giveUp tells of what waits, and of what is missing before it.
func (a *Assembler) giveUp(c *Conversation, h *half, server bool) {
	for len(h.pending) > 0 && c.follower != nil {
		p := &h.pending[0]
		if missing := p.off - h.next; missing > 0 {
			c.follower.Gap(server, p.from, missing)
			h.next, h.recent = p.off, h.recent[:0]
		} else if o := c.other(server); len(o.pending) > 0 && o.pending[0].off > o.next { // what it answers stands behind a gap
			q := &o.pending[0]
			c.follower.Gap(!server, q.from, q.off-o.next)
			o.next, o.recent = q.off, o.recent[:0]
		} else {
			h.hasty = true
		}
		a.drain(c)
	}
	h.waited = 0
}
