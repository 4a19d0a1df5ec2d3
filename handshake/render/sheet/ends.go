package sheet

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
)

// Ends is who talks to whom in a flow, as its events tell: which end of a connection a party
// plays, in which version, and under which keys.
type Ends struct {
	Parties []string           // in the order of their columns
	Through bool               // whoever is between the ends carries bytes alone
	Role    map[Leg]string     // "client" or "server": which end a party plays on a connection
	TLS13   map[Leg]bool       // it speaks TLS 1.3
	Keys    map[Way]event.Keys // what protects that direction
}

// NewEnds knows only the parties, in the order of their columns.
func NewEnds(parties []string) Ends {
	return Ends{Parties: parties, Role: map[Leg]string{}, TLS13: map[Leg]bool{}, Keys: map[Way]event.Keys{}}
}

// Leg is one end of one connection: an interceptor has two.
type Leg struct {
	Party string
	Conn  int
}

// LegOf is the end at which an event happened.
func LegOf(h *event.Meta) Leg { return Leg{h.Party, h.Conn} }

// Way is one direction of a leg.
type Way struct {
	Leg
	Dir event.Direction
}

// Way is what the leg sends, or what it receives.
func (l Leg) Way(d event.Direction) Way { return Way{l, d} }

// Learn takes from an event which end of its connection a party plays, and in which
// version.
func (x *Ends) Learn(h *event.Meta) {
	l := LegOf(h)
	if role, _, ok := strings.Cut(h.Move, "/"); ok {
		x.Role[l] = role
	}
	if strings.HasSuffix(h.Move, "/tls13") {
		x.TLS13[l] = true
	}
}

// Peer is who sits at the other end of a leg.
func (x *Ends) Peer(l Leg) string {
	i := slices.Index(x.Parties, l.Party)
	switch {
	case i < 0 || len(x.Parties) < 2:
		if l.Party == "server" || x.Role[l] == "server" {
			return "client"
		}
		return "server"
	case x.Through && i == 0:
		return x.Parties[len(x.Parties)-1]
	case x.Through:
		return x.Parties[0]
	case i == 0:
		return x.Parties[1]
	case i == len(x.Parties)-1:
		return x.Parties[i-1]
	case x.Role[l] == "client":
		return x.Parties[i+1]
	}
	return x.Parties[i-1]
}
