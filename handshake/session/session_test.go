package session_test

import (
	"bytes"
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
	s := &session.Session{Version: iana.TLS12, Suite: 0xc02f, EMS: true, Group: iana.X25519, Staple: []byte("staple"), ServerName: "www.lab.test", Protocol: "h2",
		Created: start, Lifetime: time.Hour, PeerChain: [][]byte{{1, 2}, {3}}, OwnCertificates: []byte("own"), ID: []byte("id"), Ticket: []byte("ticket")}
	copy(s.Master[:], bytes.Repeat([]byte{7}, 48))
	return s
}

func TestStoredForm(t *testing.T) {
	for _, s := range []*session.Session{sample(), sample13(), {Created: start}} {
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
	for _, format := range []byte{0, 1, 2, 3, 4, b[0] + 2, 99} { // what earlier versions wrote, and what later ones may
		b[0] = format
		if _, err := session.Parse(b); reason.Of(err) != reason.BadValue {
			t.Errorf("format %d: %v", format, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := sample().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	if b, err = sample13().Marshal(); err != nil {
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

// TestCreatedRoundsUp: a session that was stored is never older than it is, by the
// milliseconds in which a client says how old its ticket is; and is none from the future.
func TestCreatedRoundsUp(t *testing.T) {
	for _, past := range []time.Duration{0, 1, 999_999, time.Millisecond, 999_999_999} { // behind a whole second
		s := sample13()
		s.Created = start.Add(past)
		b, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := session.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		if got.Created.Before(s.Created) || got.Created.Sub(s.Created) >= time.Millisecond {
			t.Errorf("created at %v, stored as %v", s.Created, got.Created)
		}
		for _, age := range []time.Duration{0, 1, 500_000, 999_999, time.Millisecond, 1_700_000} {
			now := s.Created.Add(age)
			if said := now.Sub(got.Created).Milliseconds(); said < 0 || said > age.Milliseconds() {
				t.Errorf("created %v behind a second: at an age of %v it says %d ms", past, age, said)
			}
			if got.Expired(now) {
				t.Errorf("created %v behind a second: expired at an age of %v", past, age)
			}
		}
		if !got.Expired(s.Created.Add(-time.Millisecond)) {
			t.Errorf("created %v behind a second: good a millisecond before", past)
		}
	}
}
