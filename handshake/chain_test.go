package handshake_test

import (
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/session"
)

// What comes of a session ends when the session does (RFC 9846 §4.7.1), and no sooner: 8,000
// resumptions, each by the ticket that the last one brought, are all resumptions, however the
// times fall between the seconds; and the one behind the session's end is none.
func TestAChainOfResumptions(t *testing.T) {
	const links, step = 8000, 850*time.Millisecond + 123457*time.Nanosecond // 6,801 s of 7,200
	for name, change := range map[string]func(c, s *handshake.Config){
		"TLS 1.3": func(c, s *handshake.Config) {
			c.PSKModes, s.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}, []iana.PSKKeyExchangeMode{iana.PSKOnly}
			s.SessionTickets = 1
		},
		"TLS 1.2, each ticket once": func(c, s *handshake.Config) {
			c.MaxVersion, s.MaxVersion = iana.TLS12, iana.TLS12
			s.SingleUse = trusting{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := clock()
			cc, sc := ticketed()
			cc.Time, sc.Time = func() time.Time { return now }, func() time.Time { return now }
			cc.Sessions = session.NewMemory(0)
			change(cc, sc)
			for i := range links + 1 {
				c, s := mustShake(t, cc, sc)
				if got := s.Summary().Resumed; got != (i > 0) || c.Summary().Resumed != got {
					t.Fatalf("connection %d, after %v: resumed %v", i, now.Sub(clock()), got)
				}
				now = now.Add(step)
			}
			now = clock().Add(session.DefaultLifetime)
			if c, _ := mustShake(t, cc, sc); c.Summary().Resumed {
				t.Errorf("resumed after %v", now.Sub(clock()))
			}
		})
	}
}

// trusting is a store that has been there for ever, and takes all that it is asked about for the
// first of its kind.
type trusting struct{ frozen }

func (trusting) Once(string, time.Time, time.Time) (bool, error) { return true, nil }
