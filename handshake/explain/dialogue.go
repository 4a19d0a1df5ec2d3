package explain

import (
	"tlslab/handshake/event"
	"tlslab/handshake/starttls"
)

// turn is how much one end said in clear before the other did.
type turn struct{ by, n int }

// took notes that an end has said something in clear. Only of the connection that is shown it matters
// in which order; what each may say is bounded by maxClear, octet by octet by each in turn too.
func (s *stream) took(by, n int) {
	if !s.shown() {
		return
	}
	if last := len(s.turns) - 1; last >= 0 && s.turns[last].by == by {
		s.turns[last].n += n
		return
	}
	s.turns = append(s.turns, turn{by, n})
}

// tellCarrier tells, of the connection that is shown, how it came to TLS, if it first spoke another
// protocol. hello is where the client's TLS begins.
func (s *stream) tellCarrier(hello int) {
	turns := s.turns
	s.turns = nil
	if s.c.Carrier != StartTLS || !s.shown() {
		return
	}
	rest := [2][]byte{s.clear[client][:hello], s.clear[server]}
	var said []starttls.Turn
	for _, t := range turns {
		b := rest[t.by][:min(t.n, len(rest[t.by]))]
		rest[t.by] = rest[t.by][len(b):]
		if len(b) > 0 {
			said = append(said, starttls.Turn{By: []event.Role{event.Client, event.Server}[t.by], Wire: b})
		}
	}
	p := starttls.Protocol(s.c.Target)
	s.r.ends.tell(&starttls.Dialogue{Meta: event.Meta{Conn: s.c.Number, Party: event.Client.String(), Time: s.at, Ref: p.Ref()},
		Protocol: p, Said: starttls.Recorded(p, said), Recorded: true})
}
