package render

import (
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

// saved sets a full handshake and the one that resumes it side by side: what each took,
// and below that what the two have in common.
func (t *scenes) saved(e *scenario.FullVsResumed) {
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	t.page.blank()
	t.sides("   "+entry.Title, entry.Ref, t.paint.bold)
	t.text(5, t.values(entry.Text, e), nil)
	label := 0
	for _, r := range e.Rows() {
		label = max(label, width(t.say.ui("compared."+r.What)))
	}
	full, resumed := t.say.ui("compared.full"), t.say.ui("compared.resumed")
	left, right := max(width(full), 6), max(width(resumed), 6)
	label = min(label, t.width-5-2-left-2-right)
	t.line("     " + pad("", label) + "  " + t.paint.name(flush(full, left)+"  "+flush(resumed, right)))
	for _, r := range e.Rows() {
		t.line("     " + pad(cut(t.say.ui("compared."+r.What), label), label) + "  " +
			flush(t.short(r.Full), left) + "  " + flush(t.short(r.Resumed), right))
	}
	t.rows(e.Common())
}

// flush sets s to the right of n columns.
func flush(s string, n int) string { return strings.Repeat(" ", max(n-width(s), 0)) + s }
