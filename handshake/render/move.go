package render

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/wire"
	"tlslab/pki"
)

// move writes one move at level Default or Bytes: a heading with an arrow, what
// the message means, and then what the party did, in order.
func (t *Pen) move(m *move) {
	if t.flow.null && t.flow.TLS13[sheet.LegOf(m.head)] && t.First("ui/not_encrypted") {
		t.Blank()
		t.Text(3, t.Say.UI("not_encrypted"), t.Paint.Bold) // the explanations speak of the suites that encrypt
	}
	switch {
	case m.known && !m.own:
		return // its sender has told all
	case m.message != nil && m.known:
		t.Blank()
		t.Sides("   "+t.Say.UI("reads", "party", t.Say.Party(m.head.Party), "message", sheet.Title(m.message.Kind)), "", t.Paint.Bold)
		t.meaning(5, t.Values(t.Say.Get(narrate.Move, narrate.MoveKey(m.message, t.myths)).Text, m.message))
	case m.message != nil:
		t.heading(m)
	case m.head.Move != "": // a move whose message cannot be shown: it was refused while being read
		t.Blank()
	}
	if m.message != nil {
		t.flow.ended = false
	}
	same := t.repeated(m)
	for _, e := range m.events {
		if d, ok := e.(*event.Data); ok && !m.known {
			t.data(m, d) // a heading, also of the record that it came in
		}
	}
	for i, e := range m.events {
		switch e := e.(type) {
		case *event.Message:
			if !m.known {
				t.message(e)
			}
		case *event.Record:
			if !m.known || e.Dir == event.Send {
				t.record(m, e)
			}
		case *event.Secret:
			if !same[e] {
				t.secret(e, nextSecret(m.events[i+1:]))
			}
			if line := t.disagreement(e); line != "" {
				t.Hang("   "+t.Paint.Bad("! "), 5, line, t.Paint.Bad)
			}
		case *event.Decision:
			t.decision(e)
		case *event.Check:
			t.check(e)
		case *event.KeyChange:
			if !m.known || e.Dir == event.Send || t.o.Level == Bytes {
				t.keyChange(e) // otherwise its sender has told
			}
		case *event.Alert:
			t.alert(m, e)
		}
	}
	t.same(m, same)
}

// nextSecret is the first of these events if it is an event.Secret, or nil.
func nextSecret(events []event.Event) *event.Secret {
	if len(events) == 0 {
		return nil
	}
	s, _ := events[0].(*event.Secret)
	return s
}

// heading is the line of a message: number, arrow, name, section.
func (t *Pen) heading(m *move) {
	t.flow.moves++
	t.Blank()
	left := fmt.Sprintf("%2d %s  %s", t.flow.moves, t.arrow(m.from, m.to), sheet.Title(m.message.Kind))
	ref := m.head.Ref
	if which := t.flightName(m.flight); which != "" && ref != "" {
		ref = which + t.Say.Comma() + ref
	} else if which != "" {
		ref = which
	}
	entry := t.Say.Get(narrate.Move, narrate.MoveKey(m.message, t.myths))
	t.Sides(left, ref, t.Paint.Bold)
	if entry.Title != "" && entry.Text == "" {
		entry.Text = entry.Title
	}
	t.meaning(3, t.Values(entry.Text, m.message))
}

// meaning says what a message means. Where another of the flow meant the same, a second ticket
// or the other end's KeyUpdate, it has been said.
func (t *Pen) meaning(indent int, says string) {
	if !t.flow.meant[says] {
		t.flow.meant[says] = true
		t.Text(indent, says, nil)
	}
}

// arrow draws who sends to whom, the parties in their columns.
func (t *Pen) arrow(from, to string) string {
	a, b := t.Say.Party(from), t.Say.Party(to)
	if t.flow.rightward(from, to) {
		return a + " --> " + b
	}
	return b + " <-- " + a
}

// message writes a message's fields: those that matter, or every byte.
func (t *Pen) message(e *event.Message) {
	defer t.grease(e)
	if t.o.Level == Bytes {
		t.dump(e)
		return
	}
	switch m := e.Msg.(type) {
	case *message.Certificate12:
		t.certificates(m)
		return
	case *message.Certificate13:
		t.certificates13(m)
		return
	}
	var rows []fieldRow
	var empty []string // extensions of which no more is to be said
	for _, r := range summarize(e) {
		switch {
		case t.toldJustNow(r):
		case !r.empty && len(r.values) == 0:
			empty = append(empty, r.name)
		default:
			rows = append(rows, r)
		}
	}
	also := t.Say.UI("also_present")
	n := 0
	if len(empty) > 0 {
		n = sheet.Width(also)
	}
	for _, r := range rows {
		n = max(n, min(sheet.Width(r.name), 30))
	}
	for _, r := range rows {
		value := t.fieldValue(r, t.Width-6-n)
		if r.meaning != "" {
			value = t.Say.Aside(value, t.Say.Title(narrate.Field, r.meaning))
		}
		t.Row(5, r.name, n, value, nil)
	}
	if len(empty) > 0 {
		t.Row(5, also, n, t.Say.List(empty), nil)
	}
}

// certificates lists a chain by name instead of by byte.
func (t *Pen) certificates(m *message.Certificate12) {
	if len(m.Certificates) == 0 {
		t.Row(5, "certificate_list", 16, t.Say.UI("empty"), nil)
	}
	for i, der := range m.Certificates {
		t.certificateRow(i, der)
	}
}

// certificates13 lists a chain of TLS 1.3, with what is said of each certificate.
func (t *Pen) certificates13(m *message.Certificate13) {
	if len(m.Entries) == 0 {
		t.Row(5, "certificate_list", 16, t.Say.UI("empty"), nil)
	}
	for i, e := range m.Entries {
		t.certificateRow(i, e.Cert)
		for _, x := range e.Extensions.List {
			data := ""
			if s, ok := x.(*message.StapledStatus); ok {
				data = t.bytes(s.Response)
			}
			t.Row(9, x.Type().String(), 0, data, nil)
		}
	}
}

func (t *Pen) certificateRow(i int, der []byte) {
	line := t.bytes(der)
	if c, err := pki.ParseCached(der); err == nil {
		line = t.certificate(c)
	}
	t.Row(5, fmt.Sprintf("[%d]", i), 3, line, nil)
}

// certificate says in one line what a certificate is.
func (t *Pen) certificate(c *x509.Certificate) string {
	return t.Say.UI("certificate_line", "subject", sheet.Subject(c), "issuer", idn.BothForms(foreign.Quote(c.Issuer.CommonName)),
		"key", pki.CertKeyName(c), "n", sheet.Text(len(c.Raw)))
}

// toldJustNow reports whether a field holds what the lines above it have computed.
func (t *Pen) toldJustNow(r fieldRow) bool {
	if r.name != "verify_data" && r.name != "signature" || len(r.values) != 1 {
		return false
	}
	b, ok := r.values[0].([]byte)
	return ok && t.flow.shown[string(b)]
}

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
	if len(values) > longList {
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

// distinguished writes an X.501 name as a person does, or as bytes if it is none.
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

// grease says once, where reserved values go by, what they are for.
func (t *Pen) grease(e *event.Message) {
	if e.Kind == message.KindClientHello && slices.ContainsFunc(e.Fields, reserved) && t.First("ui/grease") {
		t.Text(5, t.Say.UI("grease"), t.Paint.Dim)
	}
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
