package render

import (
	"crypto/x509"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// scene writes what a lesson does around its endpoints. A scene without a layout
// of its own shows its explanation and its values.
func (t *Terminal) scene(e event.Scene) {
	if e.Key() == "own_exchange" {
		t.ownGroup(e)
	}
	switch {
	case e.Key() == "flow":
		t.begin(e)
	case e.Key() == "outcome":
		t.outcome(e)
	case t.o.Level == Brief:
		t.briefScene(e)
	case e.Key() == "mitm_compare", e.Key() == "mitm_legs":
		t.compare(e)
	case e.Key() == "mitm_beliefs":
		t.beliefs(e)
	case e.Key() == "knowledge":
		t.knowledge(e)
	case e.Key() == "full_vs_resumed":
		t.saved(e)
	default:
		t.anyScene(e)
	}
	if t.o.Level != Brief {
		t.correct(e)
	}
}

// begin heads a flow.
func (t *Terminal) begin(e event.Scene) {
	parties, _ := event.Get(e, "parties").([]string)
	t.flow = newFlow(parties)
	name, _ := event.Get(e, "name").(string)
	t.flow.through = event.Get(e, "passthrough") == true
	t.flow.plain, t.flow.guessed = name == "plain", name == "captured_session"
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
	if name == "full" && t.asked == Default && !t.o.Worksheet {
		// This lesson is about what comes after it.
		how := "brief_flow"
		if event.Get(e, "resume") != nil { // only TLS 1.3's lesson says in which way
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
func (t *Terminal) outcome(e event.Scene) {
	done, _ := event.Get(e, "done").(bool)
	intended, _ := event.Get(e, "intended").(bool)
	refused, _ := event.Get(e, "refused").(string)
	err, _ := event.Get(e, "error").(error)
	t.page.blank()
	switch {
	case err == nil && done:
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
		line := t.say.ui("refused_by", "party", t.say.party(refused))
		if d, ok := reason.Alert(reason.Of(err)); ok {
			line += t.say.comma() + t.say.ui("with_alert") + " " + d.String()
		}
		t.text(0, line+t.say.colon()+t.say.title(narrate.Reason, narrate.ReasonKey(err)), t.paint.bad)
		t.fault(err, 3)
	}
	t.intercepted(e)
	if intended {
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

// asked are values that elsewhere only fill a table, and here are what it is about.
var asked = map[string]bool{"ca_sign/" + pki.InSignature: true, "ca_tbs_hash/" + pki.InHash: true}

// inTheText are values that the heading or the choice of the text has told already.
var inTheText = map[string]bool{"step": true, "steps": true, "how": true, "goes_on": true, "trusted": true, "what": true, "old": true, "new": true, "in_clear": true}

// briefScene is a line for each step of an interceptor, and for the user's click.
func (t *Terminal) briefScene(e event.Scene) {
	t.flow.read = t.flow.read || e.Key() == "mitm_decrypt"
	t.flow.changed = t.flow.changed || e.Key() == "mitm_rewrite"
	if !strings.HasPrefix(string(e.Key()), "mitm_") && string(e.Key()) != "click_through" || e.Head().Party == "" {
		return
	}
	line := t.say.party(e.Head().Party) + t.say.colon() + t.say.title(narrate.Scene, narrate.SceneKey(e))
	if event.Get(e, "step") != nil {
		line = t.say.ui("step_of", "n", text(event.Get(e, "step")), "of", text(event.Get(e, "steps"))) + t.say.stop() + line
	}
	t.line(cut("   "+line, t.width))
}

// anyScene writes explanation and values.
func (t *Terminal) anyScene(e event.Scene) {
	t.flow.read = t.flow.read || e.Key() == "mitm_decrypt"
	t.flow.changed = t.flow.changed || e.Key() == "mitm_rewrite"
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	head := entry.Title
	if head == "" {
		head = strings.ReplaceAll(string(e.Key()), "_", " ")
	}
	if e.Head().Party != "" {
		head = t.say.party(e.Head().Party) + t.say.colon() + head
	}
	if event.Get(e, "step") != nil {
		head = t.say.ui("step_of", "n", text(event.Get(e, "step")), "of", text(event.Get(e, "steps"))) + t.say.stop() + head
	}
	steps := strings.HasPrefix(string(e.Key()), "ca_") && t.o.Level != Bytes // of one story, told without a pause
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
	for _, v := range e.Values() {
		if !t.wanted(v.Name) && !asked[string(e.Key())+"/"+v.Name] || inTheText[v.Name] || string(e.Key()) == "click_through" {
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
	if s, ok := v.Value.(string); ok && v.Name == "lifetime" {
		if d, err := time.ParseDuration(s); err == nil {
			return t.say.span(d)
		}
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
			if s, ok := x.(string); ok && conversation(s) != s {
				value = conversation(s) // quoted already
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
func (t *Terminal) knowledge(e event.Scene) {
	t.page.blank()
	t.sides("   "+t.say.ui("knowledge"), "", t.paint.bold)
	t.text(5, t.values(t.say.get(narrate.Scene, string(e.Key())).Text, e), nil)
	if of := t.knownOf(e); of != "" {
		t.text(5, of, nil)
	}
	rows := knowledgeOf(e)
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
		key, there string
		yes        func(scenario.Knowledge) bool
	}{
		{"reads_handshake", "has_finished", func(k scenario.Knowledge) bool { return k.ReadsHandshake }},
		{"reads_data", "has_data", func(k scenario.Knowledge) bool { return k.ReadsData }},
		{"has_master", "has_secrets", func(k scenario.Knowledge) bool { return k.HasMaster }},
		{"can_impersonate", "", func(k scenario.Knowledge) bool { return k.CanImpersonate }},
	} {
		if row.key == "has_master" && len(t.flow.tls13) > 0 {
			row.key = "has_traffic_secrets" // what it all comes from is erased there
		}
		line := "     " + pad(cut(t.say.ui(row.key), label-1), label)
		for i, k := range rows {
			answer := t.say.ui("no")
			switch {
			case event.Get(e, row.there) == false:
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
func (t *Terminal) knownOf(e event.Scene) string {
	conns, _ := event.Get(e, "connections").([]int)
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

// knowledgeOf reads the rows of a knowledge scene, by value or by pointer, and
// passes over what is something else.
func knowledgeOf(e event.Scene) []scenario.Knowledge {
	var out []scenario.Knowledge
	for _, v := range e.Values() {
		r := reflect.ValueOf(v.Value)
		if r.Kind() == reflect.Pointer && !r.IsNil() {
			r = r.Elem()
		}
		if !r.IsValid() {
			continue
		}
		if k, ok := r.Interface().(scenario.Knowledge); ok {
			if k.Party == "" {
				k.Party = v.Name
			}
			out = append(out, k)
		}
	}
	return out
}
