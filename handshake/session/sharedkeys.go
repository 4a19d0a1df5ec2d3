package session

import (
	"errors"
	"fmt"
	"io"
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/wire"
)

// Ticket keys that several servers share: time is cut into ages, counted from 1970, and
// each age has one key, kept in the store from when the first server needs it until the
// age after. Nobody has to say which key is the current one.

// NewSharedTicketKeys returns keys that all servers share who have this store and this
// age (0: 12 hours; in whole seconds, of which there is at least one). Which server makes
// the next key is settled by the store.
//
// What the store said holds for 10 s: then it is asked again, so that a key deleted from
// it because it was stolen is out of use by then. Seal and Open return the store's error
// if it fails; then there are no tickets, for a second before it is asked again.
//
// Whoever reads the store has the keys.
func NewSharedTicketKeys(store Store, rand io.Reader, age time.Duration) *TicketKeys {
	if age <= 0 {
		age = defaultAge
	}
	age = max(age.Truncate(time.Second), time.Second)
	return &TicketKeys{rand: rand, age: age, store: store}
}

const (
	trustStore = 10 * time.Second // how long what the store said holds
	spareStore = time.Second      // how long a store is left alone that failed, or knew of no other key
	makingKey  = 5 * time.Second  // how long a server has for putting the key that it makes
)

// asked is what came of asking the store.
type asked struct {
	at  time.Time
	err error
}

// fresh reports whether less than d has passed since. A clock that went back is no
// reason to believe anything.
func (a asked) fresh(now time.Time, d time.Duration) bool {
	return !a.at.IsZero() && !now.Before(a.at) && now.Sub(a.at) < d
}

// errKeyMaking is temporary: another server has said that it makes this age's key.
var errKeyMaking = errors.New("another server is making the ticket key")

// ask makes sure that the keys are those in the store.
func (t *TicketKeys) ask(now time.Time) error {
	switch {
	case t.asked.err != nil && t.asked.fresh(now, spareStore):
		return t.asked.err
	case t.asked.err == nil && t.asked.fresh(now, trustStore) && len(t.keys) > 0 && now.Before(t.keys[0].seals):
		return nil
	}
	return t.load(now)
}

// askAgain asks although what we have is fresh, but not every time.
func (t *TicketKeys) askAgain(now time.Time) error {
	if t.asked.fresh(now, spareStore) {
		return t.asked.err
	}
	return t.load(now)
}

// load takes the keys of the last, this, and (if another server's clock is ahead of ours)
// the next age from the store, and makes the key of this age if the store has no such key.
func (t *TicketKeys) load(now time.Time) error {
	t.asked = asked{at: now}
	t.keys = t.keys[:0:0]
	this := now.Unix() / int64(t.age/time.Second)
	for n := this + 1; n >= this-1; n-- {
		k, err := t.fetch(n, now)
		if err == nil && k == nil && n == this {
			k, err = t.make(n, now)
		}
		if err != nil {
			t.keys, t.asked.err = nil, fmt.Errorf("shared ticket keys: %w", err)
			return t.asked.err
		}
		if k != nil {
			t.keys = append(t.keys, k)
		}
	}
	return nil
}

// fetch gets the key of age n, or nil if the store has no such key.
func (t *TicketKeys) fetch(n int64, now time.Time) (*ticketKey, error) {
	b, err := t.store.Get(t.keyOf(n), now)
	if err != nil || b == nil {
		return nil, err
	}
	shared := sharedKey{ticketKey: new(ticketKey)}
	if err := wire.Parse(b, &shared, nil); err != nil {
		return nil, err
	}
	if shared.age != uint32(t.age/time.Second) || shared.n != uint32(n) {
		return nil, &reason.Error{Reason: reason.BadValue, Field: "ticket_key.number",
			Want: t.keyOf(n), Got: fmt.Sprintf("ticketkey:%d:%d", shared.age, shared.n)}
	}
	k := shared.ticketKey
	k.seals, k.opens = t.ageEnds(n), t.ageEnds(n+1)
	return k, k.ready()
}

// make puts a key for age n into the store, unless another server is doing so.
func (t *TicketKeys) make(n int64, now time.Time) (*ticketKey, error) {
	first, err := t.store.Once(t.keyOf(n)+":made", now.Add(makingKey), now)
	if err != nil {
		return nil, err
	}
	if first {
		k, err := t.newTicketKey(t.ageEnds(n))
		if err != nil {
			return nil, err
		}
		b, err := wire.Append(nil, &sharedKey{ticketKey: k, age: uint32(t.age / time.Second), n: uint32(n)}, nil)
		if err != nil {
			return nil, err
		}
		if err := t.store.Put(t.keyOf(n), b, k.opens); err != nil {
			return nil, err
		}
	}
	// It is ours, if we were first. But a server so slow that its makingKey was over may
	// have put another key since, and all servers use the key that is in the store.
	k, err := t.fetch(n, now)
	if err == nil && k == nil {
		err = errKeyMaking
	}
	return k, err
}

func (t *TicketKeys) keyOf(n int64) string {
	return fmt.Sprintf("ticketkey:%d:%d", t.age/time.Second, n)
}

// ageEnds is when age n is over.
func (t *TicketKeys) ageEnds(n int64) time.Time {
	return time.Unix((n+1)*int64(t.age/time.Second), 0)
}

// sharedKey is the stored form of a key. It says which age it is for, so that no other
// value of the store is taken for it.
type sharedKey struct {
	*ticketKey
	age, n uint32 // the length of an age in seconds; how many of them since 1970
}

const sharedFormat uint8 = 1

// Walk visits the stored form.
func (k *sharedKey) Walk(c *wire.Codec) {
	b := c.Enter("ticket_key")
	wire.Const8(c, "format", sharedFormat)
	wire.U32(c, "age", &k.age)
	wire.U32(c, "number", &k.n)
	c.Array("name", k.name[:])
	c.Array("key", k.key[:])
	c.End(b)
}
