package page

import "tlslab/handshake/iana"

// A page has all bytes of up to wholeUpTo messages, since find-in-page, print and a reader without
// scripts depend on it. A longer connection has a line for each message, and the bytes of the
// first withBytes: with all of them a browser would take minutes.
const wholeUpTo, withBytes = 300, 200

// bare reports whether an arrow has its line alone.
func (d *document) bare(r *row) bool {
	return (r.far || d.arrows > wholeUpTo && r.count > withBytes) && (r.n == 0 || r.n != d.o.Message)
}

// countArrows numbers the arrows of all acts, and finds those of data that come behind much of it.
func (d *document) countArrows() {
	data := 0
	for _, a := range d.ladder.acts {
		for _, f := range a.flights {
			for _, r := range f.rows {
				if !r.work() {
					d.arrows++
					r.count = d.arrows
					n := r.octets()
					data += n
					r.far = n > 0 && data > wholeData
				}
			}
		}
	}
}

// elsewhere says how to come by the bytes of an arrow that has none here. An arrow without a number,
// such as a record that nobody opened, cannot be asked for.
func (d *document) elsewhere(r *row) {
	if r.n == 0 {
		return
	}
	d.with(elP, d.say.UI("page.bytes_elsewhere", "n", decimal(r.n)))
}

// octets is how much data an arrow carries.
func (r *row) octets() int {
	if r.data != nil {
		return len(r.data.Data)
	}
	n := 0
	for _, e := range r.records {
		if e.Type == iana.ApplicationData {
			n += len(e.Wire)
		}
	}
	return n
}
