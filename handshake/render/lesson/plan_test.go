package lesson

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// planned holds that a lesson was played as scenario.Plan says: its flows and those alone, in
// order, between the parties and under the version and key exchange that are foretold. It is
// asked about every lesson of transcripts, which have every two switches together.
func planned(t *testing.T, l playedLesson, tr *scenario.Transcript) {
	t.Helper()
	plan, err := scenario.Plan(l.o)
	if err != nil {
		t.Errorf("%s: it was played, and the plan says %v", l.name, err)
		return
	}
	var want, got []string
	for _, f := range plan {
		if needed := tr.Flow(f.Needs); f.Needs == "" || needed != nil && needed.Outcome.Done {
			want = append(want, f.Name)
		}
	}
	for _, f := range tr.Flows {
		got = append(got, f.Name)
		i := slices.IndexFunc(plan, func(p scenario.FlowPlan) bool { return p.Name == f.Name })
		if i < 0 {
			continue
		}
		if !slices.Equal(f.Parties, plan[i].Parties) {
			t.Errorf("%s: %s is played by %v, and planned for %v", l.name, f.Name, f.Parties, plan[i].Parties)
		}
		for _, e := range f.Events {
			c, ok := e.(*event.KeyChange)
			if !ok {
				continue
			}
			if s := suite.ByID(c.Suite); c.Suite != 0 && (s == nil || s.Version != plan[i].Version || s.Kx != plan[i].Kx) { // 0 is back to no keys, where early data is passed over
				t.Errorf("%s: %s comes to %v, and is planned in %v with %v", l.name, f.Name, c.Suite, plan[i].Version, plan[i].Kx)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: the flows are %v, and planned %v", l.name, got, want)
	}
}

// TestPlanRefuses: of two settings that do not go together Plan says what Run says, which
// plays nothing then, and names an option that one of the two has set.
func TestPlanRefuses(t *testing.T) {
	pairs, refusals := 0, 0
	for _, u := range universes() {
		toggles := slices.Concat(slices.Concat(u.axes...), u.faults)
		for i, a := range toggles {
			for _, b := range toggles[i+1:] {
				o := u.base
				a.set(&o)
				b.set(&o)
				pairs++
				_, err := scenario.Plan(o)
				if valid := scenario.Validate(o); (valid == nil) != (err == nil) {
					t.Errorf("%s + %s: Plan says %v, and Validate %v", a.name, b.name, err, valid)
				}
				if err == nil {
					continue
				}
				refusals++
				var plan, run *scenario.OptionsError
				tr, err2 := scenario.Run(context.Background(), o, nil)
				if tr != nil || !errors.As(err, &plan) || !errors.As(err2, &run) || !reflect.DeepEqual(plan, run) {
					t.Errorf("%s + %s: Plan says %v, and Run %v", a.name, b.name, err, err2)
					continue
				}
				if set := changed(u.base, o); !slices.Contains(set, plan.Option) && !slices.Contains(set, plan.With) {
					t.Errorf("%s + %s set %v, and the refusal is about %s and %s: %s", a.name, b.name, set, plan.Option, plan.With, plan.Why)
				}
				alone := func(x toggle) bool { o := u.base; x.set(&o); return scenario.Validate(o) == nil }
				if set := changed(u.base, o); alone(a) && alone(b) && plan.With == "" {
					t.Errorf("%s + %s: each alone is a lesson, both set %v, and the refusal of %s says not with what: %s", a.name, b.name, set, plan.Option, plan.Why)
				}
			}
		}
	}
	if refusals == 0 || refusals == pairs {
		t.Errorf("%d of %d pairs are refused", refusals, pairs)
	}
}

// changed are the options that differ.
func changed(from, to scenario.Options) (names []string) {
	a, b := reflect.ValueOf(from), reflect.ValueOf(to)
	for i := range a.NumField() {
		if f := a.Type().Field(i); f.Type.Kind() != reflect.Func && !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			names = append(names, f.Name)
		}
	}
	return names
}

// TestSingle: of whatever can be played one flow is left, with what hangs on it.
func TestSingle(t *testing.T) {
	heads := func(plan []scenario.FlowPlan) (n int) {
		for _, f := range plan {
			if f.Needs == "" && f.Name != "plain" {
				n++
			}
		}
		return n
	}
	for _, u := range universes() {
		toggles := slices.Concat(slices.Concat(u.axes...), u.faults)
		for _, named := range []scenario.Options{u.base, {}} {
			for i, a := range toggles {
				for _, b := range toggles[i:] {
					o := named
					o.Seed = "1"
					a.set(&o)
					b.set(&o)
					one := scenario.Single(o)
					plan, err := scenario.Plan(one)
					if before := scenario.Validate(o); before == nil && err != nil {
						t.Errorf("%s + %s can be played, but narrowed not: %v", a.name, b.name, err)
					}
					if err == nil && heads(plan) != 1 {
						t.Errorf("%s + %s: %+v", a.name, b.name, plan)
					}
				}
			}
		}
	}
}
