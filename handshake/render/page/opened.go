package page

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
)

// long is how many bytes of a value stand in a line; more fold.
const long = 64

// shown is how many bytes are seen of a folded value.
const shown = 16

// opened is what opens under an arrow: what is told of it, its message byte by byte, and the
// records that it travelled in, with what is told of those.
func (d *document) opened(r *row) {
	said, ofRecord := d.parted(r)
	d.tells(said, classTelling)
	switch first := d.again(r); {
	case first != nil:
		d.in(elP, []pair{class(classDim)}, func() {
			d.text(d.say.UI("page.same_bytes", "n", decimal(len(r.message.Raw))))
			d.space()
			d.with(elA, d.numbered(first), to(first.id), value(attrAriaLabel, d.say.UI("page.same_as", "what", d.numbered(r), "first", d.numbered(first))))
		})
	case r.message != nil:
		fields, left := d.fieldsOf(r.id, r.message)
		d.bytes(d.numbered(r), r.id, r.message.Raw, fields)
		if left > 0 {
			d.with(elP, d.say.UI("page.fields_left", "n", decimal(left)))
		}
	}
	if d.withheld[event.Event(r.data)] != nothing {
		d.with(elP, d.say.UI("page.withheld", "n", decimal(len(r.data.Data))))
	}
	for i, e := range r.records {
		d.record(r, i, e, ofRecord[e])
	}
	d.with(elButton, d.say.UI("page.copy", "what", d.numbered(r)), value(attrType, "button"), value(attrDataCopy, "row"), value(attrDataSaid, d.say.UI("page.copied")))
}

// again is the arrow of an act before, if any, that carried the very bytes of this one: they were
// recorded there, and sent once more.
func (d *document) again(r *row) *row {
	if r.message == nil || len(r.message.Raw) <= long {
		return nil
	}
	key := string(r.message.Raw)
	first := d.carried[key]
	if first == nil {
		d.carried[key] = r
		return nil
	}
	if first.act == r.act {
		return nil
	}
	return first
}

// parted is what is told of an arrow, and of each of its records. The heading, which the row has
// already, gives only its reference.
func (d *document) parted(r *row) (said []told, ofRecord map[*event.Record][]told) {
	ofRecord = map[*event.Record][]told{}
	for i, b := range r.told {
		if e, ok := b.about.(*event.Record); ok && slices.Contains(r.records, e) {
			ofRecord[e] = append(ofRecord[e], b)
			continue
		}
		if i == 0 && b.Kind == sheet.Heading && (b.about == event.Event(r.message) || b.about == event.Event(r.data)) {
			if b.Ref == "" {
				continue
			}
			b.Kind, b.Label, b.Text = sheet.Paragraph, "", ""
		}
		said = append(said, b)
	}
	return said, ofRecord
}

// numbered is an arrow's number and name: no two of a page are called the same.
func (d *document) numbered(r *row) string {
	n := decimal(r.n)
	if len(d.ladder.acts) > 1 {
		n = decimal(r.act) + "." + n
	}
	if r.n == 0 {
		n = d.unnumbered(r)
	}
	return n + " " + d.name(r)
}

// unnumbered is what stands for the number of an arrow that has none: who sent it, and how many
// arrows of the page there are up to it.
func (d *document) unnumbered(r *row) string { return d.say.Party(r.from) + " " + decimal(r.count) }

// field is a named range of bytes as the page shows it.
type field struct {
	wire.Field
	path   string // unique in its message: the second of a name has "~2"
	name   string
	kind   narrate.Kind // of its entry
	key    string       // of the glossary; "" if no entry is about it
	ref    string
	beside bool // a long value is seen beside it, as bytes, and is not repeated
	whole  bool // it is all that is shown, and its parts' paths begin with it
	fold   bool // what it holds is long, and opens when asked for
}

// fieldsOf names every byte of the message at an address, but for the fields behind the first
// maxFields, of which it says how many there are. A document of which not all is shown is held nowhere:
// no link leads into it.
func (d *document) fieldsOf(at address, e *event.Message) (out []field, left int) {
	taken := ordinals{}
	for _, f := range e.Fields {
		if f.Depth == 0 && !f.Leaf() {
			continue // the message itself
		}
		inside := e.Inside(f)
		if len(out)+len(inside) >= maxFields { // then it is left as it is: with a part of it nobody is served
			if len(out) >= maxFields {
				left += 1 + max(0, len(inside)-1)
				continue
			}
			left, inside = left+max(0, len(inside)-1), nil // the document itself is the field
		}
		name, _ := narrate.FieldName(f.Name, e)
		x := field{Field: f, path: string(taken.take(pathOf(f.Name))), name: name, kind: narrate.Field, key: narrate.FieldKeyOf(f, e), ref: narrate.FieldRef(f, e)}
		x.ref = cmp.Or(narrate.GeneralRef(x.key, e), x.ref)
		raw, _ := f.Value.([]byte)
		within, base := d.dissect(&x, inside, taken)
		if len(within) > 0 && d.held[string(raw)] == "" {
			d.held[string(raw)] = at.at(string(base))
			if root, _, _ := strings.Cut(string(base), "~"); root == "ocsp_response" {
				d.stapled = at.at(string(base))
			}
		}
		out = append(append(out, x), within...)
	}
	return out, left
}

