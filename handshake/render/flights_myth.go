package render

import (
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
)

// due is a correction and the event at which it comes up.
type due struct {
	key string
	at  event.Event
}

// mythsOf are the corrections that come up in a move.
func (t *Pen) mythsOf(events []event.Event) (out []due) {
	for _, e := range events {
		for _, key := range narrate.Myths(e, t.myths) {
			out = append(out, due{key, e})
			t.there.myths = true
		}
	}
	return out
}

// mostMyths is how many corrections a lesson has at level Flights.
const mostMyths = 3

// foremost tells one correction at the end of the block that it belongs to, if the lesson has
// room for it. Which are most about a lesson is narrate's order: those first that come up only
// where a flag or an attack brings them, then what tells one version or key exchange from
// another. What every lesson has, such as that Finished is no encrypted digest, is left to
// --full and --myths.
func (t *Pen) foremost(b *block) {
	best, rank := due{}, 0
	for _, d := range b.myths {
		if r := narrate.MythRank(d.key); r > 0 && (rank == 0 || r < rank) {
			best, rank = d, r
		}
	}
	if rank == 0 || t.mythsTold == mostMyths || !t.First("myth/"+best.key) {
		return
	}
	t.mythsTold++
	entry := t.Say.Get(narrate.Myth, best.key)
	gap := " "
	if t.Say.Lang == narrate.Zh {
		gap = ""
	}
	text := t.Say.UI("often_said") + " " + entry.Title + gap + t.Values(narrate.MythGist(t.Say.Lang, best.key), best.at)
	t.Hang("   "+t.Paint.Myth("! "), 5, text, nil)
}
