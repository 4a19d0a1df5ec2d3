package tls_test

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// starved is a listener that has no descriptors left for its first tries.
type starved struct {
	net.Listener
	tries  int // left
	err    error
	closed chan struct{}
	tried  chan struct{}
}

func (s *starved) Accept() (net.Conn, error) {
	select {
	case s.tried <- struct{}{}:
	default:
	}
	if s.tries > 0 {
		s.tries--
		return nil, &net.OpError{Op: "accept", Err: s.err}
	}
	near, _ := net.Pipe()
	return near, nil
}

func (s *starved) Close() error {
	close(s.closed)
	return nil
}

// TestPatience: want of descriptors or memory is waited out, by whatever has the listener;
// what else goes wrong is told.
func TestPatience(t *testing.T) {
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		s := &starved{tries: 3, err: err}
		for _, l := range []net.Listener{tls.Patient(s), tls.NewListener(&starved{tries: 3, err: err}, tlstest.Serving(tlstest.Servers()["ecdsa"]))} {
			if c, err := l.Accept(); err != nil || c == nil {
				t.Errorf("%v ends it: %v", s.err, err)
			}
		}
		if s.tries != 0 {
			t.Errorf("%v: %d tries were not made", err, s.tries)
		}
	}
	if _, err := tls.Patient(&starved{tries: 1, err: syscall.EINVAL}).Accept(); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a listener that is broken: %v", err)
	}
	if l := tls.Patient(&starved{}); tls.Patient(l) != l {
		t.Error("what is patient is wrapped again")
	}
}

// TestPatienceEnds: a listener that waits can be closed.
func TestPatienceEnds(t *testing.T) {
	s := &starved{tries: 1 << 30, err: syscall.EMFILE, closed: make(chan struct{}), tried: make(chan struct{})}
	l := tls.Patient(s)
	ended := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		ended <- err
	}()
	<-s.tried
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v, want net.ErrClosed", err)
	}
	<-s.closed
}
