package quic

import (
	"bytes"
	"crypto/subtle"
	"errors"
)

// A Follower is told what a Connection makes of its datagrams. from is Client or Server. What
// it is given it may keep, but for p, whose slices are the datagram's; see also Connection.Brief.
type Follower interface {
	// Keys: these are tried from here on. They are others after a Retry, and where the server
	// goes on in another version; and again the first where it goes on as if there had been no Retry.
	Keys(s *Schedule)
	// Packet: one has come. o is nil where it stayed closed.
	Packet(from int, p *Packet, o *Opened, frames []Frame)
	// Message: one handshake message of TLS is whole, its header included.
	Message(from int, raw []byte)
}

// A Connection follows one connection, up to where its Initial packets end.
type Connection struct {
	// Brief: what Follower.Packet is given is good until it returns. For whoever counts.
	Brief bool

	follower Follower
	opened   *opening    // the packet that comes next, if it was opened already
	original []byte      // the Destination Connection ID that the client chose first
	schedule *Schedule   // nil if the beginning is missing
	before   *Schedule   // that before a Retry, which the client may not have taken; nil if there was none
	others   []*Schedule // those of the other versions, from the same connection ID as schedule
	ids      [2][]byte   // the connection IDs that the client and the server gave themselves
	largest  [2]int64
	streams  [2]Stream
	trouble  [2]error
}

// Begins reports whether a datagram begins a connection: whether its first packet is an
// Initial that opens as a client's, under keys from the connection ID in the packet itself.
func Begins(datagram []byte) (*Schedule, bool) {
	p, _, err := Next(datagram)
	if err != nil || p.Type != Initial {
		return nil, false
	}
	s, o := NewSchedule(p.Version, p.DCID), openings.Get().(*opening)
	if s.Ends[Client].open(&p, -1, o) != nil {
		openings.Put(o)
		return s, false
	}
	s.first = o
	return s, true
}

// NewConnection follows the connection that s, of Begins, is of. A nil s is one whose
// beginning is missing: nothing of it opens, and what kinds of packets come is told.
func NewConnection(s *Schedule, f Follower) *Connection {
	c := &Connection{follower: f, schedule: s, largest: [2]int64{-1, -1}}
	if s != nil {
		c.original = s.DCID
		f.Keys(s)
	}
	return c
}

// Begin is Datagram, for that which Begins was asked about: its first packet is not opened once more.
func (c *Connection) Begin(b []byte) (packets int) {
	if c.schedule != nil {
		c.opened, c.schedule.first = c.schedule.first, nil
	}
	defer func() { c.opened = nil }()
	return c.Datagram(Client, b)
}

// Knows reports whether an Initial can be one of this connection, by the connection ID to
// which it goes.
func (c *Connection) Knows(p *Packet) bool {
	for _, id := range [...][]byte{c.original, c.dcid(), c.ids[Client], c.ids[Server]} {
		if id != nil && bytes.Equal(id, p.DCID) {
			return true
		}
	}
	return false
}

func (c *Connection) dcid() []byte {
	if c.schedule == nil {
		return nil
	}
	return c.schedule.DCID
}

// Held is how many bytes are kept that wait for others.
func (c *Connection) Held() int { return c.streams[Client].Held() + c.streams[Server].Held() }

// Trouble is why the CRYPTO frames of an end were followed no further; nil if they were.
func (c *Connection) Trouble(from int) error { return c.trouble[from] }

// Waits reports whether CRYPTO data of an end came, and the data before it did not, or a
// message began that did not end.
func (c *Connection) Waits(from int) bool {
	s := &c.streams[from]
	return s.Waits() || len(s.Ready()) > 0
}

// Datagram takes what one end sent. It returns how many packets of QUIC were in it.
func (c *Connection) Datagram(from int, b []byte) (packets int) {
	var to []byte // where the packet before goes; all of a datagram go there (RFC 9000 §12.2)
	for len(b) > 0 {
		p, rest, err := Next(b)
		if err != nil || packets > 0 && p.Type == OneRTT && (b[0]&0x40 == 0 || !bytes.HasPrefix(b[1:], to)) {
			return packets // padding behind the last packet, or nothing of QUIC
		}
		to = p.DCID
		packets++
		c.packet(from, &p)
		b = rest
	}
	return packets
}

