package tlstest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Pipe is a net.Conn pair through memory, buffered so that a writer need
// not wait for its reader, as a socket is.
func Pipe() (a, b net.Conn) {
	x, y := newHalf(), newHalf()
	return &pipeEnd{in: x, out: y}, &pipeEnd{in: y, out: x}
}

type half struct {
	mu     sync.Mutex
	cond   *sync.Cond
	buf    []byte
	r      int
	closed bool
	dead   time.Time
}

func newHalf() *half {
	h := new(half)
	h.cond = sync.NewCond(&h.mu)
	return h
}

// PipeLimit is where a writer begins to wait, as with a socket's send buffer.
const PipeLimit = 1 << 18

type pipeEnd struct{ in, out *half }

func (p *pipeEnd) Read(b []byte) (int, error) {
	h := p.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.r == len(h.buf) && !h.closed {
		if !h.dead.IsZero() && !time.Now().Before(h.dead) {
			return 0, os.ErrDeadlineExceeded
		}
		h.cond.Wait()
	}
	if h.r == len(h.buf) {
		return 0, io.EOF
	}
	n := copy(b, h.buf[h.r:])
	if h.r += n; h.r == len(h.buf) {
		h.buf, h.r = h.buf[:0], 0
	}
	h.cond.Broadcast()
	return n, nil
}

func (p *pipeEnd) Write(b []byte) (int, error) {
	h := p.out
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.buf)-h.r > PipeLimit && !h.closed {
		h.cond.Wait()
	}
	if h.closed {
		return 0, io.ErrClosedPipe
	}
	h.buf = append(h.buf, b...)
	h.cond.Broadcast()
	return len(b), nil
}

func (p *pipeEnd) Close() error {
	for _, h := range []*half{p.in, p.out} {
		h.mu.Lock()
		h.closed = true
		h.cond.Broadcast()
		h.mu.Unlock()
	}
	return nil
}

func (p *pipeEnd) LocalAddr() net.Addr  { return pipeAddr{} }
func (p *pipeEnd) RemoteAddr() net.Addr { return pipeAddr{} }

func (p *pipeEnd) SetDeadline(t time.Time) error { return p.SetReadDeadline(t) }

func (p *pipeEnd) SetReadDeadline(t time.Time) error {
	h := p.in
	h.mu.Lock()
	defer h.mu.Unlock()
	h.dead = t
	if !t.IsZero() {
		time.AfterFunc(time.Until(t), func() {
			h.mu.Lock()
			h.cond.Broadcast()
			h.mu.Unlock()
		})
	}
	h.cond.Broadcast()
	return nil
}

func (p *pipeEnd) SetWriteDeadline(time.Time) error { return nil }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "memory" }
func (pipeAddr) String() string  { return "memory" }
