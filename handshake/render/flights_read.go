package render

import (
	"crypto/sha256"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// Who can read the messages of a block: each record was tried, where the lesson was played
// (event.Onlooked). What is told last of a record holds.

// passing is a record as it went by: on which connection, in which direction, and the hash of
// its bytes. The bytes are not kept, since what comes when the handshake is over can be long.
type passing struct {
	conn     int
	toServer bool
	wire     [sha256.Size]byte
}

// onlooked takes what each onlooker could make of some records.
func (t *Pen) onlooked(e *event.Onlooked) {
	if t.flow.sights == nil {
		t.flow.sights = map[passing][]event.Sight{}
	}
	for _, r := range e.Records {
		t.flow.sights[passing{e.Conn, e.ToServer, sha256.Sum256(r.Wire)}] = r.By
	}
}

// sightsOf is what each onlooker makes of a message.
func (t *Pen) sightsOf(c crossed) []event.Sight {
	records := make([]event.Overheard, len(c.records))
	for i, r := range c.records {
		records[i].By = t.flow.sights[r]
	}
	return event.Sights(records)
}

// whoReads tells at the end of a block who can read its messages. Those of which the same holds
// are told together.
func (t *Pen) whoReads(b *block) {
	type group struct {
		n      []int
		sights []event.Sight
	}
	var groups []group
	for _, c := range b.crossed {
		s := t.sightsOf(c)
		if len(s) == 0 {
			continue
		}
		i := slices.IndexFunc(groups, func(g group) bool { return slices.Equal(g.sights, s) })
		if i < 0 {
			groups, i = append(groups, group{sights: s}), len(groups)
		}
		groups[i].n = append(groups[i].n, c.n)
	}
	var parts []string
	for _, g := range groups {
		parts = append(parts, t.Say.UI("flights.of", "numbers", t.numbers(g.n), "sights", t.sights(g.sights)))
	}
	if len(parts) == 0 {
		return
	}
	t.Hang("   "+t.Paint.Bold("> "), 5, strings.Join(parts, t.Say.Semicolon()), nil)
	var who []string
	for _, s := range groups[0].sights {
		if t.First("party/" + s.Onlooker) {
			who = append(who, t.Say.UI("flights.who."+s.Onlooker))
		}
	}
	if len(who) > 0 {
		t.Text(5, strings.Join(who, t.Say.Semicolon()), t.Paint.Dim)
	}
}

// numbers are those of arrows, from the first to the last where there is no gap.
func (t *Pen) numbers(n []int) string {
	var parts []string
	for i := 0; i < len(n); {
		k := i
		for k+1 < len(n) && n[k+1] == n[k]+1 {
			k++
		}
		part := sheet.Text(n[i])
		if k > i {
			part += "-" + sheet.Text(n[k])
		}
		parts, i = append(parts, part), k+1
	}
	return t.Say.List(parts)
}

// sights says who of the onlookers can read, now or later, and who cannot.
func (t *Pen) sights(by []event.Sight) string {
	var parts []string
	for _, a := range []event.Access{event.AccessReads, event.AccessLater, event.AccessSealed} {
		var who []string
		for _, s := range by {
			if s.Access == a {
				who = append(who, t.onlooker(s.Onlooker))
			}
		}
		if len(who) > 0 {
			parts = append(parts, t.Say.UI("flights."+string(a), "who", t.Say.List(who)))
		}
	}
	return strings.Join(parts, t.Say.Comma())
}

// onlooker is what an onlooker is called where there is little room.
func (t *Pen) onlooker(party string) string {
	if e, ok := narrate.Get(t.Say.Lang, narrate.UI, party); ok && party != "listener" {
		return e.Title
	}
	return t.Say.Party(party)
}
