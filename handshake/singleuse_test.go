package handshake_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// rigid is a client's store from which nothing is ever taken, once it is rigid: a client
// that uses its ticket again.
type rigid struct {
	*session.Memory
	is bool
}

func (f *rigid) Take(key string, now time.Time) ([]byte, error) {
	if f.is {
		return f.Get(key, now)
	}
	return f.Memory.Take(key, now)
}

func (f *rigid) Put(key string, value []byte, expires time.Time) error {
	if f.is {
		return nil
	}
	return f.Memory.Put(key, value, expires)
}

// singleUse makes a pair of a version whose server takes each ticket once, after a full
// handshake a minute ago. why collects why keys offered were not used.
func singleUse(t *testing.T, v iana.Version) (cc, sc *handshake.Config, kept *rigid, why *[]string) {
	t.Helper()
	cc, sc = resumable(t)
	now := clock()
	kept, why = &rigid{Memory: session.NewMemory(0)}, new([]string)
	cc.Time = func() time.Time { return now }
	sc.Time, cc.MaxVersion, sc.MaxVersion, cc.Sessions = cc.Time, v, v, kept
	sc.SingleUse = session.NewMemory(0)
	if _, err := sc.SingleUse.Began(now); err != nil {
		t.Fatal(err)
	}
	sc.Listener = event.ListenerFunc(func(e event.Event) {
		if d, ok := e.(*event.Decision); ok && d.What == event.DecisionResumption && (d.Chosen == "full_handshake" || d.Chosen == "passed_over") {
			*why = append(*why, string(d.Why))
		}
	})
	now = now.Add(time.Second) // whatever is marked comes after the store began
	afterTickets(t, cc, sc)
	now = now.Add(time.Minute)
	return cc, sc, kept, why
}

func TestSingleUse(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		t.Run(v.String(), func(t *testing.T) {
			cc, sc, kept, why := singleUse(t, v)
			for i := range 5 { // with a new ticket each time
				if c, _ := afterTickets(t, cc, sc); !c.Summary().Resumed {
					t.Fatalf("time %d: %v", i, *why)
				}
			}
			kept.is = true
			for i, want := range []bool{true, false, false} {
				if c, _ := afterTickets(t, cc, sc); c.Summary().Resumed != want {
					t.Errorf("use %d of a ticket: resumed is not %v", i, want)
				}
			}
			if !slices.Equal(*why, []string{"ticket_used", "ticket_used"}) {
				t.Errorf("because %v", *why)
			}
			sc.SingleUse = nil
			if c, _ := afterTickets(t, cc, sc); !c.Summary().Resumed {
				t.Error("the ticket is no good without SingleUse either")
			}
		})
	}
}

// TestSingleUseInDoubt: a ticket that is from before the store began may have been used, and
// so may any if the store does not answer.
func TestSingleUseInDoubt(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for want, store := range map[string]session.Store{"store_too_young": session.NewMemory(0), "store_failed": deaf{session.NewMemory(0)}} {
			cc, sc, _, why := singleUse(t, v)
			sc.SingleUse = store
			if c, _ := afterTickets(t, cc, sc); c.Summary().Resumed || len(*why) == 0 || (*why)[0] != want {
				t.Errorf("%v: resumed %v, because %v, want %s", v, c.Summary().Resumed, *why, want)
			}
		}
	}
}

type deaf struct{ *session.Memory }

func (deaf) Once(string, time.Time, time.Time) (bool, error) {
	return false, errors.New("nobody there")
}

// TestSingleUseAfterRetry: the second ClientHello offers what the first did, and that is
// one use.
func TestSingleUseAfterRetry(t *testing.T) {
	cc, sc, _, why := singleUse(t, iana.TLS13)
	cc.KeyShares, sc.RetryWithCookie = []iana.Group{}, true
	if c, _ := afterTickets(t, cc, sc); !c.Summary().Resumed || !c.Summary().Retried {
		t.Errorf("%+v, because %v", c.Summary(), *why)
	}
}

// asking is a store that counts the calls to it.
type asking struct {
	session.Store
	calls int
}

