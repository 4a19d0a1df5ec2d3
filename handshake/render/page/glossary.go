package page

import (
	"maps"
	"slices"

	"tlslab/handshake/narrate"
)

// glossary says what each field means, once: the fields link to it.
func (d *document) glossary() {
	if len(d.used) == 0 {
		return
	}
	d.newline()
	d.in(elSection, []pair{id("glossary")}, func() {
		d.start(elDetails)
		d.in(elSummary, nil, func() { d.with(elH2, d.say.UI("page.glossary")) })
		d.in(elDl, nil, func() {
			for _, key := range slices.Sorted(maps.Keys(d.used)) {
				e := d.say.Get(narrate.Field, key)
				d.newline()
				d.with(elDt, key, id(glossaryOf(key)), value(attrTranslate, "no"))
				d.in(elDd, nil, func() {
					if e.Title != "" {
						d.with(elB, e.Title)
						d.space()
					}
					d.text(e.Text)
					d.ref(e.Ref)
				})
			}
		})
		d.end()
	})
}
