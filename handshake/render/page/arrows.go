package page

import (
	"crypto/sha256"
	"slices"
	"strconv"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

// sent is what was sent and what no other party has told of receiving yet, with its arrow.
type sent map[parcel][]parcelOf

// parcel is a thing that travels: what it is, and its hash.
type parcel struct {
	what string
	hash [sha256.Size]byte
}

// parcelOf is whose it is.
type parcelOf struct {
	leg sheet.Leg
	row *row
}

// went notes what was sent.
func (s sent) went(leg sheet.Leg, what string, raw []byte, r *row) {
	p := parcel{what, sha256.Sum256(raw)}
	s[p] = append(s[p], parcelOf{leg, r})
}

// came is the arrow of what was received, nil if no other party told of sending just that.
func (s sent) came(leg sheet.Leg, peer, what string, raw []byte) *row {
	p := parcel{what, sha256.Sum256(raw)}
	i := slices.IndexFunc(s[p], func(of parcelOf) bool {
		if what == "alert" && of.leg.Party != peer {
			return false // all orderly ends are the same two bytes
		}
		return of.leg.Party != leg.Party
	})
	if i < 0 {
		return nil
	}
	r := s[p][i].row
	s[p] = slices.Delete(s[p], i, i+1)
	return r
}

// message is an arrow where it is sent. Where it is received it is one if nobody told of
// sending it: a live peer, or a message changed on its way.
func (l *ladder) message(e *event.Message, leg sheet.Leg) {
	l.number, _ = narrate.Flight(e, l.talk)
	if e.Dir == event.Receive {
		l.heard(leg)
		if r := l.sent.came(leg, "", e.Kind.String(), e.Raw); r != nil && l.act.recorded {
			l.lives(e, &r.place)
			return
		} else if r != nil {
			l.did(e, leg, itemReads, "reads_"+e.Kind.String())
			return
		}
	}
	from, to := l.ways(leg, e.Dir)
	r := l.sends(from, to, e, e.Kind.String())
	r.message = e
	l.numbered(r)
	if r.flight.number == 0 {
		r.flight.number = l.number
	}
	r.forged = l.forgedIn(e)
	l.travels(r, leg, e.Dir, e.Kind == message.KindChangeCipherSpec)
	if e.Dir == event.Send {
		l.sent.went(leg, e.Kind.String(), e.Raw, r)
	}
}

// data is an arrow as a message is. What was sent at once may come in several records: then it is
// the records that were told of.
func (l *ladder) data(e *event.Data, leg sheet.Leg) {
	if e.Dir == event.Receive {
		l.heard(leg)
		r := l.sent.came(leg, "", "data", e.Data)
		if r == nil && len(l.unread[leg]) == 0 && len(l.last[leg]) > 0 {
			if p := l.home[event.Event(l.last[leg][0])]; p != nil {
				l.lives(e, p)
				return
			}
		}
		if r != nil {
			l.lives(e, &r.place)
			return
		}
	}
	from, to := l.ways(leg, e.Dir)
	r := l.sends(from, to, e, "application_data")
	r.data = e
	l.numbered(r)
	l.travels(r, leg, e.Dir, false)
	if e.Dir == event.Send {
		l.sent.went(leg, "data", e.Data, r)
	}
}

// alert is an arrow as a message is.
func (l *ladder) alert(e *event.Alert, leg sheet.Leg) {
	l.refuses(e, leg)
	raw := []byte{byte(e.Level), byte(e.Description)}
	if e.Dir == event.Receive {
		l.heard(leg)
		if r := l.sent.came(leg, l.act.ends.Peer(leg), "alert", raw); r != nil {
			l.lives(e, &r.place)
			return
		}
	}
	from, to := l.ways(leg, e.Dir)
	r := l.sends(from, to, e, "alert")
	r.alert = e
	l.travels(r, leg, e.Dir, false)
	if e.Dir == event.Send {
		l.sent.went(leg, "alert", raw, r)
	}
}

// travels says what an arrow is under, and in which records it came.
func (l *ladder) travels(r *row, leg sheet.Leg, dir event.Direction, clear bool) {
	r.tls13 = l.act.ends.TLS13[leg]
	if r.keys = l.act.ends.Keys[leg.Way(dir)]; clear {
		r.keys = event.InClear
	}
	r.sealed = r.keys != event.InClear && !l.null[leg]
	if dir == event.Send {
		waiting := slices.DeleteFunc(l.unsent[leg], func(r *row) bool { return len(r.records) > 0 })
		l.unsent[leg] = append(waiting, r)
		return
	}
	if records := l.unread[leg]; len(records) > 0 {
		l.last[leg], l.unread[leg] = records, nil
	}
	r.records = l.last[leg]
	for _, e := range r.records {
		if l.home[event.Event(e)] == nil {
			l.lives(e, &r.place)
		}
		r.opaque(e, l.null[leg])
	}
}

// opaque notes a record that nobody opened, of which its listener cannot tell which keys it
// is under.
func (r *row) opaque(e *event.Record, null bool) {
	if e.Protected && r.keys == event.InClear {
		r.sealed = !null
	}
}

// record belongs to the arrows that were waiting for it; one that is received, to what is read
// from it next, unless its sender has told of it.
func (l *ladder) record(e *event.Record, leg sheet.Leg) {
	l.isTold(e)
	if e.Dir == event.Receive {
		l.heard(leg)
		if r := l.sent.came(leg, "", "record", e.Wire); r != nil {
			l.lives(e, &r.place)
			l.last[leg] = []*event.Record{e}
			return
		}
		l.unread[leg] = append(l.unread[leg], e)
		return
	}
	rows := l.unsent[leg]
	if l.act.recorded && e.Protected && e.Payload == nil { // it stayed closed, so it carries none of those
		rows, l.unsent[leg] = nil, nil
	}
	if n := len(rows); n > 0 {
		for _, r := range rows {
			r.records = append(r.records, e)
			r.opaque(e, l.null[leg])
		}
		l.unsent[leg] = rows[n-1:] // a long message goes in several records
		l.lives(e, &rows[n-1].place)
		l.sent.went(leg, "record", e.Wire, rows[n-1])
		return
	}
	from, to := l.ways(leg, e.Dir) // a record with nothing that was told of
	r := l.sends(from, to, e, "record")
	r.records = []*event.Record{e}
	r.sealed = e.Protected
	l.sent.went(leg, "record", e.Wire, r)
}

// sightings fills in what onlookers could make of each arrow: it is matched with its records by
// their bytes, connection and direction.
func (l *ladder) sightings() {
	type key struct {
		conn     int
		toServer bool
		hash     [sha256.Size]byte
	}
	seen := map[key]event.Overheard{} // what is told last of a record holds
	for _, o := range l.onlooked {
		for _, r := range o.Records {
			seen[key{o.Conn, o.ToServer, sha256.Sum256(r.Wire)}] = r
			for _, s := range r.By {
				if !slices.Contains(l.act.onlookers, s.Onlooker) {
					l.act.onlookers = append(l.act.onlookers, s.Onlooker)
				}
			}
		}
	}
	for _, f := range l.act.flights {
		for _, r := range f.rows {
			var records []event.Overheard
			for _, e := range r.records {
				records = append(records, seen[key{r.conn, l.toServer(r), sha256.Sum256(e.Wire)}])
			}
			r.sights = map[string]event.Access{}
			for _, s := range event.Sights(records) {
				r.sights[s.Onlooker] = s.Access
			}
		}
	}
}

// toServer reports whether an arrow goes from the client of its connection to the server.
func (l *ladder) toServer(r *row) bool {
	if role := l.act.ends.Role[sheet.Leg{Party: r.from, Conn: r.conn}]; role != "" {
		return role == event.Client.String()
	}
	return r.right
}

func connectionNumber(n int) string { return "c" + decimal(n) }
func decimal(n int) string          { return strconv.Itoa(n) }

// isTLS13 reports whether a version was chosen that is TLS 1.3.
func isTLS13(chosen any) bool { return chosen == iana.TLS13 }
