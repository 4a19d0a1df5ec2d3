package tls

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
)

// Conn is a net.Conn over TLS. One goroutine may read while another writes.
//
// Four locks, taken in this order: shake, a channel with one place, is held by whoever runs
// the handshake, read by whoever reads from the socket, write by whoever writes to it, mu
// for each use of the endpoint. Nobody waits for the socket under mu, so a blocked Read does
// not stop a Write; shake and read are two locks, so that a Write that found the handshake
// under way does not wait for the Read that ran it. Between two uses of the endpoint with no
// socket between, mu is kept: that takes a tenth off a record of 100 bytes.
//
// A Listener is told late, under a lock of its own and never under mu: see heard.go.
type Conn struct {
	conn net.Conn

	shake       chan struct{}
	started     chan struct{} // closed once False Start lets Write go; nil: it never does
	read, write sync.Mutex
	mu          sync.Mutex
	e           *handshake.Endpoint

	unsent        []byte       // of the endpoint's output, when a deadline stopped us; needs write
	writeDeadline atomic.Int64 // in Unix nanoseconds; 0 for none

	complete atomic.Bool
	closed   atomic.Bool
	idle     idle   // where an idle connection waits for its next record; needs read
	early    []byte // early data that nobody has read yet; needs mu

	heard *heard // what the listener has yet to be told; nil: nobody listens
}

// Handshake runs the handshake if it has not run yet.
func (c *Conn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext is Handshake, given up when ctx ends; the connection is of no
// use then.
func (c *Conn) HandshakeContext(ctx context.Context) (err error) {
	if c.complete.Load() {
		return nil
	}
	if ctx.Done() != nil {
		// Close, and no deadline in the past: that another SetDeadline would undo, and
		// not every net.Conn has.
		stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
		defer func() {
			if !stop() { // it fired
				err = context.Cause(ctx)
			}
		}()
	}
	c.shake <- struct{}{}
	defer c.leaveShake()
	if c.complete.Load() { // somebody else ran it, and may be reading by now
		return nil
	}
	c.read.Lock()
	defer c.read.Unlock()
	return c.handshake(nil)
}

func (c *Conn) leaveShake() { <-c.shake }

// startWriting runs the handshake until data may be written: to its end, or under
// Config.FalseStart until this end's Finished is out (RFC 7918). Where somebody else runs it
// already, it waits no longer than that either.
func (c *Conn) startWriting() error {
	if c.complete.Load() || c.falseStarted() {
		return nil
	}
	if c.started == nil {
		return c.Handshake()
	}
	select {
	case c.shake <- struct{}{}:
		defer c.leaveShake()
	case <-c.started:
		return nil
	}
	if c.complete.Load() || c.falseStarted() {
		return nil
	}
	c.read.Lock()
	defer c.read.Unlock()
	return c.handshake(c.mayStart)
}

// mayStart reports whether the endpoint lets data go. It needs mu.
func (c *Conn) mayStart() bool { return c.e.MayWrite() == event.ApplicationData }

// falseStarted reports whether data can be, or was, written before the server's Finished.
func (c *Conn) falseStarted() bool {
	select {
	case <-c.started:
		return true
	default: // of a nil channel, always
		return false
	}
}

// handshake runs the handshake to its end, or until enough is true, which is asked under
// mu; nil is never. It needs the locks shake and read.
func (c *Conn) handshake(enough func() bool) error {
	growStack(0)
	for {
		progress, done, err := c.step()
		stop := !done && c.holds(enough)
		starts := !done && c.started != nil && !c.falseStarted() && c.holds(c.mayStart)
		if ferr := c.flushUnless(progress && err == nil && !stop && !starts); err == nil && ferr != nil {
			err = c.lastWords(ferr)
		}
		if err != nil {
			c.over()
			return err
		}
		if starts { // only now that Finished is out
			close(c.started)
		}
		if stop {
			return nil
		}
		if done {
			break
		}
		if !progress {
			c.tell()
			c.mu.Lock()
			err := c.fill()
			c.mu.Unlock()
			if err := c.broken(err); err != nil {
				c.tell()
				return err
			}
		}
	}
	c.mu.Lock()
	c.e.Idle()
	c.mu.Unlock()
	c.complete.Store(true) // only now that Finished is out: a flush that failed is tried again
	c.tell()
	return nil
}

// growStack has the goroutine's stack grow now to what a handshake takes, while there is little
// on it to be moved. In a goroutine that has just begun it would else grow twice, deep in a
// message's fields, which takes a tenth of what a resumed handshake of TLS 1.2 does.
//
//go:noinline
func growStack(i int) byte {
	var room [6 << 10]byte
	return room[i]
}

func (c *Conn) step() (progress, done bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.e.Done() {
		return false, true, nil
	}
	if progress, err = c.e.Step(); err == nil {
		err = c.keepEarly()
	}
	return progress, false, err
}

func (c *Conn) holds(condition func() bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return condition != nil && condition()
}

// flushUnless lets a flight gather: it leaves when no more of it can be made.
func (c *Conn) flushUnless(more bool) error {
	if more {
		return nil
	}
	if c.falseStarted() {
		// A Write may hold the lock, and its peer wait for us to read. All that is left to say
		// is that we refuse, which goes out with what is written next.
		if !c.write.TryLock() {
			return nil
		}
		defer c.write.Unlock()
		return c.flushLocked()
	}
	return c.flush()
}

// flush writes out what the endpoint has to say.
func (c *Conn) flush() error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.flushLocked()
}

