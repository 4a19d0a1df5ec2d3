package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/suite"
)

// What a client of --www may make the server hold. The page answers any request, so that none
// needs to be long.
const (
	maxHead = 64 << 10 // bytes of a request's head: what common servers take at the most
	maxBody = 1 << 20  // bytes of its body, which nobody looks at
	slack   = 4 << 10  // that net/http adds to the limit of a head, for its buffer
)

// What a client may make it hold over HTTP/2, beside that. The rest of what hostile clients do there
// (streams opened and reset at once, headers without end, frames that ask for answers) net/http bounds.
const (
	maxStreams = 100     // at a time; RFC 9113 §6.5.2 recommends no fewer
	maxFrame   = 1 << 14 // bytes: as small as may be (RFC 9113 §4.2)
	maxWindow  = 1 << 16 // bytes of bodies that nobody has read yet: of a stream, and of a connection
)

// protocols are what --www speaks, by their names in ALPN.
var protocols = []string{overHTTP2, "http/1.1", "http/1.0"}

const overHTTP2 = "h2"

type connKey struct{}

// serveHTTP answers every request with a page about the connection it came over: in HTTP/2 where ALPN
// has agreed on that, else in HTTP/1.
//
// net/http knows by itself what crypto/tls's connections have agreed on, and of no others. So it gets
// ours when the handshake is over, by two servers, of which the one for HTTP/2 is shown a connection
// without TLS: there it speaks HTTP/2 to whoever begins with its preface (RFC 9113 §3.3).
func (h *host) serveHTTP(l net.Listener) error {
	one, two := h.httpServer(), h.httpServer()
	two.Protocols, two.HTTP2 = new(http.Protocols), &http.HTTP2Config{MaxConcurrentStreams: maxStreams, MaxReadFrameSize: maxFrame,
		MaxReceiveBufferPerConnection: maxWindow, MaxReceiveBufferPerStream: maxWindow, WriteByteTimeout: h.flags.idleTimeout}
	two.Protocols.SetUnencryptedHTTP2(true)
	oneTakes, twoTakes := newHandedOver(l.Addr()), newHandedOver(l.Addr())
	var serving sync.WaitGroup
	serving.Go(func() { _ = one.Serve(oneTakes) }) // it ends when it is closed, and for no other reason
	serving.Go(func() { _ = two.Serve(twoTakes) })
	live := &liveListener{l, h}
	for {
		c, err := live.Accept()
		if err != nil {
			err = errors.Join(oneTakes.Close(), twoTakes.Close(), h.unlessStopped(err))
			_, _ = one.Close(), two.Close()
			serving.Wait()
			return err
		}
		h.handlers.Go(func() {
			c := c.(*liveConn)
			how := c.Conn.Handshake
			if h.cfg.MaxEarlyData > 0 {
				how = c.answerEarly
			}
			switch {
			case c.shake(how) != nil:
				_ = c.Close()
			case c.Summary().Protocol == overHTTP2:
				c.tellUnfit()
				twoTakes.hand(withoutTLS{c, &c.begins})
			default:
				oneTakes.hand(c)
			}
		})
	}
}

// httpServer is net/http's part, for either protocol.
func (h *host) httpServer() *http.Server {
	return &http.Server{
		Handler: http.HandlerFunc(h.page),
		// A request that is under way, in its head, its body or its answer, has the time that a
		// connection may be idle: whoever moves nothing for so long holds nothing.
		ReadHeaderTimeout: h.flags.idleTimeout,
		ReadTimeout:       h.flags.idleTimeout,
		WriteTimeout:      2 * h.flags.idleTimeout, // from the end of the head: the time of a body is in it
		IdleTimeout:       h.flags.idleTimeout,
		MaxHeaderBytes:    maxHead - slack,
		ErrorLog:          log.New(io.Discard, "", 0), // a connection's end is told by its liveConn
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			if hidden, ok := c.(withoutTLS); ok {
				c = hidden.Conn
			}
			return context.WithValue(ctx, connKey{}, c)
		},
	}
}

