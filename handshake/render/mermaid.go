package render

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
)

// drawnFlow is what is drawn: who takes part, what they tell, and what was on the wire.
type drawnFlow struct {
	Parties []string // from left to right
	// Passthrough: of the parties those between the first and the last carry bytes alone.
	Passthrough bool
	Events      []event.Event
	// Sent is what was put on the wire at once, in order. What a party sent that tells of
	// nothing is drawn by it: recorded bytes, which an attacker sends again.
	Sent []sentBytes
}

// sentBytes is what one party put on the wire at once.
type sentBytes struct {
	Conn     int // as in event.Meta
	From     string
	ToServer bool
	Bytes    []byte
}

// writeDiagram writes flows as one Mermaid sequenceDiagram. Brackets are the notation
// of RFC 9846 §2, by the kind of key; a legend says which of them occur. An
// attacker's recorded bytes are arrows of his, and what a middle box or an attacker does
// around the connections is a note at its place, unless layout, which may be nil, draws it in
// another way. The error is the writer's.
func writeDiagram(w io.Writer, flows []drawnFlow, lang narrate.Lang, layout drawnLayout) error {
	m := &mermaid{layout: layout, say: speaking(lang), used: map[string]bool{}}
	var parties []string
	for i := range flows {
		f := &flows[i]
		for _, p := range f.Parties {
			if !slices.Contains(parties, p) {
				parties = append(parties, p)
			}
		}
		m.flow(f)
	}
	drawn := m.out
	m.out = bytes.Buffer{}
	m.line("sequenceDiagram")
	for _, p := range parties {
		m.line("    participant %s as %s", p, escape(m.say.party(p)))
	}
	m.legend(parties)
	m.out.Write(drawn.Bytes())
	_, err := w.Write(m.out.Bytes())
	return err
}

// drawnLayout draws a scene in a way of its own, or not at all, and reports whether the scene
// is dealt with.
type drawnLayout func(m *mermaid, f *drawnFlow, s event.Scene) bool

// mermaid is what is drawn on.
type mermaid struct {
	out    bytes.Buffer
	say    voice
	layout drawnLayout
	used   map[string]bool // of the notation, by the legend's key

	// Of the flow at hand:
	track    ends
	talk     talk
	recorded *recorded
	said     map[*event.Data]*spoken // what of HTTP/2 is in it
}

func (m *mermaid) line(format string, a ...any) { fmt.Fprintf(&m.out, format+"\n", a...) }

// arrow draws what goes from one party to another; how is Mermaid's arrow, "->>" for one.
func (m *mermaid) arrow(from, how, to, what string) {
	m.line("    %s%s%s: %s", from, how, to, escape(what))
}

// note stands over a party, or over two and all between them: "client,server".
func (m *mermaid) note(party, what string) { m.line("    Note over %s: %s", party, escape(what)) }

// legend says what the notation means, as far as it occurs.
func (m *mermaid) legend(parties []string) {
	var says []string
	for _, key := range []string{"notation_early", "notation_handshake", "notation_application", "notation_tls12", "notation_extension", "notation_recorded"} {
		if m.used[key] {
			says = append(says, m.say.ui(key))
		}
	}
	if len(says) == 0 || len(parties) == 0 {
		return
	}
	for _, s := range append(says, m.say.ui("notation_clear")) { // a note each: together they are wider than the diagram
		m.note(parties[0]+","+parties[len(parties)-1], s)
	}
}

// under is what was sent under k, in its brackets.
func (m *mermaid) under(l leg, k event.Keys, what string) string {
	switch {
	case k == event.EarlyKeys:
		m.used["notation_early"] = true
	case k == event.HandshakeKeys:
		m.used["notation_handshake"] = true
	case k == event.ApplicationKeys && m.track.tls13[l]:
		m.used["notation_application"] = true
	case k == event.ApplicationKeys:
		m.used["notation_tls12"] = true
	}
	return bracketed(what, k)
}

