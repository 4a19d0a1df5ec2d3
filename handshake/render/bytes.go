package render

import (
	"encoding/binary"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/record"
	"tlslab/handshake/wire"
)

// bytesPerLine is how many bytes of a dump stand in one line: with offset and
// indentation they leave half of 80 columns for name and value.
const bytesPerLine = 8

// dump writes every byte of a message once: offset, hex, name, value and what it
// means in a few words; where narrate has more to say of a field, that is said once.
func (t *Pen) dump(e *event.Message) {
	t.line("     " + t.paint.dim(pad(t.say.ui("offset"), 7)+pad(t.say.ui("bytes"), 3*bytesPerLine+1)+t.say.ui("fields")))
	for i, f := range e.Fields {
		if !f.Leaf() && f.Depth == 0 {
			continue // the message itself
		}
		key := narrate.FieldKeyOf(f, e)
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

// recordHeader divides the header of a record as dump does a message.
func (t *Pen) recordHeader(e *event.Record) {
	h := e.Wire
	if len(h) < record.HeaderLen {
		t.hexdump(7, h, 0) // of a foreign peer that was cut off
		return
	}
	version := "record.version"
	if e.Type == iana.Handshake && e.Version == iana.TLS10 && !e.Protected && len(e.Payload) > 0 && e.Payload[0] == clientHello {
		version += narrate.Initial
	}
	for _, f := range []struct {
		off, end int
		key      string
		value    any
	}{
		{0, 1, "record.type", iana.ContentType(h[0])},
		{1, 3, version, iana.Version(binary.BigEndian.Uint16(h[1:]))},
		{3, 5, "record.length", int(binary.BigEndian.Uint16(h[3:]))},
	} {
		entry := t.say.get(narrate.Field, f.key)
		name, _, _ := strings.Cut(lastName(f.key, new(event.Message)), "+")
		t.entry(f.off, h[f.off:f.end], "", name+" = "+text(f.value), entry.Title)
		if entry.Text != "" && t.first("field/"+f.key) {
			t.textRef(textColumn+2, entry.Text, entry.Ref, t.paint.dim)
		}
	}
}

// clientHello is the HandshakeType with which the first message begins (RFC 9846 §4).
const clientHello = 1

// lastName is the end of a dotted path; a length says of what it is, since an empty
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
		label = t.say.aside(label, meaning)
	}
	head := "     " + t.paint.dim(pad(fmt.Sprintf("%04x", off), 7)) + pad(spaced(raw), 3*bytesPerLine+1) + indent
	for i, l := range Wrap(label, t.width-textColumn-len(indent)) {
		if i > 0 {
			head = strings.Repeat(" ", textColumn+len(indent))
		}
		t.line(head + t.paint.name(l))
	}
}

// leaf writes the bytes of one field.
func (t *Pen) leaf(e *event.Message, f wire.Field, indent, label, meaning string) {
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

// hexdump writes bytes that have no names, what a record carries; off is what the first of
// them is counted as.
func (t *Pen) hexdump(indent int, b []byte, off int) {
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
		t.line(strings.Repeat(" ", indent) + t.paint.dim(fmt.Sprintf("%04x  ", off+at)) + pad(spaced(part), 3*per) + " " + t.paint.dim(ascii))
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