// withoutTLS hides that a connection has a ConnectionState, and watches how the client begins.
type withoutTLS struct {
	net.Conn
	begins *preface
}

func (w withoutTLS) Read(b []byte) (int, error) { return beginning{w.Conn, w.begins}.Read(b) }

// handedOver is a net.Listener of connections whose handshake is over.
type handedOver struct {
	addr  net.Addr
	conns chan net.Conn
	over  chan struct{}
	once  sync.Once
}

func newHandedOver(addr net.Addr) *handedOver {
	return &handedOver{addr: addr, conns: make(chan net.Conn), over: make(chan struct{})}
}

// hand gives a connection to whoever accepts, or closes it.
func (l *handedOver) hand(c net.Conn) {
	select {
	case l.conns <- c:
	case <-l.over:
		_ = c.Close()
	}
}

// Accept waits for the next connection.
func (l *handedOver) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (l *handedOver) Close() error {
	l.once.Do(func() { close(l.over) })
	return nil
}

// Addr is the address of the listener that they came by.
func (l *handedOver) Addr() net.Addr { return l.addr }

// tellUnfit says that HTTP/2 does not allow the cipher suite, where it does not. To refuse it too is
// left to the client: "endpoints MAY" (RFC 9113 §9.2.2).
func (c *liveConn) tellUnfit() {
	s := c.Summary()
	if fitForHTTP2(&s) {
		return
	}
	l := c.host.flags.Lang
	fmt.Fprintln(c.host.log, c.title()+cli.ColonOf(l)+cli.Say(l, "suite_unfit", "suite", s.Suite.String()))
}

// fitForHTTP2 reports whether a suite is none of those that RFC 9113 §9.2.2 and Appendix A prohibit:
// of TLS 1.2, all without an ephemeral key exchange or without an AEAD.
func fitForHTTP2(s *handshake.Summary) bool {
	return s.Version == iana.TLS13 || s.Suite.Kx != iana.KxRSA && s.Suite.Cipher.Kind == suite.AEAD
}

// page describes the handshake, in plain text.
func (h *host) page(w http.ResponseWriter, r *http.Request) {
	c, ok := r.Context().Value(connKey{}).(*liveConn)
	if !ok {
		http.Error(w, "no connection", http.StatusInternalServerError)
		return
	}
	c.answering.Add(1)
	defer c.answering.Add(-1)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		c.unfinished.Store(true)
		status := http.StatusRequestTimeout // or the client has left, and will read nothing
		if tooMuch := new(http.MaxBytesError); errors.As(err, &tooMuch) {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	lang := h.flags.Lang
	early := r.Context().Value(earlyKey{}) != nil
	if early && h.safeMethods && !safeMethod(r.Method) {
		w.WriteHeader(http.StatusTooEarly) // RFC 8470 §5.2
		_, _ = io.WriteString(w, cli.Say(lang, "too_early", "method", r.Method)+"\n")
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", cli.Say(lang, "page"))
	s := c.Summary()
	for _, line := range settled(lang, &s) {
		fmt.Fprintf(&b, "%s: %s\n", line[0], line[1])
	}
	if s.Resumed && h.cfg.ClientAuth != handshake.NoClientCert && len(s.PeerChain) == 0 {
		fmt.Fprintf(&b, "%s: %s\n", narrate.Must(lang, narrate.UI, "cmd.client_certificate").Title, cli.Say(lang, "none_in_session"))
	}
	if s.Protocol == overHTTP2 && !fitForHTTP2(&s) {
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "suite_unfit", "suite", s.Suite.String()))
	}
	switch {
	case c.waited:
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "request_waited"))
	case early:
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "request_early"))
	case h.cfg.MaxEarlyData > 0:
		fmt.Fprintf(&b, "\n%s\n", cli.Say(lang, "request_late"))
	}
	fmt.Fprintf(&b, "\n%s %s\n", r.Method, r.URL)
	_, _ = io.WriteString(w, b.String())
}

// refuse answers with a status, and its name for a page.
func refuse(w http.ResponseWriter, status int) {
	http.Error(w, strconv.Itoa(status)+" "+http.StatusText(status), status)
}
