package replay

import (
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/replay/bank"
)

// capture notes the moment from which attempts are counted.
func (w *world) capture() { w.captured = w.Now() }

// at lets time pass until so long after the capture. It never goes back: a route that
// comes later starts later.
func (w *world) at(after time.Duration) {
	if to := w.captured.Add(after); to.After(w.Now()) {
		w.SetClock(to)
		w.Scene("", &TimePassed{After: after})
	}
}

// Times are the times after the capture at which an attacker who is patient tries under o:
// at once, just inside and outside the window, just inside and outside the lifetime, a day
// later. They are the same whatever the defences are.
func Times(o Options) []time.Duration {
	strict := Settings{Defences: []string{Lifetime}, Window: o.Window, Lifetime: o.Lifetime}
	window, life := strict.window(), strict.lifetime()
	return []time.Duration{time.Second, window, window + time.Second, life * 9 / 10, life * 11 / 10, 24 * time.Hour}
}

func (w *world) afterCapture() []time.Duration { return Times(w.o) }

// try makes one attempt. Whether it worked is what do says; or, where it can only work by
// moving money, nil, and then the ledger says. do also says why it did not, unless the
// bank does.
func (w *world) try(route RouteName, on string, do func() (worked *bool, why Why, err error)) error {
	if err := w.Context.Err(); err != nil {
		return err
	}
	if len(w.routes) == 0 || w.routes[len(w.routes)-1].Name != route {
		w.routes = append(w.routes, Route{Name: route})
		w.Scene("mallory", &RouteTaken{Route: route})
	}
	before, err := w.unwanted()
	if err != nil {
		return err
	}
	a := Attempt{After: w.Now().Sub(w.captured), Server: on}
	w.lastWhy = ""
	worked, why, err := do()
	if err != nil {
		return err
	}
	after, err := w.unwanted()
	if err != nil {
		return err
	}
	a.Moved = after - before
	a.Worked = a.Moved > 0
	if worked != nil {
		a.Worked = *worked
	}
	if !a.Worked {
		a.Why = why
		if why == "" {
			a.Why = w.lastWhy
		}
	}
	r := &w.routes[len(w.routes)-1]
	r.Attempts = append(r.Attempts, a)
	w.Scene("mallory", &Attempted{Route: route, Attempt: a})
	return nil
}

// unwanted is how much money moved that alice did not want moved: for what was never
// her wish, and for each of her wishes after the first time. The ledger has both.
func (w *world) unwanted() (sum int64, err error) {
	done, err := w.bank.Transfers()
	seen := map[string]bool{}
	for _, t := range done {
		if seen[t.Reference] || !strings.HasPrefix(t.Reference, "alice-") {
			sum += t.Amount
		}
		seen[t.Reference] = true
	}
	return sum, err
}

// judge makes the verdict out of the attempts: an attack is as good as its best route.
func (w *world) judge() (*Result, error) {
	r := &Result{Routes: w.routes, Facts: w.facts, EarlyDataFacts: w.earlyDataFacts}
	r.Verdict = Verdict{Attack: w.attack.Name, Defences: w.settings.Defences, Outcome: Stopped, Remembers: w.marks.mark}
	var err error
	if r.Moved, err = w.unwanted(); err != nil {
		return nil, err
	}
	if r.Alice, err = w.bank.Balance("alice"); err != nil {
		return nil, err
	}
	if r.Mallory, err = w.bank.Balance("mallory"); err != nil {
		return nil, err
	}
	var best *Route
	for i := range r.Routes {
		route := &r.Routes[i]
		route.Outcome = route.judge()
		if best == nil || slices.Index(Outcomes(), route.Outcome) > slices.Index(Outcomes(), best.Outcome) {
			best = route
		}
	}
	if best != nil {
		r.Outcome = best.Outcome
		r.explain(best, w.attack.works)
	}
	w.Scene("", &Judged{Verdict: r.Verdict})
	return r, nil
}

func (r *Route) judge() Outcome {
	worked := 0
	for _, a := range r.Attempts {
		if a.Worked {
			worked++
		}
	}
	switch worked {
	case 0:
		return Stopped
	case len(r.Attempts):
		return NotStopped
	}
	return Limited
}

// explain says why the verdict is as it is; works is why the attack does if it does.
func (v *Verdict) explain(r *Route, works Why) {
	if v.Outcome == NotStopped {
		v.Reason = works
		return
	}
	for _, a := range r.Attempts {
		switch {
		case a.Worked:
			v.Times++
			v.For, v.Until, v.Reason = a.After, 0, ""
		case v.Reason == "": // the first after the last that worked
			v.Reason, v.Until = a.Why, a.After
		}
	}
	if v.Outcome == Stopped {
		v.Until = 0
		return
	}
	v.Limit = ByCount
	if slices.Contains(timeIsUp, v.Reason) {
		v.Limit = ByTime
	}
}

// timeIsUp are the reasons that have to do with time alone.
var timeIsUp = []Why{Why(event.WhyNotFresh), Why(event.WhySessionExpired), Why(event.WhySessionUnknown), Why(event.WhyTicketUnreadable), Why(bank.NoLogin)}