func (a *asking) Once(key string, expires, now time.Time) (bool, error) {
	a.calls++
	return a.Store.Once(key, expires, now)
}

func (a *asking) Began(now time.Time) (time.Time, error) {
	a.calls++
	return a.Store.Began(now)
}

// TestManyIdentities: a used ticket that is offered two hundred times in one ClientHello,
// each time with the right binder, costs a server what a few cost; it says that it passed
// over the rest, and shakes hands in full.
func TestManyIdentities(t *testing.T) {
	for _, retry := range []bool{false, true} {
		cc, sc, kept, why := singleUse(t, iana.TLS13)
		kept.is = true
		if c, _ := afterTickets(t, cc, sc); !c.Summary().Resumed {
			t.Fatal("the ticket is no good")
		}
		store := &asking{Store: sc.SingleUse}
		sc.SingleUse = store
		cc.Edit(func(m message.Message) {
			hello, ok := m.(*message.ClientHello)
			if !ok {
				return
			}
			x, _ := message.Get[*message.PreSharedKeyClient](&hello.Extensions)
			for len(x.Identities) < 200 {
				x.Identities, x.Binders = append(x.Identities, x.Identities[0]), append(x.Binders, x.Binders[0])
			}
		})
		hellos := 1
		if retry {
			cc.KeyShares, sc.RetryWithCookie, hellos = []iana.Group{}, true, 2
		}
		c, s := afterTickets(t, cc, sc)
		if !c.Done() || !s.Done() || c.Summary().Resumed || c.Summary().Retried != retry {
			t.Errorf("retry %v: %v, %v, %+v", retry, c.Err(), s.Err(), c.Summary())
		}
		if store.calls > 2*5*hellos || store.calls == 0 {
			t.Errorf("retry %v: the store was asked %d times", retry, store.calls)
		}
		used := []string{"ticket_used", "ticket_used", "ticket_used", "ticket_used", "ticket_used", "identities_passed_over"}
		if !slices.Equal(*why, slices.Repeat(used, hellos)) {
			t.Errorf("retry %v: because %v", retry, *why)
		}
	}
}

// TestFewIdentities: a key that a server knows is found in the fifth place, and not in the
// sixth; five keys that it does not know are none too many.
func TestFewIdentities(t *testing.T) {
	for place, want := range []bool{true, true, true, true, true, false} {
		cc, sc, _, why := singleUse(t, iana.TLS13)
		cc.Sessions = nil
		for i := range place {
			cc.PSKs = append(cc.PSKs, handshake.PSK{Identity: []byte{byte(i)}, Key: bytes.Repeat([]byte{1}, 32)})
		}
		key := handshake.PSK{Identity: []byte("key"), Key: bytes.Repeat([]byte{2}, 32)}
		sc.PSKs, cc.PSKs = []handshake.PSK{key}, append(cc.PSKs, key)
		c, s := afterTickets(t, cc, sc)
		if !c.Done() || !s.Done() || c.Summary().PSK != want || slices.Contains(*why, "identities_passed_over") == want {
			t.Errorf("behind %d others: %+v, because %v", place, c.Summary(), *why)
		}
	}
}

// TestNotUsedUp: who has a TLS 1.3 ticket without its key cannot use it up.
func TestNotUsedUp(t *testing.T) {
	cc, sc, kept, _ := singleUse(t, iana.TLS13)
	kept.is = true
	thief := *cc
	thief.Sessions = guessing{kept}
	if _, s := shake(t, &thief, sc); reason.Of(s.Err()) != reason.BadBinder {
		t.Fatal(s.Err())
	}
	if c, _ := afterTickets(t, cc, sc); !c.Summary().Resumed {
		t.Error("the ticket was used up")
	}
}

// guessing has every ticket, and none of their keys.
type guessing struct{ *rigid }

func (g guessing) Take(key string, now time.Time) ([]byte, error) {
	b, err := g.Get(key, now)
	if b == nil || err != nil {
		return nil, err
	}
	s, err := session.Parse(b)
	if err != nil {
		return nil, err
	}
	s.PSK = make([]byte, len(s.PSK))
	return s.Marshal()
}
