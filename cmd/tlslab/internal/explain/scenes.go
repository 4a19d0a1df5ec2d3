package explain

import (
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/explain"
	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/observe"
	"tlslab/handshake/render"
	"tlslab/handshake/render/mermaid"
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
	case *explain.Gap:
		said, _ := recorded(e.Lang, "gap", "who", narrate.Must(e.Lang, narrate.UI, "cmd.proxy_side_"+s.By).Title)
		p.Text(3, said, p.Paint.Bad)
	case *explain.Ended:
		if p.Takes() { // else it stands above the transcript
			e.ended(p, s.Of)
		}
	case *explain.Readers:
		e.readers(p, s.Of)
	default:
		return false
	}
	return true
}

// draw is a mermaid.Layout: a drawing says whose the connection is.
func (e *explainFlags) draw(m *mermaid.Drawing, f *mermaid.Flow, s event.Scene) bool {
	if r, ok := s.(*explain.Recorded); ok {
		m.Note(strings.Join(f.Parties, ","), e.title(r))
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

// ended writes how the connection that is shown ended, as the list does.
func (e *explainFlags) ended(p *render.Pen, c *explain.Connection) {
	l := &list{lang: e.Lang, given: e.caFile != "", n: c.Number, tell: func(text string, shade color.Attribute) {
		paint := map[color.Attribute]func(string) string{color.FgRed: p.Paint.Bad, color.FgYellow: p.Paint.Bad, color.Faint: p.Paint.Dim}[shade]
		p.Text(0, text, paint)
	}}
	opens := opensKey(c)
	word, _ := l.words(opens, "n", strconv.Itoa(c.Read.Session))
	l.line(cli.Say(e.Lang, "explain_with_keys")+cli.ColonOf(e.Lang)+word, 0)
	l.ended(c)
	l.opens(c, opens)
}

// readers writes who can read the connection that is shown.
func (e *explainFlags) readers(p *render.Pen, c *explain.Connection) {
	matters := len(e.psks) > 0
	for _, o := range c.Onlookers {
		if o.Party != explain.PSKThief || o.Whole == explain.Reads {
			continue
		}
		matters = matters || o.Why != explain.PSKUnused
		for _, t := range c.Parts { // early data hangs on one, whether the server took it or not
			matters = matters || t.Part == observe.PartEarlyData
		}
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
