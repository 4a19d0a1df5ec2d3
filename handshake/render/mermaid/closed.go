package mermaid

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// What was recorded by somebody who looks on.

// closed is a run of records, one behind the other, that opened to nobody: one arrow.
type closed struct {
	on        bool // in a recording
	from, to  string
	n, octets int
}

// unopened takes a record that opened to nobody. Whatever else happens ends the run.
func (m *Drawing) unopened(e event.Event, to string) {
	switch e := e.(type) {
	case *event.Record:
		if !m.closed.on || e.Dir != event.Send || !e.Protected || e.Payload != nil {
			return
		}
		if m.closed.from != e.Party {
			m.endClosed()
			m.closed.from, m.closed.to = e.Party, to
		}
		m.closed.n, m.closed.octets = m.closed.n+1, m.closed.octets+len(e.Wire)
		return
	case *event.Onlooked:
		return
	case event.Scene:
		if e.Key() == event.SceneRecorded {
			m.closed.on = true
		}
	}
	m.endClosed()
}

// endClosed draws the run at hand.
func (m *Drawing) endClosed() {
	c := m.closed
	if m.closed = (closed{on: c.on}); c.n == 0 {
		return
	}
	key := "flights.closed_records"
	if c.n == 1 {
		key = "flights.closed_record"
	}
	size := narrate.Fill(m.say.Title(narrate.Captions, "closed"), map[string]string{"n": sheet.Text(c.octets)})
	m.Arrow(c.from, "->>", c.to, m.say.UI(key, "n", sheet.Text(c.n))+m.say.Comma()+size)
}

// noteOf stands over whoever did it. Who is at neither end has no line of his own: then it stands
// over all, with his name.
func (m *Drawing) noteOf(f *Flow, party, what string) {
	if slices.Contains(f.Parties, party) || len(f.Parties) == 0 {
		m.Note(party, what)
		return
	}
	m.Note(f.Parties[0]+","+f.Parties[len(f.Parties)-1], m.say.Party(party)+m.say.Colon()+what)
}
