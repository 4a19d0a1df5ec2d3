package page

import "tlslab/handshake/render/sheet"

// told is a piece of what the terminal would say of an event.
type told struct{ text string }

// tell has the terminal's words written for each event, at the place where that event stands.
func (d *document) tell() {}

// telling writes what is told at a place.
func (d *document) telling(p *place, c className) {
	if len(p.told) == 0 {
		return
	}
	d.in(elDiv, []pair{class(c)}, func() {
		for _, t := range p.told {
			d.with(elP, t.text)
		}
	})
}

// sentences are the three on top of the page.
func (d *document) sentences() []string { return nil }

var _ = sheet.Text
