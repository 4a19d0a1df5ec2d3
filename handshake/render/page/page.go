package page

import (
	"io"
	"maps"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
	"tlslab/handshake/render"
)

// Options say what to lay out and how. The zero value is a lesson's page in English.
type Options struct {
	Lang   narrate.Lang  // narrate.En
	Layout render.Layout // lays out the scenes that it knows; may be nil
	// Teller makes what tells of the events in words, if it is not package render's Terminal:
	// lesson.NewTerminal, which knows lessons' scenes, or replays.New. What it tells goes to
	// the options' Take.
	Teller func(render.TerminalOptions) Teller
	// Title says what the page is called by a scene that tells it, "" by any other; nil: by the flow.
	Title func(event.Scene) string
	// Leads says of a scene between two connections whether it leads to the one behind it; nil:
	// none does. It is not asked where a Flow heads connections.
	Leads   func(event.Scene) bool
	Version string // of the program that made the page, which names it; may be ""
	// Worksheet blanks what the worksheet of the terminal blanks.
	Worksheet bool
	// NoSecrets leaves out every value that must stay secret, and all application data, so that
	// the page can be shared.
	NoSecrets bool
	// Live is a connection of somebody's own: its secrets are worth something.
	Live bool
	// Message, from 1, is a message whose bytes are shown however many there are; 0 for none.
	Message int
	// Staple is the OCSP response that came with a chain, for WriteReport; nil if none did.
	Staple []byte
	// Predict asks before it shows: what follows a question is out of sight until it is revealed. nil:
	// nobody is asked anything.
	Predict *predict.Quiz
	// Form is the switches above a page that is served; nil: there is nobody to ask.
	Form *Form
	// Around stands above a page that is served from a list; nil: it stands alone.
	Around *Around
}

// Teller is a Terminal of some kind.
type Teller interface {
	event.Listener
	Close() error
}

// Page is an event.Listener that keeps what it is told, and writes all of it as one document when
// it is closed. It is not safe for concurrent use.
type Page struct {
	w       io.Writer
	o       Options
	events  []event.Event
	keeping *keeping
}

// New returns a Page that writes to w.
func New(w io.Writer, o Options) *Page { return &Page{w: w, o: o, keeping: newKeeping(o.Message)} }

// Event takes the next event. The page keeps it, and does not change it; or counts it, see Keeps.
func (p *Page) Event(e event.Event) { p.keep(e) }

// Close writes the document. It does not close the writer. The error is the writer's.
func (p *Page) Close() error {
	for _, conn := range slices.Sorted(maps.Keys(p.keeping.left)) {
		p.tellLeft(conn)
	}
	var held withheld
	if p.o.NoSecrets {
		p.events, held = withoutSecrets(p.events)
	}
	d := newDocument(p.o, p.events)
	d.withheld = held
	d.tell()
	d.write()
	return d.to(p.w)
}
