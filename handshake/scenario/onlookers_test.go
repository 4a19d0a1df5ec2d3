package scenario_test

import (
	"bytes"
	"crypto/rsa"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/render/rendertest"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/handshake/tamper"
	"tlslab/pki/lesson"
)

// TestRecordedStaysClosed holds that records of an earlier connection, which an attacker sends again, lie open to a
// listener only where their suite hides nothing: also where the handshake in front of them was refused before there were keys.
func TestRecordedStaysClosed(t *testing.T) {
	for _, s := range []*suite.Suite{suite.ByID(0x1301), suite.ByID(0xc0b4)} {
		tr, err := scenario.Run(t.Context(), scenario.Options{Seed: "1", Resume: scenario.ResumeEarly, Cookie: true, Suites: []*suite.Suite{s}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := event.AccessSealed
		if !s.Cipher.Encrypts() {
			want = event.AccessReads
		}
		n := 0
		for _, e := range tr.Flow("captured_session").Events {
			seen, ok := e.(*event.Onlooked)
			if !ok {
				continue
			}
			for _, r := range seen.Records {
				if iana.ContentType(r.Wire[0]) != iana.ApplicationData {
					continue
				}
				if n++; r.Of("listener") != want {
					t.Errorf("%v: a listener: %v, of % x", s, r.Of("listener"), r.Wire[:8])
				}
			}
		}
		if n == 0 {
			t.Errorf("%v: no record of application data was sent again", s)
		}
	}
}

// watched are the lessons at which people look on: all that other tests know, and what those
// have not.
func watched() map[string]scenario.Options {
	in12, in13 := suite.ByID(0x003b), suite.ByID(0xc0b4) // TLS_RSA_WITH_NULL_SHA256, TLS_SHA256_SHA256
	flip := func(n int) tamper.Script {
		return tamper.On(tamper.ToServer, n, tamper.Edit(func(rec []byte) { rec[len(rec)-1] ^= 1 }))
	}
	lessons := map[string]scenario.Options{
		"plain":               {Plain: true},
		"ticket, null":        {Resume: scenario.ResumeByTicket, Suites: []*suite.Suite{in12}},
		"id, rsa":             {Resume: scenario.ResumeByID, Kx: []iana.Kx{iana.KxRSA}},
		"id, rsa, no EMS":     {Resume: scenario.ResumeByID, Kx: []iana.Kx{iana.KxRSA}, NoEMS: true},
		"psk, null":           {Resume: scenario.ResumePSK, Suites: []*suite.Suite{in13}},
		"0rtt, null":          {Resume: scenario.ResumeEarly, Suites: []*suite.Suite{in13}},
		"0rtt, psk_ke":        {Resume: scenario.ResumeEarly, PSKOnly: true},
		"external psk":        {PSK: &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}},
		"box, null":           {MITM: true, TrustMITM: true, Suites: []*suite.Suite{in13}},
		"box, rsa":            {MITM: true, TrustMITM: true, Kx: []iana.Kx{iana.KxRSA}},
		"box, rsa, refused":   {MITM: true, Kx: []iana.Kx{iana.KxRSA}},
		"box, refused in 1.3": {MITM: true, Version: iana.TLS13},
		"box, bad server":     {MITM: true, Version: iana.TLS13, Cert: lesson.Expired},
		"box, key update":     {MITM: true, TrustMITM: true, Version: iana.TLS13, HelloRetry: true},
		"box passes on, 1.3":  {MITM: true, Passthrough: true, Version: iana.TLS13},
		"expired":             {Version: iana.TLS13, Cert: lesson.Expired},
		"no certificate":      {Version: iana.TLS13, ClientAuth: true, NoClientCert: true},
		"tampered hello":      {Tamper: flip(0)},
		"tampered Finished":   {Tamper: flip(2), Kx: []iana.Kx{iana.KxRSA}},
		"tampered in 1.3":     {Tamper: flip(2), Version: iana.TLS13},
		"dropped":             {Tamper: tamper.On(tamper.ToServer, 1, tamper.Drop), Version: iana.TLS13},
		"key update":          {KeyUpdate: true, Version: iana.TLS13, Padding: 3},
	}
	for name, o := range everyLesson() {
		lessons["every: "+name] = o
	}
	for name, o := range rendertest.Lessons() {
		lessons["render: "+name] = o
	}
	return lessons
}

// TestOnlookers is the truth of the columns of who can read it, over all lessons. Each record
// on the wire is told of once; and each onlooker's cell is what a new observer makes of the
// recording, cut after that record, with that onlooker's keys. What is told of it last is
// what the whole recording gives.
func TestOnlookers(t *testing.T) {
	seen, again := map[string]bool{}, 0
	for _, name := range slices.Sorted(maps.Keys(watched())) {
		o := watched()[name]
		o.Seed = "onlookers"
		var loot []observe.Master // what the thief of the server's key finds on the way
		for _, f := range run(t, o).Flows {
			if f.Name == "plain" {
				inClear(t, f)
				continue
			}
			wire := recorded(t, f)
			names, keys := onlookersOf(t, o, f, loot)
			var once []event.Overheard
			last := map[string]event.Overheard{}
			for _, e := range f.Events {
				told, ok := e.(*event.Onlooked)
				if !ok {
					continue
				}
				for i, r := range told.Records {
					id := fmt.Sprint(told.Conn, told.ToServer, told.First+i)
					_, before := last[id]
					if last[id] = r; before != told.Again {
						t.Fatalf("%s, %s: record %s: told before %v, again %v", name, f.Name, id, before, told.Again)
					}
					if told.Again {
						again++
						continue
					}
					if len(once) == len(wire) {
						t.Fatalf("%s, %s: more is told of than was sent", name, f.Name)
					}
					w := wire[len(once)]
					if !bytes.Equal(r.Wire, w.wire) || told.Conn != w.conn || told.Party != w.from || told.ToServer != w.toServer || told.First+i != w.nth {
						t.Fatalf("%s, %s: record %s by %s, want %+v", name, f.Name, id, told.Party, w)
					}
					once = append(once, r)
				}
			}
			if len(once) != len(wire) || len(wire) == 0 {
				t.Fatalf("%s, %s: told of %d records of %d", name, f.Name, len(once), len(wire))
			}
			for i, w := range wire {
				var all, cut []sentRecord
				for j, x := range wire {
					if x.conn == w.conn {
						if all = append(all, x); j <= i {
							cut = append(cut, x)
						}
					}
				}
				var by []string
				for _, s := range once[i].By {
					by = append(by, s.Onlooker)
				}
				if !slices.Equal(by, names) {
					t.Fatalf("%s, %s: %q look on, want %q", name, f.Name, by, names)
				}
				for _, party := range names {
					tried := func(records []sentRecord) bool {
						has := observe.Options{Suites: o.Suites}
						keys[party](&has, records)
						return opens(t, w.conn, has, records)[len(cut)-1]
					}
					bare := opens(t, w.conn, observe.Options{Suites: o.Suites}, cut)[len(cut)-1]
					want := accessOf(party, tried(cut), bare)
					if got := once[i].Of(party); got != want {
						t.Errorf("%s, %s, connection %d: record %d of %s: %s is told %q, and by then it is %q", name, f.Name, w.conn, w.nth, w.from, party, got, want)
					}
					seen[party+" "+string(want)] = true
					want = accessOf(party, tried(all), bare)
					if got := last[fmt.Sprint(w.conn, w.toServer, w.nth)].Of(party); got != want {
						t.Errorf("%s, %s, connection %d: record %d of %s: %s is told %q at last, and it is %q", name, f.Name, w.conn, w.nth, w.from, party, got, want)
					}
				}
			}
			for _, conn := range connections(wire) {
				r, err := f.Observe(observe.Options{Conn: conn, Suites: o.Suites, RSAKey: lesson.Key("leaf").(*rsa.PrivateKey)})
				if err != nil {
					t.Fatal(err)
				}
				if r.Master != nil {
					loot = append(loot, *r.Master)
				}
			}
		}
	}
	for _, want := range []string{"listener reads", "listener sealed", "mitm reads", "mitm sealed", "thief reads", "thief sealed", "thief reads_later",
		"ticket_thief reads", "ticket_thief sealed", "ticket_thief reads_later", "psk_thief reads", "psk_thief sealed", "psk_thief reads_later"} {
		if !seen[want] {
			t.Errorf("no lesson has a cell %q", want)
		}
	}
	if again == 0 {
		t.Error("nobody could read anything that had gone by before")
	}
}

// inClear: without TLS there are no records and no keys. The listener has what was sent.
func inClear(t *testing.T, f *scenario.Flow) {
	t.Helper()
	n := 0
	for _, e := range f.Events {
		if told, ok := e.(*event.Onlooked); ok {
			s := f.Wire[n]
			want := []event.Overheard{{Wire: s.Bytes, By: []event.Sight{{Onlooker: "listener", Access: event.AccessReads}}}}
			if !reflect.DeepEqual(told.Records, want) || told.Party != s.From || told.Conn != s.Conn || told.ToServer != s.ToServer || told.First != 1 {
				t.Errorf("%+v of %+v", told, s)
			}
			n++
		}
	}
	if n != len(f.Wire) || n != 2 {
		t.Errorf("told %d times of %d", n, len(f.Wire))
	}
}

func connections(wire []sentRecord) (out []int) {
	for _, r := range wire {
		if !slices.Contains(out, r.conn) {
			out = append(out, r.conn)
		}
	}
	return out
}

// TestNothingHidden: under a suite that hides nothing everybody reads everything, early data
// too, and what comes after it.
func TestNothingHidden(t *testing.T) {
	in12, in13 := []*suite.Suite{suite.ByID(0x003b)}, []*suite.Suite{suite.ByID(0xc0b4)} // TLS_RSA_WITH_NULL_SHA256, TLS_SHA256_SHA256
	cells := 0
	for name, o := range map[string]scenario.Options{
		"1.2": {Suites: in12}, "1.2, resumed": {Suites: in12, Resume: scenario.ResumeByTicket},
		"1.3": {Suites: in13, KeyUpdate: true}, "psk": {Suites: in13, Resume: scenario.ResumePSK}, "0rtt": {Suites: in13, Resume: scenario.ResumeEarly},
		"0rtt, retried": {Suites: in13, Resume: scenario.ResumeEarly, HelloRetry: true}, "0rtt, cookie": {Suites: in13, Resume: scenario.ResumeEarly, Cookie: true},
		"0rtt, psk_ke": {Suites: in13, Resume: scenario.ResumeEarly, PSKOnly: true},
	} {
		o.Seed = "hidden"
		for _, f := range run(t, o).Flows {
			for _, e := range f.Events {
				told, ok := e.(*event.Onlooked)
				if !ok {
					continue
				}
				for i, r := range told.Records {
					for _, s := range r.By {
						if cells++; s.Access != event.AccessReads {
							t.Errorf("%s, %s: %s is told %q of record %d of %s", name, f.Name, s.Onlooker, s.Access, told.First+i, told.Party)
						}
					}
				}
			}
		}
	}
	if cells < 200 {
		t.Errorf("%d cells: the test looked in the wrong place", cells)
	}
}

// TestOnlookedBehindTheSender: what onlookers made of records is told behind the sender's
// events of them, and before anybody else sends a record. Only in their goodbyes do two ends
// speak at once.
func TestOnlookedBehindTheSender(t *testing.T) {
	type sender struct {
		conn  int
		party string
	}
	told := 0
	for name, o := range watched() {
		o.Seed = "onlookers"
		for _, f := range run(t, o).Flows {
			sent := map[sender][]*event.Record{} // not yet told of
			for _, e := range f.Events {
				from := sender{e.Head().Conn, e.Head().Party}
				switch e := e.(type) {
				case *event.Record:
					if e.Dir != event.Send {
						continue
					}
					sent[from] = append(sent[from], e)
					for other, records := range sent {
						if other != from && len(records) > 0 && e.Type != iana.Alert {
							t.Fatalf("%s, %s: %v sends, and what %v sent has not been told of", name, f.Name, from, other)
						}
					}
				case *event.Onlooked:
					if e.Again || f.Name == "plain" {
						continue
					}
					for _, r := range e.Records {
						switch {
						case len(sent[from]) > 0 && bytes.Equal(sent[from][0].Wire, r.Wire):
							sent[from] = sent[from][1:]
							told++
						case e.Party != "attacker" || len(sent[from]) > 0: // where he sends what he has recorded, he is no endpoint
							t.Fatalf("%s, %s: %v is said to have sent %.8x…", name, f.Name, from, r.Wire)
						}
					}
				}
			}
			for from, records := range sent {
				if len(records) > 0 {
					t.Errorf("%s, %s: %d records of %v are told of by nobody", name, f.Name, len(records), from)
				}
			}
		}
	}
	if told < 1000 {
		t.Errorf("%d records: the test looked in the wrong place", told)
	}
}
