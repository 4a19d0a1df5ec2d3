package tls

import (
	"errors"
	"io"
	"slices"

	"tlslab/handshake/event"
)

// Early data, 0-RTT (RFC 9846 §2.3), has methods of its own on a Conn. An attacker who
// copies it off the wire can make it arrive again, so no program shall use it without
// knowing: Read never returns early data, and data that was given to Write is never sent
// early.

// ErrEarlyDataOver is what WriteEarly returns if nothing can be sent early, or nothing more
// can. It is no fault of the connection's.
var ErrEarlyDataOver = errors.New("no early data can be sent, or no more")

// WriteEarly sends before the handshake is complete, and returns how many bytes of p it
// sent. With ErrEarlyDataOver, the rest of p can be sent by Write, or not at all.
//
// At a client whose Config has EarlyData and whose store has a ticket that allows it, p is
// early data. ClientHello goes first; the answer is not waited for, and Handshake may run
// beside it once the first WriteEarly has returned. Whether the server took it is in
// Summary().EarlyData after the handshake: if it was accepted, a server has read it at least once;
// if it was rejected, this one has not, but another may have been sent a copy by somebody on the
// way, and have taken it (RFC 9846 §8).
//
// At a server that is reading early data, p is the answer to it, and goes before the
// client's Finished has come. Only the client can read it. But nothing shows yet that it
// is there, and not somebody who plays its flight again.
func (c *Conn) WriteEarly(p []byte) (sent int, err error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	c.write.Lock()
	defer c.write.Unlock()
	for len(p) > 0 {
		if err := c.mayWrite(); err != nil {
			return sent, err
		}
		n, err := c.sealEarly(p)
		if ferr := c.flushLocked(); err == nil {
			err = ferr
		}
		c.tell()
		p, sent = p[n:], sent+n
		if err == nil && n == 0 {
			err = ErrEarlyDataOver
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// sealEarly puts some of p, or nothing of it, into the endpoint's output.
func (c *Conn) sealEarly(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.e.Role() == event.Client:
		return c.e.WriteEarly(p)
	case c.e.State() == event.WaitEndOfEarlyData && c.e.MayWrite() == event.ApplicationData:
		return c.e.Write(p)
	}
	return 0, c.e.Err()
}

// begin makes a client send its ClientHello, if it has not.
func (c *Conn) begin() error {
	c.mu.Lock()
	begun := c.e.Role() == event.Server || c.e.State() != event.Start
	c.mu.Unlock()
	if begun {
		return nil
	}
	c.shake <- struct{}{}
	defer c.leaveShake()
	for {
		progress, _, err := c.step()
		if err != nil || !progress {
			err = errors.Join(err, c.flush())
			c.tell()
			return err
		}
	}
}

// ReadEarly reads early data, at a server whose Config has MaxEarlyData: it runs the
// handshake until some has come, or until it is complete. Then, and once all early data
// is read, it returns io.EOF: from there on the client is the one that holds the ticket,
// and what Read returns was sent to this connection alone.
//
// Early data that comes while Handshake runs is kept for ReadEarly, up to what the
// ticket allowed, and forgotten with the Conn.
func (c *Conn) ReadEarly(p []byte) (int, error) {
	if n := c.takeEarly(p); n > 0 || len(p) == 0 {
		return n, nil
	}
	if !c.complete.Load() {
		c.shake <- struct{}{}
		defer c.leaveShake()
	}
	if !c.complete.Load() {
		c.read.Lock()
		defer c.read.Unlock()
		if err := c.handshake(func() bool { return len(c.early) > 0 }); err != nil {
			return 0, err
		}
	}
	if n := c.takeEarly(p); n > 0 {
		return n, nil
	}
	return 0, io.EOF
}

func (c *Conn) takeEarly(p []byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := copy(p, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n
}

// keepEarly takes out of the endpoint what it has opened before the handshake is
// complete: early data. It needs mu.
func (c *Conn) keepEarly() error {
	n := c.e.Buffered()
	if n == 0 || c.e.Done() {
		return nil
	}
	c.early = slices.Grow(c.early, n)
	n, err := c.e.Read(c.early[len(c.early):][:n])
	c.early = c.early[:len(c.early)+n]
	return err
}
