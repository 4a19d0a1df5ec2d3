package page

import (
	"encoding/hex"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
)

// long is how many bytes of a value stand in a line; more fold.
const long = 64

// opened is what opens under an arrow: what is told of it, its message byte by byte, and the
// records that it travelled in.
func (d *document) opened(r *row) {
	d.telling(&r.place, classTelling)
	if r.message != nil {
		d.bytes(r, r.id, r.message.Raw, d.fieldsOf(r.message))
	}
	for i, e := range r.records {
		d.record(r, i, e)
	}
	d.with(elButton, d.say.UI("page.copy", "what", decimal(r.n)+" "+d.name(r)), value(attrType, "button"), value(attrDataCopy, "row"), value(attrDataSaid, d.say.UI("page.copied")))
}

// field is a named range of bytes as the page shows it.
type field struct {
	wire.Field
	path    string // unique in its message: the second of a name has "~2"
	name    string
	key     string // of the glossary; "" if no entry is about it
	ref     string
	dissect bool // it is part of what a field holds in an encoding of its own
}

// fieldsOf names every byte of a message.
func (d *document) fieldsOf(e *event.Message) []field {
	var out []field
	taken := ordinals{}
	for _, f := range e.Fields {
		if f.Depth == 0 && !f.Leaf() {
			continue // the message itself
		}
		name, _ := narrate.FieldName(f.Name, e)
		key := narrate.FieldKeyOf(f, e)
		if _, ok := narrate.Get(d.say.Lang, narrate.Field, key); !ok {
			key = ""
		}
		out = append(out, field{Field: f, path: string(taken.take(pathOf(f.Name))), name: name, key: key, ref: narrate.FieldRef(f, e)})
	}
	return out
}

// bytes sets the bytes of a structure beside the tree of its fields. Every byte is in the span of
// the one leaf that it belongs to.
func (d *document) bytes(r *row, at address, raw []byte, fields []field) {
	d.start(elDiv, class(classBytes))
	d.start(elDiv, class(classHex), value(attrTranslate, "no"))
	end := 0
	rest := func(to int) { // bytes that no field names: there are none in what could be read
		if end < to {
			d.in(elSpan, []pair{value(attrDataF, "unread")}, func() { d.hex(raw[end:to]) })
			d.space()
			end = to
		}
	}
	for _, f := range fields {
		if !f.Leaf() || f.Len == 0 || f.Off < end || f.Off+f.Len > len(raw) {
			continue
		}
		rest(f.Off)
		d.in(elSpan, []pair{value(attrDataF, f.path)}, func() { d.hex(raw[f.Off : f.Off+f.Len]) })
		d.space()
		end = f.Off + f.Len
	}
	rest(len(raw))
	d.end()
	d.start(elDiv, class(classFields), value(attrRole, "tree"), value(attrAriaLabel, d.say.UI("page.fields_of", "what", string(at))), value(attrTranslate, "no"))
	depth := []int{} // of the groups that are open
	for _, f := range fields {
		for len(depth) > 0 && f.Depth <= depth[len(depth)-1] {
			d.end()
			depth = depth[:len(depth)-1]
		}
		d.field(at, raw, f)
		if f.Leaf() {
			d.end()
		} else {
			depth = append(depth, f.Depth)
		}
	}
	for range depth {
		d.end()
	}
	d.end()
	d.end()
}

// field begins a line of the tree. What a group holds stands within it.
func (d *document) field(at address, raw []byte, f field) {
	here := at.at(f.path)
	d.newline()
	d.start(elDiv, id(here), value(attrRole, "treeitem"), value(attrTabindex, "0"), value(attrDataF, f.path))
	if f.key != "" {
		d.used[f.key] = true
		d.with(elA, f.name, class(classCalled), to(glossaryOf(f.key)), value(attrAriaLabel, d.say.UI("page.means", "field", string(here))))
	} else {
		d.with(elSpan, f.name, class(classCalled))
	}
	d.space()
	switch {
	case !f.Leaf():
		d.with(elSpan, d.say.UI("n_bytes", "n", decimal(f.Len)), class(classSize))
	case f.Off+f.Len <= len(raw):
		d.value(here, raw[f.Off:f.Off+f.Len], f.Value)
	}
}

// value shows a field's value in every form that it has: bytes, and what they mean.
func (d *document) value(at address, raw []byte, v any) {
	if b, ok := sheet.BytesOf(v); ok || len(raw) > long {
		d.octets(at, raw)
		if ok && readable(b) {
			d.space()
			d.with(elSpan, "“"+sheet.Text(string(b))+"”", class(classValue))
		}
		return
	}
	d.in(elCode, nil, func() { d.hex(raw) })
	d.space()
	if s, ok := v.(string); ok {
		d.with(elSpan, "“"+sheet.Text(s)+"”", class(classValue))
		return
	}
	d.with(elSpan, sheet.Text(v), class(classValue))
}

// octets shows bytes, folded if they are many.
func (d *document) octets(at address, b []byte) {
	if len(b) <= long {
		d.with(elCode, hex.EncodeToString(b))
		return
	}
	d.in(elDetails, []pair{class(classFold)}, func() {
		d.in(elSummary, []pair{value(attrAriaLabel, d.say.UI("page.all_bytes", "n", decimal(len(b)), "what", string(at)))}, func() {
			d.with(elCode, hex.EncodeToString(b[:16])+"…")
			d.space()
			d.with(elSpan, d.say.UI("n_bytes", "n", decimal(len(b))), class(classSize))
		})
		d.with(elCode, hex.EncodeToString(b))
	})
}

// readable reports whether bytes are text that can be shown as it is.
func readable(b []byte) bool {
	for _, x := range b {
		if x < ' ' || x > '~' {
			return false
		}
	}
	return len(b) > 1
}
