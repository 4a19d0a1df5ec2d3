package lesson

import (
	"slices"
	"strings"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/narrate"
	"tlslab/handshake/reason"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// What is told of an interceptor beside its steps: two things compared in two columns, what
// client and server believe, and why the lesson ended as it did.

// compare writes a scene that sets two things side by side.
func (t *scenes) compare(e event.Scene, sides scenario.SideBySide) {
	t.Blank()
	entry := t.Say.Get(narrate.Scene, narrate.EntryOf(e))
	t.Title(3, entry.Title)
	t.Text(5, t.Values(entry.Text, e), nil)
	t.sideBySide(sides)
}

// sideBySide writes a table of two columns, and behind each row whether they are the same;
// what is the same stands there once.
func (t *scenes) sideBySide(s scenario.SideBySide) {
	if t.Takes() {
		t.sidesBlock(s)
		return
	}
	const indent, gap = 5, 1
	label, mark := 0, max(sheet.Width(t.Say.UI("same")), sheet.Width(t.Say.UI("differs")))
	for _, r := range s.Rows {
		label = max(label, sheet.Width(t.Say.Label(r.What)))
	}
	column := (t.Width - indent - label - mark - 3*gap) / 2
	line := func(name, left, right, verdict string, f func(string) string) {
		t.Line(strings.Repeat(" ", indent) + t.Paint.Name(sheet.Pad(name, label+gap)) + f(sheet.Pad(left, column+gap)) + f(sheet.Pad(right, column+gap)) + verdict)
	}
	plain := func(s string) string { return s }
	line("", sheet.Cut(t.Say.Label(s.Left), column), sheet.Cut(t.Say.Label(s.Right), column), "", t.Paint.Bold)
	for _, r := range s.Rows {
		left, right := t.columnValue(r.Left), t.columnValue(r.Right)
		if r.Same {
			whole := sheet.Cut(left, 2*column+gap)
			t.Line(strings.Repeat(" ", indent) + t.Paint.Name(sheet.Pad(t.Say.Label(r.What), label+gap)) + sheet.Pad(whole, 2*(column+gap)) + t.Say.UI("same"))
			continue
		}
		line(t.Say.Label(r.What), sheet.Cut(left, column), sheet.Cut(right, column), t.Paint.Bad(t.Say.UI("differs")), plain)
	}
}

// sidesBlock is the table as one block.
func (t *scenes) sidesBlock(s scenario.SideBySide) {
	rows := [][]string{{"", t.Say.Label(s.Left), t.Say.Label(s.Right), ""}}
	for _, r := range s.Rows {
		verdict := t.Paint.Bad(t.Say.UI("differs"))
		if r.Same {
			verdict = t.Say.UI("same")
		}
		rows = append(rows, []string{t.Say.Label(r.What), t.columnValue(r.Left), t.columnValue(r.Right), verdict})
	}
	t.Put(sheet.Block{Kind: sheet.Table, Indent: 5, Rows: rows})
}

// columnValue is a value as a column has room for it.
func (t *scenes) columnValue(v any) string {
	const few = 8 // bytes of a key by which two are told apart
	switch v := v.(type) {
	case []byte:
		if s, hidden := t.Hidden(v, few); hidden {
			return s
		}
		return sheet.Text(v[:min(few, len(v))]) + "…"
	case time.Time:
		return strings.TrimSuffix(sheet.Text(v), " UTC")
	case bool:
		if v {
			return t.Say.UI("holds")
		}
		return t.Say.UI("holds_not")
	}
	return t.Plain(v)
}

// beliefs writes what client and server take to be so, and what is so.
func (t *scenes) beliefs(e *scenario.Beliefs) {
	t.Blank()
	entry := t.Say.Get(narrate.Scene, narrate.EntryOf(e))
	t.Title(3, entry.Title)
	for _, b := range []scenario.Belief{e.Client, e.Server} {
		lines := []string{t.believes(b)}
		if b.Party == "client" && b.Done && e.Server.Asked && !b.Asked {
			lines = append(lines, t.Say.UI("belief_not_asked")) // it could have wondered
		}
		if b.Truth != "" {
			lines = append(lines, t.Say.UI("belief_truth", "party", t.Say.Party(b.Truth)))
		}
		if b.Sent != "" || b.Received != "" {
			lines = append(lines, t.exchanged(b))
		}
		who := t.Say.Party(b.Party)
		for k, l := range lines {
			if k > 0 {
				who = ""
			}
			t.Row(5, who, 8, l, nil)
		}
	}
}

// believes is whom an end takes the other for, and why.
func (t *scenes) believes(b scenario.Belief) string {
	switch {
	case b.Refused != nil:
		return t.Say.UI("belief_refused", "reason", t.Say.Title(narrate.Reason, narrate.ReasonKey(b.Refused)))
	case !b.Done:
		return t.Say.UI("belief_none")
	case b.Over != nil:
		return t.Say.UI("belief_over", "peer", idn.BothForms(foreign.Quote(b.Peer)), "reason", t.Say.Title(narrate.Reason, narrate.ReasonKey(b.Over)))
	case b.Peer != "" && b.Anchor != "":
		return t.Say.UI("belief_anchor", "peer", idn.BothForms(foreign.Quote(b.Peer)), "anchor", idn.BothForms(foreign.Quote(b.Anchor)))
	case b.Asked:
		return t.Say.UI("belief_no_certificate")
	}
	return t.Say.UI("belief_unknown")
}

// exchanged is what an end sent and got, and whether that is what the other sent.
func (t *scenes) exchanged(b scenario.Belief) string {
	sent := t.Say.UI("belief_sent", "n", sheet.Text(len(b.Sent)))
	if b.Sent == "" {
		sent = t.Say.UI("belief_sent_nothing")
	}
	got := "belief_got_same"
	switch {
	case b.Received == "":
		got = "belief_got_nothing"
	case b.Received != b.OtherSent:
		got = "belief_got_changed"
	}
	return sent + t.Say.Semicolon() + t.Say.UI(got, "n", sheet.Text(len(b.Received)))
}

// intercepted adds to the outcome of a lesson with an interceptor what it comes to.
func (t *scenes) intercepted(e *event.Outcome) {
	if !slices.Contains(t.Parties(), "mitm") || t.Through() {
		return
	}
	if e.Err == nil {
		return
	}
	key := "mitm_why." + e.Refused + "." + reason.Of(e.Err).String()
	if e.Refused == "mitm" { // the box, too, refuses a server that it does not believe
		key = "mitm_why.mitm"
	}
	if why := t.Say.Get(narrate.UI, key); why.Title != "" {
		t.Text(3, why.Title, nil)
		if why.Text != "" && t.opened {
			t.Text(3, why.Text, t.Paint.Bad)
		}
	}
}
