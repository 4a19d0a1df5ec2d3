package redis

import (
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// said is a connection to somebody who says one thing, in pieces, and hears nothing.
type said struct {
	net.Conn // nil: nothing else is asked of it
	rest     []byte
	piece    int
}

func (c *said) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.rest[:min(c.piece, len(c.rest))])
	c.rest = c.rest[n:]
	return n, nil
}

func (c *said) Write(p []byte) (int, error)      { return len(p), nil }
func (c *said) Close() error                     { return nil }
func (c *said) RemoteAddr() net.Addr             { return new(net.TCPAddr) }
func (c *said) LocalAddr() net.Addr              { return new(net.TCPAddr) }
func (c *said) SetDeadline(time.Time) error      { return nil }
func (c *said) SetReadDeadline(time.Time) error  { return nil }
func (c *said) SetWriteDeadline(time.Time) error { return nil }

// FuzzReplies: the client survives all that can be said to it on a bounded connection, in
// whatever pieces that comes, and takes little memory; and what is within bounds does not
// depend on the pieces.
func FuzzReplies(f *testing.F) {
	for _, b := range []string{
		"+OK\r\n+OK\r\n", "$5\r\nhello\r\n$-1\r\n", "*2\r\n$1\r\na\r\n*-1\r\n:12\r\n", "-ERR no\r\n-NOAUTH\r\n", "$9223372036854774807\r\n", "+OK\r\n$9223372036854774807\r\n",
		"*2147483647\r\n", "-ERR x\r\n*2147483647\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "*3\r\n+a\r\n+b\r\n+c\r\n$2\r\n\r\n\r\n", "%1\r\n*0\r\n+x\r\n",
	} {
		f.Add([]byte(b), 1)
		f.Add([]byte(b), 4096)
	}
	f.Fuzz(func(t *testing.T, b []byte, piece int) {
		piece = max(1, piece)
		var whole, pieces replies
		want := whole.follow(b)
		var got error
		for rest := range slices.Chunk(b, piece) {
			if got = pieces.follow(rest); got != nil {
				break
			}
		}
		if (want == nil) != (got == nil) {
			t.Fatalf("at once: %v; in pieces of %d: %v", want, piece, got)
		}
		o := &goredis.Options{Protocol: 2, DisableIdentity: true, MaxRetries: -1, PoolSize: 1, ReadBufferSize: 4096, WriteBufferSize: 4096,
			Dialer: func(context.Context, string, string) (net.Conn, error) {
				return bound(&said{rest: b, piece: piece}), nil
			}}
		s := &Store{goredis.NewClient(o)}
		defer s.Close()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s.Get("k", time.Now())
		runtime.ReadMemStats(&after)
		if took := int(after.TotalAlloc - before.TotalAlloc); took > 4*mostBytes+8*len(b) {
			t.Fatalf("%d KiB were allocated for %d bytes", took>>10, len(b))
		}
	})
}
