package lab

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// Two runs: the question, and the same with what Beside says changed.

// besideOf writes what changes from one lesson to another, as an address has it: "kx=ecdhe;tls=".
func besideOf(from, to switches.Lesson) string {
	var changes []string
	for _, s := range switches.All() {
		if v := s.Value(&to); v != s.Value(&from) && s.Name != nameSeed {
			changes = append(changes, s.Name+"="+url.QueryEscape(v))
		}
	}
	return strings.Join(changes, ";")
}

// other is the second of two runs.
func (q Question) other() (Question, error) {
	o := q
	o.Beside = ""
	for change := range strings.SplitSeq(q.Beside, ";") {
		name, value, _ := strings.Cut(change, "=")
		value, err := url.QueryUnescape(value)
		s, ok := switches.ByName(name)
		if err != nil || !ok || name == nameSeed {
			return o, switches.Misuse(nameBeside, "It is NAME=VALUE, such as kx=ecdhe, or NAME= for without; several have ; between them.", "--beside %s: no switch of a lesson is called %s", q.Beside, name)
		}
		if s.Kind == switches.Toggle && value != "" {
			value = "on"
		}
		if err := s.Set(&o.Lesson, value); err != nil {
			return o, err
		}
	}
	return o, nil
}

// pair plays both, and writes them side by side.
func (l *Lab) pair(ctx context.Context, w io.Writer, q Question, o page.Options) error {
	if q.All || q.Replay != (Replay{}) {
		return switches.Misuse(nameBeside+" "+nameAll+" "+nameAttack, "Leave one of the two out.", "--beside is about one lesson of run")
	}
	other, err := q.other()
	if err != nil {
		return err
	}
	left := q
	left.Beside = ""
	var runs []*scenario.Transcript
	var p page.Pair
	for i, q := range []Question{left, other} {
		t, err := play(ctx, q.Lesson)
		if err != nil {
			return err
		}
		runs = append(runs, t)
		side := page.PairSide{Command: q.words(), To: q.Address(), Ended: ended(q.Lang, t)}
		if i == 0 {
			p.Left = side
		} else {
			p.Right = side
		}
	}
	for _, a := range beside.Compare(flows(runs[0]), flows(runs[1])) {
		p.Acts = append(p.Acts, pairAct(a, flowOf(runs[0], a.Left), flowOf(runs[1], a.Right)))
	}
	if q.Predict {
		quiz := predict.Beside(predict.Lesson{Lang: q.Lang, Seed: q.Lesson.Seed, Flows: flows(runs[0]), Moves: handshake.Moves, Toggled: toggledTo(q.Lesson, other.Lesson, runs[1])})
		o.Predict = &quiz
	}
	return page.WritePair(w, p, o)
}

// ended is what a summary says happened in the last flow, which is the decisive one.
func ended(l narrate.Lang, t *scenario.Transcript) string {
	s := narrate.Summarize(t.Flows[len(t.Flows)-1].Events)
	return s.Happened.In(l)
}

func flows(t *scenario.Transcript) (out []beside.Flow) {
	for _, f := range t.Flows {
		out = append(out, beside.Flow{Name: f.Name, Events: f.Events})
	}
	return out
}

// flowOf is the flow of this name; nil if there is none.
func flowOf(t *scenario.Transcript, name string) *scenario.Flow {
	for i := range t.Flows {
		if f := t.Flows[i]; f.Name == name {
			return f
		}
	}
	return nil
}

// pairAct counts a flow of both.
func pairAct(a beside.Act, left, right *scenario.Flow) page.PairAct {
	out := page.PairAct{Act: a}
	count := func(key string, of func(*scenario.Flow, scenario.Count) int) {
		c := page.PairCount{Key: key, Left: page.Missing, Right: page.Missing}
		if left != nil {
			c.Left = of(left, left.Count())
		}
		if right != nil {
			c.Right = of(right, right.Count())
		}
		out.Counts = append(out.Counts, c)
	}
	count("messages", func(_ *scenario.Flow, c scenario.Count) int { return c.Messages })
	count("bytes", func(_ *scenario.Flow, c scenario.Count) int { return c.Bytes })
	count("operations", func(_ *scenario.Flow, c scenario.Count) int { return c.Asymmetric() })
	count("round_trips", func(f *scenario.Flow, c scenario.Count) int {
		if !slices.ContainsFunc(f.Events, isRequest) {
			return page.Missing
		}
		return c.RoundTrips
	})
	whoL, ofL := page.ReadableOf(events(left))
	whoR, ofR := page.ReadableOf(events(right))
	for _, who := range slices.Compact(slices.Sorted(slices.Values(append(whoL, whoR...)))) {
		out.Reads = append(out.Reads, page.PairReads{Onlooker: who, Left: ofL[who], Right: ofR[who]})
	}
	return out
}

// isRequest reports whether a client sends application data.
func isRequest(e event.Event) bool {
	d, ok := e.(*event.Data)
	return ok && d.Party == "client" && d.Dir == event.Send
}

func events(f *scenario.Flow) []event.Event {
	if f == nil {
		return nil
	}
	return f.Events
}

// besides are links to the lesson beside the same with one switch less, for each that can be left
// out and of which something is left.
func (q Question) besides() (links []page.Link) {
	for _, g := range q.Lesson.Given() {
		if g.Name == nameSeed {
			continue
		}
		less := q.Lesson.Without(g.Name)
		if !less.Chosen() || !plays(less) {
			continue
		}
		with := q
		with.Beside = besideOf(q.Lesson, less)
		links = append(links, page.Link{Text: q.say("beside_without", "switch", g.Name), To: with.Address()})
	}
	return links
}
