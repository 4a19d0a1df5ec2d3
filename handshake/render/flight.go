package render

import (
	"slices"

	"tlslab/handshake/event"
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
func (t *Pen) flightLine(f flightNo) {
	if f.n == 0 || f.conn == t.flow.flight.conn && f.n == t.flow.flight.n {
		return
	}
	t.flow.flight = f
	t.Line("   " + t.Paint.Dim(t.flightName(f)))
}

// lined is a line of a move at level Flights, where the rest of a flow is told in lines. What a
// silent party has sent at once, as an attacker does who sends a recording, is read bit by bit,
// with answers in between: it stands in the flight in which it was sent all the same.
type lined struct {
	flight flightNo
	from   string
	text   string
}

// inLine takes the line of a move to those of its flight.
func (t *Pen) inLine(m *move, text string) {
	x := lined{m.flight, m.from, text}
	early := m.data != nil && m.head.State == event.WaitEndOfEarlyData && m.dir == event.Receive
	for i, old := range slices.Backward(t.flow.lined) {
		switch {
		case early && old.from == m.from && old.flight.n == 1:
			x.flight = old.flight
		case x.flight.n == 0 || old.from != m.from || old.flight.n != x.flight.n || old.flight.conn != x.flight.conn:
			continue
		}
		t.flow.lined = slices.Insert(t.flow.lined, i+1, x)
		return
	}
	t.flow.lined = append(t.flow.lined, x)
}

// endLines writes the lines that wait. How many flights there are is known by the last of one.
func (t *Pen) endLines() {
	of := map[flightNo]int{}
	for _, x := range t.flow.lined {
		key := flightNo{conn: x.flight.conn, n: x.flight.n}
		of[key] = max(of[key], x.flight.of)
	}
	for _, x := range t.flow.lined {
		x.flight.of = of[flightNo{conn: x.flight.conn, n: x.flight.n}]
		t.flightLine(x.flight)
		t.Line(x.text)
	}
	t.flow.lined = nil
}

// troubles reports whether something is told of an event on a line of its own.
func (t *Pen) troubles(e event.Event) bool {
	switch e := e.(type) {
	case *event.Alert:
		return true
	case *event.Check:
		return e.Err != nil
	}
	return false
}
