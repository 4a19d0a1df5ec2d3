package proxy

import (
	"bytes"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Tap is told of connections as they pass, to write them down. Its methods are called
// by connections that run concurrently.
type Tap interface {
	// Leg begins one leg of connection conn: SideClient's, between client and proxy,
	// or SideServer's, between proxy and server.
	Leg(conn int, side Side, client, server net.Addr, t time.Time) LegTap
}

// LegTap is told of one leg (nil wants to hear nothing of it), in the order in which the proxy's own end saw it.
type LegTap interface {
	Read(t time.Time, b []byte)     // b came from the peer
	Wrote(t time.Time, b []byte)    // b went to the peer
	KeyLog() io.Writer              // takes the leg's secrets, RFC 9850 lines
	Flush()                         // what was read has been worked on; the proxy waits for more
	Close(t time.Time, byPeer bool) // the connection is over
}

// recorder is the socket of one leg: what passes is kept, within bounds, and told to
// the tap. Reads come from one goroutine at a time, and so do writes.
type recorder struct {
	net.Conn
	s      *session
	side   Side
	leg    *LegRecording
	tap    LegTap
	prefix []byte // read from the socket already, and not yet by the caller it is for
	ahead  *[readAhead]byte
	owed   int         // bytes that were noted, and that a Write which failed has not sent
	ended  atomic.Bool // the peer said so first
	once   sync.Once
}

func newRecorder(s *session, side Side, conn net.Conn, leg *LegRecording) *recorder {
	r := &recorder{Conn: conn, s: s, side: side, leg: leg}
	leg.limit, leg.turns = s.p.o.Limits.Recorded, &s.recording.turns
	if t := s.p.o.Tap; t != nil {
		client, server := conn.RemoteAddr(), conn.LocalAddr()
		if side == SideServer {
			client, server = server, client
		}
		r.tap = t.Leg(s.n, side, client, server, time.Now())
	}
	return r
}

// readAhead is what is read where less is asked for. An idle tls.Conn asks for a record's
// header, to hold no buffer while it waits; the small record behind it would cost another
// system call, of the dozen that a request takes.
const readAhead = 1024

// Read reads what was peeked at, then from the socket.
func (r *recorder) Read(p []byte) (int, error) {
	if len(r.prefix) == 0 {
		if len(p) >= readAhead {
			return r.fetch(p)
		}
		if r.ahead == nil {
			r.ahead = new([readAhead]byte)
		}
		n, err := r.fetch(r.ahead[:])
		if n == 0 {
			return 0, err
		}
		r.prefix = r.ahead[:n:n]
	}
	n := copy(p, r.prefix)
	if r.prefix = r.prefix[n:]; len(r.prefix) == 0 {
		r.prefix = nil
	}
	return n, nil
}

// fetch reads from the socket.
func (r *recorder) fetch(p []byte) (int, error) {
	if r.tap != nil {
		r.tap.Flush()
	}
	n, err := r.Conn.Read(p)
	r.s.stir()
	if n > 0 {
		r.leg.note(r.side == SideClient, p[:n])
		if r.tap != nil {
			r.tap.Read(time.Now(), p[:n])
		}
	}
	if err == io.EOF {
		r.ended.Store(true)
	}
	return n, r.s.cause(err)
}

// peekSize is what a peek has room for at first: a ClientHello with a hybrid's key share
// and what else a browser says.
const peekSize = 4096

// peek waits until n bytes have come, and returns all that have. They stay to be read.
func (r *recorder) peek(n int) ([]byte, error) {
	for len(r.prefix) < n {
		if cap(r.prefix)-len(r.prefix) == 0 {
			r.prefix = slices.Grow(r.prefix, max(peekSize, n-len(r.prefix)))
		}
		k, err := r.fetch(r.prefix[len(r.prefix):cap(r.prefix)])
		r.prefix = r.prefix[:len(r.prefix)+k]
		if k == 0 && err != nil {
			if err == io.EOF && len(r.prefix) > 0 {
				err = io.ErrUnexpectedEOF
			}
			return r.prefix, err
		}
	}
	return r.prefix, nil
}

// skip drops n bytes that were peeked at.
func (r *recorder) skip(n int) { r.prefix = r.prefix[n:] }

// beginTLS forgets, in the recording, what was said before TLS.
func (r *recorder) beginTLS() {
	r.leg.restart()
	if len(r.prefix) > 0 {
		r.leg.note(r.side == SideClient, r.prefix)
	}
}

// Write writes to the socket.
func (r *recorder) Write(p []byte) (int, error) {
	// Noted before it is sent: the answer to it must not be noted first. The next Write
	// begins with the bytes that this one has not sent.
	if fresh := p[min(r.owed, len(p)):]; len(fresh) > 0 {
		r.leg.note(r.side == SideServer, fresh)
		if r.tap != nil {
			r.tap.Wrote(time.Now(), fresh)
		}
	}
	n, err := r.Conn.Write(p)
	r.owed = max(r.owed, len(p)) - n
	r.s.stir()
	return n, r.s.cause(err)
}

// KeyLog takes the leg's secrets.
func (r *recorder) KeyLog() io.Writer {
	w := []io.Writer{r.leg}
	if r.tap != nil {
		w = append(w, r.tap.KeyLog())
	}
	if log := r.s.p.keyLog(r.side); log != nil {
		w = append(w, log)
	}
	if len(w) == 1 {
		return r.leg
	}
	return io.MultiWriter(w...)
}

// CloseWrite ends the stream in this direction, where the transport can.
func (r *recorder) CloseWrite() error {
	if c, ok := r.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return r.Conn.Close()
}

// linger ends the stream in this direction and reads on for a while: closed over what is
// unread, a socket takes back what was said.
func (r *recorder) linger() {
	if r.CloseWrite() == nil && r.SetReadDeadline(time.Now().Add(lingering)) == nil {
		_, _ = io.Copy(io.Discard, r.Conn) // to its end, or for as long as that may take
	}
}

// abort closes the socket without a goodbye. Many a client takes an end of the stream for
// that of the message, close_notify or not, crypto/tls among them: with reset it cannot. It
// may cost what has not been read yet, so it is for where nothing else would tell.
func (r *recorder) abort(reset bool) {
	if c, ok := r.Conn.(interface{ SetLinger(int) error }); ok && reset {
		_ = c.SetLinger(0)
	}
	_ = r.Close()
}

// Close closes the socket, once.
func (r *recorder) Close() error {
	err := net.ErrClosed
	r.once.Do(func() {
		err = r.Conn.Close()
		if r.tap != nil {
			r.tap.Close(time.Now(), r.ended.Load())
		}
	})
	return err
}

// LegRecording is what was kept of one leg: bytes, in the order in which the proxy saw
// them, and the secrets that open them.
type LegRecording struct {
	mu       sync.Mutex
	limit    int
	bytes    []byte
	segments []segment
	lost     int64
	keys     bytes.Buffer
	turns    *atomic.Int64 // the connection's
}

// segment is a run of bytes in one direction, while none passed on the other leg.
type segment struct {
	end      int   // in bytes
	turn     int64 // of the connection's
	toServer bool
}

// noteSize is what a recording has room for at first: a handshake with a hybrid's shares and a
// chain, and a request. To grow there piece by piece would take twice as much.
const noteSize = 8 << 10

// keysSize is the same for its secrets: five lines of TLS 1.3.
const keysSize = 1 << 10

// note keeps b while there is room. Once something was left out, nothing more is kept: a
// reader could not get past the gap.
func (l *LegRecording) note(toServer bool, b []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost > 0 || len(l.bytes)+len(b) > l.limit {
		l.lost += int64(len(b))
		return
	}
	if l.bytes == nil {
		l.bytes = make([]byte, 0, min(l.limit, noteSize))
	}
	l.bytes = append(l.bytes, b...)
	if n := len(l.segments); n > 0 && l.segments[n-1].toServer == toServer && l.segments[n-1].turn == l.turns.Load() {
		l.segments[n-1].end = len(l.bytes)
		return
	}
	l.segments = append(l.segments, segment{len(l.bytes), l.turns.Add(1), toServer})
}

// restart forgets what was said before TLS began.
func (l *LegRecording) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes, l.segments, l.lost = l.bytes[:0], l.segments[:0], 0
}

