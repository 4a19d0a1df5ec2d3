package render

import (
	"cmp"
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
	no        flightNo  // zero: no flight of a handshake
	leg       sheet.Leg // that sends it
	from, to  string
	head      string // what it is, where it is no flight
	after     bool   // of what comes when the handshakes are over: it takes both directions
	headed    bool   // its heading is written
	work      work   // of its sender, before the arrows
	body      []func()
	crossed   []crossed
	myths     []due
	closed    *closed   // the last run of records that opened to nobody
	closing   sheet.Leg // that has closed
	bothClose bool      // … and so has its peer
}

// work is what a party did with what it read.
type work struct {
	decided []*event.Decision
	checked []*event.Check
	made    []*event.Secret
	same    []string // labels of what the other end has shown
	trouble []string // where the two ends have come to different secrets
}

func (w *work) empty() bool {
	return len(w.decided)+len(w.checked)+len(w.made)+len(w.same)+len(w.trouble) == 0
}

func (w *work) add(x work) {
	w.decided, w.checked = append(w.decided, x.decided...), append(w.checked, x.checked...)
	w.made, w.same = append(w.made, x.made...), append(w.same, x.same...)
	w.trouble = append(w.trouble, x.trouble...)
}

// inFlight takes a move into the block that it belongs to.
func (t *Pen) inFlight(m *move) {
	myths := t.mythsOf(m.events)
	w := t.workOf(m)
	if (m.message != nil || m.data != nil) && !m.known {
		t.enter(m)
		if m.dir == event.Send {
			t.arrowIn(m, w.made)
			w.made = nil
			t.block.work.add(w)
			w = work{}
		} else {
			t.arrowIn(m, nil)
		}
	}
	t.reads(m, w)
	t.closedOf(m)
	t.alertsOf(m)
	if b := t.block; b != nil {
		b.names(t, m.events)
		b.corrects(myths)
		if b.after && len(b.body) >= maxBody {
			t.flushFlight()
		}
	}
}

// maxBody is how much waits in the block of what comes when the handshakes are over: a connection can go on
// for long, and be told of by an end that never hears from its peer.
const maxBody = 1 << 8

// names has both forms told of the names in a move. Data and records have none, and are not kept for it.
func (b *block) names(t *Pen, events []event.Event) {
	for _, e := range events {
		switch e.(type) {
		case *event.Record, *event.Data:
		default:
			b.body = append(b.body, func() { t.bothForms(e) })
		}
	}
}

// corrects notes the corrections that come up in a move, each where it comes up first.
func (b *block) corrects(myths []due) {
	for _, d := range myths {
		if !slices.ContainsFunc(b.myths, func(old due) bool { return old.key == d.key }) {
			b.myths = append(b.myths, d)
		}
	}
}

// reads keeps what a party made of what it read until that party sends. It goes at once to a block
// that the party has begun already, or where the handshake is over.
func (t *Pen) reads(m *move, w work) {
	if w.empty() {
		return
	}
	l := sheet.LegOf(m.head)
	if b := t.block; b != nil && t.flow.Role[l] == "" && !slices.Contains(t.flow.Parties, l.Party) {
		t.looksOn(b, l.Party, w)
		return
	}
	for _, b := range slices.Backward(t.blocks) {
		if b.after || b.leg == l && b.last(t.blocks) {
			b.work.add(w)
			return
		}
	}
	if t.flow.pending == nil {
		t.flow.pending = map[sheet.Leg]work{}
	}
	old := t.flow.pending[l]
	old.add(w)
	t.flow.pending[l] = old
}

// looksOn tells of what one computed and checked who is at neither end, and has keys: right behind
// what it is about. His name stands once, where one thing follows the other.
func (t *Pen) looksOn(b *block, party string, w work) {
	b.body = append(b.body, func() {
		t.Text(3, t.onlooker(party)+t.Say.Colon(), t.Paint.Dim)
		t.workOfLines(&w, func(*event.Meta) string { return "" })
	})
}

// last reports whether b is the last of its connection.
func (b *block) last(of []*block) bool {
	for _, x := range slices.Backward(of) {
		if x.no.conn == b.no.conn {
			return x == b
		}
	}
	return false
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
				w.trouble = append(w.trouble, line)
			}
			label := t.flow.labelOf(e)
			_, again := told[e]
			key := madeAt{e.Conn, label, string(e.Value)}
			first := t.flow.made[key]
			switch t.flow.made[key] = e.Party; {
			case first != "" && first != e.Party && !strings.HasSuffix(label, "_verify_data"):
				if !twice { // else nobody has shown them
					w.same = append(w.same, label)
				}
			case !again && !twice:
				w.made = append(w.made, e)
			}
			if t.flow.label[string(e.Value)] == "" {
				t.flow.label[string(e.Value)] = label
			}
		}
	}
	return w
}

