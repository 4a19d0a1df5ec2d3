package proxy

import (
	"errors"
	"io"
	"net"
	"sync"

	"tlslab/handshake/mitm/relay"
)

// untouched carries the bytes of a connection that the proxy is to leave alone.
func (s *session) untouched() {
	s.between(Untouched)
}

// inClear is a connection without TLS.
func (s *session) inClear() {
	s.addWarning(WarnNoTLS)
	if err := s.dial(); err != nil {
		f := s.unreachable(err)
		if s.ended.Load() != nil {
			s.failed(f)
			return
		}
		s.hurry(true)
		s.newH1(s.client, relay.Options{}).answerAll(f, false)
		return
	}
	s.hurry(false)
	s.relayH1(s.client, s.server)
}

// between dials and relays the sockets' own bytes.
func (s *session) between(k Kind) {
	if err := s.dial(); err != nil {
		s.failed(s.unreachable(err))
		return
	}
	s.hurry(false)
	e := s.entry(k)
	var up, down sync.WaitGroup
	var fault [2]error
	up.Go(func() { e.Sent, fault[0] = s.copy(s.server, s.client) })
	down.Go(func() { e.Received, fault[1] = s.copy(s.client, s.server) })
	up.Wait()
	down.Wait()
	// When one end has said that it is done, the other end may answer what still comes with
	// a reset: a close_notify that nobody will read, for example.
	done := s.client.ended.Load() || s.server.ended.Load()
	for _, err := range fault {
		of := (*sided)(nil)
		switch {
		case !errors.As(err, &of) || done && isGone(err):
		case e.Fault == nil || errors.Is(e.Fault, net.ErrClosed): // by us, since the other direction broke
			e.Fault = s.blame(PhaseBytes, of.side, of.error)
		}
	}
	s.tell(e)
}

// copy moves bytes from one socket to another, and passes the end on. What breaks ends
// both; the error is sided.
func (s *session) copy(to, from *recorder) (n int64, err error) {
	big := bulks.Get().(*[bulk]byte)
	defer bulks.Put(big)
	for {
		k, err := from.Read(big[:])
		if k > 0 {
			if _, werr := to.Write(big[:k]); werr != nil {
				_ = from.Close()
				return n, &sided{to.side, werr}
			}
			n += int64(k)
		}
		switch {
		case err == io.EOF:
			_ = to.CloseWrite() // fails if that end is gone already, and then reading from it tells so
			return n, nil
		case err != nil:
			_ = to.Close()
			return n, &sided{from.side, err}
		}
	}
}

// sided is an error of a side.
type sided struct {
	side Side
	error
}

func (e *sided) Unwrap() error { return e.error }
