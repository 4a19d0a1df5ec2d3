package lab

import (
	"bytes"
	"context"
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// Predictions are the questions to ask about a lesson before it is told, which t is. What a switch
// changes is asked of one that the seed picks: of those that are set and can be left out, or else of
// those that can be set. That lesson is played as well. The error is ctx's.
func Predictions(ctx context.Context, l switches.Lesson, t *scenario.Transcript, lang narrate.Lang) (predict.Quiz, error) {
	toggled, err := toggle(ctx, l)
	if err != nil {
		return predict.Quiz{}, err
	}
	return predict.Questions(predict.Lesson{Lang: lang, Seed: t.Seed, Flows: flows(t), Moves: handshake.Moves, Toggled: toggled}), nil
}

// toggle plays the lesson with one switch changed; nil if there is none to change: a lesson of which
// nothing was chosen has several flows, and one with anything chosen has another plan.
func toggle(ctx context.Context, l switches.Lesson) (*predict.Toggled, error) {
	if !l.Chosen() {
		return nil, nil
	}
	var less, more []switches.Lesson
	for _, s := range switches.All() {
		switch {
		case s.Name == nameSeed:
		case s.Value(&l) != "":
			if x := l.Without(s.Name); x.Chosen() && plays(x) && !implied(l, x) {
				less = append(less, x)
			}
		case s.Kind == switches.Toggle:
			x := l
			if s.Set(&x, "on") == nil && plays(x) {
				more = append(more, x)
			}
		}
	}
	others := less
	if len(others) == 0 {
		others = more
	}
	if len(others) == 0 {
		return nil, nil
	}
	return toggled(ctx, l, slices.MinFunc(others, func(x, y switches.Lesson) int {
		return bytes.Compare(chance(l.Seed, besideOf(l, x)), chance(l.Seed, besideOf(l, y)))
	}))
}

// implied reports whether two lessons are one: what was left out of x follows from what was not, as the
// interceptor does from --trust-mitm. To ask what it changes would teach that it does nothing.
func implied(l, x switches.Lesson) bool {
	a, errA := l.Options()
	b, errB := x.Options()
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}

// chance stands for chance, by the seed.
func chance(seed, what string) []byte {
	sum := sha256.Sum256([]byte(seed + "\x00" + what))
	return sum[:]
}

// toggled plays a lesson that another becomes by the switches that differ.
func toggled(ctx context.Context, from, to switches.Lesson) (*predict.Toggled, error) {
	t, err := play(ctx, to)
	if err != nil {
		return nil, err
	}
	return toggledTo(from, to, t), nil
}

// toggledTo is what a lesson becomes by the switches that differ; t was played of it.
func toggledTo(from, to switches.Lesson, t *scenario.Transcript) *predict.Toggled {
	out := &predict.Toggled{Flows: flows(t)}
	var was, is []string
	for _, s := range switches.All() {
		x, y := s.Value(&from), s.Value(&to)
		if x == y || s.Name == nameSeed {
			continue
		}
		out.Names = append(out.Names, s.Name)
		was, is = append(was, given(s, x)), append(is, given(s, y))
	}
	unset := func(s string) bool { return s == "" }
	out.From, out.To = strings.Join(slices.DeleteFunc(was, unset), " "), strings.Join(slices.DeleteFunc(is, unset), " ")
	return out
}

// given is a switch as a command line has it; "" if it is not set.
func given(s switches.Switch, value string) string {
	switch {
	case value == "":
		return ""
	case s.Kind == switches.Toggle:
		return "--" + s.Name
	}
	return "--" + s.Name + " " + shell(value)
}
