package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// Spool is a writer whose Write does not wait for the one who reads at the other end: a pager
// that somebody has stopped at page one, a terminal under Ctrl-S, a full pipe. What tells of
// many connections must not wait there, or all of them would, and whoever wants to stop the
// program too. A goroutine of its own carries things off in their order, and up to spoolSize
// bytes may wait for it, or one piece that is longer. A piece for which there is no room is
// left out, and counted.
type Spool struct {
	w       io.Writer
	missing func(n int) string // a line that says that n pieces are left out; nil: Write says it

	mu      sync.Mutex
	changed sync.Cond
	held    []chunk
	waiting int // bytes of it in memory
	files   int // of it
	lost    int // pieces left out and not yet told of
	carried int // writes that came to an end
	err     error
	closing bool
	empty   chan struct{} // closed when all is carried off, and no more will come
}

// spoolSize is what may wait: some thousand handshakes, explained, or ten thousands of lines.
const spoolSize = 16 << 20

// chunk is what waits: pieces in memory, or one that is so long that it is in a file.
type chunk struct {
	b []byte
	f io.ReadCloser
}

// spoolFiles is how many files may wait: each is a descriptor, which connections need too.
const spoolFiles = 64

// SpoolTime is how long a program that ends waits for its last words to be taken.
const SpoolTime = 2 * time.Second

// spoolPiece is what is carried off at one go: PIPE_BUF of Linux, which a pipe takes whole
// or not yet (POSIX write()), so that output whose reader has stopped ends at the end of a
// line, and a slow reader can be told from one that has stopped.
const spoolPiece = 4 << 10

// ErrUnread is the error if a spool has no more room, or if at its end nobody takes what it
// holds.
var ErrUnread = errors.New("nobody reads it")

// NewSpool begins to carry off what is written to it, to w. missing is a line that says that n
// pieces are left out; if it is nil, Write returns ErrUnread instead.
func NewSpool(w io.Writer, missing func(n int) string) *Spool {
	s := &Spool{w: w, missing: missing, empty: make(chan struct{})}
	s.changed.L = &s.mu
	go s.carry()
	return s
}

// Write keeps a piece to be carried off. The error is of an earlier one, or ErrUnread.
func (s *Spool) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep, err := s.room(len(s.held) > 0 && s.waiting+len(p) > spoolSize)
	if err != nil {
		return 0, err
	}
	if keep {
		if n := len(s.held); n == 0 || s.held[n-1].f != nil {
			s.held = append(s.held, chunk{})
		}
		last := &s.held[len(s.held)-1]
		last.b = append(last.b, p...)
		s.waiting += len(p)
	}
	s.changed.Signal()
	return len(p), nil
}

// file keeps a piece that is in a file, from its beginning, and closes that in the end.
func (s *Spool) file(f io.ReadCloser) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep, err := s.room(s.files == spoolFiles)
	if err == nil && keep {
		s.held = append(s.held, chunk{f: f})
		s.files++
		f = nil
	}
	s.changed.Signal()
	if f != nil {
		_ = f.Close()
	}
	return err
}

// room reports whether a piece is kept. If not, it is left out and counted, or there is an
// error.
func (s *Spool) room(full bool) (bool, error) {
	switch {
	case s.err != nil:
		return false, s.err
	case full && s.missing == nil:
		return false, ErrUnread
	case full || s.lost > 0: // after a gap, every piece is left out until the gap has been told
		s.lost++
		return false, nil
	}
	return true, nil
}

func (s *Spool) carry() {
	defer close(s.empty)
	for {
		c, ok := s.take()
		if !ok {
			return
		}
		if c.f == nil {
			_ = s.off(c.b)
			continue
		}
		_, err := io.CopyBuffer(WriterFunc(func(p []byte) (int, error) { return len(p), s.off(p) }), c.f, make([]byte, 16*spoolPiece))
		if _, ours := s.failed(); err != nil && !ours {
			s.fail(err) // the file cannot be read
		}
		_ = c.f.Close()
	}
}

// off carries b off.
func (s *Spool) off(b []byte) error {
	for len(b) > 0 {
		if err, ok := s.failed(); ok {
			return err
		}
		n := pieceOf(b)
		_, err := s.w.Write(b[:n])
		b = b[n:]
		s.mu.Lock()
		s.carried++
		s.mu.Unlock()
		if err != nil {
			s.fail(err)
			return err
		}
	}
	return nil
}

func (s *Spool) failed() (error, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err, s.err != nil
}

// fail is the end of it: nothing more is kept.
func (s *Spool) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.held {
		if c.f != nil {
			_ = c.f.Close()
		}
	}
	s.err, s.held, s.waiting, s.files, s.lost = err, nil, 0, 0, 0
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
func (s *Spool) take() (c chunk, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.held) == 0 && s.lost == 0 {
		if s.closing {
			return chunk{}, false
		}
		s.changed.Wait()
	}
	if len(s.held) == 0 {
		c.b, s.lost = []byte(s.missing(s.lost)), 0
		return c, true
	}
	c, s.held = s.held[0], s.held[1:]
	if s.waiting -= len(c.b); c.f != nil {
		s.files--
	}
	return c, true
}

// Close waits until everything is carried off, or nobody has taken any of it for SpoolTime,
// which is ErrUnread. Else it returns what went wrong with the writer. After it the spool
// takes no more.
func (s *Spool) Close() error {
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
		case <-time.After(SpoolTime):
		}
		s.mu.Lock()
		carried := s.carried
		s.mu.Unlock()
		if carried == before {
			return ErrUnread
		}
		before = carried
	}
}

// Missing says that so many pieces of what there was to tell are left out.
func (v *View) Missing(n int) string { return Say(v.Lang, "unread", "n", strconv.Itoa(n)) + "\n" }

// MissingFrom is Missing for output that has a format. If the format is one for programs,
// which have no use for a sentence, it is said on log.
func (v *View) MissingFrom(format string, log io.Writer) func(n int) string {
	if format != "json" {
		return v.Missing
	}
	return func(n int) string {
		_, _ = io.WriteString(log, v.Missing(n))
		return ""
	}
}

// CloseLog closes the spool of standard error. If nobody reads there, or it cannot be written
// to, not even an error that the verb ends with can be told there: the status is all, and a
// word on standard output where that is a terminal.
func (v *View) CloseLog(s *Spool, stdout io.Writer, err error) error {
	werr := s.Close()
	if werr == nil {
		return err
	}
	if f, ok := Unfiltered(stdout).(*os.File); ok && errors.Is(werr, ErrUnread) && isatty.IsTerminal(f.Fd()) {
		fmt.Fprintln(f, Say(v.Lang, "untaken_log"))
	}
	return ErrTold
}
