package replay

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/replay/bank"
	"tlslab/handshake/session"
)

// The defences, as command lines name them.
const (
	Lifetime     = "lifetime"      // sessions, tickets and logins end soon
	SingleUse    = "single-use"    // a ticket is good for one time (RFC 9846 §8.1)
	Record       = "recording"     // ClientHellos are remembered (RFC 9846 §8.2)
	Fresh        = "freshness"     // a ClientHello must not be older than it says (RFC 9846 §8.3)
	SafeMethods  = "safe-methods"  // the bank takes no POST as early data (RFC 8470)
	Idempotency  = "idempotency"   // the bank makes one transfer for each key
	NoEarlyData  = "no-early-data" // the server allows none
	noDefence    = "none"
	maximumLife  = 7 * 24 * time.Hour // what RFC 9846 §4.7.1 allows at most: how long all lasts without Lifetime
	maxEarlyData = 1 << 14
)

// Defences lists their names.
func Defences() []string {
	return []string{Lifetime, SingleUse, Record, Fresh, SafeMethods, Idempotency, NoEarlyData}
}

// ParseDefences reads a list with commas; "none" and "" mean no defences. The error is an
// *UnknownError.
func ParseDefences(list string) ([]string, error) {
	if list == "" || list == noDefence {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, check(names)
}

// UnknownError is a name of nothing that there is.
type UnknownError struct {
	What  string // "defence", "attack", "login"
	Name  string
	Known []string
}

// Error says what there is.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %q; known are %s", e.What, e.Name, strings.Join(e.Known, ", "))
}

func check(names []string) error {
	for _, name := range names {
		if !slices.Contains(Defences(), name) {
			return &UnknownError{"defence", name, Defences()}
		}
	}
	return nil
}

// Settings are defences, and how strict they are.
type Settings struct {
	Defences []string
	Window   time.Duration // of Fresh: by how much a ClientHello may be late; DefaultWindow
	Lifetime time.Duration // of Lifetime; DefaultLifetime
	// Late is by how much a ClientHello may be late without Fresh, for early data to be
	// taken: RFC 9846 §4.3.10 demands such a limit of every server. With a limit, what
	// Record marks need not be remembered for longer. 0: no limit is kept to here, and
	// marks stay until their tickets end.
	Late time.Duration
}

// The defaults. The window is RFC 9846 §8.3's for clients on the Internet.
const (
	DefaultWindow   = 10 * time.Second
	DefaultLifetime = 10 * time.Minute
)

func (s *Settings) has(name string) bool { return slices.Contains(s.Defences, name) }

func (s *Settings) window() time.Duration {
	if s.Window <= 0 {
		return DefaultWindow
	}
	return s.Window
}

// lifetime is how long a session, a ticket and a login last.
func (s *Settings) lifetime() time.Duration {
	switch {
	case !s.has(Lifetime):
		return maximumLife
	case s.Lifetime <= 0:
		return DefaultLifetime
	}
	return s.Lifetime
}

// Configure makes a server defend itself: it sets what the defences that are TLS's need.
// Without Lifetime a SessionLifetime stays, without NoEarlyData MaxEarlyData does, and
// AcceptEarlyData without Fresh, Late and Record. store
// is where the server, or the whole service, marks what was seen; it must know by now
// since when it remembers (session.Store's Began). It may be nil without SingleUse and
// Record. The error is an *UnknownError, or says which defence lacks a store; cfg is then as
// it was.
func (s *Settings) Configure(cfg *handshake.Config, store session.Store) error {
	if err := check(s.Defences); err != nil {
		return err
	}
	for _, name := range []string{SingleUse, Record} {
		if store == nil && s.has(name) {
			return fmt.Errorf("defence %q needs a store to remember in", name)
		}
	}
	if s.has(Lifetime) {
		cfg.SessionLifetime = s.lifetime()
	}
	if s.has(SingleUse) {
		cfg.SingleUse = store
	}
	if s.has(NoEarlyData) {
		cfg.MaxEarlyData = 0
	}
	late := max(s.Late, 0)
	if s.has(Fresh) {
		late = s.window()
	}
	var accept []func(handshake.EarlyDataInput) event.Why
	if late > 0 {
		accept = append(accept, Freshness(late))
	}
	if s.has(Record) {
		accept = append(accept, recording{store: store, window: late, strict: s.has(Fresh)}.accept)
	}
	if len(accept) > 0 {
		cfg.AcceptEarlyData = All(accept...)
	}
	return nil
}

