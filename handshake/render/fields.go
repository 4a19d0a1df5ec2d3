package render

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
)

// fieldRow is one field, or all elements of a list.
type fieldRow struct {
	name    string // as the RFC of the version spoken has it
	values  []any
	empty   bool
	meaning string // of a value that says nothing by itself, a key of narrate's; "" of others
}

// longList is how many elements of a list a reader takes in passing; of a longer one
// the first few are shown, and how many there are.
const longList, shownOfLongList = 4, 2

func (t *Pen) fieldValue(r fieldRow, room int) string {
	if r.empty {
		return t.Say.UI("empty")
	}
	values := r.values
	if len(values) > longList && !t.Takes() {
		values = values[:shownOfLongList]
	}
	parts, between := make([]string, len(values)), ", "
	for i, v := range values {
		parts[i] = t.Short(v)
		if b, ok := sheet.BytesOf(v); ok && len(values) == 1 && !t.o.Worksheet {
			parts[i] = t.fit(b, room)
		}
		if s, ok := v.(keyShare); ok {
			shown := t.bytes(s.share)
			if !t.o.Worksheet {
				shown = t.fit(s.share, 0)
			}
			parts[i], between = t.Plain(s.group)+" "+shown, "\n"
		}
		if p, ok := v.(transportParameter); ok {
			parts[i] = p.name
			if p.value != nil {
				parts[i] += " " + t.Short(p.value)
			}
		}
		name, ok := v.([]byte)
		switch {
		case ok && r.name == "certificate_authorities":
			parts[i] = distinguished(name, parts[i])
		case ok && r.name == "pre_shared_key" && readable(name): // no ticket's, but one that people have agreed on
			parts[i] = string(name)
		case ok && IsTicket(r.name) && !isBinder(r, i):
			parts[i] = t.ticket(name)
		case ok && isBinder(r, i):
			if !t.o.Worksheet {
				parts[i] = t.fit(name, 0)
			}
			parts[i], between = "binder "+parts[i], "\n"
		case r.name == "pre_shared_key" && len(r.values) > 1: // ServerHello's is one number
			parts[i], between = "obfuscated_ticket_age "+parts[i], "\n"
		}
	}
	if len(values) < len(r.values) {
		parts = append(parts, t.Say.Aside("…", t.Say.UI("in_all", "n", sheet.Text(len(r.values)))))
	}
	return strings.Join(parts, between)
}

// isBinder tells a binder in a row of pre_shared_key from an identity, behind which stands
// the ticket's age.
func isBinder(r fieldRow, i int) bool {
	if r.name != "pre_shared_key" || i+1 == len(r.values) {
		return r.name == "pre_shared_key"
	}
	_, next := r.values[i+1].([]byte)
	return next
}

// keyShare is a KeyShareEntry: two fields that belong together.
type keyShare struct {
	group any
	share []byte
}

// readable reports whether bytes are text that can be shown as it is.
func readable(b []byte) bool {
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' || r > '~' })
}

// distinguished writes an X.501 name as a person does. If der is not such a name, it returns
// bytes.
func distinguished(der []byte, bytes string) string {
	var rdn pkix.RDNSequence
	if rest, err := asn1.Unmarshal(der, &rdn); err != nil || len(rest) > 0 {
		return bytes
	}
	return foreign.Quote(rdn.String())
}

// otherExtension names an extension that has no type of its own here.
func otherExtension(t iana.ExtensionType) string {
	if iana.IsGREASE(uint16(t)) {
		return fmt.Sprintf("GREASE 0x%04x", uint16(t))
	}
	return t.String()
}

// reserved reports whether a field holds a value that RFC 8701 reserves.
func reserved(f wire.Field) bool {
	switch v := f.Value.(type) {
	case iana.CipherSuite:
		return iana.IsGREASE(uint16(v))
	case iana.ExtensionType:
		return iana.IsGREASE(uint16(v))
	case iana.Group:
		return iana.IsGREASE(uint16(v))
	case iana.Version:
		return iana.IsGREASE(uint16(v))
	case iana.SignatureScheme:
		return iana.IsGREASE(uint16(v))
	}
	return false
}

