package page

import (
	"encoding/binary"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
)

// record shows a record as it went over the wire, and what was in it: header, what is protected,
// and its opening.
func (d *document) record(r *row, i int, e *event.Record) {
	at := "record"
	if i > 0 {
		at += "~" + decimal(i+1)
	}
	more := ""
	if len(r.records) > 1 {
		more = " (" + decimal(i+1) + "/" + decimal(len(r.records)) + ")"
	}
	d.newline()
	d.start(elDetails, class(classRecord), id(r.id.at(at)))
	d.in(elSummary, nil, func() {
		d.with(elB, d.say.UI("page.of_record", "what", decimal(r.n)+" "+d.name(r)+more))
		d.space()
		d.with(elSpan, d.say.UI("n_bytes", "n", decimal(len(e.Wire))), class(classSize))
	})
	d.bytes(r, r.id, e.Wire, d.recordFields(at, e))
	if e.Protected && e.Payload != nil {
		d.with(elP, d.say.UI("opened"), class(classHeading))
		raw, fields := d.openedFields(at, e)
		d.bytes(r, r.id, raw, fields)
	}
	d.end()
}

// recordFields names the bytes of a record on the wire (RFC 9846 §5.1, §5.2).
func (d *document) recordFields(at string, e *event.Record) []field {
	w := e.Wire
	if len(w) < record.HeaderLen {
		return nil
	}
	body := "fragment"
	if e.Protected {
		body = "encrypted_record"
	}
	version := "version"
	if e.Type == iana.Handshake && e.Version == iana.TLS10 && !e.Protected {
		version += narrate.Initial
	}
	fields := []field{
		d.part(at, "type", 0, 1, iana.ContentType(w[0])),
		d.part(at, version, 1, 2, iana.Version(binary.BigEndian.Uint16(w[1:]))),
		d.part(at, "length", 3, 2, int(binary.BigEndian.Uint16(w[3:]))),
	}
	if len(w) > record.HeaderLen {
		fields = append(fields, d.part(at, body, record.HeaderLen, len(w)-record.HeaderLen, w[record.HeaderLen:]))
	}
	return fields
}

// openedFields are what a protected record carried: in TLS 1.3 the type and the zeros behind it,
// too (RFC 9846 §5.2, TLSInnerPlaintext).
func (d *document) openedFields(at string, e *event.Record) ([]byte, []field) {
	raw := append([]byte(nil), e.Payload...)
	fields := []field{d.part(at, "opened.content", 0, len(raw), raw)}
	if t := e.Step(suite.StepContentType); len(t) == 1 {
		fields = append(fields, d.part(at, "opened.type", len(raw), 1, iana.ContentType(t[0])))
		raw = append(raw, t...)
	}
	if z := e.Step(suite.StepZeros); len(z) > 0 {
		fields = append(fields, d.part(at, "opened.zeros", len(raw), len(z), z))
		raw = append(raw, z...)
	}
	return raw, fields
}

// part is one field of a record.
func (d *document) part(at, name string, off, n int, v any) field {
	plain, _, _ := strings.Cut(name, "+")
	key := "record." + name
	entry, ok := narrate.Get(d.say.Lang, narrate.Field, key)
	if !ok {
		key = ""
	}
	last := plain[strings.LastIndexByte(plain, '.')+1:]
	return field{Field: wire.Field{Name: "record." + plain, Off: off, Len: n, Depth: 1, Value: v}, path: at + "." + plain, name: last, key: key, ref: entry.Ref}
}
