package observe

import (
	"bytes"

	"tlslab/handshake/event"
)

// Who can read it: a Panel tries every record of a connection, as it goes by, with what each
// onlooker has, and says what came of it. Nothing is inferred: each onlooker is an Observer.

// Onlooker is one who watches a connection beside the listener.
type Onlooker struct {
	Party string // as narrate knows it: "mitm", "thief", "ticket_thief", "psk_thief", "log_reader"
	// Later: he comes by his keys when the connection is over, and reads a recording of it.
	// What he opens and the listener does not is event.AccessLater. Else it is AccessReads.
	Later bool
	Has   Options // what he has when the connection begins
	// Gains is asked at each flight, when the listener has heard it: what he has by now, and
	// whether that is more than when he was asked before. Nil: he gains nothing.
	Gains func() (now Options, more bool)

	learnt func(*Master) // told once of the secret that opened a handshake of TLS 1.2
}

// Line is a connection as those call it who look on.
type Line struct {
	Conn           int
	Client, Server string // who speaks at either end: "client", "attacker", "mitm"; "server"
}

// Panel is all who look on at one connection. The first is the listener, who has no keys. It
// is not safe for concurrent use.
//
// An onlooker who gains nothing follows with one Observer, so a long connection costs each
// record once; one who has gained something hears the recording again from its beginning.
// The recording is kept only as long as somebody may gain something that matters.
type Panel struct {
	line  Line
	views []*view
	flows [2]stretch // to the server, and to the client
	kept  []piece    // what went by, if somebody may gain
	err   error
}

// view is one onlooker at work.
type view struct {
	Onlooker
	ob *Observer
	// opened says of each record whether it opened, to the server and to the client.
	opened [2][]bool
}

// stretch is what has gone one way.
type stretch struct {
	buf     []byte
	records int
	kept    [][]byte         // the records, if somebody may gain; from number 1
	said    [][]event.Access // of those, in the order of the views
}

// piece is what one end sent at once.
type piece struct {
	toServer bool
	bytes    []byte
}

const (
	toServer = iota
	toClient
)

// NewPanel returns the panel of a connection from its first byte on. listener says what the
// listener's Observer is given; his keys are none. The others follow him in the order given.
// The error is about a key log.
func NewPanel(line Line, listener Options, others ...Onlooker) (*Panel, error) {
	listener.KeyLog, listener.Keys, listener.RSAKey, listener.Masters, listener.PSKs = nil, nil, nil, nil, nil
	p := &Panel{line: line}
	for _, o := range append([]Onlooker{{Party: "listener", Has: listener}}, others...) {
		v := &view{Onlooker: o}
		if err := v.begin(o.Has); err != nil {
			return nil, err
		}
		p.views = append(p.views, v)
	}
	return p, nil
}

// begin makes v follow a connection from its first byte on.
func (v *view) begin(o Options) (err error) {
	v.opened = [2][]bool{}
	o.Forget = true
	if v.ob, err = New(o); err != nil {
		return err
	}
	v.ob.each = func(server, opened bool) {
		way := toServer
		if server {
			way = toClient
		}
		v.opened[way] = append(v.opened[way], opened)
	}
	return nil
}

// hear follows what was sent.
func (v *view) hear(s piece) {
	if s.toServer {
		v.ob.ClientBytes(s.bytes)
	} else {
		v.ob.ServerBytes(s.bytes)
	}
}

// Heard takes what one end has sent, and returns what each onlooker made of the records that
// are whole with it; nothing if none is. Before it may stand what an onlooker can read since,
// of records that were told of earlier (event.Onlooked.Again). Meta has the party and the
// connection, and wants the rest.
//
// Bytes that are no records, and those of a record whose end has not come, are told of by
// nobody. A direction that an Observer has given up (Report.Err) opens no more to it.
func (p *Panel) Heard(fromClient bool, b []byte) (out []*event.Onlooked) {
	sent := piece{fromClient, b}
	gains := false // somebody may, still
	for _, v := range p.views {
		gains = gains || v.Gains != nil
	}
	if gains {
		sent.bytes = bytes.Clone(b)
		p.kept = append(p.kept, sent)
	}
	again := false
	for _, v := range p.views {
		if p.gain(v) {
			again = true
			for _, s := range p.kept {
				v.hear(s)
			}
		} else {
			v.hear(sent)
		}
		if v.learnt != nil && v.ob.done == 2 {
			if m := v.ob.Report().Master; m != nil {
				v.learnt(m)
			}
			v.learnt = nil
		}
	}
	if again {
		out = append(p.again(toServer), p.again(toClient)...)
	}
	way := toClient
	if fromClient {
		way = toServer
	}
	out = append(out, p.next(way, b, gains)...)
	p.settle()
	return out
}

