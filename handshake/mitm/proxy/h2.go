//lint:file-ignore SA1019 net/http speaks HTTP/2 only where crypto/tls, or nobody, has agreed on it; on connections of
// another TLS, x/net/http2 is what does.

package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"tlslab/handshake/tls"
)

// h2 relays HTTP/2. x/net/http2 speaks it on both legs, and net/http's ReverseProxy
// carries streams between them: heads are compressed under each connection's own
// tables, so that bytes cannot just be passed on.
type h2 struct {
	s     *session
	up    *http2.ClientConn
	front *http.Server // of the client's one connection: it can have that end in order
	asked atomic.Bool
	leave atomic.Bool           // that connection is to end
	gone  atomic.Pointer[error] // how reading from the server ended
	under sync.WaitGroup        // streams; they may outlive the client's connection
}

// relayH2 relays until the client's connection ends. It is asked to end when the server's
// can take no more requests: a client then makes a new one.
func (s *session) relayH2(client, server *tls.Conn) {
	// Streams beyond what the server allows wait: its limit is not the client's affair.
	transport := &http2.Transport{DisableCompression: true, StrictMaxConcurrentStreams: true, MaxHeaderListSize: uint32(s.p.o.Limits.Header)}
	h := &h2{s: s, front: &http.Server{ErrorLog: log.New(io.Discard, "", 0), MaxHeaderBytes: s.p.o.Limits.Header}}
	h.front.ConnState = func(net.Conn, http.ConnState) {
		if h.leave.Load() { // since before there was anything to end
			h.retire()
		}
	}
	srv := &http2.Server{MaxConcurrentStreams: maxStreams, MaxUploadBufferPerConnection: uploadWindow, MaxUploadBufferPerStream: streamWindow}
	transport.ConnPool = gone{h.retire}
	err := http2.ConfigureServer(h.front, srv) // for Shutdown
	if err == nil {
		h.up, err = transport.NewClientConn(&heard{server, h.serverEnded})
	}
	if err != nil {
		s.failed(blame(SideServer, err, s.toServer.CertificateRequested))
		return
	}
	defer h.up.Close()
	relay := &httputil.ReverseProxy{
		Rewrite:       h.outgoing,
		Transport:     h,
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // an Entry tells
		ErrorHandler:  h.failed,
		BufferPool:    bulkPool{},
	}
	greeting := &greeted{Conn: client}
	srv.ServeConn(greeting, &http2.ServeConnOpts{
		BaseConfig: h.front,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.asked.Store(true)
			h.under.Add(1)
			defer h.under.Done()
			h.serve(relay, w, r)
		}),
	})
	h.under.Wait()
	if h.asked.Load() {
		return
	}
	err, side := error(errSilent), SideClient
	switch gone := h.gone.Load(); {
	case s.ended.Load() != nil:
		err = *s.ended.Load()
	case gone != nil: // the server was the first to leave
		err, side = *gone, SideServer
	case !greeting.polite():
		err = &Fault{Side: SideClient, By: SideProxy, Cause: CauseMalformed, Err: fmt.Errorf("h2 was agreed on, and it began with %q", greeting.first)}
	default:
		err = &Fault{Side: SideClient, By: SideClient, Cause: CausePin, Err: err}
	}
	s.failed(blame(side, err, s.toServer.CertificateRequested))
}

// How much is let in. A stream whose server takes nothing holds its window, so that of the
// connection has room for many such before the others have to wait.
const (
	maxStreams   = 250
	streamWindow = 256 << 10
	uploadWindow = 16 * streamWindow
)

// retire has the client's connection end when the streams under way have.
func (h *h2) retire() {
	h.leave.Store(true)
	// Shutdown waits for nothing here, because the server knows connections only by
	// ServeConn. But the caller may hold a lock that Shutdown needs.
	go func() { _ = h.front.Shutdown(h.s.ctx) }()
}

// gone is told by x/net/http2 when the server's connection takes no more requests: it has
// said GOAWAY, or has ended.
type gone struct{ tell func() }

func (g gone) GetClientConn(*http.Request, string) (*http2.ClientConn, error) {
	return nil, http2.ErrNoCachedConn
}

func (g gone) MarkDead(*http2.ClientConn) { g.tell() }

// greeted is the client's connection, which knows how it began.
type greeted struct {
	*tls.Conn
	first []byte
}

func (c *greeted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if room := len(http2.ClientPreface) - len(c.first); room > 0 {
		c.first = append(c.first, p[:min(n, room)]...)
	}
	return n, err
}

