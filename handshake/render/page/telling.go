package page

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
)

// told is a piece of what the terminal says of an event; about is nil where it is about none.
type told struct {
	sheet.Block
	about event.Event
}

// tell has the terminal's words written for each event, at the place where that event stands. What
// is about no event stands by the one before.
func (d *document) tell() {
	var last *place
	take := func(about event.Event, b sheet.Block) {
		if p := d.ladder.home[about]; about != nil && p != nil {
			last = p
		}
		if last == nil {
			last = d.ladder.beginning()
		}
		if d.withheld[about] != nothing {
			return // it would be told of what stands in its place
		}
		if f := last.flight; b.Kind == sheet.Myth && f != nil && about != nil {
			f.myths = append(f.myths, myth{about.Head().Seq, b})
			return
		}
		if b.Kind != sheet.Banner { // heads a flow, as the page's own heading does
			last.told = append(last.told, told{b, about})
		}
	}
	o := render.TerminalOptions{Lang: d.o.Lang, Layout: d.o.Layout, Worksheet: d.o.Worksheet, Take: take}
	var teller Teller = render.NewTerminal(nil, o)
	if d.o.Teller != nil {
		teller = d.o.Teller(o)
	}
	if l, ok := teller.(interface{ Learn(*event.Secret) }); ok && d.o.Worksheet && d.ladder.ofRecording() {
		for _, e := range d.events {
			if s, ok := e.(*event.Secret); ok {
				l.Learn(s)
			}
		}
	}
	for _, e := range d.events {
		teller.Event(e)
	}
	if err := teller.Close(); err != nil {
		panic(err) // it writes nothing
	}
	if d.o.Worksheet {
		d.blank = blanksOf(teller)
	}
}

// ofRecording reports whether the page is of a recording.
func (l *ladder) ofRecording() bool {
	return slices.ContainsFunc(l.acts, func(a *act) bool { return a.recorded })
}

// beginning is the place of the first act.
func (l *ladder) beginning() *place {
	if len(l.acts) == 0 {
		return new(place)
	}
	return l.acts[0].heading
}

// telling writes what is told at a place.
func (d *document) telling(p *place, c className) { d.tells(p.told, c) }

func (d *document) tells(told []told, c className) {
	if len(told) == 0 {
		return
	}
	d.in(elDiv, []pair{class(c)}, func() { d.blocks(told) })
}

// blocks writes blocks one after the other. Rows that follow each other are one list of names
// and values.
func (d *document) blocks(blocks []told) {
	list := false
	for _, b := range blocks {
		row := b.Kind == sheet.Row || b.Kind == sheet.Bar
		if list && !row {
			d.end()
			list = false
		}
		if row && !list {
			d.newline()
			d.start(elDl, class(classList))
			list = true
		}
		d.block(b.Block)
	}
	if list {
		d.end()
	}
}

// block writes one block.
func (d *document) block(b sheet.Block) {
	switch b.Kind {
	case sheet.Row, sheet.Bar:
		d.in(elDt, nil, func() { d.runs(b.Label) })
		d.in(elDd, []pair{class(whenClass(b.Kind == sheet.Bar, classPlain))}, func() {
			d.runs(b.Text)
			d.ref(b.Ref)
		})
		return
	case sheet.Table:
		d.table(b)
		return
	case sheet.Command:
		d.newline()
		d.in(elDiv, []pair{class(classCommand)}, func() {
			if b.Label != "" {
				d.in(elSpan, nil, func() { d.runs(b.Label) })
			}
			d.in(elCode, []pair{value(attrTranslate, "no")}, func() { d.lines(b.Text) })
			d.commands++
			d.with(elButton, d.say.UI("page.copy_command", "n", decimal(d.commands)), value(attrType, "button"), value(attrDataCopy, "command"), value(attrDataSaid, d.say.UI("page.copied")))
		})
		return
	case sheet.Myth:
		d.newline()
		d.in(elDiv, nil, func() {
			d.in(elDiv, []pair{class(classMythStyle)}, func() {
				d.with(elB, d.say.UI("often_said"))
				d.space()
				d.runs(b.Label)
			})
			d.in(elDiv, nil, func() {
				d.runs(b.Text)
				d.ref(b.Ref)
			})
		})
		return
	case sheet.Plain:
		d.newline()
		d.in(elDiv, []pair{class(classPlain), value(attrTranslate, "no")}, func() { d.runs(b.Text) })
		return
	}
	d.newline()
	kind := classParagraph
	if b.Kind == sheet.Heading {
		kind = classHeading
	}
	d.in(elDiv, []pair{class(kind, indentOf(b))}, func() {
		if b.Label != "" {
			d.in(elSpan, []pair{class(whenClass(isMark(sheet.Unpainted(b.Label)), classBullet))}, func() { d.runs(b.Label) })
			d.space()
		}
		d.marked(b.Text)
		d.ref(b.Ref)
	})
}

