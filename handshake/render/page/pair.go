package page

import (
	"io"
	"slices"
	"strings"

	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
)

// Pair is two runs of a lesson, one beside the other.
type Pair struct {
	Left, Right PairSide
	Acts        []PairAct
}

// PairSide is one of them.
type PairSide struct {
	Command string // that plays it
	To      Query  // its own page
	Ended   string // how it ended, in a sentence
}

// PairAct is a flow of both, and what it took in each.
type PairAct struct {
	beside.Act
	Counts []PairCount
	Reads  []PairReads
}

// PairCount is a number of both. Of a flow that one run has not there is none: Missing.
type PairCount struct {
	Key         string // narrate's "count/" and this
	Left, Right int
}

// Missing is a number that is none.
const Missing = -1

// PairReads is how many records of a flow an onlooker reads, at once or once the key is stolen, of
// how many there are.
type PairReads struct {
	Onlooker    string
	Left, Right Readable
}

// Readable is records of a flow, as one onlooker has them.
type Readable struct{ Reads, Later, All int }

// ReadableOf counts, for each onlooker, what is told last of each record.
func ReadableOf(events []event.Event) (who []string, of map[string]Readable) {
	type record struct {
		conn, n  int
		toServer bool
	}
	last := map[record]event.Overheard{}
	for _, e := range events {
		o, ok := e.(*event.Onlooked)
		if !ok {
			continue
		}
		for i, r := range o.Records {
			last[record{o.Conn, o.First + i, o.ToServer}] = r
		}
	}
	of = map[string]Readable{}
	for _, r := range last {
		for _, s := range r.By {
			c := of[s.Onlooker]
			c.All++
			switch s.Access {
			case event.AccessReads:
				c.Reads++
			case event.AccessLater:
				c.Later++
			}
			of[s.Onlooker] = c
		}
	}
	for name := range of {
		who = append(who, name)
	}
	slices.Sort(who)
	return who, of
}

// WritePair writes two runs side by side: how each ended, what each took, who could read it, and
// the messages with what differs. The error is the writer's.
func WritePair(w io.Writer, p Pair, o Options) error {
	d := newDocument(o, nil)
	d.sheet(d.lab("pair"), func() {
		d.in(elTable, []pair{class(classReaders, classPair)}, func() {
			d.pairHead("", d.lab("left"), d.lab("right"))
			d.pairLine(d.lab("command"), func(s PairSide) { d.with(elA, s.Command, ask(s.To), value(attrTranslate, "no")) }, p)
			if d.o.Predict == nil {
				d.pairEnded(p)
			}
		})
		if d.o.Predict != nil { // what differs is asked before any of it is shown
			d.askLeft()
			d.in(elTable, []pair{class(classReaders, classPair)}, func() { d.pairEnded(p) })
		}
		for i, a := range p.Acts {
			d.pairAct(i+1, a)
		}
		d.score()
	})
	return d.to(w)
}

func (d *document) pairEnded(p Pair) {
	d.pairLine(d.lab("ended"), func(s PairSide) { d.text(s.Ended) }, p)
}

func (d *document) pairHead(words ...string) {
	d.newline()
	d.in(elTr, nil, func() {
		for _, w := range words {
			if w == "" {
				d.start(elTd)
				d.end()
				continue
			}
			d.with(elTh, w, value(attrScope, "col"))
		}
	})
}

func (d *document) pairLine(what string, side func(PairSide), p Pair) {
	d.newline()
	d.in(elTr, nil, func() {
		d.with(elTh, what, value(attrScope, "row"))
		d.in(elTd, nil, func() { side(p.Left) })
		d.in(elTd, nil, func() { side(p.Right) })
	})
}

// pairAct writes a flow of both.
func (d *document) pairAct(n int, a PairAct) {
	d.newline()
	d.in(elSection, []pair{id(addressOf("p" + decimal(n)))}, func() {
		heading := d.flowName(a.Left)
		if a.Right != a.Left {
			heading += " | " + d.flowName(a.Right)
		}
		d.with(elH2, heading)
		d.in(elTable, []pair{class(classReaders, classPair)}, func() {
			d.pairHead("", d.lab("left"), d.lab("right"))
			for _, c := range a.Counts {
				d.compared(d.lab("count/"+c.Key), c.Left == c.Right, d.counted(c.Left), d.counted(c.Right))
			}
			for _, r := range a.Reads {
				d.compared(narrate.Fill(d.lab("reads"), map[string]string{"who": d.say.Party(r.Onlooker)}), r.Left == r.Right, d.readable(r.Left), d.readable(r.Right))
			}
		})
		for i, r := range a.Rows {
			d.pairRow(addressOf("p"+decimal(n), decimal(i+1)), i+1, a.connections(), r)
		}
	})
}

// connections are those on which something travels, in their order.
func (a PairAct) connections() (conns []int) {
	for _, r := range a.Rows {
		if c := r.Either().Event.Head().Conn; !slices.Contains(conns, c) {
			conns = append(conns, c)
		}
	}
	slices.Sort(conns)
	return conns
}

