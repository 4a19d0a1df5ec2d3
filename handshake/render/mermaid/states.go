package mermaid

import (
	"fmt"
	"io"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/sheet"
)

// StateDiagram writes a role's moves in version v as a Mermaid stateDiagram-v2, those before
// the version is settled included; v 0 is both versions in one diagram. The moves are
// handshake.Moves', the table that the engine runs on, so the diagram cannot be out of date.
// "?" marks a move that also depends on what was negotiated. The ChangeCipherSpec that
// TLS 1.3 drops wherever it comes is no row of the table, and not drawn. The error comes
// from w.
func StateDiagram(w io.Writer, moves []event.Move, v iana.Version) error {
	if _, err := fmt.Fprintf(w, "stateDiagram-v2\n    [*] --> %v\n", event.Start); err != nil {
		return err
	}
	type edge struct {
		from, to event.State
		label    string
	}
	var edges []edge
	always := map[edge]bool{} // a row without a guard goes the same way
	for _, m := range moves {
		if v != 0 && m.Version != 0 && m.Version != v {
			continue
		}
		e := edge{m.In, m.To, m.Dir.String() + " " + sheet.Title(m.Msg)}
		if !slices.Contains(edges, e) {
			edges = append(edges, e)
		}
		always[e] = always[e] || !m.Guarded
	}
	for _, e := range edges {
		mark := " ?"
		if always[e] {
			mark = ""
		}
		if _, err := fmt.Fprintf(w, "    %v --> %v: %s%s\n", e.from, e.to, e.label, mark); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "    %v --> [*]\n", event.Connected)
	return err
}
