package render

import (
	"io"
	"slices"

	"tlslab/handshake"
	"tlslab/handshake/message"
)

// StepPrompt writes where an endpoint stands and what may legally happen next,
// for a reader who walks the handshake move by move.
func StepPrompt(w io.Writer, e *handshake.Endpoint, o TerminalOptions) error {
	t := NewTerminal(w, o)
	head := t.say.party(e.Role().String()) + t.say.colon() + t.say.state(e.State())
	t.page.blank()
	t.text(0, head, t.paint.bold)
	legal := e.Legal()
	told := map[string]bool{} // rows that differ in their guards alone
	for _, m := range legal {
		key := "legal_send"
		if m.Dir == handshake.Receive {
			key = "legal_recv"
		}
		name := title(m.Msg)
		if open := slices.ContainsFunc(legal, func(x handshake.Move) bool { return x.Version != m.Version }); open && m.Version != 0 {
			name = t.say.aside(name, m.Version.String()) // the version is not settled yet
		}
		line := t.say.ui(key) + t.say.colon() + name + " -> "
		passedOver := m.Msg == message.KindChangeCipherSpec || m.Msg == message.KindHelloRequest && m.In != handshake.Connected
		if m.Dir == handshake.Receive && m.To == m.In && passedOver {
			line += t.say.ui("dropped")
		} else {
			line += t.say.state(m.To)
		}
		if told[line] {
			continue
		}
		told[line] = true
		free := slices.ContainsFunc(legal, func(x handshake.Move) bool {
			return !x.Guarded && x.Dir == m.Dir && x.Msg == m.Msg && x.To == m.To && x.Version == m.Version
		})
		if m.Guarded && !free {
			line += t.say.comma() + t.say.ui("guarded")
		}
		t.text(2, line, nil)
	}
	t.text(2, t.say.ui("alert_any_time"), t.paint.dim)
	t.text(0, t.say.ui("press_enter"), t.paint.bold)
	return t.err
}
