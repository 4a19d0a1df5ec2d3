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
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// scene writes what a lesson does around its endpoints. A scene without a layout of its own
// shows its explanation and its values, and nothing at level Brief.
func (t *Pen) scene(e event.Scene) {
	t.tells(e)
	flow, begins := e.(*event.Flow)
	if begins {
		t.begin(flow)
	}
	t.flow.recorded = t.flow.recorded || e.Key() == event.SceneRecorded
	laidOut := t.o.Layout != nil && t.o.Layout(t, e)
	_, wire := e.(interface{ OnTheWire() })
	if end, ok := e.(*event.Outcome); ok && !laidOut {
		t.Outcome(end, "done", nil)
	} else if wire && !laidOut && (t.o.Level == Brief || t.shut()) {
		t.inALine(e)
	} else if t.o.Level != Brief && !laidOut && !begins {
		t.Tell(e, e.Values())
	}
	if t.o.Level != Brief && t.asked != Flights {
		t.Correct(e)
	}
}

// inALine names a scene of what went over the wire, where it is not told of: whoever reads the rest
// shall know that something came before it. Its first value says what it was.
func (t *Pen) inALine(e event.Scene) {
	if s := t.sieve; s != nil {
		defer func(open bool) { s.open = open }(s.open)
		s.open = true
	}
	line := "   " + t.Say.Party(e.Head().Party) + t.Say.Colon() + t.Say.Title(narrate.Scene, narrate.EntryOf(e))
	for _, v := range e.Values()[:1] {
		line += t.Say.Colon() + t.Value(v)
	}
	t.Line(sheet.Cut(line, t.Width))
}

// begin heads a flow.
func (t *Pen) begin(e *event.Flow) {
	parties := e.Parties
	t.Between(parties...)
	t.flow.Through = e.Passthrough
	t.flows++
	t.blank.flow = t.flows
	shown := make([]string, len(parties))
	for i, p := range parties {
		shown[i] = t.Say.Party(p)
	}
	if t.flows > 1 {
		t.Blank()
	}
	t.banner()
	t.Banner(t.Say.Title(narrate.Scene, narrate.EntryOf(e)) + t.Say.Colon() + t.Say.List(shown))
	t.tells(e)
	if !strings.HasPrefix(e.Name, "proxy_") {
		t.flow.lesson, t.flow.events = true, []event.Event{e}
	}
	if t.o.Level = t.asked; t.o.Level == Brief {
		return
	}
	if t.flows == 1 && !t.Takes() {
		t.Text(0, t.legend(), t.Paint.Dim)
	}
	t.Text(0, t.inShort(t.Values(t.Say.Get(narrate.Scene, narrate.EntryOf(e)).Text, e)), nil)
	for _, p := range parties {
		t.Introduce(0, p)
	}
}

