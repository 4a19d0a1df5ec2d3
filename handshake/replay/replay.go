// Package replay plays attacks by replay, and by what a thief of session secrets can do,
// against a small bank (package bank) behind servers of ours; and tells what each defence
// is worth.
//
// Everything happens: handshakes are the engine's, recorded bytes are fed again, thieves
// open what their loot opens, money moves in a ledger on disk. A Verdict is computed from
// what the bank's ledger says afterwards, attempt by attempt, and from nothing else. There
// are no sockets and nobody waits: the world has a clock of its own.
//
// It shows nothing: package render/replays does.
//
// defences.go is also what a real server defends itself with: see Settings.Configure.
//
// Read replay.go, then attack.go (the list), then early.go for the attacks that work;
// world.go, server.go and client.go are the parties, scenes.go and loot.go what a Listener
// is told of them.
package replay

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/session"
)

// Login is how alice shows the bank who she is.
type Login string

// The logins. A certificate is part of the TLS session: a client that resumes the session is
// logged in. A cookie is not part of it: the client must have it as well.
const (
	ByCookie      Login = "cookie"
	ByCertificate Login = "certificate"
)

// Options are what an attack is played under. The zero value is good.
type Options struct {
	// Seed makes two runs byte-identical, and fixes the clock at 2026-01-01T00:00:00Z.
	// Empty: real randomness, and a clock that starts now.
	Seed        string
	Listener    event.Listener // told of all that happens; nil: nobody
	ShowSecrets bool           // also of every event.Secret

	Login    Login         // ByCookie
	Window   time.Duration // of the freshness defence; DefaultWindow
	Lifetime time.Duration // of the lifetime defence; DefaultLifetime

	// Store makes a server's own store, each time it starts; it must go by the times that
	// it is told. Nil: session.NewMemory.
	Store func() (session.Store, error)
	// Shared is the store of a whole service, say a Redis server's, for the attack that is
	// about one; nil: a Store in the process. It may have a clock of its own, and be in use
	// by others: it is told times of its own, and keys with a prefix that no other run has.
	Shared session.Store
	// SharedName says in the transcript what Shared is, "redis://..."; "": in the process.
	SharedName string
	// Dir is where the ledgers are made, a directory for each run, and left behind. "": a
	// temporary directory, removed afterwards.
	Dir string
}

func (o *Options) login() Login {
	if o.Login == "" {
		return ByCookie
	}
	return o.Login
}

// Outcome is how far an attack got.
type Outcome string

// The outcomes, from the best to the worst.
const (
	Stopped    Outcome = "stopped"     // it never worked
	Limited    Outcome = "limited"     // it worked, and then no longer
	NotStopped Outcome = "not_stopped" // it worked as often as it was tried
)

// Outcomes lists every Outcome.
func Outcomes() []Outcome { return []Outcome{Stopped, Limited, NotStopped} }

// Limit is what a limited attack is limited in.
type Limit string

// The limits.
const (
	ByCount Limit = "count" // it works a number of times
	ByTime  Limit = "time"  // it works for some time
)

// Verdict is what became of one attack under some defences.
type Verdict struct {
	Attack   string
	Defences []string
	Outcome  Outcome
	// Reason is why the attack was stopped, or was stopped at last; why the bank was
	// robbed if it was not.
	Reason Why
	// Of a limited attack: in what, how many times it worked, how long after the capture
	// it last did, and when it was first found not to.
	Limit Limit
	Times int
	For   time.Duration
	Until time.Duration

	// Remembers is the longest that a server was asked to remember something by a defence:
	// what the recording of ClientHellos costs without a window of freshness.
	Remembers time.Duration

	Moved   int64 // that alice did not want moved
	Alice   int64 // what the ledger says she has in the end
	Mallory int64 // and what the attacker has
}

// Result is a Verdict with its evidence.
type Result struct {
	Verdict
	Routes []Route
	// What else was found out, each tried.
	Facts          []Fact
	EarlyDataFacts []EarlyDataFact
}

// Fact returns the answer to a question; asked is false where this attack does not ask it.
func (r *Result) Fact(name FactName) (yes, asked bool) {
	i := slices.IndexFunc(r.Facts, func(f Fact) bool { return f.Name == name })
	return i >= 0 && r.Facts[i].Yes, i >= 0
}

// Route is one way in which an attack tries.
type Route struct {
	Name     RouteName
	Outcome  Outcome
	Attempts []Attempt
}

// Attempt is one try.
type Attempt struct {
	After  time.Duration // since the capture or the theft
	Server string        // against which
	Worked bool
	Why    Why   // it did not; "" if it did
	Moved  int64 // money that alice did not want moved
}

// Run plays one attack against a bank with the given defences. The error is an
// *UnknownError, or comes from ctx or the ledger; an attack that fails is no error.
func Run(ctx context.Context, attack string, defences []string, o Options) (*Result, error) {
	a, err := find(attack)
	if err != nil {
		return nil, err
	}
	if err := check(defences); err != nil {
		return nil, err
	}
	if l := o.login(); l != ByCookie && l != ByCertificate {
		return nil, &UnknownError{"login", string(l), []string{string(ByCookie), string(ByCertificate)}}
	}
	w, err := newWorld(ctx, a, defences, o)
	if err != nil {
		return nil, err
	}
	r, err := w.play()
	if e := w.close(); err == nil {
		err = e
	}
	return r, err
}

// Columns are the sets of defences that Matrix tries.
func Columns() [][]string {
	columns := [][]string{nil}
	for _, d := range Defences() {
		columns = append(columns, []string{d})
	}
	return append(columns, []string{Record, Fresh})
}

// Matrix plays every attack under every set of Columns: a row for each of Attacks. The
// Listener is not told, as several are played at once.
func Matrix(ctx context.Context, o Options) ([][]Verdict, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	o.Listener = nil
	rows := make([][]Verdict, len(Attacks()))
	type cell struct{ row, column int }
	cells := make(chan cell)
	var players sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		players.Go(func() {
			for c := range cells {
				r, err := Run(ctx, Attacks()[c.row].Name, Columns()[c.column], o)
				if err != nil {
					cancel(err)
					continue
				}
				rows[c.row][c.column] = r.Verdict
			}
		})
	}
	for i := range rows {
		rows[i] = make([]Verdict, len(Columns()))
	}
	for i := range rows {
		for j := range rows[i] {
			cells <- cell{i, j}
		}
	}
	close(cells)
	players.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return rows, nil
}
