package narrate

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// Exchanges is a lesson that sends one request over several handshakes, to compare them.
type Exchanges struct {
	Summary
	Title Sentence
	Each  []Exchange // in the order of the flows
}

// Exchange is one of them: what it is called, "ECDHE", and what each onlooker could make of the
// request and the reply.
type Exchange struct {
	Name      string
	Onlookers map[string]event.Access
}

// CompareExchanges says what became of such a lesson, by the events of its flows; ok is false of
// any other lesson. Each flow is one complete handshake of the client's, and request and reply;
// nobody reads them on the way, and whoever steals the server's key reads some of the recordings.
func CompareExchanges(flows [][]event.Event) (out Exchanges, ok bool) {
	if len(flows) < 2 {
		return Exchanges{}, false
	}
	var later, never Sentences
	for _, events := range flows {
		s := gather(events)
		x := s.main()
		request, reply := s.went()
		if x == nil || s.flow == nil || s.attacks() || len(s.conns) != 1 || s.refused() != nil || !x.finished || x.resumed || !request || !reply {
			return Exchanges{}, false
		}
		name := x.kx.String()
		if x.version == iana.TLS13 {
			name = x.version.String()
		}
		named := told("exchange", "name", name)
		e := Exchange{Name: name, Onlookers: map[string]event.Access{}}
		_, reaches := s.sights.reaches()
		for who, r := range reaches {
			switch {
			case r.now:
				e.Onlookers[who] = event.AccessReads
			case r.later:
				e.Onlookers[who] = event.AccessLater
			default:
				e.Onlookers[who] = event.AccessSealed
			}
		}
		switch e.Onlookers["thief"] {
		case event.AccessLater:
			later = append(later, named)
		case event.AccessSealed:
			never = append(never, named)
		default:
			return Exchanges{}, false
		}
		if e.Onlookers["listener"] != event.AccessSealed || slices.ContainsFunc(out.Each, func(o Exchange) bool { return o.Name == name }) {
			return Exchanges{}, false
		}
		out.Each = append(out.Each, e)
	}
	if len(later) == 0 || len(never) == 0 {
		return Exchanges{}, false
	}
	out.Title = told("exchanges", "n", len(flows))
	out.Summary = Summary{
		Happened: told("happened/exchanges", "n", len(flows)),
		Readers:  told("read/exchanges", "later", later, "never", never),
		WhatIf:   told("whatif/mitm"),
	}
	return out, true
}
