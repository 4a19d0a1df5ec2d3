package handshake

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// Application data, once the handshake is complete; and the two ways for it to end.

// Read copies opened application data into p. It returns 0, nil if more must be
// fed, io.EOF after the peer's close_notify, and the error of a failed endpoint,
// TruncatedStream among them. Whole records are opened straight into p if it has
// the room.
func (e *Endpoint) Read(p []byte) (int, error) {
	for len(e.ch.app) == 0 {
		if e.ch.closeReceived && e.err == nil {
			e.drained() // nobody comes back for more
			return 0, io.EOF
		}
		progress, err := e.step(p)
		if err != nil {
			return 0, err
		}
		if !progress && len(e.ch.app) == 0 {
			return 0, nil
		}
	}
	n := min(len(p), len(e.ch.app))
	if n > 0 && &p[0] != &e.ch.app[0] {
		copy(p, e.ch.app)
	}
	if e.ch.app = e.ch.app[n:]; len(e.ch.app) == 0 {
		e.ch.app = nil
		e.drained()
	}
	return n, nil
}

// Buffered is the number of opened bytes that Read can return at once.
func (e *Endpoint) Buffered() int { return len(e.ch.app) }

// Write protects application data into Output. It takes at most one record's
// worth: n may be less than len(p), and then the caller carries Output off and
// calls again. Where no data may be sent yet it is reason.Misuse, and the endpoint lives on.
func (e *Endpoint) Write(p []byte) (n int, err error) {
	switch {
	case e.err != nil:
		return 0, e.err
	case e.ch.closeSent:
		return 0, errClosed
	case e.MayWrite() != event.ApplicationData:
		return 0, reason.Mistake("", reason.Say("a state that may send data"), e.state)
	case len(p) == 0:
		return 0, nil
	}
	if err := e.beforeWrite(); err != nil {
		return 0, err
	}
	p = p[:min(len(p), maxFragment)]
	e.noteData(event.Send, p)
	if err := e.write(iana.ApplicationData, p); err != nil {
		return 0, e.fail(err)
	}
	return len(p), nil
}
