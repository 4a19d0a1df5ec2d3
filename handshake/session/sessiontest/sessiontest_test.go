package sessiontest_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"tlslab/handshake/session"
	"tlslab/handshake/session/sessiontest"
)

func TestMemoryConforms(t *testing.T) {
	sessiontest.Run(t, session.NewMemory(0), sessiontest.WithRestart(func() session.Store { return session.NewMemory(0) }))
	sessiontest.Run(t, session.NewMemory(20)) // it is full after 200 marks
}

// maps is a store as one would write it first: right, but for what a test bends.
type maps struct {
	mu     sync.Mutex
	values map[string]entry
	marks  map[string]time.Time
	start  time.Time
}

type entry struct {
	value []byte
	end   time.Time
}

func newMaps() *maps { return &maps{values: map[string]entry{}, marks: map[string]time.Time{}} }

func (m *maps) Put(key string, value []byte, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = entry{append([]byte{}, value...), expires}
	return nil
}

func (m *maps) Get(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e, ok := m.values[key]; ok && now.Before(e.end) {
		return e.value, nil
	}
	return nil, nil
}

func (m *maps) Take(key string, now time.Time) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.values[key]
	delete(m.values, key)
	if ok && now.Before(e.end) {
		return e.value, nil
	}
	return nil, nil
}

func (m *maps) Once(key string, expires, now time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(expires) {
		return false, session.ErrExpired
	}
	if end, ok := m.marks[key]; ok && now.Before(end) {
		return false, nil
	}
	m.marks[key] = expires
	return true, nil
}

func (m *maps) Began(now time.Time) (time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.start.IsZero() {
		m.start = now
	}
	return m.start, nil
}

func (m *maps) Delete(key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, key)
	return nil
}

func TestMapsConform(t *testing.T) { sessiontest.Run(t, newMaps()) }

// bent is maps with one method changed.
type bent struct {
	*maps
	put    func(key string, value []byte, expires time.Time) error
	get    func(key string, now time.Time) ([]byte, error)
	take   func(key string, now time.Time) ([]byte, error)
	once   func(key string, expires, now time.Time) (bool, error)
	began  func(now time.Time) (time.Time, error)
	remove func(key string) error
}

func newBent(bend func(*bent)) *bent {
	m := newMaps()
	b := &bent{m, m.Put, m.Get, m.Take, m.Once, m.Began, m.Delete}
	bend(b)
	return b
}

func (b *bent) Put(key string, v []byte, end time.Time) error     { return b.put(key, v, end) }
func (b *bent) Get(key string, now time.Time) ([]byte, error)     { return b.get(key, now) }
func (b *bent) Take(key string, now time.Time) ([]byte, error)    { return b.take(key, now) }
func (b *bent) Once(key string, end, now time.Time) (bool, error) { return b.once(key, end, now) }
func (b *bent) Began(now time.Time) (time.Time, error)            { return b.began(now) }
func (b *bent) Delete(key string) error                           { return b.remove(key) }

