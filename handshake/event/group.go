package event

import (
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
)

// Group is a kx.Group as far as can be said without it.
type Group struct {
	ID   iana.Group
	Name string // that it gives itself: the registry's, or a student's own
	// Kind, Hybrid and QuantumSafe are what kx.Description has. A student's own group need
	// not describe itself: then these are not known, and Kind is 0.
	Kind                kx.Kind
	Hybrid, QuantumSafe bool
}

// GroupOf tells of g, which may be nil.
func GroupOf(g kx.Group) Group {
	if g == nil {
		return Group{}
	}
	out := Group{ID: g.ID(), Name: g.Name()}
	if d, ok := g.(kx.Described); ok {
		about := d.Describe()
		out.Kind, out.Hybrid, out.QuantumSafe = about.Kind, about.Hybrid, about.QuantumSafe
	}
	return out
}

// GroupAt tells of the group at a number, as far as the number does. kx has those of the
// registry; of one for private use there is at most tlslab's own name. 0 is no group.
func GroupAt(id iana.Group) Group {
	if g := kx.ByID(id); g != nil {
		return GroupOf(g)
	}
	if id == 0 {
		return Group{}
	}
	return Group{ID: id, Name: id.Called()}
}

// SettledGroup is the number of the group that a message settles, as Message.Group has it; 0
// where none does, and of a finite field in TLS 1.2, whose parameters travel without one.
func SettledGroup(m message.Message) iana.Group {
	switch m := m.(type) {
	case *message.ServerKeyExchangeECDHE:
		return m.Group
	case *message.ServerHello:
		if x, ok := message.Get[*message.KeyShareServer](&m.Extensions); ok {
			return x.Entry.Group
		}
		if x, ok := message.Get[*message.KeyShareRetry](&m.Extensions); ok {
			return x.Group
		}
	}
	return 0
}
