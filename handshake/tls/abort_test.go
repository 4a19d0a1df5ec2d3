package tls_test

import (
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/reason"
	"tlslab/handshake/tls"
)

var notToday = reason.New(reason.AccessDenied, "", "", nil, nil)

// TestAbortHeard: crypto/tls hears the alert that the application chose, in both versions
// and from both roles.
func TestAbortHeard(t *testing.T) {
	id := tlstest.Servers()["ecdsa"]
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		t.Run(version.String(), func(t *testing.T) {
			a, b := tlstest.Pipe()
			cfg := tlstest.Serving(id)
			cfg.MaxVersion = version
			theirs := stdtls.Client(a, &stdtls.Config{RootCAs: tlstest.Pool(), ServerName: tlstest.Name})
			heard(t, theirs, tlstest.Server(t, b, cfg))

			a, b = tlstest.Pipe()
			cfg = tlstest.Verifying()
			cfg.MaxVersion = version
			heard(t, stdtls.Server(b, &stdtls.Config{Certificates: id.Std()}), tlstest.Client(t, a, cfg))
		})
	}
}

func heard(t *testing.T, theirs *stdtls.Conn, ours *tls.Conn) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := theirs.Read(make([]byte, 1))
		done <- err
	}()
	if err := ours.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := ours.Abort(notToday); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || err.Error() != "remote error: tls: access denied" {
		t.Errorf("crypto/tls reads %v", err)
	}
	if _, err := ours.Write([]byte("x")); reason.Of(err) != reason.AccessDenied {
		t.Errorf("then we write: %v", err)
	}
	if err := ours.Close(); err != nil {
		t.Error(err)
	}
	if err := ours.Abort(notToday); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Abort behind Close: %v", err)
	}
}

// TestAbortBesideWrite: a Write to a peer that reads nothing does not hold Abort up for
// ever: Abort bounds it, as it bounds itself.
func TestAbortBesideWrite(t *testing.T) {
	a, b := tlstest.Pipe()
	full := &stuck{Conn: a, waits: make(chan struct{}), bounded: make(chan struct{})}
	c, s := pairOver(t, full, b)
	defer s.Close()
	full.on.Store(true)
	wrote := make(chan error, 1)
	go func() { _, err := c.Write([]byte("hello")); wrote <- err }()
	<-full.waits
	if err := c.Abort(notToday); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody read, and Abort says %v", err)
	}
	if err := <-wrote; err == nil {
		t.Error("what nobody read was written")
	}
	if _, err := c.Read(make([]byte, 1)); reason.Of(err) != reason.AccessDenied {
		t.Errorf("then we read: %v", err)
	}
}

// stuck is a connection that, once on, takes nothing until a deadline is set, and then says
// that it has passed.
type stuck struct {
	net.Conn
	on             atomic.Bool
	waits, bounded chan struct{}
	once, twice    sync.Once
}

func (s *stuck) Write(b []byte) (int, error) {
	if !s.on.Load() {
		return s.Conn.Write(b)
	}
	s.once.Do(func() { close(s.waits) })
	<-s.bounded
	return 0, os.ErrDeadlineExceeded
}

func (s *stuck) SetWriteDeadline(time.Time) error {
	s.twice.Do(func() { close(s.bounded) })
	return nil
}

// TestAbortBesideHandshake: a handshake that waits for its peer ends.
func TestAbortBesideHandshake(t *testing.T) {
	a, b := tlstest.Pipe()
	c := tlstest.Client(t, a, tlstest.Verifying())
	shook := make(chan error, 1)
	go func() { shook <- c.Handshake() }()
	hello := make([]byte, 5)
	if _, err := io.ReadFull(b, hello); err != nil { // it is out
		t.Fatal(err)
	}
	if err := c.Abort(notToday); err != nil {
		t.Fatal(err)
	}
	rest := make([]byte, int(hello[3])<<8|int(hello[4]))
	if _, err := io.ReadFull(b, rest); err != nil {
		t.Fatal(err)
	}
	alert := make([]byte, 7)
	if _, err := io.ReadFull(b, alert); err != nil || alert[0] != byte(iana.Alert) || alert[6] != byte(iana.AccessDenied) {
		t.Errorf("%x, %v behind ClientHello", alert, err)
	}
	b.Close()
	if err := <-shook; reason.Of(err) != reason.AccessDenied {
		t.Errorf("Handshake: %v", err)
	}
	c.Close()
}
