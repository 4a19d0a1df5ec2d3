package explain

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tlslab/handshake/capture/dissect"
	"tlslab/handshake/quic"
)

const (
	maxQUIC     = 1 << 14         // connections followed at a time
	maxQUICHeld = 64 << 20        // bytes that wait for others, of all of them
	idle        = 2 * time.Minute // no end waits as long (RFC 9000 §10.1 lets each say; 30 seconds are usual)
)

// flow is who sends UDP to whom and back.
type flow struct{ a, b netip.AddrPort }

// over is the connections over UDP.
type over struct {
	r    *reading
	all  *simplelru.LRU[flow, *datagrams]
	held int
}

func newOver(r *reading) *over {
	u := &over{r: r}
	u.all, _ = simplelru.NewLRU(maxQUIC, func(_ flow, d *datagrams) { d.done() })
	return u
}

// close tells of all that is still open, the oldest first.
func (u *over) close() {
	for u.all.Len() > 0 {
		u.all.RemoveOldest()
	}
}

// forget closes what has been silent for long: over UDP nothing else says that it is over, and
// who reads as it comes shall not wait for the end of the file.
func (u *over) forget(now time.Time) {
	for {
		_, d, ok := u.all.GetOldest()
		if !ok || now.Sub(d.c.Ended) < idle {
			return
		}
		u.all.RemoveOldest()
	}
}

// datagram takes the next one in. What is not QUIC is passed over.
func (u *over) datagram(in *dissect.Datagram) {
	key := flow{in.From, in.To}
	if in.To.Compare(in.From) < 0 {
		key = flow{in.To, in.From}
	}
	u.forget(in.Time)
	d, known := u.all.Get(key)
	p, _, err := quic.Next(in.Payload)
	if err != nil && !known {
		return
	}
	long := err == nil && p.Version.Known() && (p.Type == quic.Initial || p.Type == quic.ZeroRTT || p.Type == quic.Handshake)
	if long && p.Type == quic.Initial && !(known && d.quic.Knows(&p)) {
		if s, begins := quic.Begins(in.Payload); begins {
			old := d
			if known {
				d.gone = d.precedes(in, &p)
				u.all.Remove(key)
			}
			if d = u.begin(in, s, old); old != nil && old.gone {
				d.hears(in.From, in.Payload)
				for _, h := range old.early {
					d.hears(h.from, h.b)
				}
				d.weigh()
				u.all.Add(key, d)
				return
			}
			known = true
			u.all.Add(key, d)
		}
	}
	if !known {
		if !long {
			return
		}
		d = u.begin(in, nil, nil)
		u.all.Add(key, d)
	}
	d.take(in)
	d.weigh()
	for u.held > maxQUICHeld && u.all.Len() > 1 {
		u.all.RemoveOldest()
	}
}

// begin begins the account of a connection; without s its beginning is not in the file. It takes the place of old, if
// that is gone.
func (u *over) begin(in *dissect.Datagram, s *quic.Schedule, old *datagrams) *datagrams {
	r := u.r
	if old == nil || !old.gone {
		old = nil
		r.totals.Connections++
		r.totals.QUIC++
	}
	q := new(QUIC)
	c := &Connection{Number: r.totals.Connections, Client: in.From, Server: in.To, Began: in.Time, Packet: in.Packet, Midway: s == nil, TLS: true, QUIC: q}
	if s == nil && in.From.Port() < in.To.Port() {
		c.Client, c.Server = in.To, in.From
	}
	p, _, _ := quic.Next(in.Payload)
	q.Version, q.First = p.Version, p.Version
	d := &datagrams{u: u, c: c, q: q}
	if old != nil {
		c.Number, c.Began, c.Packet, d.told = old.c.Number, old.c.Began, old.c.Packet, old.told
	}
	d.at(in.Time)
	if s != nil {
		d.tellBegin()
	}
	d.quic = quic.NewConnection(s, d)
	d.quic.Brief = !d.shown()
	return d
}

// heard is a datagram that is kept.
type heard struct {
	from netip.AddrPort
	b    []byte
}

// maxEarly is how many datagrams may stand before the client's first, where a recorder has the answer before what
// it answers, and maxEarlyBytes how much is in them.
const (
	maxEarly      = 4
	maxEarlyBytes = 4 << 10
)

// keeps is how many bytes are kept of the connection that a peer may make many.
func (d *datagrams) keeps() int {
	n := d.quic.Held()
	for _, h := range d.early {
		n += len(h.b)
	}
	return n
}

// weigh counts them.
func (d *datagrams) weigh() {
	n := d.keeps()
	d.u.held += n - d.held
	d.held = n
}

// precedes reports whether all that was heard of d, which has no beginning, belongs to the connection that p begins,
// by the connection IDs (RFC 9000 §7.2).
func (d *datagrams) precedes(in *dissect.Datagram, p *quic.Packet) bool {
	if len(d.early) == 0 {
		return false
	}
	for _, h := range d.early {
		q, _, err := quic.Next(h.b)
		id := p.SCID
		if h.from == in.From {
			id = p.DCID
		}
		if err != nil || q.Type == quic.OneRTT || !bytes.Equal(q.DCID, id) {
			return false
		}
	}
	return true
}
