package replay

import (
	"crypto/rand"
	"time"

	"tlslab/handshake/session"
)

// newStore is a server's own store, which remembers from now on.
func (w *world) newStore() (session.Store, error) {
	var s session.Store = session.NewMemory(0)
	if w.o.Store != nil {
		var err error
		if s, err = w.o.Store(); err != nil {
			return nil, err
		}
	}
	return w.startStore(s)
}

// sharedStore is that of a whole service.
func (w *world) sharedStore() (session.Store, error) {
	var s session.Store = session.NewMemory(0)
	name := ""
	if w.o.Shared != nil {
		s, name = abroad{w.o.Shared, rand.Text() + ":", time.Since(w.Now())}, w.o.SharedName
	}
	w.Scene("bank", &SharedStore{Name: name})
	return w.startStore(s)
}

func (w *world) startStore(s session.Store) (session.Store, error) {
	_, err := s.Began(w.Now())
	return &watched{Store: s, longest: w.marks}, err
}

// watched notes how long a store is asked to remember.
type watched struct {
	session.Store
	longest *watched
	mark    time.Duration
}

// Once marks a key, and notes for how long.
func (s *watched) Once(key string, expires, now time.Time) (bool, error) {
	s.longest.mark = max(s.longest.mark, expires.Sub(now))
	return s.Store.Once(key, expires, now)
}

// abroad is a store outside this world: it outlives a run, while a seeded one makes the
// same tickets each time, so keys get a prefix that no other run has; and it may have a
// clock of its own, so times are told by that.
type abroad struct {
	store  session.Store
	prefix string
	ahead  time.Duration // of our clock
}

func (a abroad) Put(key string, value []byte, expires time.Time) error {
	return a.store.Put(a.prefix+key, value, expires.Add(a.ahead))
}

func (a abroad) Get(key string, now time.Time) ([]byte, error) {
	return a.store.Get(a.prefix+key, now.Add(a.ahead))
}

func (a abroad) Take(key string, now time.Time) ([]byte, error) {
	return a.store.Take(a.prefix+key, now.Add(a.ahead))
}

func (a abroad) Once(key string, expires, now time.Time) (bool, error) {
	return a.store.Once(a.prefix+key, expires.Add(a.ahead), now.Add(a.ahead))
}

func (a abroad) Began(now time.Time) (time.Time, error) {
	began, err := a.store.Began(now.Add(a.ahead))
	return began.Add(-a.ahead), err
}

func (a abroad) Delete(key string) error { return a.store.Delete(a.prefix + key) }

// hoard is mallory's store. He does not believe a server that says how long something is good,
// but tries it. And an honest client would not resume if it lacked the certificate that alice
// has shown; he does.
type hoard struct{ session.Store }

// Put keeps a session for as long as any could be good.
func (h hoard) Put(key string, value []byte, expires time.Time) error {
	s, err := session.Parse(value)
	if err != nil {
		return err
	}
	s.Lifetime, s.OwnCertificates = maximumLife, nil
	if value, err = s.Marshal(); err != nil {
		return err
	}
	return h.Store.Put(key, value, s.Created.Add(maximumLife))
}
