package live

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
)

// host is a server at work.
type host struct {
	flags    *serverFlags
	cfg      *handshake.Config
	store    *serverStore
	log      io.Writer
	out      *cli.Output
	pages    *pages // nil without --format html
	stdout   io.Writer
	handlers sync.WaitGroup
	stopping sync.Once

	safeMethods bool // early data may only ask, and change nothing

	after func(time.Duration, func()) (stop func() bool) // time.AfterFunc; nil: that

	printing  sync.Mutex // stdout's
	unprinted error      // the first that went wrong there

	mu      sync.Mutex
	arrived *sync.Cond
	conns   map[*liveConn]bool
	last    *liveConn // the client that gets what is typed
	count   int
	stopped bool
}

// serve handles each connection until l is closed.
func (h *host) serve(l net.Listener) error {
	live := &liveListener{l, h}
	for {
		c, err := live.Accept()
		if err != nil {
			return h.unlessStopped(err)
		}
		h.handlers.Go(func() { h.converse(c.(*liveConn)) })
	}
}

// later calls f after a while, unless it is stopped before.
func (h *host) later(d time.Duration, f func()) (stop func() bool) {
	if h.after != nil {
		return h.after(d, f)
	}
	return time.AfterFunc(d, f).Stop
}

// unlessStopped is err, unless it comes of stopping.
func (h *host) unlessStopped(err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil
	}
	return err
}

// converse shakes hands and prints what comes until the peer closes.
func (h *host) converse(c *liveConn) {
	defer c.Close()
	how := c.Conn.Handshake
	if h.cfg.MaxEarlyData > 0 {
		how = c.printEarly
	}
	if c.shake(how) != nil {
		return
	}
	c.transcript.follow()
	h.mu.Lock()
	h.last = c
	h.arrived.Broadcast()
	h.mu.Unlock()
	buf := make([]byte, 1<<14)
	for {
		n, err := c.Read(buf)
		if n > 0 { // else it is over, and Close shows the two goodbyes in one
			c.Tell() // the answer is a person's, to what they have read
			c.transcript.flush()
			h.print(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// print writes what a client sent to standard output. While nobody reads there it waits, and
// with it this client and others that have sent something; nothing else does: the lock is for
// printing alone.
func (h *host) print(p []byte) {
	if len(p) == 0 {
		return
	}
	h.printing.Lock()
	defer h.printing.Unlock()
	if _, err := h.stdout.Write(p); h.unprinted == nil {
		h.unprinted = err
	}
}

// typed sends each line of in to the client that came last, and waits for one if no client
// is there. When in ends, the server goes on.
func (h *host) typed(in io.Reader) {
	r := bufio.NewReader(in)
	for {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			h.mu.Lock()
			for h.last == nil {
				h.arrived.Wait()
			}
			c := h.last
			h.mu.Unlock()
			c.hear(line)
			c.transcript.flush()
		}
		if err != nil {
			return
		}
	}
}

// hearTime is how long a client may leave unread what is typed: there is one keyboard, and
// others wait for the next line.
const hearTime = 5 * time.Second

// hear sends a line to the client. One that has left misses it; its own handler tells of it.
// One that does not read is cut off.
func (c *liveConn) hear(line []byte) {
	_ = c.SetWriteDeadline(time.Now().Add(hearTime)) // fails if the connection is closed, and then Write tells so
	if _, err := c.Write(line); errors.Is(err, os.ErrDeadlineExceeded) {
		fmt.Fprintln(c.host.log, c.title()+cli.ColonOf(c.host.flags.Lang)+cli.Say(c.host.flags.Lang, "reads_nothing", "limit", hearTime.String()))
		_ = c.NetConn().Close()
	}
	_ = c.SetWriteDeadline(time.Time{})
}

// stop cuts every connection off, once, and returns when that is done. What there is to tell of
// them is told by handlers.
func (h *host) stop(l net.Listener) {
	h.stopping.Do(func() {
		h.mu.Lock()
		h.stopped = true
		open := slices.Collect(maps.Keys(h.conns))
		h.mu.Unlock()
		_ = l.Close()
		var cut sync.WaitGroup
		for _, c := range open {
			cut.Go(func() { _ = c.Conn.Close() })
			h.handlers.Go(func() { _ = c.Close() })
		}
		cut.Wait()
	})
}

// leave waits for the handlers, whose connections are closed. What a client has sent may
// yet have to be printed; where nobody reads it the program ends without.
func (h *host) leave() error {
	over := make(chan struct{})
	go func() {
		h.handlers.Wait()
		close(over)
	}()
	select {
	case <-over:
		return h.unprinted
	case <-time.After(cli.SpoolTime):
		fmt.Fprintln(h.log, cli.Say(h.flags.Lang, "unread_data"))
		return cli.ErrTold
	}
}
