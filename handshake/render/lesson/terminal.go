package lesson

import (
	"io"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/mitm"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// NewTerminal returns a Terminal that writes to w, and that lays out the scenes of scenario's
// lessons. A layout that o brings is asked first.
func NewTerminal(w io.Writer, o render.TerminalOptions) *render.Terminal {
	s := scenes{own: o.Layout}
	o.Layout = s.layOut
	return render.NewTerminal(w, o)
}

// scenes lays out what a lesson does around its endpoints.
type scenes struct {
	*render.Pen
	own render.Layout // the caller's, or nil

	// Of the flow at hand:
	plainHTTP bool // it has no handshake
	opened    bool // an interceptor has opened what was sent
	changed   bool // … and has changed it
}

// layOut is a Layout.
func (t *scenes) layOut(p *render.Pen, e event.Scene) bool {
	t.Pen = p
	if t.own != nil && t.own(p, e) {
		return true
	}
	switch e := e.(type) {
	case *event.Flow:
		t.begun(e)
		return true
	case *event.Outcome:
		t.Outcome(e, t.done(), func() { t.intercepted(e) })
		return true
	case *mitm.Decrypt:
		t.opened = true
	case *mitm.Rewritten:
		t.changed = true
	case *scenario.OwnGroup:
		t.NameGroup(e.ID, e.Name)
	}
	if t.Level() == render.Brief {
		t.briefScene(e)
		return true
	}
	switch e := e.(type) {
	case *scenario.CertificatesCompared:
		t.compare(e, e.Sides)
	case *scenario.LegsCompared:
		t.compare(e, e.Sides)
	case *scenario.Beliefs:
		t.beliefs(e)
	case *scenario.WhoKnows:
		t.knowledge(e)
	case *scenario.FullVsResumed:
		t.saved(e)
	case *scenario.Trusts:
		return t.trusts(e)
	case *scenario.ClickThrough:
		t.Tell(e, nil) // the words have told its values
	default:
		return false
	}
	return true
}

// begun adds to the heading of a flow what its reader is spared.
func (t *scenes) begun(e *event.Flow) {
	t.plainHTTP, t.opened, t.changed = e.Name == "plain", false, false
	if e.Name == "captured_session" {
		t.Guessing()
	}
	if !t.Spares() || t.Level() == render.Brief {
		return
	}
	if e.Name == "full" {
		// This lesson is about what comes after it.
		how := "brief_flow"
		if e.Resume != "" { // only TLS 1.3's lesson says in which way
			how = "brief_flow_tls13"
		}
		t.Text(0, t.Say.UI(how), t.Paint.Dim)
		t.SetLevel(render.Brief)
	}
	if slices.Contains(e.Parties, "attacker") {
		// What its moves mean the flow before has told.
		t.Text(0, t.Say.UI("brief_moves"), t.Paint.Dim)
		t.BriefMoves()
	}
}

// done is the key of what is said of a flow that came to its end.
func (t *scenes) done() string {
	switch {
	case t.plainHTTP:
		return "done_plain"
	case t.changed:
		return "done_changed"
	case t.opened:
		return "done_read"
	}
	return "done"
}

// briefScene is a line for each step of an interceptor, and for the user's click.
func (t *scenes) briefScene(e event.Scene) {
	if !strings.HasPrefix(string(e.Key()), "mitm_") && e.Key() != scenario.SceneClickThrough || e.Head().Party == "" {
		return
	}
	line := t.Say.Party(e.Head().Party) + t.Say.Colon() + t.Say.Title(narrate.Scene, narrate.EntryOf(e))
	if step, ok := e.(event.Stepped); ok {
		line = t.Say.Step(step) + t.Say.Stop() + line
	}
	t.Line(sheet.Cut("   "+line, t.Width))
}

// trusts says in a line whom a party trusts, where it is told by flights.
func (t *scenes) trusts(e *scenario.Trusts) bool {
	if t.Level() != render.Flights {
		return false
	}
	var roots []string
	for _, r := range e.Roots {
		roots = append(roots, idn.BothForms(foreign.Quote(r.Subject.CommonName)))
	}
	line := t.Say.UI("flights.trusts", "roots", t.Say.List(roots))
	if len(roots) == 0 {
		line = t.Say.UI("flights.trusts_nobody")
	}
	t.Text(3, t.Say.Party(e.Head().Party)+t.Say.Colon()+line, nil)
	return true
}
