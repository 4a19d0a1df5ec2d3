package render

import (
	"fmt"
	"io"
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
	"tlslab/pki/der"
)

// A Dump writes documents in DER, such as certificates, down to each byte. What it has explained
// in one it does not explain again in the next.
type Dump struct{ pen *Pen }

// NewDump returns a Dump that writes to w.
func NewDump(w io.Writer, o TerminalOptions) *Dump { return &Dump{newPen(w, o)} }

// Write writes the bytes of b under the names that a walk of package der gave them. The error is
// the writer's.
func (d *Dump) Write(b []byte, fields []wire.Field) error {
	d.pen.dumpHead()
	d.pen.elements(b, fields)
	return d.pen.Err()
}

// longRow is how many bytes of one value stand in rows beside their name; more stand below it,
// twice as many in a line.
const longRow = 4 * bytesPerLine

// elements writes every byte of b that fields name once: offset, hex, name, type and value, and for
// each kind of field once what it means. Tag and length of an element share a line with what
// they stand before: its name, and its content if that is no list of others.
func (t *Pen) elements(b []byte, fields []wire.Field) {
	for i := 0; i < len(fields); i++ {
		f, next := fields[i], wire.Field{Value: wire.Group{}} // no leaf: there may be none
		if i+1 < len(fields) {
			next = fields[i+1]
		}
		l := element{Field: f, name: f.Name, raw: b[f.Off : f.Off+f.Len]}
		var header *wire.Field
		switch h, isHeader := f.Value.(der.Header); {
		case !f.Leaf():
			l.raw = nil
			if next.Name == f.Name+"."+der.FieldHeader {
				header, l.raw, i = &next, b[next.Off:next.Off+next.Len], i+1
				l.typ = " " + sheet.Text(next.Value)
			}
		case strings.HasSuffix(f.Name, "."+der.FieldExplicit):
			header, l.name = &f, strings.TrimSuffix(f.Name, "."+der.FieldExplicit)
			l.typ = " " + sheet.Text(h)
		case isHeader:
			header, l.name = &f, strings.TrimSuffix(f.Name, "."+der.FieldHeader)
			l.typ = " " + sheet.Text(h)
			if next.Leaf() && next.Name == l.name && next.Len == h.Len {
				l.Name, l.Value, l.raw, i = next.Name, next.Value, b[f.Off:next.Off+next.Len], i+1
			} else if h.Len > 0 {
				l.Name = l.name // the content comes in lines of its own
			}
			if l.Name == l.name && len(l.raw) > f.Len || h.Len == 0 { // how long it is can be seen
				l.typ, _, _ = strings.Cut(l.typ, " (")
			}
		}
		t.element(l)
		if header != nil {
			t.explain(*header)
		}
	}
}

// element is one line of a document, or several where there are many bytes.
type element struct {
	wire.Field
	name string // whose end it is called by
	typ  string // with a space before it; "" where there is no tag
	raw  []byte // its tag and length with it
}

func (t *Pen) element(l element) {
	label := lastComponent(l.name) + l.typ
	switch value := l.Value.(type) {
	case bool:
		label += " = " + strings.ToUpper(sheet.Text(value)) // as ASN.1 writes it (X.680 §18.3)
	case der.Header:
	case wire.Group, []byte:
		if l.typ == "" {
			label += " {" + sheet.Text(l.Len) + "}"
		}
	default:
		label += " = " + t.Plain(l.Value)
	}
	indent := strings.Repeat(" ", min(l.Depth, deepest))
	meaning := ""
	if key := narrate.CertFieldKey(l.Field); !t.Told("cert/" + key) {
		meaning = t.Say.Get(narrate.Cert, key).Title
	}
	if len(l.raw) <= longRow {
		t.rows(l.Off, l.raw, indent, label, meaning)
	} else {
		t.entry(l.Off, nil, indent, label, meaning)
		t.digits(l.raw, l.Off)
	}
	t.explain(l.Field)
}

// digits writes many bytes, twice as many in a line as rows does where there is room. What is text in
// them is not shown: it would be a peer's, with a line to itself.
func (t *Pen) digits(b []byte, off int) {
	per := 2 * bytesPerLine
	if 12+3*per > t.Width {
		per = bytesPerLine
	}
	for at := 0; at < len(b); at += per {
		t.Line("     " + t.Paint.Dim(sheet.Pad(fmt.Sprintf("%04x", off+at), 7)) + sheet.Spaced(b[at:min(at+per, len(b))]))
	}
}

// deepest is how far a line is indented: the rest of 80 columns is for the name.
const deepest = 16

// explain says once what a field is.
func (t *Pen) explain(f wire.Field) {
	key := narrate.CertFieldKey(f)
	e := t.Say.Get(narrate.Cert, key)
	switch first := t.First("cert/" + key); {
	case !first || e.Text == "":
	case key == der.FieldHeader || key == der.FieldExplicit: // no field has them to itself, and so no section
		t.Text(textColumn+2, e.Text, t.Paint.Dim)
	default:
		t.TextRef(textColumn+2, e.Text, narrate.CertFieldRef(f), t.Paint.Dim)
	}
}

// lastComponent is the end of a dotted path; of a length its vector's too.
func lastComponent(path string) string {
	rest, length := strings.CutSuffix(path, ".length")
	name := rest[strings.LastIndexByte(rest, '.')+1:]
	if length {
		name += ".length"
	}
	return name
}
