package session_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"tlslab/handshake/session"
)

func TestTickets(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{1})
	keys := session.NewTicketKeys(rnd, time.Hour)
	ticket, err := keys.Seal(sample(), rnd, start)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(ticket, bytes.Repeat([]byte{7}, 8)) {
		t.Error("the master secret can be read in the ticket")
	}
	for age, want := range map[time.Duration]struct {
		old bool
		err error
	}{0: {false, nil}, time.Hour - 1: {false, nil}} {
		s, old, err := keys.Open(ticket, start.Add(age))
		if err != want.err || old != want.old || !reflect.DeepEqual(s, sample()) {
			t.Errorf("after %v: %+v, %v, %v", age, s, old, err)
		}
	}
	if s, old, err := keys.Open(ticket, start.Add(time.Hour)); err != nil || !old || s == nil {
		t.Errorf("under the previous key: %v, %v", old, err)
	}
	if _, _, err := keys.Open(ticket, start.Add(2*time.Hour)); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("two keys later: %v", err)
	}
}

// TestIdleServer: keys that nobody asked for in a long time are gone all the same.
func TestIdleServer(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{1})
	keys := session.NewTicketKeys(rnd, time.Hour)
	ticket, err := keys.Seal(sample(), rnd, start)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.Open(ticket, start.Add(5*time.Hour)); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("a ticket of five hours under keys of one: %v", err)
	}
}

func TestForeignTickets(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{2})
	keys, others := session.NewTicketKeys(rnd, 0), session.NewTicketKeys(rnd, 0)
	ticket, err := others.Seal(sample(), rnd, start)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := keys.Open(ticket, start); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("another server's: %v", err)
	}
	for i := range ticket {
		changed := bytes.Clone(ticket)
		changed[i] ^= 1
		if _, _, err := others.Open(changed, start); !errors.Is(err, session.ErrForeignTicket) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		if _, _, err := others.Open(ticket[:i], start); !errors.Is(err, session.ErrForeignTicket) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
}

// TestStolen: who has the key opens what it sealed, however late, and nothing else.
func TestStolen(t *testing.T) {
	rnd := rand.NewChaCha8([32]byte{3})
	keys := session.NewTicketKeys(rnd, time.Hour)
	if keys.Stolen() != nil {
		t.Error("there is a key before anybody needed one")
	}
	ticket, err := keys.Seal(sample(), rnd, start)
	if err != nil {
		t.Fatal(err)
	}
	stolen := keys.Stolen()
	if s, err := session.OpenStolen(stolen, ticket); err != nil || !reflect.DeepEqual(s, sample()) {
		t.Errorf("%+v, %v", s, err)
	}
	later, err := keys.Seal(sample(), rnd, start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"a later ticket": later, "a changed one": append(bytes.Clone(ticket[:len(ticket)-1]), 0), "half a ticket": ticket[:20]} {
		if _, err := session.OpenStolen(stolen, b); !errors.Is(err, session.ErrForeignTicket) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := session.OpenStolen(stolen[1:], ticket); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("half a key: %v", err)
	}
}
