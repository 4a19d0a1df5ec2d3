//go:build unix

package tls

import (
	"io"
	"net"
	"os"
	"syscall"
)

// idle is what waiting needs. A socket tells when there is something to read, and then a buffer
// is lent and all of it read at once: that spares the second read, which over loopback takes as
// long as to seal and open 2 KiB.
type idle struct {
	raw  syscall.RawConn       // of a socket; nil: not asked for yet, or there is none
	take func(fd uintptr) bool // Conn.takeFrom; a method value made once, not for each record
	n    int                   // what takeFrom has read
	err  error                 // and why it read no more
}

// await waits for what the peer says next, and feeds it to the endpoint. It needs what fill
// needs.
func (c *Conn) await() (int, error) {
	if !c.watch() {
		return c.awaitAny()
	}
	c.mu.Unlock()
	err := c.idle.raw.Read(c.idle.take)
	c.mu.Lock()
	if op, ok := err.(*net.OpError); ok {
		op.Op = "read" // net says raw-read, which would be ours to know, not the caller's
	}
	if err != nil { // the wait is over: a deadline, or the socket was closed
		return 0, err
	}
	return c.idle.n, c.idle.err
}

// watch reports whether the transport is a socket that can be watched, and nothing around one,
// whose Read might do something else.
func (c *Conn) watch() bool {
	if c.idle.raw != nil {
		return true
	}
	var err error
	switch socket := c.conn.(type) {
	case *net.TCPConn:
		c.idle.raw, err = socket.SyscallConn()
	case *net.UnixConn:
		c.idle.raw, err = socket.SyscallConn()
	default:
		return false
	}
	if err != nil {
		c.idle.raw = nil
		return false
	}
	c.idle.take = c.takeFrom
	return true
}

// takeFrom reads what a socket has, and reports whether it had anything, or its end. It reads
// without mu, as feed does: net's sockets do not block, but whoever has a duplicate of the
// descriptor, such as TCPConn.File gives, can make this one.
func (c *Conn) takeFrom(fd uintptr) bool {
	c.mu.Lock()
	space := c.e.Space(headerSize)
	c.mu.Unlock()
	n, err := readNow(int(fd), space)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.e.Fed(n)
	if n == 0 {
		c.e.Idle() // gives the buffer back
	}
	switch {
	case err == syscall.EAGAIN:
		return false
	case err != nil:
		op := &net.OpError{Op: "read", Source: c.conn.LocalAddr(), Addr: c.conn.RemoteAddr(), Err: os.NewSyscallError("read", err)}
		if op.Source != nil {
			op.Net = op.Source.Network() // "tcp", also where net remembers "tcp4"
		}
		err = op
	case n == 0:
		err = io.EOF
	}
	c.idle.n, c.idle.err = n, err
	return true
}

// readNow is read(2), begun again where a signal came between.
func readNow(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		if err != syscall.EINTR {
			return max(n, 0), err
		}
	}
}
