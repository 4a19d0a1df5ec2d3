package proxy

import (
	"cmp"
	"context"
	"encoding/pem"
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
)

// net/http handles plain HTTP through the proxy, and the proxy's own page. There is no TLS
// in them, and a request that would need TLS is refused.

// plainConn is a connection in net/http's hands.
type plainConn struct {
	*recorder
	once sync.Once
	gone chan struct{}
}

// Close lets the session end.
func (c *plainConn) Close() error {
	err := c.recorder.Close()
	c.once.Do(func() { close(c.gone) })
	return err
}

type plainKey struct{}

// RootFile is the path under which the proxy's own page has the root.
const RootFile = "/tlslab-ca.pem"

// Magic is the host that the proxy answers for by itself, to whoever goes through it.
const Magic = "proxy.tlslab.test"

func (p *Proxy) newFront() *http.Server {
	transport := &http.Transport{DialContext: p.o.Dial, DisableCompression: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: p.o.Limits.Idle}
	relay := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.Host = r.In.Host
			asItCame(r)
			if len(plainOf(r.In).rewrite) > 0 {
				askWhole(r.Out.Header)
			}
		},
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), BufferPool: bulkPool{},
		ModifyResponse: plainReply,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			f := &Fault{Side: SideServer, By: SideProxy, Cause: CauseBadReply, Err: err}
			if strings.Contains(err.Error(), tlsAlert) {
				f.Cause = CauseSpeaksTLS
			}
			if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
				f.Cause = CauseUnreachable
			} else if isGone(err) {
				f.By, f.Cause = SideServer, CauseLeft
			}
			if errors.Is(err, context.Canceled) {
				f = &Fault{Side: SideClient, By: SideClient, Cause: CauseLeft, Err: err}
			}
			plainOf(r).entry.Fault = f
			http.Error(w, p.page(f), http.StatusBadGateway)
		},
	}
	srv := &http.Server{
		ReadHeaderTimeout: p.o.Limits.Handshake, MaxHeaderBytes: p.o.Limits.Header, IdleTimeout: p.o.Limits.Idle,
		ErrorLog: log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, plainKey{}, c.(*plainConn).s)
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.servePlain(relay, w, r) }),
	}
	srv.RegisterOnShutdown(transport.CloseIdleConnections)
	return srv
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

// plain is a request in clear under way.
type plain struct {
	entry    *Entry
	rewrite  []Rewrite // nil also for a host to leave alone
	keep     int       // bytes of each body
	switched *switched // what it became; nil if nothing
}

type plainRequest struct{}

func plainOf(r *http.Request) *plain { return r.Context().Value(plainRequest{}).(*plain) }

// servePlain relays a request in clear, or answers one for the proxy itself.
func (p *Proxy) servePlain(relay http.Handler, w http.ResponseWriter, r *http.Request) {
	s := r.Context().Value(plainKey{}).(*session)
	switch {
	case r.Method == http.MethodConnect:
		p.refusePlain(s, w, r, errors.New("CONNECT behind another request: it wants a connection of its own"))
		return
	case r.URL.Hostname() == Magic || !r.URL.IsAbs():
		p.serveOwn(w, r)
		return
	case r.URL.Scheme != "http": // which would have to be spoken by somebody else's TLS
		p.refusePlain(s, w, r, fmt.Errorf("a request for %.20q: https goes by CONNECT, and others do not go", r.URL.Scheme))
		return
	}
	e := s.entry(Request)
	e.Began, e.Scheme, e.Host, e.Method, e.Path, e.Proto, e.RequestHeader = time.Now(), "http", r.URL.Host, r.Method, r.URL.RequestURI(), r.Proto, r.Header.Clone()
	e.warn(WarnNoTLS)
	x := &plain{entry: e, rewrite: p.o.Rewrite, keep: p.o.Bodies}
	if to := (target{host: r.URL.Hostname(), port: r.URL.Port()}); p.leavesAlone(to.host, to.orPort("80")) {
		x.rewrite, x.keep = nil, 0
	}
	body := &metered{Reader: r.Body, closer: r.Body, most: x.keep}
	if r.Body != http.NoBody {
		if len(x.rewrite) > 0 {
			body.Reader, r.ContentLength = NewRewriter(r.Body, x.rewrite), -1
		}
		r.Body = body
	}
	watch := &watched{ResponseWriter: w, entry: e, most: x.keep}
	r = r.WithContext(context.WithValue(r.Context(), plainRequest{}, x))
	defer func() {
		v := recover() // ReverseProxy panics so to hang up where a reply broke off
		if v == http.ErrAbortHandler {
			e.Fault = &Fault{Side: SideServer, By: SideServer, Cause: CauseLeft, Err: io.ErrUnexpectedEOF}
			if r.Context().Err() != nil || watch.err != nil {
				e.Fault = &Fault{Side: SideClient, By: SideClient, Cause: CauseLeft, Err: s.why(errNotTaken)}
			}
		}
		body.mu.Lock() // the server may have answered before it was read to its end
		e.Sent, e.RequestBody = body.count, body.keep
		body.mu.Unlock()
		over := time.Now()
		if x.switched != nil {
			e.Sent, e.Received = x.switched.written.Load(), x.switched.read.Load()
		}
		if watch.began.IsZero() {
			watch.began = over
		}
		e.timed(watch.began, watch.began, over)
		s.tell(e)
		if v != nil {
			panic(v)
		}
	}()
	addNothing(w)
	relay.ServeHTTP(watch, r)
}

