package tls_test

import (
	"fmt"
	"net"
	"runtime"
	"testing"

	"tlslab/handshake/internal/tlstest"
	"tlslab/handshake/tls"
)

// watched is a net.Conn that is no socket, and says when it is read.
type watched struct {
	net.Conn
	reads chan struct{}
}

func (w watched) Read(p []byte) (int, error) {
	w.reads <- struct{}{}
	return w.Conn.Read(p)
}

// watchedPair is a handshake through memory, and what was read of the server's transport.
func watchedPair(t *testing.T) (c, s *tls.Conn, reads chan struct{}) {
	t.Helper()
	w := newWorld(t, benchCases[3])
	x, y := tlstest.Pipe()
	reads = make(chan struct{}, 100)
	c, s = tlstest.Client(t, x, w.client), tlstest.Server(t, watched{y, reads}, w.server)
	if cerr, serr := tlstest.Shake(c, s); cerr != nil || serr != nil {
		t.Fatal(cerr, serr)
	}
	t.Cleanup(func() { c.Close(); s.Close() })
	for len(reads) > 0 {
		<-reads
	}
	return c, s, reads
}

// TestReadsOfARecord: where the transport cannot be asked whether there is something to read, a
// small record takes one read nevertheless, and a whole one two.
func TestReadsOfARecord(t *testing.T) {
	for size, want := range map[int]int{1: 1, 100: 1, 1 << 10: 1, 2000: 1, 1 << 14: 2} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			c, s, reads := watchedPair(t)
			buf := make([]byte, 1<<14)
			for range 3 {
				if _, err := c.Write(buf[:size]); err != nil {
					t.Fatal(err)
				}
				if n, err := s.Read(buf); err != nil || n != size {
					t.Fatal(n, err)
				}
				if got := len(reads); got != want {
					t.Errorf("%d reads, want %d", got, want)
				}
				for len(reads) > 0 {
					<-reads
				}
			}
		})
	}
}

// TestWaitingHoldsNoRecordsBuffer: there too whoever waits holds much less than a record's room.
func TestWaitingHoldsNoRecordsBuffer(t *testing.T) {
	const conns, most = 50, 16 << 10 // bytes, half of which the goroutine's stack may take
	over := make(chan error, conns)
	var clients []*tls.Conn
	var servers []*tls.Conn
	var waits []chan struct{}
	for range conns {
		c, s, reads := watchedPair(t)
		clients, servers, waits = append(clients, c), append(servers, s), append(waits, reads)
	}
	before := inUse()
	for i, s := range servers {
		go func() {
			_, err := s.Read(make([]byte, 1))
			over <- err
		}()
		<-waits[i]
	}
	if held := (int64(inUse()) - int64(before)) / conns; held > most {
		t.Errorf("a connection that waits holds %d bytes more than before", held)
	}
	for _, c := range clients {
		if _, err := c.Write([]byte("x")); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
	}
	runtime.KeepAlive(servers)
}
