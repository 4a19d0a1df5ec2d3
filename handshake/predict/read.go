package predict

import (
	"crypto/sha256"
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/render/sheet"
)

// overheard is something that was sent, and what each onlooker made of it.
type overheard struct {
	e      event.Event // a Message or Data, as its sender told of it
	name   string
	to     string
	sights []event.Sight
	keys   event.Keys // that it was under
}

// reads reports whether an onlooker can read it, at once or later.
func reads(s event.Sight) bool { return s.Access != event.AccessSealed }

// overhears are all that was sent and tried by onlookers, in order. A record is matched with what an
// onlooker made of it by its bytes, connection and direction; what is told last of it holds.
func (a *asker) overhears() (out []overheard) {
	type key struct {
		conn     int
		toServer bool
		hash     [sha256.Size]byte
	}
	for _, f := range a.lesson.Flows {
		seen := map[key]event.Overheard{}
		var parties []string
		for _, e := range f.Events {
			switch e := e.(type) {
			case *event.Flow:
				parties = e.Parties
			case *event.Onlooked:
				for _, r := range e.Records {
					seen[key{e.Conn, e.ToServer, sha256.Sum256(r.Wire)}] = r
				}
			}
		}
		ends := sheet.NewEnds(parties)
		keys := map[sheet.Leg]event.Keys{}
		records := map[event.Event][]*event.Record{}
		unsent := map[sheet.Leg][]event.Event{} // what a party has sent and no record was told of
		var sent []overheard
		send := func(e event.Event, name string, k event.Keys) {
			leg := sheet.LegOf(e.Head())
			unsent[leg] = append(slices.DeleteFunc(unsent[leg], func(e event.Event) bool { return len(records[e]) > 0 }), e)
			sent = append(sent, overheard{e: e, name: name, to: ends.Peer(leg), keys: k})
		}
		for _, e := range f.Events {
			ends.Learn(e.Head())
			leg := sheet.LegOf(e.Head())
			switch e := e.(type) {
			case *event.KeyChange:
				if e.Dir == event.Send {
					keys[leg] = e.Keys
				}
			case *event.Message:
				if e.Dir != event.Send {
					continue
				}
				k := keys[leg]
				if e.Kind == message.KindChangeCipherSpec {
					k = event.InClear
				}
				send(e, sheet.Title(e.Kind), k)
			case *event.Data:
				if e.Dir == event.Send {
					send(e, a.say.Data(e), keys[leg])
				}
			case *event.Alert:
				if e.Dir == event.Send { // nobody is asked about it, but it takes its record
					send(e, "", keys[leg])
				}
			case *event.Record:
				if rows := unsent[leg]; e.Dir == event.Send && len(rows) > 0 {
					for _, x := range rows {
						records[x] = append(records[x], e)
					}
					unsent[leg] = rows[len(rows)-1:] // a long message goes in several records
				}
			}
		}
		for _, o := range sent {
			h := o.e.Head()
			var tried []event.Overheard
			for _, r := range records[o.e] {
				tried = append(tried, seen[key{h.Conn, a.roles[sheet.LegOf(h)] == event.Client, sha256.Sum256(r.Wire)}])
			}
			if o.sights = event.Sights(tried); len(o.sights) > 0 && o.name != "" {
				out = append(out, o)
			}
		}
	}
	return out
}

// reads asks who can read what was sent: rather where some can and others cannot.
func (a *asker) reads() (out []asking) {
	for _, o := range a.overhears() {
		if m, ok := o.e.(*event.Message); ok && m.Kind == message.KindChangeCipherSpec {
			continue // there is nothing in it
		}
		n := 0
		for _, s := range o.sights {
			if reads(s) {
				n++
			}
		}
		weight := 0
		if n > 0 && n < len(o.sights) {
			weight = 1
		}
		out = append(out, asking{Read, o.e, weight, func(q *Question) { a.read(q, o) }})
	}
	return out
}

func (a *asker) read(q *Question, o overheard) {
	var all []string
	right := 0
	for i, s := range o.sights {
		all = append(all, a.say.Party(s.Onlooker))
		if reads(s) {
			right |= 1 << i
		}
	}
	q.Text = a.words("read/ask", "from", a.say.Party(o.e.Head().Party), "to", a.say.Party(o.to), "message", o.name, "who", a.say.List(all))
	var sets []int
	for set := range 1 << len(o.sights) {
		if set != right {
			sets = append(sets, set)
		}
	}
	a.nearFirst(sets, right, string(Read)+q.Place)
	for _, set := range append([]int{right}, sets[:min(len(sets), most-1)]...) {
		c := Choice{Right: set == right}
		var keys, names, why []string
		for i, s := range o.sights {
			if set&(1<<i) != 0 {
				keys, names = append(keys, s.Onlooker), append(names, all[i])
			}
			if c.Right || (set^right)&(1<<i) != 0 {
				why = append(why, a.has(o, s))
			}
		}
		if c.Right && right != 0 && a.openToAll(o) {
			why = []string{a.has(o, o.sights[0])} // each reads it, for one reason
		}
		c.Key, c.Text, c.Reason = strings.Join(keys, "+"), a.say.List(names), a.together(why...)
		if set == 0 {
			c.Key, c.Text = "nobody", a.words("read/nobody")
		}
		q.Choices = append(q.Choices, c)
	}
}

// nearFirst orders sets by in how few members they differ from one; else by chance.
func (a *asker) nearFirst(sets []int, from int, salt string) {
	ones := func(set int) (n int) {
		for ; set > 0; set >>= 1 {
			n += set & 1
		}
		return n
	}
	slices.SortStableFunc(sets, func(x, y int) int {
		if d := ones(x^from) - ones(y^from); d != 0 {
			return d
		}
		return a.byChance(salt+string(rune('a'+x)), salt+string(rune('a'+y)))
	})
}

// openToAll reports whether everybody reads it who looks on, and no key is needed.
func (a *asker) openToAll(o overheard) bool {
	return !slices.ContainsFunc(o.sights, func(s event.Sight) bool { return s.Access != event.AccessReads }) && slices.ContainsFunc(o.sights, func(s event.Sight) bool { return s.Onlooker == "listener" })
}

// has is what an onlooker has, and what becomes of it.
func (a *asker) has(o overheard, s event.Sight) string {
	who := a.say.Party(s.Onlooker)
	switch {
	case s.Access == event.AccessReads && o.keys == event.InClear:
		return a.words("read/clear", "who", who, "message", o.name)
	case s.Access == event.AccessReads && a.openToAll(o):
		return a.words("read/open", "who", who, "message", o.name)
	case s.Access == event.AccessReads:
		return a.words("read/has_keys", "who", who)
	case s.Access == event.AccessLater:
		return a.words("read/later/"+s.Onlooker, "who", who)
	}
	return a.words("read/sealed/"+s.Onlooker, "who", who)
}
