package redis_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/session/redis"
)

func open(t *testing.T, url string) *redis.Store {
	t.Helper()
	s, err := redis.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestValues: what one client puts another gets, or takes once.
func TestValues(t *testing.T) {
	r := start(t)
	a, b := open(t, r.url()), open(t, r.url())
	now := time.Now()
	key, value := "server:\x00\xff", []byte("\r\n$3\x00\xff")
	must(t, a.Put(key, value, now.Add(time.Hour)))
	if got, err := b.Get(key, now); err != nil || !bytes.Equal(got, value) {
		t.Errorf("got %q, %v", got, err)
	}
	var took atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			got, err := []*redis.Store{a, b}[i%2].Take(key, now)
			if err != nil {
				t.Error(err)
			} else if got != nil {
				took.Add(1)
			}
		})
	}
	wg.Wait()
	if took.Load() != 1 {
		t.Errorf("%d took it", took.Load())
	}
	for _, get := range []func(string, time.Time) ([]byte, error){a.Get, a.Take} {
		if got, err := get(key, now); got != nil || err != nil {
			t.Errorf("after it was taken: %q, %v", got, err)
		}
	}
	must(t, a.Put(key, value, now.Add(time.Hour)))
	must(t, b.Delete(key))
	must(t, b.Delete(key))
	if got, err := a.Get(key, now); got != nil || err != nil {
		t.Errorf("after it was deleted: %q, %v", got, err)
	}
	for _, end := range []time.Time{now.Add(-time.Second), time.Unix(-1, 0), {}} {
		must(t, a.Put(key, value, now.Add(time.Hour)))
		must(t, a.Put(key, value, end))
		if got, err := a.Get(key, now); got != nil || err != nil {
			t.Errorf("put until %v: %q, %v", end, got, err)
		}
	}
}

// TestEnds: each key that we leave in Redis has an end, and it is the right one.
func TestEnds(t *testing.T) {
	r := start(t)
	s, c := open(t, r.url()), r.client(t)
	end := time.Now().Add(time.Hour)
	must(t, s.Put("k", nil, end))
	if got := c.PExpireTime(context.Background(), "tlslab:v:k").Val(); got.Milliseconds() != end.UnixMilli() {
		t.Errorf("the value expires at %v, not at %v", got.Milliseconds(), end.UnixMilli())
	}
	// The caller's clock is years off; the mark still lives as long as it must.
	long := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)
	if first, err := s.Once("k", long.Add(time.Hour+1), long); err != nil || !first {
		t.Error(first, err)
	}
	if got := c.PTTL(context.Background(), "tlslab:m:k").Val(); got <= time.Hour-time.Minute || got > time.Hour+time.Millisecond {
		t.Errorf("the mark lives for %v", got)
	}
	if _, err := s.Once("k", long, long); !errors.Is(err, session.ErrExpired) {
		t.Errorf("a mark without a time: %v", err)
	}
	// One that has its time behind it is not there: wait for Redis's word for it.
	if first, err := s.Once("short", long.Add(1), long); err != nil || !first {
		t.Error(first, err)
	}
	eventually(t, func() bool { return c.Exists(context.Background(), "tlslab:m:short").Val() == 0 })
	if first, err := s.Once("short", long.Add(time.Hour), long); err != nil || !first {
		t.Errorf("a mark outlived its end: %v, %v", first, err)
	}
}

// TestOnceTogether: of all who ask at once, by two clients, one is first; and of none who
// was told an error. As many ask at once as the clients have connections for: a call's
// time runs while it waits for one, and on a busy machine a thousand would run out of it
// for want of our own processor. Some may all the same, and the first may be among them.
func TestOnceTogether(t *testing.T) {
	const keys, each = 60, 8
	r := start(t)
	stores := []*redis.Store{open(t, r.url()), open(t, r.url())}
	now := time.Now()
	answered := 0
	for k := range keys {
		key := fmt.Sprint(k)
		var first, other, failed atomic.Int64
		var wg sync.WaitGroup
		together := make(chan struct{})
		for i := range each * len(stores) {
			wg.Go(func() {
				<-together
				ok, err := stores[i%2].Once(key, now.Add(time.Hour), now)
				switch {
				case err != nil:
					failed.Add(1)
					if ok || !errors.Is(err, session.ErrUnavailable) {
						t.Error(ok, err)
					}
				case ok:
					first.Add(1)
				default:
					other.Add(1)
				}
			})
		}
		close(together)
		wg.Wait()
		if f, e := first.Load(), failed.Load(); f > 1 || f == 0 && e == 0 {
			t.Errorf("key %d: %d were first, %d were told an error", k, f, e)
		}
		if first.Load()+other.Load() == 0 {
			continue
		}
		answered++
		var again bool
		eventually(t, func() bool {
			var err error
			again, err = stores[k%2].Once(key, now.Add(time.Hour), now)
			return err == nil
		})
		if again {
			t.Errorf("key %d: somebody was answered, and later another was first", k)
		}
	}
	if answered == 0 {
		t.Error("nobody was ever answered")
	}
}

