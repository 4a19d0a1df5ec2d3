package render

import (
	"fmt"
	"io"

	"tlslab/handshake"
)

// StateDiagram writes the table of moves of a role as a Mermaid stateDiagram-v2:
// it is drawn from the table that the engine runs on, so it cannot be out of date.
// "?" marks a move that also depends on what was negotiated.
func StateDiagram(w io.Writer, r handshake.Role) error {
	if _, err := fmt.Fprintf(w, "stateDiagram-v2\n    [*] --> %v\n", handshake.Start); err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, m := range handshake.Moves(r) {
		label := m.Dir.String() + " " + title(m.Msg)
		if m.Guarded {
			label += " ?"
		}
		row := fmt.Sprintf("    %v --> %v: %s\n", m.In, m.To, label)
		if drawn[row] {
			continue
		}
		drawn[row] = true
		if _, err := io.WriteString(w, row); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "    %v --> [*]\n", handshake.Connected)
	return err
}
