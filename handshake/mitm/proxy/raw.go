package proxy

import (
	"errors"
	"io"
	"net"
	"sync"

	"tlslab/handshake/reason"
)

// What is not HTTP is relayed as bytes: one entry for the connection.

// rawRequests is the pump from client to server, for bytes.
func (h *h1) rawRequests() {
	x := h.raw()
	n, err := h.pump(h.server, h.fromClient)
	x.sentBytes(h, n)
	h.rawEnded(SideClient, h.server, err)
}

// rawReplies is the same from server to client.
func (h *h1) rawReplies() {
	x := h.raw()
	n, err := h.pump(h.client, h.fromServer)
	x.receivedBytes(h, n)
	h.rawEnded(SideServer, h.client, err)
}

// raw is the entry of the connection, which either pump may find that it needs first.
func (h *h1) raw() *exchange {
	h.s.hurry(false)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spoken = true
	if h.bytes == nil {
		h.bytes = &exchange{entry: h.s.entry(Bytes)}
		if h.s.toClient == nil {
			h.bytes.entry.Scheme = ""
		}
	}
	return h.bytes
}

func (x *exchange) sentBytes(h *h1, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x.entry.Sent += n
}

func (x *exchange) receivedBytes(h *h1, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	x.entry.Received += n
}

// pump moves bytes until the stream ends, as they come.
func (h *h1) pump(to duplex, from *inbound) (n int64, err error) {
	b := &message1{to: to, from: from}
	defer func() {
		if b.big != nil {
			bulks.Put(b.big)
		}
	}()
	err = b.rest()
	if err != nil {
		err = &sided{b.side, err}
	}
	return b.n, err
}

// sided is an error of a side.
type sided struct {
	side Side
	error
}

func (e *sided) Unwrap() error { return e.error }

// rawEnded passes the end of a stream on. What breaks ends both directions.
func (h *h1) rawEnded(side Side, to duplex, err error) {
	h.mu.Lock()
	over := h.ending
	h.mu.Unlock()
	if err == nil && !over {
		if to.CloseWrite() == nil {
			h.mu.Lock()
			both := h.last
			h.last = true
			h.mu.Unlock()
			if !both {
				return // the other direction goes on
			}
		}
		h.finish()
		return
	}
	var s *sided
	if errors.As(err, &s) {
		side, err = s.side, s.error
	}
	if err != nil && !over {
		h.mu.Lock()
		switch {
		case h.bytes.entry.Fault != nil:
		case reason.Of(err) == reason.TruncatedStream:
			h.bytes.entry.warn(WarnTruncated) // many programs just hang up
		default:
			h.bytes.entry.Fault = blame(side, err, false)
		}
		h.torn, h.endless = true, true
		h.mu.Unlock()
	}
	h.finish()
}

// untouched carries the bytes of a connection that the proxy is to leave alone.
func (s *session) untouched() {
	s.between(Untouched)
}

// inClear is a connection without TLS.
func (s *session) inClear() {
	s.addWarning(WarnNoTLS)
	if err := s.dial(); err != nil {
		s.failed(s.unreachable(err))
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
			e.Fault = blame(of.side, of.error, false)
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
