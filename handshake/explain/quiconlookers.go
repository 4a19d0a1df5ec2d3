package explain

import (
	"slices"

	"tlslab/handshake/observe"
	"tlslab/handshake/quic"
)

// onlookers says who can read a connection of QUIC: everybody its hellos, and nobody here the
// rest. Of a key log that is said which it would have to be, and of the other keys what the
// ServerHello shows, as over TCP.
func (d *datagrams) onlookers() {
	c, q := d.c, d.q
	both := func(t quic.Type) bool { return q.Packets[client][t]+q.Packets[server][t] > 0 }
	add := func(p observe.Part, sure bool) { c.Parts = append(c.Parts, There{p, sure}) }
	if d.hello {
		add(observe.PartHello, true)
	}
	if q.Sealed() > 0 {
		if d.serverHello && !c.Resumed {
			add(observe.PartServerCertificate, c.Outcome.What == Done)
			add(observe.PartClientCertificate, false)
		}
		for _, p := range []struct {
			part  observe.Part
			there bool
		}{{observe.PartHandshake, both(quic.Handshake)}, {observe.PartEarlyData, both(quic.ZeroRTT)},
			{observe.PartClientData, q.Packets[client][quic.OneRTT] > 0}, {observe.PartServerData, q.Packets[server][quic.OneRTT] > 0}} {
			if p.there {
				add(p.part, p.part == observe.PartHandshake || p.part == observe.PartEarlyData) // a 1-RTT packet may say no more than that another came
			}
		}
	}
	if !d.hello && q.Sealed() == 0 {
		c.Onlookers = unheard()
		return
	}
	for _, party := range OnlookerParties() {
		o := Onlooker{Party: party, Tried: party == Listener, Whole: Reads}
		if q.Sealed() > 0 {
			o.Whole, o.Why = d.sealedFrom(party)
		}
		for _, t := range c.Parts {
			sight := o.Whole
			switch {
			case t.Part == observe.PartHello:
				sight = Reads
			case t.Part == observe.PartEarlyData && party == PSKThief:
				sight = Untried // they come from nothing else (RFC 9001 §4.6)
			case t.Part == observe.PartEarlyData && party == Thief:
				sight = Closed // no certificate has a part in them
			}
			o.Parts = append(o.Parts, sight)
		}
		if party == PSKThief && slices.Contains(o.Parts, Untried) {
			o.Whole = Untried
		}
		c.Onlookers = append(c.Onlookers, o)
	}
}

// sealedFrom is what an onlooker makes of what is behind the hellos, and why.
func (d *datagrams) sealedFrom(party string) (Sight, WhyNot) {
	if party == Listener {
		return Closed, Keyless
	}
	if why := useless(party, d.c, d.serverHello, d.shared); why != "" {
		return Closed, why
	}
	return Untried, OverQUIC
}
