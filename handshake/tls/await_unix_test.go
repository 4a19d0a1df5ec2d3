//go:build unix

package tls_test

import (
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// over is a handshake over loopback, and both ends of it.
func over(t *testing.T) (raw, peer *net.TCPConn, c, s *tls.Conn) {
	t.Helper()
	w := newWorld(t, benchCases[3])
	x, y := socketPair(t)
	c, s = tlstest.Client(t, x, w.client), tlstest.Server(t, y, w.server)
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	return x.(*net.TCPConn), y.(*net.TCPConn), c, s
}

// TestIdleReadStopsNobody: not on a socket either that somebody has made to block, as File's Fd
// does to all descriptors of it: what waits then is a system call.
func TestIdleReadStopsNobody(t *testing.T) {
	for _, blocking := range []bool{false, true} {
		raw, _, c, s := over(t)
		if blocking {
			f, err := raw.File()
			if err != nil {
				t.Fatal(err)
			}
			f.Fd()
			f.Close()
		}
		begun, over := make(chan bool), make(chan error, 1)
		go func() {
			close(begun)
			_, err := c.Read(make([]byte, 1))
			over <- err
		}()
		<-begun
		written := make(chan error, 1)
		go func() {
			for range 500 { // before the other goroutine waits, and behind it
				if _, err := c.Write([]byte("hi")); err != nil {
					written <- err
					return
				}
				runtime.Gosched()
			}
			written <- nil
		}()
		select {
		case err := <-written:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(tlstest.Patience):
			t.Fatalf("blocking %v: a Write waits for an idle Read", blocking)
		}
		if _, err := s.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
}

// TestEndedConnectionHoldsNoBuffer: whoever has seen the end of the stream, or an error, reads no
// more, and may keep the Conn for long.
func TestEndedConnectionHoldsNoBuffer(t *testing.T) {
	const conns, most = 50, 8 << 10 // bytes; a buffer has 32 KiB
	for _, how := range []string{"reset", "end", "deadline"} {
		var kept []*tls.Conn
		var peers []*net.TCPConn
		for range conns {
			_, peer, c, _ := over(t)
			kept, peers = append(kept, c), append(peers, peer)
		}
		before := inUse()
		for i, c := range kept {
			switch how {
			case "reset":
				_ = peers[i].SetLinger(0)
				peers[i].Close()
			case "end":
				peers[i].Close()
			case "deadline":
				_ = c.SetReadDeadline(time.Unix(1, 0))
			}
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Fatalf("%s: no error", how)
			}
		}
		if held := (int64(inUse()) - int64(before)) / conns; held > most {
			t.Errorf("%s: a connection that is over holds %d bytes more than before", how, held)
		}
		runtime.KeepAlive(kept)
	}
}

// TestErrorsOfReadAreNets: a program that knows what net says of a deadline, of a reset and of a
// socket that is closed finds the same here.
func TestErrorsOfReadAreNets(t *testing.T) {
	for _, how := range []string{"deadline", "reset", "closed"} {
		spoil := func(raw, peer *net.TCPConn) {
			switch how {
			case "deadline":
				_ = raw.SetReadDeadline(time.Unix(1, 0))
			case "reset":
				_ = peer.SetLinger(0)
				peer.Close()
			case "closed":
				raw.Close()
			}
		}
		raw, peer, c, _ := over(t)
		spoil(raw, peer)
		_, ours := c.Read(make([]byte, 1))
		x, y := socketPair(t)
		spoil(x.(*net.TCPConn), y.(*net.TCPConn))
		_, nets := x.Read(make([]byte, 1))
		x.Close()
		var a, b *net.OpError
		if !errors.As(ours, &a) || !errors.As(nets, &b) {
			t.Errorf("%s: %v, where net says %v", how, ours, nets)
			continue
		}
		if a.Op != b.Op || a.Net != b.Net || a.Timeout() != b.Timeout() || a.Err.Error() != b.Err.Error() || a.Source == nil || a.Addr == nil {
			t.Errorf("%s: %v, where net says %v", how, a, b)
		}
	}
}
