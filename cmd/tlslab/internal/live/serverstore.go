package live

import (
	"context"
	"crypto/rand"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/session"
	"tlslab/handshake/session/redis"
)

// serverStore is where a server keeps sessions, ticket keys and marks: in memory, or in a
// Redis that it shares with others. It watches whether that does its work, and tells of
// each change. While it does not, every call fails at once and no ticket key is to be had:
// so the server goes on with full handshakes, and nobody waits for an answer.
type serverStore struct {
	store session.Store
	redis *redis.Store // nil: in memory
	place string       // of Redis
	bare  bool         // the way to Redis leaves this machine, and is not over TLS
	tell  func(lost error)
	slots chan struct{} // a call has one

	keyMade string // the file of --ticket-key that was not there

	mu   sync.Mutex
	lost error // why it does not do its work; nil: it does
	keys *session.TicketKeys
}

var _ session.Store = (*serverStore)(nil)

// openStore opens what --store names; tell is called when the store is lost, and, with
// nil, when it is back.
func openStore(name string, tell func(error)) (*serverStore, error) {
	if name == "memory" {
		return &serverStore{store: session.NewMemory(0), keys: session.NewTicketKeys(rand.Reader, 0)}, nil
	}
	u, err := url.Parse(name)
	if err != nil || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme) {
		return nil, cli.Misuse("It is memory, redis://HOST:PORT, rediss://… for Redis over TLS, or unix:///PATH.", "--store %s: no such store", redacted(name))
	}
	r, err := redis.Open(name)
	if err != nil {
		return nil, cli.Misuse("It is redis://USER:PASSWORD@HOST:PORT/DB.", "--store %s: %w", redacted(name), err)
	}
	bare := u.Scheme == "redis" && u.Hostname() != "" && !cli.IsLoopback(u.Hostname())
	place := u.Host + u.Path
	if u.Scheme != "unix" && u.Hostname() == "" { // package redis calls this machine then
		place = "localhost" + place
	}
	s := &serverStore{store: r, redis: r, place: place, bare: bare, tell: tell, slots: make(chan struct{}, callsAtOnce)}
	s.keys = session.NewSharedTicketKeys(s, rand.Reader, 0)
	return s, nil
}

// redacted is a URL without its password, as far as it is one.
func redacted(name string) string {
	if u, err := url.Parse(name); err == nil {
		return u.Redacted()
	}
	if i := strings.LastIndex(name, "@"); i >= 0 {
		return "…" + name[i:]
	}
	return name
}

// How often a Redis is looked after: while it works, and while it does not.
const (
	watchWorking = time.Second
	watchLost    = 250 * time.Millisecond
)

// watch looks after the store until ctx ends, and then closes it.
func (s *serverStore) watch(ctx context.Context) {
	if s.redis == nil {
		return
	}
	defer s.redis.Close()
	for {
		wait := watchWorking
		if s.why() != nil {
			wait = watchLost
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			s.look()
		}
	}
}

// look asks the store whether it does its work. Asked the first time, a store begins to
// know what it has been told: so it is asked before the first client comes.
func (s *serverStore) look() {
	_, err := s.store.Began(time.Now())
	if err != nil {
		s.lose(err)
		return
	}
	s.mu.Lock()
	back := s.lost != nil
	if s.lost = nil; back {
		s.keys = session.NewSharedTicketKeys(s, rand.Reader, 0) // those of before spare the store for a while
	}
	s.mu.Unlock()
	if back {
		s.tell(nil)
	}
}

func (s *serverStore) lose(err error) {
	s.mu.Lock()
	first := s.lost == nil
	s.lost = err
	if first {
		// What was fetched from it would hold for some seconds yet.
		s.keys = session.NewSharedTicketKeys(s, rand.Reader, 0)
	}
	s.mu.Unlock()
	if first {
		s.tell(err)
	}
}

// why is why the store does not do its work; nil if it does.
func (s *serverStore) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

// ticketKeys are for the connection that begins now.
func (s *serverStore) ticketKeys() *session.TicketKeys {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

// accept is for Config.AcceptEarlyData: no early data without the store, whatever the
// defences are. Ticket keys that were fetched before it was lost do not suffice.
func (s *serverStore) accept(in handshake.EarlyDataInput) event.Why {
	if _, err := s.Began(in.Time); err != nil {
		return event.WhyStoreFailed
	}
	return ""
}

// callsAtOnce is how many calls are under way at a time: less than the client of Redis
// has connections, even on one core. A call's time runs from its beginning, so a thousand
// at once would run out of it for want of our own processor, and Redis get the blame.
const callsAtOnce = 8

// do is one call.
func (s *serverStore) do(call func() error) error {
	if s.redis != nil {
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
	}
	if err := s.why(); err != nil {
		return err
	}
	err := call()
	if err == nil || errors.Is(err, session.ErrFull) || errors.Is(err, session.ErrExpired) || errors.Is(err, session.ErrTooLong) {
		return err
	}
	// One call that failed, perhaps because a machine is busy, does not mean that the store
	// is lost.
	if _, again := s.store.Began(time.Now()); again != nil {
		s.lose(again)
	}
	return err
}

// Put calls Put of the store, if the store does its work.
func (s *serverStore) Put(key string, value []byte, expires time.Time) error {
	return s.do(func() error { return s.store.Put(key, value, expires) })
}

// Get calls Get of the store, if the store does its work.
func (s *serverStore) Get(key string, now time.Time) (b []byte, err error) {
	err = s.do(func() (err error) { b, err = s.store.Get(key, now); return err })
	return b, err
}

// Take calls Take of the store, if the store does its work.
func (s *serverStore) Take(key string, now time.Time) (b []byte, err error) {
	err = s.do(func() (err error) { b, err = s.store.Take(key, now); return err })
	return b, err
}

// Once calls Once of the store, if the store does its work.
func (s *serverStore) Once(key string, expires, now time.Time) (first bool, err error) {
	err = s.do(func() (err error) { first, err = s.store.Once(key, expires, now); return err })
	return first, err
}

// Began calls Began of the store, if the store does its work.
func (s *serverStore) Began(now time.Time) (began time.Time, err error) {
	err = s.do(func() (err error) { began, err = s.store.Began(now); return err })
	return began, err
}

// Delete calls Delete of the store, if the store does its work.
func (s *serverStore) Delete(key string) error {
	return s.do(func() error { return s.store.Delete(key) })
}
