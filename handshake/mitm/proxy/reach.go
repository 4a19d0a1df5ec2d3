package proxy

import (
	"context"
	"sync/atomic"
)

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