// Bank is what the bank has to do for those defences that are a matter of the application.
func (s *Settings) Bank() bank.Options {
	return bank.Options{SafeMethods: s.has(SafeMethods), Idempotency: s.has(Idempotency)}
}

// All is for Config.AcceptEarlyData: it asks several in turn, and returns the first reason
// against the early data, or "".
func All(accept ...func(handshake.EarlyDataInput) event.Why) func(handshake.EarlyDataInput) event.Why {
	return func(in handshake.EarlyDataInput) event.Why {
		for _, f := range accept {
			if why := f(in); why != "" {
				return why
			}
		}
		return ""
	}
}

// sent is when a ClientHello should have come, by the age that it says its ticket has
// (RFC 9846 §8.3: expected_arrival_time). The time that the ticket itself was under way
// is not known, and must find room in the window.
func sent(in handshake.EarlyDataInput) time.Time { return in.Session.Created.Add(in.Age) }

// Freshness is for Config.AcceptEarlyData: it refuses early data, "not_fresh", whose
// ClientHello comes later or earlier than it should by more than window (RFC 9846 §8.3).
// It limits how long a replay works, and not how often.
func Freshness(window time.Duration) func(handshake.EarlyDataInput) event.Why {
	return func(in handshake.EarlyDataInput) event.Why {
		if late := in.Time.Sub(sent(in)); late > window || late < -window {
			return event.WhyNotFresh
		}
		return ""
	}
}

// Recording is for Config.AcceptEarlyData: it refuses early data, "seen_before", of a
// ClientHello that store has seen (RFC 9846 §8.2). It keeps the hash of the binder, which has
// been found to be right, for as long as the ClientHello could be accepted again. With a
// window, which it enforces as Freshness does, that is at most two windows; with window 0 it
// is until the ticket ends, which can be a week. In either case session.ClockSkew is added.
// (So a server's clock that is put back by more than that opens the window again.)
//
// A store that began only after the ClientHello could have been accepted for the first
// time is not to be believed, "store_too_young": so a server that restarts with an empty
// one takes no early data for a whole window, or none under tickets that are older than
// itself. A store that fails is not to be believed either, "store_failed". RFC 9846 §8.2.
func Recording(store session.Store, window time.Duration) func(handshake.EarlyDataInput) event.Why {
	return recording{store: store, window: window, strict: window > 0}.accept
}

// recording is how ClientHellos are remembered.
type recording struct {
	store  session.Store
	window time.Duration // by how much one may be late or early; 0: by as much as the ticket lasts
	// strict takes nothing that, by the window, could have come before the store began:
	// so a store that has just begun takes nothing for as long as the window. If strict is
	// false, it is enough that the ticket was made after the store began: nothing can have
	// come under that ticket before.
	strict bool
}

// accept is for Config.AcceptEarlyData.
func (r recording) accept(in handshake.EarlyDataInput) event.Why {
	from, until := in.Session.Created, in.Session.Created.Add(in.Session.Lifetime)
	if r.window > 0 {
		// A mark may go when the window is closed, for then nothing can come in. That
		// holds only if we look at the window before we look at the mark.
		if why := Freshness(r.window)(in); why != "" {
			return why
		}
		until = sent(in).Add(r.window + time.Millisecond) // the window is closed at its end, and a mark is gone at its own
	}
	if r.strict {
		from = sent(in).Add(-r.window)
	}
	id := sha256.Sum256(in.Binder)
	first, err := r.store.Once("client_hello:"+string(id[:]), until.Add(session.ClockSkew), in.Time)
	if err != nil {
		return event.WhyStoreFailed
	}
	began, err := r.store.Began(in.Time)
	switch {
	case err != nil:
		return event.WhyStoreFailed
	case !began.Before(from):
		return event.WhyStoreTooYoung
	case !first:
		return event.WhySeenBefore
	}
	return ""
}
