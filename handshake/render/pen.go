package render

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Layout writes a scene in a way of its own, and reports whether it did: of all other scenes a
// Terminal shows the title, the text and the values. It is asked at level Brief, too, where a
// scene has one line or no line. It is told of a scene that begins a flow, "flow", when the
// heading is written, and what it then reports makes no difference.
type Layout func(p *Pen, s event.Scene) bool

// Pen writes in a Terminal's hand: on its page, in its reader's language, values as long as
// its level has room for, and the blanks of a worksheet left blank. It knows what was told
// so far. What a Layout writes with it stands where the scene came.
type Pen struct {
	*sheet.Page
	o     TerminalOptions // Level is the flow's at hand
	asked Level           // the reader's
	Say   sheet.Voice     // the reader's language
	blank blanks
	sieve *sieve // lets through what alone is asked for; or nil

	group   []event.Event // of the move at hand
	telling event.Event   // what is being told, for TerminalOptions.Take
	inText  bool          // a value at hand is for a sentence
	flow    flow
	flows   int
	myths   *narrate.Context
	told    map[string]bool       // explanations that are given once
	own     map[iana.Group]string // names of a student's own groups

	blocks     []*block // at level Flights, those that are open
	block      *block   // the one at hand
	mythsTold  int      // there
	sceneMyths []due    // of scenes between blocks
	issued     []*event.Issue
	there      there
}

func newPen(w io.Writer, o TerminalOptions) *Pen {
	say := o.Voice()
	if o.Worksheet && o.Level == Flights {
		o.Level = Default // a block has no room for blanks
	}
	var only *sieve
	if o.Only.Any() && o.Take == nil {
		only = &sieve{to: w, blank: true}
		w = only
	}
	t := &Pen{sieve: only, o: o, asked: o.Level, Say: say, blank: blanks{on: o.Worksheet, say: say},
		flow: newFlow(nil), myths: new(narrate.Context), told: map[string]bool{}, own: map[iana.Group]string{}}
	if t.Page = o.Page(w); o.Take != nil {
		t.Page = sheet.NewBlocks(func(b sheet.Block) { o.Take(t.telling, b) })
	}
	return t
}

// Page is one as the options say.
func (o TerminalOptions) Page(w io.Writer) *sheet.Page {
	if o.Take != nil {
		return sheet.NewBlocks(func(b sheet.Block) { o.Take(nil, b) })
	}
	return sheet.NewPage(w, o.Width, o.Color)
}

// Voice speaks the options' language.
func (o TerminalOptions) Voice() sheet.Voice { return sheet.Speak(o.Lang) }

// Level is the one at hand: the reader's, unless the flow is told in brief.
func (t *Pen) Level() Level { return t.o.Level }

// Spares reports whether a reader is spared what he has read before: at levels Default and
// Flights, unless there is a worksheet to fill in.
func (t *Pen) Spares() bool {
	return (t.asked == Default || t.asked == Flights) && !t.o.Worksheet && !t.Takes() && t.sieve == nil
}

// SetLevel is how much is shown of the rest of the flow.
func (t *Pen) SetLevel(l Level) { t.o.Level = l }

// BriefMoves has each of the rest of the flow's moves told in a line. Its scenes are told as
// before.
func (t *Pen) BriefMoves() { t.flow.brief = true }

// Guessing says that the attacker of this flow resumes a session that he has not kept: he
// guesses its secret.
func (t *Pen) Guessing() { t.flow.guessed = true }

// Between begins another flow, or connection: what was remembered of the one before is
// forgotten, except which explanations have been given. The parties are those that take
// part, in the order of their columns.
func (t *Pen) Between(parties ...string) {
	t.flow = newFlow(parties)
	if t.Takes() {
		clear(t.told)
	}
}

// About says which event is told of next, to whoever takes blocks.
func (t *Pen) About(e event.Event) { t.tells(e) }

// Parties are those of the flow at hand, in the order of their columns.
func (t *Pen) Parties() []string { return t.flow.Parties }

// Through reports whether whoever is between the ends carries bytes alone.
func (t *Pen) Through() bool { return t.flow.Through }

// TLS13 reports whether an end of the flow has spoken TLS 1.3.
func (t *Pen) TLS13() bool { return len(t.flow.TLS13) > 0 }

// First reports whether an explanation is given for the first time, and notes that it is.
func (t *Pen) First(key string) bool {
	told := t.told[key]
	if !t.shut() {
		t.told[key] = true
	}
	return !told
}

// Told reports whether an explanation was given.
func (t *Pen) Told(key string) bool { return t.told[key] }

// Forget has an explanation given again.
func (t *Pen) Forget(key string) { delete(t.told, key) }

// Hidden shows a value that holds a worksheet's blank, at most n bytes of the rest; ok is
// false of all others.
func (t *Pen) Hidden(b []byte, n int) (s string, ok bool) { return t.blank.hide(b, n) }
