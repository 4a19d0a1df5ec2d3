package session_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/wire"
)

func ticketKey(t testing.TB, seed byte) *session.TicketKey {
	t.Helper()
	k, err := session.NewTicketKey(rand.NewChaCha8([32]byte{seed}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func given(t testing.TB, seals *session.TicketKey, opens ...session.TicketKey) *session.TicketKeys {
	t.Helper()
	keys, err := session.NewGivenTicketKeys(*seals, opens...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// What is kept of a key is what is read again, byte for byte; and any other bytes are refused, by what
// is wrong with them.
func TestTicketKeyBytes(t *testing.T) {
	k := ticketKey(t, 1)
	b, err := k.Marshal()
	if err != nil || len(b) != session.TicketKeyLen || !bytes.HasPrefix(b, []byte("tlslab ticket key 1\n")) {
		t.Fatalf("%q, %v", b, err)
	}
	got, err := session.ParseTicketKey(b)
	if err != nil || *got != *k {
		t.Errorf("got %+v, %v, want %+v", got, err, k)
	}
	var note []wire.Field
	if err := wire.Parse(b, new(session.TicketKeyFile), &note); err != nil {
		t.Fatal(err)
	}
	if err := wire.Covered(note, len(b)); err != nil {
		t.Error(err)
	}
	for n := range b {
		if _, err := session.ParseTicketKey(b[:n]); reason.Of(err) != reason.Truncated {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
	if _, err := session.ParseTicketKey(append(bytes.Clone(b), 0)); reason.Of(err) != reason.TrailingBytes {
		t.Errorf("a byte more: %v", err)
	}
	fields := map[string]int{}
	for i := range b {
		changed := bytes.Clone(b)
		changed[i] ^= 1
		_, err := session.ParseTicketKey(changed)
		var e *reason.Error
		if !errors.As(err, &e) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		fields[e.Field]++
	}
	for field, n := range map[string]int{"ticket_key_file.magic": 18, "ticket_key_file.version": 1, "ticket_key_file.newline": 1, "ticket_key_file.digest": 80} {
		if fields[field] != n {
			t.Errorf("%d changed bytes are a matter of %s, want %d", fields[field], field, n)
		}
	}
}

// Keys that are given open each other's tickets wherever they are given, as long as that may be, and the
// first seals: one that came after another opens what that has sealed, and says that a new one is due.
func TestGivenKeys(t *testing.T) {
	a, b := ticketKey(t, 1), ticketKey(t, 2)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before, after, without := given(t, a), given(t, b, *a), given(t, b)
	ticket := seal(t, before, now)
	for _, test := range []struct {
		name  string
		keys  *session.TicketKeys
		opens bool
		old   bool
	}{{"the same", before, true, false}, {"another of that key", given(t, a), true, false}, {"after a change", after, true, true}, {"after the next", without, false, false}} {
		for _, later := range []time.Duration{-time.Hour, 0, time.Hour, 1000 * time.Hour} { // a session's own lifetime is another matter
			s, old, err := test.keys.Open(ticket, now.Add(later))
			if (err == nil) != test.opens || (s != nil) != test.opens || old != test.old {
				t.Errorf("%s, %v later: %v, old %v, %v", test.name, later, s, old, err)
			}
		}
	}
	if _, old, err := without.Open(seal(t, after, now.Add(-1000*time.Hour)), now); err != nil || old {
		t.Errorf("the new key does not seal: %v, %v", old, err)
	}
	if _, _, err := before.Open(seal(t, session.NewTicketKeys(rand.NewChaCha8([32]byte{3}), 0), now), now); !errors.Is(err, session.ErrForeignTicket) {
		t.Errorf("a ticket of no key that was given: %v", err)
	}
}

// Of two keys of one name a ticket could not say which is meant.
func TestGivenTwice(t *testing.T) {
	a := ticketKey(t, 1)
	other := *ticketKey(t, 2)
	other.Name = a.Name
	for _, opens := range [][]session.TicketKey{{*a}, {other}} {
		if _, err := session.NewGivenTicketKeys(*a, opens...); reason.Of(err) != reason.BadValue {
			t.Errorf("%v", err)
		}
	}
}

// TestKeyOfZeros: a key that nobody has drawn is no key, whether it is given or read.
func TestKeyOfZeros(t *testing.T) {
	zeros := new(session.TicketKey)
	if _, err := session.NewGivenTicketKeys(*zeros); reason.Of(err) != reason.BadValue {
		t.Errorf("given: %v", err)
	}
	if _, err := session.NewGivenTicketKeys(*ticketKey(t, 1), *zeros); reason.Of(err) != reason.BadValue {
		t.Errorf("given to open: %v", err)
	}
	b, err := zeros.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.ParseTicketKey(b); reason.Of(err) != reason.BadValue {
		t.Errorf("read: %v", err)
	}
}
