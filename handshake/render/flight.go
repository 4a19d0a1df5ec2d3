package render

import (
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// flightNo says which flight of a handshake a message belongs to, and how many flights there
// are: narrate counts them. The zero value is no flight.
type flightNo struct{ conn, n, of int }

// flightOf finds the flight of a move's message.
func (t *Pen) flightOf(m *move) (f flightNo) {
	if m.message != nil {
		f.conn = m.head.Conn
		f.n, f.of = narrate.Flight(m.message, t.myths)
	}
	return f
}

// flightName is "flight 2 of 4"; "flight 2" as long as it is not known of how many; or "".
func (t *Pen) flightName(f flightNo) string {
	switch {
	case f.n == 0:
		return ""
	case f.of == 0:
		return t.Say.UI("flight", "n", sheet.Text(f.n))
	}
	return t.Say.UI("flight_of", "n", sheet.Text(f.n), "of", sheet.Text(f.of))
}

// flightLine heads the lines of a flight's messages, where each has but one.
func (t *Pen) flightLine(m *move) {
	if m.flight.n == 0 || m.flight.conn == t.flow.flight.conn && m.flight.n == t.flow.flight.n {
		return
	}
	t.flow.flight = m.flight
	t.Line("   " + t.Paint.Dim(t.flightName(m.flight)))
}
