package render

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/http2"
	"tlslab/handshake/mitm"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// scene writes what a lesson does around its endpoints. A scene without a layout
// of its own shows its explanation and its values.
func (t *Terminal) scene(e event.Scene) {
	if own, ok := e.(*scenario.OwnGroup); ok {
		t.learnGroup(own.ID, own.Name)
	}
	switch x := e.(type) {
	case *event.Flow:
		t.begin(x)
	case *event.Outcome:
		t.outcome(x)
	default:
		if t.o.Level == Brief {
			t.briefScene(e)
			break
		}
		switch x := e.(type) {
		case *scenario.CertificatesCompared:
			t.compare(x, x.Sides)
		case *scenario.LegsCompared:
			t.compare(x, x.Sides)
		case *scenario.Beliefs:
			t.beliefs(x)
		case *scenario.WhoKnows:
			t.knowledge(x)
		case *scenario.FullVsResumed:
			t.saved(x)
		default:
			t.anyScene(e)
		}
	}
	if t.o.Level != Brief {
		t.correct(e)
	}
}

// begin heads a flow.
func (t *Terminal) begin(e *event.Flow) {
	parties := e.Parties
	t.flow = newFlow(parties)
	t.flow.through = e.Passthrough
	t.flow.plain, t.flow.guessed = e.Name == "plain", e.Name == "captured_session"
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
	if e.Name == "full" && t.asked == Default && !t.o.Worksheet {
		// This lesson is about what comes after it.
		how := "brief_flow"
		if e.Resume != "" { // only TLS 1.3's lesson says in which way
			how = "brief_flow_tls13"
		}
		t.text(0, t.say.ui(how), t.paint.dim)
		t.o.Level = Brief
	}
	if slices.Contains(parties, "attacker") && t.asked == Default && !t.o.Worksheet {
		// What its moves mean the flow before has told.
		t.text(0, t.say.ui("brief_moves"), t.paint.dim)
		t.flow.brief = true
	}
}