// flushLocked needs the write lock. If a deadline keeps bytes from being written, they go
// first the next time: a record cannot be unsealed, nor can its number be used twice.
func (c *Conn) flushLocked() error {
	for {
		for len(c.unsent) > 0 {
			n, err := c.conn.Write(c.unsent)
			c.unsent = c.unsent[n:]
			if err != nil {
				return err
			}
		}
		c.mu.Lock()
		c.unsent = c.e.Output() // the last turn of the loop gives the buffer back
		c.mu.Unlock()
		if len(c.unsent) == 0 {
			c.unsent = nil
			return nil
		}
	}
}

// fill waits for bytes of the peer. It needs the locks read and mu, and lets go of mu while it
// waits. Only who holds read moves or fills the endpoint's input: so the socket may read into it
// meanwhile.
func (c *Conn) fill() error {
	c.e.Idle()
	need := c.e.Need()
	if need == headerSize && c.complete.Load() {
		return c.ended(c.await())
	}
	return c.ended(c.feed(need))
}

// feed reads what comes next into the endpoint, in room for at least n bytes. It needs what
// fill needs.
func (c *Conn) feed(n int) (int, error) {
	space := c.e.Space(n)
	c.mu.Unlock()
	n, err := c.conn.Read(space)
	c.mu.Lock()
	c.e.Fed(n)
	return n, err
}

// ended tells the endpoint of the end of the stream: it knows whether the peer
// had said goodbye. It needs mu.
func (c *Conn) ended(n int, err error) error {
	if n > 0 || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		if n > 0 {
			return nil // what came counts first; an error will come again
		}
		return err
	}
	c.e.FeedEOF()
	return nil
}

// Read reads application data, after the handshake. ReadEarly reads early data. Read
// returns io.EOF only after the peer's close_notify; a stream that just ends is a
// *reason.Error, TruncatedStream.
func (c *Conn) Read(p []byte) (int, error) {
	if !c.complete.Load() {
		if err := c.Handshake(); err != nil {
			return 0, err
		}
	}
	c.read.Lock()
	defer c.read.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	c.tell() // of what the last Read returned: a caller that comes back has answered it, or waits for more
	c.mu.Lock()
	for {
		n, err := c.e.Read(p)
		if err != nil || c.e.Pending() {
			c.mu.Unlock()
			// Also if data came behind the question: nobody knows when the next Read will
			// come. The error of reading counts, and not one of sending its alert.
			ferr := c.flushAnswers()
			if err != nil {
				c.over()
			} else if n == 0 {
				err = ferr
			}
			if n > 0 || err != nil {
				return n, err
			}
			c.mu.Lock()
		}
		if n > 0 {
			c.mu.Unlock()
			return n, nil
		}
		if c.heard != nil { // it is about to wait
			c.mu.Unlock()
			c.tell()
			c.mu.Lock()
		}
		if err := c.fill(); err != nil {
			c.mu.Unlock()
			return 0, err
		}
	}
}

// flushAnswers sends what reading made the endpoint say (no_renegotiation, a KeyUpdate, a
// fatal alert), if no writer is busy and none was stopped by a deadline: else it goes out
// with what is written next. So a Read does not wait for a Write. But it waits for a peer
// that has stopped reading altogether, as Read in crypto/tls does: a few dozen bytes have
// room in every socket, though not in a net.Pipe.
func (c *Conn) flushAnswers() error {
	if !c.write.TryLock() {
		return nil
	}
	defer c.write.Unlock()
	if len(c.unsent) > 0 {
		return nil
	}
	if err := c.flushLocked(); !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	return nil
}

// Write sends application data, after the handshake, or under Config.FalseStart as soon as
// this end's Finished is out: then Read or Handshake does the rest of the handshake. The
// records that a deadline stopped count as sent: what of them is still here leaves with the
// next Write, CloseWrite or Close.
func (c *Conn) Write(p []byte) (sent int, err error) {
	if err := c.startWriting(); err != nil {
		return 0, err
	}
	c.write.Lock()
	defer c.write.Unlock()
	for len(p) > 0 {
		if err := c.mayWrite(); err != nil {
			return sent, err
		}
		c.mu.Lock()
		n, err := c.e.Write(p)
		c.unsent = c.e.Output() // mayWrite has left nothing in it
		c.mu.Unlock()
		if ferr := c.flushLocked(); err == nil {
			err = ferr
		}
		c.tell()
		if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			p, sent = p[n:], sent+n
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// mayWrite looks for what stops a Write before a record is sealed for it.
func (c *Conn) mayWrite() error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	if d := c.writeDeadline.Load(); d != 0 && time.Now().UnixNano() >= d {
		return os.ErrDeadlineExceeded
	}
	if len(c.unsent) > 0 {
		return c.flushLocked()
	}
	return nil
}