// flowName is what a flow is called, or that there is none.
func (d *document) flowName(name string) string {
	if name == "" {
		return d.lab("nothing")
	}
	return d.say.Get(narrate.Scene, "flow/"+name).Title
}

func (d *document) counted(n int) string {
	if n == Missing {
		return "–"
	}
	return decimal(n)
}

func (d *document) readable(r Readable) string {
	if r.All == 0 {
		return "–"
	}
	s := narrate.Fill(d.lab("readable"), map[string]string{"n": decimal(r.Reads), "all": decimal(r.All)})
	if r.Later > 0 {
		s += d.say.Semicolon() + narrate.Fill(d.lab("readable_later"), map[string]string{"n": decimal(r.Later)})
	}
	return s
}

// compared is a line of a table, marked if the two differ.
func (d *document) compared(what string, same bool, left, right string) {
	d.newline()
	d.in(elTr, []pair{class(differClass(same))}, func() {
		d.in(elTh, []pair{value(attrScope, "row")}, func() {
			d.text(what)
			d.mark(same)
		})
		d.with(elTd, left)
		d.with(elTd, right)
	})
}

// mark says that the two differ: not by colour alone.
func (d *document) mark(same bool) {
	if !same {
		d.space()
		d.with(elSpan, "≠", value(attrTitle, d.lab("differs")), class(classMark))
	}
}

// pairRow writes the nth message of both, or of one of them. It opens to its fields. An interceptor
// says the same on both of its connections: which it is is told where there are several.
func (d *document) pairRow(at address, n int, conns []int, r beside.Row) {
	d.newline()
	d.in(elDetails, []pair{id(at), class(classPairRow, differClass(r.Same()))}, func() {
		e := r.Either()
		d.in(elSummary, nil, func() {
			d.with(elSpan, decimal(n), class(classN))
			d.space()
			party := d.say.Party(e.Party)
			if i := slices.Index(conns, e.Event.Head().Conn); len(conns) > 1 {
				party += d.say.Comma() + d.say.UI("page.leg", "leg", string(rune('A'+i)))
			}
			d.text(party + d.say.Colon())
			d.with(elB, d.say.Sent(e.Event))
			d.space()
			d.with(elSpan, d.pairSays(r), class(classSize))
			d.mark(r.Same())
		})
		d.fieldsBeside(n, r)
	})
}

func differClass(same bool) className {
	if same {
		return noClass
	}
	return classDiffers
}

// pairSays says in how far two messages are the same.
func (d *document) pairSays(r beside.Row) string {
	n := 0
	for _, f := range r.Fields {
		if !f.Same() {
			n++
		}
	}
	size := func(s *beside.Sent) string { return d.size(len(s.Bytes)) }
	switch {
	case r.Right == nil:
		return d.lab("left_only") + d.say.Comma() + size(r.Left)
	case r.Left == nil:
		return d.lab("right_only") + d.say.Comma() + size(r.Right)
	case r.Same():
		return d.lab("same") + d.say.Comma() + size(r.Left)
	case len(r.Fields) == 0:
		return size(r.Left) + " | " + size(r.Right)
	}
	return size(r.Left) + " | " + size(r.Right) + d.say.Semicolon() + narrate.Fill(d.lab("fields_differ"), map[string]string{"n": decimal(n), "all": decimal(len(r.Fields))})
}

// fieldsBeside writes the fields of two messages, or the bytes where there are none.
func (d *document) fieldsBeside(n int, r beside.Row) {
	sides := []string{d.lab("left"), d.lab("right")}
	d.in(elTable, []pair{class(classPair), value(attrTranslate, "no")}, func() {
		if len(r.Fields) == 0 {
			d.in(elTr, []pair{class(differClass(r.Same()))}, func() {
				for i, s := range []*beside.Sent{r.Left, r.Right} {
					d.in(elTd, nil, func() {
						if s != nil {
							d.octets(decimal(n)+" "+d.say.Sent(s.Event)+", "+sides[i], s.Bytes)
						}
					})
				}
			})
			return
		}
		for i, f := range r.Fields {
			d.newline()
			d.in(elTr, []pair{class(differClass(f.Same()))}, func() {
				d.in(elTh, []pair{value(attrScope, "row")}, func() {
					d.text(withParent(f.Name))
					d.mark(f.Same())
				})
				what := lastOf(f.Name) + " " + decimal(i+1) + ", " + decimal(n) + " " + d.say.Sent(r.Either().Event)
				d.in(elTd, nil, func() {
					if f.Left != nil {
						d.value(what+", "+sides[0], f.InLeft, f.Left.Value)
					}
				})
				d.in(elTd, nil, func() {
					if f.Right != nil {
						d.value(what+", "+sides[1], f.InRight, f.Right.Value)
					}
				})
			})
		}
	})
}

// withParent is a field's name behind what it is of: a message has many that are called length.
func withParent(name string) string {
	if of := strings.TrimSuffix(name, "."+lastOf(name)); of != name {
		return lastOf(of) + "." + lastOf(name)
	}
	return name
}