// Write keeps lines of a key log.
func (l *LegRecording) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys.Cap() == 0 {
		l.keys.Grow(keysSize)
	}
	return l.keys.Write(p)
}

// fit leaves the first n bytes, and gives back the room that it will not need: as it grew it took up
// to twice as much as it holds.
func (l *LegRecording) fit(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if more := len(l.bytes) - n; more > 0 {
		l.lost += int64(more)
		l.bytes = l.bytes[:n]
		for len(l.segments) > 1 && l.segments[len(l.segments)-2].end >= n {
			l.segments = l.segments[:len(l.segments)-1]
		}
		l.segments[len(l.segments)-1].end = n
	}
	l.bytes, l.segments = bytes.Clone(l.bytes), slices.Clone(l.segments)
	l.keys = *bytes.NewBuffer(bytes.Clone(l.keys.Bytes()))
}

// size is how much memory it holds, roughly.
func (l *LegRecording) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return cap(l.bytes) + l.keys.Cap() + cap(l.segments)*24
}

// Lost is how many bytes passed that were not kept.
func (l *LegRecording) Lost() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// keyed reports whether there are secrets.
func (l *LegRecording) keyed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys.Len() > 0
}

// Empty reports whether nothing was kept.
func (l *LegRecording) Empty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.bytes) == 0
}
