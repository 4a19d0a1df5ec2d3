package render

import (
	"bytes"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/record"
	"tlslab/handshake/suite"
)

// record writes what was done to a record: for a protected one, each step from
// plaintext to wire; for one in clear nothing, unless every byte is wanted.
func (t *Pen) record(m *move, e *event.Record) {
	if !e.Protected {
		if t.o.Level == Bytes {
			t.sides("   # "+t.say.ui("record")+"  "+t.recordLine(e), t.say.ui("clear"), t.paint.dim)
			t.recordHeader(e)
		}
		return
	}
	if tls13 := t.flow.tls13[legOf(e.Head())]; e.Type == iana.Alert && t.o.Level != Bytes && (!tls13 || isClose(e.Payload)) {
		return // two bytes, treated like all others; of a refusal TLS 1.3 hides even that it is one
	}
	wire := t.wireLine(e)
	t.computation("   # "+t.say.ui("record")+"  "+t.recordLine(e), "", event.OpSymmetric, "", t.paint.name)
	t.steps(e)
	at := width(t.say.ui("on_the_wire"))
	t.row(5, t.say.ui("on_the_wire"), at, wire, nil)
	mac := e.Step(suite.StepMAC13)
	switch {
	case t.o.Level == Bytes:
		t.recordHeader(e)
		t.hexdump(5, e.Wire[min(record.HeaderLen, len(e.Wire)):], record.HeaderLen)
	case mac != nil && e.Type == iana.ApplicationData:
		t.hexdump(7, e.Wire, 0) // without encryption there is something to read in it
	}
	if passedOver(e) {
		t.row(5, t.say.ui("opened"), at, t.say.ui("replay_unread"), nil)
		return
	}
	t.row(5, t.say.ui("opened"), at, t.opened(m, e), t.paint.good)
	if mac != nil && t.o.Level != Bytes {
		t.row(5, t.say.title(narrate.Step, suite.StepMAC13), at, t.bytes(mac), nil)
	}
}

// passedOver reports whether a record is early data that the server takes none of.
func passedOver(e *event.Record) bool {
	return e.Dir == event.Receive && e.Keys == event.EarlyKeys && e.Payload == nil
}

// steps lists what was done to a record, in order. Below level Bytes that is told
// of the first record alone; the others go through the same. An explanation that
// fits stands behind its value.
func (t *Pen) steps(e *event.Record) {
	how, tls13 := "steps", e.Step(suite.StepContentType) != nil
	if tls13 {
		how += "/tls13"
	}
	if !t.first(how) && t.o.Level != Bytes {
		return
	}
	n := 0
	for _, s := range e.Steps {
		n = max(n, min(width(stepName(s)), 20))
	}
	cited := "" // the document that the sections are of
	for _, s := range e.Steps {
		value := t.bytes(s.Bytes)
		if len(s.Bytes) == 0 {
			value = t.say.ui("empty")
		}
		mark, paint := t.mark(unsent[s.Name])
		if value += mark; mark == "" {
			paint = nil
		}
		key, says, ref := narrate.StepKey(s.Name, tls13), "", ""
		if t.first("step/" + key) {
			entry := t.say.get(narrate.Step, key)
			says, ref = entry.Text, entry.Ref
		}
		document, part, _ := strings.Cut(ref, " §")
		if part != "" && document == cited {
			ref = "§" + part // of the one above
		}
		if ref != "" {
			cited = document
		}
		head := strings.Repeat(" ", 7) + t.paint.name(pad(stepName(s), n)) + " "
		if says != "" && t.o.Level != Bytes && 7+n+1+width(value)+2+width(says)+1+width(ref) <= t.width {
			gap := t.width - (7 + n + 1 + width(value) + 2 + width(says)) - width(ref)
			t.line(head + painted(value, paint) + "  " + t.paint.dim(says) + strings.Repeat(" ", gap) + t.paint.dim(ref))
			continue
		}
		t.hangRef(head, 7+max(n, width(stepName(s)))+1, value, ref, paint)
		t.text(9, says, t.paint.dim)
	}
}

// unsent are the steps that are made of the keys and do not travel.
var unsent = map[string]bool{suite.StepFixedIV: true, suite.StepWriteIV: true, suite.StepNonce: true}

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
	what := []string{e.Type.String(), t.say.ui("n_bytes", "n", text(len(e.Wire)))}
	if e.Protected {
		what = append(what, t.say.ui("record_number", "keys", t.keys(e), "sequence", text(e.Sequence)))
	}
	return strings.Join(what, t.say.comma())
}

