package page

import (
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/wire"
)

// record shows a record as it went over the wire, and what was found in it: header, what is
// protected, and its opening.
func (d *document) record(r *row, i int, e *event.Record, all []told) {
	what, at := d.say.UI("page.of_record", "what", d.numbered(r)), ""
	if len(r.records) > 1 {
		what += " " + decimal(i+1) + "/" + decimal(len(r.records))
	}
	if i > 0 {
		at = "~" + decimal(i+1)
	}
	d.newline()
	d.start(elDetails, class(classRecord), id(r.id.at("record"+at)))
	d.in(elSummary, nil, func() {
		d.with(elSpan, what)
		d.space()
		d.with(elSpan, d.size(len(e.Wire)), class(classSize))
	})
	d.tells(all, classTelling)
	if d.withheld[event.Event(e)] == wholly {
		d.with(elP, d.say.UI("page.withheld", "n", decimal(len(e.Payload))))
		d.end()
		return
	}
	d.bytes(what, r.id, e.Wire, d.recordFields(e, e.Fields(), at))
	if raw, fields := e.Opened(); raw != nil {
		d.with(elP, d.say.UI("page.opened"), class(classHeading))
		d.bytes(d.say.UI("page.in_record", "what", what), r.id, raw, d.recordFields(e, fields, at))
	}
	d.end()
}

// recordFields are the fields of a record, or of what was in it. At is "~2" for the second record
// of a message.
func (d *document) recordFields(e *event.Record, fields []wire.Field, at string) []field {
	var out []field
	for _, f := range fields {
		if f.Depth == 0 && !f.Leaf() {
			continue
		}
		root, path, _ := cut(f.Name)
		out = append(out, field{beside: true, Field: f, path: string(addressOf(root+at, path)), name: lastOf(f.Name),
			kind: narrate.Field, key: narrate.RecordFieldKey(f, e), ref: narrate.RecordFieldRef(f, e)})
	}
	return out
}
