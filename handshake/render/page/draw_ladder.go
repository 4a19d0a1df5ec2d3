package page

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
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
	switch {
	case a.flow != nil:
		flow = a.flow.Name
	case a.recorded:
		flow = string(event.SceneRecorded)
	}
	d.newline()
	d.start(e, class(classAct), id(addressOf("a"+decimal(a.n))), value(attrDataFlow, flow), when(several && (a == d.decisive() || d.asksIn(a)), is(attrOpen)), numbers(a.heading, a.ending))
	title := d.titleOf(a)
	if several && a.conn == 0 { // one of a connection has its number; two others may be called the same
		title = decimal(a.n) + ". " + title
	}
	if several {
		d.in(elSummary, nil, func() { d.with(elH2, title) })
	} else {
		d.with(elH2, title, class(classHidden))
	}
	d.telling(a.heading, classTelling)
	d.legs(a)
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

// legs says what the two connections of somebody in the middle are called.
func (d *document) legs(a *act) {
	if len(a.parties) != 3 || a.ends.Through {
		return
	}
	d.in(elP, []pair{class(classLegs, classDim)}, func() {
		for i, leg := range []string{"A", "B"} {
			if i > 0 {
				d.text(d.say.Comma())
			}
			d.text(d.say.UI("page.leg", "leg", leg) + d.say.Colon() + d.say.Party(a.parties[i]) + " — " + d.say.Party(a.parties[i+1]))
		}
	})
}

// titleOf is what an act is called.
func (d *document) titleOf(a *act) string {
	switch {
	case a.flow != nil:
		return d.say.Title(narrate.Scene, narrate.EntryOf(a.flow))
	case a.conn > 0:
		return d.say.UI("page.connection", "n", decimal(a.conn)) + d.say.Colon() + d.ways(a.parties[0], a.parties[1])
	}
	if title := d.entitled(a.events); title != "" {
		return title
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
	if _, ok := d.exchanges(); ok { // none of those that are compared is: they are read from the first on
		return d.ladder.acts[0]
	}
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
		d.with(elSpan, d.say.Party(p), class(edge(i, len(a.parties))))
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
		d.ask(d.asks.of[r])
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
