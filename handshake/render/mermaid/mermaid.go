package mermaid

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Flow is what is drawn: who takes part, what they tell, and what was on the wire.
type Flow struct {
	Parties []string // from left to right
	// Passthrough: the parties between the first and the last only carry bytes.
	Passthrough bool
	Events      []event.Event
	// Sent is what was put on the wire at once, in order. If a party tells of no event, what
	// it sent is drawn from here: recorded bytes, which an attacker sends again.
	Sent []Sent
}

// Sent is what one party put on the wire at once.
type Sent struct {
	Conn     int // as in event.Meta
	From     string
	ToServer bool
	Bytes    []byte
}

// Write writes flows as one Mermaid sequenceDiagram. Brackets are the notation
// of RFC 9846 §2, by the kind of key; a legend says which of them occur. An
// attacker's recorded bytes are arrows of his, and what a middle box or an attacker does
// around the connections is a note at its place, unless layout, which may be nil, draws it in
// another way. The error comes from w.
func Write(w io.Writer, flows []Flow, lang narrate.Lang, layout Layout) error {
	m := &Drawing{layout: layout, say: sheet.Speak(lang), used: map[string]bool{}}
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
		m.line("    participant %s as %s", p, escape(m.say.Party(p)))
	}
	m.legend(parties)
	m.out.Write(drawn.Bytes())
	_, err := w.Write(m.out.Bytes())
	return err
}

// Layout draws a scene in a way of its own, or not at all, and reports whether the scene
// is dealt with.
type Layout func(m *Drawing, f *Flow, s event.Scene) bool

// Drawing is what is drawn on.
type Drawing struct {
	out    bytes.Buffer
	say    sheet.Voice
	layout Layout
	used   map[string]bool // of the notation, by the legend's key

	// Of the flow at hand:
	track    sheet.Ends
	talk     sheet.Talk
	recorded *recorded
	said     map[*event.Data]*sheet.Spoken // what of HTTP/2 is in it
	closed   closed
}

func (m *Drawing) line(format string, a ...any) { fmt.Fprintf(&m.out, format+"\n", a...) }

// Arrow draws what goes from one party to another; how is Mermaid's arrow, "->>" for one.
func (m *Drawing) Arrow(from, how, to, what string) {
	m.line("    %s%s%s: %s", from, how, to, escape(what))
}

// Note stands over a party, or over two and all between them: "client,server".
func (m *Drawing) Note(party, what string) { m.line("    Note over %s: %s", party, escape(what)) }

// legend says what the notation means, as far as it occurs.
func (m *Drawing) legend(parties []string) {
	var says []string
	for _, key := range []string{"notation_early", "notation_handshake", "notation_application", "notation_tls12", "notation_extension", "notation_recorded"} {
		if m.used[key] {
			says = append(says, m.say.UI(key))
		}
	}
	if len(says) == 0 || len(parties) == 0 {
		return
	}
	clear := m.say.UI("notation_clear")
	if m.used["notation_quic"] {
		clear = m.say.UI("notation_quic")
	}
	for _, s := range append(says, clear) { // a note each: together they are wider than the diagram
		m.Note(parties[0]+","+parties[len(parties)-1], s)
	}
}

// under is what was sent under k, in its brackets.
func (m *Drawing) under(l sheet.Leg, k event.Keys, what string) string {
	switch {
	case k == event.EarlyKeys:
		m.used["notation_early"] = true
	case k == event.HandshakeKeys:
		m.used["notation_handshake"] = true
	case k == event.ApplicationKeys && m.track.TLS13[l]:
		m.used["notation_application"] = true
	case k == event.ApplicationKeys:
		m.used["notation_tls12"] = true
	}
	return sheet.Bracketed(what, k)
}

func (m *Drawing) message(e *event.Message, k event.Keys) string {
	if e.QUIC {
		m.used["notation_quic"] = true
	}
	name, extended := withExtensions(e)
	if extended {
		m.used["notation_extension"] = true
	}
	return m.under(sheet.LegOf(e.Head()), sheet.KeysOf(e, k), name)
}

func (m *Drawing) data(e *event.Data, k event.Keys) string {
	return m.under(sheet.LegOf(e.Head()), k, m.say.Data(e)) + " " + m.saidIn(e).About(m.say, e.Data, 40)
}

// saidIn is what of HTTP/2 is in a piece of data. A recorded flight is drawn before its
// pieces come up one by one, and none may be read twice.
func (m *Drawing) saidIn(e *event.Data) *sheet.Spoken {
	if m.said[e] == nil {
		x := new(sheet.Spoken)
		x.Add(m.talk, e)
		m.said[e] = x
	}
	return m.said[e]
}

