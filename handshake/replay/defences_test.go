package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// hello is early data that comes when its client says, under a ticket of an hour made at
// start.
func hello(binder string, sent time.Duration) handshake.EarlyDataInput {
	return arriving(binder, sent, sent)
}

func arriving(binder string, sent, at time.Duration) handshake.EarlyDataInput {
	return handshake.EarlyDataInput{Binder: []byte(binder), Session: &session.Session{Created: start, Lifetime: time.Hour},
		Age: sent, Elapsed: at, Time: start.Add(at)}
}

func TestFreshness(t *testing.T) {
	fresh := replay.Freshness(10 * time.Second)
	for at, want := range map[time.Duration]event.Why{50: "", 60: "", 70: "", 71: event.WhyNotFresh, 49: event.WhyNotFresh} {
		if got := fresh(arriving("b", 60*time.Second, at*time.Second)); got != want {
			t.Errorf("sent at 60 s, there at %d s: %q, want %q", at, got, want)
		}
	}
}

// oldStore began before the ticket was made.
func oldStore(t *testing.T, capacity int) *session.Memory {
	t.Helper()
	m := session.NewMemory(capacity)
	if _, err := m.Began(start.Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRecording(t *testing.T) {
	const s = time.Second
	for _, window := range []time.Duration{0, 10 * s} {
		r := replay.Recording(oldStore(t, 0), window)
		for _, step := range []struct {
			in         handshake.EarlyDataInput
			with, none event.Why // want, with a window and without one
		}{
			{arriving("a", 60*s, 60*s), "", ""},
			{arriving("a", 60*s, 60*s), event.WhySeenBefore, event.WhySeenBefore},
			{arriving("b", 60*s, 61*s), "", ""},
			{arriving("a", 60*s, 70*s), event.WhySeenBefore, event.WhySeenBefore}, // the last moment at which it is fresh
			{arriving("a", 60*s, 71*s), event.WhyNotFresh, event.WhySeenBefore},
			{arriving("a", 60*s, 3599*s), event.WhyNotFresh, event.WhySeenBefore},
		} {
			want := step.with
			if window == 0 {
				want = step.none
			}
			if got := r(step.in); got != want {
				t.Errorf("window %v, %q at %v: %q, want %q", window, step.in.Binder, step.in.Elapsed, got, want)
			}
		}
	}
}

// TestYoungStore: a store that begins 100 s after the ticket was made knows nothing of
// what came before: so nothing is taken that could have, for a whole window.
func TestYoungStore(t *testing.T) {
	const s = time.Second
	young := func() *session.Memory {
		m := session.NewMemory(0)
		if _, err := m.Began(start.Add(100 * s)); err != nil {
			t.Fatal(err)
		}
		return m
	}
	r := replay.Recording(young(), 10*s)
	for _, step := range []struct {
		in   handshake.EarlyDataInput
		want event.Why
	}{
		{arriving("sent before", 95*s, 101*s), event.WhyStoreTooYoung},
		{arriving("sent after", 105*s, 105*s), event.WhyStoreTooYoung}, // by a clock that is ahead it may have been there before
		{arriving("at the end", 110*s, 110*s), event.WhyStoreTooYoung},
		{arriving("behind it", 111*s, 111*s), ""},
		{arriving("behind it", 111*s, 112*s), event.WhySeenBefore},
	} {
		if got := r(step.in); got != step.want {
			t.Errorf("%s: %q, want %q", step.in.Binder, got, step.want)
		}
	}
	r = replay.Recording(young(), 0)
	if got := r(hello("of an old ticket", 3000*s)); got != event.WhyStoreTooYoung {
		t.Errorf("without a window: %q", got)
	}
}

// TestFullStore: without a window marks stay until their tickets end, and when there is no
// room for more of them there is no early data. With one, room comes back.
func TestFullStore(t *testing.T) {
	const marks = 10 // of a Memory for one value
	for _, test := range []struct {
		window time.Duration
		want   event.Why
	}{{0, event.WhyStoreFailed}, {10 * time.Second, ""}} {
		r := replay.Recording(oldStore(t, 1), test.window)
		for i := range marks {
			if got := r(hello(fmt.Sprint(i), 60*time.Second)); got != "" {
				t.Fatalf("window %v, hello %d: %q", test.window, i, got)
			}
		}
		if got := r(hello("one more", 61*time.Second)); got != event.WhyStoreFailed {
			t.Errorf("window %v: %q when full", test.window, got)
		}
		if got := r(hello("later", 80*time.Second)); got != test.want {
			t.Errorf("window %v: %q later, want %q", test.window, got, test.want)
		}
	}
}

func TestConfigure(t *testing.T) {
	store := session.NewMemory(0)
	cfg := &handshake.Config{MaxEarlyData: 5}
	all := replay.Settings{Defences: replay.Defences()}
	if err := all.Configure(cfg, store); err != nil {
		t.Fatal(err)
	}
	if cfg.MaxEarlyData != 0 || cfg.SingleUse != session.Store(store) || cfg.SessionLifetime != replay.DefaultLifetime || cfg.AcceptEarlyData == nil {
		t.Errorf("%+v", cfg)
	}
	if o := all.Bank(); !o.SafeMethods || !o.Idempotency {
		t.Errorf("%+v", o)
	}
	cfg = &handshake.Config{MaxEarlyData: 5}
	none := replay.Settings{}
	if err := none.Configure(cfg, store); err != nil || cfg.MaxEarlyData != 5 || cfg.SingleUse != nil || cfg.SessionLifetime != 0 || cfg.AcceptEarlyData != nil {
		t.Errorf("%+v, %v", cfg, err)
	}
	for _, name := range replay.Defences() { // a defence that remembers nothing would defend nothing, and nobody would know
		cfg, one := new(handshake.Config), replay.Settings{Defences: []string{name}}
		needs := name == replay.SingleUse || name == replay.Record
		if err := one.Configure(cfg, nil); (err != nil) != needs || needs && !strings.Contains(err.Error(), name) {
			t.Errorf("%s without a store: %v", name, err)
		}
	}
	wrong := replay.Settings{Defences: []string{"luck"}}
	if err := wrong.Configure(cfg, store); err == nil {
		t.Error("luck is a defence")
	}
}

// elsewhere is a store with a clock of its own, as Redis has one: a mark lasts as long by
// that as there was from now to its end by the clock of the server that made it. It notes
// how long that was at most.
type elsewhere struct {
	session.Store // for Began
	clock         time.Duration
	ends          map[string]time.Duration
	longest       time.Duration
}

func (e *elsewhere) Once(key string, expires, now time.Time) (bool, error) {
	if end, ok := e.ends[key]; ok && e.clock < end {
		return false, nil
	}
	e.ends[key] = e.clock + expires.Sub(now)
	e.longest = max(e.longest, expires.Sub(now))
	return true, nil
}

// TestMarksLast: a mark lasts as long as what it keeps out could be accepted, by a server
// whose clock is behind as far as clocks may be; and no longer: so a thousand flights of
// early data in a second, for three minutes, find room in a store of the usual size. Where
// no window is kept to, it must last as long as the ticket.
func TestMarksLast(t *testing.T) {
	const s, window = time.Second, replay.DefaultWindow
	for _, test := range []struct {
		settings        replay.Settings
		longest         time.Duration // of a mark
		replayed, older event.Why     // what is said of a replay, and of one at the ticket's end
	}{
		{replay.Settings{Defences: []string{replay.Record}, Late: window}, 2*window + session.ClockSkew + time.Millisecond, event.WhySeenBefore, event.WhyNotFresh},
		{replay.Settings{Defences: []string{replay.Record, replay.Fresh}}, 2*window + session.ClockSkew + time.Millisecond, event.WhySeenBefore, event.WhyNotFresh},
		{replay.Settings{Defences: []string{replay.Record}}, time.Hour + session.ClockSkew, event.WhySeenBefore, event.WhySeenBefore},
	} {
		store := &elsewhere{Store: oldStore(t, 0), ends: map[string]time.Duration{}}
		var cfg handshake.Config
		if err := test.settings.Configure(&cfg, store); err != nil {
			t.Fatal(err)
		}
		accept := cfg.AcceptEarlyData
		for _, drift := range []time.Duration{-window, 0, window} { // of the client's clock
			binder := drift.String()
			store.clock = 100*s + drift
			if got := accept(arriving(binder, 100*s, 100*s+drift)); got != "" {
				t.Errorf("%+v: drift %v: %q", test.settings, drift, got)
			}
			for at := 80 * s; at < 140*s; at += s / 2 {
				for _, skew := range []time.Duration{0, session.ClockSkew} { // of another server's clock: one behind sees less time go by
					store.clock = at
					in := arriving(binder, 100*s, at-skew)
					fresh := replay.Freshness(window)(in) == ""
					if at < 100*s+drift && !fresh {
						continue
					}
					if got := accept(in); got == "" || fresh && got != test.replayed {
						t.Errorf("%+v: drift %v: a replay at %v, clock %v behind: %q", test.settings, drift, at, skew, got)
					}
				}
			}
			store.clock = time.Hour - s
			if got := accept(arriving(binder, 100*s, time.Hour-s)); got != test.older {
				t.Errorf("%+v: a replay at the ticket's end: %q", test.settings, got)
			}
		}
		if store.longest > test.longest || store.longest < test.longest/2 {
			t.Errorf("%+v: a mark lasts for %v, want at most %v", test.settings, store.longest, test.longest)
		}
		if test.older == event.WhySeenBefore {
			continue
		}
		if err := test.settings.Configure(&cfg, oldStore(t, 0)); err != nil {
			t.Fatal(err)
		}
		for i := range 200_000 {
			if got := cfg.AcceptEarlyData(hello(fmt.Sprint(i), 200*s+time.Duration(i)*s/1000)); got != "" {
				t.Fatalf("%+v: flight %d of early data, 1000 a second: %q", test.settings, i, got)
			}
		}
	}
}

// TestLate: a store that has just begun takes early data under a ticket that it saw made,
// where a window is kept to and not asked for as a defence.
func TestLate(t *testing.T) {
	const s = time.Second
	late := replay.Settings{Defences: []string{replay.Record}, Late: 10 * s}
	for _, test := range []struct {
		began time.Duration
		in    handshake.EarlyDataInput
		want  event.Why
	}{
		{-s, hello("of a young ticket", s), ""},
		{0, hello("of a ticket as old as the store", s), event.WhyStoreTooYoung},
		{100 * s, hello("of an old ticket", 3000*s), event.WhyStoreTooYoung},
		{-s, arriving("late", 60*s, 71*s), event.WhyNotFresh},
	} {
		m := session.NewMemory(0)
		if _, err := m.Began(start.Add(test.began)); err != nil {
			t.Fatal(err)
		}
		var cfg handshake.Config
		if err := late.Configure(&cfg, m); err != nil {
			t.Fatal(err)
		}
		if got := cfg.AcceptEarlyData(test.in); got != test.want {
			t.Errorf("%s: %q, want %q", test.in.Binder, got, test.want)
		}
	}
	late.Defences = nil
	var cfg handshake.Config
	if err := late.Configure(&cfg, nil); err != nil {
		t.Fatal(err)
	}
	if got := cfg.AcceptEarlyData(arriving("late", 60*s, 71*s)); got != event.WhyNotFresh {
		t.Errorf("without Record: %q", got)
	}
}
