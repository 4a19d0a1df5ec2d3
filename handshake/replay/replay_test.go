package replay_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/replay"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
)

func run(t *testing.T, attack, defences string, o replay.Options) *replay.Result {
	t.Helper()
	d, err := replay.ParseDefences(defences)
	if err != nil {
		t.Fatal(err)
	}
	if o.Seed == "" {
		o.Seed = "test"
	}
	r, err := replay.Run(context.Background(), attack, d, o)
	if err != nil {
		t.Fatalf("%s against %q: %v", attack, defences, err)
	}
	return r
}

// TestFacts: what was tried beside moving money.
func TestFacts(t *testing.T) {
	for _, test := range []struct {
		attack, defences string
		login            replay.Login
		want             map[replay.FactName]bool
	}{
		{"stolen-master", "lifetime", replay.ByCookie, map[replay.FactName]bool{
			replay.FactReadsRecording: true, replay.FactSessionResumed: true, replay.FactSessionIsLogin: false, // the cookie is, and it is in the recording
			replay.FactReadsRecordingInTheEnd: true, replay.FactPSKOpensItsConnection: false}},
		{"stolen-master", "", replay.ByCertificate, map[replay.FactName]bool{replay.FactSessionIsLogin: true}},
		{"ticket-with-secret", "", replay.ByCookie, map[replay.FactName]bool{replay.FactPSKOpensItsConnection: false, replay.FactReadsRecording: true}},
		// That later data stays closed is only worth something beside what opens it.
		{"stolen-ticket-key", "", replay.ByCookie, map[replay.FactName]bool{replay.FactReadsTLS12Recording: true, replay.FactReadsEarlyData: true,
			replay.FactReadsLaterData: false, replay.FactReadsLaterDataWithPSKKE: true, replay.FactAliceBelievesHim: true}},
		{"stolen-ticket-key", "no-early-data", replay.ByCookie, map[replay.FactName]bool{replay.FactReadsEarlyData: false, replay.FactAliceBelievesHim: true}},
		{"early-data", "", replay.ByCookie, map[replay.FactName]bool{replay.FactGetAnsweredAgain: true}},
		{"early-data", "safe-methods", replay.ByCookie, map[replay.FactName]bool{replay.FactGetAnsweredAgain: true}},
		{"early-data", "recording", replay.ByCookie, map[replay.FactName]bool{replay.FactGetAnsweredAgain: false}},
	} {
		r := run(t, test.attack, test.defences, replay.Options{Login: test.login})
		for name, want := range test.want {
			if got, asked := r.Fact(name); got != want || !asked {
				t.Errorf("%s against %q: %s is %v, want %v; asked: %v", test.attack, test.defences, name, got, want, asked)
			}
		}
	}
	if yes, asked := run(t, "ticket", "", replay.Options{}).Fact(replay.FactReadsRecording); yes || asked {
		t.Errorf("what is not asked has the answer %v, %v", yes, asked)
	}
	for _, test := range []struct {
		attack, defences string
		want             map[replay.FactName]handshake.EarlyDataStatus
	}{
		{"restart", "", map[replay.FactName]handshake.EarlyDataStatus{replay.FactEarlyDataAfterRestart: handshake.EarlyDataAccepted, replay.FactEarlyDataAfterWindow: handshake.EarlyDataAccepted}},
		{"restart", "recording,freshness", map[replay.FactName]handshake.EarlyDataStatus{replay.FactEarlyDataAfterRestart: handshake.EarlyDataRejected, replay.FactEarlyDataAfterWindow: handshake.EarlyDataAccepted}},
		{"drop-and-retry", "recording,freshness,single-use", map[replay.FactName]handshake.EarlyDataStatus{replay.FactRetryEarlyData: handshake.EarlyDataAccepted}},
	} {
		got := map[replay.FactName]handshake.EarlyDataStatus{}
		for _, f := range run(t, test.attack, test.defences, replay.Options{}).EarlyDataFacts {
			got[f.Name] = f.Status
		}
		if !maps.Equal(got, test.want) {
			t.Errorf("%s against %q: early data was %v, want %v", test.attack, test.defences, got, test.want)
		}
	}
}