// flow draws what is sent. What arrives is the other end of the same arrow, unless no party
// of the lesson sent it: then it was recorded.
func (m *Drawing) flow(f *Flow) {
	m.track, m.talk, m.recorded, m.said = sheet.NewEnds(f.Parties), sheet.Talk{}, recordedIn(f), map[*event.Data]*sheet.Spoken{}
	m.track.Through = f.Passthrough
	for _, e := range f.Events {
		h := e.Head()
		l := sheet.LegOf(h)
		m.track.Learn(h)
		to := m.track.Peer(l)
		if d, ok := e.(*event.Data); ok {
			m.saidIn(d) // each direction whole, drawn or not
		}
		m.replayed(e, to)
		m.unopened(e, to)
		switch e := e.(type) {
		case *event.Message:
			if e.Dir == event.Send {
				m.Arrow(h.Party, "->>", to, m.message(e, m.track.Keys[l.Way(e.Dir)]))
			}
		case *event.KeyChange:
			m.track.Keys[l.Way(e.Dir)] = e.Keys
		case *event.Data:
			if e.Dir == event.Send {
				m.Arrow(h.Party, "->>", to, m.data(e, m.track.Keys[l.Way(e.Dir)]))
			}
		case *event.Alert:
			if e.Dir == event.Send {
				how := "-x"
				if e.Description == iana.CloseNotify {
					how = "-->>"
				}
				m.Arrow(h.Party, how, to, m.under(l, m.track.Keys[l.Way(e.Dir)], m.say.Alert(e, m.track.TLS13[l], "")))
			}
		case *event.Check:
			verdict := m.say.UI("check_ok")
			if !e.OK {
				verdict = m.say.UI("check_failed")
			}
			m.noteOf(f, h.Party, m.say.Title(narrate.Check, string(e.What))+m.say.Colon()+verdict)
		case *event.Secret:
			if e.Label == event.LabelMasterSecret || e.Label == event.LabelHandshakeSecret || e.Label == event.LabelMainSecret {
				m.noteOf(f, h.Party, m.say.Title(narrate.Secret, string(e.Label)))
			}
		case *event.Onlooked: // an arrow has no room for what each onlooker makes of it
		case event.Scene:
			m.scene(f, e)
		}
	}
	m.endClosed()
}

// scene draws what a party does around the connections: the steps of a middle box, what
// an attacker steals or sends again.
func (m *Drawing) scene(f *Flow, e event.Scene) {
	if m.layout != nil && m.layout(m, f, e) {
		return
	}
	title := m.say.Title(narrate.Scene, narrate.EntryOf(e))
	switch e := e.(type) {
	case *event.Flow:
		if len(f.Parties) > 0 {
			m.Note(f.Parties[0]+","+f.Parties[len(f.Parties)-1], title)
		}
		return
	case event.Stepped:
		title = m.say.Step(e) + m.say.Colon() + title
	}
	if party := e.Head().Party; slices.Contains(f.Parties, party) {
		m.Note(party, title)
	}
}

// mermaidSyntax is what Mermaid, or the HTML that it makes, would take for syntax.
var mermaidSyntax = strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "%", "#37;",
	"&", "#amp;", `"`, "#quot;", "`", "#96;", `\`, "#92;")

// escape makes text of one line, with what cannot be seen escaped and syntax as entities.
func escape(s string) string { return mermaidSyntax.Replace(foreign.Line(s)) }

// noteworthy are the extensions that the RFC's figures set beside a message of TLS 1.3: on
// them it depends how the handshake goes.
var noteworthy = []iana.ExtensionType{iana.ExtKeyShare, iana.ExtCookie, iana.ExtEarlyData, iana.ExtPreSharedKey}

// withExtensions is a message's name with its noteworthy extensions behind it.
func withExtensions(e *event.Message) (name string, some bool) {
	var extensions *message.Extensions
	switch m := e.Msg.(type) {
	case *message.ClientHello:
		extensions = &m.Extensions
	case *message.ServerHello: // HelloRetryRequest, too
		extensions = &m.Extensions
	case *message.EncryptedExtensions:
		extensions = &m.Extensions
	default:
		return sheet.Title(e.Kind), false
	}
	names := []string{sheet.Title(e.Kind)}
	for _, x := range noteworthy {
		if extensions.Find(x) != nil {
			names = append(names, x.String())
		}
	}
	return strings.Join(names, " + "), len(names) > 1
}
