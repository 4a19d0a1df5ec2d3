package proxy

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"tlslab/handshake"
)

// How a server is reached, and for how long that is tried.

// reach is the attempt to reach a server and to shake hands with it. If it takes too long, it is
// given up, and not the client: that one is still to be told.
type reach struct {
	state  atomic.Int32 // of the constants below
	cancel context.CancelCauseFunc
}

const (
	reachNone  int32 = iota // nothing is under way, or it has a client that waits for nothing else
	reachUnder              // it is under way
	reachOver               // it was given up
)

// reaches begins the attempt, or its next part; cancel ends what is not a socket yet.
func (s *session) reaches(cancel context.CancelCauseFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reach.cancel = cancel
	s.reach.state.Store(reachUnder)
}

// reached is the end of that part, which came to err; or to errSlow, if it was given up.
func (s *session) reached(err error) error {
	if s.reach.state.Swap(reachNone) == reachOver {
		return errSlow
	}
	return err
}

// giveUp ends the attempt, and reports whether there was one. It is the janitor's.
func (s *session) giveUp() bool {
	if !s.reach.state.CompareAndSwap(reachUnder, reachOver) {
		return s.reach.state.Load() == reachOver // whoever waits for it is about to see
	}
	s.hurry(true) // what is left of it is the client's time
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reach.cancel != nil {
		s.reach.cancel(errSlow)
	}
	if s.server != nil {
		_ = s.server.Close()
	}
	return true
}

// dial reaches the server, unless it has been.
func (s *session) dial() error {
	if s.server != nil {
		return nil
	}
	if err := s.blocked(); err != nil {
		return err
	}
	if s.opening.Load() == 0 { // between two requests nothing is
		s.hurry(true)
		defer s.hurry(false)
	}
	began := time.Now()
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	s.reaches(cancel)
	up := s.upstream()
	conn, err := s.dialBy(ctx, up)
	s.mu.Lock()
	s.connect = time.Since(began)
	s.mu.Unlock()
	if late := s.reached(nil); late != nil {
		if conn != nil {
			_ = conn.Close()
		}
		if err = late; up != nil {
			err = &UpstreamError{Upstream: s.via, Err: late}
		}
	}
	if err != nil {
		if cause := context.Cause(s.ctx); cause != nil {
			return cause
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = newRecorder(s, SideServer, conn, &s.recording.ToServer)
	s.serverAddr = ""
	if up == nil {
		s.serverAddr = conn.RemoteAddr().String()
	}
	if cause := context.Cause(s.ctx); cause != nil { // the session was ended meanwhile
		_ = s.server.Close()
		return cause
	}
	return nil
}

// unreachable is the Fault of a server that could not be dialled.
func (s *session) unreachable(err error) *Fault {
	if up := (*UpstreamError)(nil); errors.Is(err, errSlow) && !errors.As(err, &up) {
		return s.blame(PhaseDial, SideServer, errSlow)
	}
	return s.blame(PhaseDial, SideServer, &marked{errUnreached, err})
}

// upstream is the proxy by way of which the server is reached; nil if there is none.
func (s *session) upstream() *Upstream {
	s.via = ""
	if s.p.o.Upstream == nil {
		return nil
	}
	scheme := "https"
	if s.target.clear {
		scheme = "http"
	}
	up := s.p.o.Upstream(scheme, s.target.addr())
	if up != nil {
		s.via = up.Addr()
	}
	return up
}

// dialBy connects to the server, by way of up if it is not nil.
func (s *session) dialBy(ctx context.Context, up *Upstream) (net.Conn, error) {
	direct := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := s.p.o.Dial(ctx, network, addr)
		if err == nil && s.p.isOwn(conn.RemoteAddr()) {
			_ = conn.Close()
			return nil, errOwn
		}
		return conn, err
	}
	if up == nil {
		return direct(ctx, "tcp", s.target.addr())
	}
	return up.dial(ctx, direct, s.p.o.ToServer, s.target.addr())
}

// certificates are what the server may be shown.
func (s *session) certificates() []handshake.Certificate {
	var chosen []handshake.Certificate
	for _, c := range s.p.o.ClientCertificates {
		if anyMatches([]Pattern{c.Pattern}, s.name, s.target) {
			chosen = append(chosen, c.Certificate)
		}
	}
	if chosen == nil {
		return s.p.o.ToServer.Certificates
	}
	return chosen
}
