package predict

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// standing is where an end stands.
type standing struct {
	role    event.Role
	state   event.State
	version iana.Version // that it has settled on; 0 before that
}

// passing is a message that went from one end to the other.
type passing struct {
	sent, came *event.Message
	from, to   standing
	// early: the client has offered early data on this connection, which may come at any time.
	early bool
	// finished: the client has sent its Finished.
	finished bool
}

// passings are the messages that one end told of sending and another of receiving, as they are.
func (a *asker) passings() (out []passing) {
	version := map[sheet.Leg]iana.Version{}
	early, finished := map[int]bool{}, map[int]bool{}
	var open []passing
	for _, e := range a.events {
		leg := sheet.LegOf(e.Head())
		switch e := e.(type) {
		case *event.Flow:
			open = nil
		case *event.Decision:
			if v, ok := e.Chosen.(iana.Version); ok && e.What == event.DecisionVersion {
				version[leg] = v
			}
		case *event.Message:
			at := standing{a.roles[leg], e.State, version[leg]}
			if hello, ok := e.Msg.(*message.ClientHello); ok {
				early[e.Conn] = hello.Extensions.Find(iana.ExtEarlyData) != nil
			}
			if e.Dir == event.Send {
				open = append(open, passing{sent: e, from: at, early: early[e.Conn], finished: finished[e.Conn]})
				if e.Kind == message.KindFinished && at.role == event.Client {
					finished[e.Conn] = true
				}
				continue
			}
			i := slices.IndexFunc(open, func(p passing) bool {
				return p.sent.Conn == e.Conn && p.sent.Party != e.Party && p.sent.Kind == e.Kind && string(p.sent.Raw) == string(e.Raw)
			})
			if i >= 0 {
				p := open[i]
				open = slices.Delete(open, i, i+1)
				p.came, p.to = e, at
				out = append(out, p)
			}
		}
	}
	return out
}

// nexts asks what comes next: at each message but a connection's first, and but the ChangeCipherSpec
// that means nothing; rather before the handshake is over.
func (a *asker) nexts() (out []asking) {
	if len(a.moves) == 0 {
		return nil
	}
	begun := map[int]bool{}
	passings := a.passings()
	slices.SortStableFunc(passings, func(x, y passing) int { return a.index[x.sent] - a.index[y.sent] })
	for _, p := range passings {
		first := !begun[p.sent.Conn]
		begun[p.sent.Conn] = true
		dummy := p.sent.Kind == message.KindChangeCipherSpec && p.to.state == p.came.To
		if first || dummy {
			continue
		}
		weight := 1
		if p.to.state == event.Connected {
			weight = 0
		}
		if wrong := a.impossible(p); len(wrong) > 0 {
			out = append(out, asking{Next, p.sent, weight, func(q *Question) { a.next(q, p, wrong) }})
		}
	}
	return out
}

func (a *asker) next(q *Question, p passing, wrong []Choice) {
	to := a.say.Party(p.came.Party)
	q.Text = a.words("next/ask", "from", a.say.Party(p.sent.Party), "to", to)
	name := sheet.Title(p.sent.Kind)
	reason := a.words("next/right", "to", to, "state", a.say.State(p.to.state), "message", name)
	if e := a.say.Get(narrate.Move, a.told[p.came]); e.Title != "" {
		reason = a.together(reason, a.words("next/move", "message", name, "move", e.Title))
	}
	q.Choices = append(slices.Clip(wrong[:min(len(wrong), most-1)]), Choice{Key: p.sent.Kind.String(), Text: name, Right: true, Reason: reason})
}

// table is what an end has moves for; one that has settled on no version, those of all.
func (a *asker) table(s standing) (table []event.Move) {
	for _, m := range a.moves[s.role] {
		if s.version == 0 || m.Version == 0 || m.Version == s.version {
			table = append(table, m)
		}
	}
	return table
}

// anyTime are the messages that may come although no move of a table has them: they move nothing.
var anyTime = []message.Kind{message.KindChangeCipherSpec, message.KindHelloRequest}

