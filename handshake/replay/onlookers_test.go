package replay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/replay"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
)

// TestOnlookers: each record that an endpoint has sent is told of once, and each onlooker's
// cell is what a new observer makes of the recording, cut after that record, with that
// onlooker's keys. The bank's key is an ECDSA key, so its thief has no more than the listener.
func TestOnlookers(t *testing.T) {
	const seed = "onlookers"
	keys := session.NewTicketKeys(stage.New(t.Context(), seed).Stream("ticket keys"), 0)
	if _, err := keys.Seal(new(session.Session), rand.Reader, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range replay.Attacks() {
		names := []string{"listener", "thief"}
		if a.Name == "stolen-ticket-key" {
			names = append(names, "ticket_thief")
		}
		sent := map[string][]*event.Record{} // by connection and party
		told := map[int][]heard{}            // the recording of each connection
		last := map[string]event.Overheard{}
		_, err := replay.Run(context.Background(), a.Name, nil, replay.Options{Seed: seed, Listener: event.ListenerFunc(func(e event.Event) {
			from := fmt.Sprint(e.Head().Conn, e.Head().Party)
			switch e := e.(type) {
			case *event.Record:
				if e.Dir == event.Send {
					sent[from] = append(sent[from], e)
				}
			case *event.Onlooked:
				for i, r := range e.Records {
					last[fmt.Sprint(e.Conn, e.ToServer, e.First+i)] = r
					if e.Again {
						continue
					}
					told[e.Conn] = append(told[e.Conn], heard{r, e.ToServer, e.First + i})
					switch {
					case len(sent[from]) > 0 && bytes.Equal(sent[from][0].Wire, r.Wire):
						sent[from] = sent[from][1:]
					case e.Party != "mallory" || len(sent[from]) > 0: // what he has recorded no endpoint sends
						t.Fatalf("%s: %s is said to have sent %.8x…", a.Name, from, r.Wire)
					}
				}
			}
		})})
		if err != nil {
			t.Fatal(err)
		}
		for from, records := range sent {
			for _, r := range records {
				if r.Type != iana.Alert || r.Party != "mallory" { // who guesses keeps to himself what went wrong
					t.Errorf("%s: a record of %s is told of by nobody", a.Name, from)
				}
			}
		}
		for conn, records := range told {
			nth := map[bool]int{}
			for i, r := range records {
				if nth[r.toServer]++; r.nth != nth[r.toServer] {
					t.Fatalf("%s, connection %d: record %d is told as %d", a.Name, conn, nth[r.toServer], r.nth)
				}
				var by []string
				for _, s := range r.By {
					by = append(by, s.Onlooker)
				}
				if !slices.Equal(by, names) {
					t.Fatalf("%s: %q look on, want %q", a.Name, by, names)
				}
				for j, cells := range []event.Overheard{r.Overheard, last[fmt.Sprint(conn, r.toServer, r.nth)]} {
					upTo := records[:i+1]
					if j == 1 { // what is told last is what the whole recording gives
						upTo = records
					}
					bare := opened(t, upTo, observe.Options{}, i)
					for _, party := range names {
						var has observe.Options
						if party == "ticket_thief" {
							has = inTickets(t, keys.Stolen(), upTo)
						}
						want := event.AccessSealed
						switch {
						case bare:
							want = event.AccessReads
						case opened(t, upTo, has, i):
							want = event.AccessLater
						}
						if got := cells.Of(party); got != want {
							t.Errorf("%s, connection %d, record %d to the server %v: %s is told %q, and it is %q", a.Name, conn, r.nth, r.toServer, party, got, want)
						}
						seen[party+" "+string(want)] = true
					}
				}
			}
		}
	}
	for _, want := range []string{"listener reads", "listener sealed", "thief reads", "thief sealed", "ticket_thief reads", "ticket_thief sealed", "ticket_thief reads_later"} {
		if !seen[want] {
			t.Errorf("no attack has a cell %q", want)
		}
	}
}

// heard is a record as it was told of.
type heard struct {
	event.Overheard
	toServer bool
	nth      int
}

// opened reports whether an observer with these keys reads record i.
func opened(t *testing.T, records []heard, o observe.Options, i int) bool {
	t.Helper()
	told := map[bool][]bool{}
	o.Listener = event.ListenerFunc(func(e event.Event) {
		if r, ok := e.(*event.Record); ok {
			// TLS has no application data in clear: what says so, before there are keys, is sealed under others.
			clear := !r.Protected && r.Type != iana.ApplicationData
			told[r.Dir == event.Send] = append(told[r.Dir == event.Send], clear || r.Protected && r.Payload != nil)
		}
	})
	observed(t, records, o)
	of := told[records[i].toServer]
	return records[i].nth <= len(of) && of[records[i].nth-1]
}

func observed(t *testing.T, records []heard, o observe.Options) {
	t.Helper()
	ob, err := observe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.toServer {
			ob.ClientBytes(r.Wire)
		} else {
			ob.ServerBytes(r.Wire)
		}
	}
}

// inTickets is what a stolen key opens of the tickets that stand in clear in records.
func inTickets(t *testing.T, key []byte, records []heard) (has observe.Options) {
	open := func(ticket []byte) {
		s, err := session.OpenStolen(key, ticket)
		switch {
		case err != nil:
		case s.PSK != nil:
			has.PSKs = append(has.PSKs, s.PSK)
		default:
			has.Masters = append(has.Masters, observe.Master{Secret: s.Master})
		}
	}
	observed(t, records, observe.Options{Listener: event.ListenerFunc(func(e event.Event) {
		m, ok := e.(*event.Message)
		if !ok {
			return
		}
		switch m := m.Msg.(type) {
		case *message.NewSessionTicket12:
			open(m.Ticket)
		case *message.ClientHello:
			if x, ok := message.Get[*message.SessionTicket](&m.Extensions); ok {
				open(x.Ticket)
			}
			if x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok {
				open(x.Identities[0].Identity)
			}
		}
	})})
	return has
}
