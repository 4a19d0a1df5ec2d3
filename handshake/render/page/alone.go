package page

import (
	"fmt"
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
	"tlslab/pki"
)

// What a page holds that is about no handshake: no ladder, and so no arrows.

// alone is what stands in the place of the ladder.
type alone struct {
	title string
	draw  func(d *document)
}

// writeAlone writes such a page.
func writeAlone(w io.Writer, o Options, title string, draw func(d *document)) error {
	if o.Lang == "" {
		o.Lang = narrate.En
	}
	say := sheet.Speak(o.Lang)
	d := &document{o: o, say: say, ladder: newLadder(), used: map[meaning]bool{}, alone: &alone{say.UI(title), draw}}
	d.write()
	_, err := w.Write(d.out.Bytes())
	return err
}

// WriteTold writes a page of what tell says, which is given the options to say it by: in the
// reader's language, as blocks. Title is a key of narrate's. The error is the writer's, or tell's.
func WriteTold(w io.Writer, o Options, title string, tell func(render.TerminalOptions) error) error {
	blocks, err := toldBy(o.Lang, tell)
	if err != nil {
		return err
	}
	return writeAlone(w, o, title, func(d *document) { d.tells(blocks, classTelling) })
}

// toldBy collects what is told.
func toldBy(l narrate.Lang, tell func(render.TerminalOptions) error) (blocks []told, err error) {
	err = tell(render.TerminalOptions{Lang: l, Take: func(_ event.Event, b sheet.Block) { blocks = append(blocks, b) }})
	return blocks, err
}

// Document is a document in DER, such as a certificate, with the names that a walk of package der
// gave its bytes.
type Document struct {
	Title  string // what it is called, as text
	Raw    []byte
	Fields []wire.Field
}

// WriteReport writes the page of a judgement on a chain that no handshake brought: the verdict, each
// path as a matrix of checks and certificates, each check, and the documents down to their bytes.
func WriteReport(w io.Writer, r *pki.Report, documents []Document, o Options) error {
	verdict, err := toldBy(o.Lang, func(to render.TerminalOptions) error { return render.WriteVerdict(io.Discard, r, to) })
	if err != nil {
		return err
	}
	all, err := toldBy(o.Lang, func(to render.TerminalOptions) error { return render.WriteReport(io.Discard, r, to) })
	if err != nil {
		return err
	}
	return writeAlone(w, o, "page.judged", func(d *document) {
		d.tells(verdict, classTelling)
		d.report("report", r, all[len(verdict):])
		d.documents(documents)
	})
}

// documents sets the bytes of each document beside the names of its fields.
func (d *document) documents(documents []Document) {
	if len(documents) == 0 {
		return
	}
	d.newline()
	d.with(elH2, d.say.UI("page.documents"))
	for i, x := range documents {
		what := fmt.Sprintf("%d %s", i, x.Title)
		at := addressOf("cert" + decimal(i))
		d.newline()
		d.start(elDetails, class(classRecord), id(at))
		d.in(elSummary, nil, func() {
			d.with(elSpan, what)
			d.space()
			d.with(elSpan, d.say.UI("n_bytes", "n", decimal(len(x.Raw))), class(classSize))
		})
		taken := ordinals{}
		var fields []field
		for _, f := range x.Fields {
			if f.Depth == 0 && !f.Leaf() {
				continue
			}
			fields = append(fields, field{Field: f, path: string(taken.take(pathOf(f.Name))), name: lastOf(f.Name), kind: narrate.Cert, key: narrate.CertFieldKey(f), ref: narrate.CertFieldRef(f)})
		}
		d.bytes(what, at, x.Raw, fields)
		d.end()
	}
}