// TestOldCookie: with a cookie, a resumed session of TLS 1.3 alone moves nothing.
func TestOldCookie(t *testing.T) {
	r := run(t, "ticket-with-secret", "", replay.Options{})
	if route := r.Routes[0]; route.Name != replay.RouteTLS13 || route.Outcome != replay.Stopped || route.Attempts[0].Why != replay.Why(bank.NoLogin) {
		t.Errorf("%+v", route)
	}
}

// TestSeeded: a seed is all that a run depends on, to the byte.
func TestSeeded(t *testing.T) {
	for _, a := range replay.Attacks() {
		var sums [3]string
		for i, seed := range []string{"one", "one", "two"} {
			h := sha256.New()
			listener := event.ListenerFunc(func(e event.Event) {
				fmt.Fprintf(h, "%d %s %v\n", e.Head().Seq, e.Head().Party, e.Head().Time)
				switch e := e.(type) {
				case *event.Record:
					fmt.Fprintf(h, "%x\n", e.Wire)
				case event.Scene:
					fmt.Fprintf(h, "%s %v\n", e.Key(), e.Values())
				}
			})
			run(t, a.Name, "recording", replay.Options{Seed: seed, Listener: listener})
			sums[i] = fmt.Sprintf("%x", h.Sum(nil))
		}
		if sums[0] != sums[1] || sums[0] == sums[2] {
			t.Errorf("%s: %v", a.Name, sums)
		}
	}
}

// TestVocabulary: what is told is listed, and what is listed is told.
func TestVocabulary(t *testing.T) {
	scenes, facts, routes, reasons := map[event.SceneKey]bool{}, map[replay.FactName]bool{}, map[replay.RouteName]bool{}, map[replay.Why]bool{}
	listener := event.ListenerFunc(func(e event.Event) {
		if s, ok := e.(event.Scene); ok {
			scenes[s.Key()] = true
		}
	})
	for _, a := range replay.Attacks() {
		for _, defences := range replay.Columns() {
			r, err := replay.Run(context.Background(), a.Name, defences, replay.Options{Seed: "words", Listener: listener})
			if err != nil {
				t.Fatal(err)
			}
			reasons[r.Reason] = true
			for _, f := range r.Facts {
				facts[f.Name] = true
			}
			for _, f := range r.EarlyDataFacts {
				facts[f.Name] = true
			}
			for _, route := range r.Routes {
				routes[route.Name] = true
				for _, x := range route.Attempts {
					reasons[x.Why] = true
				}
			}
		}
	}
	same(t, scenes, replay.SceneKeys())
	same(t, facts, replay.Facts())
	same(t, routes, replay.Routes())
	delete(reasons, "")
	for r := range reasons {
		if !slices.Contains(replay.Reasons(), r) {
			t.Errorf("the reason %q is not listed", r)
		}
	}
}

// same holds that what is told is what is listed.
func same[T cmp.Ordered](t *testing.T, told map[T]bool, listed []T) {
	t.Helper()
	if got, want := slices.Sorted(maps.Keys(told)), slices.Sorted(slices.Values(listed)); !slices.Equal(got, want) {
		t.Errorf("%T: told %v, listed %v", listed, got, want)
	}
}

