package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/wire"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func sample() *session.Session {
	s := &session.Session{Version: iana.TLS12, Suite: 0xc02f, EMS: true, ServerName: "www.lab.test", Protocol: "h2",
		Created: start, Lifetime: time.Hour, PeerChain: [][]byte{{1, 2}, {3}}, ID: []byte("id"), Ticket: []byte("ticket")}
	copy(s.Master[:], bytes.Repeat([]byte{7}, 48))
	return s
}

func TestStoredForm(t *testing.T) {
	for _, s := range []*session.Session{sample(), {Created: start}} {
		var note []wire.Field
		b, err := wire.Append(nil, s, &note)
		if err != nil {
			t.Fatal(err)
		}
		if err := wire.Covered(note, len(b)); err != nil {
			t.Error(err)
		}
		got, err := session.Parse(b)
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("got %+v, %v, want %+v", got, err, s)
		}
		for n := range b {
			if _, err := session.Parse(b[:n]); reason.Of(err) != reason.Truncated {
				t.Errorf("the first %d bytes: %v", n, err)
			}
		}
		if _, err := session.Parse(append(b, 0)); reason.Of(err) != reason.TrailingBytes {
			t.Errorf("a byte more: %v", err)
		}
	}
}

func TestForeignForm(t *testing.T) {
	b, err := sample().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	b[0] = 99
	if _, err := session.Parse(b); reason.Of(err) != reason.BadValue {
		t.Errorf("another format: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	b, err := sample().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := session.Parse(b)
		if err != nil {
			return
		}
		again, err := s.Marshal()
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x became %x, %v", b, again, err)
		}
	})
}

func TestExpired(t *testing.T) {
	s := sample()
	for at, want := range map[time.Duration]bool{-time.Second: true, 0: false, time.Hour - 1: false, time.Hour: true} {
		if s.Expired(start.Add(at)) != want {
			t.Errorf("%v after its making: expired is not %v", at, want)
		}
	}
}

func TestMemory(t *testing.T) {
	m := session.NewMemory(3)
	value := []byte("v")
	for i := range 5 {
		if err := m.Put(fmt.Sprint(i), value, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	value[0] = 'x' // the store has its own copy
	if m.Len() != 3 {
		t.Errorf("%d entries in a store for 3", m.Len())
	}
	for key, want := range map[string]string{"0": "", "1": "", "2": "v", "4": "v"} {
		if got, err := m.Get(key, start); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
	if got, _ := m.Get("4", start.Add(time.Hour)); got != nil {
		t.Error("an entry outlived its end")
	}
	if err := m.Delete("3"); err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Get("3", start); got != nil {
		t.Error("a deleted entry is still there")
	}
}

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
