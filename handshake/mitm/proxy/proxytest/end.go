package proxytest

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/mitm/relay"
)

// Patience is how long anything may take; it bounds a failure, and nothing waits for it that
// goes well.
const Patience = time.Minute

// heard is what an end has heard: bytes, or frames.
type heard interface {
	add(b []byte)
	// size grows with all that is heard; what has the same size may be the same.
	size() int64
	String() string
}

// words is what is heard of HTTP/1.1.
type words struct{ b []byte }

func (w *words) add(b []byte)   { w.b = append(w.b, b...) }
func (w *words) size() int64    { return int64(len(w.b)) }
func (w *words) String() string { return string(w.b) }

// end is one end of an exchange. Somebody always reads from it.
type end struct {
	side relay.Side
	out  *speaker // of HTTP/2

	mu    sync.Mutex
	moved *sync.Cond
	conn  net.Conn // nil before it is there
	raw   *net.TCPConn
	heard heard
	over  End
	own   bool // it has ended, or is about to
	first bool // … before the exchange was over
	late  bool // patience is over
	more  int  // connections beyond the first
}

func newEnd(side relay.Side, f Form) *end {
	e := &end{side: side, heard: newHeard(side, f)}
	e.moved = sync.NewCond(&e.mu)
	if f.http2() {
		e.out = newSpeaker(side)
	}
	return e
}

// newHeard is what side will have heard.
func newHeard(side relay.Side, f Form) heard {
	if f.http2() {
		return newFrames(side)
	}
	return &words{}
}

// begins has e hear what comes on c.
func (e *end) begins(c net.Conn, raw *net.TCPConn) {
	e.mu.Lock()
	first := e.conn == nil
	if first {
		e.conn, e.raw = c, raw
	} else {
		e.more++
	}
	e.moved.Broadcast()
	e.mu.Unlock()
	b := make([]byte, 1<<15)
	for {
		n, err := c.Read(b)
		e.mu.Lock()
		if first {
			e.heard.add(b[:n])
			if err != nil && e.over == NoEnd {
				e.over = e.endOf(err)
			}
			e.moved.Broadcast()
		}
		e.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// endOf is how a stream has ended that ended with err.
func (e *end) endOf(err error) End {
	switch {
	case errors.Is(err, io.EOF) && e.own:
		return Own
	case errors.Is(err, net.ErrClosed) || e.own:
		return Own
	case err == io.EOF:
		return Over
	}
	return Broken
}

// await waits until it holds, or patience is over.
func (e *end) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	stop := time.AfterFunc(Patience, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.late = true
		e.moved.Broadcast()
	})
	defer stop.Stop()
	e.mu.Lock()
	defer e.mu.Unlock()
	for !holds() {
		if e.late {
			t.Fatalf("the %s waits for %s, and has heard %.300q, %s", e.side, what, e.heard, e.over)
		}
		e.moved.Wait()
	}
}

// there is its connection, once it is there.
func (e *end) there(t testing.TB) net.Conn {
	t.Helper()
	e.await(t, "a connection", func() bool { return e.conn != nil })
	return e.conn
}

// hears waits for as much as want is.
func (e *end) hears(t testing.TB, want heard) {
	t.Helper()
	e.await(t, fmt.Sprintf("%d bytes", want.size()), func() bool { return e.heard.size() >= want.size() || e.over != NoEnd })
}

// ended waits for the end of what it hears.
func (e *end) ended(t testing.TB) {
	t.Helper()
	e.await(t, "the end", func() bool { return e.over != NoEnd })
}

// endedIfThere is ended, if anybody has come.
func (e *end) endedIfThere(t testing.TB) {
	t.Helper()
	e.await(t, "the end", func() bool { return e.conn == nil || e.over != NoEnd })
}

// do ends e.
func (e *end) do(t testing.TB, a Act) {
	t.Helper()
	c := e.there(t)
	if a != Halves {
		e.mu.Lock()
		e.own = true
		e.mu.Unlock()
	}
	switch a {
	case Ends:
		_ = c.Close() // the other may have ended meanwhile
	case Halves:
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatalf("the %s cannot half-close: %v", e.side, err)
		}
	case Cuts:
		_ = e.raw.Close()
	case Resets:
		_ = e.raw.SetLinger(0)
		_ = e.raw.Close()
	}
}

// says sends b, as far as anybody takes it.
func (e *end) says(t testing.TB, b []byte, slow bool) {
	t.Helper()
	c := e.there(t)
	for len(b) > 0 {
		n := len(b)
		if slow {
			n = 1
		}
		if _, err := c.Write(b[:n]); err != nil {
			return // what the other has heard tells
		}
		b = b[n:]
	}
}

// underTLS is c, or TLS over it.
func underTLS(c net.Conn, cfg *tls.Config, server bool) (net.Conn, error) {
	if cfg == nil {
		return c, nil
	}
	c = strict{c}
	over := tls.Client(c, cfg)
	if server {
		over = tls.Server(c, cfg)
	}
	return over, over.Handshake()
}

// strict is a socket whose end is none in order: crypto/tls takes one between two records for a
// goodbye, and here it matters whether that was said.
type strict struct{ net.Conn }

var errNoGoodbye = errors.New("the socket ended without close_notify")

func (s strict) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if err == io.EOF {
		err = errNoGoodbye
	}
	return n, err
}
