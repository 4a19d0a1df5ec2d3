package predict_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/lab"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// played is a lesson, and what each end could do when a message was told of: Endpoint.Legal.
type played struct {
	name   string
	lesson switches.Lesson
	t      *scenario.Transcript
	legal  map[event.Event][]event.Move
}

// lessons are all of them: the lab's, both runs of a pair, and each choice of each switch where it
// makes a lesson, alone or beside what it needs.
var lessons = sync.OnceValue(func() (all []*played) {
	add := func(name string, l switches.Lesson) {
		l.Seed = "7"
		p := &played{name: name, lesson: l, legal: map[event.Event][]event.Move{}}
		o, err := l.Options()
		if err != nil || scenario.Validate(o) != nil {
			return
		}
		var at *handshake.Endpoint
		o.BeforeMove = func(e *handshake.Endpoint) error { at = e; return nil }
		p.t, err = scenario.Run(context.Background(), o, event.ListenerFunc(func(e event.Event) {
			if m, ok := e.(*event.Message); ok && at != nil {
				p.legal[m] = at.Legal()
			}
		}))
		if err != nil {
			panic(name + ": " + err.Error())
		}
		all = append(all, p)
	}
	add("bare", switches.Lesson{})
	for _, o := range lab.Openings() {
		add(o.Key, o.Lesson)
		if o.Beside != nil {
			add(o.Key+" beside", *o.Beside)
		}
	}
	for _, s := range switches.All() {
		for _, value := range valuesOf(s) {
			others := []string{"", "tls=1.3", "kx=ecdhe", "mitm=on", "resume=psk", "trust-mitm=on"}
			if s.Kind == switches.List {
				others = others[:1]
			}
			for _, with := range others {
				var l switches.Lesson
				if name, v, ok := strings.Cut(with, "="); ok {
					base, _ := switches.ByName(name)
					_ = base.Set(&l, v)
				}
				if s.Set(&l, value) == nil {
					add(s.Name+"="+value+" "+with, l)
				}
			}
		}
	}
	return all
})

// valuesOf are the values of a switch to try.
func valuesOf(s switches.Switch) []string {
	switch s.Kind {
	case switches.Toggle:
		return []string{"on"}
	case switches.Number:
		return []string{"300"}
	case switches.Text:
		return map[string][]string{"psk": {"736563726574"}, "mitm-rewrite": {"hello=howdy"}}[s.Name]
	}
	return s.Choices
}

func (p *played) asked(lang narrate.Lang) predict.Lesson {
	l := predict.Lesson{Lang: lang, Seed: p.t.Seed, Moves: handshake.Moves}
	for _, f := range p.t.Flows {
		l.Flows = append(l.Flows, beside.Flow{Name: f.Name, Events: f.Events})
	}
	return l
}

// TestEveryQuestion: over all lessons, of every question that could be asked one choice is right, no two
// are the same, each has its reason, and in both languages it is the same question.
func TestEveryQuestion(t *testing.T) {
	n := map[predict.Moment]int{}
	for _, p := range lessons() {
		en, zh := predict.All(p.asked(narrate.En)), predict.All(p.asked(narrate.Zh))
		if len(en) == 0 || len(en) != len(zh) {
			t.Errorf("%s: %d questions, %d in Chinese", p.name, len(en), len(zh))
			continue
		}
		for i, q := range en {
			n[q.Moment]++
			wellMade(t, p.name, q, zh[i])
		}
	}
	t.Logf("%d lessons, %v questions", len(lessons()), n)
	for _, m := range predict.Moments() {
		if n[m] == 0 && m != predict.Change {
			t.Errorf("nobody is asked about %s", m)
		}
	}
}

