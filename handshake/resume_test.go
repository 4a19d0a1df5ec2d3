package handshake_test

import (
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// A ticket under the previous key still resumes, and is replaced in the same
// handshake (RFC 5077 §3.3).
func TestTicketRenewed(t *testing.T) {
	cc, sc := ends(lesson(t, "rsa"))
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
		cc.Listener = handshake.ListenerFunc(func(e handshake.Event) {
			if m, ok := e.(*handshake.MessageEvent); ok && m.Kind == message.KindNewSessionTicket {
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
	cc, sc := ends(lesson(t, "rsa"))
	cc.Sessions, sc.Sessions = broken{}, broken{}
	c, s := mustShake(t, cc, sc)
	say(t, c, s, "a full handshake, then")
}
