package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

// liveListener hands out connections that tell what happens to them.
type liveListener struct {
	net.Listener
	host *host
}

// Accept waits for the next connection.
func (l *liveListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c, err := l.host.admit(raw)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	return c, nil
}

// liveConn is a server's connection with its transcript. The transcript goes out in
// whole pieces: the handshake, then the rest when the connection is closed, or, where
// clients and a person talk to each other, at each thing said.
type liveConn struct {
	*tls.Conn
	host       *host
	name       string // "3", as the transcript's title has it
	peer       string
	transcript *transcript
	page       *livePage // in the transcript's place; nil without --format html
	counted    *counted
	shaken     atomic.Bool // the handshake is complete

	// Of early data, under --www:
	left   []byte // what net/http has yet to read of it
	noMore bool   // the client's last request has been answered
	waited bool   // it is HTTP/2, and net/http reads all of it after the handshake

	begins preface // of HTTP/2, under --www

	answering  atomic.Int32 // requests that are being answered
	unfinished atomic.Bool  // one of them ended before its body did

	shook   chan struct{} // closed when shake is over
	reading sync.Mutex    // held while a Read is under way, until its error is kept

	mu   sync.Mutex
	end  error // why it ended; nil for an orderly end
	once sync.Once
}

// admit wraps an accepted connection.
func (h *host) admit(raw net.Conn) (*liveConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped {
		return nil, net.ErrClosed
	}
	h.count++
	c := &liveConn{host: h, name: strconv.Itoa(h.count), peer: raw.RemoteAddr().String(), shook: make(chan struct{})}
	cfg := *h.cfg
	cfg.Conn = h.count
	if cfg.Tickets != nil {
		cfg.Tickets = h.store.ticketKeys()
	}
	var err error
	if h.pages != nil {
		if c.page, err = h.pages.of(&cfg); err != nil {
			return nil, err
		}
	} else {
		c.transcript = h.flags.NewTranscript(h.out, c.title())
		c.transcript.attach(&cfg)
	}
	c.counted = &counted{Conn: h.flags.CaptureFile.Tap(raw, true, &cfg)}
	if c.Conn, err = tls.Server(c.counted, &cfg); err != nil {
		return nil, err
	}
	h.conns[c] = true
	return c, nil
}

func (c *liveConn) title() string {
	return cli.Say(c.host.flags.Lang, "connection", "n", c.name, "peer", c.peer)
}

// counted knows how much its peer has said, in bytes, and whether it has left off listening.
type counted struct {
	net.Conn
	heard  atomic.Int64
	unread atomic.Bool // a Write has failed
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.unread.Store(true)
	}
	return n, err
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.heard.Add(int64(n))
	return n, err
}

// CloseWrite closes our side, as the transport can: package tls does so behind an alert.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}

// shake runs the handshake and shows it: by how, which returns when it is over and has done
// with early data what is to be done. A client that takes longer than --handshake-timeout is
// cut off, so that one which says nothing holds nothing for ever.
func (c *liveConn) shake(how func() error) error {
	defer close(c.shook)
	limit := c.host.flags.handshakeTimeout
	stop := c.host.later(limit, func() {
		c.ended(&tooSlow{limit})
		_ = c.NetConn().Close()
	})
	err := how()
	stop()
	c.shaken.Store(err == nil)
	c.ended(err)
	c.transcript.flush()
	if err == nil {
		c.tellWithout()
	}
	return err
}

// tooSlow is why a client was cut off that had not shaken hands in time.
type tooSlow struct{ limit time.Duration }

func (t *tooSlow) Error() string { return "no handshake within " + t.limit.String() }

// told says what was under way.
func (t *tooSlow) told(c *liveConn) error {
	l, limit, heard := c.host.flags.Lang, t.limit.String(), c.counted.heard.Load()
	state := c.State()
	switch {
	case heard == 0:
		return cli.Told(l, t, "mute", "limit", limit)
	case state == event.Start:
		return cli.Told(l, t, "half_hello", "limit", limit, "n", strconv.FormatInt(heard, 10))
	case c.counted.unread.Load():
		return cli.Told(l, t, "reads_no_flight", "limit", limit)
	}
	return cli.Told(l, t, "too_slow", "limit", limit, "state", state.String(), "doing", narrate.Must(l, narrate.State, state.String()).Title)
}

// Read returns what is left of early data, and then reads from the connection.
func (c *liveConn) Read(p []byte) (int, error) {
	switch {
	case len(c.left) > 0:
		n := copy(p, c.left)
		c.left = c.left[n:]
		return n, nil
	case c.noMore:
		return 0, io.EOF
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	n, err := c.Conn.Read(p)
	c.ended(err)
	return n, err
}

// ended keeps the first error. A Read that runs out of time is not one: net/http causes
// that when it wants its connection back.
func (c *liveConn) ended(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil && err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.end = err
	}
}

// Close closes the connection, shows the rest of its transcript, and says what went
// wrong, if anything did. Whoever comes second waits until that is done. It may be called beside
// shake and Read: what either has learnt from the client is told, since the client may have seen
// the end of the connection before.
func (c *liveConn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		err = c.Conn.Close() // shake and Read end with it
		<-c.shook
		c.reading.Lock()
		defer c.reading.Unlock()
		_ = c.transcript.Close()
		if c.page != nil {
			c.host.pages.finish(c.page, c.name)
		}
		c.report()
		c.host.forget(c)
	})
	return err
}

// nothingCut reports whether an end without close_notify has cut off nothing. HTTP/2 says by itself where
// a request ends, and some clients, curl among them, leave when they have got their answers.
func (c *liveConn) nothingCut() bool {
	return c.host.flags.www && c.Summary().Protocol == overHTTP2 && c.answering.Load() == 0 && !c.unfinished.Load()
}

func (c *liveConn) report() {
	c.mu.Lock()
	end := c.end
	c.mu.Unlock()
	l := c.host.flags.Lang
	if began, is := c.begins.other(); is {
		c.say(cli.Told(l, end, "unlike_heard", "began", began))
		return
	}
	if end == nil {
		return
	}
	plight := &plight{lang: l, role: event.Server, peer: cli.Say(l, "client"), summary: c.Summary(), flags: &c.host.flags.LiveFlags, staple: c.host.flags.staple, root: c.host.flags.rootFile()}
	what := plight.trouble(context.Background(), end)
	slow := new(tooSlow)
	switch late := errors.As(end, &slow); {
	case late:
		what = slow.told(c)
	case c.shaken.Load() && reason.Of(end) == reason.TruncatedStream && c.nothingCut():
		return
	case c.shaken.Load():
		what = plight.afterwards(end)
	case c.counted.heard.Load() == 0:
		what = cli.Told(l, end, "left_at_once")
	}
	if what != nil {
		c.say(what)
	}
}

// say says what went wrong.
func (c *liveConn) say(what error) {
	said := fmt.Sprintf("%s%s%v\n", c.title(), cli.ColonOf(c.host.flags.Lang), what)
	if t := (*cli.Trouble)(nil); errors.As(what, &t) && t.Remedy != "" {
		said += "  " + strings.ReplaceAll(t.Remedy, "\n", "\n  ") + "\n"
	}
	_, _ = io.WriteString(c.host.log, said) // at once: between two writes another connection's could come
}

// forget drops a connection that is closed.
func (h *host) forget(c *liveConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, c)
	if h.last == c {
		h.last = nil
	}
}
