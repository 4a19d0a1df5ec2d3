package observe_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/observe"
	"tlslab/handshake/session"
	"tlslab/handshake/stage"
	"tlslab/handshake/suite"
	"tlslab/handshake/tamper"
	"tlslab/pki/lesson"
)

// talk is a connection at which people look on.
type talk struct {
	t              *testing.T
	client, server *handshake.Endpoint
	wire           func(toServer bool, b []byte)
}

// meet makes both ends of a connection, tuned, and has them shake hands.
func meet(t *testing.T, tune func(client, server *handshake.Config), wire func(toServer bool, b []byte)) *talk {
	t.Helper()
	l, err := lesson.New(lesson.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cc := &handshake.Config{Party: "client", Conn: 7, Roots: l.Roots, ServerName: l.Name}
	sc := &handshake.Config{Party: "server", Conn: 7, Certificates: []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}}
	tune(cc, sc)
	k := &talk{t: t, wire: wire}
	if k.client, err = handshake.NewClient(cc); err != nil {
		t.Fatal(err)
	}
	if k.server, err = handshake.NewServer(sc); err != nil {
		t.Fatal(err)
	}
	k.carry()
	if !k.client.Done() || !k.server.Done() {
		t.Fatal(k.client.Err(), k.server.Err())
	}
	return k
}

// carry carries bytes until nothing moves.
func (k *talk) carry() {
	k.t.Helper()
	drop := func([]byte, bool) error { return nil }
	line := &stage.Line{Client: &stage.End{Endpoint: k.client, Take: drop}, Server: &stage.End{Endpoint: k.server, Take: drop},
		Wire: func(d tamper.Direction, b []byte) []byte {
			if k.wire != nil {
				k.wire(d == tamper.ToServer, b)
			}
			return b
		}}
	if err := new(stage.Stage).Converse(line); err != nil {
		k.t.Fatal(err)
	}
}

// say sends n records from either end in turn.
func (k *talk) say(n int) {
	k.t.Helper()
	for i := range n {
		e := k.client
		if i%2 == 1 {
			e = k.server
		}
		if _, err := e.Write([]byte("so")); err != nil {
			k.t.Fatal(err)
		}
		k.carry()
	}
}

func byRSA(cc, sc *handshake.Config) {
	cc.MaxVersion, cc.Suites = iana.TLS12, []*suite.Suite{suite.ByID(0x009c)} // TLS_RSA_WITH_AES_128_GCM_SHA256
	sc.MaxVersion, sc.Suites = cc.MaxVersion, cc.Suites
}

