package render

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
)

// ends is who talks to whom in a flow, as its events tell: which end of a connection a party
// plays, in which version, and under which keys.
type ends struct {
	parties []string           // in the order of their columns
	through bool               // whoever is between the ends carries bytes alone
	role    map[leg]string     // "client" or "server": which end a party plays on a connection
	tls13   map[leg]bool       // it speaks TLS 1.3
	keys    map[way]event.Keys // what protects that direction
}

// newEnds knows only the parties, in the order of their columns.
func newEnds(parties []string) ends {
	return ends{parties: parties, role: map[leg]string{}, tls13: map[leg]bool{}, keys: map[way]event.Keys{}}
}

// leg is one end of one connection: an interceptor has two.
type leg struct {
	party string
	conn  int
}

// legOf is the end at which an event happened.
func legOf(h *event.Meta) leg { return leg{h.Party, h.Conn} }

// way is one direction of a leg.
type way struct {
	leg
	dir event.Direction
}

// way is what the leg sends, or what it receives.
func (l leg) way(d event.Direction) way { return way{l, d} }

// learn takes from an event which end of its connection a party plays, and in which
// version.
func (x *ends) learn(h *event.Meta) {
	l := legOf(h)
	if role, _, ok := strings.Cut(h.Move, "/"); ok {
		x.role[l] = role
	}
	if strings.HasSuffix(h.Move, "/tls13") {
		x.tls13[l] = true
	}
}

// peer is who sits at the other end of a leg.
func (x *ends) peer(l leg) string {
	i := slices.Index(x.parties, l.party)
	switch {
	case i < 0 || len(x.parties) < 2:
		if l.party == "server" || x.role[l] == "server" {
			return "client"
		}
		return "server"
	case x.through && i == 0:
		return x.parties[len(x.parties)-1]
	case x.through:
		return x.parties[0]
	case i == 0:
		return x.parties[1]
	case i == len(x.parties)-1:
		return x.parties[i-1]
	case x.role[l] == "client":
		return x.parties[i+1]
	}
	return x.parties[i-1]
}
