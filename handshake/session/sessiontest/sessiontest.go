// Package sessiontest tells whether a store keeps the contract of session.Store. One call is a
// whole test:
//
//	func TestMyStore(t *testing.T) { sessiontest.Run(t, NewMyStore()) }
//
// Each fault is one sentence. What a store does wrong an attacker can use: a mark that is forgotten
// lets early data in a second time, a value that two take at once is a ticket used twice.
//
// Read sessiontest.go for what can be asked, values.go and marks.go for what is checked.
package sessiontest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/session"
)

// Option adjusts a run to the store.
type Option func(*suite)

// WithAnother names another way to the same store: another server's of one service. What one puts
// the other gets, and of all who ask at once by either, one is first.
func WithAnother(s session.Store) Option {
	return func(c *suite) { c.stores = append(c.stores, s) }
}

// WithOwnClock is for a store that goes by a clock of its own, as a server of its own may. What
// would have to wait for that clock is then not checked.
func WithOwnClock() Option { return func(c *suite) { c.ownClock = true } }

// WithRestart names a function that ends the store and returns it begun anew, or what takes its
// place. It is called once, at the end. A mark that is forgotten then is no fault if Began says so.
func WithRestart(again func() session.Store) Option { return func(c *suite) { c.again = again } }

// Run reports every fault of s as an error of t. s must be new, or nobody else's meanwhile: its keys
// are "sessiontest:" and more, and it needs room for a hundred marks. With -race it finds what is not safe for concurrent use, too.
func Run(t testing.TB, s session.Store, options ...Option) {
	t.Helper()
	for _, fault := range Check(s, options...) {
		t.Error(fault)
	}
}

// Check returns every fault of s, each as one sentence on one line; none if s keeps the contract. It
// is Run for a grader or a command.
func Check(s session.Store, options ...Option) []string {
	c := &suite{stores: []session.Store{s}, now: time.Now().Round(time.Millisecond)}
	for _, o := range options {
		o(c)
	}
	c.began()
	c.values()
	c.ends()
	c.takers()
	c.marks()
	c.firsts()
	if !c.ownClock {
		c.markEnds()
	}
	restart := c.restart()
	c.pressure() // a small store is full behind it
	restart()
	return c.faults
}

// suite is one run of the checks.
type suite struct {
	stores   []session.Store // ways to one store
	ownClock bool
	again    func() session.Store

	now    time.Time // by which the store is asked; it goes on where the clock is ours
	faults []string
}

func (c *suite) fault(format string, args ...any) {
	if f := fmt.Sprintf(format, args...); !slices.Contains(c.faults, f) {
		c.faults = append(c.faults, f)
	}
}

// at is one of the ways to the store, another one each time.
func (c *suite) at(i int) session.Store { return c.stores[i%len(c.stores)] }

// prefix stands before each key, for a store that has others'.
const prefix = "sessiontest:"

// hour is a while that no run lasts.
const hour = time.Hour
