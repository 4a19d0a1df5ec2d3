package page

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/render/sheet"
)

// arrow draws one arrow, and what opens under it.
func (d *document) arrow(a *act, r *row) {
	d.newline()
	dir := "left"
	if r.right {
		dir = "right"
	}
	state := noClass // in clear
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
			if r.n == 0 {
				return
			}
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
				if r.n == 0 { // no two rows of a page are called the same
					d.with(elSpan, d.unnumbered(r), class(classHidden))
					d.space()
				}
				d.with(elSpan, d.name(r), class(classCalled))
				if state != noClass {
					d.space()
					d.in(elSpan, []pair{class(classMark)}, func() {
						d.with(elSpan, d.say.UI("page."+classNames[state]), class(whenClass(state == classSealed, classHidden)))
					})
				}
				if r.message != nil && r.message.QUIC {
					d.space()
					d.with(elSpan, d.say.UI("known_keys"), class(classMark))
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
		return noClass
	case lo == 0:
		return classFirst
	}
	return classSecond
}

// indexOf is where a party stands from the left. Whoever is not among them counts as the first.
func indexOf(parties []string, p string) int { return max(0, slices.Index(parties, p)) }

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
	case r.unopened:
		return d.say.UI("page.unopened")
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

// ways says between whom something goes.
func (d *document) ways(from, to string) string { return d.say.Party(from) + " → " + d.say.Party(to) }
