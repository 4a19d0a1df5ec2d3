package render

import (
	"bytes"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/suite"
)

// record writes what was done to a record: for a protected one, each step from
// plaintext to wire; for one in clear nothing, unless every byte is wanted.
func (t *Pen) record(m *move, e *event.Record) {
	if t.shut() {
		return // the data of a long connection would be dissected byte by byte for nobody
	}
	closed := t.flow.recorded && e.Protected && e.Payload == nil && e.Step(suite.StepPlaintext) == nil
	if closed && e.Dir == event.Receive {
		return // the same as was sent, and nobody can say in which move it came
	}
	if !e.Protected {
		if t.o.Level == Bytes {
			t.Sides("   # "+t.Say.UI("record")+"  "+t.recordLine(e), t.Say.UI("clear"), t.Paint.Dim)
			t.recordBytes(e)
		}
		return
	}
	if tls13 := t.flow.TLS13[sheet.LegOf(e.Head())]; e.Type == iana.Alert && t.o.Level != Bytes && (!tls13 || isClose(e.Payload)) {
		return // two bytes, treated like all others; of a refusal TLS 1.3 hides even that it is one
	}
	wire := t.wireLine(e)
	t.computation("   # "+t.Say.UI("record")+"  "+t.recordLine(e), "", event.OpSymmetric, "", t.Paint.Name)
	t.steps(e)
	at := sheet.Width(t.Say.UI("on_the_wire"))
	t.Row(5, t.Say.UI("on_the_wire"), at, wire, nil)
	mac := e.Step(suite.StepMAC13)
	switch {
	case t.o.Level == Bytes:
		t.recordBytes(e)
	case mac != nil && e.Type == iana.ApplicationData:
		t.hexdump(7, e.Wire, 0) // without encryption there is something to read in it
	}
	switch {
	case closed:
		return
	case sheet.PassedOver(e):
		t.Row(5, t.Say.UI("opened"), at, t.Say.UI("replay_unread"), nil)
		return
	}
	t.Row(5, t.Say.UI("opened"), at, t.opened(m, e), t.Paint.Good)
	if mac != nil && t.o.Level != Bytes {
		t.Row(5, t.Say.Title(narrate.Step, suite.StepMAC13), at, t.bytes(mac), nil)
	}
}

// steps lists what was done to a record, in order. Below level Bytes that is told
// of the first record alone; the others go through the same. An explanation that
// fits stands behind its value.
func (t *Pen) steps(e *event.Record) {
	how, tls13 := "steps", e.Step(suite.StepContentType) != nil
	if tls13 {
		how += "/tls13"
	}
	if !t.First(how) && t.o.Level != Bytes && !t.Takes() {
		return
	}
	n := 0
	for _, s := range e.Steps {
		n = max(n, min(sheet.Width(stepName(s)), 20))
	}
	cited := "" // the document that the sections are of
	for _, s := range e.Steps {
		value := t.bytes(s.Bytes)
		if len(s.Bytes) == 0 {
			value = t.Say.UI("empty")
		}
		mark, paint := t.mark(s.OfKeys())
		if value += mark; mark == "" {
			paint = nil
		}
		key, says, ref := narrate.StepKey(s.Name, tls13), "", ""
		if t.First("step/" + key) {
			entry := t.Say.Get(narrate.Step, key)
			says, ref = entry.Text, entry.Ref
		}
		document, part, _ := strings.Cut(ref, " §")
		if part != "" && document == cited {
			ref = "§" + part // of the one above
		}
		if ref != "" {
			cited = document
		}
		head := strings.Repeat(" ", 7) + t.Paint.Name(sheet.Pad(stepName(s), n)) + " "
		if says != "" && t.o.Level != Bytes && !t.Takes() && 7+n+1+sheet.Width(value)+2+sheet.Width(says)+1+sheet.Width(ref) <= t.Width {
			gap := t.Width - (7 + n + 1 + sheet.Width(value) + 2 + sheet.Width(says)) - sheet.Width(ref)
			t.Line(head + painted(value, paint) + "  " + t.Paint.Dim(says) + strings.Repeat(" ", gap) + t.Paint.Dim(ref))
			continue
		}
		t.HangRef(head, 7+max(n, sheet.Width(stepName(s)))+1, value, ref, paint)
		t.Text(9, says, t.Paint.Dim)
	}
}

// painted is s painted with f, which may be nil.
func painted(s string, f func(string) string) string {
	if f == nil {
		return s
	}
	return f(s)
}

// stepName is a step's name without the version that tells two of that name apart.
func stepName(s suite.Step) string { return strings.TrimSuffix(s.Name, "/tls13") }

// recordLine says what a record is.
func (t *Pen) recordLine(e *event.Record) string {
	what := []string{e.Type.String(), t.Say.UI("n_bytes", "n", sheet.Text(len(e.Wire)))}
	if e.Protected {
		what = append(what, t.Say.UI("record_number", "keys", t.keys(e), "sequence", sheet.Text(e.Sequence)))
	}
	return strings.Join(what, t.Say.Comma())
}

