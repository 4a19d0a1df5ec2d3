package handshake_test

import (
	"crypto/rand"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// resumable makes a pair whose server gives tickets and whose client keeps them.
func resumable(t *testing.T) (cc, sc *handshake.Config) {
	cc, sc = ends13(lesson(t, "ecdsa"))
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
	cc, sc := ends13(lesson(t, "ecdsa"))
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
