package render

import (
	"crypto/x509"
	"fmt"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/idn"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/pki"
)

// move writes one move at level Default or Bytes: a heading with an arrow, what
// the message means, and then what the party did, in order.
func (t *Pen) move(m *move) {
	t.telling = m.events[0]
	t.moveAt(m)
	if t.flow.null && t.flow.TLS13[sheet.LegOf(m.head)] && t.First("ui/not_encrypted") {
		t.Blank()
		t.Text(3, t.Say.UI("not_encrypted"), t.Paint.Bold) // the explanations speak of the suites that encrypt
	}
	switch {
	case m.known && !m.own:
		return // its sender has told all
	case m.message != nil && m.known:
		t.tells(m.message)
		t.Blank()
		t.Sides("   "+t.Say.UI("reads", "party", t.Say.Party(m.head.Party), "message", sheet.Title(m.message.Kind)), "", t.Paint.Bold)
		t.meaning(5, t.Values(t.Say.Get(narrate.Move, narrate.MoveKey(m.message, t.myths)).Text, m.message))
	case m.message != nil:
		t.tells(m.message)
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
			t.tells(e)
			t.data(m, d) // a heading, also of the record that it came in
		}
	}
	for i, e := range m.events {
		t.tells(e)
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
	t.counted(m)
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
	if !t.flow.meant[says] && !t.shut() {
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

// grease says once, where reserved values go by, what they are for.
func (t *Pen) grease(e *event.Message) {
	if e.Kind == message.KindClientHello && slices.ContainsFunc(e.Fields, reserved) && t.First("ui/grease") {
		t.Text(5, t.Say.UI("grease"), t.Paint.Dim)
	}
}
