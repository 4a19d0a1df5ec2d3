package handshake

import (
	"sync"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
)

// channel is what lies between an endpoint and the wire: bytes in and out, the records that
// protect them, and the pieces of handshake messages on either side of a record's border.
type channel struct {
	in    []byte // from the peer; in[r:] is unread
	r     int
	out   []byte // to the peer
	spare []byte // what Output handed out last
	rd    record.Reader
	wr    record.Writer
	keys  [2]event.Keys // that protect each event.Direction

	hs      []byte // handshake bytes that are not yet a whole message
	hsStore []byte // what hs is a part of
	app     []byte // opened application data, not yet read; may alias in
	flight  []byte // of TLS 1.3: messages that share the next record

	eof, closeSent, closeReceived bool
	broken                        error // why eof, if the transport did not end but broke
}

// bufferSize holds a record of the greatest size and most of a second, so that
// one read from a socket rarely splits one.
const bufferSize = 1 << 15

// smallSize holds a small record: what somebody may have in hand who waits long.
const smallSize = 2 << 10

// buffers are lent to endpoints while bytes are in flight; an idle connection
// holds none, or a small one.
var (
	buffers      = sync.Pool{New: func() any { return new([bufferSize]byte) }}
	smallBuffers = sync.Pool{New: func() any { return new([smallSize]byte) }}
)

func getBuffer() []byte { return buffers.Get().(*[bufferSize]byte)[:0] }

func putBuffer(b []byte) {
	switch cap(b) {
	case bufferSize:
		buffers.Put((*[bufferSize]byte)(b[:bufferSize]))
	case smallSize:
		smallBuffers.Put((*[smallSize]byte)(b[:smallSize]))
	}
}

// Feed gives the endpoint bytes from the peer. It copies them.
func (e *Endpoint) Feed(fromPeer []byte) {
	for len(fromPeer) > 0 {
		n := copy(e.Space(len(fromPeer)), fromPeer)
		e.Fed(n)
		fromPeer = fromPeer[n:]
	}
}

// Space returns room for at least n bytes, to read from a socket straight into;
// Fed says how many came. The slice is good until the next call of Feed, Space, Fed,
// Step, Read or Idle.
func (e *Endpoint) Space(n int) []byte {
	if e.ch.in == nil {
		e.ch.in = getBuffer()
	}
	if cap(e.ch.in)-len(e.ch.in) < n {
		e.makeSpace(n)
	}
	return e.ch.in[len(e.ch.in):cap(e.ch.in)]
}

// SmallSpace is Space for who waits long with the room in hand, for a transport that cannot say
// when there is something to read: a record's header fits in it, and so does a small record whole.
func (e *Endpoint) SmallSpace() []byte {
	if e.ch.in == nil {
		e.ch.in = smallBuffers.Get().(*[smallSize]byte)[:0]
	}
	return e.Space(record.HeaderLen)
}

func (e *Endpoint) makeSpace(n int) {
	unread := e.ch.in[e.ch.r:]
	if len(e.ch.app) == 0 && len(unread)+n <= cap(e.ch.in) {
		e.ch.in = e.ch.in[:copy(e.ch.in[:cap(e.ch.in)], unread)]
	} else {
		// e.app may alias the old storage: it must stay as it is.
		old := e.ch.in
		if whole := len(unread) + n; whole <= bufferSize {
			e.ch.in = append(getBuffer(), unread...)
		} else {
			e.ch.in = append(make([]byte, 0, len(unread)+max(n, bufferSize)), unread...)
		}
		if len(e.ch.app) == 0 {
			putBuffer(old)
		}
	}
	e.ch.r = 0
}

// Fed says that n bytes were put into what Space returned.
func (e *Endpoint) Fed(n int) { e.ch.in = e.ch.in[:len(e.ch.in)+n] }

// Need is how many bytes must at least be fed before Step can open the next
// record: 5 before its header is there.
func (e *Endpoint) Need() int { return e.ch.rd.Need(e.ch.in[e.ch.r:]) }

// drained gives the input buffer back once nothing in it is needed.
func (e *Endpoint) drained() {
	if e.ch.in != nil && e.ch.r == len(e.ch.in) && len(e.ch.app) == 0 {
		putBuffer(e.ch.in)
		e.ch.in, e.ch.r = nil, 0
	}
}

// Idle gives back every buffer that is not in use. A caller about to wait for
// the peer calls it; nothing is lost by calling it at any time.
func (e *Endpoint) Idle() { e.drained() }