// keys is what the keys are called that protect a record. A count of changes would not tell:
// with early data a client's second keys are those of the handshake.
func (t *Pen) keys(e *event.Record) string {
	l := sheet.LegOf(e.Head())
	switch updates := e.Epoch - t.flow.application[l.Way(e.Dir)]; {
	case e.Keys == event.InClear:
		return t.Say.UI("keys.unknown") // to a listener
	case !t.flow.TLS13[l] && e.Step(suite.StepContentType) == nil:
		return t.Say.UI("keys.tls12")
	case e.Keys == event.ApplicationKeys && t.flow.application[l.Way(e.Dir)] > 0 && updates > 0:
		return t.Say.UI("keys.updated", "n", sheet.Text(updates)) // as its traffic secret is called
	}
	return t.Say.UI("keys." + e.Keys.String())
}

// wireLine begins to write a record as a listener sees it, and what it claims to be
// where that is not what is inside.
func (t *Pen) wireLine(e *event.Record) string {
	const n = 12
	b, aside := e.Wire, t.Say.UI("n_bytes", "n", sheet.Text(len(e.Wire)))
	if len(b) <= n {
		return sheet.Spaced(b)
	}
	if outer := iana.ContentType(b[0]); outer != e.Type {
		aside = t.Say.UI("record_says", "type", outer.String())
	}
	return t.Say.Aside(sheet.Spaced(b[:n])+" …", aside)
}

// opened is what a protected record carried, as text where it is text; in TLS 1.3 the
// type and the padding behind it too.
func (t *Pen) opened(m *move, e *event.Record) string {
	behind := ""
	if typ := e.Step(suite.StepContentType); typ != nil {
		behind = t.Say.Comma() + t.Say.UI("inner_type", "byte", sheet.Text(typ), "type", e.Type.String())
	}
	if zeros := e.Step(suite.StepZeros); zeros != nil {
		behind += t.Say.Comma() + t.Say.UI("inner_zeros", "n", sheet.Text(len(zeros)))
	}
	room := t.Width - 6 - sheet.Width(t.Say.UI("on_the_wire")) - sheet.Width(behind)
	switch {
	case e.Type == iana.ApplicationData && (t.o.Level == Bytes || t.Takes()):
		return foreign.Quote(string(e.Payload)) + behind
	case e.Type == iana.ApplicationData:
		if m.HTTP2 && !bytes.Equal(e.Payload, m.data) { // a part of what the frames above were said in
			return t.fit(e.Payload, room) + behind
		}
		return m.About(t.Say, e.Payload, room) + behind
	case behind == "" || t.o.Worksheet:
		return t.bytes(e.Payload) + behind
	}
	return t.fit(e.Payload, room) + behind
}

// data heads the records that carry application data.
func (t *Pen) data(m *move, e *event.Data) {
	t.flow.moves++
	t.counted(m)
	t.Blank()
	t.Sides(fmt.Sprintf("%2d %s  %s", t.flow.moves, t.arrow(m.from, m.to), t.Say.Data(e)),
		m.About(t.Say, e.Data, t.Width/2-4), t.Paint.Bold)
	t.framed(m)
}

// keyChange says that one direction is under new keys from here on.
func (t *Pen) keyChange(e *event.KeyChange) {
	key := "keys_change_send"
	if e.Dir == event.Receive {
		key = "keys_change_recv"
	}
	switch {
	case e.Keys == event.InClear:
		key += "_clear"
	case e.Epoch > 1: // it was protected before
		key += "_next"
	case t.flow.null:
		key += "_null"
	}
	t.Hang("   - ", 5, t.Say.UI(key, "party", t.Say.Party(e.Party)), nil)
}

// alert writes an alert, and of a refusal why.
func (t *Pen) alert(m *move, e *event.Alert) {
	from, to := m.head.Party, t.flow.Peer(sheet.LegOf(m.head))
	if e.Dir == event.Receive {
		if !t.flow.track(sheet.LegOf(e.Head()), event.Receive, "alert", alertBytes(e)) {
			from, to = to, from
		} else {
			return // shown where it was sent
		}
	} else {
		t.flow.track(sheet.LegOf(e.Head()), event.Send, "alert", alertBytes(e))
	}
	f := t.Paint.Bad
	if e.Description == iana.CloseNotify {
		f = t.Paint.Bold
	}
	if !t.flow.ended { // one orderly end answers another
		t.Blank()
	}
	t.flow.ended = e.Description == iana.CloseNotify
	ref := "RFC 5246 §7.2"
	if t.flow.TLS13[sheet.LegOf(e.Head())] {
		ref = "RFC 9846 §6"
	}
	t.Sides("   "+t.arrow(from, to)+"  "+t.alertName(m, e), ref, f)
	if entry := t.Say.Get(narrate.Alert, e.Description.String()); e.Description != iana.CloseNotify || t.o.Level == Bytes {
		t.Text(5, t.Values(entry.Text, e), nil)
	}
	t.fault(e.Err, 5)
}

// alertName is what an alert is called, with its level where that means something, and
// what it is under.
func (t *Pen) alertName(m *move, e *event.Alert) string {
	protection := ""
	if m.sealedAlert {
		protection = t.flow.protection()
	}
	return t.Say.Alert(e, t.flow.TLS13[sheet.LegOf(e.Head())], protection)
}

// isClose reports whether an alert is close_notify.
func isClose(alert []byte) bool { return len(alert) == 2 && alert[1] == byte(iana.CloseNotify) }

func alertBytes(e *event.Alert) []byte { return []byte{byte(e.Level), byte(e.Description)} }