// TestAskedForLess: a lesson without a table is asked about all but what comes next, and one without anything
// about nothing.
func TestAskedForLess(t *testing.T) {
	if all := predict.All(predict.Lesson{}); len(all) > 0 {
		t.Errorf("of nothing there are %d questions", len(all))
	}
	l := lessons()[0].asked("")
	whole := predict.All(l)
	l.Moves = nil
	less := predict.All(l)
	var moments []predict.Moment
	for _, q := range less {
		moments = append(moments, q.Moment)
	}
	if slices.Contains(moments, predict.Next) || !slices.Contains(moments, predict.Read) || !slices.Contains(moments, predict.Believed) || len(less) >= len(whole) {
		t.Errorf("without a table %v is asked, of %d", moments, len(whole))
	}
}

func wellMade(t *testing.T, name string, en, zh predict.Question) {
	t.Helper()
	where := fmt.Sprintf("%s: %s at %s", name, en.Moment, en.Place)
	right := 0
	keys, texts := map[string]bool{}, map[string]bool{}
	for i, c := range en.Choices {
		if c.Right {
			right++
		}
		if keys[c.Key] || texts[c.Text] {
			t.Errorf("%s: %q stands there twice", where, c.Key)
		}
		keys[c.Key], texts[c.Text] = true, true
		d := zh.Choices[i]
		for _, text := range []string{en.Text, zh.Text, c.Text, d.Text, c.Reason, d.Reason} {
			if strings.TrimSpace(text) == "" || strings.Contains(text, "{") && !strings.Contains(text, "\"") {
				t.Errorf("%s: %q of %q", where, text, c.Key)
			}
		}
		if c.Key != d.Key || c.Right != d.Right {
			t.Errorf("%s: in Chinese %q %v is %q %v", where, c.Key, c.Right, d.Key, d.Right)
		}
		if !strings.ContainsFunc(d.Reason, func(r rune) bool { return r > 0x2e80 }) || d.Reason == c.Reason || zh.Text == en.Text {
			t.Errorf("%s: its Chinese reason is %q", where, d.Reason)
		}
	}
	if right != 1 || len(en.Choices) < 2 || len(en.Choices) > 4 || !en.Right().Right {
		t.Errorf("%s: %d of %d choices are right", where, right, len(en.Choices))
	}
	if en.Moment != predict.Change && (en.Place == "" || en.Before == nil || en.Place != zh.Place) {
		t.Errorf("%s: in Chinese it is at %s", where, zh.Place)
	}
}

// TestImpossible: what is wrong for what comes next is not in Legal() of either end just then, nor an
// alert, nor a ChangeCipherSpec, which may come at any time; what is right came.
func TestImpossible(t *testing.T) {
	asked, wrong := 0, 0
	for _, p := range lessons() {
		came := map[event.Event]*event.Message{}
		for _, e := range p.t.Messages() {
			if e.Dir == event.Receive {
				for sent := range p.legal {
					if m := sent.(*event.Message); m.Dir == event.Send && m.Conn == e.Conn && m.Party != e.Party && m.Kind == e.Kind && string(m.Raw) == string(e.Raw) {
						came[m] = e
					}
				}
			}
		}
		for _, q := range predict.All(p.asked(narrate.En)) {
			if q.Moment != predict.Next {
				continue
			}
			asked++
			m := q.About.(*event.Message)
			legal := slices.Concat(p.legal[m], p.legal[came[m]])
			if len(p.legal[m]) == 0 || len(p.legal[came[m]]) == 0 {
				t.Fatalf("%s: at %s nothing is legal at one of the ends", p.name, q.Place)
			}
			if q.Right().Key != m.Kind.String() {
				t.Errorf("%s: at %s it was %s, the answer is %s", p.name, q.Place, m.Kind, q.Right().Key)
			}
			for _, c := range q.Choices {
				possible := slices.ContainsFunc(legal, func(l event.Move) bool { return l.Msg.String() == c.Key })
				if c.Right && !possible {
					t.Errorf("%s: at %s %s is right and not legal", p.name, q.Place, c.Key)
				}
				if c.Right {
					continue
				}
				wrong++
				if possible || c.Key == "alert" || c.Key == message.KindChangeCipherSpec.String() || c.Key == message.KindHelloRequest.String() {
					t.Errorf("%s: at %s %s could come, in %v and %v", p.name, q.Place, c.Key, m.State, came[m].State)
				}
			}
		}
	}
	t.Logf("%d questions, %d wrong choices", asked, wrong)
	if wrong < 3*asked/2 {
		t.Errorf("%d questions have %d wrong choices", asked, wrong)
	}
}