// TestBegan: a store is as old as the run of its Redis, even if that saved its keys; and
// no older than what it remembers.
func TestBegan(t *testing.T) {
	r := start(t)
	a, b := open(t, r.url()), open(t, r.url())
	t0 := time.UnixMilli(1_700_000_000_000)
	began := func(s *redis.Store, now, want time.Time) {
		t.Helper()
		eventually(t, func() bool { _, err := s.Began(now); return err == nil }) // it may be starting
		if at, err := s.Began(now); err != nil || !at.Equal(want) {
			t.Errorf("at %v it began at %v, %v, want %v", now, at, err, want)
		}
	}
	began(a, t0, t0)
	began(b, t0.Add(time.Hour), t0)
	must(t, a.Put("k", []byte("v"), time.Now().Add(time.Hour)))
	must(t, r.client(t).Save(context.Background()).Err())
	r.kill()
	r.run()
	eventually(t, func() bool { got, _ := b.Get("k", t0); return string(got) == "v" }) // it was saved
	began(b, t0.Add(2*time.Hour), t0.Add(2*time.Hour))
	began(a, t0.Add(3*time.Hour), t0.Add(2*time.Hour))
	must(t, r.client(t).FlushAll(context.Background()).Err())
	began(a, t0.Add(4*time.Hour), t0.Add(4*time.Hour))
}

// TestFull: a Redis that is full says so, and one that would make room by forgetting marks
// is not trusted with them.
func TestFull(t *testing.T) {
	r := start(t)
	s, c := open(t, r.url()), r.client(t)
	now := time.Now()
	must(t, c.ConfigSet(context.Background(), "maxmemory-policy", "allkeys-lru").Err())
	if _, err := s.Began(now); err != nil {
		t.Errorf("without a limit nothing is evicted: %v", err)
	}
	must(t, c.ConfigSet(context.Background(), "maxmemory", "100mb").Err())
	if _, err := s.Began(now); !errors.Is(err, redis.ErrEvicts) {
		t.Errorf("it evicts: %v", err)
	}
	must(t, c.ConfigSet(context.Background(), "maxmemory-policy", "noeviction").Err())
	if _, err := s.Began(now); err != nil {
		t.Error(err)
	}
	must(t, c.ConfigSet(context.Background(), "maxmemory", "1").Err())
	if first, err := s.Once("k", now.Add(time.Hour), now); first || !errors.Is(err, session.ErrFull) {
		t.Errorf("full: %v, %v", first, err)
	}
	if err := s.Put("k", nil, now.Add(time.Hour)); !errors.Is(err, session.ErrFull) {
		t.Errorf("full: %v", err)
	}
}

// TestForeignValues: what is under our keys and not ours is refused with a reason.
func TestForeignValues(t *testing.T) {
	r := start(t)
	s, c, ctx := open(t, r.url()), r.client(t), context.Background()
	must(t, c.LPush(ctx, "tlslab:v:list", "x").Err())
	for name, get := range map[string]func(string, time.Time) ([]byte, error){"Get": s.Get, "Take": s.Take} {
		if _, err := get("list", time.Now()); !errors.Is(err, redis.ErrRefused) || errors.Is(err, session.ErrUnavailable) {
			t.Errorf("%s of a list: %v", name, err)
		}
	}
	good, err := (&session.Session{Version: iana.TLS12, Created: time.Now(), Lifetime: time.Hour}).Marshal()
	must(t, err)
	for value, want := range map[string]reason.Reason{"not a session": reason.BadValue, "": reason.Truncated,
		string(good[:len(good)-1]): reason.Truncated, string(good) + "x": reason.TrailingBytes} {
		must(t, c.Set(ctx, "tlslab:v:s", value, 0).Err())
		b, err := s.Get("s", time.Now())
		must(t, err)
		if _, err := session.Parse(b); reason.Of(err) != want {
			t.Errorf("%q: %v, want %v", value, err, want)
		}
	}
	wrong := open(t, "redis://user:wrong@"+r.addr)
	if _, err := wrong.Get("k", time.Now()); !errors.Is(err, redis.ErrRefused) {
		t.Errorf("a wrong password: %v", err)
	}
}

