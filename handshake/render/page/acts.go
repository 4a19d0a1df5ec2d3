package page

import (
	"strings"

	"tlslab/handshake/event"
)

// group is the events of one act, and who takes part.
type group struct {
	flow    *event.Flow
	conn    int // of connections that nobody heads by a Flow; 0 elsewhere
	parties []string
	events  []event.Event
}

// groups parts events into acts: what a Flow heads is one. Where none does and there are several
// connections, each is an act, with the scenes before it that lead to it.
func groups(events []event.Event, leads func(event.Scene) bool) []*group {
	var out []*group
	add := func(g *group) *group {
		out = append(out, g)
		return g
	}
	var at *group
	each := several(events)
	for _, e := range events {
		f, heads := e.(*event.Flow)
		s, scene := e.(event.Scene)
		conn := e.Head().Conn
		switch {
		case heads:
			at = add(&group{flow: f, parties: f.Parties})
		case at == nil:
			at = add(&group{})
		}
		if at.flow == nil && each {
			switch {
			case conn > 0 && at.conn == 0 && (len(at.events) == 0 || out[0] != at || leads == nil):
				at.conn = conn
			case conn > 0 && conn != at.conn:
				at = add(&group{conn: conn})
			case scene && conn == 0 && leads != nil && leads(s) && (at.conn > 0 || out[0] == at && len(at.events) > 0):
				at = add(&group{})
			}
		}
		at.events = append(at.events, e)
	}
	for _, g := range out {
		if g.flow == nil && each {
			g.parties = partiesOf(g.events)
		}
	}
	return out
}

// several reports whether there is more than one connection, and no Flow that heads them.
func several(events []event.Event) bool {
	conns := map[int]bool{}
	for _, e := range events {
		if _, ok := e.(*event.Flow); ok {
			return false
		}
		if c := e.Head().Conn; c > 0 {
			conns[c] = true
		}
	}
	return len(conns) > 1
}

// partiesOf is who is at the ends of a connection: its client, and its server. Who tells nothing
// was overheard.
func partiesOf(events []event.Event) []string {
	ends := []string{event.Client.String(), event.Server.String()}
	known := [2]bool{}
	learn := func(i int, party string) {
		if party != "" && !known[i] {
			ends[i], known[i] = party, true
		}
	}
	for _, e := range events {
		h := e.Head()
		switch role, _, ok := strings.Cut(h.Move, "/"); {
		case ok && role == event.Client.String():
			learn(0, h.Party)
		case ok:
			learn(1, h.Party)
		}
		if o, ok := e.(*event.Onlooked); ok && o.ToServer {
			learn(0, o.Party)
		} else if ok {
			learn(1, o.Party)
		}
	}
	return ends
}
