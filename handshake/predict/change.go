package predict

import (
	"slices"
	"strconv"
	"strings"

	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/narrate"
)

// Toggled is a lesson with one switch changed, or a few, from the same seed.
type Toggled struct {
	Names []string // of the switches
	// From and To are what they are in the lesson, and in this: a command line has it so, "--tls 1.3",
	// or without any: "".
	From, To string
	Flows    []beside.Flow
}

// Beside is what is asked about two runs that are shown side by side: what is different in the second,
// which is what the lesson is toggled to.
func Beside(l Lesson) Quiz {
	a := newAsker(l)
	return Quiz{l.Seed, a.ask([]asking{{Change, nil, 0, func(q *Question) {
		a.changes(q)
		q.Text = a.words("change/beside")
	}}})}
}

// part is a part of a lesson that a switch can change.
type part string

// The parts, in the order in which they are named.
const (
	messages part = "messages" // which messages travel
	readers  part = "readers"  // what somebody who looks on can read of them
	trust    part = "trust"    // who is believed, and who refuses
)

// parts lists every part.
func parts() []part { return []part{messages, readers, trust} }

// change asks what a switch changes.
func (a *asker) change() asking {
	return asking{Change, nil, 0, a.changes}
}

func (a *asker) changes(q *Question) {
	t := a.lesson.Toggled
	other := newAsker(Lesson{Lang: a.lesson.Lang, Seed: a.lesson.Seed, Flows: t.Flows, Moves: a.lesson.Moves})
	var titles []string
	for _, name := range t.Names {
		titles = append(titles, a.say.Title(narrate.Lab, "switch/"+name))
	}
	title := a.say.List(titles)
	switch {
	case t.To == "":
		q.Text = a.words("change/less", "switch", t.From, "title", title)
	case t.From == "":
		q.Text = a.words("change/more", "switch", t.To, "title", title)
	default:
		q.Text = a.words("change/other", "from", t.From, "to", t.To, "title", title)
	}
	right := 0
	facts := make([]string, len(parts()))
	for i, fact := range []func(*asker) (string, bool){a.ofMessages, a.ofReaders, a.ofTrust} {
		said, differs := fact(other)
		if facts[i] = said; differs {
			right |= 1 << i
		}
	}
	var sets []int
	for set := range 1 << len(parts()) {
		if set != right {
			sets = append(sets, set)
		}
	}
	a.nearFirst(sets, right, string(Change))
	for _, set := range append([]int{right}, sets[:most-1]...) {
		c := Choice{Right: set == right}
		var keys, names, why []string
		for i, p := range parts() {
			if set&(1<<i) != 0 {
				keys, names = append(keys, string(p)), append(names, a.words("change/"+string(p)))
			}
			if c.Right || (set^right)&(1<<i) != 0 {
				why = append(why, facts[i])
			}
		}
		c.Key, c.Text, c.Reason = strings.Join(keys, "+"), strings.Join(names, a.say.Semicolon()), a.together(why...)
		if set == 0 {
			c.Key, c.Text = "nothing", a.words("change/nothing")
		}
		q.Choices = append(q.Choices, c)
	}
}

// ofMessages compares which messages travelled.
func (a *asker) ofMessages(other *asker) (fact string, differs bool) {
	var left, right []string
	n := 0
	for _, act := range beside.Compare(a.lesson.Flows, other.lesson.Flows) {
		switch {
		case act.Left == "":
			right = append(right, a.flow(act.Right))
			continue
		case act.Right == "":
			left = append(left, a.flow(act.Left))
			continue
		}
		for _, r := range act.Rows {
			name := a.say.Sent(r.Either().Event)
			switch {
			case r.Right == nil:
				left = append(left, name)
			case r.Left == nil:
				right = append(right, name)
			default:
				n++
			}
		}
	}
	if len(left)+len(right) == 0 {
		return a.words("change/same_messages", "n", strconv.Itoa(n)), false
	}
	return a.together(a.only("change/only_here", left), a.only("change/only_there", right)), true
}

// flow is all that a flow has.
func (a *asker) flow(name string) string {
	return a.words("change/flow", "flow", a.say.Title(narrate.Scene, "flow/"+name))
}

