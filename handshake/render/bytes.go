package render

import (
	"fmt"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// bytesPerLine is how many bytes of a dump stand in one line: with offset and
// indentation they leave half of 80 columns for name and value.
const bytesPerLine = 8

// dump writes every byte of a message once: offset, hex, name, value and what it
// means in a few words; where narrate has more to say of a field, that is said once.
func (t *Terminal) dump(e *handshake.MessageEvent) {
	t.line("     " + t.paint.dim(pad(t.say.ui("offset"), 7)+pad(t.say.ui("bytes"), 3*bytesPerLine+1)+t.say.ui("fields")))
	for i, f := range e.Fields {
		if !f.Leaf() && f.Depth == 0 {
			continue // the message itself
		}
		key := narrate.FieldKey(f.Name, e)
		meaning := t.say.get(narrate.Field, key)
		if i > 0 && e.Fields[i-1].Name == f.Name {
			meaning = narrate.Entry{} // the next element of a list
		}
		indent := strings.Repeat(" ", max(0, min(f.Depth, 6)-1))
		name := lastName(f.Name, e)
		if f.Leaf() {
			t.leaf(e, f, indent, name, meaning.Title)
		} else {
			t.entry(f.Off, nil, indent, name+" {"+text(f.Len)+"}", meaning.Title)
		}
		if meaning.Text != "" && t.first("field/"+key) {
			t.text(textColumn+len(indent)+2, t.values(meaning.Text, e), t.paint.dim)
		}
	}
}

// lastName is the end of a dotted path; a length says of what it is, since an empty
// vector has no other line.
func lastName(path string, e *handshake.MessageEvent) string {
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
func (t *Terminal) entry(off int, raw []byte, indent, label, meaning string) {
	if meaning != "" {
		label = t.say.aside(label, meaning)
	}
	head := "     " + t.paint.dim(pad(fmt.Sprintf("%04x", off), 7)) + pad(spaced(raw), 3*bytesPerLine+1) + indent
	for i, l := range wrap(label, t.width-textColumn-len(indent)) {
		if i > 0 {
			head = strings.Repeat(" ", textColumn+len(indent))
		}
		t.line(head + t.paint.name(l))
	}
}

// leaf writes the bytes of one field.
func (t *Terminal) leaf(e *handshake.MessageEvent, f wire.Field, indent, label, meaning string) {
	raw := e.Raw[f.Off : f.Off+f.Len]
	if s, hidden := t.blank.hide(raw, 16); hidden {
		t.line("     " + pad(fmt.Sprintf("%04x", f.Off), 7) + pad(s, 3*bytesPerLine+1) + indent + label)
		return
	}
	if _, isBytes := f.Value.([]byte); !isBytes {
		label += " = " + t.plain(f.Value)
	}
	t.entry(f.Off, raw[:min(bytesPerLine, len(raw))], indent, label, meaning)
	for at := bytesPerLine; at < len(raw); at += bytesPerLine {
		t.line("     " + t.paint.dim(pad(fmt.Sprintf("%04x", f.Off+at), 7)) + spaced(raw[at:min(at+bytesPerLine, len(raw))]))
	}
}

// hexdump writes bytes that have no names: a record's, or what it carried.
func (t *Terminal) hexdump(indent int, b []byte) {
	per := 16
	if indent+6+4*per+1 > t.width {
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
		t.line(strings.Repeat(" ", indent) + t.paint.dim(fmt.Sprintf("%04x  ", at)) + pad(spaced(part), 3*per) + " " + t.paint.dim(ascii))
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
