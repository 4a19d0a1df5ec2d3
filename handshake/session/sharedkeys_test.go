package session_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// counted is a store that counts what it is asked, and can be switched off.
type counted struct {
	session.Store
	asked atomic.Int64
	down  atomic.Bool
}

var errDown = errors.New("the store is down")

func (c *counted) ask() error {
	c.asked.Add(1)
	if c.down.Load() {
		return errDown
	}
	return nil
}

func (c *counted) Get(key string, now time.Time) ([]byte, error) {
	if err := c.ask(); err != nil {
		return nil, err
	}
	return c.Store.Get(key, now)
}

func (c *counted) Put(key string, b []byte, expires time.Time) error {
	if err := c.ask(); err != nil {
		return err
	}
	return c.Store.Put(key, b, expires)
}

func (c *counted) Once(key string, expires, now time.Time) (bool, error) {
	if err := c.ask(); err != nil {
		return false, err
	}
	return c.Store.Once(key, expires, now)
}

func shared(store session.Store, seed byte) *session.TicketKeys {
	return session.NewSharedTicketKeys(store, rand.NewChaCha8([32]byte{seed}), time.Hour)
}

func seal(t *testing.T, k *session.TicketKeys, now time.Time) []byte {
	t.Helper()
	b, err := k.Seal(sample(), rand.NewChaCha8([32]byte{}), now)
	if err != nil {
		t.Fatalf("at %v: %v", now, err)
	}
	return b
}

// TestSharedKeys: what one server seals another opens, for one to two ages.
func TestSharedKeys(t *testing.T) {
	store := session.NewMemory(0)
	a, b := shared(store, 1), shared(store, 2)
	began := start.Add(20 * time.Minute) // of an age that began on the hour
	ticket := seal(t, a, began)
	for _, c := range []struct {
		at  time.Duration
		old bool
		err error
	}{{0, false, nil}, {40*time.Minute - 1, false, nil}, {40 * time.Minute, true, nil}, {100*time.Minute - 1, true, nil},
		{100 * time.Minute, false, session.ErrForeignTicket}} {
		for name, keys := range map[string]*session.TicketKeys{"the other": b, "the same": a} {
			s, old, err := keys.Open(ticket, began.Add(c.at))
			if !errors.Is(err, c.err) || old != c.old || err == nil && !reflect.DeepEqual(s, sample()) {
				t.Errorf("%s, after %v: %+v, %v, %v", name, c.at, s, old, err)
			}
		}
	}
	store = session.NewMemory(0)
	another := session.NewSharedTicketKeys(store, rand.NewChaCha8([32]byte{3}), 2*time.Hour)
	if _, _, err := another.Open(seal(t, shared(store, 1), began), began); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("a service with another age: %v", err)
	}
}

