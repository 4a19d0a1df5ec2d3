package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// spool is a writer whose Write does not wait for the one who reads at the other end: a pager
// that somebody has stopped at page one, a terminal under Ctrl-S, a full pipe. What tells of
// many connections must not wait there, or all of them would, and whoever wants to stop the
// program too. A goroutine of its own carries things off in their order, and up to spoolSize
// bytes may wait for it, or one piece that is longer. A piece for which there is no room is
// left out, and counted.
type spool struct {
	w       io.Writer
	lines   bool               // w may stop anywhere: it gets lines that it takes whole
	missing func(n int) string // a line that says that n pieces are left out

	mu      sync.Mutex
	changed sync.Cond
	held    [][]byte // the first is being carried off
	size    int      // of all that is held
	carried int      // counts what w has taken
	lost    int      // pieces left out and not yet told of
	err     error
	closing bool
	left    bool          // nobody waits any more
	empty   chan struct{} // closed when all is carried off, and no more will come
}

// spoolSize is what may wait: some thousand handshakes, explained, or ten thousands of lines.
const spoolSize = 16 << 20

// spoolTime is how long a program that ends waits for somebody to take more of its last words.
const spoolTime = 2 * time.Second

// pipeBuf is PIPE_BUF, what a pipe takes whole or not yet (POSIX write()): Linux has 4096,
// others at least 512.
const pipeBuf = 512

func newSpool(w io.Writer, missing func(n int) string) *spool {
	s := &spool{w: w, missing: missing, empty: make(chan struct{})}
	_, s.lines = unfiltered(w).(*os.File) // a file of --out knows better itself what to do with half a piece
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
	case len(s.held) > 0 && s.size+len(p) > spoolSize || s.lost > 0: // behind a gap nothing goes before it is told
		s.lost++
	default:
		s.held, s.size = append(s.held, bytes.Clone(p)), s.size+len(p)
	}
	s.changed.Signal()
	return len(p), nil
}

func (s *spool) carry() {
	defer close(s.empty)
	for {
		piece, lost, ok := s.next()
		if !ok {
			return
		}
		if lost > 0 {
			piece = []byte(s.missing(lost))
		}
		err := s.put(piece)
		s.mu.Lock()
		switch {
		case err != nil:
			s.err, s.held, s.size, s.lost = err, nil, 0, 0
		case lost > 0:
			s.lost -= lost
		default:
			s.held[0] = nil
			s.held, s.size = s.held[1:], s.size-len(piece)
		}
		s.mu.Unlock()
	}
}

// next waits for a piece to carry off, or for pieces that are to be told of as lost.
func (s *spool) next() (piece []byte, lost int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.left:
			return nil, 0, false
		case len(s.held) > 0:
			return s.held[0], 0, true
		case s.lost > 0:
			return nil, s.lost, true
		case s.closing:
			return nil, 0, false
		}
		s.changed.Wait()
	}
}

// put writes a piece. Where that may end in the middle, since nobody reads on, it ends behind
// a line: no more goes at a time than a pipe takes whole, but for a line that is longer.
func (s *spool) put(piece []byte) error {
	for len(piece) > 0 {
		n := len(piece)
		if s.lines && n > pipeBuf {
			if n = 1 + bytes.LastIndexByte(piece[:pipeBuf], '\n'); n == 0 {
				n = 1 + bytes.IndexByte(piece, '\n')
			}
			if n == 0 {
				n = len(piece)
			}
		}
		if _, err := s.w.Write(piece[:n]); err != nil {
			return err
		}
		piece = piece[n:]
		s.mu.Lock()
		s.carried++
		left := s.left
		s.mu.Unlock()
		if left {
			return nil
		}
	}
	return nil
}

// close waits until everything is carried off, or nobody has taken anything for spoolTime.
// It returns how many pieces nobody has taken then, or not to their end, and what went wrong
// with the writer. After it the spool takes no more.
func (s *spool) close() (untaken int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	s.changed.Signal()
	for before := -1; before < s.carried; {
		before = s.carried
		s.mu.Unlock()
		select {
		case <-s.empty:
			s.mu.Lock()
			return 0, s.err
		case <-time.After(spoolTime):
		}
		s.mu.Lock()
	}
	s.left = true
	return len(s.held) + s.lost, s.err
}

// missing says that so many pieces of what there was to tell are left out.
func (v *view) missing(n int) string { return say(v.lang, "unread", "n", strconv.Itoa(n)) + "\n" }

// closeLog closes the spool of standard error. If somebody does not read there, or it cannot
// be written to, not even an error that the verb ends with can be told there: the status is
// all, and a word on standard output where that is a terminal.
func (v *view) closeLog(s *spool, stdout io.Writer, err error) error {
	untaken, werr := s.close()
	if untaken == 0 && werr == nil {
		return err
	}
	if f, ok := unfiltered(stdout).(*os.File); ok && untaken > 0 && isatty.IsTerminal(f.Fd()) {
		fmt.Fprintln(f, say(v.lang, "untaken_log", "n", strconv.Itoa(untaken)))
	}
	return errTold
}

// closeSpool closes another spool, and says on log what nobody has taken of it.
func closeSpool(s *spool, log io.Writer, untold func(n string) string) error {
	untaken, err := s.close()
	if untaken > 0 {
		fmt.Fprintln(log, untold(strconv.Itoa(untaken)))
		return errTold
	}
	return err
}
