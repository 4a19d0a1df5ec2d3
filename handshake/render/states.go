package render

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// StateList writes a role's moves in version v as text, 0 for both versions: each state, and
// what may happen in it, under which condition, and where that leads. If v is 0, a move
// that belongs to one version says so. The error comes from w. Package mermaid draws the same.
func StateList(w io.Writer, r event.Role, moves []event.Move, v iana.Version, o TerminalOptions) error {
	t := newPen(w, o)
	for s := event.Start; s <= event.Failed; s++ {
		var in []event.Move
		for _, m := range moves {
			if m.In == s && (v == 0 || m.Version == 0 || m.Version == v) {
				in = append(in, m)
			}
		}
		if len(in) == 0 {
			continue
		}
		t.Blank()
		t.Text(0, t.Say.Party(r.String())+t.Say.Colon()+t.Say.State(s), t.Paint.Bold)
		t.legal(in)
	}
	return t.Err()
}
