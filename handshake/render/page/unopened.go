package page

import (
	"crypto/sha256"
	"slices"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/render/sheet"
)

// An end tells of a record when it has opened it. Of one that it cannot open it says so by an alert,
// and where the sender told nothing either, as of bytes that are played back, only those who
// listened on the way have seen it.

// passing is a record as it went by, on which connection.
type passing struct {
	conn int
	hash [sha256.Size]byte
}

// heading is one direction of a connection.
type heading struct {
	conn     int
	toServer bool
}

// wentBy notes the records of which no end has told.
func (l *ladder) wentBy(e *event.Onlooked) {
	for _, r := range e.Records {
		if len(r.Wire) == 0 || l.recorded[passing{e.Conn, sha256.Sum256(r.Wire)}] {
			continue
		}
		at := heading{e.Conn, e.ToServer}
		l.untold[at] = append(l.untold[at], &event.Record{Meta: e.Meta, Type: iana.ContentType(r.Wire[0]), Protected: true, Wire: r.Wire})
	}
}

// isTold notes that an end tells of a record.
func (l *ladder) isTold(e *event.Record) {
	l.recorded[passing{e.Conn, sha256.Sum256(e.Wire)}] = true
	for at, records := range l.untold {
		if at.conn == e.Conn {
			l.untold[at] = slices.DeleteFunc(records, func(r *event.Record) bool { return string(r.Wire) == string(e.Wire) })
		}
	}
}

// refuses draws what a party has received and could not open, before the alert that says so.
func (l *ladder) refuses(e *event.Alert, leg sheet.Leg) {
	if e.Dir != event.Send || e.Err == nil {
		return
	}
	at := heading{e.Conn, l.act.ends.Role[leg] == event.Server.String()}
	peer := sheet.Leg{Party: l.act.ends.Peer(leg), Conn: leg.Conn}
	for _, r := range l.untold[at] {
		row := l.sends(peer, leg.Party, r, "record")
		row.records, row.sealed, row.unopened = []*event.Record{r}, true, true
	}
	delete(l.untold, at)
}
