package stage_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	randv2 "math/rand/v2"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/stage"
)

func draw(t *testing.T, r io.Reader, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestStreams: a party's bytes are its seed's and its name's alone, and it goes on from where
// it left off. The derivation is part of what a seed promises: a course has handed out numbers.
func TestStreams(t *testing.T) {
	s := stage.New(t.Context(), "alice")
	client := draw(t, s.Stream("client"), 8)
	draw(t, s.Stream("server"), 100)
	client = append(client, draw(t, s.Stream("client"), 8)...)
	want := draw(t, randv2.NewChaCha8(sha256.Sum256([]byte("tlslab seed\x00alice\x00client"))), 16)
	if !bytes.Equal(client, want) {
		t.Errorf("% x, want % x", client, want)
	}
	for _, other := range []*stage.Stage{stage.New(t.Context(), "bob"), stage.New(t.Context(), ""), new(stage.Stage)} {
		if bytes.Equal(draw(t, other.Stream("client"), 16), want) {
			t.Error("another seed, or none, gives the same bytes")
		}
	}
}

// TestClock: it stands at Epoch under a seed, is real without one, and moves for who moves it.
func TestClock(t *testing.T) {
	s := stage.New(t.Context(), "1")
	if !s.Now().Equal(stage.Epoch) {
		t.Errorf("%v", s.Now())
	}
	s.Pass(time.Hour)
	if want := stage.Epoch.Add(time.Hour); !s.Now().Equal(want) {
		t.Errorf("%v, want %v", s.Now(), want)
	}
	free := stage.New(t.Context(), "")
	before := time.Now()
	if now := free.Now(); now.Before(before) {
		t.Errorf("%v is before %v", now, before)
	}
	at := before.Truncate(time.Second)
	free.SetClock(at)
	free.Pass(time.Nanosecond)
	if !free.Now().Equal(at.Add(time.Nanosecond)) {
		t.Errorf("%v, want 1 ns after %v", free.Now(), at)
	}
}

// TestNumbers: one sequence through all parties, and one for connections.
func TestNumbers(t *testing.T) {
	var heard []uint64
	s := &stage.Stage{Listener: event.ListenerFunc(func(e event.Event) { heard = append(heard, e.Head().Seq) })}
	for range 2 {
		s.Event(&event.Stop{Meta: event.Meta{Party: "client", Seq: 17}})
		s.Event(&event.Alert{Meta: event.Meta{Party: "server", Seq: 4}})
	}
	s.Scene("ca", new(event.Outcome))
	if len(heard) != 5 || heard[0] != 1 || heard[4] != 5 {
		t.Errorf("events are numbered %v", heard)
	}
	if a, b := s.NewConn(), s.NewConn(); a != 1 || b != 2 {
		t.Errorf("connections are numbered %d and %d", a, b)
	}
}

// TestScene: a scene has the time and the party of its telling.
func TestScene(t *testing.T) {
	s := stage.New(t.Context(), "1")
	s.Pass(time.Minute)
	scene := &event.Outcome{Done: true}
	s.Scene("ca", scene)
	if h := scene.Head(); h.Party != "ca" || !h.Time.Equal(stage.Epoch.Add(time.Minute)) || h.Seq != 1 {
		t.Errorf("%+v", h)
	}
}
