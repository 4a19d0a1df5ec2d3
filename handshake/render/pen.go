package render

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
)

// Layout writes a scene in a way of its own, and reports whether it did: a Terminal shows
// of the others their title, their text and their values. It is asked at level Brief, too,
// where a scene has a line or none. Of a scene that begins a flow, "flow", it is told when
// the heading is written, and what it reports makes no difference.
type Layout func(p *Pen, s event.Scene) bool

// Pen writes in a Terminal's hand: on its page, in its reader's language, values as long as
// its level has room for, and the blanks of a worksheet left blank. It knows what was told
// so far. What a Layout writes with it stands where the scene came.
type Pen struct {
	*page
	o     TerminalOptions // Level is the flow's at hand
	asked Level           // the reader's
	say   voice           // the reader's language
	blank blanks

	group []event.Event // of the move at hand
	flow  flow
	flows int
	myths *narrate.Context
	told  map[string]bool       // explanations that are given once
	own   map[iana.Group]string // names of groups that are a student's
}

func newPen(w io.Writer, o TerminalOptions) *Pen {
	say := o.voice()
	return &Pen{page: o.page(w), o: o, asked: o.Level, say: say, blank: blanks{on: o.Worksheet, say: say},
		flow: newFlow(nil), myths: new(narrate.Context), told: map[string]bool{}, own: map[iana.Group]string{}}
}

// page is one as the options say.
func (o TerminalOptions) page(w io.Writer) *page { return newPage(w, o.Width, o.Color) }

// voice speaks the options' language.
func (o TerminalOptions) voice() voice { return speaking(o.Lang) }

// level is the one at hand: the reader's, unless the flow is told in brief.
func (t *Pen) level() Level { return t.o.Level }

// spares reports whether a reader is spared what he has read before: at level Default, unless
// there is a worksheet to fill in.
func (t *Pen) spares() bool { return t.asked == Default && !t.o.Worksheet }

// setLevel is how much is shown of the rest of the flow.
func (t *Pen) setLevel(l Level) { t.o.Level = l }

// briefMoves has each of the rest of the flow's moves told in a line. Its scenes are told as
// before.
func (t *Pen) briefMoves() { t.flow.brief = true }

// guessing says of the flow that the session which its attacker takes up is none that was
// kept: he guesses its secret.
func (t *Pen) guessing() { t.flow.guessed = true }

// between begins another flow, or connection: what was remembered of the one before is
// forgotten, but for explanations that are given once. The parties are those that take
// part, in the order of their columns.
func (t *Pen) between(parties ...string) { t.flow = newFlow(parties) }

// parties are those of the flow at hand, in the order of their columns.
func (t *Pen) parties() []string { return t.flow.parties }

// through reports whether whoever is between the ends carries bytes alone.
func (t *Pen) through() bool { return t.flow.through }

// speaksTLS13 reports whether an end of the flow has spoken TLS 1.3.
func (t *Pen) speaksTLS13() bool { return len(t.flow.tls13) > 0 }

// first reports whether an explanation is given for the first time, and notes that it is.
func (t *Pen) first(key string) bool {
	told := t.told[key]
	t.told[key] = true
	return !told
}

// wasTold reports whether an explanation was given.
func (t *Pen) wasTold(key string) bool { return t.told[key] }

// forget has an explanation given again.
func (t *Pen) forget(key string) { delete(t.told, key) }

// hidden shows a value that holds a worksheet's blank, at most n bytes of the rest; ok is
// false of all others.
func (t *Pen) hidden(b []byte, n int) (s string, ok bool) { return t.blank.hide(b, n) }
