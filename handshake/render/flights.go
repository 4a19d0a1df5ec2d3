package render

import (
	"maps"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Level Flights: a block for each flight (RFC 9846 §2), and one for what comes when the
// handshake is over. A block has what its sender did before, the arrows, and who could read
// them. It is written when the next one begins: a party's reading, which the engine does
// between its own messages, then stands where it leads to, before what that party sends; and
// by then a server has said how many flights there will be.

// block is what is told together.
type block struct {
	no       flightNo // zero: no flight of a handshake
	from, to string
	head     string // what it is, where it is no flight
	after    bool   // of what comes when the handshakes are over: it takes both directions
	headed   bool   // its heading is written
	work     work   // of its sender, before the arrows
	body     []func()
	crossed  []crossed
	myths    []due
}

// work is what a party did with what it read.
type work struct {
	decided []*event.Decision
	checked []*event.Check
	made    []*event.Secret
	same    []string // labels of what the other end has shown
}

func (w *work) empty() bool {
	return len(w.decided)+len(w.checked)+len(w.made)+len(w.same) == 0
}

func (w *work) add(x work) {
	w.decided, w.checked = append(w.decided, x.decided...), append(w.checked, x.checked...)
	w.made, w.same = append(w.made, x.made...), append(w.same, x.same...)
}

// inFlight takes a move into the block that it belongs to.
func (t *Pen) inFlight(m *move) {
	myths := t.mythsOf(m.events)
	w := t.workOf(m)
	switch shown := (m.message != nil || m.data != nil) && !m.known; {
	case shown:
		t.enter(m)
		if m.dir == event.Send {
			t.arrowIn(m, w.made)
			w.made = nil
		} else {
			t.arrowIn(m, nil)
		}
		if m.dir == event.Send {
			t.block.work.add(w)
			break
		}
		fallthrough
	default:
		t.reads(m, w)
	}
	t.alertsOf(m)
	if t.block != nil {
		t.block.myths = append(t.block.myths, myths...)
	}
}

// reads keeps what a party made of what it read until that party sends. When the handshake is
// over it is told at once.
func (t *Pen) reads(m *move, w work) {
	if b := t.block; b != nil && (b.after || b.from == m.head.Party && b.no.conn == m.head.Conn && len(b.crossed) > 0 && m.dir == event.Receive) {
		t.block.work.add(w)
		return
	}
	l := sheet.LegOf(m.head)
	if t.flow.pending == nil {
		t.flow.pending = map[sheet.Leg]work{}
	}
	old := t.flow.pending[l]
	old.add(w)
	t.flow.pending[l] = old
}

// workOf is what a party did in a move, and is told for the first time.
func (t *Pen) workOf(m *move) (w work) {
	told := t.repeated(m)
	twice := t.flow.again(m)
	for _, e := range m.events {
		switch e := e.(type) {
		case *event.Decision:
			if t.flow.news(e) && !twice {
				w.decided = append(w.decided, e)
			}
		case *event.Check:
			w.checked = append(w.checked, e)
		case *event.Secret:
			if line := t.disagreement(e); line != "" {
				defer t.addLine(m, line)
			}
			label := t.flow.labelOf(e)
			switch {
			case told[e] && !strings.HasSuffix(label, "_verify_data"):
				w.same = append(w.same, label)
			case !told[e] && !twice:
				w.made = append(w.made, e)
			}
			if t.flow.label[string(e.Value)] == "" {
				t.flow.label[string(e.Value)] = label
			}
		}
	}
	return w
}

// addLine puts a line of trouble where the move at hand is told.
func (t *Pen) addLine(m *move, line string) {
	if t.block == nil {
		t.begins(&block{from: m.head.Party, head: t.Say.UI("flights.stops", "party", t.Say.Party(m.head.Party))}, sheet.LegOf(m.head))
	}
	t.block.body = append(t.block.body, func() { t.Hang("   "+t.Paint.Bad("! "), 5, line, t.Paint.Bad) })
}

// enter goes to the block of a move that is shown.
func (t *Pen) enter(m *move) {
	b := t.block
	switch {
	case m.flight.n == 0:
		t.afterwards()
	case b == nil || b.no.n != m.flight.n || b.no.conn != m.flight.conn || b.from != m.from:
		t.begins(&block{no: m.flight, from: m.from, to: m.to}, sheet.Leg{Party: m.from, Conn: m.head.Conn})
	case m.flight.of != 0:
		b.no.of = m.flight.of
	}
}

// afterwards goes to the block of what comes when the handshake is over, with all that was read by then.
func (t *Pen) afterwards() {
	if t.block != nil && t.block.after {
		return
	}
	head := "flights.after"
	if t.block == nil && len(t.flow.pending) == 0 {
		head = "flights.data"
	}
	t.begins(&block{after: true, head: t.Say.UI(head)}, slices.SortedFunc(maps.Keys(t.flow.pending), func(a, b sheet.Leg) int {
		return strings.Compare(a.Party, b.Party)
	})...)
}

// begins ends the block at hand and goes on to b, before whose arrows these legs' work stands.
func (t *Pen) begins(b *block, legs ...sheet.Leg) {
	if old := t.block; old != nil && old.no.of == 0 && old.no.conn == b.no.conn {
		old.no.of = b.no.of
	}
	t.endFlight()
	for _, l := range legs {
		b.work.add(t.flow.pending[l])
		delete(t.flow.pending, l)
	}
	b.myths = append(t.sceneMyths, b.myths...)
	t.sceneMyths = nil
	t.block = b
}

// endFlight ends the block at hand, if there is one.
func (t *Pen) endFlight() {
	b := t.block
	if b == nil {
		return
	}
	t.writeFlight()
	t.block = nil
	t.whoReads(b)
	t.foremost(b)
}

// endFlights ends the block at hand, and tells what was read and led to nothing.
func (t *Pen) endFlights() {
	t.endFlight()
	for l, w := range t.flow.pending {
		if w.empty() {
			delete(t.flow.pending, l)
		}
	}
	if len(t.flow.pending) > 0 {
		t.afterwards()
		t.endFlight()
	}
}

// writeFlight writes what there is of the block at hand.
func (t *Pen) writeFlight() {
	b := t.block
	if !b.headed {
		b.headed = true
		t.Blank()
		head := b.head
		if b.no.n > 0 {
			head = t.Say.UI("flights.head", "flight", t.flightName(b.no), "from", t.Say.Party(b.from), "to", t.Say.Party(b.to))
		}
		head = sheet.Cut("-- "+head+" ", t.Width-2)
		t.Line(t.Paint.Bold(head + strings.Repeat("-", t.Width-sheet.Width(head))))
	}
	t.workLines(b)
	b.work = work{}
	for _, f := range b.body {
		f()
	}
	b.body = nil
}

// sentences is how much of an explanation a block has room for.
const sentences = 2

// gist is the beginning of an explanation.
func (t *Pen) gist(text string) string { return narrate.FirstSentences(text, sentences) }
