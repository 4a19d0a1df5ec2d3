package page

import (
	"tlslab/handshake/render/sheet"
)

// myth is what is often said wrongly about what happened in a flight, and what is true.
type myth struct {
	seq uint64 // of the event at which it comes up
	b   sheet.Block
}

// myths draws, at the end of a flight, what is often said wrongly about it.
func (d *document) myths(f *flight) {
	if len(f.myths) == 0 {
		return
	}
	d.newline()
	at := d.ladder.taken.take(f.rows[0].id.at("myths"))
	d.start(elDetails, class(classRow, classMyths), id(at))
	d.in(elSummary, nil, func() {
		d.start(elSpan, class(classN))
		d.end()
		d.in(elSpan, []pair{class(classLane)}, func() {
			d.in(elSpan, []pair{class(classSum)}, func() {
				d.with(elSpan, d.say.UI("often_said"), class(classKind, classMythStyle))
				for _, m := range f.myths {
					d.space()
					d.in(elSpan, []pair{class(classQuote)}, func() { d.runs(m.b.Label) })
				}
			})
		})
	})
	for i, m := range f.myths {
		d.start(elDiv, class(classItem), id(at+address("."+decimal(i+1))), value(attrDataKind, "myth"), number(attrDataSeq, int(m.seq)))
		d.in(elH3, []pair{class(classCalled)}, func() {
			d.with(elSpan, d.say.UI("often_said"), class(classMythStyle))
			d.space()
			d.runs(m.b.Label)
		})
		d.in(elDiv, []pair{class(classTelling)}, func() {
			d.runs(m.b.Text)
			d.ref(m.b.Ref)
		})
		d.end()
	}
	d.end()
}