// outcome closes a flow: done, or refused by whom, with which alert, why, and
// whether the lesson meant it.
func (t *Terminal) outcome(e *event.Outcome) {
	err := e.Err
	t.page.blank()
	switch {
	case err == nil && e.Done:
		how := "done"
		switch {
		case t.flow.plain:
			how = "done_plain"
		case t.flow.changed:
			how = "done_changed"
		case t.flow.read:
			how = "done_read"
		}
		t.text(0, t.say.ui("done")+t.say.colon()+t.say.get(narrate.UI, how).Text, t.paint.good)
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
	t.intercepted(e)
	if e.Intended {
		t.text(0, t.say.ui("refused_as_intended"), t.paint.bold)
	}
}

// fault writes an error and explains its reason; once, for a check, its report, an
// alert and the outcome may all carry the same.
func (t *Terminal) fault(err error, indent int) { t.faultAs(err, narrate.ReasonKey(err), indent) }

// faultAs is fault under a key of narrate that knows more than the error does.
func (t *Terminal) faultAs(err error, key string, indent int) {
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

// briefScene is a line for each step of an interceptor, and for the user's click.
func (t *Terminal) briefScene(e event.Scene) {
	t.readOn(e)
	if !strings.HasPrefix(string(e.Key()), "mitm_") && string(e.Key()) != "click_through" || e.Head().Party == "" {
		return
	}
	line := t.say.party(e.Head().Party) + t.say.colon() + t.say.title(narrate.Scene, narrate.SceneKey(e))
	if step, ok := e.(event.Stepped); ok {
		line = t.say.step(step) + t.say.stop() + line
	}
	t.line(cut("   "+line, t.width))
}

// readOn notes that an interceptor has read what went through it, or changed it.
func (t *Terminal) readOn(e event.Scene) {
	switch e.(type) {
	case *mitm.Decrypt:
		t.flow.read = true
	case *mitm.Rewritten:
		t.flow.changed = true
	}
}

// anyScene writes explanation and values.
func (t *Terminal) anyScene(e event.Scene) {
	t.readOn(e)
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
	_, click := e.(*scenario.ClickThrough) // which the words above have told whole
	var words []pki.Input
	var rows []event.Value
	for _, v := range e.Values() {
		if click || !t.wanted(v.Name) && !(issue != nil && asked[issue.Step.Key] == v.Name) || inTheText[v.Name] {
			continue
		}
		if _, ok := v.Value.([]byte); steps && !ok {
			words = append(words, pki.NewInput(v.Name, v.Value))
		} else if v.Name != pki.InRecoveredBlock || t.o.Level == Bytes {
			rows = append(rows, v)
		}
	}
	t.sentence(5, words)
	t.sceneRows(rows)
}

// sceneValue is a value of a scene in short; a lifetime in words, as replay says it.
func (t *Terminal) sceneValue(v event.Value) string {
	if d, ok := v.Value.(time.Duration); ok {
		return t.say.span(d)
	}
	if b, ok := bytesOf(v.Value); ok && slices.Contains(ticketNames, v.Name) {
		return t.ticket(b)
	}
	return t.short(v.Value)
}

// sceneRows writes values below each other.
func (t *Terminal) sceneRows(rows []event.Value) {
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

// knowledge writes the table of who can do what with the recording.
func (t *Terminal) knowledge(e *scenario.WhoKnows) {
	t.page.blank()
	t.sides("   "+t.say.ui("knowledge"), "", t.paint.bold)
	t.text(5, t.values(t.say.get(narrate.Scene, narrate.SceneKey(e)).Text, e), nil)
	if of := t.knownOf(e); of != "" {
		t.text(5, of, nil)
	}
	rows := e.Parties
	columns, label := make([]string, len(rows)), t.width-5
	for i, k := range rows {
		columns[i] = t.say.party(k.Party)
		if short := t.thief(k.Party); short != "" {
			columns[i] = short
		}
		t.whoIs(5, k.Party, columns[i])
		columns[i] = pad(columns[i], 6) + "  "
		label -= width(columns[i])
	}
	label = min(label, 36)
	t.line("     " + pad("", label) + t.paint.name(strings.TrimRight(strings.Join(columns, ""), " ")))
	absent := false
	for _, row := range []struct {
		key   string
		there bool // there is something to know
		yes   func(scenario.Knowledge) bool
	}{
		{"reads_handshake", e.HasFinished, func(k scenario.Knowledge) bool { return k.ReadsHandshake }},
		{"reads_data", e.HasData, func(k scenario.Knowledge) bool { return k.ReadsData }},
		{"has_master", e.HasSecrets, func(k scenario.Knowledge) bool { return k.HasMaster }},
		{"can_impersonate", true, func(k scenario.Knowledge) bool { return k.CanImpersonate }},
	} {
		if row.key == "has_master" && len(t.flow.tls13) > 0 {
			row.key = "has_traffic_secrets" // what it all comes from is erased there
		}
		line := "     " + pad(cut(t.say.ui(row.key), label-1), label)
		for i, k := range rows {
			answer := t.say.ui("no")
			switch {
			case !row.there:
				answer, absent = "-", true
			case row.key == "reads_data" && k.EarlyOnly:
				answer = t.say.ui("early_only")
			case row.yes(k):
				answer = t.say.ui("yes")
			}
			line += pad(answer, width(columns[i]))
		}
		t.line(line)
	}
	if absent {
		t.text(5, t.say.ui("knowledge_absent"), t.paint.dim)
	}
}

// thief is what a column is called that is a thief's; "" of any other.
func (t *Terminal) thief(party string) string {
	switch party {
	case "thief":
		return t.say.ui("thief")
	case "ticket_thief":
		return t.say.ui("ticket_thief")
	case "psk_thief":
		return t.say.ui("psk_thief")
	}
	return ""
}

// knownOf names the connections that a table is about, where that is not plain.
func (t *Terminal) knownOf(e *scenario.WhoKnows) string {
	conns := e.Connections
	switch {
	case slices.Contains(t.flow.parties, "attacker") && len(conns) > 1:
		return t.say.ui("knowledge_of_attempts")
	case slices.Contains(t.flow.parties, "attacker"):
		return t.say.ui("knowledge_of_attacker")
	case len(conns) > 1:
		return t.say.ui("knowledge_of_legs")
	}
	return ""
}
