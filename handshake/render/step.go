package render

import (
	"io"

	"tlslab/handshake"
)

// StepPrompt writes where an endpoint stands and what may legally happen next,
// for a reader who walks the handshake move by move.
func StepPrompt(w io.Writer, e *handshake.Endpoint, o TerminalOptions) error {
	t := NewTerminal(w, o)
	head := t.say.party(e.Role().String()) + t.say.colon() + t.say.state(e.State())
	t.page.blank()
	t.text(0, head, t.paint.bold)
	for _, m := range e.Legal() {
		key := "legal_send"
		if m.Dir == handshake.Receive {
			key = "legal_recv"
		}
		line := t.say.ui(key) + t.say.colon() + title(m.Msg) + " -> " + t.say.state(m.To)
		if m.Guarded {
			line += t.say.comma() + t.say.ui("guarded")
		}
		t.text(2, line, nil)
	}
	t.text(2, t.say.ui("alert_any_time"), t.paint.dim)
	t.text(0, t.say.ui("press_enter"), t.paint.bold)
	return t.err
}
