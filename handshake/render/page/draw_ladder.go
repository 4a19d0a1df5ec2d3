package page

import (
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// act draws one flow: its ladder, and how it ended. With several the decisive one is open.
func (d *document) act(a *act) {
	if a.arrows == 0 && a.flow == nil && len(d.ladder.acts) > 1 {
		d.around(a)
		return
	}
	several := len(d.ladder.acts) > 1
	e := elSection
	if several {
		e = elDetails
	}
	flow := "live"
	if a.flow != nil {
		flow = a.flow.Name
	}
	d.newline()
	d.start(e, class(classAct), id(addressOf("a"+decimal(a.n))), value(attrDataFlow, flow), when(several && a == d.decisive(), is(attrOpen)), numbers(a.heading, a.ending))
	title := d.titleOf(a)
	if several {
		d.in(elSummary, nil, func() { d.with(elH2, decimal(a.n)+". "+title) }) // two may be called the same
	} else {
		d.with(elH2, title, class(classHidden))
	}
	d.telling(a.heading, classTelling)
	d.start(elDiv, class(classLadder, manyOnlookers(a), whenClass(d.arrows > wholeUpTo, classLong)), number(attrDataParties, len(a.parties)))
	d.headRow(a)
	sent := len(a.flights) // flights up to the last arrow
	for sent > 0 && a.flights[sent-1].to == "" {
		sent--
	}
	var after []*flight
	for i, f := range a.flights {
		if i >= sent && f.from == lessonItself {
			after = append(after, f)
		} else {
			d.flight(a, f)
		}
	}
	d.end()
	d.legend(a)
	for _, f := range after {
		d.knows(f)
	}
	if len(a.ending.told) > 0 {
		d.in(elDiv, []pair{class(classOutcome)}, func() { d.telling(a.ending, classTelling) })
	}
	d.end()
}

// titleOf is what an act is called.
func (d *document) titleOf(a *act) string {
	switch {
	case a.flow != nil:
		return d.say.Title(narrate.Scene, narrate.EntryOf(a.flow))
	case a.conn > 0:
		return d.say.UI("page.connection", "n", decimal(a.conn)) + d.say.Colon() + d.ways(a.parties[0], a.parties[1])
	}
	return d.say.UI("page.live")
}

// around draws what is told around connections: it stands open.
func (d *document) around(a *act) {
	d.newline()
	d.start(elSection, class(classAct), id(addressOf("a"+decimal(a.n))), numbers(a.heading, a.ending))
	d.telling(a.heading, classTelling)
	for _, f := range a.flights {
		d.knows(f)
	}
	d.telling(a.ending, classTelling)
	d.end()
}

// knows is what a lesson says in the end, such as who knows what: it stands open.
func (d *document) knows(f *flight) {
	for _, r := range f.rows {
		d.newline()
		d.start(elDiv, class(classKnows), id(r.id), rowNumbers(r))
		for _, it := range r.items {
			d.item(it)
		}
		d.end()
	}
	d.myths(f)
}

// legend says what the onlookers' marks mean, as far as they occur.
func (d *document) legend(a *act) {
	seen := map[event.Access]bool{}
	for _, f := range a.flights {
		for _, r := range f.rows {
			for _, access := range r.sights {
				seen[access] = true
			}
		}
	}
	if len(seen) == 0 {
		return
	}
	d.in(elP, []pair{class(classLegend)}, func() {
		for _, access := range event.Accesses() {
			if seen[access] {
				d.in(elSpan, []pair{class(classCell), value(attrDataAccess, string(access))}, func() {
					d.with(elSpan, d.say.UI("page.legend_"+string(access)), class(classSays))
				})
				d.space()
			}
		}
	})
}

// manyOnlookers is the class for the number of an act's onlookers: CSS sets a column for each.
func manyOnlookers(a *act) className {
	return [...]className{classO0, classO1, classO2, classO3, classO4}[min(len(a.onlookers), 4)]
}

// decisive is the act to look at first: the one in which early data is replayed, else the last
// in which no attacker takes part.
func (d *document) decisive() *act {
	var last *act
	first := "" // who begins: in an attack somebody else comes later
	for _, a := range d.ladder.acts {
		if first == "" && a.arrows > 0 {
			first = a.parties[0]
		}
		switch {
		case a.replays:
			return a
		case a.arrows == 0 && a.flow == nil:
		case last != nil && a.flow == nil && a.parties[0] == first: // not an attempt of somebody else's
		case last == nil || !slices.Contains(a.parties, "attacker"):
			last = a
		}
	}
	return last
}

// headRow has the names of the columns.
func (d *document) headRow(a *act) {
	d.start(elDiv, class(classHead))
	d.start(elSpan, class(classN))
	d.end()
	d.start(elSpan, class(classLane))
	for i, p := range a.parties {
		d.with(elSpan, d.say.Party(p), class(classParty, edge(i, len(a.parties))))
	}
	d.end()
	for _, o := range a.onlookers {
		d.with(elSpan, d.onlooker(o), class(classOnlooker), value(attrTitle, d.say.Party(o)))
	}
	d.end()
}

// onlooker is an onlooker's name, short enough for a column.
func (d *document) onlooker(name string) string {
	if e := d.say.Get(narrate.UI, "page.onlooker."+name); e.Title != "" {
		return e.Title
	}
	return d.say.Party(name)
}

// edge is on which side of the lane a party stands.
func edge(i, n int) className {
	switch {
	case i == 0:
		return classLeft
	case i == n-1:
		return classRight
	}
	return classMiddle
}

// flight draws a flight: whose it is, then its rows.
func (d *document) flight(a *act, f *flight) {
	d.newline()
	d.start(elDiv, class(classFlight, whenClass(f.chapter != nil, classChapter)))
	d.in(elDiv, []pair{class(classWays)}, func() { d.heads(a, f) })
	for _, r := range f.rows {
		if r.work() {
			d.work(a, r)
		} else {
			d.arrow(a, r)
		}
	}
	d.myths(f)
	d.end()
}

// heads says whose flight it is: its number as the textbook counts, and between whom it goes;
// of a middle box's, on which leg.
func (d *document) heads(a *act, f *flight) {
	switch {
	case f.chapter != nil:
		d.with(elSpan, d.say.Step(f.chapter), class(classStep))
		return
	case f.number > 0:
		d.with(elSpan, d.say.UI("flight", "n", decimal(f.number)), class(classStep))
		d.space()
	}
	switch {
	case f.to != "" && len(a.parties) > 2:
		d.with(elSpan, d.legOf(a, f.from, f.to), class(classPath))
	case f.to != "":
		d.with(elSpan, d.ways(f.from, f.to), class(classPath))
	case f.from != lessonItself:
		d.with(elSpan, d.say.Party(f.from), class(classPath))
	}
}

// whenClass is a class if it is to be there.
func whenClass(yes bool, c className) className {
	if yes {
		return c
	}
	return noClass
}

// work draws what a party did before it sent.
func (d *document) work(a *act, r *row) {
	d.newline()
	d.start(elDetails, class(classRow, classWork, d.side(a, r.party), whenClass(r.failed(), classFailed)), id(r.id), value(attrDataParty, r.party), rowNumbers(r))
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

// failed reports whether a check in a row of work did not pass.
func (r *row) failed() bool {
	for _, it := range r.items {
		if c, ok := it.e.(*event.Check); ok && !c.OK {
			return true
		}
	}
	return false
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
	d.with(elSpan, where+d.say.Colon(), class(classHidden)) // no two rows of a page are called the same
	var checked, failed, chosen, scenes []string
	computed := 0
	for _, it := range r.items {
		switch e := it.e.(type) {
		case *event.Check:
			name := d.say.Title(narrate.Check, string(e.What))
			if e.Report != nil && e.OK {
				name = d.say.Aside(name, decimal(checksIn(e)))
			}
			if e.OK {
				checked = append(checked, name)
			} else {
				failed = append(failed, name)
			}
		case *event.Decision:
			if s := d.chosen(e); s != "" && !a.decided[s] {
				chosen, a.decided[s] = append(chosen, s), true // the other end finds the same
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
		key := "page.computes"
		if computed == 1 {
			key = "page.computes_one"
		}
		d.with(elSpan, d.say.UI(key, "n", decimal(computed)), class(classKind, classValue))
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

// arrow draws one arrow, and what opens under it.
func (d *document) arrow(a *act, r *row) {
	d.newline()
	dir := "left"
	if r.right {
		dir = "right"
	}
	state := classClear
	switch {
	case r.sealed:
		state = classSealed
	case r.keys != event.InClear:
		state = classIntegrity
	}
	d.start(elDetails, class(classRow, classArrow, state, span(a, r.from, r.to), whenClass(r.forged, classForged), whenClass(r.refuses(), classRefused)), id(r.id),
		value(attrDataFrom, r.from), value(attrDataTo, r.to), value(attrDataDir, dir), when(len(a.parties) > 2, value(attrDataLeg, d.legOf(a, r.from, r.to))), rowNumbers(r))
	d.in(elSummary, nil, func() {
		d.in(elSpan, []pair{class(classN)}, func() {
			if len(d.ladder.acts) > 1 {
				d.with(elSpan, decimal(a.n)+".", class(classHidden))
			}
			d.text(decimal(r.n))
		})
		d.space()
		d.in(elSpan, []pair{class(classLane)}, func() {
			d.in(elSpan, []pair{class(classLine)}, func() {
				if len(a.parties) > 2 {
					d.with(elSpan, d.legOf(a, r.from, r.to), class(classLeg))
					d.space()
				}
				d.with(elSpan, d.name(r), class(classCalled))
				if state != classClear {
					d.space()
					d.in(elSpan, []pair{class(classMark)}, func() {
						d.with(elSpan, d.say.UI("page."+classNames[state]), class(classWord, whenClass(state == classSealed, classHidden)))
					})
				}
				if r.forged {
					d.space()
					d.with(elSpan, d.say.UI("page.forged"), class(classForgedMark))
				}
				d.space()
				d.with(elSpan, r.says.In(d.say.Lang), class(classCaption))
				d.space()
				d.with(elSpan, d.ways(r.from, r.to), class(classHidden))
			})
		})
		for _, o := range a.onlookers {
			d.space()
			d.cell(o, r.sights[o])
		}
	})
	if d.bare(r) {
		d.elsewhere(r)
	} else {
		d.opened(r)
	}
	d.end()
}

// cell says what an onlooker could make of an arrow.
func (d *document) cell(onlooker string, access event.Access) {
	if access == "" {
		d.start(elSpan, class(classCell), value(attrDataOnlooker, onlooker))
		d.end()
		return
	}
	d.in(elSpan, []pair{class(classCell), value(attrDataOnlooker, onlooker), value(attrDataAccess, string(access))}, func() {
		d.with(elSpan, d.onlooker(onlooker)+d.say.Colon(), class(classHidden))
		key := "page." + string(access)
		if access == event.AccessSealed {
			key = "page.sees_sealed" // "page.sealed" is what the arrow is
		}
		d.with(elSpan, d.say.UI(key), class(classSays))
	})
}

// span is which part of the lane an arrow crosses.
func span(a *act, from, to string) className {
	i, j := indexOf(a.parties, from), indexOf(a.parties, to)
	lo, hi := min(i, j), max(i, j)
	switch {
	case len(a.parties) < 3 || lo == 0 && hi == len(a.parties)-1:
		return classAll
	case lo == 0:
		return classFirst
	}
	return classSecond
}

func indexOf(parties []string, p string) int {
	for i, q := range parties {
		if p == q {
			return i
		}
	}
	return 0
}

// legOf names the connection of a middle box that goes between two parties.
func (d *document) legOf(a *act, from, to string) string {
	switch span(a, from, to) {
	case classFirst:
		return d.say.UI("page.leg", "leg", "A")
	case classSecond:
		return d.say.UI("page.leg", "leg", "B")
	}
	return d.ways(from, to)
}

// name is what an arrow is called.
func (d *document) name(r *row) string {
	switch {
	case r.message != nil:
		return sheet.Title(r.message.Kind)
	case r.data != nil:
		return d.say.Data(r.data)
	case r.alert != nil:
		return d.say.Alert(r.alert, true, "")
	}
	return d.say.UI("record")
}

// refuses reports whether an arrow ends the connection for a reason.
func (r *row) refuses() bool {
	return r.alert != nil && r.alert.Err != nil
}

// numbers are the events that some places tell of.
func numbers(places ...*place) pair {
	var all []string
	for _, p := range places {
		for _, n := range p.seqs {
			all = append(all, decimal(int(n)))
		}
	}
	if len(all) == 0 {
		return pair{}
	}
	return pair{attrDataSeq, strings.Join(all, " ")}
}

// rowNumbers are the events of a row and of all its items.
func rowNumbers(r *row) pair {
	places := []*place{&r.place}
	for _, it := range r.items {
		places = append(places, &it.place)
	}
	return numbers(places...)
}

// top is the first thing that is read: what happened, for somebody who knows nothing of TLS.
func (d *document) top() {
	d.with(elH1, d.heading)
	if said := d.sentences(); len(said) > 0 {
		d.in(elOl, []pair{class(classTop)}, func() {
			for _, s := range said {
				d.with(elLi, s)
			}
		})
	}
	switch {
	case d.o.Worksheet:
		d.with(elP, d.say.UI("page.handout"))
	case d.o.NoSecrets:
		d.with(elP, d.say.UI("page.without_secrets"))
	case d.o.Live:
		d.with(elP, d.say.UI("page.live_secrets"), class(classBad))
	}
	if d.arrows > wholeUpTo {
		d.with(elP, d.say.UI("page.bytes_first", "n", decimal(withBytes)))
	}
	d.views()
	d.keys()
}

// title is what the page is called.
func (d *document) title() string {
	for _, e := range d.events {
		if s, ok := e.(event.Scene); ok && d.o.Title != nil {
			if title := d.o.Title(s); title != "" {
				return title
			}
		}
	}
	switch a := d.decisive(); {
	case a == nil:
		return d.say.UI("page.live")
	default:
		return d.titleOf(a)
	}
}

// views are the ways to look at the page. Without the script they do nothing, so they are
// written as what the script completes.
func (d *document) views() {
	d.in(elNav, []pair{class(classViews), value(attrAriaLabel, d.say.UI("page.views"))}, func() {
		d.with(elButton, d.say.UI("page.view.lecture"), value(attrType, "button"), value(attrDataView, "lecture"))
		d.with(elA, d.say.UI("page.view.all"), to("all"), value(attrDataView, "all"))
		d.with(elButton, d.say.UI("page.view.keys"), value(attrType, "button"), value(attrDataView, "keys"))
	})
}

// ways says between whom something goes.
func (d *document) ways(from, to string) string { return d.say.Party(from) + " → " + d.say.Party(to) }

// keys says which key does what. It is shown when asked for: without the script no key does
// anything.
func (d *document) keys() {
	d.in(elDetails, []pair{id("keys")}, func() {
		d.with(elSummary, d.say.UI("page.keys_help"))
		d.in(elDl, []pair{class(classList)}, func() {
			for _, k := range []string{"time", "open", "inside", "back", "lecture", "all", "help"} {
				e := d.say.Get(narrate.UI, "page.key."+k)
				d.with(elDt, e.Title)
				d.with(elDd, e.Text)
			}
		})
	})
}
