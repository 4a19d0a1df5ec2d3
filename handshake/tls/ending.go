package tls

import (
	"errors"
	"net"
	"time"
)

// CloseWrite sends close_notify; reading goes on.
func (c *Conn) CloseWrite() error {
	if !c.complete.Load() && !c.falseStarted() {
		return errors.New("CloseWrite before the handshake is complete")
	}
	c.write.Lock()
	defer c.write.Unlock()
	defer c.tell()
	return c.closeWriteLocked()
}

func (c *Conn) closeWriteLocked() error {
	c.mu.Lock()
	err := c.e.CloseWrite()
	c.mu.Unlock()
	if err != nil {
		_ = c.flushLocked() // the fatal alert, if it is still here; err is what counts
		return err
	}
	return c.flushLocked()
}

// Close says goodbye, if data could be written and the peer takes it within
// seconds, and closes the transport. A Write under way is cut off, and then there
// is no goodbye either. A server whose Finished has not come yet finds nobody to send it
// to, and may give up what was written under False Start: have Handshake wait for it first.
func (c *Conn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	var notify error
	if (c.complete.Load() || c.falseStarted()) && c.write.TryLock() {
		notify = c.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		if err := c.closeWriteLocked(); notify == nil {
			notify = err
		}
		c.write.Unlock()
	}
	err := c.conn.Close()
	if c.read.TryLock() { // else whoever reads gives it back
		c.mu.Lock()
		c.e.Discard()
		c.mu.Unlock()
		c.read.Unlock()
	}
	c.tellAll()
	if err != nil {
		return err
	}
	if c.failed() || isPeerGone(notify) {
		return nil // there was nobody left to say goodbye to
	}
	return notify
}

func (c *Conn) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.e.Err() != nil
}

// LocalAddr returns the LocalAddr of the transport.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the RemoteAddr of the transport.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline bounds Read and Write. After a timeout, either may be tried again.
func (c *Conn) SetDeadline(t time.Time) error {
	c.keepWriteDeadline(t)
	return c.conn.SetDeadline(t)
}

// SetReadDeadline bounds Read. It sets the read deadline of the transport.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline bounds Write.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.keepWriteDeadline(t)
	return c.conn.SetWriteDeadline(t)
}

func (c *Conn) keepWriteDeadline(t time.Time) {
	if t.IsZero() {
		c.writeDeadline.Store(0)
		return
	}
	c.writeDeadline.Store(t.UnixNano())
}

// NetConn returns the transport. Using it breaks the connection.
func (c *Conn) NetConn() net.Conn { return c.conn }
