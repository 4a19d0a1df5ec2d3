package page

import (
	"slices"
	"strings"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// secret is a value of one connection, whichever of its ends computed it first.
type secret struct {
	id      address // its cell's
	first   *item   // where it was computed first
	e       *event.Secret
	knows   []string // the parties that told of it
	from    []*secret
	into    []*secret
	anybody bool   // it was sent for all to read, or can be computed from what was
	read    bool   // it was sent so that whoever listens reads it
	maker   string // "client" or "server", where one end made it and sent it; "" of what both compute
}

// secretKey tells secrets of a connection apart.
type secretKey struct {
	conn         int
	label, value string
}

// graph is the secrets of all acts, by connection, in the order of computing.
type graph struct {
	of      map[event.Event]*secret
	sent    map[string]*secret // by value: those that a message carries
	groups  []*secretGroup
	carried map[int]map[string]crossing // by connection and value: what messages carried
}

// crossing is how a value went over the wire, as a field of a message.
type crossing struct {
	by   string // "client" or "server": whose message it was in first
	read bool   // a listener read a message that it was in
}

// shortest is how many bytes a value has at least that is found again in a message: fewer could be
// there by chance.
const shortest = 12

// crossings are the values that messages of an act carried, by connection.
func (g *graph) crossings(a *act) {
	for _, f := range a.flights {
		for _, r := range f.rows {
			if r.message == nil {
				continue
			}
			of := g.carried[r.conn]
			if of == nil {
				of = map[string]crossing{}
				g.carried[r.conn] = of
			}
			for _, x := range r.message.Fields {
				if x.Leaf() && x.Len >= shortest && x.Off+x.Len <= len(r.message.Raw) {
					v := string(r.message.Raw[x.Off : x.Off+x.Len])
					c := of[v]
					if c.by == "" {
						c.by = a.end(r)
					}
					c.read = c.read || r.overheard()
					of[v] = c
				}
			}
		}
	}
}

// overheard reports whether who listens on the wire reads what an arrow carries: as it was tried,
// or where nobody tried, as keys or none protect it.
func (r *row) overheard() bool {
	if access, tried := r.sights["listener"]; tried {
		return access == event.AccessReads
	}
	return !r.sealed
}

// end is which end of its connection sent an arrow.
func (a *act) end(r *row) string {
	if role := a.ends.Role[sheet.Leg{Party: r.from, Conn: r.conn}]; role != "" {
		return role
	}
	if r.right {
		return event.Client.String()
	}
	return event.Server.String()
}

// secretGroup is the secrets of one connection.
type secretGroup struct {
	act     *act
	conn    int
	all     []*secret
	parties []string
}

// edgesOf makes the graph: an input that says From which secret it comes is an edge. Equal bytes
// are none.
func edgesOf(l *ladder) *graph {
	g := &graph{of: map[event.Event]*secret{}, sent: map[string]*secret{}, carried: map[int]map[string]crossing{}}
	for _, a := range l.acts {
		g.crossings(a)
		known, groups := map[secretKey]*secret{}, map[int]*secretGroup{}
		for _, f := range a.flights {
			for _, r := range f.rows {
				for _, it := range r.items {
					if e, ok := it.e.(*event.Secret); ok {
						g.secret(a, it, e, known, groups)
					}
				}
			}
		}
	}
	return g
}

func (g *graph) secret(a *act, it *item, e *event.Secret, known map[secretKey]*secret, groups map[int]*secretGroup) {
	group := groups[e.Conn]
	if group == nil {
		group = &secretGroup{act: a, conn: e.Conn}
		groups[e.Conn] = group
		g.groups = append(g.groups, group)
	}
	key := secretKey{e.Conn, string(e.Label), string(e.Value)}
	s := known[key]
	if s == nil {
		s = &secret{id: addressOf("s", string(it.id)), first: it, e: e}
		known[key] = s
		if c, ok := g.carried[e.Conn][string(e.Value)]; ok {
			s.maker, s.read = c.by, c.read
			s.anybody = c.read
		}
		if e.Label.Travels() && g.sent[string(e.Value)] == nil {
			g.sent[string(e.Value)] = s
		}
		group.all = append(group.all, s)
	}
	g.of[e] = s
	if !slices.Contains(s.knows, e.Party) {
		s.knows = append(s.knows, e.Party)
	}
	if !slices.Contains(group.parties, e.Party) {
		group.parties = append(group.parties, e.Party)
	}
	open := len(e.Inputs) > 0
	for _, in := range e.Inputs {
		from := known[secretKey{e.Conn, string(in.From), string(in.Bytes)}]
		if in.From != "" && from != nil && from != s {
			if !slices.Contains(s.from, from) {
				s.from, from.into = append(s.from, from), append(from.into, s)
			}
			open = open && from.anybody
		} else if in.Private {
			open = false
		}
	}
	if open && e.Function != event.FunctionSession {
		s.anybody = true
	}
}

// column is who makes a value, or writes with it: the client, both, or the server.
func (s *secret) column() className {
	switch {
	case s.maker == event.Client.String():
		return classLeft
	case s.maker == event.Server.String():
		return classRight
	case strings.HasPrefix(string(s.e.Label), "client_"):
		return classLeft
	case strings.HasPrefix(string(s.e.Label), "server_"):
		return classRight
	}
	return classMiddle
}

// secrets is the grid of what was computed: three columns, rows in the order of computing, links
// to what each is made from and used in.
func (d *document) secrets() {
	if len(d.graph.groups) == 0 {
		return
	}
	d.newline()
	d.in(elSection, []pair{id("secrets")}, func() {
		d.start(elDetails)
		d.in(elSummary, nil, func() { d.with(elH2, d.say.UI("page.secrets")) })
		d.with(elP, d.say.UI("page.secrets_how"))
		for i, g := range d.graph.groups {
			d.grid(i+1, g)
		}
		d.end()
	})
}

// grid draws the secrets of one connection, and the choice of a party to look with.
func (d *document) grid(n int, g *secretGroup) {
	d.newline()
	d.start(elFieldset, class(classKnower))
	legend := d.say.UI("page.choose_party")
	if len(d.graph.groups) > 1 {
		legend = d.say.Aside(legend, d.say.UI("page.connection", "n", decimal(n)))
	}
	d.with(elLegend, legend)
	parties := append(slices.Clone(g.parties), anybody)
	for i, p := range parties {
		this := addressOf("k", decimal(n), p)
		d.start(elInput, id(this), value(attrType, "radio"), value(attrName, "knower-"+decimal(n)), value(attrValue, p), when(i == 0, is(attrChecked)))
		name := d.party(p)
		if len(d.graph.groups) > 1 {
			name = d.say.Aside(name, decimal(n))
		}
		d.with(elLabel, name, value(attrFor, string(this)))
	}
	d.start(elDiv, class(classGrid))
	for _, c := range []string{"client_writes", "both", "server_writes"} {
		d.with(elDiv, d.say.UI("page."+c), class(classColumn))
	}
	for _, s := range g.all {
		d.cellOf(s, parties)
	}
	d.end()
	d.end()
}

// anybody is who has only read what went by.
const anybody = "anybody"

// party is what a party of the grid is called.
func (d *document) party(p string) string {
	if p == anybody {
		return d.say.UI("page.anybody")
	}
	return d.say.Party(p)
}

// cellOf is one secret.
func (d *document) cellOf(s *secret, parties []string) {
	d.newline()
	knows := slices.Clone(s.knows)
	could := ""
	if s.anybody {
		if s.read {
			knows = parties
		} else {
			could = anybody
		}
	}
	d.start(elDiv, class(classSecret, s.column()), id(s.id), value(attrDataKnows, strings.Join(knows, " ")), when(could != "", value(attrDataCould, could)))
	d.with(elA, string(s.e.Label), class(classCalled), to(s.first.id), value(attrTranslate, "no"), placed(string(s.e.Label), s.first.id))
	if m := d.madeBy(s.e); m != "" {
		d.space()
		d.with(elSpan, m, class(classWhy))
	}
	d.links(classMade, "page.made_from", s.from, (*secret).cell)
	d.links(classUsed, "page.used_in", s.into, (*secret).cell)
	d.end()
}

// madeBy is how a secret is made, as a person writes it; "" of what an attacker has stolen, or guesses.
func (d *document) madeBy(e *event.Secret) string {
	if key := narrate.Unmade(e); key != "" {
		if e.Party == "attacker" {
			return ""
		}
		return d.say.UI(key)
	}
	if e.Tag != "" {
		return sheet.Text(e.Method) + " “" + sheet.Text(e.Tag) + "”"
	}
	return sheet.Text(e.Method)
}

// cell is where a secret stands in the grid.
func (s *secret) cell() address { return s.id }

// computed is where it was computed first.
func (s *secret) computed() address { return s.first.id }

// links leads to other secrets, to the place of each that where names.
func (d *document) links(c className, key string, others []*secret, where func(*secret) address) {
	if len(others) == 0 {
		return
	}
	d.space()
	d.in(elSpan, []pair{class(c)}, func() {
		d.with(elSpan, d.say.UI(key), class(classDim))
		for _, o := range others {
			d.space()
			at := where(o)
			d.with(elA, string(o.e.Label), to(at), value(attrTranslate, "no"), placed(string(o.e.Label), at))
		}
	})
}

// placed is the name of a link of which there are many: two that lead to different places are not
// called the same, and each is called the same whatever else the page holds.
func placed(name string, at address) pair {
	return value(attrAriaLabel, name+" ("+string(at)+")")
}

// edges are the same links where a secret was computed.
func (d *document) edges(it *item) {
	s := d.graph.of[it.e]
	if s == nil || s.first != it || len(s.from)+len(s.into) == 0 {
		return
	}
	d.in(elDiv, []pair{class(classEdges)}, func() {
		d.links(classMade, "page.made_from", s.from, (*secret).computed)
		d.links(classUsed, "page.used_in", s.into, (*secret).computed)
	})
}
