package render

import (
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/http2"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/pki"
)

// scene writes what a lesson does around its endpoints. A scene without a layout of its own
// shows its explanation and its values, and nothing at level Brief.
func (t *Pen) scene(e event.Scene) {
	flow, begins := e.(*event.Flow)
	if begins {
		t.begin(flow)
	}
	laidOut := t.o.Layout != nil && t.o.Layout(t, e)
	if end, ok := e.(*event.Outcome); ok && !laidOut {
		t.outcome(end, "done", nil)
	} else if t.o.Level != Brief && !laidOut && !begins {
		t.tell(e, e.Values())
	}
	if t.o.Level != Brief {
		t.correct(e)
	}
}

// begin heads a flow.
func (t *Pen) begin(e *event.Flow) {
	parties := e.Parties
	t.between(parties...)
	t.flow.through = e.Passthrough
	t.flows++
	t.blank.flow = t.flows
	shown := make([]string, len(parties))
	for i, p := range parties {
		shown[i] = t.say.party(p)
	}
	if t.flows > 1 {
		t.page.blank()
	}
	head := "== " + t.say.title(narrate.Scene, narrate.SceneKey(e)) + t.say.colon() + t.say.list(shown) + " "
	head = cut(head, t.width-2)
	t.line(t.paint.bold(head + strings.Repeat("=", t.width-width(head))))
	if t.o.Level = t.asked; t.o.Level == Brief {
		return
	}
	if t.flows == 1 {
		t.text(0, t.say.ui("legend"), t.paint.dim)
	}
	t.text(0, t.values(t.say.get(narrate.Scene, narrate.SceneKey(e)).Text, e), nil)
	for _, p := range parties {
		t.who(0, p)
	}
}

// outcome closes a flow: done, or refused by whom, with which alert, why, and
// whether the lesson meant it.
// done is the key of what is said of one that is; more, which may be nil, adds to a refusal.
func (t *Pen) outcome(e *event.Outcome, done string, more func()) {
	err := e.Err
	t.page.blank()
	switch {
	case err == nil && e.Done:
		t.text(0, t.say.ui("done")+t.say.colon()+t.say.get(narrate.UI, done).Text, t.paint.good)
		return
	case err == nil:
		t.text(0, t.say.ui("not_done"), t.paint.bad)
	default:
		line := t.say.ui("refused_by", "party", t.say.party(e.Refused))
		if d, ok := reason.Alert(reason.Of(err)); ok {
			line += t.say.comma() + t.say.ui("with_alert") + " " + d.String()
		}
		t.text(0, line+t.say.colon()+t.say.title(narrate.Reason, narrate.ReasonKey(err)), t.paint.bad)
		t.fault(err, 3)
	}
	if more != nil {
		more()
	}
	if e.Intended {
		t.text(0, t.say.ui("refused_as_intended"), t.paint.bold)
	}
}

// fault writes an error and explains its reason; once, for a check, its report, an
// alert and the outcome may all carry the same.
func (t *Pen) fault(err error, indent int) { t.faultAs(err, narrate.ReasonKey(err), indent) }

// faultAs is fault under a key of narrate that knows more than the error does.
func (t *Pen) faultAs(err error, key string, indent int) {
	if err == nil || t.flow.faults[err.Error()] {
		return
	}
	t.flow.faults[err.Error()] = true
	t.text(indent, t.say.error(err), t.paint.bad)
	var re *reason.Error
	if errors.As(err, &re) {
		why := t.say.get(narrate.Reason, key)
		t.text(indent, why.Title+t.say.colon()+why.Text, nil)
	}
}

// asked are values that elsewhere only fill a table, and at a step of issuing are what it is
// about.
var asked = map[string]string{pki.StepSign: pki.InSignature, pki.StepHash: pki.InHash}

// inTheText are values that the heading or the choice of the text has told already.
var inTheText = map[string]bool{"step": true, "steps": true, "how": true, "goes_on": true, "trusted": true, "what": true, "old": true, "new": true, "in_clear": true}

// tell writes a scene's explanation, and these of its values.
func (t *Pen) tell(e event.Scene, values []event.Value) {
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	head := entry.Title
	if head == "" {
		head = strings.ReplaceAll(string(e.Key()), "_", " ")
	}
	if e.Head().Party != "" {
		head = t.say.party(e.Head().Party) + t.say.colon() + head
	}
	if step, ok := e.(event.Stepped); ok {
		head = t.say.step(step) + t.say.stop() + head
	}
	issue, steps := e.(*event.Issue)
	steps = steps && t.o.Level != Bytes // of one story, told without a pause
	if !steps || !t.flow.steps {
		t.page.blank()
	}
	t.flow.steps = steps
	ref := e.Head().Ref
	if ref == "" {
		ref = entry.Ref
	}
	t.sides("   "+head, ref, t.paint.bold)
	t.text(5, t.values(entry.Text, e), nil)
	t.who(5, e.Head().Party)
	var words []pki.Input
	var rows []event.Value
	for _, v := range values {
		if !t.wanted(v.Name) && !(issue != nil && asked[issue.Step.Key] == v.Name) || inTheText[v.Name] {
			continue
		}
		if _, ok := v.Value.([]byte); steps && !ok {
			words = append(words, pki.NewInput(v.Name, v.Value))
		} else if v.Name != pki.InRecoveredBlock || t.o.Level == Bytes {
			rows = append(rows, v)
		}
	}
	t.sentence(5, words)
	t.rows(rows)
}

// sceneValue is a value of a scene in short; a lifetime in words, as replay says it.
func (t *Pen) sceneValue(v event.Value) string {
	if d, ok := v.Value.(time.Duration); ok {
		return t.say.span(d)
	}
	if b, ok := bytesOf(v.Value); ok && isTicket(v.Name) {
		return t.ticket(b)
	}
	return t.short(v.Value)
}

// rows writes values below each other.
func (t *Pen) rows(rows []event.Value) {
	n := 0
	for _, v := range rows {
		n = max(n, min(width(t.say.label(v.Name)), 24))
	}
	for _, v := range rows {
		switch x := v.Value.(type) {
		case nil:
		case *pki.Report:
			if x != nil {
				t.report(x, 5)
			}
		case *x509.Certificate:
			if x != nil {
				t.row(5, t.say.label(v.Name), n, t.certificate(x), nil)
			}
		default:
			value := t.say.word(t.sceneValue(v))
			if s, ok := x.(string); ok && http2.Conversation(s) != s {
				value = http2.Conversation(s) // quoted already
			}
			if err, ok := x.(error); ok {
				value = t.say.fault(err)
			}
			switch {
			case value == "" && strings.HasPrefix(v.Name, "opened_"):
				value = t.say.ui("nothing")
			case value == "":
				value = t.say.ui("empty")
			}
			t.row(5, t.say.label(v.Name), n, value, nil)
		}
	}
}
