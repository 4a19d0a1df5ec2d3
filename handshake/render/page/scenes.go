package page

import (
	"crypto/x509"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/render/sheet"
)

// lessonItself is in the place of a party where a lesson says something and nobody does it.
const lessonItself = "lesson"

// replaysEarlyData is scenario's scene of that name: the page knows no lessons.
const replaysEarlyData event.SceneKey = "replayed_early_data"

// judges is replay's scene that ends an attack with its verdict.
const judges event.SceneKey = "replay_verdict"

// verdict is what a row says became of an attack, or nil.
func (r *row) verdict() *item {
	for _, it := range r.items {
		if s, ok := it.e.(event.Scene); ok && s.Key() == judges {
			return it
		}
	}
	return nil
}

// verdict is what became of an attack, or nil.
func (l *ladder) verdict() *item {
	for _, a := range l.acts {
		for _, f := range a.flights {
			for _, r := range f.rows {
				if it := r.verdict(); it != nil {
					return it
				}
			}
		}
	}
	return nil
}

// play places a scene. One that is a step of a story begins a chapter. One that a party plays on
// a connection belongs to its work there; any other stands where it happened, and one without a
// party by what it follows.
func (l *ladder) play(e event.Scene) {
	h := e.Head()
	leg := sheet.LegOf(h)
	it := &item{kind: itemScene, e: e}
	who := h.Party
	if who == "" {
		who = lessonItself
	}
	if u, ok := e.(*event.Unkept); ok {
		l.act.messages += u.Records // they have numbers, too
	}
	if e.Key() == replaysEarlyData {
		l.act.replays = true
	}
	if e.Key() == event.SceneRecorded {
		l.act.recorded = true
		l.lives(e, l.act.heading)
		return
	}
	it.id = l.taken.take(addressOf(connection(h), who, string(e.Key())))
	l.lives(e, &it.place)
	chapter, stepped := e.(event.Stepped)
	for _, v := range e.Values() {
		if c, ok := v.Value.(*x509.Certificate); ok && c != nil && v.Name == "forged" {
			l.forged = c.Raw
		}
	}
	switch last := l.lastFlight(); {
	case stepped:
		f := &flight{conn: h.Conn, from: who, chapter: chapter}
		l.act.flights = append(l.act.flights, f)
		l.scene = l.sceneRow(f, who)
	case h.Conn > 0 && h.Party != "" && slices.Contains(l.act.parties, h.Party):
		if f := l.current[leg]; f != nil {
			l.workOf(f, leg).take([]*item{it})
		} else {
			l.waiting[leg] = append(l.waiting[leg], it)
		}
		return
	case last != nil && l.scene != nil && last.rows[len(last.rows)-1] == l.scene && (who == l.scene.party || h.Party == ""):
	default:
		f := &flight{conn: h.Conn, from: who}
		l.act.flights = append(l.act.flights, f)
		l.scene = l.sceneRow(f, who)
	}
	l.scene.take([]*item{it})
}

// lastFlight is the act's last so far, or nil.
func (l *ladder) lastFlight() *flight {
	if n := len(l.act.flights); n > 0 {
		return l.act.flights[n-1]
	}
	return nil
}

// sceneRow is the row of what a party does around the connections.
func (l *ladder) sceneRow(f *flight, who string) *row {
	r := &row{place: place{flight: f}, party: who}
	r.id = l.taken.take(addressOf(connectionNumber(f.conn), "w", who))
	f.rows = append(f.rows, r)
	return r
}

// forgedIn reports whether a message holds the certificate that a middle box has signed.
func (l *ladder) forgedIn(e *event.Message) bool {
	if l.forged == nil {
		return false
	}
	switch m := e.Msg.(type) {
	case *message.Certificate12:
		return slices.ContainsFunc(m.Certificates, func(c []byte) bool { return slices.Equal(c, l.forged) })
	case *message.Certificate13:
		return slices.ContainsFunc(m.Entries, func(c message.CertificateEntry) bool { return slices.Equal(c.Cert, l.forged) })
	}
	return false
}