// polite reports whether nothing came, or what HTTP/2 begins with.
func (c *greeted) polite() bool { return strings.HasPrefix(http2.ClientPreface, string(c.first)) }

// serverEnded notes how reading from the server ended. A client of which nothing was asked
// yet is about to ask, and shall be told why there is no answer if TLS 1.3's server wants
// a certificate: that refusal comes after both handshakes were complete.
func (h *h2) serverEnded(err error) {
	if !h.gone.CompareAndSwap(nil, &err) {
		return
	}
	if f := blame(SideServer, err, h.s.toServer.CertificateRequested); f.Cause != CauseWantsCertificate || h.asked.Load() {
		h.retire()
	}
}

// heard is the server's connection, which says how reading from it ended: x/net/http2
// keeps that to itself.
type heard struct {
	*tls.Conn
	ended func(error)
}

func (c *heard) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		c.ended(err)
	}
	return n, err
}

// stream is a request under way.
type stream struct {
	entry         *Entry
	passed, began time.Time
	mu            sync.Mutex // the request's body and the reply may move at once
	err           error
	in, out       *metered
}

type streamKey struct{}

// serve carries one request, and tells of it.
func (h *h2) serve(relay http.Handler, w http.ResponseWriter, r *http.Request) {
	st := &stream{entry: h.s.entry(Request)}
	st.entry.Began = time.Now()
	st.entry.Method, st.entry.Path, st.entry.Proto, st.entry.RequestHeader = r.Method, r.URL.RequestURI(), r.Proto, r.Header.Clone()
	st.entry.asks(r.Host, h.s)
	addNothing(w)
	defer func() {
		// ReverseProxy panics so to reset a stream whose reply broke off.
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler {
				panic(v)
			}
			// Had reading from the server failed, its body would know: so it was writing to the client.
			st.err = &Fault{Side: SideClient, By: SideClient, Cause: CauseLeft, Err: errNotTaken}
			h.tell(r.Context(), st)
			panic(v)
		}
		h.tell(r.Context(), st)
	}()
	relay.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), streamKey{}, st)))
}

// fault is who is to blame for a stream that broke off on the leg to side. Where ctx has
// ended the client has left, and whatever else failed did so on that account.
func (h *h2) fault(ctx context.Context, side Side, err error) *Fault {
	ended := h.s.ended.Load() != nil
	if err = h.s.why(err); !ended && (ctx.Err() != nil || errors.Is(err, context.Canceled)) {
		return &Fault{Side: SideClient, By: SideClient, Cause: CauseLeft, Err: cmp.Or(context.Cause(ctx), err)}
	}
	if side == SideClient {
		return blame(side, err, false)
	}
	f := blame(side, err, h.s.toServer.CertificateRequested)
	switch gone := h.gone.Load(); {
	case f.Cause != CauseInternal:
	case gone != nil:
		f = blame(side, *gone, h.s.toServer.CertificateRequested)
	case errors.As(err, new(http2.StreamError)) || !h.up.CanTakeNewRequest(): // reset, or all of them broken off
		f = &Fault{Side: side, By: side, Cause: CauseLeft, Err: err}
	}
	return f
}

// errNotTaken is a reply that its client did not take to the end.
var errNotTaken = errors.New("the client did not take the reply to its end")

// tell closes the entry of a stream.
func (h *h2) tell(ctx context.Context, st *stream) {
	over := time.Now()
	st.mu.Lock()
	e := st.entry
	for _, m := range []struct {
		*metered
		n    *int64
		kept *[]byte
		side Side
	}{{st.in, &e.Sent, &e.RequestBody, SideClient}, {st.out, &e.Received, &e.Body, SideServer}} {
		if m.metered == nil {
			continue
		}
		m.mu.Lock()
		*m.n, *m.kept = m.count, m.keep
		if m.err != nil && e.Fault == nil {
			e.Fault = h.fault(ctx, m.side, m.err)
		}
		e.rewritten(m.replaced)
		m.mu.Unlock()
	}
	if st.err != nil && e.Fault == nil {
		e.Fault = h.fault(ctx, SideServer, st.err)
	}
	if st.began.IsZero() {
		st.began = over
	}
	e.timed(st.passed, st.began, over)
	st.mu.Unlock()
	h.s.tell(e)
}

