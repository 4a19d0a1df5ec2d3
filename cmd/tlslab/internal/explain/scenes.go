package explain

import (
	"strconv"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/render"
)

// layOut is a render.Layout: of the scenes that a recording has.
func (e *explainFlags) layOut(p *render.Pen, s event.Scene) bool {
	switch s := s.(type) {
	case *explain.Recorded:
		if !p.Takes() { // else it is the page's title
			p.Blank()
			p.Text(0, e.title(s), p.Paint.Bold)
		}
		_, about := recorded(e.Lang, "recorded", "client", foreign.Quote(s.Client), "server", foreign.Quote(s.Server))
		p.Text(0, about, nil)
	case *explain.Readers:
		e.readers(p, s.Of)
	default:
		return false
	}
	return true
}

// title says whose a connection is: of which file, and when.
func (e *explainFlags) title(r *explain.Recorded) string {
	key := "recorded/nameless"
	if r.File != "" {
		key = "recorded"
	}
	title, _ := recorded(e.Lang, key, "file", foreign.Quote(r.File), "n", strconv.Itoa(r.Connection), "began", r.Time.UTC().Format(time.DateTime)+" UTC")
	return title
}

// readers writes who can read the connection that is shown.
func (e *explainFlags) readers(p *render.Pen, c *explain.Connection) {
	matters := len(e.psks) > 0
	for _, o := range c.Onlookers {
		matters = matters || o.Party == explain.PSKThief && o.Whole != explain.Reads && o.Why != explain.PSKUnused
	}
	title, about := recorded(e.Lang, "who_reads/connection", "n", strconv.Itoa(c.Number))
	t := newReaders(p.Page, p.Say, matters)
	t.Blank()
	if !p.Takes() {
		t.Title(0, title)
	}
	t.Text(0, about, nil)
	t.Blank()
	t.parts(c)
	t.end()
}
