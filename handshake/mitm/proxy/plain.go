package proxy

import (
	"context"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// Plain HTTP through the proxy, and the proxy's own page, are net/http's: nothing of TLS
// is in them.

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
			if len(p.o.Rewrite) > 0 {
				r.Out.Header.Del("Accept-Encoding")
			}
		},
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0), BufferPool: bulkPool{},
		ModifyResponse: p.plainReply,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			f := &Fault{Side: SideServer, By: SideProxy, Cause: CauseUnreachable, Err: err}
			entryOf(r).Fault = f
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

type plainEntry struct{}

func entryOf(r *http.Request) *Entry { return r.Context().Value(plainEntry{}).(*Entry) }

// servePlain relays a request in clear, or answers one for the proxy itself.
func (p *Proxy) servePlain(relay http.Handler, w http.ResponseWriter, r *http.Request) {
	s := r.Context().Value(plainKey{}).(*session)
	if !r.URL.IsAbs() || r.URL.Hostname() == Magic {
		p.serveOwn(w, r)
		return
	}
	e := s.entry(Request)
	e.Began, e.Scheme, e.Host, e.Method, e.Path, e.Proto, e.RequestHeader = time.Now(), "http", r.URL.Host, r.Method, r.URL.RequestURI(), r.Proto, r.Header.Clone()
	e.warn(WarnNoTLS)
	body := &metered{Reader: r.Body, closer: r.Body, most: p.o.Bodies}
	if r.Body != http.NoBody {
		if len(p.o.Rewrite) > 0 {
			body.Reader, r.ContentLength = NewRewriter(r.Body, p.o.Rewrite), -1
		}
		r.Body = body
	}
	watch := &watched{ResponseWriter: w, entry: e, most: p.o.Bodies}
	defer func() {
		e.Sent, e.RequestBody = body.count, body.keep
		over := time.Now()
		if watch.began.IsZero() {
			watch.began = over
		}
		e.timed(watch.began, watch.began, over)
		s.tell(e)
	}()
	relay.ServeHTTP(watch, r.WithContext(context.WithValue(r.Context(), plainEntry{}, e)))
}

// plainReply rewrites the body of a reply in clear.
func (p *Proxy) plainReply(resp *http.Response) error {
	if len(p.o.Rewrite) > 0 && resp.ContentLength != 0 && resp.StatusCode != http.StatusSwitchingProtocols {
		rw := NewRewriter(resp.Body, p.o.Rewrite)
		resp.Body = &metered{Reader: rw, closer: resp.Body, ended: func() { entryOf(resp.Request).rewritten(rw.Replaced > 0) }}
		resp.ContentLength = -1
		resp.Header.Del("Content-Length")
	}
	return nil
}

// watched notes what is answered.
type watched struct {
	http.ResponseWriter
	entry *Entry
	most  int
	began time.Time
}

func (w *watched) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		w.entry.Status, w.entry.Header, w.began = status, w.Header().Clone(), time.Now()
		if status == http.StatusSwitchingProtocols {
			w.entry.Upgraded = w.Header().Get("Upgrade")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
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