// outgoing makes the request to the server: the client's own.
func (h *h2) outgoing(r *httputil.ProxyRequest) {
	st := r.In.Context().Value(streamKey{}).(*stream)
	r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "https", r.In.Host, r.In.Host
	asItCame(r)
	if r.In.Body != nil && r.In.Body != http.NoBody {
		body := io.Reader(r.In.Body)
		if len(h.s.p.o.Rewrite) > 0 {
			body, r.Out.ContentLength = NewRewriter(body, h.s.p.o.Rewrite), -1
			r.Out.Header.Del("Content-Length")
		}
		st.in = &metered{Reader: body, closer: r.In.Body, most: h.s.p.o.Bodies, ended: func() { st.set(&st.passed) }}
		r.Out.Body = st.in
	} else {
		st.set(&st.passed)
	}
	if len(h.s.p.o.Rewrite) > 0 {
		askWhole(r.Out.Header)
	}
}

func (st *stream) set(t *time.Time) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if t.IsZero() {
		*t = time.Now()
	}
}

// RoundTrip asks the server over the one connection that there is.
func (h *h2) RoundTrip(req *http.Request) (*http.Response, error) {
	st := req.Context().Value(streamKey{}).(*stream)
	resp, err := h.up.RoundTrip(req)
	st.set(&st.began)
	if err != nil {
		return nil, err
	}
	st.mu.Lock()
	st.entry.Status, st.entry.Header = resp.StatusCode, resp.Header.Clone()
	st.mu.Unlock()
	body := io.Reader(resp.Body)
	if len(h.s.p.o.Rewrite) > 0 && req.Method != http.MethodHead && resp.ContentLength != 0 && resp.StatusCode != http.StatusPartialContent {
		body, resp.ContentLength = NewRewriter(body, h.s.p.o.Rewrite), -1
		resp.Header.Del("Content-Length")
	}
	st.mu.Lock()
	st.out = &metered{Reader: body, closer: resp.Body, most: h.s.p.o.Bodies}
	resp.Body = st.out
	st.mu.Unlock()
	return resp, nil
}

// failed answers a request to which there will be no reply.
func (h *h2) failed(w http.ResponseWriter, r *http.Request, err error) {
	st := r.Context().Value(streamKey{}).(*stream)
	f := h.fault(r.Context(), SideServer, err)
	// A server that is gone is not answered for: the client knows what can be asked again.
	silent := f.Cause == CauseLeft && !h.up.CanTakeNewRequest()
	st.mu.Lock()
	if st.entry.Fault = f; !silent {
		st.entry.Status = http.StatusBadGateway
	}
	st.mu.Unlock()
	if silent {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusBadGateway)
	_, _ = io.WriteString(w, h.s.p.page(f))
}

// metered is a body that is counted as it passes.
type metered struct {
	io.Reader
	closer io.Closer
	most   int
	ended  func() // at its end; nil asks for nothing

	mu       sync.Mutex
	replaced bool
	count    int64
	keep     []byte
	err      error
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Reader.Read(p)
	m.mu.Lock()
	m.count += int64(n)
	if rw, ok := m.Reader.(*Rewriter); ok {
		m.replaced = rw.Replaced > 0
	}
	if room := m.most - len(m.keep); room > 0 {
		m.keep = append(m.keep, p[:min(room, n)]...)
	}
	if err != nil && err != io.EOF && m.err == nil {
		m.err = err
	}
	m.mu.Unlock()
	if err != nil && m.ended != nil {
		m.ended()
	}
	return n, err
}

func (m *metered) Close() error { return m.closer.Close() }

// bulkPool lends ReverseProxy our buffers.
type bulkPool struct{}

func (bulkPool) Get() []byte { return bulks.Get().(*[bulk]byte)[:] }

func (bulkPool) Put(b []byte) {
	if len(b) == bulk {
		bulks.Put((*[bulk]byte)(b))
	}
}

// asItCame undoes the changes that ReverseProxy makes for the good of the servers behind
// it. A capture proxy changes neither what a client asks, nor the fields that say for whom
// it asks.
func asItCame(r *httputil.ProxyRequest) {
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	r.Out.Trailer = r.In.Trailer // which is filled in later
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = v
		}
	}
}

// addNothing keeps net/http from adding to a reply what its server has not said.
func addNothing(w http.ResponseWriter) {
	for _, name := range []string{"Date", "Content-Type"} {
		w.Header()[name] = nil
	}
}

// askWhole has a server answer in a form in which something can be found and changed: not
// compressed, and whole.
func askWhole(h http.Header) {
	for _, name := range []string{"Accept-Encoding", "Range", "If-Range"} {
		h.Del(name)
	}
}