// TestLedger: the money is on disk, for whoever looks.
func TestLedger(t *testing.T) {
	dir := t.TempDir()
	r := run(t, "early-data", "freshness", replay.Options{Dir: dir})
	ledgers, err := filepath.Glob(filepath.Join(dir, "*", "ledger.db"))
	if err != nil || len(ledgers) != 1 {
		t.Fatal(ledgers, err)
	}
	b, err := bank.Open(ledgers[0], bank.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	lines, err := b.Transfers()
	if err != nil || len(lines) != 3 || lines[0] != lines[2] {
		t.Errorf("%+v, %v", lines, err)
	}
	if got, err := b.Balance("mallory"); err != nil || got != r.Mallory || got != 300 {
		t.Errorf("mallory has %d, %v; the verdict says %d", got, err, r.Mallory)
	}
}

// TestNothingLeft: without Dir there is no trace.
func TestNothingLeft(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	run(t, "restart", "", replay.Options{})
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestSharedStore: a store that outlives runs with one seed does not mix them up; and one
// that fails means no early data.
func TestSharedStore(t *testing.T) {
	store := session.NewMemory(0)
	for range 2 {
		r := run(t, "second-server-shared", "recording", replay.Options{Shared: store, SharedName: "ours"})
		if r.Outcome != replay.Stopped || r.Reason != replay.Why(event.WhySeenBefore) || r.Moved != 0 || r.Mallory != 100 {
			t.Errorf("%+v", r.Verdict)
		}
	}
	for _, defences := range []string{"recording", "single-use"} {
		r := run(t, "second-server-shared", defences, replay.Options{Shared: broken{session.NewMemory(0)}})
		if r.Outcome != replay.Stopped || r.Reason != replay.Why(event.WhyStoreFailed) || r.Mallory != 100 {
			t.Errorf("%s: %+v", defences, r.Verdict)
		}
	}
}

type broken struct{ *session.Memory }

func (broken) Once(string, time.Time, time.Time) (bool, error) { return false, session.ErrUnavailable }

// TestUnknown: what there is not is said with what there is.
func TestUnknown(t *testing.T) {
	ctx := context.Background()
	var unknown *replay.UnknownError
	_, err := replay.Run(ctx, "ticket-", nil, replay.Options{})
	if !errors.As(err, &unknown) || unknown.What != "attack" || len(unknown.Known) != 12 {
		t.Error(err)
	}
	if _, err = replay.Run(ctx, "ticket", []string{"luck"}, replay.Options{}); !errors.As(err, &unknown) || unknown.What != "defence" {
		t.Error(err)
	}
	if _, err = replay.Run(ctx, "ticket", nil, replay.Options{Login: "smile"}); !errors.As(err, &unknown) || unknown.What != "login" {
		t.Error(err)
	}
	if _, err = replay.ParseDefences("recording,,"); !errors.As(err, &unknown) {
		t.Error(err)
	}
	if d, err := replay.ParseDefences("none"); d != nil || err != nil {
		t.Error(d, err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := replay.Run(ctx, "early-data", nil, replay.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := replay.Matrix(ctx, replay.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestUnseeded: without a seed it is the same lesson.
func TestUnseeded(t *testing.T) {
	r, err := replay.Run(context.Background(), "early-data", nil, replay.Options{Window: 3e9, Lifetime: 60e9})
	if err != nil || r.Outcome != replay.NotStopped || r.Moved != 600 || r.Routes[0].Attempts[1].After.String() != "3s" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestTicketKeyIsNoName: what is called a key never goes by in clear. Its name does, at the
// beginning of each ticket that it seals (RFC 5077 §4).
func TestTicketKeyIsNoName(t *testing.T) {
	var wire []byte
	var stolen []*replay.StolenTicketKey
	run(t, "stolen-ticket-key", "", replay.Options{Listener: event.ListenerFunc(func(e event.Event) {
		switch e := e.(type) {
		case *event.Record:
			wire = append(wire, e.Wire...)
		case *replay.StolenTicketKey:
			stolen = append(stolen, e)
		}
	})})
	if len(stolen) == 0 {
		t.Fatal("no key is stolen")
	}
	for _, s := range stolen {
		if len(s.Name) != 16 || !bytes.Contains(wire, s.Name) {
			t.Errorf("%x is no name that goes by", s.Name)
		}
		if key := s.Secret; len(key) != 32 || bytes.Contains(wire, key[:16]) || bytes.Contains(wire, key[16:]) {
			t.Errorf("the key %x is no key, or goes by in clear", key)
		}
	}
}
