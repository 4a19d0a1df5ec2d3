package session

import (
	"errors"
	"time"
)

// Store keeps values and marks for a while: sessions by their ID, the keys that seal
// tickets, and which tickets and ClientHellos have been seen. Every entry has an end,
// and none outlives it. A Store is safe for concurrent use, and may be shared: by all
// connections of a server, and by all servers of a service. sessiontest.Run tells whether one
// keeps this contract.
//
// An error means that the store does not know. Whoever asked does without: a session
// is not resumed, early data is not accepted.
type Store interface {
	// Put keeps a copy of value, which may be empty, under key until expires: any bytes, both. A
	// full store may forget it earlier.
	Put(key string, value []byte, expires time.Time) error
	// Get returns the value, not to be changed, or nil if there is no value at time now.
	Get(key string, now time.Time) ([]byte, error)
	// Take is Get and Delete in one: of all who take a key at once, one gets the value.
	Take(key string, now time.Time) ([]byte, error)
	// Once marks a key until expires, and reports whether it was not marked before: of
	// all who ask at once, one is first. A mark is not forgotten before it expires, nor
	// does asking again prolong it; a store without room for one more says ErrFull.
	// Marks and values do not know of each other: Delete deletes no mark.
	Once(key string, expires, now time.Time) (first bool, err error)
	// Began is since when the store has forgotten no mark it was told: one that has
	// restarted, or is first asked now, began now. Ask it after Once: then a restart
	// between the two is seen.
	Began(now time.Time) (time.Time, error)
	// Delete forgets a value.
	Delete(key string) error
}

// Why a Store does not do what it is asked; tested by errors.Is.
var (
	// ErrFull: there is no room for another mark before one of them expires.
	ErrFull = errors.New("store is full")
	// ErrExpired: a mark would end before it begins, and so could stop nothing.
	ErrExpired = errors.New("mark would expire at once")
	// ErrTooLong: a value is longer than the whole store.
	ErrTooLong = errors.New("value is longer than the store has room")
	// ErrUnavailable: the store cannot be reached, or does not answer in time.
	ErrUnavailable = errors.New("store cannot be reached")
)

// ClockSkew is by how much the clocks of servers that share a store may differ: a mark is
// kept so much longer than what it guards against could happen by the clock of the server
// that made it. (Since when a store remembers is judged without it.)
const ClockSkew = 5 * time.Second