// madeAt is a value that one end of a connection has computed.
type madeAt struct {
	conn         int
	label, value string
}

// enter goes to the block of a move that is shown. One end alone reads a flight when it has begun
// its own: then two are open.
func (t *Pen) enter(m *move) {
	if m.flight.n == 0 && !t.early(m) {
		t.afterwards()
		return
	}
	if m.flight.n == 0 {
		return // it travels in the flight that its sender is about
	}
	for _, b := range t.blocks {
		if b.no.conn != m.flight.conn {
			continue
		}
		if m.flight.of != 0 {
			b.no.of = m.flight.of // now it is known
		}
		if b.no.n == m.flight.n && b.from == m.from {
			t.block = b
			return
		}
	}
	t.begins(&block{no: m.flight, leg: sheet.Leg{Party: m.from, Conn: m.head.Conn}, from: m.from, to: m.to})
}

// early goes to the flight in which data travels before its sender's handshake is over: early
// data, and what a server says before it has heard the client's Finished. It reports whether there is one.
func (t *Pen) early(m *move) bool {
	l := sheet.LegOf(m.head)
	l.Party = m.from
	if m.data == nil || m.head.State == event.Connected {
		return false
	}
	for _, b := range slices.Backward(t.blocks) {
		if b.no.n > 0 && b.leg == l {
			t.block = b
			return true
		}
	}
	return false
}

// afterwards goes to the block of what comes when the handshake is over, with all that was read by then.
func (t *Pen) afterwards() {
	if n := len(t.blocks); n > 0 && t.blocks[n-1].after {
		t.block = t.blocks[n-1]
		return
	}
	head := "flights.after"
	if t.flow.moves == 0 {
		head = "flights.data" // of which the handshake was not seen
	}
	t.endBlocks(0)
	b := &block{after: true, head: t.Say.UI(head)}
	for _, l := range t.waiting() {
		b.work.add(t.flow.pending[l])
	}
	clear(t.flow.pending)
	t.begins(b)
}

// begins opens a block, with what its sender has read. All but the one before are ended.
func (t *Pen) begins(b *block) {
	keep := 1
	if n := len(t.blocks); b.after || n > 0 && t.blocks[n-1].no.conn != b.no.conn {
		keep = 0
	}
	t.endBlocks(keep)
	b.work.add(t.flow.pending[b.leg])
	delete(t.flow.pending, b.leg)
	b.myths = append(t.sceneMyths, b.myths...)
	t.sceneMyths = nil
	t.blocks, t.block = append(t.blocks, b), b
}

// endBlocks ends all open blocks but some of the last.
func (t *Pen) endBlocks(keep int) {
	for len(t.blocks) > keep {
		b := t.blocks[0]
		t.blocks = t.blocks[1:]
		t.write(b)
		t.whoReads(b)
		t.foremost(b)
		if t.block == b {
			t.block = nil
		}
	}
}

// endFlights ends the blocks at hand, and tells what was read and led to nothing.
func (t *Pen) endFlights() {
	t.endBlocks(0)
	for _, l := range t.waiting() {
		t.begins(&block{leg: l, no: flightNo{conn: l.Conn}, from: l.Party, head: t.Say.UI("flights.reads_what", "party", t.Say.Party(l.Party))})
		t.endBlocks(0)
	}
}

// waiting are those who have read and not sent since.
func (t *Pen) waiting() []sheet.Leg {
	return slices.SortedFunc(maps.Keys(t.flow.pending), func(a, b sheet.Leg) int {
		return cmp.Or(cmp.Compare(a.Conn, b.Conn), strings.Compare(a.Party, b.Party))
	})
}

// flushFlight writes what there is. What comes when the handshake is over goes on below it.
func (t *Pen) flushFlight() {
	if n := len(t.blocks); n == 0 || !t.blocks[n-1].after {
		t.endFlights()
		return
	}
	t.endBlocks(1)
	t.write(t.blocks[0])
	if t.flow.sights == nil { // nobody has tried: a live connection can go on for long
		t.blocks[0].crossed = nil
	}
}

// write writes what there is of a block.
func (t *Pen) write(b *block) {
	if !b.headed {
		b.headed = true
		t.Blank()
		head := b.head
		if b.no.n > 0 {
			head = t.Say.UI("flights.head", "flight", t.flightName(b.no), "from", t.Say.Party(b.from), "to", t.Say.Party(b.to))
		}
		t.Across(head, "-")
	}
	t.workLines(b)
	b.work = work{}
	for _, f := range b.body {
		f()
	}
	b.body, b.closed = nil, nil
	b.closing, b.bothClose = sheet.Leg{}, false // a goodbye that is written is answered in a line of its own
}

// sentences is how much of an explanation a block has room for.
const sentences = 2

// gist is the beginning of an explanation.
func (t *Pen) gist(text string) string { return narrate.FirstSentences(text, sentences) }
