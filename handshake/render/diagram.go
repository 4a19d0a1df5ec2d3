package render

import (
	"fmt"
	"io"

	"tlslab/handshake"
	"tlslab/handshake/iana"
)

// StateDiagram writes the moves of a role in version v as a Mermaid stateDiagram-v2,
// those before the version is settled included; v 0 is both versions in one diagram.
// It is drawn from the table that the engine runs on, so it cannot be out of date.
// "?" marks a move that also depends on what was negotiated. The ChangeCipherSpec that
// TLS 1.3 drops wherever it comes is no row of the table, and not drawn.
func StateDiagram(w io.Writer, r handshake.Role, v iana.Version) error {
	if _, err := fmt.Fprintf(w, "stateDiagram-v2\n    [*] --> %v\n", handshake.Start); err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, m := range handshake.Moves(r) {
		if v != 0 && m.Version != 0 && m.Version != v {
			continue
		}
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
