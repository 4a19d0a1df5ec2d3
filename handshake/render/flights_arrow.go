package render

import (
	"fmt"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// crossed is an arrow that was drawn, for who could read it.
type crossed struct {
	n        int // its number
	conn     int
	toServer bool
	wires    [][]byte
}

// arrowIn takes the arrow of a move into the block at hand, and what its sender computed for it.
func (t *Pen) arrowIn(m *move, made []*event.Secret) {
	t.flow.moves++
	n, b := t.flow.moves, t.block
	what, about, says := "", "", ""
	for _, e := range m.events {
		switch e := e.(type) {
		case *event.Message:
			what, about = sheet.Title(e.Kind), t.subject(e)
			if key := narrate.MoveKey(e, t.myths); !t.flow.again(m) {
				says = t.Values(narrate.Gist(t.Say.Lang, key), e)
			}
		case *event.Data:
			what, about = t.Say.Data(e), m.About(t.Say, e.Data, t.Width/2)
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
	encrypts := sealed && !t.flow.null
	b.crossed = append(b.crossed, crossed{n: n, conn: m.head.Conn, toServer: t.toServer(m), wires: wiresOf(m)})
	b.body = append(b.body, func() {
		left := fmt.Sprintf("%2d %s", n, t.flightArrow(m.from, m.to, encrypts))
		t.arrowLine(left, right, what, about, state, encrypts)
		t.Text(5, says, nil)
		t.secretLines(made)
	})
}

// toServer reports whether a move's message goes to the end that plays the server.
func (t *Pen) toServer(m *move) bool {
	server := t.flow.Role[sheet.LegOf(m.head)] == "server"
	return server == (m.dir == event.Receive)
}

// wiresOf are the records of a move, as they went by.
func wiresOf(m *move) (wires [][]byte) {
	for _, e := range m.events {
		if r, ok := e.(*event.Record); ok && r.Dir == m.dir {
			wires = append(wires, r.Wire)
		}
	}
	return wires
}

// flightArrow draws who sends to whom: a double line is encrypted.
func (t *Pen) flightArrow(from, to string, encrypts bool) string {
	s := t.arrow(from, to)
	if encrypts {
		s = strings.NewReplacer("-->", "==>", "<--", "<==").Replace(s)
	}
	return s
}

// arrowLine is one message in a line: what it is and what it is about, and on the right how it travels.
func (t *Pen) arrowLine(left string, right bool, what, about, state string, encrypts bool) {
	what = sheet.Pad(what, 19)
	room := t.Width - sheet.Width(left) - sheet.Width(what) - sheet.Width(state) - 5
	about = sheet.Pad(sheet.Cut(about, max(room, 1)), room)
	way, how := t.Paint.Received, t.Paint.InClear
	if right {
		way = t.Paint.Sent
	}
	if encrypts {
		how = t.Paint.Encrypted
	}
	t.Line(way(left) + "  " + t.Paint.Bold(what) + " " + about + "  " + how(state))
}

// subject is what a message is about, in a few words.
func (t *Pen) subject(e *event.Message) string {
	about := t.about(e)
	if hello, ok := e.Msg.(*message.ClientHello); ok {
		if sni, ok := message.Get[*message.ServerName](&hello.Extensions); ok {
			return t.Say.UI("flights.for", "name", t.Plain(sni.Name)) + t.Say.Semicolon() + about
		}
	}
	return about
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
		case t.block == nil || t.block.from != from || len(t.flow.pending) > 0:
			t.begins(&block{from: from, to: to, head: t.Say.UI("flights.stops", "party", t.Say.Party(from))}, l)
		}
		name := t.alertName(m, a)
		encrypts := m.sealedAlert && !t.flow.null
		t.block.body = append(t.block.body, func() {
			f := t.Paint.Bad
			if a.Description == iana.CloseNotify {
				f = nil
			}
			t.Hang("   "+painted(t.flightArrow(from, to, encrypts)+"  "+name, f), 5, "", nil)
			if a.Description != iana.CloseNotify {
				t.Text(5, t.gist(t.Values(t.Say.Get(narrate.Alert, a.Description.String()).Text, a)), nil)
			}
			t.fault(a.Err, 5)
		})
	}
}