// keys is what the keys are called that protect a record. A count of changes would not tell:
// with early data a client's second keys are those of the handshake.
func (t *Pen) keys(e *event.Record) string {
	l := legOf(e.Head())
	switch updates := e.Epoch - t.flow.application[l.way(e.Dir)]; {
	case e.Keys == event.InClear:
		return t.say.ui("keys.unknown") // to a listener
	case !t.flow.tls13[l] && e.Step(suite.StepContentType) == nil:
		return t.say.ui("keys.tls12")
	case e.Keys == event.ApplicationKeys && t.flow.application[l.way(e.Dir)] > 0 && updates > 0:
		return t.say.ui("keys.updated", "n", text(updates)) // as its traffic secret is called
	}
	return t.say.ui("keys." + e.Keys.String())
}

// wireLine begins to write a record as a listener sees it, and what it claims to be
// where that is not what is inside.
func (t *Pen) wireLine(e *event.Record) string {
	const n = 12
	b, aside := e.Wire, t.say.ui("n_bytes", "n", text(len(e.Wire)))
	if len(b) <= n {
		return spaced(b)
	}
	if outer := iana.ContentType(b[0]); outer != e.Type {
		aside = t.say.ui("record_says", "type", outer.String())
	}
	return t.say.aside(spaced(b[:n])+" …", aside)
}

// opened is what a protected record carried, as text where it is text; in TLS 1.3 the
// type and the padding behind it too.
func (t *Pen) opened(m *move, e *event.Record) string {
	behind := ""
	if typ := e.Step(suite.StepContentType); typ != nil {
		behind = t.say.comma() + t.say.ui("inner_type", "byte", text(typ), "type", e.Type.String())
	}
	if zeros := e.Step(suite.StepZeros); zeros != nil {
		behind += t.say.comma() + t.say.ui("inner_zeros", "n", text(len(zeros)))
	}
	room := t.width - 6 - width(t.say.ui("on_the_wire")) - width(behind)
	switch {
	case e.Type == iana.ApplicationData && t.o.Level == Bytes:
		return foreign.Quote(string(e.Payload)) + behind
	case e.Type == iana.ApplicationData:
		if m.http2 && !bytes.Equal(e.Payload, m.data) { // a part of what the frames above were said in
			return t.fit(e.Payload, room) + behind
		}
		return m.about(t.say, e.Payload, room) + behind
	case behind == "" || t.o.Worksheet:
		return t.bytes(e.Payload) + behind
	}
	return t.fit(e.Payload, room) + behind
}

// data heads the records that carry application data.
func (t *Pen) data(m *move, e *event.Data) {
	t.page.blank()
	t.flow.moves++
	t.sides(fmt.Sprintf("%2d %s  %s", t.flow.moves, t.arrow(m.from, m.to), t.say.data(e)),
		m.about(t.say, e.Data, t.width/2-4), t.paint.bold)
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
	t.hang("   - ", 5, t.say.ui(key, "party", t.say.party(e.Party)), nil)
}

// alert writes an alert, and of a refusal why.
func (t *Pen) alert(m *move, e *event.Alert) {
	from, to := m.head.Party, t.flow.peer(legOf(m.head))
	if e.Dir == event.Receive {
		if !t.flow.track(legOf(e.Head()), event.Receive, "alert", alertBytes(e)) {
			from, to = to, from
		} else {
			return // shown where it was sent
		}
	} else {
		t.flow.track(legOf(e.Head()), event.Send, "alert", alertBytes(e))
	}
	f := t.paint.bad
	if e.Description == iana.CloseNotify {
		f = t.paint.bold
	}
	if !t.flow.ended { // one orderly end answers another
		t.page.blank()
	}
	t.flow.ended = e.Description == iana.CloseNotify
	ref := "RFC 5246 §7.2"
	if t.flow.tls13[legOf(e.Head())] {
		ref = "RFC 9846 §6"
	}
	t.sides("   "+t.arrow(from, to)+"  "+t.alertName(m, e), ref, f)
	if entry := t.say.get(narrate.Alert, e.Description.String()); e.Description != iana.CloseNotify || t.o.Level == Bytes {
		t.text(5, t.values(entry.Text, e), nil)
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
	return t.say.alert(e, t.flow.tls13[legOf(e.Head())], protection)
}

// isClose reports whether an alert is close_notify.
func isClose(alert []byte) bool { return len(alert) == 2 && alert[1] == byte(iana.CloseNotify) }

func alertBytes(e *event.Alert) []byte { return []byte{byte(e.Level), byte(e.Description)} }
