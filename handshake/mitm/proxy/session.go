package proxy

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm"
	"tlslab/handshake/suite"
	"tlslab/handshake/tls"
)

// session is one connection of a client, and the one that the proxy makes for it.
type session struct {
	p         *Proxy
	n         int
	began     time.Time
	recording *Recording
	ctx       context.Context
	cancel    context.CancelCauseFunc

	client, server *recorder // the sockets; server is nil until it was dialled
	target         target
	hello          *message.ClientHello // nil where none was read
	clientAddr     string
	serverAddr     string // "" where only the upstream proxy knows it
	via            string // the upstream proxy's address
	name           string // the host that the client asks for: server_name, else the target's host
	renamed        bool   // in reverse mode: by another name than the server's, so that Host is another too
	host           string // the same as people write it: with the port, if it is not the usual one

	toClient, toServer *Leg
	connect, shake     time.Duration
	sentTo             *MapRemote // which server was asked in the place of the client's; nil if none
	told               int        // entries so far
	warnings           []Warning

	stirred atomic.Int64 // Proxy.tick when a byte last moved
	opening atomic.Int64 // Proxy.tick, plus one, when what must not take long began; 0 if nothing is
	reach   reach
	ended   atomic.Pointer[error]

	mu sync.Mutex // held while server is set, and while end closes it
}

// target is where a client wants to go.
type target struct {
	host, port string
	tls        bool // TLS is sure to follow (reverse mode)
	clear      bool // it did not
	fixed      bool // whatever name the client has for it (reverse mode)
}

func (t target) addr() string { return net.JoinHostPort(t.host, t.port) }

// display is the target as people write it: without the port, if it is the usual one.
func (t target) display() string {
	usual := "443"
	if t.clear {
		usual = "80"
	}
	switch {
	case t.port != usual && t.port != "":
		return net.JoinHostPort(t.host, t.port)
	case strings.Contains(t.host, ":"):
		return "[" + t.host + "]"
	}
	return t.host
}

func newSession(p *Proxy, n int, conn net.Conn) *session {
	s := &session{p: p, n: n, began: time.Now(), recording: &Recording{Conn: n}}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.client = newRecorder(s, SideClient, conn, &s.recording.ToClient)
	s.clientAddr = conn.RemoteAddr().String()
	s.hurry(true)
	s.stirred.Store(p.tick.Load())
	p.kept.begin(s.recording)
	return s
}

// run carries the connection from its first byte to its last.
func (s *session) run() {
	t, ok := s.p.o.Mode.target(s)
	if !ok {
		return
	}
	s.target = t
	s.call(t.host)
	if s.p.ignores(t.host, t) {
		s.untouched() // whatever it is
		return
	}
	if !t.tls {
		switch begins, f := s.beginsTLS(); {
		case f != nil:
			s.failed(f)
			return
		case !begins && s.p.leavesAlone(t.host, t):
			s.untouched()
			return
		case !begins:
			s.target.clear = true
			s.call(t.host)
			if m := s.p.mapped(t.host, s.target); m != nil && s.blocked() == nil {
				s.goesTo(m)
			}
			s.inClear()
			return
		}
	}
	hello, err := readHello(s.client)
	if err != nil {
		s.refuse(SideClient, err)
		return
	}
	asked := cmp.Or(mitm.Named(hello), t.host)
	if !t.fixed {
		s.call(asked)
	} else {
		s.renamed = s.asksElsewhere(hello)
	}
	if s.p.leavesAlone(asked, t) {
		s.untouched()
		return
	}
	s.recording.tls.Store(true)
	s.hello = hello
	if s.blocked() == nil { // by the name that the client has
		if m := s.p.mapped(asked, t); m != nil && !t.fixed {
			if s.goesTo(m); m.to.clear {
				s.interceptToClear()
				return
			}
		}
	}
	s.intercept(hello)
}

// call sets the name of the host that the client asks for.
func (s *session) call(name string) {
	s.name, s.host = name, target{host: name, port: s.target.port, clear: s.target.clear}.display()
	s.recording.Host = s.host
}

// intercept makes both handshakes, the server's first, and relays.
func (s *session) intercept(hello *message.ClientHello) {
	s.toClient = new(Leg)
	if err := s.dial(); err != nil {
		s.refuse(SideServer, s.unreachable(err))
		return
	}
	box, err := mitm.New(s.box(hello))
	if err != nil {
		s.refuse(SideProxy, err)
		return
	}
	up := box.Hello(hello)
	offer := mitm.Offered(hello, nil)
	server, err := s.shakeHands(up)
	if other := otherOffer(offer); hasNone(err) && other != nil {
		if err := s.redial(); err != nil {
			s.refuse(SideServer, s.unreachable(err))
			return
		}
		again := *up
		again.KeyLog, again.ALPN = s.server.KeyLog(), other
		server, err = s.shakeHands(&again)
	}
	if server == nil {
		s.refuse(SideProxy, err)
		return
	}
	sum := s.toServer.Summary
	if err != nil {
		s.refuse(SideServer, s.blame(PhaseHandshake, SideServer, err))
		return
	}
	sum.Protocol = protocolFor(offer, sum.Protocol)
	cfg, err := box.Settled(&sum)
	if err != nil {
		s.refuse(SideProxy, err)
		return
	}
	client, err := tls.Server(s.client, cfg)
	if err != nil {
		s.refuse(SideProxy, err)
		return
	}
	err = client.Handshake()
	s.toClient.Summary = client.Summary()
	if s.toClient.Suite != nil { // it has come so far
		s.toClient.Shown = cfg.Certificates[0].Leaf
	}
	both := &legs{toServer: s.toServer, forged: cfg.Certificates[0].Leaf}
	if err == nil {
		both.toClient = s.toClient
	}
	s.recording.legs.Store(both)
	if err != nil {
		s.failed(s.blame(PhaseHandshake, SideClient, err))
		_ = server.Close()
		return
	}
	s.hurry(false)
	s.warn()
	s.relay(client, server)
	_ = client.Close()
	_ = server.Close()
}

