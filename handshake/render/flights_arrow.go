package render

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// crossed is an arrow that was drawn, for who could read it.
type crossed struct {
	n       int // its number
	records []passing
}

// arrowIn takes the arrow of a move into the block at hand, and what its sender computed for it.
func (t *Pen) arrowIn(m *move, made []*event.Secret) {
	t.flow.moves++
	t.counted(m)
	n, b := t.flow.moves, t.block
	what, about, says := "", "", ""
	for _, e := range m.events {
		switch e := e.(type) {
		case *event.Message:
			what = sheet.Title(e.Kind)
			about = narrate.Caption(e, t.myths).Phrase(t.Say.Lang)
			if !t.flow.again(m) {
				says = t.Values(narrate.Gist(t.Say.Lang, sender(narrate.MoveKey(e, t.myths))), e)
			}
		case *event.Data:
			what, about = t.Say.Data(e), m.About(t.Say, e.Data, t.Width/2)
			if !m.HTTP2 {
				about = narrate.Caption(e, t.myths).Phrase(t.Say.Lang)
			}
		}
	}
	if t.flow.meant[says] {
		says = ""
	}
	t.flow.meant[says] = says != ""
	state, sealed, right := t.Say.UI("clear"), m.sealed, t.flow.rightward(m.from, m.to)
	if sealed {
		state = t.Say.UI(t.flow.protection())
	}
	if m.message != nil && m.message.QUIC {
		state = t.Say.UI("known_keys")
	}
	encrypts := sealed && !t.flow.null
	b.crossed = append(b.crossed, crossed{n, t.recordsOf(m)})
	from, to := m.from, m.to // and not m, which has all bytes
	b.body = append(b.body, func() {
		arrow := t.flightArrow(from, to, encrypts)
		if b.no.n > 0 { // then its heading says who sends to whom
			arrow = onlyArrow(arrow)
		}
		left := fmt.Sprintf("%2d %s", n, arrow)
		t.arrowLine(left, right, what, about, state, encrypts)
		t.Text(5, says, nil)
		t.secretLines(made)
	})
}

// sender is the key of what a message means to whoever sends it, which is what an arrow needs words for.
func sender(key string) string {
	for read, send := range map[string]string{"client/recv/": "server/send/", "server/recv/": "client/send/"} {
		if kind, ok := strings.CutPrefix(key, read); ok {
			if _, ok := narrate.Get(narrate.En, narrate.Move, send+kind); ok {
				return send + kind
			}
		}
	}
	return key
}

// toServer reports whether a move's message goes to the end that plays the server.
func (t *Pen) toServer(m *move) bool {
	server := t.flow.Role[sheet.LegOf(m.head)] == "server"
	return server == (m.dir == event.Receive)
}

// recordsOf are the records of a move, as they went by.
func (t *Pen) recordsOf(m *move) (records []passing) {
	toServer := t.toServer(m)
	for _, e := range m.events {
		if r, ok := e.(*event.Record); ok && r.Dir == m.dir {
			records = append(records, passing{m.head.Conn, toServer, sha256.Sum256(r.Wire)})
		}
	}
	return records
}

// flightArrow draws who sends to whom: a double line is encrypted.
func (t *Pen) flightArrow(from, to string, encrypts bool) string {
	s := t.arrow(from, to)
	if encrypts {
		s = strings.NewReplacer("-->", "==>", "<--", "<==").Replace(s)
	}
	return s
}

// onlyArrow is an arrow without those at its ends.
func onlyArrow(s string) string {
	for _, f := range strings.Fields(s) {
		if strings.Trim(f, "-=<>") == "" {
			return f
		}
	}
	return s
}

// arrowLine is one message in a line: what it is and what it is about, and on the right how it travels.
func (t *Pen) arrowLine(left string, right bool, what, about, state string, encrypts bool) {
	what = sheet.Pad(what, 19)
	room := t.Width - sheet.Width(left) - sheet.Width(what) - sheet.Width(state) - 3
	about = sheet.Pad(sheet.Cut(about, max(room, 1)), room)
	way, how := t.Paint.Received, t.Paint.InClear
	if right {
		way = t.Paint.Sent
	}
	if encrypts {
		how = t.Paint.Encrypted
	}
	t.Line(way(left) + " " + t.Paint.Bold(what) + " " + about + " " + how(state))
}

// alertsOf takes the alerts of a move into the block at hand. A fatal one has a block of its own,
// with what its sender had read.
func (t *Pen) alertsOf(m *move) {
	for _, e := range m.events {
		a, ok := e.(*event.Alert)
		if !ok || t.flow.track(sheet.LegOf(a.Head()), a.Dir, "alert", alertBytes(a)) {
			continue // or it was shown where it was sent
		}
		l := sheet.LegOf(m.head)
		from, to := m.head.Party, t.flow.Peer(l)
		if a.Dir == event.Receive {
			from, to = to, from
		}
		switch {
		case a.Description == iana.CloseNotify:
			t.afterwards()
			if b := t.block; b.closing == (sheet.Leg{Party: to, Conn: l.Conn}) {
				b.bothClose = true
				continue
			}
			t.block.closing, t.block.bothClose = sheet.Leg{Party: from, Conn: l.Conn}, false
		case t.block == nil || t.block.from != from || !t.block.after && len(t.flow.pending) > 0:
			t.endBlocks(0)
			head := "flights.stops"
			if a.Level == iana.Warning && !t.flow.TLS13[l] {
				head = "flights.warns" // and may go on (RFC 5246 §7.2); in TLS 1.3 the level says nothing
			}
			t.begins(&block{leg: sheet.Leg{Party: from, Conn: l.Conn}, from: from, to: to, head: t.Say.UI(head, "party", t.Say.Party(from))})
		}
		name := t.alertName(m, a)
		encrypts := m.sealedAlert && !t.flow.null
		b := t.block
		b.body = append(b.body, func() {
			f := t.Paint.Bad
			arrow := t.flightArrow(from, to, encrypts)
			if a.Description == iana.CloseNotify {
				f = nil
			}
			if b.bothClose && b.closing == (sheet.Leg{Party: from, Conn: l.Conn}) {
				arrow = strings.NewReplacer("-->", "<->", "<--", "<->", "==>", "<=>", "<==", "<=>").Replace(arrow)
			}
			if line := arrow + "  " + name; t.Takes() || 3+sheet.Width(line) <= t.Width {
				t.Line("   " + painted(line, f))
			} else {
				t.Hang("   "+painted(arrow, f)+"  ", 5+sheet.Width(arrow), name, f)
			}
			if a.Description != iana.CloseNotify {
				t.Text(5, t.gist(t.Values(t.Say.Get(narrate.Alert, a.Description.String()).Text, a)), nil)
			}
			t.fault(a.Err, 5)
		})
	}
}
