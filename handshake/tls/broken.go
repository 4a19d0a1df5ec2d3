package tls

import (
	"errors"
	"syscall"
	"time"
)

// A peer that ends the connection in the midst of the handshake often does not say so in TLS:
// the operating system tells of a reset. The endpoint knows what was under way, and its error
// says that, and holds the system's.

// isReset reports whether the peer's side, or something on the way, has put an end to the
// connection, or over a Unix socket to what we write.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// reset is an error of the transport without the addresses of its ends, which change every
// time and say nothing.
type reset struct{ cause error }

func (r *reset) Error() string {
	if n := syscall.Errno(0); errors.As(r.cause, &n) {
		return n.Error()
	}
	return r.cause.Error()
}

func (r *reset) Unwrap() error { return r.cause }

// broken hands a reset to the endpoint, whose next Step tells of it; other errors it returns.
func (c *Conn) broken(err error) error {
	if !isReset(err) {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.e.FeedBroken(&reset{err})
	return nil
}

// lastBytes is more than anybody says who refuses: an alert has 7 bytes, and a flight may stand
// before it.
const lastBytes = 1 << 16

// lastWords reads what a peer said before it cut off what we write, err: an alert perhaps, which
// is the better answer. It needs the read lock.
//
// Over TCP all of that lies here. The peer on a Unix socket may take nothing and go on to talk,
// or to be silent: so it gets no more than lastBytes and seconds, and no deadline of the
// caller's is touched for it.
func (c *Conn) lastWords(err error) error {
	if !isReset(err) {
		return err
	}
	defer time.AfterFunc(closeTimeout, func() { _ = c.conn.Close() }).Stop()
	for left := lastBytes; ; {
		c.mu.Lock()
		n, end := c.feed(headerSize)
		c.mu.Unlock()
		left -= n
		over := end != nil || left <= 0
		if over {
			_ = c.broken(err) // whatever reading says of it: the writer was told first
		}
		for progress := true; progress; {
			var said error
			if progress, said = c.stepOnce(); said != nil {
				return said
			}
		}
		if over {
			return err
		}
	}
}

func (c *Conn) stepOnce() (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.e.Step()
}