// only says which messages one of the runs alone has.
func (a *asker) only(key string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	const room = 6
	n := len(names)
	if n > room {
		names = append(names[:room:room], "…")
	}
	return a.words(key, "n", strconv.Itoa(n), "messages", a.say.List(names))
}

// ofReaders compares, of what travelled in both, who could read it.
func (a *asker) ofReaders(other *asker) (fact string, differs bool) {
	here, there := a.sightsOf(), other.sightsOf()
	for _, act := range beside.Compare(a.lesson.Flows, other.lesson.Flows) {
		for _, r := range act.Rows {
			if r.Left == nil || r.Right == nil {
				continue
			}
			l, ok := here[r.Left.Event]
			m, too := there[r.Right.Event]
			if !ok || !too {
				continue
			}
			for _, who := range onlookers(l, m) {
				x, y := of(l, who), of(m, who)
				if x == y || x == "" && y == event.AccessSealed || y == "" && x == event.AccessSealed {
					continue
				}
				return a.words("change/readers_differ", "who", a.say.Party(who), "message", a.say.Sent(r.Left.Event), "here", a.access(x), "there", a.access(y)), true
			}
		}
	}
	return a.words("change/same_readers"), false
}

func (a *asker) sightsOf() map[event.Event][]event.Sight {
	out := map[event.Event][]event.Sight{}
	for _, o := range a.overhears() {
		out[o.e] = o.sights
	}
	return out
}

func onlookers(a, b []event.Sight) (who []string) {
	for _, s := range slices.Concat(a, b) {
		if !slices.Contains(who, s.Onlooker) {
			who = append(who, s.Onlooker)
		}
	}
	return who
}

// of is what an onlooker made of something; "" if there is no such onlooker.
func of(sights []event.Sight, who string) event.Access {
	for _, s := range sights {
		if s.Onlooker == who {
			return s.Access
		}
	}
	return ""
}

// access is what an onlooker could do, in words.
func (a *asker) access(x event.Access) string {
	if x == "" {
		return a.words("change/not_there")
	}
	return a.words("change/" + string(x))
}

// ofTrust compares how the checks went that decide whom an end believes.
func (a *asker) ofTrust(other *asker) (fact string, differs bool) {
	here, there := a.verdicts(), other.verdicts()
	if slices.Equal(here, there) {
		checks := len(slices.DeleteFunc(here, func(v verdict) bool { return v.what == "" }))
		return a.words("change/same_trust", "n", strconv.Itoa(checks)), false
	}
	return a.words("change/trust_differs", "here", a.count(here), "there", a.count(there)), true
}

// verdict is how a check went, or that an end refused.
type verdict struct {
	party string
	what  event.CheckName // "" of a refusal, whatever it was for
	fault string          // "" where it held; of a refusal the alert
}

func (a *asker) verdicts() (out []verdict) {
	for _, e := range a.events {
		if r, ok := e.(*event.Alert); ok && r.Dir == event.Send && r.Description != iana.CloseNotify {
			out = append(out, verdict{party: r.Party, fault: r.Description.String()})
		}
		c, ok := e.(*event.Check)
		if !ok || !slices.Contains(believable, c.What) {
			continue
		}
		v := verdict{party: c.Party, what: c.What}
		if !c.OK {
			v.fault = a.say.Get(narrate.Reason, narrate.ReasonKey(c.Err)).Title
		}
		out = append(out, v)
	}
	return out
}

// count says how many checks there were, which of them fail, and who refuses.
func (a *asker) count(verdicts []verdict) string {
	var fails []string
	checks := 0
	for _, v := range verdicts {
		if v.what == "" {
			fails = append(fails, a.words("change/refuses", "party", a.say.Party(v.party), "alert", v.fault))
			continue
		}
		checks++
		if v.fault != "" {
			fails = append(fails, a.words("change/fails", "party", a.say.Party(v.party), "check", a.say.Title(narrate.Check, string(v.what)), "why", v.fault))
		}
	}
	n := a.words("change/checks", "n", strconv.Itoa(checks))
	if len(fails) == 0 {
		return n + a.say.Comma() + a.words("change/all_hold")
	}
	return n + a.say.Comma() + a.say.List(fails)
}