func (c *Connection) packet(from int, p *Packet) {
	switch p.Type {
	case Initial:
		c.initial(from, p)
		return
	case Retry:
		if from == Server && c.schedule != nil && c.retried(p) {
			return
		}
	}
	c.follower.Packet(from, p, nil, nil)
}

// retried follows a Retry: the client begins again, with keys from the connection ID that the
// Retry came from (RFC 9001 §5.2). It does not where a client must not (RFC 9000 §17.2.5.1, §17.2.5.2): where the Retry is
// damaged, is the second, comes behind a server's Initial, has no token, or keeps the connection ID.
func (c *Connection) retried(p *Packet) bool {
	if c.before != nil || c.ids[Server] != nil || p.Version != c.schedule.Version || len(p.Token) == 0 || bytes.Equal(p.SCID, c.original) ||
		subtle.ConstantTimeCompare(RetryTag(p, c.original), p.Tag) == 0 {
		return false
	}
	c.follower.Packet(Server, p, nil, nil)
	before := c.schedule
	c.use(NewSchedule(p.Version, p.SCID))
	c.before = before
	return true
}

func (c *Connection) use(s *Schedule) {
	c.schedule, c.before, c.others = s, nil, nil
	c.follower.Keys(s)
}

// in is the schedule of a version. A server may choose another than the client's (RFC 9369 §4.1).
func (c *Connection) in(v Version) *Schedule {
	if v == c.schedule.Version {
		return c.schedule
	}
	for _, s := range c.others {
		if s.Version == v {
			return s
		}
	}
	s := NewSchedule(v, c.schedule.DCID)
	c.others = append(c.others, s)
	return s
}

// open opens an Initial. Anybody who saw the client's first can make a Retry for it, and then it counts which keys the
// server goes on with.
func (c *Connection) open(from int, p *Packet) (o *opening, err error) {
	if o = c.opened; o != nil {
		c.opened = nil
		return o, nil
	}
	s := c.in(p.Version)
	o = openings.Get().(*opening)
	if err = s.Ends[from].open(p, c.largest[from], o); err == nil {
		if s != c.schedule {
			c.use(s)
		}
		return o, nil
	}
	if c.before != nil && c.before.Version == p.Version {
		if err = c.before.Ends[from].open(p, c.largest[from], o); err == nil {
			if from == Server {
				c.use(c.before)
			}
			return o, nil
		}
	}
	openings.Put(o)
	return nil, err
}

func (c *Connection) initial(from int, p *Packet) {
	if c.schedule == nil {
		c.follower.Packet(from, p, nil, nil)
		return
	}
	o, err := c.open(from, p)
	if err != nil {
		c.follower.Packet(from, p, nil, nil)
		return
	}
	c.largest[from] = max(c.largest[from], int64(o.Number))
	c.ids[from] = bytes.Clone(p.SCID)
	o.frames, err = appendFrames(o.frames[:0], o.Payload)
	c.note(from, err)
	c.follower.Packet(from, p, &o.Opened, o.frames)
	for i := range o.frames {
		if f := &o.frames[i]; f.Type == Crypto && c.trouble[from] == nil {
			c.note(from, c.streams[from].Add(f.Offset, f.Data))
		}
	}
	if c.Brief {
		openings.Put(o)
	}
	c.messages(from)
}

func (c *Connection) note(from int, err error) {
	if err != nil && c.trouble[from] == nil {
		c.trouble[from] = err
	}
}

// errLong is about a message that says a length that no message here has.
var errLong = errors.New("a handshake message that is longer than all of a handshake")

func (c *Connection) messages(from int) {
	s := &c.streams[from]
	for c.trouble[from] == nil {
		b := s.Ready()
		if len(b) < 4 {
			return
		}
		n := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		if n > MaxCrypto {
			c.note(from, errLong)
			return
		}
		if len(b) < n {
			return
		}
		c.follower.Message(from, s.Take(n))
	}
}
