package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"tlslab/handshake"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
	"tlslab/handshake/scenario"
)

// WriteMermaid writes a transcript as a Mermaid sequenceDiagram. As in the RFCs'
// figures, {} holds a handshake message under encryption, in TLS 1.3 all that is under
// the handshake keys, and [] what is under the application keys, alerts included.
func WriteMermaid(w io.Writer, t *scenario.Transcript, lang narrate.Lang) error {
	m := &mermaid{w: w, say: voice{lang}}
	m.line("sequenceDiagram")
	var parties []string
	for _, f := range t.Flows {
		for _, p := range f.Parties {
			if !slices.Contains(parties, p) {
				parties = append(parties, p)
			}
		}
	}
	for _, p := range parties {
		m.line("    participant %s as %s", p, escape(m.say.party(p)))
	}
	for _, f := range t.Flows {
		if len(f.Parties) > 0 {
			m.line("    Note over %s,%s: %s", f.Parties[0], f.Parties[len(f.Parties)-1], escape(m.say.title(narrate.Scene, "flow/"+f.Name)))
		}
		m.flow(f)
	}
	return m.err
}

type mermaid struct {
	w   io.Writer
	say voice
	err error
}

func (m *mermaid) line(format string, a ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format+"\n", a...)
	}
}

// flow draws what is sent; what arrives is the same arrow's other end.
func (m *mermaid) flow(f *scenario.Flow) {
	track := newFlow(f.Parties)
	track.through = f.Passthrough
	epoch := map[leg]int{} // of what a leg sends
	for _, e := range f.Events {
		h := e.Head()
		l := leg{h.Party, h.Conn}
		track.learn(h)
		to := track.peer(l)
		switch e := e.(type) {
		case *handshake.MessageEvent:
			name := title(e.Kind)
			switch {
			case epoch[l] > 1:
				name = "[" + name + "]"
			case epoch[l] == 1:
				name = "{" + name + "}"
			}
			if e.Dir == handshake.Send {
				m.line("    %s->>%s: %s", h.Party, to, escape(name))
			}
		case *handshake.KeyChangeEvent:
			if e.Dir == handshake.Send {
				epoch[l] = e.Epoch
			}
		case *handshake.DataEvent:
			about := &move{}
			about.frames, about.http2 = track.talk.frames(e)
			if e.Dir == handshake.Send {
				m.line("    %s->>%s: %s", h.Party, to, escape("["+m.say.data(e)+"] "+about.about(m.say, e.Data, 40)))
			}
		case *handshake.AlertEvent:
			if e.Dir != handshake.Send {
				continue
			}
			arrow := "-x"
			if e.Description == iana.CloseNotify {
				arrow = "-->>"
			}
			name := m.say.alert(e, track.tls13[l], "")
			switch {
			case epoch[l] == 1 && track.tls13[l]:
				name = "{" + name + "}"
			case epoch[l] > 0:
				name = "[" + name + "]"
			}
			m.line("    %s%s%s: %s", h.Party, arrow, to, escape(name))
		case *handshake.CheckEvent:
			verdict := m.say.ui("check_ok")
			if !e.OK {
				verdict = m.say.ui("check_failed")
			}
			m.line("    Note over %s: %s", h.Party, escape(m.say.title(narrate.Check, e.What)+m.say.colon()+verdict))
		case *handshake.SecretEvent:
			if e.Label == "master_secret" || e.Label == "handshake_secret" || e.Label == "main_secret" {
				m.line("    Note over %s: %s", h.Party, escape(m.say.title(narrate.Secret, e.Label)))
			}
		}
	}
}

// mermaidSyntax is what Mermaid, or the HTML that it makes, would take for syntax.
var mermaidSyntax = strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "%", "#37;",
	"&", "#amp;", `"`, "#quot;", "`", "#96;", `\`, "#92;")

// escape makes text of one line, with what cannot be seen escaped and syntax as entities.
func escape(s string) string { return mermaidSyntax.Replace(foreign.Line(s)) }