// marked writes painted text, the terminal's mark before it apart: the page has marks of its own.
func (d *document) marked(s string) {
	runs := sheet.Runs(s)
	if len(runs) > 0 {
		if mark, rest, ok := strings.Cut(runs[0].Text, " "); ok && isMark(mark) {
			d.with(elSpan, mark+" ", class(classBullet))
			runs[0].Text = rest
		}
	}
	d.written(runs)
}

// isMark reports whether a word is a mark of the terminal's: computed, checked, decided, a record,
// a fault.
func isMark(s string) bool { return len(s) == 1 && strings.Contains("*?-#!", s) }

// lines writes text of several lines, such as a command: they are broken where it breaks them.
func (d *document) lines(s string) {
	for i, l := range strings.Split(sheet.Unpainted(s), "\n") {
		if i > 0 {
			d.newline()
		}
		d.text(l)
	}
}

// indentOf is the class for how deep a block stands.
func indentOf(b sheet.Block) className {
	switch {
	case b.Indent >= 9:
		return classIndent3
	case b.Indent >= 7:
		return classIndent2
	case b.Indent >= 5:
		return classIndent1
	}
	return noClass
}

// unread is how many hex digits in a row make a value that nobody reads to the end.
const unread = 129

// long writes text, values of many bytes in it folded.
func (d *document) long(s string) {
	written, digits := 0, 0 // so much of s, and so many that end at i
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f') {
			digits++
			continue
		}
		if digits >= unread {
			d.text(s[written : i-digits])
			d.folds++
			d.fold(d.say.UI("page.value_number", "n", decimal(d.folds)), s[i-digits:i])
			written = i
		}
		digits = 0
	}
	d.text(s[written:])
}

// table writes a table; its first row is the head.
func (d *document) table(b sheet.Block) {
	d.newline()
	d.start(elDiv, class(classScroll))
	d.start(elTable)
	for i, cells := range b.Rows {
		d.start(elTr)
		for k, c := range cells {
			switch {
			case i == 0 && strings.TrimSpace(c) != "":
				d.in(elTh, []pair{value(attrScope, "col")}, func() { d.runs(c) })
			case k == 0 && i > 0:
				d.in(elTh, []pair{value(attrScope, "row")}, func() { d.runs(c) })
			default:
				d.in(elTd, nil, func() { d.runs(c) })
			}
		}
		d.end()
	}
	d.end()
	d.end()
}

// runs writes painted text. A value too long to be read folds.
func (d *document) runs(s string) { d.written(sheet.Runs(s)) }

func (d *document) written(runs []sheet.Run) {
	for _, r := range runs {
		c := styles[r.Style]
		if c == noClass {
			d.long(r.Text)
			continue
		}
		d.in(elSpan, []pair{class(c)}, func() { d.long(r.Text) })
	}
}

var styles = [...]className{sheet.NoStyle: noClass, sheet.BoldStyle: classBold, sheet.DimStyle: classDim, sheet.GoodStyle: classGood,
	sheet.BadStyle: classBad, sheet.SecretStyle: classPrivate, sheet.NameStyle: classLabel, sheet.MythStyle: classMythStyle}

// sentences are the three on top of the page: what happened, who could read it, what if.
func (d *document) sentences() []string {
	a := d.decisive()
	if a == nil && !d.ladder.ofRecording() { // a recording may have nothing of a connection but that it was
		return nil
	}
	if x, ok := d.exchanges(); ok {
		said := x.In(d.o.Lang)
		return said[:]
	}
	of := d.events
	if a != nil && a.flow != nil { // else whatever happened on several connections is one story
		of = a.events
	}
	said := narrate.Summarize(of).In(d.o.Lang)
	return slices.DeleteFunc(said[:], func(s string) bool { return s == "" })
}
