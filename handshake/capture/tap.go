package capture

import (
	"bytes"
	"io"
	"sync"
	"time"
)

// Tap is what one end of a TLS connection tells of it: the chunks that it read from and
// wrote to its socket, and the secrets that it came to know. Tap sees to it that no
// packet stands in the file before the secrets that open it.
//
// Secrets always come in time for what an end writes, since it encrypts with them. What
// it reads it can open only after having read it: so a chunk received is held until the
// next thing happens, be it another chunk, in either direction, Flush or Close, and goes
// out behind the lines that have been logged meanwhile. This lasts until all secrets are
// known: in TLS 1.2 the one, in TLS 1.3 both sides' first application traffic secret,
// which later keys derive from. The server logs these before the client's Finished
// arrives, and what precedes them (early data, the handshake's own) before that. From
// then on a chunk goes out when it comes.
//
// So what a killed process may lose is a chunk that it had not begun to understand, and
// what is in memory is one chunk and the lines of one flight.
type Tap struct {
	s      *Stream
	server bool

	mu      sync.Mutex
	lines   []byte // of the key log, not yet in the file
	secrets secrets
	held    []byte // a chunk received
	at      time.Time
}

// secrets says which secrets have come, of those that all later packets need.
type secrets struct{ tls12, client13, server13 bool }

func (s secrets) all() bool { return s.tls12 || s.client13 && s.server13 }

// NewTap returns the tap of the end that we are: the stream's server, or its client.
func NewTap(s *Stream, weAreServer bool) *Tap { return &Tap{s: s, server: weAreServer} }

// Read tells of a chunk that we received at time t. The tap keeps no reference to b. The
// error is about the file, as in all methods here; the connection can go on without the
// file.
func (t *Tap) Read(at time.Time, b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(); err != nil || len(b) == 0 {
		return err
	}
	if t.secrets.all() {
		return t.put(!t.server, at, b)
	}
	t.held, t.at = append(t.held, b...), at
	return nil
}

// Wrote tells of a chunk that we send at time t. Better told before it is sent than
// after: else the answer, read by another goroutine, may be told of first.
func (t *Tap) Wrote(at time.Time, b []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(); err != nil || len(b) == 0 {
		return err
	}
	return t.put(t.server, at, b)
}

// KeyLog is where our secrets go, as lines of an NSS key log (RFC 9850): a KeyLog for the
// Config of this one connection. Its Write never fails.
func (t *Tap) KeyLog() io.Writer { return (*tapLog)(t) }

// Flush writes what is held. Call it when what was received has been worked on and we
// are about to wait for more.
func (t *Tap) Flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flush()
}

// Close writes what is held, and the end of the stream, which was our doing or else our
// peer's.
func (t *Tap) Close(at time.Time, byUs bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(); err != nil {
		return err
	}
	return t.s.Close(at, byUs != t.server)
}

// Reset is Close for a connection that was broken off.
func (t *Tap) Reset(at time.Time, byUs bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.flush(); err != nil {
		return err
	}
	return t.s.Reset(at, byUs != t.server)
}

func (t *Tap) put(fromServer bool, at time.Time, b []byte) error {
	if fromServer {
		return t.s.FromServer(at, b)
	}
	return t.s.FromClient(at, b)
}

// flush writes the whole lines of the key log, then the chunk that waited for them.
func (t *Tap) flush() error {
	if n := bytes.LastIndexByte(t.lines, '\n') + 1; n > 0 {
		if err := t.s.w.Secrets(t.lines[:n]); err != nil {
			return err
		}
		t.lines = append(t.lines[:0], t.lines[n:]...)
	}
	if len(t.held) == 0 {
		return nil
	}
	err := t.put(!t.server, t.at, t.held)
	t.held = t.held[:0]
	if t.secrets.all() {
		t.held, t.lines = nil, nil // no more is held: an idle connection keeps no buffer
	}
	return err
}

// tapLog is a Tap as its key log's writer.
type tapLog Tap

func (l *tapLog) Write(p []byte) (int, error) {
	t := (*Tap)(l)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, p...)
	for line := range bytes.Lines(p) {
		label, _, _ := bytes.Cut(line, []byte(" "))
		switch string(label) {
		case "CLIENT_RANDOM":
			t.secrets.tls12 = true
		case "CLIENT_TRAFFIC_SECRET_0":
			t.secrets.client13 = true
		case "SERVER_TRAFFIC_SECRET_0":
			t.secrets.server13 = true
		}
	}
	return len(p), nil
}
