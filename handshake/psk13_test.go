package handshake_test

import (
	"crypto/rand"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// resumable makes a pair whose server gives tickets and whose client keeps them.
func resumable(t *testing.T) (cc, sc *handshake.Config) {
	cc, sc = ends13(newLesson(t, "ecdsa"))
	cc.Sessions = session.NewMemory(0)
	sc.Tickets = session.NewTicketKeys(rand.Reader, time.Hour)
	return cc, sc
}

// afterTickets runs a handshake and lets the client read what comes behind it.
func afterTickets(t *testing.T, cc, sc *handshake.Config) (c, s *handshake.Endpoint) {
	t.Helper()
	c, s = mustShake(t, cc, sc)
	say(t, s, c, "here are your tickets")
	return c, s
}

func TestResumption13(t *testing.T) {
	cc, sc := resumable(t)
	full, _ := afterTickets(t, cc, sc)
	if full.Summary().Resumed {
		t.Fatal("the first handshake resumed")
	}
	for i := range 3 { // each brings new tickets
		c, s := afterTickets(t, cc, sc)
		if !c.Summary().Resumed || !s.Summary().Resumed || !c.Summary().PSK || c.Summary().Group == 0 {
			t.Fatalf("handshake %d: %+v", i, c.Summary())
		}
		if len(c.Summary().PeerChain) == 0 {
			t.Error("the client does not know whom it talks to")
		}
		say(t, c, s, "hello again")
	}
}

func TestPSKOnly(t *testing.T) {
	cc, sc := resumable(t)
	cc.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
	sc.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly, iana.PSKWithDHE}
	afterTickets(t, cc, sc)
	c, _ := afterTickets(t, cc, sc)
	if !c.Summary().Resumed || c.Summary().Group != 0 {
		t.Fatalf("%+v", c.Summary())
	}
}

func TestExternalPSK(t *testing.T) {
	cc, sc := ends13(newLesson(t, "ecdsa"))
	psk := handshake.PSK{Identity: []byte("lab"), Key: []byte("0123456789abcdef")}
	cc.PSKs, sc.PSKs = []handshake.PSK{psk}, []handshake.PSK{psk}
	c, s := mustShake(t, cc, sc)
	if !c.Summary().PSK || c.Summary().Resumed || !s.Summary().PSK {
		t.Fatalf("%+v", c.Summary())
	}
	say(t, c, s, "hello")
	sc.PSKs = []handshake.PSK{{Identity: []byte("lab"), Key: []byte("another key 1234")}}
	_, s = shake(t, cc, sc)
	if reason.Of(s.Err()) != reason.BadBinder {
		t.Fatalf("a wrong key: %v", s.Err())
	}
	sc.PSKs = nil
	if c, _ = mustShake(t, cc, sc); c.Summary().PSK {
		t.Error("an unknown identity was resumed")
	}
}

func TestResumptionAfterRetry(t *testing.T) {
	cc, sc := resumable(t)
	afterTickets(t, cc, sc)
	cc.KeyShares, sc.RetryWithCookie = []iana.Group{}, true
	c, _ := afterTickets(t, cc, sc)
	if !c.Summary().Resumed || !c.Summary().Retried {
		t.Fatalf("%+v", c.Summary())
	}
}

func TestEarlyData(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(cc, sc *handshake.Config)
		want   handshake.EarlyDataStatus
	}{
		{"accepted", func(_, _ *handshake.Config) {}, handshake.EarlyDataAccepted},
		{"without compatibility mode", func(cc, _ *handshake.Config) { cc.NoCompatibilityMode = true }, handshake.EarlyDataAccepted},
		{"refused by the server", func(_, sc *handshake.Config) {
			sc.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return event.WhyEarlyDataOff }
		}, handshake.EarlyDataRejected},
		{"the ticket is not taken", func(_, sc *handshake.Config) { sc.Tickets = session.NewTicketKeys(rand.Reader, 0) }, handshake.EarlyDataRejected},
		{"a retry", func(_, sc *handshake.Config) { sc.RetryWithCookie = true }, handshake.EarlyDataRejected},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := resumable(t)
			cc.EarlyData, sc.MaxEarlyData = true, 1000
			afterTickets(t, cc, sc)
			test.change(cc, sc)
			c, err := handshake.NewClient(cc)
			if err != nil {
				t.Fatal(err)
			}
			s, err := handshake.NewServer(sc)
			if err != nil {
				t.Fatal(err)
			}
			for c.Ready() {
				if _, err := c.Step(); err != nil {
					t.Fatal(err)
				}
			}
			n, err := c.WriteEarly([]byte("GET /early"))
			if err != nil || n != 10 {
				t.Fatal(n, err)
			}
			s.Feed(c.Output())
			var got []byte
			buf := make([]byte, 100)
			for range 50 {
				for s.Ready() && s.Buffered() == 0 {
					if _, err := s.Step(); err != nil {
						t.Fatal("server: ", err)
					}
				}
				if s.Buffered() > 0 {
					n, _ := s.Read(buf)
					got = append(got, buf[:n]...)
				}
				c.Feed(s.Output())
				for c.Ready() {
					if _, err := c.Step(); err != nil {
						t.Fatal("client: ", err)
					}
				}
				s.Feed(c.Output())
			}
			if !c.Done() || !s.Done() {
				t.Fatal(c.State(), c.Err(), s.State(), s.Err())
			}
			if c.Summary().EarlyData != test.want || s.Summary().EarlyData != test.want {
				t.Errorf("client %v, server %v", c.Summary().EarlyData, s.Summary().EarlyData)
			}
			want := ""
			if test.want == handshake.EarlyDataAccepted {
				want = "GET /early"
			}
			if string(got) != want {
				t.Errorf("the server read %q", got)
			}
			say(t, c, s, "after")
			say(t, s, c, "after")
		})
	}
}

// TestCookieUnderPSKOnly: who has a key, and so needs no group, is sent back for a cookie
// like all others; and still finds his way if the key is no longer known by then.
func TestCookieUnderPSKOnly(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		cc, sc := resumable(t)
		cc.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
		sc.PSKModes, sc.RetryWithCookie = cc.PSKModes, true
		afterTickets(t, cc, sc)
		c, err := handshake.NewClient(cc)
		if err != nil {
			t.Fatal(err)
		}
		s, err := handshake.NewServer(sc)
		if err != nil {
			t.Fatal(err)
		}
		for c.Ready() {
			if _, err := c.Step(); err != nil {
				t.Fatal(err)
			}
		}
		s.Feed(c.Output())
		for s.State() != event.WaitSecondClientHello {
			if _, err := s.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if forgotten {
			sc.Tickets = session.NewTicketKeys(rand.Reader, time.Hour)
		}
		c.Feed(s.Output())
		pump(c, s)
		if !c.Done() || !s.Done() || !c.Summary().Retried || c.Summary().Resumed == forgotten {
			t.Errorf("forgotten %v: %v, %v; %v, %v", forgotten, c.State(), c.Err(), s.State(), s.Err())
		}
	}
}
