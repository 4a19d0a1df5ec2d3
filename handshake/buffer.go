package handshake

import "sync"

// bufferSize holds a record of the greatest size and most of a second, so that
// one read from a socket rarely splits one.
const bufferSize = 1 << 15

// buffers are lent to endpoints while bytes are in flight; an idle connection
// holds none.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func getBuffer() []byte { return buffers.Get().(*[bufferSize]byte)[:0] }

func putBuffer(b []byte) {
	if cap(b) == bufferSize {
		buffers.Put((*[bufferSize]byte)(b[:bufferSize]))
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

func (e *Endpoint) makeSpace(n int) {
	unread := e.ch.in[e.ch.r:]
	if len(e.ch.app) == 0 && len(unread)+n <= cap(e.ch.in) {
		e.ch.in = e.ch.in[:copy(e.ch.in[:cap(e.ch.in)], unread)]
	} else {
		// e.app may alias the old storage: it must stay as it is.
		old := e.ch.in
		e.ch.in = append(make([]byte, 0, len(unread)+max(n, bufferSize)), unread...)
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
