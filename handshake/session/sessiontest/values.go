package sessiontest

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A key is any bytes, and so is a value.
var (
	keys = []string{prefix, prefix + "k", prefix + "K", prefix + "k ", prefix + "k\x00", prefix + "\x00\xff\r\n", prefix + "../k", prefix + "%s*", prefix + strings.Repeat("long", 300)}
	some = []byte("\r\n$3\x00\xff")
)

// put is Put, whose error is a fault.
func (c *suite) put(i int, key string, value []byte, until time.Time) {
	if err := c.at(i).Put(key, value, until); err != nil {
		c.fault("Put of %d bytes under a key of %d: %v", len(value), len(key), err)
	}
}

// has looks whether the store gives value, or nothing if it is nil.
func (c *suite) has(i int, key string, value []byte, now time.Time, when string) {
	got, err := c.at(i).Get(key, now)
	switch {
	case err != nil:
		c.fault("Get %s: %v", when, err)
	case value == nil && got != nil:
		c.fault("Get %s is %.40q, want nil: there is no value", when, got)
	case value != nil && got == nil:
		c.fault("Get %s is nil, want %.40q", when, value)
	case !bytes.Equal(got, value):
		c.fault("Get %s is %.40q, want %.40q", when, got, value)
	}
}

// values checks what is kept under which key.
func (c *suite) values() {
	until := c.now.Add(hour)
	for i, key := range keys {
		c.has(i, key, nil, c.now, "before anything was put")
		c.put(i, key, append([]byte(key), some...), until)
	}
	for i, key := range keys { // each key has its own
		c.has(i+1, key, append([]byte(key), some...), c.now, "after Put")
	}
	key := keys[1]
	c.put(0, key, []byte{}, until)
	c.has(1, key, []byte{}, c.now, "of a value of no bytes")
	c.put(0, key, []byte("second"), until)
	c.has(1, key, []byte("second"), c.now, "after a second Put")

	mine := []byte("mine")
	c.put(0, key, mine, until)
	mine[0] = 'x'
	c.has(0, key, []byte("mine"), c.now, "after the caller has changed what it had put: keep a copy")

	for i, key := range keys {
		if err := c.at(i).Delete(key); err != nil {
			c.fault("Delete: %v", err)
		}
		c.has(i+1, key, nil, c.now, "after Delete")
		if err := c.at(i).Delete(key); err != nil {
			c.fault("Delete of what is not there: %v", err)
		}
	}
}

// ends checks that nothing outlives its end.
func (c *suite) ends() {
	key := prefix + "ends"
	for _, end := range []time.Time{c.now.Add(-hour), time.Unix(-1, 0), {}} {
		c.put(0, key, some, c.now.Add(hour))
		c.put(0, key, some, end)
		c.has(0, key, nil, c.now, "of a value whose end is past")
	}
	if c.ownClock {
		return
	}
	end := c.now.Add(time.Minute)
	c.put(0, key, some, end)
	c.has(0, key, some, end.Add(-1), "just before the value's end")
	c.has(0, key, nil, end, "at the value's end")
	c.put(0, key, some, end)
	if got, err := c.at(0).Take(key, end); got != nil || err != nil {
		c.fault("Take at the value's end is %.40q, %v, want nil", got, err)
	}
}

// together is how many ask at once. More would wait for each other in a store that is far away.
const together = 8

// takers checks that of all who take a value one gets it.
func (c *suite) takers() {
	key := prefix + "take"
	if got, err := c.at(0).Take(key, c.now); got != nil || err != nil {
		c.fault("Take of what was never put is %.40q, %v, want nil", got, err)
	}
	for range 50 {
		c.put(0, key, some, c.now.Add(hour))
		var took atomic.Int64
		var other atomic.Bool
		errs := c.all(func(i int) error {
			got, err := c.at(i).Take(key, c.now)
			if got != nil {
				took.Add(1)
			}
			if got != nil && !bytes.Equal(got, some) {
				other.Store(true)
			}
			return err
		})
		if n := took.Load(); n > 1 || n == 0 && errs == 0 {
			c.fault("of %d who took one value at once, %d got it, want 1", together, n)
		}
		if other.Load() {
			c.fault("Take gives something else than what was put")
		}
		c.has(1, key, nil, c.now, "after Take")
	}
}

// all has together do something at once, and reports how many of them were told an error.
func (c *suite) all(do func(i int) error) (errs int) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	failed := make([]error, together)
	for i := range together {
		wg.Go(func() {
			<-begin
			failed[i] = do(i)
		})
	}
	close(begin)
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			errs++
			c.fault("%d who ask at once: %v", together, err)
		}
	}
	return errs
}
