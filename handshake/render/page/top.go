package page

import (
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
	if it := d.ladder.verdict(); it != nil {
		d.telling(&it.place, classOutcome)
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
