package transcript

import (
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
)

// A message and its records point at each other, and an event that is written cannot be
// amended. Which of the two comes first depends on who tells:
//
//   - What is received comes as a record first. Its bytes say which messages are in it, so
//     the record numbers them, and each finds its number when it is told of.
//   - What an endpoint sends comes as a message first, and its records follow when the
//     flight leaves, in one go, before the endpoint waits for anything. The message waits
//     for them, and all events behind it.
//
// A listener tells of everything as if it were received.

// maxHeld is how many events wait for a message's records: a flight has some dozens. If more
// come, the message is written without its records, so that a message whose records never
// come holds no memory.
const maxHeld = 1 << 9

// held is an event that may wait.
type held struct {
	event *Event
	left  int // bytes of a message that no record has carried yet
}

// carriage is what the records of one content type carry one way.
type carriage struct {
	waiting []*held   // messages whose records are to come
	framed  []*framed // messages that records have brought, and that are to be told of
}

// framed is a message that records bring.
type framed struct {
	nth     int
	records []uint64
	head    []byte // of the message, as far as it is here
	got     int    // bytes of it
	whole   bool
}

// maxFramed is how many messages records may bring of which no event has told yet: a record
// has room for 4096 empty ones.
const maxFramed = 1 << 13

// message numbers a message, and says which records carried it, or has it wait for them.
func (s *stream) message(e *event.Message, h *held) {
	c := &s.handshake
	if e.Kind == message.KindChangeCipherSpec {
		c = &s.changes
	}
	if len(c.framed) > 0 && c.framed[0].whole {
		h.event.Nth, h.event.Records = c.framed[0].nth, c.framed[0].records
		c.framed = c.framed[1:]
		return
	}
	s.nth++
	h.event.Nth, h.left = s.nth, len(e.Raw)
	if c.waiting = append(c.waiting, h); len(c.waiting) > maxHeld {
		c.waiting = c.waiting[1:]
	}
}

// record says which messages a record carries.
func (s *stream) record(e *event.Record, x *Event) {
	switch e.Type {
	case iana.Handshake:
		s.framed(&s.handshake, s.sent(&s.handshake, e, x), x)
	case iana.ChangeCipherSpec:
		s.framed(&s.changes, s.sent(&s.changes, e, x), x)
	}
}

// sent gives the record to the messages that wait for it, and returns what is left.
func (s *stream) sent(c *carriage, e *event.Record, x *Event) []byte {
	b := e.Payload
	for len(b) > 0 && len(c.waiting) > 0 {
		h := c.waiting[0]
		n := min(len(b), h.left)
		x.Messages, h.event.Records = append(x.Messages, h.event.Nth), append(h.event.Records, x.Seq)
		b, h.left = b[n:], h.left-n
		if h.left == 0 {
			c.waiting = c.waiting[1:]
		}
	}
	return b
}

// framed finds the messages in what a record has brought.
func (s *stream) framed(c *carriage, b []byte, x *Event) {
	for len(b) > 0 {
		if n := len(c.framed); n == 0 || c.framed[n-1].whole {
			s.nth++
			c.framed = append(c.framed, &framed{nth: s.nth})
		}
		f := c.framed[len(c.framed)-1]
		x.Messages, f.records = append(x.Messages, f.nth), append(f.records, x.Seq)
		if c == &s.changes { // each record is one
			f.whole, b = true, nil
		} else {
			b = f.add(b)
		}
		if len(c.framed) > maxFramed {
			c.framed = c.framed[1:]
		}
	}
}

// headerLen is the length of a handshake message's type and length (RFC 9846 §4).
const headerLen = 4

// add takes as much of b as belongs to the message, and returns the rest.
func (f *framed) add(b []byte) []byte {
	if n := headerLen - len(f.head); n > 0 {
		n = min(n, len(b))
		f.head, f.got, b = append(f.head, b[:n]...), f.got+n, b[n:]
	}
	if len(f.head) < headerLen {
		return nil
	}
	size := headerLen + (int(f.head[1])<<16 | int(f.head[2])<<8 | int(f.head[3]))
	n := min(size-f.got, len(b))
	f.got += n
	f.whole = f.got == size
	return b[n:]
}

// abandon forgets a message that is here in part: its end will not come under new keys.
func (c *carriage) abandon() {
	if n := len(c.framed); n > 0 && !c.framed[n-1].whole {
		c.framed = c.framed[:n-1]
	}
}