// TestSharedRotation: servers that need a key at once, at the start and at each rotation,
// agree on it.
func TestSharedRotation(t *testing.T) {
	store := session.NewMemory(0)
	var servers []*session.TicketKeys
	for i := range 8 {
		servers = append(servers, shared(store, byte(i)))
	}
	for age := range 20 {
		now := start.Add(time.Duration(age) * time.Hour)
		names := make([]string, len(servers))
		var wg sync.WaitGroup
		for i, k := range servers {
			wg.Go(func() {
				ticket, err := k.Seal(sample(), rand.NewChaCha8([32]byte{}), now)
				if err == nil {
					names[i] = string(ticket[:16])
				} else if !strings.Contains(err.Error(), "another server is making") {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		// Who came while the key was being made had none, and has it a second later.
		for i, k := range servers {
			if names[i] == "" {
				names[i] = string(seal(t, k, now.Add(time.Second))[:16])
			}
			if names[i] != names[0] {
				t.Fatalf("age %d: server %d has key %x, and the first %x", age, i, names[i], names[0])
			}
		}
	}
}

// TestSharedClockAhead: a server whose clock is ahead of ours seals with a key of an age
// that we have not reached.
func TestSharedClockAhead(t *testing.T) {
	store := session.NewMemory(0)
	ours, ahead := shared(store, 1), shared(store, 2)
	now := start.Add(59*time.Minute + 55*time.Second)
	seal(t, ours, now)
	ticket := seal(t, ahead, now.Add(6*time.Second))
	if _, _, err := ours.Open(ticket, now.Add(time.Second)); err != nil {
		t.Error(err)
	}
}

// TestSharedAsksRarely: a handshake asks the store only when there is something new to know.
func TestSharedAsksRarely(t *testing.T) {
	store := &counted{Store: session.NewMemory(0)}
	k := shared(store, 1)
	ticket := seal(t, k, start)
	first := store.asked.Load()
	foreign := seal(t, session.NewTicketKeys(rand.NewChaCha8([32]byte{9}), 0), start)
	for i := range 1000 {
		now := start.Add(time.Duration(i) * 9 * time.Millisecond)
		if _, _, err := k.Open(ticket, now); err != nil {
			t.Fatal(err)
		}
		seal(t, k, now)
	}
	if n := store.asked.Load() - first; n != 0 {
		t.Errorf("2000 calls in 9 s asked the store %d times", n)
	}
	for i := range 9000 { // somebody tries tickets
		if _, _, err := k.Open(foreign, start.Add(time.Duration(i)*time.Millisecond)); !errors.Is(err, session.ErrForeignTicket) {
			t.Fatal(err)
		}
	}
	if n := store.asked.Load() - first; n == 0 || n > 9*3 {
		t.Errorf("9000 foreign tickets in 9 s asked the store %d times", n)
	}
}

// TestSharedStoreDown: without the store there are no tickets, and it is not asked by each
// handshake whether it is back.
func TestSharedStoreDown(t *testing.T) {
	store := &counted{Store: session.NewMemory(0)}
	k := shared(store, 1)
	ticket := seal(t, k, start)
	store.down.Store(true)
	if _, _, err := k.Open(ticket, start.Add(9*time.Second)); err != nil {
		t.Errorf("what the store said 9 s ago does not hold: %v", err)
	}
	asked := store.asked.Load()
	for i := range 500 {
		now := start.Add(10*time.Second + time.Duration(i)*time.Millisecond)
		if _, _, err := k.Open(ticket, now); !errors.Is(err, errDown) || errors.Is(err, session.ErrForeignTicket) {
			t.Fatalf("opened: %v", err)
		}
		if _, err := k.Seal(sample(), rand.NewChaCha8([32]byte{}), now); !errors.Is(err, errDown) {
			t.Fatalf("sealed: %v", err)
		}
	}
	if n := store.asked.Load() - asked; n != 1 {
		t.Errorf("1000 calls in half a second asked a dead store %d times", n)
	}
	store.down.Store(false)
	if _, _, err := k.Open(ticket, start.Add(12*time.Second)); err != nil {
		t.Errorf("the store is back: %v", err)
	}
}

// TestSharedKeyDeleted: a key that was deleted because it was stolen is out of use.
func TestSharedKeyDeleted(t *testing.T) {
	store := session.NewMemory(0)
	a, b := shared(store, 1), shared(store, 2)
	ticket := seal(t, a, start)
	if _, _, err := b.Open(ticket, start); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(fmt.Sprintf("ticketkey:3600:%d", start.Unix()/3600)); err != nil {
		t.Fatal(err)
	}
	later := start.Add(10 * time.Second)
	for name, k := range map[string]*session.TicketKeys{"who made it": a, "the other": b} {
		if _, _, err := k.Open(ticket, later); !errors.Is(err, session.ErrForeignTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := b.Open(seal(t, a, later), later); err != nil {
		t.Errorf("they do not agree on a new one: %v", err)
	}
}

// TestSharedMakerDies: a server that said it would make the key, and did not, holds the
// others up for some seconds.
func TestSharedMakerDies(t *testing.T) {
	store := session.NewMemory(0)
	once(t, store, fmt.Sprintf("ticketkey:3600:%d:made", start.Unix()/3600), start.Add(5*time.Second), start)
	k := shared(store, 1)
	if _, err := k.Seal(sample(), rand.NewChaCha8([32]byte{}), start.Add(4*time.Second)); err == nil {
		t.Error("sealed with a key that nobody else has")
	}
	seal(t, k, start.Add(5*time.Second))
}

// TestForeignKeys: what is no key of this age in the store is refused with a reason.
func TestForeignKeys(t *testing.T) {
	store := session.NewMemory(0)
	seal(t, shared(store, 1), start)
	name := func(n int64) string { return fmt.Sprintf("ticketkey:3600:%d", start.Unix()/3600+n) }
	good, _ := store.Get(name(0), start)
	if good == nil {
		t.Fatal("the key is not where it was looked for")
	}
	put := func(key string, b []byte, at time.Time) error {
		if err := store.Put(key, b, at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		_, err := shared(store, 2).Seal(sample(), rand.NewChaCha8([32]byte{}), at)
		return err
	}
	for n := range good {
		if err := put(name(0), good[:n], start); reason.Of(err) != reason.Truncated {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	if err := put(name(0), append(good, 0), start); reason.Of(err) != reason.TrailingBytes {
		t.Errorf("a byte more: %v", err)
	}
	if err := put(name(0), append([]byte{9}, good[1:]...), start); reason.Of(err) != reason.BadValue {
		t.Errorf("another format: %v", err)
	}
	if err := put(name(1), good, start.Add(time.Hour)); reason.Of(err) != reason.BadValue {
		t.Errorf("the last age's key as this one's: %v", err)
	}
}