// Discard drops what has come and was not read, and gives its buffer back: nobody will read it.
func (e *Endpoint) Discard() {
	e.ch.r, e.ch.app = len(e.ch.in), nil
	e.drained()
}

// Pending reports whether Output has something to return.
func (e *Endpoint) Pending() bool { return len(e.ch.out) > 0 || len(e.ch.flight) > 0 }

// Output returns what is to be sent, a whole flight at a time, and forgets it.
// The slice is good until the next call of Output.
func (e *Endpoint) Output() []byte {
	if err := e.endRecord(); err != nil {
		_ = e.fail(err) // Step and Write return it
	}
	if e.ch.spare != nil {
		putBuffer(e.ch.spare)
	}
	e.ch.spare, e.ch.out = e.ch.out, nil
	e.limits.declined = false
	if e.traffic != nil {
		e.traffic.queued, e.traffic.answering = false, false
	}
	return e.ch.spare
}

// readRecord opens the next record of the input, if it is all there.
func (e *Endpoint) readRecord(into []byte) (bool, error) {
	if e.ch.closeReceived || e.ch.r == len(e.ch.in) && !e.ch.eof {
		return false, nil
	}
	rec, n, err := e.ch.rd.Next(e.ch.in[e.ch.r:], into, e.cfg.Listener != nil)
	if err != nil {
		return false, err
	}
	if n == 0 {
		if e.ch.eof {
			return false, e.truncated()
		}
		return false, nil
	}
	e.ch.r += n
	if e.cfg.Listener != nil {
		e.noteRecord(event.Receive, rec)
	}
	if rec.Dropped {
		return true, nil
	}
	if err := e.interrupts(rec.Type); err != nil {
		return false, err
	}
	switch rec.Type {
	case iana.Handshake:
		if len(e.ch.hs) == 0 {
			e.ch.hs = e.ch.hsStore[:0]
		}
		e.ch.hs = append(e.ch.hs, rec.Payload...)
		if cap(e.ch.hs) > cap(e.ch.hsStore) {
			e.ch.hsStore = e.ch.hs
		}
	case iana.ChangeCipherSpec:
		return true, e.readChangeCipherSpec(rec.Payload)
	case iana.Alert:
		return true, e.readAlert(rec.Payload)
	case iana.ApplicationData:
		if e.state.MayRead() == event.NoData {
			return false, reason.New(reason.UnexpectedRecord, e.rule("RFC 9846 §2", "RFC 5246 §7.4.9"), "record.type",
				reason.Say("no application data in state %v", e.state), rec.Type)
		}
		if e.state.MayRead() == event.EarlyData {
			if err := e.countEarlyData(len(rec.Payload)); err != nil {
				return false, err
			}
		}
		if len(rec.Payload) > 0 { // an empty record costs the peer as little
			e.limits.warnings, e.limits.idle = 0, 0
		}
		e.ch.app = rec.Payload
		e.noteData(event.Receive, rec.Payload)
	}
	return true, nil
}

// write protects data and queues it for Output. Messages of a TLS 1.3 flight share a
// record, which each of them would else pay 22 bytes for.
func (e *Endpoint) write(t iana.ContentType, data []byte) error {
	if t == iana.Handshake && e.summary.Version == iana.TLS13 && !e.cfg.SeparateRecords {
		e.ch.flight = append(e.ch.flight, data...)
		return nil
	}
	if err := e.endRecord(); err != nil {
		return err
	}
	return e.writeRecords(t, data)
}

// endRecord writes out what is gathered: what comes next is of another type, or under
// other keys.
func (e *Endpoint) endRecord() error {
	if len(e.ch.flight) == 0 {
		return nil
	}
	flight := e.ch.flight
	e.ch.flight = e.ch.flight[:0]
	if e.state == event.Connected { // no more of them for a while
		e.ch.flight = nil
	}
	return e.writeRecords(iana.Handshake, flight)
}

func (e *Endpoint) writeRecords(t iana.ContentType, data []byte) (err error) {
	if e.ch.out == nil {
		e.ch.out = getBuffer()
	}
	if e.cfg.Listener == nil {
		e.ch.out, err = e.ch.wr.Append(e.ch.out, t, data, nil)
	} else {
		e.ch.out, err = e.ch.wr.Append(e.ch.out, t, data, func(r record.Record) { e.noteRecord(event.Send, r) })
	}
	return err
}

// maxFragment is the most plaintext a record may hold (RFC 5246 §6.2.1).
const maxFragment = 1 << 14