// summarize picks the fields that say something: no lengths, no type numbers that
// repeat a name, elements of a list together.
func summarize(e *event.Message) []fieldRow {
	var rows []fieldRow
	at := map[string]int{}
	add := func(name string) *fieldRow {
		i, ok := at[name]
		if !ok {
			i = len(rows)
			at[name] = i
			rows = append(rows, fieldRow{name: name})
		}
		return &rows[i]
	}
	nameOf := func(path string, up int) string { // of the field, or of the list that it is in
		for range up {
			path = path[:strings.LastIndexByte(path, '.')]
		}
		name, _ := narrate.FieldName(path, e)
		return name
	}
	root := e.Kind.String() + "."
	if e.Kind == message.KindChangeCipherSpec {
		return nil // its one byte is always 1
	}
	for _, f := range e.Fields {
		path := strings.TrimPrefix(f.Name, root)
		parts := strings.Split(path, ".")
		last := parts[len(parts)-1]
		if len(parts) > 2 && parts[1] == iana.ExtQUICTransportParameters.String() {
			add(parts[1]).parameter(parts[2], last, f)
			continue
		}
		if !f.Leaf() {
			if len(parts) == 2 && parts[0] == "extensions" {
				if parts[1] == "other" {
					delete(at, "other") // each is a row of its own
				}
				add(parts[1]) // an extension says something even with no bytes of data
			}
			continue
		}
		switch {
		case last == "extension_type" && parts[1] == "other":
			if t, ok := f.Value.(iana.ExtensionType); ok {
				add("other").name = otherExtension(t)
			}
		case last == "msg_type", last == "extension_type", last == "name_type", last == "curve_type":
		case last == "length":
			switch {
			case f.Value != 0:
			case len(parts) > 1 && parts[0] != "extensions":
				add(nameOf(f.Name, 1)).empty = true // that is then all there is to say
			case len(parts) > 3 && parts[1] == "key_share":
				add(parts[1]).empty = true // it says: ask me for what you want
			}
		case parts[0] == "extensions" && len(parts) > 2:
			r := add(parts[1])
			if n := len(r.values); last == "key_exchange" && n > 0 {
				share, _ := f.Value.([]byte)
				r.values[n-1] = keyShare{r.values[n-1], share}
				continue
			}
			r.values = append(r.values, f.Value)
		case len(parts) > 1 && parts[0] != "params":
			r := add(nameOf(f.Name, 1))
			r.values = append(r.values, f.Value)
		default:
			r := add(nameOf(f.Name, 0))
			if _, fixed := narrate.FieldName(f.Name, e); fixed {
				r.meaning = narrate.FieldKey(f.Name, e)
			}
			r.values = append(r.values, f.Value)
		}
	}
	return rows
}

// transportParameter is a parameter of QUIC: three fields that belong together.
type transportParameter struct {
	name  string
	value any // nil if it has none
}

// parameter takes one field of a parameter into the row of its extension. An extension's
// own type and length say nothing.
func (r *fieldRow) parameter(name, last string, f wire.Field) {
	if !f.Leaf() {
		r.values = append(r.values, transportParameter{name: name})
		return
	}
	n := len(r.values)
	if n == 0 {
		return
	}
	p := r.values[n-1].(transportParameter)
	switch {
	case last == "parameter_value":
		p.value = f.Value
	case last == "parameter_id" && name == "other_parameter":
		p.name = fmt.Sprintf("0x%x", f.Value)
	}
	r.values[n-1] = p
}

// toldJustNow reports whether a field holds what the lines above it have computed.
func (t *Pen) toldJustNow(r fieldRow) bool {
	if r.name != "verify_data" && r.name != "signature" || len(r.values) != 1 {
		return false
	}
	b, ok := r.values[0].([]byte)
	return ok && t.flow.shown[string(b)]
}
