package render

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

// WriteMermaid writes a transcript as a Mermaid sequenceDiagram. The error is the writer's.
func WriteMermaid(w io.Writer, t *scenario.Transcript, lang narrate.Lang) error {
	flows := make([]drawnFlow, len(t.Flows))
	for i, f := range t.Flows {
		flows[i] = drawnFlow{Parties: f.Parties, Passthrough: f.Passthrough, Events: f.Events}
		for _, s := range f.Wire {
			flows[i].Sent = append(flows[i].Sent, sentBytes(s))
		}
	}
	return writeDiagram(w, flows, lang, drawScene)
}

// drawScene draws HTTP without TLS, which has no messages. How the certificate came to be is
// another story.
func drawScene(m *mermaid, f *drawnFlow, s event.Scene) bool {
	switch s := s.(type) {
	case *scenario.PlainHTTP:
		if len(f.Parties) < 2 {
			return false
		}
		m.arrow(f.Parties[0], "->>", f.Parties[1], beginning([]byte(s.Request), 40))
		m.arrow(f.Parties[1], "->>", f.Parties[0], beginning([]byte(s.Reply), 40))
		return true
	case *scenario.Trusts:
		return true
	}
	return false
}
