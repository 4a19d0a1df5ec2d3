package scenario

import (
	"bytes"

	"tlslab/handshake/event"
	"tlslab/handshake/observe"
)

// Who looks on at a connection, and tries each record as it goes by. What they could do with
// all of it is told in the end: knowledge.go.

// onlook has all onlookers try what an end has sent. It is told at once; but where it goes to
// an interceptor, whose keys may come with it, once he has read it.
func (p *play) onlook(l *line, toServer bool, b []byte) {
	p.tellOwed()
	if l.panel == nil {
		if l.panel, p.onlookErr = p.onlookers(l); p.onlookErr != nil {
			return
		}
	}
	to, sent := &l.c, bytes.Clone(b)
	if toServer {
		to = &l.s
	}
	p.owed = func() {
		for _, o := range l.panel.Heard(toServer, sent) {
			p.Scene(o.Party, o)
		}
		p.onlookErr = l.panel.Err()
	}
	p.reader.Conn, p.reader.Party = l.conn, to.party
	if !to.relay {
		p.tellOwed()
	}
}

// tellOwed tells what the onlookers made of what was last sent, if that is still to be told.
func (p *play) tellOwed() {
	if tell := p.owed; tell != nil {
		p.owed = nil
		tell()
	}
}

// reading reports whether an event is of the interceptor's reading what he was sent last.
func (p *play) reading(e event.Event) bool {
	dir := event.Receive
	switch e := e.(type) {
	case event.Scene, *event.Stop:
		return false
	case *event.Message:
		dir = e.Dir
	case *event.Record:
		dir = e.Dir
	case *event.Alert:
		dir = e.Dir
	case *event.Data:
		dir = e.Dir
	}
	h := e.Head()
	return dir == event.Receive && h.Conn == p.reader.Conn && h.Party == p.reader.Party
}

// onlookers are who watch a connection: the listener, the interceptor if there is one, and
// the thieves who matter.
func (p *play) onlookers(l *line) (*observe.Panel, error) {
	own := observe.Options{Conn: l.conn, Suites: p.o.Suites, Time: p.Now}
	listener, others := own, []observe.Onlooker(nil)
	if p.o.MITM {
		others = append(others, l.interceptor(own))
	}
	others = append(others, p.thief.Onlooker(own))
	switch {
	case p.o.PSK != nil:
		has := own
		has.PSKs = [][]byte{p.o.PSK.Key}
		others = append(others, observe.Onlooker{Party: "psk_thief", Later: true, Has: has})
	case p.o.Resume != NoResume && l.kept != nil && l.kept.tickets != nil:
		thief := observe.NewTicketThief(inTicket(l.kept.tickets))
		listener.Listener = thief
		others = append(others, thief.Onlooker(own))
	}
	return observe.NewPanel(observe.Line{Conn: l.conn, Client: l.c.party, Server: l.s.party}, listener, others...)
}

// interceptor looks on with the keys that his own end of a connection has logged by then;
// where he is at neither end of it, he has none.
func (l *line) interceptor(own observe.Options) observe.Onlooker {
	o := observe.Onlooker{Party: "mitm", Has: own}
	for _, e := range []*end{&l.c, &l.s} {
		if e.party != "mitm" {
			continue
		}
		logged := 0
		o.Gains = func() (observe.Options, bool) {
			keys, before := e.keys.Bytes(), logged
			logged = len(keys)
			now := own
			now.KeyLog = bytes.NewReader(bytes.Clone(keys))
			return now, logged > before
		}
	}
	return o
}
