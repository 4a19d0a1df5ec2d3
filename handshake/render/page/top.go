package page

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
)

func (d *document) top() {
	d.with(elH1, d.heading)
	if said := d.sentences(); len(said) > 0 {
		d.in(elOl, []pair{class(classTop)}, func() {
			for _, s := range said {
				d.with(elLi, s)
			}
		})
	}
	d.whoReads()
	if it := d.ladder.verdict(); it != nil {
		d.telling(&it.place, classOutcome)
	}
	if d.o.Worksheet {
		d.with(elP, d.say.UI("page.handout"))
	}
	switch {
	case d.o.NoSecrets && !d.o.Worksheet:
		d.with(elP, d.say.UI("page.without_secrets"))
	case d.o.Live && d.opens():
		d.with(elP, d.say.UI("page.live_secrets"), class(classBad))
	}
	if d.arrows > wholeUpTo {
		d.with(elP, d.say.UI("page.bytes_first", "n", decimal(withBytes)))
	}
	d.views()
	d.keys()
}

func (d *document) title() string {
	if title := d.entitled(d.events); title != "" {
		return title
	}
	if x, ok := d.exchanges(); ok {
		return x.Title.In(d.o.Lang)
	}
	switch a := d.decisive(); {
	case a == nil:
		return d.say.UI("page.live")
	default:
		return d.titleOf(a)
	}
}

// opens reports whether the page holds what a stranger could not read: secrets, or what was under keys.
func (d *document) opens() bool {
	return slices.ContainsFunc(d.events, func(e event.Event) bool {
		switch e := e.(type) {
		case *event.Secret:
			return !e.Known()
		case *event.Record:
			return e.Protected && e.Payload != nil
		}
		return false
	})
}

// entitled is the title by a scene among events that tells it; "" if none does.
func (d *document) entitled(events []event.Event) string {
	for _, e := range events {
		if s, ok := e.(event.Scene); ok && d.o.Title != nil {
			if title := d.o.Title(s); title != "" {
				return title
			}
		}
	}
	return ""
}

func (d *document) views() {
	d.in(elNav, []pair{class(classViews), value(attrAriaLabel, d.say.UI("page.views"))}, func() {
		d.with(elButton, d.say.UI("page.view.lecture"), value(attrType, "button"), value(attrDataView, "lecture"))
		d.with(elA, d.say.UI("page.view.all"), to("all"), value(attrDataView, "all"))
		d.with(elButton, d.say.UI("page.view.keys"), value(attrType, "button"), value(attrDataView, "keys"))
	})
}

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

// exchanges is the comparison that the lesson makes, if it makes one.
func (d *document) exchanges() (narrate.Exchanges, bool) {
	var flows [][]event.Event
	for _, a := range d.ladder.acts {
		if a.flow == nil {
			return narrate.Exchanges{}, false
		}
		flows = append(flows, a.events)
	}
	return narrate.CompareExchanges(flows)
}

// whoReads is the table of a comparison: what each onlooker makes of each recording.
func (d *document) whoReads() {
	x, ok := d.exchanges()
	if !ok {
		return
	}
	var who []string
	for _, a := range d.ladder.acts {
		for _, o := range a.onlookers {
			if !slices.Contains(who, o) {
				who = append(who, o)
			}
		}
	}
	d.newline()
	d.start(elTable, class(classReaders))
	d.with(elCaption, d.say.UI("page.who_reads"))
	d.in(elTr, nil, func() {
		d.start(elTd)
		d.end()
		for _, o := range who {
			d.with(elTh, d.say.Party(o), value(attrScope, "col"))
		}
	})
	for i, e := range x.Each {
		d.newline()
		d.in(elTr, nil, func() {
			d.in(elTh, []pair{value(attrScope, "row")}, func() { d.with(elA, e.Name, to(addressOf("a"+decimal(d.ladder.acts[i].n)))) })
			for _, o := range who {
				d.in(elTd, nil, func() { d.cell(o, e.Onlookers[o]) })
			}
		})
	}
	d.end()
}
