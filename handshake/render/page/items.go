package page

import (
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// item is one thing that a party did.
func (d *document) item(it *item) {
	d.newline()
	d.start(elDiv, class(classItem), id(it.id), value(attrDataKind, string(it.kind)), numbers(&it.place))
	d.with(elH4, d.called(it), class(classCalled))
	d.telling(&it.place, classTelling)
	d.end()
}

// called is what an item is called.
func (d *document) called(it *item) string {
	switch e := it.e.(type) {
	case *event.Secret:
		return d.say.Title(narrate.Secret, narrate.SecretKey(e))
	case *event.Decision:
		return d.say.Title(narrate.Decision, narrate.DecidedKey(e))
	case *event.Check:
		return d.say.Title(narrate.Check, string(e.What))
	case *event.KeyChange:
		return d.say.UI("page.keys")
	case *event.Message:
		return d.say.UI("reads", "party", d.say.Party(e.Party), "message", sheet.Title(e.Kind))
	case event.Scene:
		return d.say.Title(narrate.Scene, narrate.EntryOf(e))
	}
	return ""
}
