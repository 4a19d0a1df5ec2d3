package render

import (
	"bytes"
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Only says what alone of a transcript is to be shown, throughout. The zero value is all of it.
// Several are shown together, in the order in which they happen.
type Only struct {
	Message int  // the message of this number in each flow, from 1, and what was checked and computed for it
	Secrets bool // each secret: formula, inputs, value, the command that computes it again
	Checks  bool // each check, with its verdict
	Myths   bool // each correction, where it belongs
	CA      bool // how the certificate was issued
}

// Any reports whether it leaves anything out.
func (o Only) Any() bool { return o != Only{} }

// sieve lets lines through while it is open. Of several empty lines it lets one through.
type sieve struct {
	to     io.Writer
	open   bool
	passed bool // something that was asked for
	blank  bool // the last line was empty, or there was none

	whole  bool        // the move at hand is the message that was asked for
	sought *sought     // as it was sent
	placed *move       // whose heading stands
	at     *move       // the move at hand
	scene  event.Scene // or the scene
}

// sought is the message that was asked for, to be known again where it is read.
type sought struct {
	conn int
	kind message.Kind
	raw  []byte
}

func (s *sieve) Write(p []byte) (int, error) {
	empty := len(bytes.TrimSpace(p)) == 0
	if !s.open || empty && s.blank {
		return len(p), nil
	}
	s.blank = empty
	return s.to.Write(p)
}

// tells says which event is told of next, to whoever takes blocks and to the sieve.
func (t *Pen) tells(e event.Event) {
	t.telling = e
	s := t.sieve
	if s == nil {
		return
	}
	if s.open = s.whole || t.o.Only.wants(e); !s.open {
		return
	}
	if _, end := e.(*event.Outcome); !end {
		s.passed = true
	}
	if scene, ok := e.(event.Scene); ok {
		s.scene = scene // what is said of it stands below it
	}
	if s.at != nil && s.placed != s.at && !s.whole {
		s.placed = s.at
		t.place(s.at)
	}
}

// shut reports whether what is written next is left out. Then nothing counts as told by it.
func (t *Pen) shut() bool { return t.sieve != nil && !t.sieve.open }

// wants reports whether an event is of a kind that is asked for. How a flow that failed ended is
// told in any case.
func (o Only) wants(e event.Event) bool {
	switch e := e.(type) {
	case *event.Secret:
		return o.Secrets
	case *event.Check:
		return o.Checks
	case *event.Issue:
		return o.CA
	case *event.Outcome:
		return e.Err != nil || !e.Done
	}
	return false
}

// place says where a part of a move belongs: which message it is about.
func (t *Pen) place(m *move) {
	t.Blank()
	switch {
	case m.message != nil && m.known:
		t.Title(3, t.Say.UI("reads", "party", t.Say.Party(m.head.Party), "message", sheet.Title(m.message.Kind)))
	case m.message != nil:
		t.numbered(m, sheet.Title(m.message.Kind))
	case m.data != nil:
		t.numbered(m, t.Say.UI("application_data"))
	}
}

func (t *Pen) numbered(m *move, what string) {
	t.Title(0, sheet.Flush(sheet.Text(t.flow.moves), 2)+" "+t.arrow(m.from, m.to)+"  "+what)
}

// moveAt says which move is told next, and whether it is where the message that was asked for is read.
func (t *Pen) moveAt(m *move) {
	s := t.sieve
	if s == nil {
		return
	}
	s.at, s.scene, s.whole = m, nil, false
	if x := s.sought; x != nil && m.known && m.message != nil && x.conn == m.head.Conn && x.kind == m.message.Kind && bytes.Equal(x.raw, m.message.Raw) {
		s.whole = true
		s.open, s.passed = true, true
	}
}

// counted says that a message has got its number: perhaps the one that was asked for.
func (t *Pen) counted(m *move) {
	s := t.sieve
	if t.there.messages = max(t.there.messages, t.flow.moves); s == nil || t.flow.moves != t.o.Only.Message {
		return
	}
	s.whole, s.open, s.passed = true, true, true
	if m.message != nil {
		s.sought = &sought{m.head.Conn, m.message.Kind, m.message.Raw}
	}
}

// endMove says that the move at hand is told.
func (t *Pen) endMove() {
	if s := t.sieve; s != nil {
		s.at, s.whole, s.open = nil, false, false
	}
}

// banner lets the heading of a flow through: what follows belongs to it.
func (t *Pen) banner() {
	if s := t.sieve; s != nil {
		s.at, s.whole, s.sought, s.open = nil, false, nil, true
	}
}

// endOnly says so where there was nothing of what alone was to be shown.
func (t *Pen) endOnly() {
	s := t.sieve
	if s == nil {
		return
	}
	s.open = true
	if !s.passed {
		t.Text(0, t.Say.UI("only_nothing"), nil)
	}
}

// mythAt opens the sieve for a correction, and says of which move or scene it is one.
func (t *Pen) mythAt(e event.Event) {
	s := t.sieve
	if s == nil || s.whole {
		return
	}
	if s.open = t.o.Only.Myths; !s.open {
		return
	}
	s.passed = true
	switch scene, ok := e.(event.Scene); {
	case ok && s.scene != scene:
		s.scene = scene
		t.Blank()
		t.Title(3, t.Say.Title(narrate.Scene, narrate.EntryOf(scene)))
	case !ok && s.at != nil && s.placed != s.at:
		s.placed = s.at
		t.place(s.at)
	}
}

// Found reports whether there was anything of what alone was to be shown, and how many messages
// the longest flow has.
func (t *Terminal) Found() (found bool, messages int) {
	return t.pen.sieve == nil || t.pen.sieve.passed, t.pen.there.messages
}
