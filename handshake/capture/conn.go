package capture

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Conn is a transport whose bytes go into a capture file. Put TLS on top of it, with
// KeyLog in that end's configuration. It reads and writes as the transport does whether
// or not the file can be written: Writer.Err tells of that.
type Conn struct {
	net.Conn
	tap *Tap

	write  sync.Mutex
	unsent int // bytes told of that the transport did not take, and will be handed again

	mu       sync.Mutex
	peerDone bool // it closed its side
	broken   bool // it broke off
}

// Capture opens a stream for a connection of TCP, between its two addresses, of which we
// are the server or the client. The three-way handshake is of time.Now.
func (w *Writer) Capture(iface int, c net.Conn, weAreServer bool) (*Conn, error) {
	local, err := addrPort(c.LocalAddr())
	if err != nil {
		return nil, err
	}
	remote, err := addrPort(c.RemoteAddr())
	if err != nil {
		return nil, err
	}
	if weAreServer {
		local, remote = remote, local
	}
	s, err := w.Open(iface, local, remote, time.Now())
	if err != nil {
		return nil, err
	}
	return NewConn(c, NewTap(s, weAreServer)), nil
}

func addrPort(a net.Addr) (netip.AddrPort, error) {
	if tcp, ok := a.(interface{ AddrPort() netip.AddrPort }); ok {
		return tcp.AddrPort(), nil
	}
	return netip.AddrPort{}, fmt.Errorf("%v is no address of TCP", a)
}

// NewConn tells t of all that goes through c, by the clock of this machine.
func NewConn(c net.Conn, t *Tap) *Conn { return &Conn{Conn: c, tap: t} }

// KeyLog returns the KeyLog of the tap.
func (c *Conn) KeyLog() io.Writer { return c.tap.KeyLog() }

// Tap returns the Tap that c tells of its bytes.
func (c *Conn) Tap() *Tap { return c.tap }

// Read reads from the transport. A caller that comes back for more has worked on what was
// read before, so the secrets in it are known.
func (c *Conn) Read(p []byte) (int, error) {
	_ = c.tap.Flush()
	n, err := c.Conn.Read(p)
	if n > 0 {
		_ = c.tap.Read(time.Now(), p[:n])
	}
	switch {
	case errors.Is(err, io.EOF):
		c.note(&c.peerDone)
	case errors.Is(err, syscall.ECONNRESET):
		c.note(&c.broken)
	}
	return n, err
}

// Write writes to the transport. What a deadline keeps it from taking stands in the file
// already; the next Write is expected to begin with it, as a TLS record must.
func (c *Conn) Write(p []byte) (int, error) {
	c.write.Lock()
	defer c.write.Unlock()
	told := min(c.unsent, len(p))
	_ = c.tap.Wrote(time.Now(), p[told:])
	n, err := c.Conn.Write(p)
	c.unsent += len(p) - told - n
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		c.note(&c.broken)
	}
	return n, err
}

// CloseWrite closes our side of the transport, if it can do so.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// Close closes the transport, and the stream as that ended.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken {
		_ = c.tap.Reset(time.Now(), false)
	} else {
		_ = c.tap.Close(time.Now(), !c.peerDone)
	}
	return err
}

func (c *Conn) note(what *bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*what = true
}
