package session_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"tlslab/handshake/session"
)

// TestTicketKeyAhead: a clock that was ahead once, and by whatever, leaves no key that
// lives longer than a key does: two ages from when the clock is right again.
func TestTicketKeyAhead(t *testing.T) {
	const age = time.Hour
	for _, ahead := range []time.Duration{30 * time.Second, age, 3 * age / 2, 2 * age, 365 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		rnd := rand.NewChaCha8([32]byte{1})
		keys := session.NewTicketKeys(rnd, age)
		before := seal(t, keys, start)
		wrong := seal(t, keys, start.Add(ahead))
		right := start.Add(time.Second)
		now := seal(t, keys, right)
		if string(now[:16]) == string(wrong[:16]) && string(wrong[:16]) != string(before[:16]) {
			t.Errorf("ahead by %v: that clock's key seals by the right one", ahead)
		}
		if s, old, err := keys.Open(now, right); err != nil || old || s == nil {
			t.Errorf("ahead by %v: a ticket of now: %v, %v", ahead, old, err)
		}
		// By then every key of before has had its time.
		for _, ticket := range [][]byte{before, wrong, now} {
			if _, _, err := keys.Open(ticket, right.Add(2*age)); !errors.Is(err, session.ErrForeignTicket) {
				t.Errorf("ahead by %v: two ages later a ticket opens: %v", ahead, err)
			}
		}
		if string(seal(t, keys, right.Add(2*age))[:16]) == string(now[:16]) {
			t.Errorf("ahead by %v: the key was never replaced", ahead)
		}
	}
}

// TestTicketKeyOrder: calls that come in another order than their times find one key.
func TestTicketKeyOrder(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{1})
	keys := session.NewTicketKeys(rnd, time.Hour)
	first := seal(t, keys, start)
	for _, late := range []time.Duration{time.Millisecond, session.ClockSkew} {
		if got := seal(t, keys, start.Add(-late)); string(got[:16]) != string(first[:16]) {
			t.Errorf("told a time %v earlier it makes another key", late)
		}
	}
	later := seal(t, keys, start.Add(time.Hour))
	if got := seal(t, keys, start.Add(time.Hour-time.Second)); string(got[:16]) != string(later[:16]) {
		t.Error("an old key seals again")
	}
	if _, old, err := keys.Open(first, start.Add(time.Hour)); err != nil || !old {
		t.Errorf("the old key: %v, %v", old, err)
	}
}

// TestSharedKeyAhead: a key that a server made whose clock was ahead does not seal before
// its age, for it would seal for two.
func TestSharedKeyAhead(t *testing.T) {
	store := session.NewMemory(0)
	ours, ahead := shared(store, 1), shared(store, 2)
	seal(t, ours, start)
	early := seal(t, ahead, start.Add(110*time.Minute)) // of the next age
	now := start.Add(20 * time.Second)                  // when the store is asked again
	ticket := seal(t, ours, now)
	if string(ticket[:16]) == string(early[:16]) {
		t.Error("the next age's key seals already")
	}
	if _, old, err := ours.Open(early, now); err != nil || old {
		t.Errorf("the other server's ticket: %v, %v", old, err)
	}
	if _, old, err := ours.Open(ticket, now); err != nil || old {
		t.Errorf("our ticket: %v, %v", old, err)
	}
	if _, _, err := ours.Open(ticket, start.Add(2*time.Hour)); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("two ages later: %v", err)
	}
}

// TestSharedKeysAge: an age is of whole seconds, one at least, and 12 hours if none is given.
func TestSharedKeysAge(t *testing.T) {
	for age, want := range map[time.Duration]int64{-1: 43200, 0: 43200, 1: 1, time.Second - 1: 1, time.Second: 1, 2*time.Second - 1: 1, time.Hour: 3600} {
		store := session.NewMemory(0)
		seal(t, session.NewSharedTicketKeys(store, rand.NewChaCha8([32]byte{1}), age), start)
		if b, _ := store.Get(fmt.Sprintf("ticketkey:%d:%d", want, start.Unix()/want), start); b == nil {
			t.Errorf("an age of %v: no key of %d s", age, want)
		}
	}
}

// TestMarksWallClock: marks go by the clock on the wall, which can be put back, and not by
// the one that Go carries along with it, which cannot: a mark that went by a clock that was
// ahead lets nothing in again.
func TestMarksWallClock(t *testing.T) {
	m := session.NewMemory(0)
	now := time.Now()
	end := now.Round(0).Add(10 * time.Second)
	once(t, m, "k", end, now)
	ahead := now.Add(time.Hour)
	once(t, m, "another", ahead.Add(time.Minute), ahead)
	again := putBack(now, 2*time.Hour)
	if !again.After(ahead) || !again.Round(0).Before(ahead.Round(0)) {
		t.Fatalf("%v is not after %v by one clock and before it by the other", again, ahead)
	}
	if first, err := m.Once("k", end, again); first || !errors.Is(err, session.ErrExpired) {
		t.Errorf("first %v, %v", first, err)
	}
}

// putBack is the same time of day, later: as time.Now would have it if somebody had put the
// clock back meanwhile. A time.Time is 8 bytes of wall clock, and 8 of the monotonic one.
func putBack(t time.Time, later time.Duration) time.Time {
	*(*int64)(unsafe.Add(unsafe.Pointer(&t), 8)) += int64(later)
	return t
}
