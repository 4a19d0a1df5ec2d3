package observe_test

import (
	"bytes"
	"fmt"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/observe"
	"tlslab/handshake/suite"
)

// TestPartOfTheKeys: whichever of the four secrets an observer has, it opens what they
// open, with the numbers that the client gave, and says of the rest that it is closed.
func TestPartOfTheKeys(t *testing.T) {
	labels := []string{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0"}
	for _, k := range kinds13 {
		r := record13(t, suite.ByID(0x1303), k.tune)
		for has := range 1 << len(labels) {
			var log []string
			for i, l := range labels {
				if has>>i&1 == 1 {
					log = append(log, l)
				}
			}
			t.Run(fmt.Sprint(k.name, log), func(t *testing.T) {
				seen, rep := r.events(t, observe.Options{KeyLog: r.lines(log...)})
				opened, sealed := 0, 0
				for _, dir := range []event.Direction{event.Send, event.Receive} {
					p := partial{shake: has>>dir&1 == 1, app: has>>(2+dir)&1 == 1}
					o, c := p.compare(t, records(seen, dir), records(r.client, dir))
					opened, sealed = opened+o, sealed+c
				}
				want := observe.SomeKeysMissing
				switch {
				case has == 0:
					want = observe.NoKeys
				case sealed == 0:
					want = ""
				}
				if rep.Err != nil || rep.Sealed != sealed || rep.Closed != want || rep.ReadHandshake != (has&3 != 0) || rep.ReadData != (has&12 != 0) {
					t.Errorf("%d opened, %d not: %+v", opened, sealed, rep)
				}
				tr := rep.Traffic
				for i, secret := range [][]byte{tr.ClientHandshake, tr.ServerHandshake, tr.ClientApplication, tr.ServerApplication} {
					if want := r.secrets[string(trafficLabels[i])]; has>>i&1 == 1 && !bytes.Equal(secret, want) || has>>i&1 == 0 && secret != nil {
						t.Errorf("%s is %x", labels[i], secret)
					}
				}
			})
		}
	}
}

// partial is which of a direction's two secrets there are.
type partial struct{ shake, app bool }

// compare holds the records that the observer tells of against the client's. A closed
// one has the client's number as long as no change of keys went by unseen.
func (p partial) compare(t *testing.T, got, want []*event.Record) (opened, sealed int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		open := w.Epoch == 0 || !w.Protected || w.Epoch == 1 && p.shake || w.Epoch >= 2 && p.app
		numbered := open || w.Epoch == 1 || w.Epoch == 2 && p.shake
		switch {
		case !bytes.Equal(g.Wire, w.Wire) || g.Protected != w.Protected:
			t.Errorf("record %d: %+v, want %+v", i, g, w)
		case open && (!bytes.Equal(g.Payload, w.Payload) || g.Type != w.Type), !open && g.Payload != nil:
			t.Errorf("record %d of epoch %d: payload %x, want it open (%v): %x", i, w.Epoch, g.Payload, open, w.Payload)
		case numbered && w.Protected && (g.Epoch != w.Epoch || g.Sequence != w.Sequence):
			t.Errorf("record %d is number %d/%d, want %d/%d", i, g.Epoch, g.Sequence, w.Epoch, w.Sequence)
		}
		switch {
		case w.Protected && open:
			opened++
		case w.Protected:
			sealed++
		}
	}
	return opened, sealed
}

func records(events []event.Event, dir event.Direction) []*event.Record {
	var out []*event.Record
	for _, e := range events {
		if r, ok := e.(*event.Record); ok && r.Dir == dir {
			out = append(out, r)
		}
	}
	return out
}