// TestSharedKeys: two servers with a Redis between them open each other's tickets.
func TestSharedKeys(t *testing.T) {
	r := start(t)
	a := session.NewSharedTicketKeys(open(t, r.url()), rand.NewChaCha8([32]byte{1}), time.Hour)
	b := session.NewSharedTicketKeys(open(t, r.url()), rand.NewChaCha8([32]byte{2}), time.Hour)
	now := time.Now()
	ticket, err := a.Seal(&session.Session{Created: now, Lifetime: time.Hour}, rand.NewChaCha8([32]byte{3}), now)
	must(t, err)
	_, _, err = b.Open(ticket, now)
	must(t, err)
	r.kill()
	if _, _, err := b.Open(ticket, now.Add(10*time.Second)); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("with Redis killed: %v", err)
	}
}

// all calls each method, all at once, and reports those that did not fail as unavailable.
func all(t *testing.T, when string, s session.Store) {
	t.Helper()
	now := time.Now()
	var wg sync.WaitGroup
	for name, do := range map[string]func() error{
		"Put":    func() error { return s.Put("k", nil, now.Add(time.Hour)) },
		"Get":    func() error { _, err := s.Get("k", now); return err },
		"Take":   func() error { _, err := s.Take("k", now); return err },
		"Delete": func() error { return s.Delete("k") },
		"Began":  func() error { _, err := s.Began(now); return err },
		"Once": func() error {
			first, err := s.Once("k", now.Add(time.Hour), now)
			if first {
				return fmt.Errorf("first, and %w", err)
			}
			return err
		},
	} {
		wg.Go(func() {
			err := make(chan error, 1)
			go func() { err <- do() }()
			select {
			case err := <-err:
				if !errors.Is(err, session.ErrUnavailable) {
					t.Errorf("%s: %s: %v", when, name, err)
				}
			case <-time.After(20 * redis.Timeout): // not how fast it is, but that it ends
				t.Errorf("%s: %s hangs", when, name)
			}
		})
	}
	wg.Wait()
}

// TestDown: a Redis that is stopped, killed amid a thousand calls, or gone does not hold
// anybody up, and once it is back it is used again.
func TestDown(t *testing.T) {
	r := start(t)
	s := open(t, r.url())
	now := time.Now()
	must(t, s.Put("k", nil, now.Add(time.Hour)))
	must(t, r.signal(syscall.SIGSTOP)) // it takes connections and answers nothing
	all(t, "stopped", s)
	all(t, "stopped, for a new client", open(t, r.url()))
	must(t, r.signal(syscall.SIGCONT))
	eventually(t, func() bool { _, err := s.Get("k", now); return err == nil })

	var wg sync.WaitGroup
	half := make(chan struct{})
	var calls atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			for j := range 250 {
				first, err := s.Once(fmt.Sprint(i, j), now.Add(time.Hour), now)
				if err == nil && !first || err != nil && (first || !errors.Is(err, session.ErrUnavailable)) {
					t.Errorf("mark %d %d: %v, %v", i, j, first, err)
				}
				if calls.Add(1) == 500 {
					close(half)
				}
			}
		})
	}
	<-half
	r.kill()
	wg.Wait()
	all(t, "killed", s)
	r.run()
	eventually(t, func() bool { return s.Put("k", nil, now.Add(time.Hour)) == nil })

	s.Close()
	all(t, "closed", s)
}

func TestOpen(t *testing.T) {
	for _, url := range []string{"", "localhost:6379", "http://localhost", "redis://localhost/x"} {
		if _, err := redis.Open(url); err == nil {
			t.Errorf("%q is no URL of a Redis", url)
		}
	}
	all(t, "nobody there", open(t, "redis://127.0.0.1:1"))
	all(t, "no such name", open(t, "redis://redis.invalid"))
}
