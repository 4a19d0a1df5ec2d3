package session

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// Store keeps values for a while. Every entry has an end, and none outlives it.
// A Store is safe for concurrent use.
type Store interface {
	// Put keeps value under key until expires.
	Put(key string, value []byte, expires time.Time) error
	// Get returns the value, or nil if there is none at time now.
	Get(key string, now time.Time) ([]byte, error)
	// Take is Get and Delete in one: of all who take a key at once, one gets the value.
	Take(key string, now time.Time) ([]byte, error)
	// Delete forgets a key.
	Delete(key string) error
}

// DefaultCapacity bounds a Memory: at about 200 bytes a session it is 2 MB.
const DefaultCapacity = 10_000

// Memory is a Store inside the process, bounded: the entry unused for longest goes first.
type Memory struct {
	mu  sync.Mutex
	lru *simplelru.LRU[string, entry]
}

type entry struct {
	value   []byte
	expires time.Time
}

// NewMemory returns a Memory for at most capacity entries; DefaultCapacity if it is not positive.
func NewMemory(capacity int) *Memory {
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	l, err := simplelru.NewLRU[string, entry](capacity, nil)
	if err != nil {
		panic(err) // only for a capacity that is not positive
	}
	return &Memory{lru: l}
}

// Put keeps a copy of value.
func (m *Memory) Put(key string, value []byte, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lru.Add(key, entry{append([]byte(nil), value...), expires})
	return nil
}

// Get returns the value, not to be changed, or nil.
func (m *Memory) Get(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.lru.Get(key)
	if !ok {
		return nil, nil
	}
	if !now.Before(e.expires) {
		m.lru.Remove(key)
		return nil, nil
	}
	return e.value, nil
}

// Take returns the value and forgets it, or returns nil.
func (m *Memory) Take(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.lru.Peek(key)
	if !ok {
		return nil, nil
	}
	m.lru.Remove(key)
	if !now.Before(e.expires) {
		return nil, nil
	}
	return e.value, nil
}

// Delete forgets a key.
func (m *Memory) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lru.Remove(key)
	return nil
}

// Len is the number of entries, expired ones that nobody asked for included.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lru.Len()
}
