package tls

import (
	"net"
	"time"
)

// Abort ends the connection because the application wants it, as Endpoint.Abort does: err's
// reason says which alert the peer gets, such as access_denied for reason.AccessDenied. It
// may be called at any time, beside Read, Write and Handshake too; they return err's reason
// from then on. Close is still to be called: what the peer has on its way would else be
// answered by a reset, which can overtake the alert.
//
// The error says why the peer may not have heard: the connection had failed or was closed,
// or the peer did not take the alert within seconds.
func (c *Conn) Abort(err error) error {
	if c.closed.Load() {
		return net.ErrClosed
	}
	c.mu.Lock()
	failed := c.e.Abort(err)
	c.mu.Unlock()
	if failed != nil {
		return failed
	}
	// A Write that is under way to a peer that reads nothing ends with this too.
	if err := c.conn.SetWriteDeadline(time.Now().Add(closeTimeout)); err != nil {
		return err
	}
	err = c.flush()
	c.over()
	return err
}
