package handshake_test

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// A ticket under the previous key still resumes, and is replaced in the same
// handshake (RFC 5077 §3.3).
func TestTicketRenewed(t *testing.T) {
	cc, sc := ends(newLesson(t, "rsa"))
	now := clock()
	cc.Time, sc.Time = func() time.Time { return now }, func() time.Time { return now }
	cc.Sessions = session.NewMemory(0)
	sc.Tickets = session.NewTicketKeys(seeded("ticket keys"), 30*time.Minute)
	for i, want := range []struct {
		after           time.Duration
		resumed, ticket bool
	}{{0, false, true}, {10 * time.Minute, true, false}, {30 * time.Minute, true, true}, {30 * time.Minute, true, true}} {
		now = now.Add(want.after)
		var got bool
		cc.Listener = event.ListenerFunc(func(e event.Event) {
			if m, ok := e.(*event.Message); ok && m.Kind == message.KindNewSessionTicket {
				got = true
			}
		})
		c, s := mustShake(t, cc, sc)
		if c.Summary().Resumed != want.resumed || s.Summary().Resumed != want.resumed || got != want.ticket {
			t.Errorf("connection %d: resumed %v, new ticket %v, want %v", i, c.Summary().Resumed, got, want)
		}
		say(t, c, s, "hello again")
	}
}

// A store that fails costs the session, not the connection.
func TestStoreFails(t *testing.T) {
	cc, sc := ends(newLesson(t, "rsa"))
	cc.Sessions, sc.Sessions = broken{}, broken{}
	c, s := mustShake(t, cc, sc)
	say(t, c, s, "a full handshake, then")
}

// counting is a store that counts what is put into it.
type counting struct {
	growing
	puts *int
}

func (c counting) Put(key string, value []byte, expires time.Time) error {
	*c.puts++
	return c.growing.Put(key, value, expires)
}

// A session of TLS 1.2 is stored when it is made and when it gets a new ticket, and not
// each time that it is resumed; the ID that the client made up for its ticket is not the
// session's.
func TestSessionIsStoredOnce(t *testing.T) {
	cc, sc := ticketed()
	now := clock()
	cc.MaxVersion, cc.Time, sc.Time = iana.TLS12, func() time.Time { return now }, func() time.Time { return now }
	store := counting{growing{frozen{}}, new(int)}
	cc.Sessions, sc.Tickets = store, session.NewTicketKeys(seeded("ticket keys"), 30*time.Minute)
	var first *session.Session
	for i, want := range []int{1, 1, 1, 2, 2} {
		c := connect(t, cc, sc).run(nil).completes()
		if got := c.ends[client].Summary().Resumed; got != (i > 0) || *store.puts != want {
			t.Fatalf("connection %d: resumed %v, stored %d times, want %d", i, got, *store.puts, want)
		}
		s, err := session.Parse(store.frozen["client:www.lab.test"])
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = s
		}
		if !slices.Equal(s.ID, first.ID) || !s.Created.Equal(first.Created) || slices.Equal(s.Ticket, first.Ticket) != (want == 1) {
			t.Errorf("connection %d leaves %+v of %+v", i, s, first)
		}
		now = now.Add(12 * time.Minute)
	}
}

// Shared ticket keys that are not to be had are no fault of the ticket's.
func TestTicketKeysNotThere(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for name, store := range map[string]session.Store{"down": broken{}, "full of something else": spoilt{}} {
			cc, sc := ticketed()
			cc.MaxVersion = v
			connect(t, cc, sc).run(nil).completes()
			sc.Tickets = session.NewSharedTicketKeys(store, rand.Reader, 0)
			c := connect(t, cc, sc).run(nil).completes()
			var why []string
			for _, d := range all[*event.Decision](c.heard[server]) {
				if d.What == event.DecisionResumption && d.Chosen == "full_handshake" {
					why = append(why, string(d.Why))
				}
			}
			if c.ends[server].Summary().Resumed || !slices.Equal(why, []string{"store_failed"}) {
				t.Errorf("%v, the store is %s: a full handshake for %v", v, name, why)
			}
		}
	}
}

// spoilt is a store in which everything is something else.
type spoilt struct{ frozen }

func (spoilt) Get(string, time.Time) ([]byte, error) { return []byte("something else"), nil }
