package sessiontest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"tlslab/handshake/session"
)

// once is Once, whose error is a fault.
func (c *suite) once(i int, key string, until, now time.Time) bool {
	first, err := c.at(i).Once(key, until, now)
	if err != nil {
		c.fault("Once: %v", err)
	}
	if err != nil && first {
		c.fault("Once says that a key is first, and an error besides: who asks takes it for seen")
	}
	return first && err == nil
}

// marks checks that a key is first once, and that marks and values do not know of each other.
func (c *suite) marks() {
	until := c.now.Add(hour)
	for i, key := range keys {
		if !c.once(i, key, until, c.now) {
			c.fault("Once of a key that was never marked says that it was")
		}
		if c.once(i+1, key, until, c.now) {
			c.fault("Once is first a second time")
		}
	}
	key := keys[1]
	c.has(0, key, nil, c.now, "of a key that is only marked")
	c.put(0, key, some, until)
	if c.once(0, key, until, c.now) {
		c.fault("Put forgets the mark of the same key")
	}
	c.has(0, key, some, c.now, "after Once of the same key")
	if _, err := c.at(0).Take(key, c.now); err != nil {
		c.fault("Take: %v", err)
	}
	if c.once(0, key, until, c.now) {
		c.fault("Take forgets the mark of the same key")
	}
	if err := c.at(0).Delete(key); err != nil {
		c.fault("Delete: %v", err)
	}
	if c.once(0, key, until, c.now) {
		c.fault("Delete forgets the mark of the same key")
	}
	for _, end := range []time.Time{c.now, c.now.Add(-1), c.now.Add(-hour), {}} {
		if first, err := c.at(0).Once(prefix+"past", end, c.now); first || !errors.Is(err, session.ErrExpired) {
			c.fault("Once of a mark that ends at once is %v, %v, want false and session.ErrExpired", first, err)
		}
	}
}

// firsts checks that of all who ask at once one is first.
func (c *suite) firsts() {
	for k := range 50 {
		key := fmt.Sprint(prefix, "first", k)
		var first atomic.Int64
		errs := c.all(func(i int) error {
			ok, err := c.at(i).Once(key, c.now.Add(hour), c.now)
			if ok {
				first.Add(1)
			}
			return err
		})
		if n := first.Load(); n > 1 || n == 0 && errs == 0 {
			c.fault("of %d who asked Once for one key at once, %d were first, want 1", together, n)
		}
	}
}

// crowd is how many marks and values come at once: more than somebody keeps who thinks of a few.
const crowd = 3000

// pressure checks that no mark goes for another, nor for a value.
func (c *suite) pressure() {
	name := func(i int) string { return fmt.Sprint(prefix, "crowd", i) }
	until := c.now.Add(hour)
	marked := 0
	for ; marked < crowd; marked++ {
		first, err := c.at(marked).Once(name(marked), until, c.now)
		if errors.Is(err, session.ErrFull) {
			break // it is small, and says so
		}
		if err != nil || !first {
			c.fault("Once of a key that was never marked, after many others: %v, %v", first, err)
			return
		}
	}
	for i := range crowd {
		if err := c.at(i).Put(name(i), some, until); err != nil && !errors.Is(err, session.ErrFull) {
			c.fault("Put, after many others: %v", err)
			return
		}
	}
	gone := 0
	for i := range marked {
		if first, err := c.at(i).Once(name(i), until, c.now); first {
			gone++
		} else if err != nil && !errors.Is(err, session.ErrFull) {
			c.fault("Once, after many others: %v", err)
			return
		}
	}
	if gone > 0 {
		c.fault("%d of %d marks were forgotten for others, or for values: a store that is full says session.ErrFull", gone, marked)
	}
	for i := range crowd {
		_ = c.at(i).Delete(name(i))
	}
}

// markEnds checks how long a mark stands, by the times that the store is told.
func (c *suite) markEnds() {
	end := c.now.Add(2 * hour)
	key := prefix + "mark"
	if !c.once(0, key, end, c.now) {
		c.fault("Once of a key that was never marked says that it was")
	}
	if c.once(0, key, end.Add(hour), end.Add(-1)) {
		c.fault("a mark is forgotten before it expires")
	}
	if first, err := c.at(0).Once(key, end.Add(hour), end); err == nil && !first { // too careful is no fault
		c.fault("a mark stands beyond its end: asking again must not prolong it")
	}
	back := prefix + "back"
	c.once(0, back, end.Add(time.Minute), end)
	c.once(0, prefix+"ahead", end.Add(2*hour), end.Add(hour))
	if first, _ := c.at(0).Once(back, end.Add(time.Minute), end); first {
		c.fault("a clock that was ahead once and was put back brings a mark to be forgotten before it expires")
	}
	c.now = end.Add(hour) // nobody has said a later time
}

// began checks since when the store says that it remembers.
func (c *suite) began() {
	first, err := c.at(0).Began(c.now)
	if err != nil {
		c.fault("Began: %v", err)
		return
	}
	if first.After(c.now) {
		c.fault("Began is %v after it was first asked: it would trust no mark until then", first.Sub(c.now))
	}
	for i := range c.stores {
		if again, err := c.at(i).Began(c.now.Add(time.Minute)); err != nil || !again.Equal(first) {
			c.fault("Began changes by %v from one call to the next, and nothing was restarted (%v)", again.Sub(first), err)
		}
	}
}

// restart makes a mark, and returns what checks that a store which was begun anew knows it, or says
// that it does not.
func (c *suite) restart() (check func()) {
	if c.again == nil {
		return func() {}
	}
	key, now := prefix+"restart", c.now
	c.once(0, key, now.Add(hour), now)
	return func() {
		s := c.again()
		if s == nil {
			c.fault("the store does not come back from a restart")
			return
		}
		later := now.Add(time.Minute)
		first, err := s.Once(key, now.Add(hour), later)
		if err != nil {
			c.fault("Once after a restart: %v", err)
			return
		}
		began, err := s.Began(later)
		if err != nil {
			c.fault("Began after a restart: %v", err)
			return
		}
		if first && !began.After(now) {
			c.fault("a restart has forgotten a mark that was made %v after Began: who relies on it lets in again what it kept out", now.Sub(began))
		}
	}
}
