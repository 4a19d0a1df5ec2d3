package page

import (
	"encoding/hex"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// item is one thing that a party did. The heading that the terminal gives it is its own; where
// there is none, since the other end has told the same, its name and its value stand in a line.
func (d *document) item(it *item) {
	d.newline()
	said := it.told
	d.start(elDiv, class(classItem, whenClass(len(said) == 0, classBrief)), id(it.id), value(attrDataKind, string(it.kind)), numbers(&it.place))
	d.in(elH3, []pair{class(classCalled)}, func() {
		if len(said) > 0 && said[0].Kind == sheet.Heading {
			d.marked(said[0].Text)
			d.ref(said[0].Ref)
			said = said[1:]
			return
		}
		d.text(d.called(it))
		d.brief(it)
	})
	if r := reportOf(it); r != nil {
		d.report(it.id, r, said)
	} else {
		d.tells(said, classTelling)
	}
	d.edges(it)
	d.end()
}

// brief shows the value of what nothing more is told of.
func (d *document) brief(it *item) {
	switch e := it.e.(type) {
	case *event.Decision:
		d.text(d.say.Colon())
		d.with(elSpan, d.chose(e), class(classValue))
	case *event.Secret:
		if d.o.NoSecrets || d.o.Worksheet {
			return
		}
		d.text(d.say.Colon())
		d.in(elCode, []pair{value(attrTranslate, "no")}, func() { d.octets(d.called(it)+", "+d.say.Party(e.Party)+" "+string(it.id), e.Value) })
	}
}

// chose is what was decided, in words where we have some.
func (d *document) chose(e *event.Decision) string {
	if word, ours := d.say.InWords(e.Chosen); ours {
		return word
	}
	if b, ok := sheet.BytesOf(e.Chosen); ok {
		return hex.EncodeToString(b)
	}
	return sheet.Text(e.Chosen)
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
		return d.played(e)
	}
	return ""
}