// Observer is the one who looks on as party; nil if nobody does. Who has gained something follows
// with another from then on.
func (p *Panel) Observer(party string) *Observer {
	for _, v := range p.views {
		if v.Party == party {
			return v.ob
		}
	}
	return nil
}

// Err is the first thing wrong with a key log that an onlooker has gained. He goes on with
// what he had before.
func (p *Panel) Err() error { return p.err }

// gain asks v what it has by now. If that is more, v begins anew, and has heard nothing.
func (p *Panel) gain(v *view) bool {
	if v.Gains == nil {
		return false
	}
	now, more := v.Gains()
	if !more {
		return false
	}
	ob, opened := v.ob, v.opened
	if err := v.begin(now); err != nil {
		v.ob, v.opened = ob, opened
		if p.err == nil {
			p.err = err
		}
		return false
	}
	return true
}

// next tells of the records that are whole with b.
func (p *Panel) next(way int, b []byte, keep bool) []*event.Onlooked {
	f := &p.flows[way]
	f.buf = append(f.buf, b...)
	told := p.onlooked(way, f.records+1)
	for rec := whole(f.buf); rec != nil; rec = whole(f.buf) {
		f.buf = f.buf[len(rec):]
		f.records++
		access := p.access(way, f.records)
		told.Records = append(told.Records, p.overheard(bytes.Clone(rec), access))
		if keep {
			f.kept, f.said = append(f.kept, bytes.Clone(rec)), append(f.said, access)
		}
	}
	if len(told.Records) == 0 {
		return nil
	}
	return []*event.Onlooked{told}
}

// again tells of records that an onlooker can read since they were told of.
func (p *Panel) again(way int) (out []*event.Onlooked) {
	f := &p.flows[way]
	run := false // of records that stand side by side
	for i, rec := range f.kept {
		access := p.access(way, i+1)
		changed := false
		for j := range access {
			changed = changed || access[j] != f.said[i][j]
		}
		if !changed {
			run = false
			continue
		}
		if !run {
			out = append(out, p.onlooked(way, i+1))
			out[len(out)-1].Again = true
		}
		run, f.said[i] = true, access
		last := out[len(out)-1]
		last.Records = append(last.Records, p.overheard(bytes.Clone(rec), access))
	}
	return out
}

func (p *Panel) onlooked(way, first int) *event.Onlooked {
	from := p.line.Client
	if way == toClient {
		from = p.line.Server
	}
	return &event.Onlooked{Meta: event.Meta{Conn: p.line.Conn, Party: from}, ToServer: way == toServer, First: first}
}

func (p *Panel) overheard(rec []byte, access []event.Access) event.Overheard {
	o := event.Overheard{Wire: rec, By: make([]event.Sight, len(access))}
	for i, a := range access {
		o.By[i] = event.Sight{Onlooker: p.views[i].Party, Access: a}
	}
	return o
}

// access is what each onlooker made of record n of a direction.
func (p *Panel) access(way, n int) []event.Access {
	out := make([]event.Access, len(p.views))
	bare := p.views[0].reads(way, n)
	for i, v := range p.views {
		switch {
		case bare: // what the listener can do without keys, everybody can, whatever else does not open
			out[i] = event.AccessReads
		case !v.reads(way, n):
			out[i] = event.AccessSealed
		case v.Later:
			out[i] = event.AccessLater
		default:
			out[i] = event.AccessReads
		}
	}
	return out
}

// reads reports whether record n of a direction opened. One that the Observer had given up
// before did not.
func (v *view) reads(way, n int) bool { return n <= len(v.opened[way]) && v.opened[way][n-1] }

// settle lets go of the recording when nobody has anything to gain any more: whoever has the
// last keys that a handshake makes has all.
func (p *Panel) settle() {
	for _, v := range p.views {
		if v.Gains != nil && !v.ob.hasAll() {
			return
		}
		v.Gains = nil
	}
	p.kept = nil
	for way := range p.flows {
		p.flows[way].kept, p.flows[way].said = nil, nil
	}
}

// hasAll reports whether no key is missing for what is still to come.
func (o *Observer) hasAll() bool {
	return o.verified || o.client.logged[application] != nil && o.server.logged[application] != nil
}