// TestFaults: each thing that a store can do wrong is found, and said.
func TestFaults(t *testing.T) {
	for want, bend := range map[string]func(*bent){
		"there is no value": func(b *bent) {
			b.get = func(key string, now time.Time) ([]byte, error) {
				v, err := b.maps.Get(key, now)
				return append([]byte{}, v...), err // nil has become empty
			}
		},
		"of a value of no bytes is nil": func(b *bent) {
			b.get = func(key string, now time.Time) ([]byte, error) {
				v, err := b.maps.Get(key, now)
				if len(v) == 0 {
					v = nil
				}
				return v, err
			}
		},
		"after Put is": func(b *bent) { // keys are folded
			b.put = func(key string, v []byte, end time.Time) error { return b.maps.Put(strings.ToLower(key), v, end) }
			b.get = func(key string, now time.Time) ([]byte, error) { return b.maps.Get(strings.ToLower(key), now) }
		},
		"keep a copy": func(b *bent) {
			b.put = func(key string, v []byte, end time.Time) error {
				b.mu.Lock()
				defer b.mu.Unlock()
				if v == nil {
					v = []byte{}
				}
				b.values[key] = entry{v, end}
				return nil
			}
		},
		"after a second Put": func(b *bent) {
			b.put = func(key string, v []byte, end time.Time) error {
				if old, _ := b.maps.Get(key, time.Time{}); old != nil {
					return nil
				}
				return b.maps.Put(key, v, end)
			}
		},
		"Delete of what is not there": func(b *bent) {
			b.remove = func(key string) error {
				if old, _ := b.maps.Get(key, time.Time{}); old == nil {
					return errors.New("no such key")
				}
				return b.maps.Delete(key)
			}
		},
		"whose end is past": func(b *bent) {
			b.get = func(key string, _ time.Time) ([]byte, error) { return b.maps.Get(key, time.Time{}) }
		},
		"at the value's end": func(b *bent) {
			b.get = func(key string, now time.Time) ([]byte, error) { return b.maps.Get(key, now.Add(-1)) }
		},
		"Take at the value's end": func(b *bent) {
			b.take = func(key string, now time.Time) ([]byte, error) { return b.maps.Take(key, now.Add(-1)) }
		},
		"took one value at once": func(b *bent) {
			b.take = func(key string, now time.Time) ([]byte, error) { return b.maps.Get(key, now) } // as if nobody's Delete came before everybody's Get
		},
		"were first, want 1": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				first, err := b.maps.Once(key, end, now)
				return first || strings.HasPrefix(key, "sessiontest:first"), err
			}
		},
		"is first a second time": func(b *bent) {
			b.once = func(string, time.Time, time.Time) (bool, error) { return true, nil }
		},
		"never marked says that it was": func(b *bent) {
			b.once = func(string, time.Time, time.Time) (bool, error) { return false, nil }
		},
		"an error besides": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				first, _ := b.maps.Once(key, end, now)
				return first, errors.New("no answer")
			}
		},
		"of a key that is only marked": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				first, err := b.maps.Once(key, end, now)
				if first {
					_ = b.maps.Put(key, []byte{1}, end)
				}
				return first, err
			}
		},
		"Put forgets the mark": func(b *bent) {
			b.put = func(k string, v []byte, e time.Time) error { b.forget(k); return b.maps.Put(k, v, e) }
		},
		"Take forgets the mark": func(b *bent) {
			b.take = func(k string, n time.Time) ([]byte, error) { b.forget(k); return b.maps.Take(k, n) }
		},
		"Delete forgets the mark": func(b *bent) { b.remove = func(k string) error { b.forget(k); return b.maps.Delete(k) } },
		"want false and session.ErrExpired": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				if !now.Before(end) {
					return true, nil
				}
				return b.maps.Once(key, end, now)
			}
		},
		"marks were forgotten for others": func(b *bent) {
			var order []string
			b.once = func(key string, end, now time.Time) (bool, error) {
				first, err := b.maps.Once(key, end, now)
				b.mu.Lock()
				defer b.mu.Unlock()
				if first {
					if order = append(order, key); len(order) > 1000 {
						delete(b.marks, order[0])
						order = order[1:]
					}
				}
				return first, err
			}
		},
		"after many others": func(b *bent) {
			b.put = func(key string, v []byte, end time.Time) error {
				if len(b.values) > 1000 {
					return errors.New("too many values")
				}
				return b.maps.Put(key, v, end)
			}
		},
		"forgotten before it expires": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				return b.maps.Once(key, now.Add(min(end.Sub(now), time.Hour)), now)
			}
		},
		"asking again must not prolong it": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				first, err := b.maps.Once(key, end, now)
				b.mu.Lock()
				defer b.mu.Unlock()
				if b.marks[key].Before(end) {
					b.marks[key] = end
				}
				return first, err
			}
		},
		"a clock that was ahead": func(b *bent) {
			b.once = func(key string, end, now time.Time) (bool, error) {
				b.mu.Lock()
				for k, e := range b.marks { // wipes out what has expired, and so believes every clock
					if !now.Before(e) {
						delete(b.marks, k)
					}
				}
				b.mu.Unlock()
				return b.maps.Once(key, end, now)
			}
		},
		"Began changes":            func(b *bent) { b.began = func(now time.Time) (time.Time, error) { return now, nil } },
		"after it was first asked": func(b *bent) { b.began = func(now time.Time) (time.Time, error) { return now.Add(time.Hour), nil } },
		"Began: no answer": func(b *bent) {
			b.began = func(time.Time) (time.Time, error) { return time.Time{}, errors.New("no answer") }
		},
	} {
		faults := strings.Join(sessiontest.Check(newBent(bend)), "\n")
		if !strings.Contains(faults, want) {
			t.Errorf("%q is not among the faults:\n%s", want, faults)
		}
	}
}

func (m *maps) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.marks, key)
}

// TestTwoStoresForOne: what is said to be one store is one.
func TestTwoStoresForOne(t *testing.T) {
	faults := fmt.Sprint(sessiontest.Check(newMaps(), sessiontest.WithAnother(newMaps())))
	for _, want := range []string{"Get after Put is nil", "is first a second time", "were first, want 1"} {
		if !strings.Contains(faults, want) {
			t.Errorf("%q is not among %s", want, faults)
		}
	}
}

// TestRestart: a store that comes back with less than it says is found; one that comes back whole, or
// says that it has forgotten, is not.
func TestRestart(t *testing.T) {
	begunAt := func(at time.Time) func() session.Store {
		return func() session.Store {
			m := newMaps()
			m.start = at
			return m
		}
	}
	m := newMaps()
	for name, c := range map[string]struct {
		s     session.Store
		again func() session.Store
		want  string
	}{
		"whole":                   {m, func() session.Store { return m }, ""},
		"empty, and says so":      {newMaps(), func() session.Store { return newMaps() }, ""},
		"empty, as old as before": {newMaps(), begunAt(time.Now().Add(-time.Minute)), "a restart has forgotten a mark"},
		"empty, as old as time":   {newMaps(), begunAt(time.Unix(0, 0)), "a restart has forgotten a mark"},
		"gone":                    {newMaps(), func() session.Store { return nil }, "does not come back"},
	} {
		faults := strings.Join(sessiontest.Check(c.s, sessiontest.WithRestart(c.again)), "\n")
		if (c.want == "") != (faults == "") || !strings.Contains(faults, c.want) {
			t.Errorf("%s: %q, want %q", name, faults, c.want)
		}
	}
}
