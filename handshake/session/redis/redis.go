// Package redis is a session.Store kept in a Redis server (6.2 or newer), so that several
// servers of one service share sessions, ticket keys and marks.
//
// It is no cache in front of Redis, and no cluster's client: each call asks one server,
// once. It is a package of its own so that a program without Redis links no client.
//
// Read redis.go, then began.go for what a restarted Redis has forgotten, and reply.go for
// what a server that is not Redis could answer.
package redis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"tlslab/handshake/session"
)

// Timeout bounds each call, from looking for a free connection to the last byte of the
// answer: a handshake waits for it, and goes on without the store.
const Timeout = 500 * time.Millisecond

// Store keeps values under "tlslab:v:" and marks under "tlslab:m:", as they are: whoever
// may read that Redis has the secrets of all sessions, and whoever may write to it decides
// what is resumed. The same goes for whoever is on the way to it: where the network is not
// your own, use rediss://, and a password.
//
// Values expire by Redis's clock, and the argument now of Get and Take plays no part. A
// Session knows its own end besides. Marks expire after as long as there was from now to
// expires, so that it does no harm if that clock is not ours; but it must not be set
// forward.
//
// Errors are session.ErrUnavailable (no answer within Timeout, or none to be had at the
// moment; with ErrReply, if what came is no answer of a Redis), session.ErrFull,
// session.ErrTooLong, session.ErrExpired or ErrRefused, to be told by errors.Is. A call
// that failed may have been carried out all the same. If it was Once, the mark may stand,
// and no caller was told that it was first.
type Store struct {
	client *goredis.Client
}

var (
	_ session.Store = (*Store)(nil)
	_ io.Closer     = (*Store)(nil)
)

// ErrRefused is for a command that Redis answers with an error of its own: a value of
// another type under our key, a wrong password, a command not allowed.
var ErrRefused = errors.New("redis refused the command")

// Open returns the Store at a URL, redis://user:password@host:port/db, rediss:// over TLS,
// or unix:///path. It does not connect yet: to know whether Redis is there and fit for
// marks, ask Began. It is an error if the URL says something else.
func Open(url string) (*Store, error) {
	o, err := goredis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = Timeout, Timeout, Timeout, Timeout
	o.ContextTimeoutEnabled = true
	// A command whose answer was lost must not be repeated: a second SET NX would find
	// the first one's mark, a second GETDEL nothing.
	o.MaxRetries, o.DialerRetries = -1, 1
	o.Protocol, o.DisableIdentity = 2, true // no more round trips than needed for a new connection
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	logging.Disable() // it would write to standard error; callers get all errors
	dial := goredis.NewDialer(o)
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return bound(c), nil
	}
	return &Store{goredis.NewClient(o)}, nil
}

// Close closes the connections.
func (s *Store) Close() error { return s.client.Close() }

const (
	values = "tlslab:v:"
	marks  = "tlslab:m:"
)

// Put keeps value under key until expires. One of more than 1 MiB is session.ErrTooLong: no
// reply may be longer.
func (s *Store) Put(key string, value []byte, expires time.Time) error {
	if len(value) > mostBytes {
		return fmt.Errorf("redis: put: %w: %d bytes, at most %d", session.ErrTooLong, len(value), mostBytes)
	}
	ms := expires.UnixMilli()
	if ms <= 0 {
		return s.Delete(key) // Redis takes no such time
	}
	return ask("put", func(ctx context.Context) error {
		return s.client.Do(ctx, "SET", values+key, value, "PXAT", ms).Err()
	})
}

// Get returns the value, or nil.
func (s *Store) Get(key string, _ time.Time) ([]byte, error) {
	return s.bytes("get", func(ctx context.Context) *goredis.StringCmd { return s.client.Get(ctx, values+key) })
}

// Take returns the value and forgets it, or returns nil.
func (s *Store) Take(key string, _ time.Time) ([]byte, error) {
	return s.bytes("take", func(ctx context.Context) *goredis.StringCmd { return s.client.GetDel(ctx, values+key) })
}

// Once marks a key.
func (s *Store) Once(key string, expires, now time.Time) (first bool, err error) {
	left := expires.Sub(now)
	if left <= 0 {
		return false, session.ErrExpired
	}
	ms := (left + time.Millisecond - 1) / time.Millisecond // never less
	err = ask("once", func(ctx context.Context) error {
		answer, err := s.client.Do(ctx, "SET", marks+key, "", "NX", "PX", int64(ms)).Result()
		switch {
		case errors.Is(err, goredis.Nil):
			return nil
		case err != nil:
			return err
		case answer != "OK":
			return ErrReply
		}
		first = true
		return nil
	})
	return first, err
}

// Delete forgets a value.
func (s *Store) Delete(key string) error {
	return ask("delete", func(ctx context.Context) error { return s.client.Del(ctx, values+key).Err() })
}

func (s *Store) bytes(op string, do func(context.Context) *goredis.StringCmd) (b []byte, err error) {
	err = ask(op, func(ctx context.Context) error {
		b, err = do(ctx).Bytes()
		if errors.Is(err, goredis.Nil) {
			b, err = nil, nil
		}
		return err
	})
	return b, err
}

// ask carries out one command and says what became of it.
func ask(op string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	err := do(ctx)
	var answer goredis.Error
	switch {
	case err == nil:
		return nil
	case goredis.IsOOMError(err):
		return fmt.Errorf("redis: %s: %w: %w", op, session.ErrFull, err)
	case errors.As(err, &answer) && !goredis.IsLoadingError(err) && !goredis.IsMasterDownError(err) && !goredis.IsReadOnlyError(err) &&
		!goredis.IsTryAgainError(err) && !goredis.IsMaxClientsError(err):
		return fmt.Errorf("redis: %s: %w: %w", op, ErrRefused, err)
	}
	return fmt.Errorf("redis: %s: %w: %w", op, session.ErrUnavailable, err)
}
