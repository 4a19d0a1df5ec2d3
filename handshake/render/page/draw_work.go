package page

import (
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// work draws what a party did before it sent.
func (d *document) work(a *act, r *row) {
	d.newline()
	d.start(elDetails, class(classRow, classWork, d.side(a, r.party)), id(r.id), value(attrDataParty, r.party), rowNumbers(r), when(r.verdict() != nil, is(attrOpen)))
	d.in(elSummary, nil, func() {
		d.start(elSpan, class(classN))
		d.end()
		d.in(elSpan, []pair{class(classLane)}, func() {
			d.in(elSpan, []pair{class(classSum)}, func() { d.summary(a, r) })
		})
	})
	for _, it := range r.items {
		d.item(it)
	}
	d.end()
}

// side is where in the lane a party's work stands.
func (d *document) side(a *act, party string) className {
	for i, p := range a.parties {
		if p == party {
			return edge(i, len(a.parties))
		}
	}
	return noClass
}

// summary says in one line what a party did: what it checked, what it chose, how many values it
// computed, and what a lesson plays around it.
func (d *document) summary(a *act, r *row) {
	where := decimal(slices.Index(a.flights, r.flight) + 1)
	if r.party != lessonItself {
		where = d.say.Party(r.party) + " " + where
	}
	if len(d.ladder.acts) > 1 {
		where = decimal(a.n) + "." + where
	}
	if a.looksOn(r.party) { // his name stands beside nothing else
		d.with(elSpan, d.onlooker(r.party)+d.say.Colon(), class(classKind))
		d.space()
	}
	d.with(elSpan, where+d.say.Colon(), class(classHidden)) // no two rows of a page are called the same
	var checked, failed, chosen, scenes []string
	computed := 0
	for _, it := range r.items {
		switch e := it.e.(type) {
		case *event.Check:
			name := d.say.Title(narrate.Check, string(e.What))
			if e.Report != nil && e.OK && checksIn(e) > 0 {
				name = d.say.Aside(name, decimal(checksIn(e)))
			}
			if e.OK {
				checked = append(checked, name)
			} else {
				failed = append(failed, name)
			}
		case *event.Decision:
			if s := d.chosen(e); s != "" && !a.decided[s] && a.chooses(e) {
				chosen, a.decided[s] = append(chosen, s), true
			}
		case *event.Secret:
			computed++
		case event.Scene:
			title := d.played(e)
			if len(scenes) == 0 || scenes[len(scenes)-1] != title {
				scenes = append(scenes, title)
			}
		}
	}
	part := func(c className, key string, what []string) {
		if len(what) > 0 {
			text := d.say.List(what)
			if key != "" {
				text = d.say.UI(key, "what", text)
			}
			d.with(elSpan, text, class(classKind, c))
			d.space()
		}
	}
	if len(scenes)+len(failed)+len(checked)+len(chosen)+computed == 0 { // it has only read: then that is what it did
		for _, it := range r.items {
			scenes = append(scenes, d.called(it))
		}
	}
	if n := len(scenes); n > 2 && r.flight.chapter == nil {
		scenes = []string{scenes[0], d.say.UI("page.more_steps", "n", decimal(n-1))}
	}
	part(classScene, "", scenes)
	part(classBad, "page.fails", failed)
	part(classGood, "page.checks", checked)
	part(classChoice, "page.chooses", chosen)
	if computed > 0 {
		d.with(elSpan, d.say.UI("page.computes", "n", decimal(computed)), class(classKind, classValue))
	}
}

// played is what a scene is called, with its values where its name has room for them.
func (d *document) played(e event.Scene) string {
	title := d.say.Title(narrate.Scene, narrate.EntryOf(e))
	if !strings.Contains(title, "{") {
		return title
	}
	return sheet.Cut(narrate.Fill(title, d.valuesOf(e)), 60)
}

// valuesOf are a scene's values by their names.
func (d *document) valuesOf(e event.Scene) map[string]string {
	values := map[string]string{}
	for _, v := range e.Values() {
		switch x := v.Value.(type) {
		case string:
			if span, err := time.ParseDuration(x); err == nil {
				values[v.Name] = d.say.Span(span)
				continue
			}
			values[v.Name] = d.say.Party(sheet.Text(x)) // what names no party is shown as it is
		case time.Duration:
			values[v.Name] = d.say.Span(x)
		default:
			values[v.Name] = sheet.Text(x)
		}
	}
	return values
}

// chosen names what was decided, of what a learner asks about first.
func (d *document) chosen(e *event.Decision) string {
	switch e.What {
	case event.DecisionVersion, event.DecisionCipherSuite, event.DecisionGroup, event.DecisionALPN:
		return sheet.Text(e.Chosen)
	}
	return ""
}

// checksIn is how many checks a verified chain has gone through.
func checksIn(e *event.Check) int {
	n := 0
	if c := e.Report.Chosen; c >= 0 {
		n = len(e.Report.Paths[c].Checks)
	}
	return n
}

// chooses reports whether a decision is of the party that tells of it. All that chosen names is
// the server's to choose from what the client offers (RFC 9846 §4.2.3, RFC 5246 §7.4.1.3,
// RFC 7301 §3.2): a client tells of it too, when it has read what was chosen.
func (a *act) chooses(e *event.Decision) bool {
	return a.ends.Role[sheet.Leg{Party: e.Party, Conn: e.Conn}] == event.Server.String()
}
