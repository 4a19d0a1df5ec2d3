package main

import (
	"io"
	"strconv"
	"sync"
	"time"
)

// spool is a writer whose Write does not wait for the one who reads at the other end: a pager
// that somebody has stopped at page one, a terminal under Ctrl-S, a full pipe. What tells of
// many connections must not wait there, or all of them would, and whoever wants to stop the
// program too. A goroutine of its own carries things off in their order, and up to spoolSize
// bytes may wait for it, or one piece that is longer. A piece for which there is no room is
// left out, and counted.
type spool struct {
	w       io.Writer
	missing func(n int) string // a line that says that n pieces are left out

	mu      sync.Mutex
	changed sync.Cond
	held    []byte
	lost    int // pieces left out and not yet told of
	err     error
	closing bool
	empty   chan struct{} // closed when all is carried off, and no more will come
}

// spoolSize is what may wait: some thousand handshakes, explained, or ten thousands of lines.
const spoolSize = 16 << 20

// spoolTime is how long a program that ends waits for its last words to be taken.
const spoolTime = 2 * time.Second

func newSpool(w io.Writer, missing func(n int) string) *spool {
	s := &spool{w: w, missing: missing, empty: make(chan struct{})}
	s.changed.L = &s.mu
	go s.carry()
	return s
}

// Write keeps a piece to be carried off. The error is of an earlier one.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return 0, s.err
	case len(s.held) > 0 && len(s.held)+len(p) > spoolSize || s.lost > 0: // behind a gap nothing goes before it is told
		s.lost++
	default:
		s.held = append(s.held, p...)
	}
	s.changed.Signal()
	return len(p), nil
}

func (s *spool) carry() {
	defer close(s.empty)
	for {
		b, ok := s.take()
		if !ok {
			return
		}
		if _, err := s.w.Write(b); err != nil {
			s.mu.Lock()
			s.err, s.held, s.lost = err, nil, 0
			s.mu.Unlock()
		}
	}
}

// take waits for something to carry off.
func (s *spool) take() (b []byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.held) == 0 && s.lost == 0 {
		if s.closing {
			return nil, false
		}
		s.changed.Wait()
	}
	b, s.held = s.held, nil
	if s.lost > 0 {
		b, s.lost = append(b, s.missing(s.lost)...), 0
	}
	return b, true
}

// close waits until everything is carried off, or nobody has taken it for spoolTime, and
// returns what went wrong with the writer. After it the spool takes no more.
func (s *spool) close() error {
	s.mu.Lock()
	s.closing = true
	s.changed.Signal()
	s.mu.Unlock()
	select {
	case <-s.empty:
	case <-time.After(spoolTime):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// missing says that so many pieces of what there was to tell are left out.
func (v *view) missing(n int) string { return say(v.lang, "unread", "n", strconv.Itoa(n)) + "\n" }
