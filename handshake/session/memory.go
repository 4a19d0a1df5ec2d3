package session

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// DefaultCapacity is how many values a Memory keeps if nothing else is said: of sessions
// without a client's certificate, at about half a kilobyte each, 5 MB.
const DefaultCapacity = 10_000

// What a Memory takes at most, for each value of its capacity.
const (
	bytesPerValue = 4 << 10 // a session with a client's chain of two RSA certificates has room
	marksPerValue = 10      // a mark is much smaller than a value; it takes about 200 bytes
	leastBytes    = 1 << 20 // for small stores: a few long chains
)

// Memory is a Store inside the process, bounded. It keeps values up to its capacity, and
// up to 4 KiB (in all at least 1 MiB) for each of that: the one unused for longest goes
// first. It keeps ten times as many marks, of about 200 bytes each, whatever the length
// of the key; none of them goes before it expires, and a Memory full of live marks takes
// no more of them. The default capacity is thus at most about 65 MB, and 5 MB with
// sessions of an ordinary length and no marks.
//
// For marks, time does not go back. If the clock was ahead, every mark is refused
// (ErrExpired) until the time that it showed is reached, or until the process begins anew.
// The reason is that a mark that has gone by the wrong clock cannot be told from one that
// never was: what it should keep out would get in a second time.
//
// It has no clock: what has expired is gone for whoever asks, and is wiped out of memory,
// a few entries a call, as calls tell it the time.
type Memory struct {
	mu    sync.Mutex
	began time.Time // when first told the time

	values    *simplelru.LRU[string, *value]
	valueEnds ends[string]
	bytes     int // of keys and values
	maxBytes  int

	marks    map[mark]*end[mark]
	markEnds ends[mark]
	maxMarks int
	latest   time.Time // that a mark was asked for at, by the clock on the wall: for marks, time does not go back
}

type value struct {
	bytes []byte
	end   end[string]
}

// mark is the hash of a key, so that long keys take no more room than short ones.
type mark [sha256.Size]byte

// NewMemory returns a Memory for at most capacity values; DefaultCapacity if it is not positive.
func NewMemory(capacity int) *Memory {
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	m := &Memory{maxBytes: max(capacity*bytesPerValue, leastBytes), maxMarks: capacity * marksPerValue, marks: map[mark]*end[mark]{}}
	l, err := simplelru.NewLRU(capacity, m.left)
	if err != nil {
		panic(err) // only for a capacity that is not positive
	}
	m.values = l
	return m
}

// left tidies up after a value that is no longer among the values, for whatever reason.
func (m *Memory) left(key string, v *value) {
	m.valueEnds.remove(&v.end)
	m.bytes -= len(key) + len(v.bytes)
}

// Put keeps a copy of value. ErrTooLong is the only error.
func (m *Memory) Put(key string, b []byte, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values.Remove(key)
	n := len(key) + len(b)
	if n > m.maxBytes {
		return ErrTooLong
	}
	for m.bytes+n > m.maxBytes {
		m.values.RemoveOldest()
	}
	v := &value{append([]byte{}, b...), end[string]{key: key, at: expires}}
	m.bytes += n
	m.valueEnds.add(&v.end)
	m.values.Add(key, v)
	return nil
}

// Get returns the value, not to be changed, or nil. It returns no error.
func (m *Memory) Get(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(now)
	v, ok := m.values.Get(key)
	if !ok || v.end.past(now) {
		return nil, nil
	}
	return v.bytes, nil
}

// Take returns the value and forgets it, or returns nil. It returns no error.
func (m *Memory) Take(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(now)
	v, ok := m.values.Peek(key)
	m.values.Remove(key)
	if !ok || v.end.past(now) {
		return nil, nil
	}
	return v.bytes, nil
}

// Once marks a key. The errors are ErrFull and ErrExpired.
func (m *Memory) Once(key string, expires, now time.Time) (first bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(now)
	// What is judged by a mark's end is judged by the clock on the wall, which can be
	// put back. A time that Go's monotonic clock is in as well would hide that from us.
	now, expires = now.Round(0), expires.Round(0)
	if now.After(m.latest) {
		m.latest = now
	}
	for range sweep {
		if len(m.markEnds) == 0 || !m.markEnds[0].past(m.latest) {
			break
		}
		m.unmark(m.markEnds[0])
	}
	k := mark(sha256.Sum256([]byte(key)))
	// What expired by the latest clock may be forgotten already. A mark that would
	// have expired by then cannot be told from one that did.
	if !m.latest.Before(expires) {
		return false, ErrExpired
	}
	if e := m.marks[k]; e != nil {
		if !e.past(m.latest) {
			return false, nil
		}
		m.unmark(e)
	}
	if len(m.marks) >= m.maxMarks {
		return false, ErrFull
	}
	m.marks[k] = &end[mark]{key: k, at: expires}
	m.markEnds.add(m.marks[k])
	return true, nil
}

func (m *Memory) unmark(e *end[mark]) {
	delete(m.marks, e.key)
	m.markEnds.remove(e)
}

// Began is when m was first told the time, which is now if it never was. It returns no error.
func (m *Memory) Began(now time.Time) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told(now)
	return m.began, nil
}

// Delete forgets a value. It returns no error.
func (m *Memory) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values.Remove(key)
	return nil
}

// Len is the number of values, expired ones included that no call has wiped out yet.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values.Len()
}

// Marks is the number of marks, expired ones included that no call has wiped out yet.
func (m *Memory) Marks() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.marks)
}

// sweep is how many expired entries one call wipes out: more than it can add, so that
// they become fewer, and few enough that nobody waits for it.
const sweep = 16

// told takes note of the time, and wipes out values that have expired by it.
func (m *Memory) told(now time.Time) {
	if m.began.IsZero() {
		m.began = now
	}
	for range sweep {
		if len(m.valueEnds) == 0 || !m.valueEnds[0].past(now) {
			return
		}
		m.values.Remove(m.valueEnds[0].key)
	}
}