// bytes sets the bytes of a structure beside the tree of its fields. Every byte is in the span of
// the one leaf that it belongs to. What is what the structure is called.
func (d *document) bytes(what string, at address, raw []byte, fields []field) {
	d.newline()
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
		d.in(elSpan, []pair{value(attrDataF, f.path)}, func() {
			if blank, ok := d.blank.hides(raw[f.Off : f.Off+f.Len]); ok {
				d.text(blank)
				return
			}
			d.hex(raw[f.Off : f.Off+f.Len])
		})
		d.space()
		end = f.Off + f.Len
	}
	rest(len(raw))
	d.end()
	d.start(elUl, class(classFields), value(attrAriaLabel, d.say.UI("page.fields_of", "what", what)), value(attrTranslate, "no"))
	depth := []field{} // the groups that are open
	leave := func() {
		d.end()
		if depth[len(depth)-1].fold {
			d.end()
		}
		d.end()
		depth = depth[:len(depth)-1]
	}
	for i, f := range fields {
		for len(depth) > 0 && f.Depth <= depth[len(depth)-1].Depth {
			leave()
		}
		d.field(what, i+1, at, raw, f)
		if i+1 < len(fields) && fields[i+1].Depth > f.Depth {
			d.start(elUl)
			depth = append(depth, f)
			continue
		}
		if f.fold {
			d.end()
		}
		d.end()
	}
	for len(depth) > 0 {
		leave()
	}
	d.end()
	d.end()
}

// field begins a line of the tree, the n-th. What a group holds stands within it, as a list. That
// the list is a tree to walk in is the script's to say, which makes it one.
func (d *document) field(what string, n int, at address, raw []byte, f field) {
	d.newline()
	d.start(elLi, id(at.at(f.path)), value(attrDataF, f.path))
	if _, ok := narrate.Get(d.say.Lang, f.kind, f.key); ok {
		d.uses(meaning{f.kind, f.key}, f.ref)
		d.with(elA, f.name, class(classCalled), to(glossaryOf(f.kind, f.key)), placed(f.name, glossaryOf(f.kind, f.key)))
	} else {
		d.with(elSpan, f.name, class(classCalled))
	}
	d.space()
	switch {
	case f.fold:
		d.start(elDetails, class(classFold))
		d.in(elSummary, nil, func() {
			d.with(elSpan, d.say.UI("page.all_bytes", "n", decimal(f.Len), "what", f.name+" "+decimal(n)+", "+what), class(classHidden))
			d.sheltered(d.size(f.Len))
		})
	case !f.Leaf():
		d.with(elSpan, d.size(f.Len), class(classSize))
	case f.beside && f.Len > long && f.Off+f.Len <= len(raw) && len(d.blank) == 0:
		d.in(elCode, nil, func() { d.text(hex.EncodeToString(raw[f.Off:f.Off+shown]) + "…") })
		d.space()
		d.with(elSpan, d.size(f.Len), class(classSize))
	case f.Off+f.Len <= len(raw):
		d.value(f.name+" "+decimal(n)+", "+what, raw[f.Off:f.Off+f.Len], f.Value)
		d.computed(raw[f.Off : f.Off+f.Len])
	}
}

// sheltered writes text that is seen and not read aloud: what is hidden beside it says more.
func (d *document) sheltered(s string) {
	d.with(elSpan, s, class(classSize), value(attrAriaHidden, "true"))
}

// value shows a field's value in every form that it has: bytes, and what they mean.
func (d *document) value(what string, raw []byte, v any) {
	if blank, ok := d.blank.hides(raw); ok {
		d.with(elCode, blank)
		return
	}
	if b, ok := sheet.BytesOf(v); ok || len(raw) > long {
		d.octets(what, raw)
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

// size is how many bytes there are.
func (d *document) size(bytes int) string {
	if bytes == 1 {
		return d.say.UI("page.one_byte")
	}
	return d.say.UI("n_bytes", "n", decimal(bytes))
}

// octets shows bytes, folded if they are many.
func (d *document) octets(what string, b []byte) {
	if len(b) <= long {
		d.with(elCode, hex.EncodeToString(b))
		return
	}
	d.fold(what, hex.EncodeToString(b))
}

// fold shows the beginning of a value of many bytes, and all of it when it is opened.
func (d *document) fold(what, digits string) {
	d.in(elDetails, []pair{class(classFold)}, func() {
		d.in(elSummary, nil, func() {
			d.with(elSpan, d.say.UI("page.all_bytes", "n", decimal(len(digits)/2), "what", what), class(classHidden))
			d.in(elCode, []pair{value(attrAriaHidden, "true")}, func() { d.text(digits[:2*shown] + "…") })
			d.space()
			d.sheltered(d.size(len(digits) / 2))
		})
		d.with(elCode, digits[2*shown:])
	})
}

// readable reports whether bytes are text that can be shown as it is. Of a few bytes chance can
// make letters, such as of the two of an encrypted alert: those are none.
func readable(b []byte) bool {
	for _, x := range b {
		if x < ' ' || x > '~' {
			return false
		}
	}
	return len(b) >= 8
}

// uses notes that a field leads to an entry of the glossary. Where the entry names no place of its
// own, that of the first field that leads to it does.
func (d *document) uses(m meaning, ref string) {
	if d.used[m] == "" {
		d.used[m] = ref
	}
}

// computed leads from a field to where its value was computed, if a party has told of that.
func (d *document) computed(raw []byte) {
	s := d.graph.sent[string(raw)]
	if s == nil {
		return
	}
	d.space()
	d.with(elA, string(s.e.Label), class(classMade), to(s.first.id), placed(string(s.e.Label), s.first.id))
}
