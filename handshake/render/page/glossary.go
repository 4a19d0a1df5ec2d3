package page

import (
	"cmp"
	"maps"
	"slices"

	"tlslab/handshake/narrate"
)

// glossary says what each field means, once: the fields link to it.
func (d *document) glossary() {
	if len(d.used) == 0 {
		return
	}
	all := slices.SortedFunc(maps.Keys(d.used), func(a, b meaning) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.key, b.key))
	})
	d.newline()
	d.in(elSection, []pair{id("glossary")}, func() {
		d.start(elDetails)
		d.in(elSummary, nil, func() { d.with(elH2, d.say.UI("page.glossary")) })
		d.in(elDl, nil, func() {
			for _, m := range all {
				e := d.say.Get(m.kind, m.key)
				d.newline()
				d.with(elDt, m.key, id(glossaryOf(m.kind, m.key)), value(attrTranslate, "no"))
				d.in(elDd, nil, func() {
					if e.Title != "" {
						d.with(elB, e.Title)
						d.space()
					}
					d.text(narrate.Fill(e.Text, nil))
					d.ref(cmp.Or(e.Ref, d.used[m]))
				})
			}
		})
		d.end()
	})
}
