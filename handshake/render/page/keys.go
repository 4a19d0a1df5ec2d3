package page

// keys are the keys that the script listens to, in the order in which they are told, each with the
// end of its entry in narrate.
var keys = []struct{ key, does string }{
	{"↑ ↓", "rows"},
	{"Enter", "open"},
	{"→ ←", "into"},
	{"Esc", "out"},
	{"l", "lecture"},
	{"o", "all"},
	{"?", "keys"},
}

// keysShown tells the keys: closed until somebody asks.
func (d *document) keysShown() {
	d.in(elDetails, []pair{id("keys")}, func() {
		d.with(elSummary, d.say.UI("page.view.keys"))
		d.in(elDl, nil, func() {
			for _, k := range keys {
				d.with(elDt, k.key, value(attrTranslate, "no"))
				d.with(elDd, d.say.UI("page.key."+k.does))
			}
		})
	})
}