// refusePlain answers a request that the proxy cannot pass on.
func (p *Proxy) refusePlain(s *session, w http.ResponseWriter, r *http.Request, err error) {
	e := s.entry(Request)
	e.Began, e.Scheme, e.Host, e.Method, e.Path, e.Proto, e.RequestHeader = time.Now(), r.URL.Scheme, r.Host, r.Method, r.URL.RequestURI(), r.Proto, r.Header.Clone()
	e.Fault, e.Status = &Fault{Side: SideClient, By: SideProxy, Cause: CauseBadRequest, Err: err}, http.StatusBadRequest
	page := p.page(e.Fault)
	w.Header().Set("Connection", "close")
	http.Error(w, page, http.StatusBadRequest)
	e.Received = int64(len(page)) + 1 // http.Error ends the line
	s.tell(e)
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

// plainReply looks at a reply in clear before it is passed on: its body is rewritten, or is
// no body but a connection.
func plainReply(resp *http.Response) error {
	x := plainOf(resp.Request)
	switch conn, ok := resp.Body.(io.ReadWriteCloser); {
	case resp.StatusCode == http.StatusSwitchingProtocols && ok:
		x.switched = &switched{ReadWriteCloser: conn}
		resp.Body = x.switched
		x.entry.describeReply(resp, true)
	case len(x.rewrite) > 0 && resp.ContentLength != 0 && resp.Request.Method != http.MethodHead && resp.StatusCode != http.StatusPartialContent:
		rw := NewRewriter(resp.Body, x.rewrite)
		resp.Body = &metered{Reader: rw, closer: resp.Body, ended: func() { x.entry.rewritten(rw.Replaced > 0) }}
		resp.ContentLength = -1
		resp.Header.Del("Content-Length")
	}
	return nil
}

// switched is a server's connection that is HTTP no longer.
type switched struct {
	io.ReadWriteCloser
	read, written atomic.Int64
}

func (c *switched) Read(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func (c *switched) Write(p []byte) (int, error) {
	n, err := c.ReadWriteCloser.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// watched notes what is answered.
type watched struct {
	http.ResponseWriter
	entry *Entry
	most  int
	began time.Time
	err   error // of writing to the client
}

func (w *watched) WriteHeader(status int) {
	if status >= 200 {
		w.entry.Status, w.entry.Header, w.began = status, w.Header().Clone(), time.Now()
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.err = cmp.Or(w.err, err)
	w.entry.Received += int64(n)
	if room := w.most - len(w.entry.Body); room > 0 {
		w.entry.Body = append(w.entry.Body, b[:min(room, n)]...)
	}
	return n, err
}

// Unwrap lets net/http find what else the writer can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// serveOwn is the proxy's own page: what it is, and its root to download.
func (p *Proxy) serveOwn(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if p.o.Landing != nil {
			p.o.Landing(w, r)
			return
		}
		_, _ = io.WriteString(w, `<!doctype html><title>tlslab proxy</title><a href="`+RootFile+`">`+RootFile+`</a>`)
	case RootFile:
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		w.Header().Set("Content-Disposition", `attachment; filename="tlslab-ca.pem"`)
		_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: p.Root().Raw})
	default:
		http.NotFound(w, r)
	}
}

// tlsAlert is how net/http's error quotes the beginning of a reply that is an alert record: the
// bytes themselves it does not hand out.
const tlsAlert = `malformed HTTP response "\x15\x03`
