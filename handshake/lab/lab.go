package lab

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
	"tlslab/handshake/switches"
)

// Lab answers questions. The zero value has no replays. It is safe for concurrent use.
type Lab struct {
	Version string // of the program, which the pages name
	// Replays plays replays; nil: there are none, and the page says where they are.
	Replays *Replays
}

// Replays is who plays replays, and the words that can be asked for.
type Replays struct {
	Attacks, Defences, Logins []string
	// Write plays what is asked for and writes its page. An error is a *switches.Error where the
	// question makes no sense.
	Write func(ctx context.Context, w io.Writer, q Question, o page.Options) error
}

// Answer is a page.
type Answer struct {
	Page []byte
	// Refused says that the question makes no lesson, and that the page says why.
	Refused bool
}

// Answer plays what an address asks for. An error is ctx's, or that of a lesson that could not be
// played although its switches are in order.
func (l *Lab) Answer(ctx context.Context, q Question, wrong error) (*Answer, error) {
	var b bytes.Buffer
	o := page.Options{Lang: q.Lang, Version: l.Version}
	err := wrong
	if err == nil {
		err = l.write(ctx, &b, q, o)
	}
	if err == nil {
		return &Answer{Page: b.Bytes()}, nil
	}
	r, ok := l.refusal(q, err)
	if !ok {
		return nil, err
	}
	o.Form = l.form(q)
	b.Reset()
	if err := page.WriteRefusal(&b, r, o); err != nil {
		return nil, err
	}
	return &Answer{Page: b.Bytes(), Refused: true}, nil
}

// write plays the lesson, and writes its page.
func (l *Lab) write(ctx context.Context, w io.Writer, q Question, o page.Options) error {
	o.Form = l.form(q)
	o.Form.Command = q.Command()
	switch {
	case q.Predict && (q.All || q.Replay != Replay{}):
		return switches.Misuse(namePredict+" "+nameAll+" "+nameAttack, "Leave one of the two out.", "--predict asks about one lesson of run")
	case q.Beside != "":
		return l.pair(ctx, w, q, o)
	case q.Replay != Replay{}:
		return l.replay(ctx, w, q, o)
	case q.All:
		return l.table(ctx, w, q, o)
	}
	t, err := play(ctx, q.Lesson)
	if err != nil {
		return err
	}
	o.Form.Beside = q.besides()
	if o.Form.Notes, err = withoutEffect(ctx, q, t); err != nil {
		return err
	}
	if q.Predict {
		quiz, err := Predictions(ctx, q.Lesson, t, q.Lang)
		if err != nil {
			return err
		}
		o.Predict = &quiz
	}
	return lesson.WritePage(w, t, o, nil)
}

// play plays a lesson.
func play(ctx context.Context, l switches.Lesson) (*scenario.Transcript, error) {
	o, err := l.Options()
	if err != nil {
		return nil, err
	}
	return scenario.Run(ctx, o, nil)
}

// plays reports whether there is a lesson to play.
func plays(l switches.Lesson) bool {
	o, err := l.Options()
	return err == nil && scenario.Validate(o) == nil
}

// table writes every combination of the interceptor's switches.
func (l *Lab) table(ctx context.Context, w io.Writer, q Question, o page.Options) error {
	for _, g := range q.Lesson.Given() {
		if g.Name != "mitm" && g.Name != nameSeed {
			return switches.Misuse(nameAll+" "+g.Name, "Leave one of the two out.", "--all plays every combination, in TLS 1.2 and in TLS 1.3: it takes no --%s", g.Name)
		}
	}
	if !q.Lesson.MITM {
		return switches.Misuse(nameAll, "Say: tlslab run --mitm --all", "--all is about the interceptor's switches")
	}
	verdicts, err := scenario.MITMMatrix(ctx, q.Lesson.Seed)
	if err != nil {
		return err
	}
	return lesson.WriteMITMMatrixPage(w, verdicts, o)
}

