package tls

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Patient returns l with an Accept that waits, where l's would fail for want of descriptors
// or memory, until others have ended and made room. A server without it ends the moment
// somebody opens more connections than its limit of open files allows. Other errors of l
// are returned as they are.
//
// What is wrapped already is returned as it is.
func Patient(l net.Listener) net.Listener {
	if p, ok := l.(*patient); ok {
		return p
	}
	return &patient{Listener: l, closed: make(chan struct{})}
}

type patient struct {
	net.Listener
	once   sync.Once
	closed chan struct{}
}

// The pause grows from the one to the other, as net/http's does: short, since a connection may
// end at any moment; not shorter, since each try costs a system call.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = time.Second
)

// Accept waits for the next connection.
func (p *patient) Accept() (net.Conn, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		c, err := p.Listener.Accept()
		if err == nil || !isScarce(err) {
			return c, err
		}
		select {
		case <-p.closed:
			return nil, net.ErrClosed
		case <-time.After(pause):
		}
	}
}

// Close closes the listener, and ends an Accept that waits.
func (p *patient) Close() error {
	p.once.Do(func() { close(p.closed) })
	return p.Listener.Close()
}

// isScarce reports whether a connection could not be accepted for want of descriptors or
// memory, or had already gone.
func isScarce(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
