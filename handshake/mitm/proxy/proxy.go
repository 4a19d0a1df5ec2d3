// Package proxy is a capture tool: a proxy for real clients and real servers that
// stands between the two as a mitm.Box does in the lesson, over sockets and under load.
//
// It keeps the bytes of both legs and the secrets of both, within bounds, and lets
// package observe explain them when somebody asks, with the steps of the middle box in the words of
// the lesson (explain.go). Whatever happens, a failed handshake
// too, is an Entry.
//
// It is a package of its own, below mitm, so that a lesson about an interceptor links no
// sockets and no HTTP; and it draws nothing: its Entries are for the command to show.
//
// How a connection goes: front.go (CONNECT, SOCKS5, or straight on) finds out where to,
// greeting.go whether TLS follows,
// session.go shakes hands on both legs, h1.go and pump.go drive the machines of mitm/relay, which
// relay what is said, plain.go finds servers for what comes in clear, told.go makes of it an
// Entry (entry.go), and recorder.go what is kept. hooks.go is what a program of one's own may do
// with what passes. Read session.go first.
package proxy

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/mitm"
	"tlslab/handshake/tls"
)

// Options make a Proxy. A field's zero value means the default named beside it.
type Options struct {
	Forger *mitm.Forger // required: NewForger makes one of LoadCA's authority
	Mode   Mode         // Forward

	// ToClient and ToServer are what the two legs' configurations begin from. Of ToServer
	// Roots decide which servers the proxy believes, and Certificates are what it shows to
	// servers that ask for one.
	ToClient, ToServer handshake.Config

	// Allow and Ignore are patterns of hosts. What Ignore matches, and what Allow does not
	// if there are any, passes through untouched: the client sees the genuine certificate.
	Allow, Ignore []Pattern

	Rewrite   []mitm.Rewrite // of the bodies, in both directions
	Block     []Block        // what is not to be reached, whatever else is said of it
	MapRemote []MapRemote    // which servers are asked in the place of others: the first that fits
	Hooks     []Hook         // called in this order, for requests and replies alike

	// Dial reaches servers; a net.Dialer with Limits.Handshake as its time.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Upstream is the proxy by way of which the server at addr is reached, by Dial; nil, or one
	// that is nil: none. scheme is "https", or "http" for what is asked in clear.
	Upstream func(scheme, addr string) *Upstream
	// ClientCertificates are for servers of which a Pattern fits: the certificates of all that do are
	// shown in the place of ToServer's.
	ClientCertificates []ClientCertificate

	Limits Limits

	// Seen is told of each Entry, when it is complete, on the goroutine that completed it.
	// Nil tells nobody.
	Seen func(*Entry)
	// Page is what a client reads in place of a reply that failed; the fault's Error.
	Page func(*Fault) string
	// HTML is the same for a client that takes HTML, about the host that it asked for; nil: it
	// reads Page.
	HTML func(host string, f *Fault) Document
	// Landing writes the proxy's own page, which offers the root under RootFile; nil: no more
	// than that.
	Landing http.HandlerFunc
	// Bodies is how many bytes of each body an Entry keeps; 0 keeps none.
	Bodies int
	// Tap, if not nil, is told of each connection's bytes and secrets as they pass.
	Tap Tap
}

// ClientCertificate is what the proxy shows to some servers, if they ask for a certificate.
type ClientCertificate struct {
	Pattern     Pattern
	Certificate handshake.Certificate
}

// Limits bound what a client or a server may make the proxy hold.
type Limits struct {
	Connections int           // at a time; more are turned away. 1000
	Header      int           // bytes of a request's or reply's head. 256 KiB, what Chromium takes at the most
	Handshake   time.Duration // from the first byte to the end of both handshakes, and for the head of one request. 30 s, as package tls has it
	Idle        time.Duration // without a byte in either direction. 5 min
	Recorded    int           // bytes kept of one leg. 64 KiB: a handshake and what is said first
	Kept        int           // bytes kept of all connections that are over. 32 MiB
}

func (l *Limits) setDefaults() {
	for _, x := range []struct {
		field *int
		value int
	}{{&l.Connections, 1000}, {&l.Header, 256 << 10}, {&l.Recorded, 64 << 10}, {&l.Kept, 32 << 20}} {
		if *x.field == 0 {
			*x.field = x.value
		}
	}
	if l.Handshake == 0 {
		l.Handshake = 30 * time.Second
	}
	if l.Idle == 0 {
		l.Idle = 5 * time.Minute
	}
}

