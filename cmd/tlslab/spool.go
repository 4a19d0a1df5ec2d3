package main

import (
	"bytes"
	"errors"
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
	missing func(n int) string // a line that says that n pieces are left out; nil: Write says it

	mu      sync.Mutex
	changed sync.Cond
	held    []byte
	lost    int // pieces left out and not yet told of
	carried int // writes that came to an end
	err     error
	closing bool
	empty   chan struct{} // closed when all is carried off, and no more will come
}

// spoolSize is what may wait: some thousand handshakes, explained, or ten thousands of lines.
const spoolSize = 16 << 20

// spoolTime is how long a program that ends waits for its last words to be taken.
const spoolTime = 2 * time.Second

// spoolPiece is what is carried off at one go: what a pipe has room for on Linux, so that
// one reader who is slow can be told from one who has stopped.
const spoolPiece = 64 << 10

// errUnread is what a spool has when there is no more room in it, or at its end.
var errUnread = errors.New("nobody reads it")

func newSpool(w io.Writer, missing func(n int) string) *spool {
	s := &spool{w: w, missing: missing, empty: make(chan struct{})}
	s.changed.L = &s.mu
	go s.carry()
	return s
}

// Write keeps a piece to be carried off. The error is of an earlier one, or errUnread.
func (s *spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	full := len(s.held) > 0 && len(s.held)+len(p) > spoolSize
	switch {
	case s.err != nil:
		return 0, s.err
	case full && s.missing == nil:
		return 0, errUnread
	case full || s.lost > 0: // behind a gap nothing goes before it is told
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
		for len(b) > 0 {
			n := pieceOf(b)
			_, err := s.w.Write(b[:n])
			b = b[n:]
			s.mu.Lock()
			s.carried++
			if err != nil {
				b, s.err, s.held, s.lost = nil, err, nil, 0
			}
			s.mu.Unlock()
		}
	}
}

// pieceOf is how much of b goes next: whole lines, if there are any.
func pieceOf(b []byte) int {
	if len(b) <= spoolPiece {
		return len(b)
	}
	if n := bytes.LastIndexByte(b[:spoolPiece], '\n') + 1; n > 0 {
		return n
	}
	return spoolPiece
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

// close waits until everything is carried off, or nobody has taken any of it for spoolTime,
// which is errUnread. Else it returns what went wrong with the writer. After it the spool
// takes no more.
func (s *spool) close() error {
	s.mu.Lock()
	s.closing = true
	before := s.carried
	s.changed.Signal()
	s.mu.Unlock()
	for {
		select {
		case <-s.empty:
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.err
		case <-time.After(spoolTime):
		}
		s.mu.Lock()
		carried := s.carried
		s.mu.Unlock()
		if carried == before {
			return errUnread
		}
		before = carried
	}
}

// missing says that so many pieces of what there was to tell are left out.
func (v *view) missing(n int) string { return say(v.lang, "unread", "n", strconv.Itoa(n)) + "\n" }
