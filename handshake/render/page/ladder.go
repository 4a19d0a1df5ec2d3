package page

import (
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// act is one flow of a lesson: connections that belong together, and what was done around them.
type act struct {
	n         int
	flow      *event.Flow // what heads it; nil for a live connection
	events    []event.Event
	conn      int      // of a connection that no flow heads; 0 elsewhere
	parties   []string // from left to right
	onlookers []string // in the order of their columns
	flights   []*flight
	outcome   *event.Outcome
	heading   *place // of the flow's and of the outcome's telling
	ending    *place
	arrows    int
	messages  int             // that have a number
	replays   bool            // an attacker sends again what he recorded
	recorded  bool            // it was overheard, and neither end tells of it
	decided   map[string]bool // what a row has said was chosen
	ends      sheet.Ends
}

// flight is what a party sends before it has to hear from its peer, and before that the work
// that leads to it. One that heads a chapter has a step of a story as its work and sends
// nothing; so has what happens around the connections.
type flight struct {
	conn     int
	from, to string
	number   int // as the textbook counts, from 1; 0 where it counts none
	chapter  event.Stepped
	rows     []*row
	n        int // on its connection, from 1
	myths    []myth
}

// place is where what is told about some events stands.
type place struct {
	id     address
	seqs   []uint64 // the numbers of the events; for tests, never an address
	told   []told
	flight *flight // that it is in, or nil
}

// row is an arrow, or the work of a party before a flight.
type row struct {
	place
	party string // whose work it is; "" of an arrow
	items []*item
	arrow
}

// work reports whether a row is work, and no arrow.
func (r *row) work() bool { return r.party != "" }

// arrow is one thing that was sent.
type arrow struct {
	act      int  // whose it is, from 1
	n        int  // from 1, in an act: as --message takes it; 0 of an alert, and of a record alone
	count    int  // from 1, on the page
	far      bool // of data, behind much of it
	says     narrate.Sentence
	from, to string
	right    bool
	message  *event.Message
	data     *event.Data
	alert    *event.Alert
	records  []*event.Record
	keys     event.Keys
	unopened bool // a record that its receiver could not open
	sealed   bool // nobody reads it who has no keys
	tls13    bool
	forged   bool // it holds the certificate that a middle box has signed
	conn     int
	sights   map[string]event.Access
}

// item is one thing that a party did.
type item struct {
	place
	kind itemKind
	e    event.Event
}

// itemKind sorts items as a learner does.
type itemKind string

// The kinds of items.
const (
	itemReads    itemKind = "reads"
	itemSecret   itemKind = "secret"
	itemDecision itemKind = "decision"
	itemCheck    itemKind = "check"
	itemKeys     itemKind = "keys"
	itemScene    itemKind = "scene"
)

// ladder builds acts from events.
type ladder struct {
	acts   []*act
	home   map[event.Event]*place
	taken  ordinals
	talk   *narrate.Context // which flight a message belongs to
	says   narrate.Sentence // the caption of the event at hand
	number int              // the flight of the message at hand; 0 of none

	// Of the act at hand:
	act      *act
	sent     sent
	waiting  map[sheet.Leg][]*item // what a party has done since it last sent
	current  map[sheet.Leg]*flight // what it sends, as long as it has heard nothing since
	unread   map[sheet.Leg][]*event.Record
	last     map[sheet.Leg][]*event.Record // in which the last message came
	unsent   map[sheet.Leg][]*row          // arrows whose record has not gone out yet
	null     map[sheet.Leg]bool
	flights  map[int]int // by connection
	onlooked []*event.Onlooked
	recorded map[passing]bool            // records that an end has told of
	untold   map[heading][]*event.Record // that went by, and of which none has
	scene    *row                        // the last row made of a scene
	forged   []byte
}

func newLadder() *ladder {
	return &ladder{home: map[event.Event]*place{}, taken: ordinals{}, talk: new(narrate.Context)}
}

// build lays out all events. Leads says of a scene between two connections whether it leads to the
// one behind it; nil: none does.
func build(events []event.Event, leads func(event.Scene) bool) *ladder {
	l := newLadder()
	for _, g := range groups(events, leads) {
		l.begin(g.parties, g.flow)
		l.act.conn, l.act.events = g.conn, g.events
		for _, e := range g.events {
			if e != event.Event(g.flow) {
				l.event(e)
			}
		}
		l.finish()
	}
	return l
}

// begin begins an act.
func (l *ladder) begin(parties []string, f *event.Flow) {
	a := &act{n: len(l.acts) + 1, flow: f, parties: parties, heading: new(place), ending: new(place), decided: map[string]bool{}}
	if len(parties) == 0 {
		a.parties = []string{"client", "server"}
	}
	a.ends = sheet.NewEnds(a.parties)
	l.act, l.acts = a, append(l.acts, a)
	l.sent = sent{}
	l.waiting, l.current = map[sheet.Leg][]*item{}, map[sheet.Leg]*flight{}
	l.unread, l.last, l.unsent = map[sheet.Leg][]*event.Record{}, map[sheet.Leg][]*event.Record{}, map[sheet.Leg][]*row{}
	l.null, l.flights, l.onlooked, l.scene, l.forged = map[sheet.Leg]bool{}, map[int]int{}, nil, nil, nil
	l.recorded, l.untold = map[passing]bool{}, map[heading][]*event.Record{}
	if f != nil {
		a.ends.Through = f.Passthrough
		l.lives(f, a.heading)
	}
}

// lives says where an event is told.
func (l *ladder) lives(e event.Event, p *place) {
	l.home[e] = p
	p.seqs = append(p.seqs, e.Head().Seq)
}

// finish ends an act: what a party did and then sent nothing stands at the end.
func (l *ladder) finish() {
	if l.act == nil {
		return
	}
	l.settle(func(sheet.Leg) bool { return true })
	l.sightings()
	l.act = nil
}

// settle places what some have done since they last sent, and which leads to nothing that they send.
func (l *ladder) settle(whose func(sheet.Leg) bool) {
	legs := make([]sheet.Leg, 0, len(l.waiting))
	for leg, items := range l.waiting {
		if len(items) > 0 && whose(leg) {
			legs = append(legs, leg)
		}
	}
	slices.SortFunc(legs, func(a, b sheet.Leg) int {
		return int(l.waiting[a][0].seqs[0]) - int(l.waiting[b][0].seqs[0])
	})
	for _, leg := range legs {
		f := &flight{conn: leg.Conn, from: leg.Party}
		l.add(f)
		l.workOf(f, leg).take(l.waiting[leg])
		delete(l.waiting, leg)
	}
}

// turnsAway settles what a party did on its connections when it turns to something else around
// them: it has given those up. An interceptor has two at once, and goes back to either.
func (l *ladder) turnsAway(h *event.Meta) {
	if h.Conn == 0 && h.Party != "" && len(l.act.parties) == 2 {
		l.settle(func(leg sheet.Leg) bool { return leg.Party == h.Party })
	}
}

// add appends a flight to the act.
func (l *ladder) add(f *flight) {
	l.flights[f.conn]++
	f.n = l.flights[f.conn]
	l.act.flights = append(l.act.flights, f)
}

// workOf is the row of work of a flight, which stands first in it.
func (l *ladder) workOf(f *flight, leg sheet.Leg) *row {
	if len(f.rows) > 0 && f.rows[0].work() {
		return f.rows[0]
	}
	w := &row{place: place{flight: f}, party: leg.Party}
	w.id = l.taken.take(addressOf(connectionNumber(leg.Conn), "w", leg.Party, decimal(f.n)))
	f.rows = slices.Insert(f.rows, 0, w)
	return w
}

// take adds items to a row.
func (r *row) take(items []*item) {
	for _, it := range items {
		it.flight = r.flight
	}
	r.items = append(r.items, items...)
}

// event takes one event of the act at hand.
func (l *ladder) event(e event.Event) {
	h := e.Head()
	leg := sheet.LegOf(h)
	l.act.ends.Learn(h)
	l.says, l.number = narrate.Caption(e, l.talk), 0
	switch e := e.(type) {
	case *event.Onlooked:
		l.onlooked = append(l.onlooked, e)
		l.wentBy(e)
	case *event.Outcome:
		l.act.outcome = e
		l.lives(e, l.act.ending)
	case event.Scene:
		l.turnsAway(h)
		l.play(e)
	case *event.Message:
		l.message(e, leg)
	case *event.Record:
		l.record(e, leg)
	case *event.Data:
		l.data(e, leg)
	case *event.Alert:
		l.alert(e, leg)
	case *event.KeyChange:
		l.act.ends.Keys[leg.Way(e.Dir)] = e.Keys
		l.null[leg] = e.EncryptsNothing()
		if r := l.lastArrow(); r != nil && l.act.recorded { // it is all that is known of its cause
			l.lives(e, &r.place)
			return
		}
		l.did(e, leg, itemKeys, e.Dir.String()+"_keys")
	case *event.Decision:
		if e.What == event.DecisionVersion && isTLS13(e.Chosen) {
			l.act.ends.TLS13[leg] = true
		}
		l.did(e, leg, itemDecision, string(e.What))
	case *event.Check:
		l.did(e, leg, itemCheck, string(e.What))
	case *event.Secret:
		l.did(e, leg, itemSecret, string(e.Label))
	}
}

// did notes what a party did: for the flight that it is sending, or for the next.
func (l *ladder) did(e event.Event, leg sheet.Leg, kind itemKind, label string) *item {
	it := &item{kind: kind, e: e}
	it.id = l.taken.take(addressOf(connectionNumber(leg.Conn), leg.Party, label))
	l.lives(e, &it.place)
	if l.act.looksOn(leg.Party) {
		l.behind(it, leg)
	} else if f := l.current[leg]; f != nil {
		l.workOf(f, leg).take([]*item{it})
	} else {
		l.waiting[leg] = append(l.waiting[leg], it)
	}
	return it
}

// lastArrow is the arrow that was drawn last, or nil.
func (l *ladder) lastArrow() *row {
	for _, f := range slices.Backward(l.act.flights) {
		for _, r := range slices.Backward(f.rows) {
			if !r.work() {
				return r
			}
		}
	}
	return nil
}

// looksOn reports whether a party is at neither end of what was recorded: it has that, and keys.
func (a *act) looksOn(party string) bool {
	return a.recorded && party != lessonItself && !slices.Contains(a.parties, party)
}

// behind puts what one did who looks on behind what it is about: the arrow that was drawn last.
func (l *ladder) behind(it *item, leg sheet.Leg) {
	f := l.lastFlight()
	if f == nil || f.conn != leg.Conn {
		f = &flight{conn: leg.Conn, from: leg.Party}
		l.add(f)
	}
	var r *row
	if n := len(f.rows); n > 0 && f.rows[n-1].party == leg.Party {
		r = f.rows[n-1]
	} else {
		r = &row{place: place{flight: f}, party: leg.Party}
		r.id = l.taken.take(addressOf(connectionNumber(leg.Conn), "w", leg.Party, decimal(f.n)))
		f.rows = append(f.rows, r)
	}
	r.take([]*item{it})
}

// heard notes that a party has received something: what it does from now on leads to what it
// sends next.
func (l *ladder) heard(leg sheet.Leg) { delete(l.current, leg) }

// sends makes the arrow of what a party sends, or of what has reached it from a peer that told
// nothing: then sender is the peer's end.
func (l *ladder) sends(from sheet.Leg, to string, e event.Event, label string) *row {
	f := l.lastFlight()
	if f == nil || f.to != to || f.from != from.Party || f.conn != from.Conn {
		f = l.flightOf(from, to, e)
	}
	l.current[from] = f
	if items := l.waiting[from]; len(items) > 0 {
		l.workOf(f, from).take(items)
		delete(l.waiting, from)
	}
	l.act.arrows++
	r := &row{place: place{flight: f}, arrow: arrow{act: l.act.n, says: l.says, from: from.Party, to: to, conn: from.Conn}}
	r.right = slices.Index(l.act.parties, r.from) < slices.Index(l.act.parties, r.to)
	r.id = l.taken.take(addressOf(connectionNumber(from.Conn), label))
	f.rows = append(f.rows, r)
	l.lives(e, &r.place)
	return r
}

// flightOf is the flight that begins with e. What a silent party has sent at once is read bit by
// bit, with answers in between: it stands in the flight that it was sent in all the same.
func (l *ladder) flightOf(from sheet.Leg, to string, e event.Event) *flight {
	number := l.number
	if d, ok := e.(*event.Data); ok && readEarly(d) {
		number = 1
	}
	if from.Party != e.Head().Party && number > 0 {
		for _, f := range l.act.flights {
			if f.conn == from.Conn && f.from == from.Party && f.to == to && f.number == number {
				return f
			}
		}
	}
	f := &flight{conn: from.Conn, from: from.Party, to: to}
	l.add(f)
	return f
}

// readEarly reports whether this is the receiver's event of early data.
func readEarly(e *event.Data) bool {
	return e.Dir == event.Receive && e.State == event.WaitEndOfEarlyData
}

// numbered gives an arrow its number in its act: the terminal's, which counts messages and data as
// they are told of. Alerts, and records of which nothing more is known, have none.
func (l *ladder) numbered(r *row) {
	l.act.messages++
	r.n = l.act.messages
}

// ways is between whom something travels that an end tells of.
func (l *ladder) ways(leg sheet.Leg, dir event.Direction) (from sheet.Leg, to string) {
	peer := l.act.ends.Peer(leg)
	if dir == event.Send {
		return leg, peer
	}
	return sheet.Leg{Party: peer, Conn: leg.Conn}, leg.Party
}