// impossible are the choices that are wrong for what comes next: no move of either end has them
// where the two stand. What the sender could send at another time comes first.
func (a *asker) impossible(p passing) (wrong []Choice) {
	legal := slices.Clone(anyTime)
	for _, s := range []standing{p.from, p.to} {
		for _, m := range a.table(s) {
			if m.In == s.state {
				legal = append(legal, m.Msg)
			}
		}
	}
	var kinds []message.Kind
	for _, r := range []event.Role{event.Client, event.Server} {
		for _, m := range a.moves[r] {
			if !slices.Contains(kinds, m.Msg) && !slices.Contains(legal, m.Msg) && m.Msg != p.sent.Kind {
				kinds = append(kinds, m.Msg)
			}
		}
	}
	slices.SortStableFunc(kinds, func(x, y message.Kind) int {
		return a.byChance(string(Next)+a.place(p.sent)+x.String(), string(Next)+a.place(p.sent)+y.String())
	})
	var own, foreign []Choice
	for _, k := range kinds {
		key, reason := a.whyNot(p, k)
		c := Choice{Key: k.String(), Text: sheet.Title(k), Reason: reason}
		if key == "next/early" || key == "next/late" {
			own = append(own, c)
		} else {
			foreign = append(foreign, c)
		}
	}
	if p.from.role == event.Server && !p.early && !p.finished && p.to.state.MayRead() == event.NoData && p.from.state.MayWrite() == event.NoData {
		own = slices.Insert(own, min(1, len(own)), Choice{Key: "application_data", Text: a.say.UI("application_data"),
			Reason: a.words("next/data", "to", a.say.Party(p.came.Party), "state", a.say.State(p.to.state))})
	}
	return append(own, foreign...)
}

// whyNot is why a message may not come where the receiver stands, as its table has it.
func (a *asker) whyNot(p passing, k message.Kind) (key, reason string) {
	to, version := p.to, p.to.version
	if version == 0 {
		version = p.from.version
	}
	to.version = version
	name, party := sheet.Title(k), a.say.Party(p.came.Party)
	table := a.table(to)
	var states []event.State
	for _, m := range table {
		if m.Msg == k && m.Dir == event.Receive && !slices.Contains(states, m.In) {
			states = append(states, m.In)
		}
	}
	here := a.say.State(to.state)
	reads := func(key string, pairs ...string) (string, string) {
		var at []string
		for _, s := range states {
			at = append(at, s.String())
		}
		return key, a.words(key, append(pairs, "message", name, "to", party, "states", a.say.List(at), "state", here)...)
	}
	if len(states) == 0 {
		if slices.ContainsFunc(table, func(m event.Move) bool { return m.Msg == k }) {
			return "next/sender", a.words("next/sender", "message", name, "to", party)
		}
		return "next/version", a.words("next/version", "message", name, "version", version.String())
	}
	if !reaches(table, to.state, states, 0) {
		return reads("next/late")
	}
	var before []string
	for _, m := range table {
		if m.Dir == event.Receive && m.Msg != k && !slices.Contains(before, sheet.Title(m.Msg)) && !reaches(table, to.state, states, m.Msg) {
			before = append(before, sheet.Title(m.Msg))
		}
	}
	key, reason = reads("next/early")
	if len(before) > 0 {
		reason = a.together(reason, a.words("next/before", "before", a.say.List(before)))
	}
	return key, reason
}

// reaches reports whether moves lead from a state to one of others; without those of one message, if
// it is not 0.
func reaches(table []event.Move, from event.State, to []event.State, without message.Kind) bool {
	seen := map[event.State]bool{from: true}
	for todo := []event.State{from}; len(todo) > 0; {
		at := todo[0]
		todo = todo[1:]
		for _, m := range table {
			if m.In != at || m.Msg == without && without != 0 {
				continue
			}
			if slices.Contains(to, m.To) {
				return true
			}
			if !seen[m.To] {
				seen[m.To] = true
				todo = append(todo, m.To)
			}
		}
	}
	return false
}