// TestLongConnection: who gains keys in the handshake hears the recording again, and then
// each record once; nothing of it is held that nobody can gain from.
func TestLongConnection(t *testing.T) {
	const n = 10_000
	for name, tune := range map[string]func(cc, sc *handshake.Config){
		"1.3": func(_, _ *handshake.Config) {}, "rsa": byRSA,
	} {
		var log bytes.Buffer
		logged, heard, gained := 0, 0, 0
		count := event.ListenerFunc(func(e event.Event) {
			if _, ok := e.(*event.Record); ok {
				heard++
			}
		})
		box := observe.Onlooker{Party: "mitm", Has: observe.Options{Listener: count}, Gains: func() (observe.Options, bool) {
			before := logged
			if logged = log.Len(); logged > before {
				gained++
			}
			return observe.Options{Listener: count, KeyLog: bytes.NewReader(bytes.Clone(log.Bytes()))}, logged > before
		}}
		panel, err := observe.NewPanel(observe.Line{Conn: 7, Client: "client", Server: "mitm"}, observe.Options{},
			box, observe.NewThief(lesson.Key("leaf")).Onlooker(observe.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		records, sealed, last := 0, map[string]int{}, event.Overheard{}
		k := meet(t, func(cc, sc *handshake.Config) {
			tune(cc, sc)
			sc.KeyLog, cc.KeyLog = &log, io.Discard
		}, func(toServer bool, b []byte) {
			for _, o := range panel.Heard(toServer, b) {
				for _, r := range o.Records {
					if last = r; o.Again {
						continue
					}
					records++
					for _, s := range r.By {
						if s.Access == event.AccessSealed {
							sealed[s.Onlooker]++
						}
					}
				}
			}
		})
		shaken := records
		k.say(n)
		if records != shaken+n || panel.Err() != nil {
			t.Errorf("%s: told of %d records of %d: %v", name, records, shaken+n, panel.Err())
		}
		if gained == 0 || gained > 4 || heard < records || heard > records+gained*shaken {
			t.Errorf("%s: who gained keys %d times has heard %d records of %d, and %d are the handshake's", name, gained, heard, records, shaken)
		}
		if sealed["listener"] < n || sealed["mitm"] > shaken || last.Of("mitm") != event.AccessReads || (last.Of("thief") == event.AccessLater) != (name == "rsa") {
			t.Errorf("%s: sealed %v, at last %v", name, sealed, last.By)
		}
		if panel.Keeps() > 0 {
			t.Errorf("%s: %d bytes are held", name, panel.Keeps())
		}
	}
}

// TestOverhear: behind each record that an endpoint tells of comes what its onlookers made of
// it, and nothing else changes but the numbers.
func TestOverhear(t *testing.T) {
	for _, role := range []event.Role{event.Client, event.Server} {
		var with, without []event.Event
		thief := observe.NewThief(lesson.Key("leaf"))
		panel, err := observe.NewPanel(observe.Line{Conn: 7, Client: "client", Server: "server"}, observe.Options{}, thief.Onlooker(observe.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		told := observe.Overhear(event.ListenerFunc(func(e event.Event) { with = append(with, e) }), role, panel)
		k := meet(t, func(cc, sc *handshake.Config) {
			byRSA(cc, sc)
			own := cc
			if role == event.Server {
				own = sc
			}
			own.Listener = event.ListenerFunc(func(e event.Event) {
				without = append(without, e)
				told.Event(e)
			})
		}, nil)
		k.say(4)
		n := map[bool]int{}
		later := 0
		for i, e := range with {
			if e.Head().Seq != uint64(i+1) {
				t.Fatalf("%v: event %d has number %d", role, i+1, e.Head().Seq)
			}
			r, ok := e.(*event.Record)
			if !ok {
				continue
			}
			toServer := (r.Dir == event.Send) == (role == event.Client)
			n[toServer]++
			o, ok := with[i+1].(*event.Onlooked)
			if !ok || len(o.Records) != 1 || !bytes.Equal(o.Records[0].Wire, r.Wire) || o.ToServer != toServer || o.First != n[toServer] || o.Conn != 7 ||
				(o.Party == "client") != toServer || o.Time != r.Time {
				t.Fatalf("%v: behind record %d is %+v", role, i+1, with[i+1])
			}
			if o.Records[0].Of("thief") == event.AccessLater {
				later++
			}
			if bare := o.Records[0].Of("listener"); (bare == event.AccessSealed) != r.Protected {
				t.Errorf("%v: the listener is told %s", role, bare)
			}
		}
		if later != 2+4 { // two Finished, and what was said
			t.Errorf("%v: the thief reads %d records later", role, later)
		}
		with = slices.DeleteFunc(with, func(e event.Event) bool {
			_, ok := e.(*event.Onlooked)
			return ok
		})
		if !slices.Equal(with, without) {
			t.Errorf("%v: other events, or in another order", role)
		}
	}
}

// TestThiefOfResumed: the key of an RSA certificate opens no connection that resumes, but the
// thief has what he found in the one before.
func TestThiefOfResumed(t *testing.T) {
	for _, by := range []string{"ticket", "id"} {
		thief := observe.NewThief(lesson.Key("leaf"))
		clients, servers, tickets := session.NewMemory(0), session.NewMemory(0), session.NewTicketKeys(rand.Reader, 0)
		var got []string
		for range 2 {
			var last event.Overheard
			panel, err := observe.NewPanel(observe.Line{}, observe.Options{}, thief.Onlooker(observe.Options{}), observe.NewThief(lesson.Key("leaf")).Onlooker(observe.Options{}))
			if err != nil {
				t.Fatal(err)
			}
			k := meet(t, func(cc, sc *handshake.Config) {
				byRSA(cc, sc)
				if cc.Sessions = clients; by == "ticket" {
					sc.Tickets = tickets
				} else {
					sc.Sessions, cc.NoTickets = servers, true
				}
			}, func(toServer bool, b []byte) {
				for _, o := range panel.Heard(toServer, b) {
					last = o.Records[len(o.Records)-1]
				}
			})
			k.say(1)
			got = append(got, fmt.Sprint(k.client.Summary().Resumed, last.By))
		}
		want := []string{"false [{listener sealed} {thief reads_later} {thief reads_later}]", "true [{listener sealed} {thief reads_later} {thief sealed}]"}
		if !slices.Equal(got, want) {
			t.Errorf("by %s: %q, want %q", by, got, want)
		}
	}
}

// TestNoKeyLog: what is no key log gives nobody keys, and is said.
func TestNoKeyLog(t *testing.T) {
	given := false
	panel, err := observe.NewPanel(observe.Line{}, observe.Options{}, observe.Onlooker{Party: "mitm", Gains: func() (observe.Options, bool) {
		more := !given
		given = true
		return observe.Options{KeyLog: bytes.NewReader([]byte("CLIENT_RANDOM 00"))}, more
	}})
	if err != nil {
		t.Fatal(err)
	}
	var told []event.Overheard
	for _, piece := range []string{"\x16\x03\x01\x00", "\x01\x00\x15\x03\x03\x00\x02\x01", "\x00"} { // a record in three pieces, and one more
		for _, o := range panel.Heard(true, []byte(piece)) {
			told = append(told, o.Records...)
		}
	}
	if panel.Err() == nil || len(told) != 2 || told[0].Of("mitm") != event.AccessReads || told[1].Of("mitm") != event.AccessReads {
		t.Errorf("%v, %+v", panel.Err(), told)
	}
}