func (m *mermaid) message(e *event.Message, k event.Keys) string {
	name, extended := withExtensions(e)
	if extended {
		m.used["notation_extension"] = true
	}
	return m.under(legOf(e.Head()), keysOf(e, k), name)
}

func (m *mermaid) data(e *event.Data, k event.Keys) string {
	return m.under(legOf(e.Head()), k, m.say.data(e)) + " " + m.saidIn(e).about(m.say, e.Data, 40)
}

// saidIn is what of HTTP/2 is in a piece of data. A recorded flight is drawn before its
// pieces come up one by one, and none may be read twice.
func (m *mermaid) saidIn(e *event.Data) *spoken {
	if m.said[e] == nil {
		x := new(spoken)
		x.add(m.talk, e)
		m.said[e] = x
	}
	return m.said[e]
}

// flow draws what is sent; what arrives is the same arrow's other end, unless nobody of
// the lesson's sent it: then it was recorded.
func (m *mermaid) flow(f *drawnFlow) {
	m.track, m.talk, m.recorded, m.said = newEnds(f.Parties), talk{}, recordedIn(f), map[*event.Data]*spoken{}
	m.track.through = f.Passthrough
	for _, e := range f.Events {
		h := e.Head()
		l := legOf(h)
		m.track.learn(h)
		to := m.track.peer(l)
		if d, ok := e.(*event.Data); ok {
			m.saidIn(d) // each direction whole, drawn or not
		}
		m.replayed(e, to)
		switch e := e.(type) {
		case *event.Message:
			if e.Dir == event.Send {
				m.arrow(h.Party, "->>", to, m.message(e, m.track.keys[l.way(e.Dir)]))
			}
		case *event.KeyChange:
			m.track.keys[l.way(e.Dir)] = e.Keys
		case *event.Data:
			if e.Dir == event.Send {
				m.arrow(h.Party, "->>", to, m.data(e, m.track.keys[l.way(e.Dir)]))
			}
		case *event.Alert:
			if e.Dir == event.Send {
				how := "-x"
				if e.Description == iana.CloseNotify {
					how = "-->>"
				}
				m.arrow(h.Party, how, to, m.under(l, m.track.keys[l.way(e.Dir)], m.say.alert(e, m.track.tls13[l], "")))
			}
		case *event.Check:
			verdict := m.say.ui("check_ok")
			if !e.OK {
				verdict = m.say.ui("check_failed")
			}
			m.note(h.Party, m.say.title(narrate.Check, string(e.What))+m.say.colon()+verdict)
		case *event.Secret:
			if e.Label == event.LabelMasterSecret || e.Label == event.LabelHandshakeSecret || e.Label == event.LabelMainSecret {
				m.note(h.Party, m.say.title(narrate.Secret, string(e.Label)))
			}
		case event.Scene:
			m.scene(f, e)
		}
	}
}

// scene draws what a party does around the connections: the steps of a middle box, what
// an attacker steals or sends again.
func (m *mermaid) scene(f *drawnFlow, e event.Scene) {
	if m.layout != nil && m.layout(m, f, e) {
		return
	}
	title := m.say.title(narrate.Scene, narrate.SceneKey(e))
	switch e := e.(type) {
	case *event.Flow:
		if len(f.Parties) > 0 {
			m.note(f.Parties[0]+","+f.Parties[len(f.Parties)-1], title)
		}
		return
	case event.Stepped:
		title = m.say.step(e) + m.say.colon() + title
	}
	if party := e.Head().Party; slices.Contains(f.Parties, party) {
		m.note(party, title)
	}
}

// mermaidSyntax is what Mermaid, or the HTML that it makes, would take for syntax.
var mermaidSyntax = strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "%", "#37;",
	"&", "#amp;", `"`, "#quot;", "`", "#96;", `\`, "#92;")

// escape makes text of one line, with what cannot be seen escaped and syntax as entities.
func escape(s string) string { return mermaidSyntax.Replace(foreign.Line(s)) }