// asksElsewhere reports whether a client in reverse mode has another name for the server than the
// proxy: it says so (server_name), or came to an address that is not the server's.
func (s *session) asksElsewhere(hello *message.ClientHello) bool {
	if name := mitm.Named(hello); name != "" {
		return foldHost(name) != foldHost(s.target.host)
	}
	host, _, err := net.SplitHostPort(s.client.LocalAddr().String())
	return err != nil || foldHost(host) != foldHost(s.target.host)
}

// box is what the interceptor of this connection goes by.
func (s *session) box(hello *message.ClientHello) mitm.Options {
	o := mitm.Options{ToClient: s.p.o.ToClient, ToServer: s.p.o.ToServer, Fixed: s.target.fixed}
	o.ToClient.KeyLog = s.client.KeyLog()
	o.ToServer.ServerName, o.ToServer.KeyLog, o.ToServer.Certificates = s.name, s.server.KeyLog(), s.certificates()
	o.Forger = s.p.o.Forger.For(hello, &o.ToClient)
	if s.target.fixed {
		o.AlsoFor = s.askedFor()
	}
	return o
}

// shakeHands makes the handshake with the server; it returns nil if cfg is at fault.
func (s *session) shakeHands(cfg *handshake.Config) (*tls.Conn, error) {
	server, err := tls.Client(s.server, cfg)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	s.reaches(nil)
	err = s.reached(server.Handshake())
	s.shake = time.Since(began)
	s.toServer = &Leg{Summary: server.Summary()}
	if chain := s.toServer.PeerChain; len(chain) > 0 {
		s.toServer.Shown = chain[0]
	}
	return server, err
}

// failed tells of a Fault.
func (s *session) failed(f *Fault) {
	e := s.entry(Failure)
	e.Fault = f
	s.tell(e)
}

// entry is what all entries of the session have in common. Times of the opening go to the
// first.
func (s *session) entry(k Kind) *Entry {
	e := &Entry{Conn: s.n, Kind: k, Began: s.began, Client: s.clientAddr, Host: s.host, Scheme: "https",
		ToClient: s.toClient, ToServer: s.toServer, Warnings: s.warnings, Via: s.via}
	if s.server != nil {
		e.Server = s.serverAddr
	}
	if s.sentTo != nil {
		e.Changes = []Change{s.sentTo.change()}
	}
	return e
}

// tell tells of an entry.
func (s *session) tell(e *Entry) {
	s.mu.Lock()
	if s.told++; s.told == 1 && e.Timing.Connect == 0 {
		e.Timing.Connect, e.Timing.TLS = s.connect, s.shake
	}
	s.mu.Unlock()
	s.p.tell(e)
}

// warn finds the warnings about the two handshakes.
func (s *session) warn() {
	for _, leg := range []*Leg{s.toClient, s.toServer} {
		if leg == nil { // --map-remote, to plain http
			continue
		}
		if leg.Suite.Kx == iana.KxRSA {
			s.addWarning(WarnNoForwardSecrecy)
		}
		if leg.Suite.Cipher.Kind == suite.CBC {
			s.addWarning(WarnCBC)
		}
	}
	if s.toServer == nil {
		return
	}
	if s.toClient.Version != s.toServer.Version {
		s.addWarning(WarnDowngraded)
	}
	if r := s.toServer.Report; s.p.o.ToServer.Weak.SkipVerify && (r == nil || !r.OK) {
		s.addWarning(WarnUnverified)
	}
}

func (s *session) addWarning(w Warning) {
	for _, have := range s.warnings {
		if have == w {
			return
		}
	}
	s.warnings = append(s.warnings[:len(s.warnings):len(s.warnings)], w)
}

// stir notes that something moved.
func (s *session) stir() { s.stirred.Store(s.p.tick.Load()) }

// hurry says whether what is under way must not take long.
func (s *session) hurry(on bool) {
	if !on {
		s.opening.Store(0)
		return
	}
	s.opening.Store(s.p.tick.Load() + 1)
}

// expire ends the session if it takes too long. It is the janitor's.
func (s *session) expire(now int64, l Limits) {
	if since := s.opening.Load(); since != 0 && now-since+1 > l.Handshake.Milliseconds() && !s.giveUp() {
		s.end(errSlow)
	}
	if now-s.stirred.Load() > l.Idle.Milliseconds() {
		s.end(errIdle)
	}
}

// end closes the sockets from outside. Calls that fail because of this fail with cause.
func (s *session) end(cause error) {
	if !s.ended.CompareAndSwap(nil, &cause) {
		return
	}
	s.cancel(cause)
	_ = s.client.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.Close()
	}
}

// cause is err, or what ended the session if that is why.
func (s *session) cause(err error) error {
	if err == nil {
		return nil
	}
	if c := s.ended.Load(); c != nil && errors.Is(err, net.ErrClosed) {
		return *c
	}
	return err
}

func (s *session) close() {
	_ = s.client.Close()
	if s.server != nil {
		_ = s.server.Close()
	}
	s.cancel(nil)
}