// Proxy is a proxy at work. Its methods are safe for concurrent use.
type Proxy struct {
	o     Options
	tick  atomic.Int64 // in milliseconds since began, moved on by the janitor
	began time.Time
	kept  kept

	mu       sync.Mutex
	closed   bool
	sessions map[*session]bool
	conns    int      // so far
	entries  int      // so far
	own      []string // addresses it listens on

	working sync.WaitGroup // Serve, the janitor
	workers *workers       // connections
	done    chan struct{}  // closed when Close begins
	over    chan struct{}  // closed when it has ended
}

// New returns a proxy. The error is about the options.
func New(o Options) (*Proxy, error) {
	if o.Forger == nil {
		return nil, errors.New("a proxy needs a Forger")
	}
	o.Limits.setDefaults()
	if o.Mode == nil {
		o.Mode = Forward
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{Timeout: o.Limits.Handshake}).DialContext
	}
	if o.ToServer.VerifyChain == nil {
		o.ToServer.VerifyChain = believer()
	}
	if len(o.Block) > 0 {
		o.Hooks = append([]Hook{blocking(o.Block)}, o.Hooks...)
	}
	p := &Proxy{o: o, began: time.Now(), sessions: map[*session]bool{}, workers: newWorkers(), done: make(chan struct{}), over: make(chan struct{})}
	p.kept.limit = o.Limits.Kept
	p.working.Go(p.janitor)
	return p, nil
}

// Root is the certificate that clients must trust.
func (p *Proxy) Root() *x509.Certificate { return p.o.Forger.Root() }

// Serve proxies what l accepts until Close, and returns nil then.
func (p *Proxy) Serve(l net.Listener) error {
	if !p.begins(l) {
		return l.Close()
	}
	defer p.working.Done()
	l = tls.Patient(l)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-p.done:
			_ = l.Close()
		case <-stop:
		}
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			select {
			case <-p.done:
				return nil
			default:
				return err
			}
		}
		s, ok := p.admit(conn)
		if !ok {
			continue
		}
		p.workers.do(func() {
			defer p.dismiss(s)
			s.run()
		})
	}
}

// begins notes that l is being served, and its address as one of the proxy's own; not after
// Close.
func (p *Proxy) begins(l net.Listener) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.working.Add(1)
	p.own = append(p.own, l.Addr().String())
	return true
}

// admit makes a session of an accepted connection, unless there are too many.
func (p *Proxy) admit(conn net.Conn) (*session, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return nil, false
	}
	p.conns++
	s := newSession(p, p.conns, conn)
	if len(p.sessions) >= p.o.Limits.Connections {
		p.workers.do(func() {
			defer p.kept.finished(s.recording)
			defer s.close()
			s.failed(s.blame(PhaseOpening, SideProxy, errBusy))
			s.unavailable()
		})
		return nil, false
	}
	p.sessions[s] = true
	return s, true
}

func (p *Proxy) dismiss(s *session) {
	s.close()
	p.kept.finished(s.recording)
	p.mu.Lock()
	delete(p.sessions, s)
	p.mu.Unlock()
}

// Close ends every connection and returns when all that is to be told of them has been.
func (p *Proxy) Close() error {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.over // whoever was first is at it
		return nil
	}
	defer close(p.over)
	p.closed = true
	close(p.done)
	for s := range p.sessions {
		s.end(errShutdown)
	}
	p.mu.Unlock()
	p.working.Wait()
	p.workers.close()
	return nil
}

// janitor looks, now and then, for connections that take too long. One clock for all of
// them costs a reader and a writer no more than a store; the clock's step is a
// hundredth of the shortest limit, at most a second.
func (p *Proxy) janitor() {
	step := min(time.Second, p.o.Limits.Handshake/100, p.o.Limits.Idle/100)
	t := time.NewTicker(max(step, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-p.done:
			return
		case <-t.C:
		}
		now := time.Since(p.began).Milliseconds()
		p.tick.Store(now)
		p.mu.Lock()
		for s := range p.sessions {
			s.expire(now, p.o.Limits)
		}
		p.mu.Unlock()
	}
}

// page is what a client reads in place of a reply.
func (p *Proxy) page(f *Fault) string {
	if p.o.Page == nil {
		return "tlslab proxy: " + f.Error() + "\n"
	}
	return p.o.Page(f)
}

// tell numbers an entry and tells of it.
func (p *Proxy) tell(e *Entry) {
	p.mu.Lock()
	p.entries++
	e.N = p.entries
	p.mu.Unlock()
	if p.o.Seen != nil {
		p.o.Seen(e)
	}
}

// What ends a connection that neither of its ends has ended.
var (
	errBusy     = errors.New("more connections than the proxy takes")
	errShutdown = errors.New("the proxy was stopped")
	errIdle     = errors.New("no byte in either direction for longer than the proxy waits")
	errOwn      = errors.New("that is the proxy itself")
	errSlow     = errors.New("the handshake, or a head, took longer than the proxy waits")
)

var _ io.Closer = (*Proxy)(nil)