// Outcome closes a flow: done, or refused by whom, with which alert, why, and
// whether the lesson meant it.
// done is the key of the text for a flow that is done; more, which may be nil, adds to a
// refusal.
func (t *Pen) Outcome(e *event.Outcome, done string, more func()) {
	defer t.whatIf()
	err := e.Err
	t.Blank()
	switch {
	case err == nil && e.Done:
		t.Text(0, t.Say.UI("done")+t.Say.Colon()+t.Say.Get(narrate.UI, done).Text, t.Paint.Good)
		return
	case err == nil:
		t.Text(0, t.Say.UI("not_done"), t.Paint.Bad)
	default:
		line := t.Say.UI("refused_by", "party", t.Say.Party(e.Refused))
		if d, ok := reason.Alert(reason.Of(err)); ok {
			line += t.Say.Comma() + t.Say.UI("with_alert") + " " + d.String()
		}
		t.Text(0, line+t.Say.Colon()+t.Say.Title(narrate.Reason, narrate.ReasonKey(err)), t.Paint.Bad)
		t.fault(err, 3)
	}
	if more != nil {
		more()
	}
	if e.Intended {
		t.Text(0, t.Say.UI("refused_as_intended"), t.Paint.Bold)
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
	t.Text(indent, t.Say.Error(err), t.Paint.Bad)
	var re *reason.Error
	if errors.As(err, &re) {
		why := t.Say.Get(narrate.Reason, key)
		t.Text(indent, why.Title+t.Say.Colon()+t.inShort(why.Text), nil)
	}
}

// asked are values that elsewhere only fill a table, and at a step of issuing are what it is
// about.
var asked = map[string]string{pki.StepSign: pki.InSignature, pki.StepHash: pki.InHash}

// inTheText are values that the heading or the choice of the text has told already.
var inTheText = map[string]bool{"step": true, "steps": true, "how": true, "goes_on": true, "trusted": true, "what": true, "old": true, "new": true, "in_clear": true, "protocol": true, "unkept_records": true, "unkept_octets": true, "unkept_to_server": true, "unkept_to_client": true}

// Tell writes a scene's explanation, and these of its values.
func (t *Pen) Tell(e event.Scene, values []event.Value) {
	entry := t.Say.Get(narrate.Scene, narrate.EntryOf(e))
	head := t.Values(entry.Title, e)
	if head == "" {
		head = strings.ReplaceAll(string(e.Key()), "_", " ")
	}
	if e.Head().Party != "" {
		head = t.Say.Party(e.Head().Party) + t.Say.Colon() + head
	}
	known := false // of a recording, which can have many requests: a step's words are told once
	if step, ok := e.(event.Stepped); ok {
		head = t.Say.Step(step) + t.Say.Stop() + head
		about := "scene/" + string(narrate.EntryOf(e))
		known = !t.flow.lesson && t.flow.meant[about]
		t.flow.meant[about] = true
	}
	issue, steps := e.(*event.Issue)
	steps = steps && t.o.Level != Bytes // of one story, told without a pause
	if !steps || !t.flow.steps {
		t.Blank()
	}
	t.flow.steps = steps
	ref := e.Head().Ref
	if ref == "" {
		ref = entry.Ref
	}
	t.Sides("   "+head, ref, t.Paint.Bold)
	if !known {
		t.Text(5, t.inShort(t.Values(entry.Text, e)), nil)
	}
	t.Introduce(5, e.Head().Party)
	var words []pki.Input
	var rows []event.Value
	for _, v := range values {
		if !t.wanted(v.Name) && !(issue != nil && asked[issue.Step.Key] == v.Name) || inTheText[v.Name] {
			continue
		}
		if t.o.Level == Flights {
			rows = t.short(v, &words, rows)
		} else if _, ok := v.Value.([]byte); steps && !ok {
			words = append(words, pki.NewInput(v.Name, v.Value))
		} else if v.Name != pki.InRecoveredBlock || t.o.Level == Bytes {
			rows = append(rows, v)
		}
	}
	t.sentence(5, words)
	t.Rows(rows)
}

// Value is a value of a scene in short; a lifetime in words, as replay says it.
func (t *Pen) Value(v event.Value) string {
	if d, ok := v.Value.(time.Duration); ok {
		return t.Say.Span(d)
	}
	if b, ok := sheet.BytesOf(v.Value); ok && IsTicket(v.Name) {
		return t.ticket(b)
	}
	return t.Short(v.Value)
}

// longest is how many lines a value of a recording has: the head of a request, mostly.
const longest = 6

// Rows writes values below each other.
func (t *Pen) Rows(rows []event.Value) {
	n := 0
	for _, v := range rows {
		n = max(n, min(sheet.Width(t.Say.Label(v.Name)), 24))
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
				t.Row(5, t.Say.Label(v.Name), n, t.certificate(x), nil)
			}
		default:
			value := t.Say.Word(t.Value(v))
			if s, ok := x.(string); ok && http2.Conversation(s) != s {
				value = http2.Conversation(s) // quoted already
			}
			if !t.flow.lesson && t.o.Level != Bytes { // a lesson's are short
				value = sheet.Cut(value, longest*t.Width)
			}
			if err, ok := x.(error); ok {
				value = t.Say.Fault(err)
			}
			switch {
			case value == "" && strings.HasPrefix(v.Name, "opened_"):
				value = t.Say.UI("nothing")
			case value == "":
				value = t.Say.UI("empty")
			}
			t.Row(5, t.Say.Label(v.Name), n, value, nil)
		}
	}
}