// replay plays a replay, where there is who can.
func (l *Lab) replay(ctx context.Context, w io.Writer, q Question, o page.Options) error {
	if l.Replays == nil {
		return switches.Misuse(nameAttack, "", "%s", q.say("replays_elsewhere"))
	}
	for _, g := range q.Lesson.Given() {
		if g.Name != nameSeed {
			return switches.Misuse(nameAttack+" "+g.Name, "Leave one of the two out.", "--attack and --%s are two lessons", g.Name)
		}
	}
	return l.Replays.Write(ctx, w, q, o)
}

// refusal is what to say of a question that makes no lesson; ok is false if err is about
// something else.
func (l *Lab) refusal(q Question, err error) (r page.Refusal, ok bool) {
	var about [][]string
	e, made := (*switches.Error)(nil), (*scenario.OptionsError)(nil)
	switch {
	case errors.As(err, &e):
		r.Text, r.Remedy = narrate.Usage(q.Lang, e.Text), narrate.Usage(q.Lang, e.Remedy)
		for _, name := range e.Switches {
			about = append(about, []string{name})
		}
	case errors.As(err, &made):
		r.Text, about = narrate.Usage(q.Lang, switches.NoLesson(made)), switches.Of(made, &q.Lesson)
	default:
		return r, false
	}
	for _, names := range about {
		if without := q.Without(names...).Address(); !slices.Equal(without, q.Address()) {
			r.LeaveOut = append(r.LeaveOut, page.Link{Text: q.say("leave_out", "switch", strings.Join(names, ", ")), To: without})
		}
	}
	return r, true
}

// say is one of the lab's words, with name, value, name, value … filled in.
func (q Question) say(key string, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(narrate.Must(q.Lang, narrate.Lab, key).Title, values)
}

// form is the switches as the question has set them.
func (l *Lab) form(q Question) *page.Form {
	f := new(page.Form)
	here := q.Address()
	for _, o := range Openings() {
		to := o.Question(q.Lang, q.Lesson.Seed)
		to.Predict = q.Predict
		at := to.Address()
		f.Lessons = append(f.Lessons, page.Link{Text: q.say("lesson/" + o.Key), To: at, Here: slices.Equal(at, here)})
	}
	for _, g := range switches.SwitchGroups() {
		group := page.Group{Key: string(g)}
		for _, s := range switches.All() {
			if s.Group == g {
				group.Switches = append(group.Switches, page.Switch{Name: s.Name, Kind: page.SwitchKind(s.Kind), Choices: s.Choices, Value: s.Value(&q.Lesson)})
			}
		}
		group.Switches = append(group.Switches, l.others(g, q)...)
		if g == switches.Again && l.Replays == nil {
			group.Note = q.say("replays_elsewhere")
		}
		f.Groups = append(f.Groups, group)
	}
	return f
}

// others are the controls of a group that are no switch of a lesson.
func (l *Lab) others(g switches.Group, q Question) []page.Switch {
	switch {
	case g == switches.Between:
		return []page.Switch{{Name: nameAll, Kind: page.SwitchToggle, Value: onIf(q.All)}}
	case g == switches.Again && l.Replays != nil:
		return []page.Switch{
			{Name: nameAttack, Kind: page.SwitchChoice, Choices: append(slices.Clone(l.Replays.Attacks), AllAttacks), Value: q.Replay.Attack},
			{Name: nameDefend, Kind: page.SwitchList, Choices: l.Replays.Defences, Value: q.Replay.Defend},
			{Name: nameLogin, Kind: page.SwitchChoice, Choices: l.Replays.Logins, Value: q.Replay.Login},
		}
	case g == switches.Run:
		return []page.Switch{{Name: nameBeside, Kind: page.SwitchText, Value: q.Beside}, {Name: namePredict, Kind: page.SwitchToggle, Value: onIf(q.Predict)}, {Name: nameLang, Kind: page.SwitchChoice, Choices: texts(narrate.Langs()), Value: string(q.Lang)}}
	}
	return nil
}

// onIf is the value of a toggle.
func onIf(set bool) string {
	if set {
		return "on"
	}
	return ""
}
