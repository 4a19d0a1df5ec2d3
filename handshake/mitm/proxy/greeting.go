package proxy

import (
	"errors"
	"io"
	"os"
	"time"

	"tlslab/handshake/iana"
)

// greetingTime is how long a client may say nothing before the proxy looks whether it is
// the server who speaks first. To look too early costs nothing but a connection that is
// made before the hello has come.
const greetingTime = 250 * time.Millisecond

// beginsTLS waits for the first byte, and reports whether a handshake begins with it. A
// client that says nothing may wait for a greeting, as those of SSH and SMTP do: then the
// server is connected to, and heard.
func (s *session) beginsTLS() (bool, *Fault) {
	_ = s.client.SetReadDeadline(time.Now().Add(greetingTime)) // fails if the socket is closed, and then reading tells so
	first, err := s.client.peek(1)
	_ = s.client.SetReadDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if err := s.dial(); err != nil {
			return false, s.unreachable(err)
		}
		var greeted bool
		var f *Fault
		if greeted, f = s.hearBoth(); greeted || f != nil {
			return false, f
		}
		first, err = s.client.peek(1)
	}
	if err != nil {
		return false, s.blame(PhaseOpening, SideClient, err)
	}
	return first[0] == byte(iana.Handshake), nil
}

// hearBoth waits until either end has said something, and reports whether that was the
// server alone.
func (s *session) hearBoth() (greeted bool, f *Fault) {
	past := time.Unix(1, 0)
	heard := make(chan error, 1)
	s.p.workers.do(func() {
		_, err := s.server.peek(1)
		_ = s.client.SetReadDeadline(past)
		heard <- err
	})
	client, clientErr := s.client.peek(1)
	_ = s.server.SetReadDeadline(past)
	serverErr := <-heard
	_ = s.client.SetReadDeadline(time.Time{})
	_ = s.server.SetReadDeadline(time.Time{})
	switch late := os.ErrDeadlineExceeded; {
	case len(client) > 0:
		return false, nil
	case serverErr == nil:
		return true, nil
	case !errors.Is(clientErr, late):
		return false, s.blame(PhaseOpening, SideClient, clientErr)
	case serverErr == io.EOF:
		serverErr = io.ErrUnexpectedEOF
	}
	return false, s.blame(PhaseSilent, SideServer, serverErr)
}
