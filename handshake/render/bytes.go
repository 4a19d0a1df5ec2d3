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

// dump writes every byte of a message once: offset, hex, name, value, and under a
// field that narrate can explain, what it means. A meaning is told once per message.
func (t *Terminal) dump(e *handshake.MessageEvent) {
	t.line("     " + t.paint.dim(pad(t.say.ui("offset"), 7)+pad(t.say.ui("bytes"), 3*bytesPerLine+1)+t.say.ui("fields")))
	told := map[string]bool{}
	for _, f := range e.Fields {
		name := f.Name[strings.LastIndexByte(f.Name, '.')+1:]
		indent := strings.Repeat(" ", max(0, min(f.Depth, 6)-1))
		if !f.Leaf() {
			if f.Depth > 0 {
				t.line(cut("     "+pad(fmt.Sprintf("%04x", f.Off), 7)+pad("", 3*bytesPerLine+1)+indent+name+" {"+text(f.Len)+"}", t.width))
			}
			continue
		}
		t.leaf(e, f, indent, name)
		if meaning := t.say.get(narrate.Field, narrate.FieldKey(f.Name)); !told[f.Name] && (meaning.Text != "" || meaning.Title != "") {
			told[f.Name] = true
			t.text(12+3*bytesPerLine+1+len(indent)+2, t.values(meaningOf(meaning), e), t.paint.dim)
		}
	}
}

// leaf writes the bytes of one field, its name and value beside the first line.
func (t *Terminal) leaf(e *handshake.MessageEvent, f wire.Field, indent, label string) {
	raw := e.Raw[f.Off : f.Off+f.Len]
	if s, hidden := t.blank.hide(raw, 16); hidden {
		t.line("     " + pad(fmt.Sprintf("%04x", f.Off), 7) + pad(s, 3*bytesPerLine+1) + indent + label)
		return
	}
	if _, isBytes := f.Value.([]byte); !isBytes {
		label += "  " + text(f.Value)
	}
	for at := 0; at == 0 || at < len(raw); at += bytesPerLine {
		part := raw[at:min(at+bytesPerLine, len(raw))]
		head := "     " + t.paint.dim(pad(fmt.Sprintf("%04x", f.Off+at), 7)) + pad(spaced(part), 3*bytesPerLine+1)
		if at == 0 {
			t.hang(head+indent, 12+3*bytesPerLine+1+len(indent), label, t.paint.name)
			continue
		}
		t.line(head)
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
