package render

import (
	"io"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Level is how much a Terminal shows.
type Level uint8

// The levels.
const (
	Default Level = iota // readable in a few screens: long values elided
	Brief                // one line a move
	Bytes                // every byte: offset, hex, name, meaning
	Flights              // a block a flight: its messages, what was checked and computed, and who could read it
)

// TerminalOptions say how to write. The zero value is English, uncoloured,
// DefaultWidth columns, level Default.
type TerminalOptions struct {
	Lang  narrate.Lang // narrate.En
	Color bool         // escape sequences; whether is for the caller to find out (NO_COLOR, a terminal)
	Width int          // columns; 0 means DefaultWidth, below 40 is 40
	Level Level
	// Layout, if it is not nil, lays out the scenes that it knows.
	Layout Layout
	// Worksheet blanks the derived values, numbered: a student fills them in, and
	// Answers has them. The commands that would compute them are left out. Level Flights is
	// Default then.
	Worksheet bool
	// Only, if it is not zero, leaves out all else. What it names is told as at this Level.
	Only Only
	// Take, if it is not nil, gets what would be written as blocks, each with the event that it
	// is about, nil if it is about none; then nothing is written. In blocks values are whole,
	// commands are all there, and no move is told in brief because one like it was told before:
	// whoever lays them out folds what is long. What is said once is said once in each flow.
	Take func(about event.Event, b sheet.Block)
}

// Terminal is an event.Listener that explains a handshake in words, as it happens. A
// message that both its sender and its receiver tell of is shown once, where it
// is sent; what one end alone sees (a live peer, a message changed on its way) is
// shown where it is received. It is not safe for concurrent use.
//
// Events are held back until the move they belong to is complete: Flush shows
// what is held, Close ends the transcript.
type Terminal struct{ pen *Pen }

// NewTerminal returns a Terminal that writes to w.
func NewTerminal(w io.Writer, o TerminalOptions) *Terminal { return &Terminal{newPen(w, o)} }

// Pen is what the Terminal writes with. What is written with it stands before the move that
// is held back: Flush comes first.
func (t *Terminal) Pen() *Pen { return t.pen }

// Event takes the next event. A write error is kept for Flush and Close.
func (t *Terminal) Event(e event.Event) { t.pen.event(e) }

// Flush shows what is held back, and returns the first write error.
func (t *Terminal) Flush() error {
	t.pen.show()
	t.pen.endLines()
	t.pen.flushFlight()
	return t.pen.Err()
}

// Close ends the transcript: nothing may be told after it. It does not close the
// writer. On a worksheet it says how many blanks there are.
func (t *Terminal) Close() error {
	t.pen.close()
	return t.pen.Err()
}

// event takes the next event.
func (t *Pen) event(e event.Event) {
	t.keep(e)
	t.there.notes(e)
	switch e := e.(type) {
	case *event.Onlooked: // beside level Flights, for faces with a column an onlooker; here WhoKnows tells it in the end
		if t.asked == Flights {
			t.show()
			t.onlooked(e)
		}
		return
	case event.Scene:
		t.show()
		t.endLines()
		if t.asked == Flights && t.sceneInFlight(e) {
			return
		}
		t.flow.lines = false
		t.scene(e)
		t.bothForms(e)
		return
	case *event.Stop:
		t.show()
		return
	}
	if len(t.group) > 0 && !t.continues(e) {
		t.show()
	}
	t.group = append(t.group, e)
}

// close shows what is held back, and says on a worksheet how many blanks there are.
func (t *Pen) close() {
	t.show()
	t.endLines()
	t.endFlights()
	if t.asked == Flights {
		t.more()
	}
	t.endOnly()
	if n := len(t.blank.answers); n > 0 && t.o.Level != Brief {
		t.Blank()
		t.Text(0, t.Say.UI("worksheet_note", "n", sheet.Text(n)), nil)
	}
}

// continues reports whether e belongs to the move whose events are held. Between
// moves (Move is "") a received record opens the move that reads it, and data
// opens the record that carries it.
func (t *Pen) continues(e event.Event) bool {
	last, h := t.group[len(t.group)-1].Head(), e.Head()
	if h.Party != last.Party || h.Conn != last.Conn || h.Move != last.Move && last.Move != "" {
		return false
	}
	switch e := e.(type) {
	case *event.Record:
		return e.Dir == event.Send
	case *event.Data:
		return e.Dir == event.Receive
	case *event.Message:
		return !holds[*event.Message](t.group) && !holds[*event.Data](t.group)
	case *event.Decision:
		return !holds[*event.Data](t.group) // to send a message behind it
	case *event.Alert:
		return e.Dir == event.Receive || h.Move != ""
	}
	return true
}

// holds reports whether one of the events is an E.
func holds[E event.Event](group []event.Event) bool {
	return slices.ContainsFunc(group, func(e event.Event) bool {
		_, ok := e.(E)
		return ok
	})
}

// show writes the move at hand.
func (t *Pen) show() {
	g := t.group
	t.group = nil
	if len(g) == 0 {
		return
	}
	m := t.flow.gather(g)
	m.flight = t.flightOf(m)
	t.learnGroups(g)
	for _, e := range g {
		if s, ok := e.(*event.Secret); ok {
			t.blank.learn(s)
		}
	}
	if t.o.Level == Brief || t.flow.brief {
		t.brief(m)
		return
	}
	if t.o.Level == Flights {
		t.inFlight(m)
		return
	}
	if t.o.Level == Default && !t.o.Worksheet && !t.Takes() && t.flow.again(m) {
		t.again(m)
	} else {
		t.flow.lines = false
		t.move(m)
	}
	for _, e := range g {
		t.bothForms(e)
	}
	for _, e := range g {
		t.Correct(e)
	}
	t.endMove()
}

// Correct tells, once, what is often said wrongly about what just happened.
func (t *Pen) Correct(e event.Event) {
	for _, key := range narrate.Myths(e, t.myths) {
		t.mythAt(e)
		if !t.First("myth/" + key) {
			continue
		}
		entry := t.Say.Get(narrate.Myth, key)
		if entry.Text == "" {
			continue
		}
		if t.telling = e; t.Takes() {
			t.Put(sheet.Block{Kind: sheet.Myth, Indent: 3, Label: entry.Title, Text: t.Values(entry.Text, e), Ref: entry.Ref})
			continue
		}
		at, ref := 5+sheet.Width(t.Say.UI("often_said"))+1, entry.Ref
		head := "   " + t.Paint.Myth("! "+t.Say.UI("often_said")+" ")
		if at+sheet.Width(entry.Title)+1+sheet.Width(ref) <= t.Width {
			t.HangRef(head, at, entry.Title, ref, t.Paint.Myth)
			ref = ""
		} else {
			t.Hang(head, at, entry.Title, t.Paint.Myth)
		}
		t.TextRef(5, t.Values(entry.Text, e), ref, nil)
	}
}
