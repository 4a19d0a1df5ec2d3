package render

import (
	"io"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// StepPrompt writes where an endpoint stands and what may legally happen next,
// for a reader who walks the handshake move by move.
func StepPrompt(w io.Writer, r event.Role, s event.State, legal []event.Move, o TerminalOptions) error {
	t := newPen(w, o)
	head := t.Say.Party(r.String()) + t.Say.Colon() + t.Say.State(s)
	t.Blank()
	t.Text(0, head, t.Paint.Bold)
	t.legal(legal)
	t.Text(2, t.Say.UI("alert_any_time"), t.Paint.Dim)
	t.Text(0, t.Say.UI("press_enter"), t.Paint.Bold)
	return t.Err()
}

// legal writes the rows of a state, and under which condition each is taken.
func (t *Pen) legal(legal []event.Move) {
	told := map[string]bool{} // rows that say the same
	for i, m := range legal {
		key := "legal_send"
		if m.Dir == event.Receive {
			key = "legal_recv"
		}
		name := sheet.Title(m.Msg)
		if open := slices.ContainsFunc(legal, func(x event.Move) bool { return x.Version != m.Version }); open && m.Version != 0 {
			name = t.Say.Aside(name, m.Version.String()) // the version is not settled yet
		}
		line := t.Say.UI(key) + t.Say.Colon() + name + " -> "
		passedOver := m.Msg == message.KindChangeCipherSpec || m.Msg == message.KindHelloRequest && m.In != event.Connected
		if m.Dir == event.Receive && m.To == m.In && passedOver {
			line += t.Say.UI("dropped")
		} else {
			line += t.Say.State(m.To)
		}
		free := slices.ContainsFunc(legal, func(x event.Move) bool {
			return !x.Guarded && x.Dir == m.Dir && x.Msg == m.Msg && x.To == m.To && x.Version == m.Version
		})
		switch {
		case m.Guarded && !free:
			line += t.Say.Comma() + t.Say.UI("guarded", "when", t.Say.Title(narrate.Guard, string(m.When)))
		case slices.ContainsFunc(legal[:i], func(x event.Move) bool { return before(x, m) }):
			line += t.Say.Comma() + t.Say.UI("unguarded")
		}
		if told[line] {
			continue
		}
		told[line] = true
		t.Text(2, line, nil)
	}
}

// before reports whether x, an earlier row, is tried before m and keeps it back: of what is
// sent any row that has a guard, of what is received one of the same message.
func before(x, m event.Move) bool {
	rival := x.Dir == m.Dir && (m.Dir == event.Send || x.Msg == m.Msg) && (x.Version == m.Version || m.Version == 0 || x.Version == 0)
	return x.Guarded && rival && (x.To != m.To || x.Msg != m.Msg)
}
