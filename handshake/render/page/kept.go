package page

import (
	"crypto/sha256"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// A page keeps what it is told until it is written, and a connection can carry any amount of data. Of
// that, the beginning is kept; what comes then is counted, and said where it would stand. All else is kept.

// mostData is how many bytes of data of a connection a page keeps, and mostRecords in how many records:
// kept and laid out they take some dozen times as much, and nobody reads so far.
const mostData, mostRecords = 1 << 20, 10_000

// wholeData is how many bytes of data have their bytes on the page, too, for the reason that wholeUpTo has.
const wholeData = mostData / 4

// keeping tells what is kept from what is not.
type keeping struct {
	message int // Options.Message, which is kept
	tellers map[teller]*tally
	servers map[int]string             // by connection, who serves there, as far as a ClientHello has told
	first   map[direction]string       // who told first of a direction: his account of it is complete
	left    map[int]*event.Unkept      // by connection, what is not kept and not yet told of
	wires   map[[sha256.Size]byte]bool // of the records kept, since one was not; nil: all are
}

// teller is one who tells of a connection: of what he sends and of what he receives.
type teller struct {
	conn  int
	party string
}

// direction is what one end of a connection sends.
type direction struct {
	conn     int
	toServer bool
}

// tally is what he has told of so far. If both ends tell, both come to the same.
type tally struct {
	messages        int // and data, as they are numbered
	octets, records int // of data, kept
	over            bool
	last            [2]bool // by direction: the last record of data was not kept
}

func newKeeping(message int) *keeping {
	return &keeping{message: message, tellers: map[teller]*tally{}, servers: map[int]string{}, first: map[direction]string{}, left: map[int]*event.Unkept{}}
}

func (k *keeping) of(h *event.Meta) *tally {
	t := teller{h.Conn, h.Party}
	if k.tellers[t] == nil {
		k.tellers[t] = new(tally)
	}
	return k.tellers[t]
}

// octets is how much data begins with an event; ok is false of what carries none, or belongs to the event before: who
// sends tells first of data and then of its record, and who receives does so the other way round. A record
// that nobody could open stands alone.
func octets(e event.Event) (n int, ok bool) {
	switch e := e.(type) {
	case *event.Data:
		return len(e.Data), e.Dir == event.Send
	case *event.Record:
		switch {
		case e.Type != iana.ApplicationData:
		case e.Payload == nil:
			return len(e.Wire), true
		default:
			return len(e.Payload), e.Dir == event.Receive
		}
	}
	return 0, false
}

// keeps reports whether an event is kept.
func (k *keeping) keeps(e event.Event) bool {
	t := k.of(e.Head())
	if n, begins := octets(e); begins {
		return t.messages+1 == k.message || !t.over && t.octets+n <= mostData && t.records < mostRecords
	}
	switch e := e.(type) {
	case *event.Data:
		return !t.last[e.Dir]
	case *event.Record:
		return e.Type != iana.ApplicationData || !t.last[e.Dir]
	}
	return true
}

// note counts an event that is kept, or is not.
func (k *keeping) note(e event.Event, kept bool) {
	h := e.Head()
	t := k.of(h)
	if m, ok := e.(*event.Message); ok {
		t.messages++
		if m.Kind == message.KindClientHello && m.Dir == event.Receive {
			k.servers[h.Conn] = h.Party
		}
	}
	n, begins := octets(e)
	if !begins {
		return
	}
	to := direction{h.Conn, k.serves(h) == (way(e) == event.Receive)}
	if k.first[to] == "" {
		k.first[to] = h.Party
	}
	t.messages++
	t.last[way(e)] = !kept
	if kept {
		t.octets, t.records = t.octets+n, t.records+1
		return
	}
	t.over = true
	if k.first[to] != h.Party {
		return // told of already
	}
	left := k.left[h.Conn]
	if left == nil {
		left = &event.Unkept{Meta: event.Meta{Seq: h.Seq, Conn: h.Conn, Time: h.Time}}
		k.left[h.Conn] = left
	}
	left.Records, left.Octets = left.Records+1, left.Octets+int64(n)
	if to.toServer {
		left.ToServer += int64(n)
	} else {
		left.ToClient += int64(n)
	}
}

// serves reports whether it is the server of a connection who tells.
func (k *keeping) serves(h *event.Meta) bool {
	if who := k.servers[h.Conn]; who != "" {
		return h.Party == who
	}
	return h.Party == event.Server.String()
}

// way is the direction of data.
func way(e event.Event) event.Direction {
	if r, ok := e.(*event.Record); ok {
		return r.Dir
	}
	return e.(*event.Data).Dir
}

// Keeps reports whether a page keeps an event that it is told of next: of all the data of a connection, it
// does not. It wants to be told of it all the same, and counts it.
func (p *Page) Keeps(e event.Event) bool { return p.keeping.keeps(e) }

// keep takes an event, behind what was left out before it.
func (p *Page) keep(e event.Event) {
	kept := p.keeping.keeps(e)
	p.keeping.note(e, kept)
	if !kept {
		p.hash()
		return
	}
	if o, ok := e.(*event.Onlooked); ok && p.keeping.wires != nil {
		p.events = append(p.events, p.keeping.onlooked(o)...)
		return
	}
	p.tellLeft(e.Head().Conn)
	if r, ok := e.(*event.Record); ok && p.keeping.wires != nil {
		p.keeping.wires[sha256.Sum256(r.Wire)] = true
	}
	p.events = append(p.events, e)
}

// tellLeft has what is not kept of a connection stand behind what was kept so far.
func (p *Page) tellLeft(conn int) {
	if left := p.keeping.left[conn]; left != nil {
		p.events = append(p.events, left)
		delete(p.keeping.left, conn)
	}
}

// hash makes the records that are kept known by their hashes, once there are others.
func (p *Page) hash() {
	if p.keeping.wires != nil {
		return
	}
	p.keeping.wires = map[[sha256.Size]byte]bool{}
	for _, e := range p.events {
		if r, ok := e.(*event.Record); ok {
			p.keeping.wires[sha256.Sum256(r.Wire)] = true
		}
	}
}

// onlooked leaves out the records that are not kept.
func (k *keeping) onlooked(o *event.Onlooked) (out []event.Event) {
	for i := 0; i < len(o.Records); {
		n := i
		for n < len(o.Records) && k.wires[sha256.Sum256(o.Records[n].Wire)] {
			n++
		}
		if n > i {
			part := *o
			part.First, part.Records = o.First+i, o.Records[i:n]
			out = append(out, &part)
		}
		i = n + 1
	}
	return out
}
