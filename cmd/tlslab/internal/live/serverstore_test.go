package live

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
)

// TestStoreInClear: a server says so if the secrets of all sessions leave the machine in
// clear, on their way to Redis; and only then.
func TestStoreInClear(t *testing.T) {
	for url, want := range map[string]bool{
		"redis://127.0.0.1:1": false, "redis://localhost:1": false, "redis://[::1]:1": false, "redis:///1": false,
		"rediss://redis.invalid:1": false, "unix:///nowhere/redis.sock": false,
		"redis://redis.invalid:1": true, "redis://user:secret@redis.invalid:1/2": true,
	} {
		store, err := openStore(url, func(error) {})
		if err != nil {
			t.Fatal(url, err)
		}
		var said bytes.Buffer
		var s serverFlags
		s.Lang = narrate.En
		s.announceStore(&said, new(handshake.Config), store, new(replay.Settings))
		store.redis.Close()
		if got := strings.Contains(said.String(), "rediss://"); got != want {
			t.Errorf("%s: %q", url, &said)
		}
		if url == "redis:///1" && !strings.Contains(said.String(), "Redis at localhost/1") {
			t.Errorf("%s: it is not said where that is: %q", url, &said)
		}
		if strings.Contains(said.String(), "secret@") {
			t.Errorf("%s: a password in %q", url, &said)
		}
	}
}

// TestStoreSays: what a Redis that is refused says of itself is quoted.
func TestStoreSays(t *testing.T) {
	var said bytes.Buffer
	var s serverFlags
	s.Lang, s.resume.store = narrate.En, "redis://localhost:1"
	s.tellStore(&said)(fmt.Errorf("redis: get: %w: ERR \x1b[2J\u202e", errors.New("redis refused the command")))
	if got := said.String(); !strings.Contains(got, `\x1b[2J\u202e`) {
		t.Errorf("%q", got)
	}
}

// longest is a store that notes how long a mark is to last at most.
type longest struct {
	session.Store
	mark time.Duration
}

func (l *longest) Once(key string, expires, now time.Time) (bool, error) {
	l.mark = max(l.mark, expires.Sub(now))
	return l.Store.Once(key, expires, now)
}

// TestMarksOfServer: what server marks against replays lasts as long as its window, and not
// as long as a ticket, whether freshness is among the defences or not: a store in memory
// has room for 100,000 marks. And the window is kept to by all that take early data.
func TestMarksOfServer(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, defend := range []string{defaultDefend, "recording", "recording,freshness", "none", "safe-methods"} {
		store := &longest{Store: session.NewMemory(0)}
		if _, err := store.Began(now.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		r := resumeFlags{numTickets: 2, earlyData: 1000, defend: defend}
		var cfg handshake.Config
		if _, err := r.apply(&cfg, &serverStore{store: store, keys: session.NewTicketKeys(rand.Reader, 0)}, false); err != nil {
			t.Fatal(err)
		}
		in := handshake.EarlyDataInput{Binder: []byte("b"), Session: &session.Session{Created: now.Add(-time.Minute), Lifetime: 2 * time.Hour},
			Age: time.Minute, Elapsed: time.Minute, Time: now}
		if why := cfg.AcceptEarlyData(in); why != "" {
			t.Errorf("--defend %s: %q", defend, why)
		}
		if recording := strings.Contains(defend, "recording"); recording != (store.mark > 0) || store.mark > 2*replay.DefaultWindow+session.ClockSkew {
			t.Errorf("--defend %s: a mark lasts for %v", defend, store.mark)
		} else if recording {
			if why := cfg.AcceptEarlyData(in); why != event.WhySeenBefore {
				t.Errorf("--defend %s: a replay: %q", defend, why)
			}
		}
		in.Time, in.Elapsed, in.Binder = in.Time.Add(11*time.Second), in.Elapsed+11*time.Second, []byte("late")
		if why := cfg.AcceptEarlyData(in); why != event.WhyNotFresh {
			t.Errorf("--defend %s: late by 11 s: %q", defend, why)
		}
	}
}
