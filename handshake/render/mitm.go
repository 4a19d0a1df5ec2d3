package render

import (
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
)

// What is told of an interceptor beside its steps: two things compared in two columns, what
// client and server believe, and why the lesson ended as it did.

// compare writes a scene that sets two things side by side.
func (t *scenes) compare(e event.Scene, sides scenario.SideBySide) {
	t.page.blank()
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	t.line("   " + t.paint.bold(entry.Title))
	t.text(5, t.values(entry.Text, e), nil)
	t.sideBySide(sides)
}

// sideBySide writes a table of two columns, and behind each row whether they are the same;
// what is the same stands there once.
func (t *scenes) sideBySide(s scenario.SideBySide) {
	const indent, gap = 5, 1
	label, mark := 0, max(width(t.say.ui("same")), width(t.say.ui("differs")))
	for _, r := range s.Rows {
		label = max(label, width(t.say.label(r.What)))
	}
	column := (t.width - indent - label - mark - 3*gap) / 2
	line := func(name, left, right, verdict string, f func(string) string) {
		t.line(strings.Repeat(" ", indent) + t.paint.name(pad(name, label+gap)) + f(pad(left, column+gap)) + f(pad(right, column+gap)) + verdict)
	}
	plain := func(s string) string { return s }
	line("", cut(t.say.label(s.Left), column), cut(t.say.label(s.Right), column), "", t.paint.bold)
	for _, r := range s.Rows {
		left, right := t.columnValue(r.Left), t.columnValue(r.Right)
		if r.Same {
			whole := cut(left, 2*column+gap)
			t.line(strings.Repeat(" ", indent) + t.paint.name(pad(t.say.label(r.What), label+gap)) + pad(whole, 2*(column+gap)) + t.say.ui("same"))
			continue
		}
		line(t.say.label(r.What), cut(left, column), cut(right, column), t.paint.bad(t.say.ui("differs")), plain)
	}
}

// columnValue is a value as a column has room for it.
func (t *scenes) columnValue(v any) string {
	const few = 8 // bytes of a key by which two are told apart
	switch v := v.(type) {
	case []byte:
		if s, hidden := t.hidden(v, few); hidden {
			return s
		}
		return text(v[:min(few, len(v))]) + "…"
	case time.Time:
		return strings.TrimSuffix(text(v), " UTC")
	case bool:
		if v {
			return t.say.ui("holds")
		}
		return t.say.ui("holds_not")
	}
	return t.plain(v)
}

// beliefs writes what client and server take to be so, and what is so.
func (t *scenes) beliefs(e *scenario.Beliefs) {
	t.page.blank()
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	t.line("   " + t.paint.bold(entry.Title))
	for _, b := range []scenario.Belief{e.Client, e.Server} {
		lines := []string{t.believes(b)}
		if b.Party == "client" && b.Done && e.Server.Asked && !b.Asked {
			lines = append(lines, t.say.ui("belief_not_asked")) // it could have wondered
		}
		if b.Truth != "" {
			lines = append(lines, t.say.ui("belief_truth", "party", t.say.party(b.Truth)))
		}
		if b.Sent != "" || b.Received != "" {
			lines = append(lines, t.exchanged(b))
		}
		who := t.say.party(b.Party)
		for k, l := range lines {
			if k > 0 {
				who = ""
			}
			t.row(5, who, 8, l, nil)
		}
	}
}

// believes is whom an end takes the other for, and why.
func (t *scenes) believes(b scenario.Belief) string {
	switch {
	case b.Refused != nil:
		return t.say.ui("belief_refused", "reason", t.say.title(narrate.Reason, narrate.ReasonKey(b.Refused)))
	case !b.Done:
		return t.say.ui("belief_none")
	case b.Over != nil:
		return t.say.ui("belief_over", "peer", idn.BothForms(foreign.Quote(b.Peer)), "reason", t.say.title(narrate.Reason, narrate.ReasonKey(b.Over)))
	case b.Peer != "" && b.Anchor != "":
		return t.say.ui("belief_anchor", "peer", idn.BothForms(foreign.Quote(b.Peer)), "anchor", idn.BothForms(foreign.Quote(b.Anchor)))
	case b.Asked:
		return t.say.ui("belief_no_certificate")
	}
	return t.say.ui("belief_unknown")
}

// exchanged is what an end sent and got, and whether that is what the other sent.
func (t *scenes) exchanged(b scenario.Belief) string {
	sent := t.say.ui("belief_sent", "n", text(len(b.Sent)))
	if b.Sent == "" {
		sent = t.say.ui("belief_sent_nothing")
	}
	got := "belief_got_same"
	switch {
	case b.Received == "":
		got = "belief_got_nothing"
	case b.Received != b.OtherSent:
		got = "belief_got_changed"
	}
	return sent + t.say.semicolon() + t.say.ui(got, "n", text(len(b.Received)))
}

// intercepted adds to the outcome of a lesson with an interceptor what it comes to.
func (t *scenes) intercepted(e *event.Outcome) {
	if !slices.Contains(t.parties(), "mitm") || t.through() {
		return
	}
	if e.Err == nil {
		return
	}
	key := "mitm_why." + e.Refused + "." + reason.Of(e.Err).String()
	if e.Refused == "mitm" { // the box, too, refuses a server that it does not believe
		key = "mitm_why.mitm"
	}
	if why := t.say.get(narrate.UI, key); why.Title != "" {
		t.text(3, why.Title, nil)
		if why.Text != "" && t.opened {
			t.text(3, why.Text, t.paint.bad)
		}
	}
}