// TestByTheSeed: the same lesson asks the same questions in the same order; another seed shuffles.
func TestByTheSeed(t *testing.T) {
	orders := map[string]bool{}
	for seed := range 12 {
		l := lessons()[0].asked(narrate.En)
		l.Seed = fmt.Sprint(seed)
		order := func() (s string) {
			for _, q := range predict.Questions(l).Questions {
				s += fmt.Sprintln(q.Moment, q.Place)
				for _, c := range q.Choices {
					s += c.Key + " "
				}
			}
			return s
		}
		once, again := order(), order()
		if once != again {
			t.Fatal("the same seed asks otherwise")
		}
		orders[once] = true
	}
	if len(orders) < 6 {
		t.Errorf("12 seeds ask in %d ways", len(orders))
	}
}

// TestFour: each lesson asks at most once about each moment, in its order; what a switch changes is asked
// of each lesson of which anything was chosen, well made as the others.
func TestFour(t *testing.T) {
	of := map[string]bool{"tls=1.2 ": true, "tls=1.3 ": true, "bare": true}
	for _, o := range lab.Openings() {
		of[o.Key], of[o.Key+" beside"] = true, true
	}
	for _, p := range lessons() {
		if !of[p.name] {
			continue
		}
		quiz, err := lab.Predictions(t.Context(), p.lesson, p.t, narrate.En)
		if err != nil {
			t.Fatal(err)
		}
		zh, err := lab.Predictions(t.Context(), p.lesson, p.t, narrate.Zh)
		if err != nil {
			t.Fatal(err)
		}
		n, last := map[predict.Moment]int{}, -1
		events := p.t.Events()
		for i, q := range quiz.Questions {
			wellMade(t, p.name, q, zh.Questions[i])
			n[q.Moment]++
			at := slices.Index(events, q.Before)
			if q.Moment == predict.Change {
				at = len(events)
			}
			if at < last {
				t.Errorf("%s: %s comes too late", p.name, q.Moment)
			}
			last = at
		}
		want := map[predict.Moment]int{predict.Next: 1, predict.Read: 1, predict.Believed: 1, predict.Change: 1}
		if !p.lesson.Chosen() {
			delete(want, predict.Change)
		}
		if !maps.Equal(n, want) {
			t.Errorf("%s asks %v", p.name, n)
		}
	}
}

// TestScore: what was chosen is counted, and a score is read as it was written.
func TestScore(t *testing.T) {
	z := predict.Quiz{Seed: "<7>", Questions: []predict.Question{
		{Moment: predict.Next, Place: "c1.finished", Choices: []predict.Choice{{Key: "a"}, {Key: "b", Right: true}}},
		{Moment: predict.Change, Choices: []predict.Choice{{Key: "c", Right: true}, {Key: "d"}}},
	}}
	for right, chosen := range [][]string{{"a", "d"}, {"b"}, {"b", "c"}} {
		s := z.Score(chosen)
		if s.Right != right || s.Asked != 2 || len(s.Answers) != 2 || s.Answers[0].Chosen != chosen[0] || s.Answers[0].Correct != (chosen[0] == "b") {
			t.Errorf("%q is %+v", chosen, s)
		}
		var b bytes.Buffer
		if err := s.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		var back predict.Score
		if err := json.Unmarshal(b.Bytes(), &back); err != nil || !reflect.DeepEqual(back, s) {
			t.Errorf("%s is read as %+v, %v", b.Bytes(), back, err)
		}
	}
	if s := (predict.Quiz{}).Score(nil); s.Asked != 0 || s.Answers == nil {
		t.Errorf("no question: %+v", s)
	}
}
