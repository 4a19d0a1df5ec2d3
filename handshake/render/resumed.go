package render

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
)

// saved sets a full handshake and the one that resumes it side by side: what each took,
// and below that what the two have in common.
func (t *Terminal) saved(e event.Scene) {
	entry := t.say.get(narrate.Scene, narrate.SceneKey(e))
	t.page.blank()
	t.sides("   "+entry.Title, entry.Ref, t.paint.bold)
	t.text(5, t.values(entry.Text, e), nil)
	var names []string
	label := 0
	for _, v := range e.Values() {
		if name, ok := strings.CutPrefix(v.Name, "full_"); ok && event.Get(e, "resumed_"+name) != nil {
			names = append(names, name)
			label = max(label, width(t.say.ui("compared."+name)))
		}
	}
	full, resumed := t.say.ui("compared.full"), t.say.ui("compared.resumed")
	left, right := max(width(full), 6), max(width(resumed), 6)
	label = min(label, t.width-5-2-left-2-right)
	t.line("     " + pad("", label) + "  " + t.paint.name(flush(full, left)+"  "+flush(resumed, right)))
	for _, name := range names {
		t.line("     " + pad(cut(t.say.ui("compared."+name), label), label) + "  " +
			flush(t.short(event.Get(e, "full_"+name)), left) + "  " + flush(t.short(event.Get(e, "resumed_"+name)), right))
	}
	rest := slices.DeleteFunc(slices.Clone(e.Values()), func(v event.Value) bool {
		return strings.HasPrefix(v.Name, "full_") || strings.HasPrefix(v.Name, "resumed_")
	})
	t.sceneRows(rest)
}

// flush sets s to the right of n columns.
func flush(s string, n int) string { return strings.Repeat(" ", max(n-width(s), 0)) + s }
