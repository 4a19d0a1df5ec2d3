package render

import (
	"tlslab/handshake/event"
	"tlslab/handshake/render/sheet"
)

// What was recorded and opened to nobody here: it says nothing but how long it is and who sent it.

// closed is a run of such records, one behind the other.
type closed struct {
	from      string
	at        int // its place in the body of a block
	n, octets int
}

// closedOf takes the records of a move that stayed closed. In a flight of their sender's they belong to
// it; else nobody can tell which flight they are of, or whether they are of any.
func (t *Pen) closedOf(m *move) {
	if !t.flow.recorded || m.message != nil || m.data != nil {
		return
	}
	for _, e := range m.events {
		r, ok := e.(*event.Record)
		if !ok || r.Dir != event.Send || !r.Protected || r.Payload != nil {
			continue
		}
		b := t.block
		if b == nil || !b.after && b.from != m.from {
			t.endBlocks(0)
			b = &block{after: true, head: t.Say.UI("flights.closed"), from: m.from, to: m.to}
			t.begins(b)
		}
		if c := b.closed; c != nil && c.from == m.from && c.at == len(b.body)-1 {
			c.n, c.octets = c.n+1, c.octets+len(r.Wire)
			continue
		}
		c := &closed{from: m.from, at: len(b.body), n: 1, octets: len(r.Wire)}
		b.closed = c
		to := m.to // and not m, which has all bytes
		right := t.flow.rightward(m.from, to)
		b.body = append(b.body, func() {
			arrow := t.flightArrow(c.from, to, true)
			if b.no.n > 0 {
				arrow = onlyArrow(arrow)
			}
			key := "flights.closed_records"
			if c.n == 1 {
				key = "flights.closed_record"
			}
			t.arrowLine("   "+arrow, right, t.Say.UI(key, "n", sheet.Text(c.n)), t.Say.UI("flights.closed_bytes", "n", sheet.Text(c.octets)), t.Say.UI("encrypted"), true)
		})
	}
}
