package scenario_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/record"
	"tlslab/handshake/scenario"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/pki/lesson"
)

// sentRecord is one record as a recording has it.
type sentRecord struct {
	conn     int
	from     string
	toServer bool
	nth      int // in its direction of its connection
	wire     []byte
}

// recorded takes a flow's recording apart, by the length that each record says.
func recorded(t *testing.T, f *scenario.Flow) (out []sentRecord) {
	t.Helper()
	nth := map[string]int{}
	for _, s := range f.Wire {
		for b := s.Bytes; len(b) > 0; {
			n := record.HeaderLen + int(b[3])<<8 + int(b[4])
			if len(b) < n {
				t.Fatal("an end has sent a part of a record")
			}
			way := fmt.Sprint(s.Conn, s.ToServer)
			nth[way]++
			out = append(out, sentRecord{s.Conn, s.From, s.ToServer, nth[way], b[:n]})
			b = b[n:]
		}
	}
	return out
}

// keysOf gives an onlooker's keys to an observer of records that have gone by.
type keysOf func(*observe.Options, []sentRecord)

// opens reports, of each of the records, whether a new observer with these keys reads it.
func opens(t *testing.T, conn int, o observe.Options, records []sentRecord) []bool {
	t.Helper()
	told := map[bool][]bool{} // by direction
	o.Conn, o.Listener = conn, event.ListenerFunc(func(e event.Event) {
		if r, ok := e.(*event.Record); ok { // TLS has no application data in clear
			told[r.Dir == event.Send] = append(told[r.Dir == event.Send], r.Payload != nil && r.Protected || !r.Protected && r.Type != iana.ApplicationData)
		}
	})
	ob, err := observe.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.toServer {
			ob.ClientBytes(r.wire)
		} else {
			ob.ServerBytes(r.wire)
		}
	}
	out := make([]bool, len(records))
	for i, r := range records {
		out[i] = r.nth <= len(told[r.toServer]) && told[r.toServer][r.nth-1]
	}
	return out
}

// ticketKey is what the thief of it steals: a seeded lesson draws it from a stream of its own.
func ticketKey(t *testing.T, seed string) []byte {
	t.Helper()
	keys := session.NewTicketKeys(stage.New(t.Context(), seed).Stream("ticket keys"), 0)
	if _, err := keys.Seal(new(session.Session), rand.Reader, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	return keys.Stolen()
}

// inTickets opens, with a stolen key, the tickets that stand in clear in records.
func inTickets(key []byte, o *observe.Options, records []sentRecord) {
	var tickets [][]byte
	bare, _ := observe.New(observe.Options{Suites: o.Suites, Listener: event.ListenerFunc(func(e event.Event) {
		m, ok := e.(*event.Message)
		if !ok {
			return
		}
		switch m := m.Msg.(type) {
		case *message.NewSessionTicket12:
			tickets = append(tickets, m.Ticket)
		case *message.ClientHello:
			if x, ok := message.Get[*message.SessionTicket](&m.Extensions); ok {
				tickets = append(tickets, x.Ticket)
			}
			if x, ok := message.Get[*message.PreSharedKeyClient](&m.Extensions); ok && len(x.Identities) > 0 {
				tickets = append(tickets, x.Identities[0].Identity)
			}
		}
	})})
	for _, r := range records {
		if r.toServer {
			bare.ClientBytes(r.wire)
		} else {
			bare.ServerBytes(r.wire)
		}
	}
	for _, ticket := range tickets {
		s, err := session.OpenStolen(key, ticket)
		switch {
		case err != nil:
		case s.PSK != nil:
			o.PSKs = append(o.PSKs, s.PSK)
		default:
			o.Masters = append(o.Masters, observe.Master{Secret: s.Master})
		}
	}
}

// onlookersOf are who must look on at a lesson's connections, and with which keys.
func onlookersOf(t *testing.T, o scenario.Options, f *scenario.Flow, loot []observe.Master) (names []string, keys map[string]keysOf) {
	names, keys = []string{"listener"}, map[string]keysOf{"listener": func(*observe.Options, []sentRecord) {}}
	add := func(name string, k keysOf) { names, keys[name] = append(names, name), k }
	if o.MITM {
		add("mitm", func(has *observe.Options, _ []sentRecord) {
			if !f.Passthrough {
				has.KeyLog = bytes.NewReader(f.KeyLog) // the box's keys are those of either end
			}
		})
	}
	add("thief", func(has *observe.Options, _ []sentRecord) {
		if o.KeyAlg == "" || o.KeyAlg == "rsa" {
			has.RSAKey = lesson.Key("leaf").(*rsa.PrivateKey)
		}
		has.Masters = loot
	})
	switch {
	case o.PSK != nil:
		add("psk_thief", func(has *observe.Options, _ []sentRecord) { has.PSKs = [][]byte{o.PSK.Key} })
	case o.Resume != scenario.NoResume && o.Resume != scenario.ResumeByID:
		key := ticketKey(t, o.Seed)
		add("ticket_thief", func(has *observe.Options, seen []sentRecord) { inTickets(key, has, seen) })
	}
	return names, keys
}

// accessOf is what an onlooker's cell must say.
func accessOf(onlooker string, opened, bare bool) event.Access {
	switch {
	case !opened && !bare:
		return event.AccessSealed
	case bare || onlooker == "mitm":
		return event.AccessReads
	}
	return event.AccessLater
}
