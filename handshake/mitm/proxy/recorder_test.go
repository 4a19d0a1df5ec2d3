package proxy

import (
	"errors"
	"net"
	"testing"
	"time"
)

// halting is a connection of which each Write sends so many bytes and no more.
type halting struct {
	net.Conn
	sends []int
	sent  []byte
}

func (c *halting) Write(p []byte) (int, error) {
	n := min(c.sends[0], len(p))
	c.sends, c.sent = c.sends[1:], append(c.sent, p[:n]...)
	if n < len(p) {
		return n, errors.New("no more")
	}
	return n, nil
}

func (c *halting) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// TestWriteAgain: what a Write could not send, and the next one begins with, is noted once: a
// record that stands twice in a recording would not open.
func TestWriteAgain(t *testing.T) {
	p := &Proxy{o: Options{Limits: Limits{Recorded: 100}}, began: time.Now()}
	c := &halting{sends: []int{2, 1, 0, 9, 9}}
	s := newSession(p, 1, c)
	defer s.cancel(nil)
	for _, text := range []string{"abcdef", "cdef", "def", "def", "ghi"} {
		_, _ = s.client.Write([]byte(text))
	}
	if got := string(s.recording.ToClient.bytes); got != "abcdefghi" || string(c.sent) != got {
		t.Errorf("noted %q, sent %q", got, c.sent)
	}
}
