package lesson

import (
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// saved sets a full handshake and the one that resumes it side by side: what each took,
// and below that what the two have in common.
func (t *scenes) saved(e *scenario.FullVsResumed) {
	entry := t.Say.Get(narrate.Scene, narrate.EntryOf(e))
	t.Blank()
	t.Sides("   "+entry.Title, entry.Ref, t.Paint.Bold)
	t.Text(5, t.Values(entry.Text, e), nil)
	if t.Takes() {
		t.savedBlock(e)
		t.Rows(e.Common())
		return
	}
	label := 0
	for _, r := range e.Rows() {
		label = max(label, sheet.Width(t.Say.UI("compared."+r.What)))
	}
	full, resumed := t.Say.UI("compared.full"), t.Say.UI("compared.resumed")
	left, right := max(sheet.Width(full), 6), max(sheet.Width(resumed), 6)
	label = min(label, t.Width-5-2-left-2-right)
	t.Line("     " + sheet.Pad("", label) + "  " + t.Paint.Name(sheet.Flush(full, left)+"  "+sheet.Flush(resumed, right)))
	for _, r := range e.Rows() {
		t.Line("     " + sheet.Pad(sheet.Cut(t.Say.UI("compared."+r.What), label), label) + "  " +
			sheet.Flush(t.Short(r.Full), left) + "  " + sheet.Flush(t.Short(r.Resumed), right))
	}
	t.Rows(e.Common())
}

// savedBlock is the table as one block.
func (t *scenes) savedBlock(e *scenario.FullVsResumed) {
	rows := [][]string{{"", t.Say.UI("compared.full"), t.Say.UI("compared.resumed")}}
	for _, r := range e.Rows() {
		rows = append(rows, []string{t.Say.UI("compared." + r.What), t.Short(r.Full), t.Short(r.Resumed)})
	}
	t.Put(sheet.Block{Kind: sheet.Table, Indent: 5, Rows: rows})
}
