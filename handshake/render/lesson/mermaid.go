package lesson

import (
	"io"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/mermaid"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// WriteMermaid writes a transcript as a Mermaid sequenceDiagram. The error comes from w.
func WriteMermaid(w io.Writer, t *scenario.Transcript, lang narrate.Lang) error {
	flows := make([]mermaid.Flow, len(t.Flows))
	for i, f := range t.Flows {
		flows[i] = mermaid.Flow{Parties: f.Parties, Passthrough: f.Passthrough, Events: f.Events}
		for _, s := range f.Wire {
			flows[i].Sent = append(flows[i].Sent, mermaid.Sent(s))
		}
	}
	return mermaid.Write(w, flows, lang, drawScene)
}

// drawScene draws HTTP without TLS, which has no messages. How the certificate came to be is
// another story.
func drawScene(m *mermaid.Drawing, f *mermaid.Flow, s event.Scene) bool {
	switch s := s.(type) {
	case *scenario.PlainHTTP:
		if len(f.Parties) < 2 {
			return false
		}
		m.Arrow(f.Parties[0], "->>", f.Parties[1], sheet.Beginning([]byte(s.Request), 40))
		m.Arrow(f.Parties[1], "->>", f.Parties[0], sheet.Beginning([]byte(s.Reply), 40))
		return true
	case *scenario.Trusts:
		return true
	}
	return false
}
