package render

import (
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
)

// bytesPerLine is how many bytes of a dump stand in one line: with offset and
// indentation they leave half of 80 columns for name and value.
const bytesPerLine = 8

// dump writes every byte of a message once: offset, hex, name, value and what it
// means in a few words; where narrate has more to say of a field, that is said once.
func (t *Pen) dump(e *event.Message) {
	t.dumpHead()
	for i, f := range e.Fields {
		if !f.Leaf() && f.Depth == 0 {
			continue // the message itself
		}
		key := narrate.FieldKeyOf(f, e)
		meaning := t.Say.Get(narrate.Field, key)
		if i > 0 && e.Fields[i-1].Name == f.Name {
			meaning = narrate.Entry{} // the next element of a list
		}
		indent := strings.Repeat(" ", max(0, min(f.Depth, 6)-1))
		name := lastName(f.Name, e)
		inside := e.Inside(f)
		if f.Leaf() && inside == nil {
			t.leaf(e, f, indent, name, meaning.Title)
		} else {
			t.entry(f.Off, nil, indent, name+" {"+sheet.Text(f.Len)+"}", meaning.Title)
			t.elements(e.Raw, inside)
		}
		if meaning.Text != "" && t.First("field/"+key) {
			t.Text(textColumn+len(indent)+2, t.Values(meaning.Text, e), t.Paint.Dim)
		}
	}
}

// dumpHead heads the columns of a dump.
func (t *Pen) dumpHead() {
	t.Line("     " + t.Paint.Dim(sheet.Pad(t.Say.UI("offset"), 7)+sheet.Pad(t.Say.UI("bytes"), 3*bytesPerLine+1)+t.Say.UI("fields")))
}

// recordBytes divides a record as dump does a message. What a record in clear carries is a
// message, which is divided where it is told of, so its bytes are not repeated here.
func (t *Pen) recordBytes(e *event.Record) {
	fields := e.Fields()
	if fields == nil {
		t.hexdump(7, e.Wire, 0)
		return
	}
	for _, f := range fields[1:] { // the first is the record itself
		key := narrate.RecordFieldKey(f, e)
		entry := t.Say.Get(narrate.Field, key)
		name, _, _ := strings.Cut(lastName(f.Name, new(event.Message)), "+")
		raw, indent := e.Wire[f.Off:f.Off+f.Len], strings.Repeat(" ", f.Depth-1)
		_, isBytes := f.Value.([]byte)
		switch {
		case f.Leaf() && !isBytes:
			t.entry(f.Off, raw, indent, name+" = "+sheet.Text(f.Value), entry.Title)
		case f.Leaf() && len(raw) <= 2*bytesPerLine:
			t.rows(f.Off, raw, indent, name, entry.Title)
		default:
			t.entry(f.Off, nil, indent, name+" {"+sheet.Text(f.Len)+"}", entry.Title)
			if f.Leaf() && e.Protected {
				t.hexdump(5, raw, f.Off)
			}
		}
		if entry.Text != "" && t.First("field/"+key) {
			t.TextRef(textColumn+2, entry.Text, entry.Ref, t.Paint.Dim)
		}
	}
}

// lastName is the end of a dotted path; a length also names its vector, since an empty
// vector has no other line.
func lastName(path string, e *event.Message) string {
	vector, length := strings.CutSuffix(path, ".length")
	name, _ := narrate.FieldName(vector, e)
	if length {
		name += ".length"
	}
	return name
}

// textColumn is where names begin in a dump.
const textColumn = 12 + 3*bytesPerLine + 1

// entry is one line of a dump; name and meaning wrap under themselves.
func (t *Pen) entry(off int, raw []byte, indent, label, meaning string) {
	if meaning != "" {
		label = t.Say.Aside(label, meaning)
	}
	head := "     " + t.Paint.Dim(sheet.Pad(fmt.Sprintf("%04x", off), 7)) + sheet.Pad(sheet.Spaced(raw), 3*bytesPerLine+1) + indent
	for i, l := range sheet.Wrap(label, t.Width-textColumn-len(indent)) {
		if i > 0 {
			head = strings.Repeat(" ", textColumn+len(indent))
		}
		t.Line(head + t.Paint.Name(l))
	}
}

// leaf writes the bytes of one field.
func (t *Pen) leaf(e *event.Message, f wire.Field, indent, label, meaning string) {
	raw := e.Raw[f.Off : f.Off+f.Len]
	if s, hidden := t.blank.hide(raw, 16); hidden {
		t.Line("     " + sheet.Pad(fmt.Sprintf("%04x", f.Off), 7) + sheet.Pad(s, 3*bytesPerLine+1) + indent + label)
		return
	}
	if _, isBytes := f.Value.([]byte); !isBytes {
		label += " = " + t.Plain(f.Value)
	}
	t.rows(f.Off, raw, indent, label, meaning)
}

// rows writes bytes a row each of bytesPerLine, and beside the first what they are.
func (t *Pen) rows(off int, raw []byte, indent, label, meaning string) {
	t.entry(off, raw[:min(bytesPerLine, len(raw))], indent, label, meaning)
	for at := bytesPerLine; at < len(raw); at += bytesPerLine {
		t.Line("     " + t.Paint.Dim(sheet.Pad(fmt.Sprintf("%04x", off+at), 7)) + sheet.Spaced(raw[at:min(at+bytesPerLine, len(raw))]))
	}
}

// hexdump writes bytes that have no names, what a record carries; off is what the first of
// them is counted as.
func (t *Pen) hexdump(indent int, b []byte, off int) {
	per := 16
	if indent+6+4*per+1 > t.Width {
		per = 8
	}
	for at := 0; at < len(b); at += per {
		part := b[at:min(at+per, len(b))]
		ascii := strings.Map(func(r rune) rune {
			if r < 0x20 || r > 0x7e {
				return '.'
			}
			return r
		}, latin1(part))
		t.Line(strings.Repeat(" ", indent) + t.Paint.Dim(fmt.Sprintf("%04x  ", off+at)) + sheet.Pad(sheet.Spaced(part), 3*per) + " " + t.Paint.Dim(ascii))
	}
}

// latin1 makes each byte a character.
func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, x := range b {
		r[i] = rune(x)
	}
	return string(r)
}

// meaningOf is an entry in one sentence or a few words.
func meaningOf(e narrate.Entry) string {
	if e.Text != "" {
		return e.Text
	}
	return e.Title
}
