package observe_test

import (
	"bytes"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/observe"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
	"tlslab/handshake/wire"
	"tlslab/pki/lesson"
)

// TestEverySuite: with nothing all stays closed (NULL aside), with a key log all
// opens, with the server's key what RSA key transport made opens.
func TestEverySuite(t *testing.T) {
	for _, s := range suite.Of(iana.TLS12) {
		for _, variant := range []string{"", "etm", "no ems", "deflate", "1024"} {
			if variant == "etm" && s.Cipher.Kind != suite.CBC {
				continue
			}
			t.Run(s.String()+" "+variant, func(t *testing.T) {
				r := record(t, keyAlg(s), func(c, srv *handshake.Config) {
					only(s)(c, srv)
					for _, cfg := range []*handshake.Config{c, srv} {
						cfg.EncryptThenMAC = variant == "etm"
						cfg.Weak.NoExtendedMasterSecret = variant == "no ems"
						cfg.Weak.Compression = variant == "deflate"
					}
					if variant == "1024" {
						c.MaxFragmentLength = 2
					}
				})
				plain := s.Cipher.Kind == suite.NULL
				rep := r.show(t, 1<<20, observe.Options{})
				if rep.ReadData != plain || rep.ReadHandshake != plain || rep.Master != nil || rep.Err != nil || rep.Suite != s.ID || rep.Version != iana.TLS12 || (rep.Sealed > 0) == plain {
					t.Errorf("with nothing: %+v", rep)
				}
				r.mustRead(t, r.show(t, 1<<20, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())}))
				r.mustRead(t, r.show(t, 1, observe.Options{KeyLog: bytes.NewReader(r.keyLog.Bytes())}))
				if keyAlg(s) != "rsa" {
					return
				}
				rep = r.show(t, 1<<20, observe.Options{RSAKey: lesson.Key("leaf").(*rsa.PrivateKey)})
				if s.Kx == iana.KxRSA {
					r.mustRead(t, rep)
				} else if rep.ReadData != plain || rep.Master != nil || !plain && rep.Closed != observe.KeyOnlySigns {
					t.Errorf("the server's key opened %v key exchange: %+v", s.Kx, rep)
				}
			})
		}
	}
}

// TestSameEvents: an observer with keys tells of the same messages, records and
// data as the client.
func TestSameEvents(t *testing.T) {
	r := record(t, "rsa", tls12)
	var seen []event.Event
	r.show(t, 7, observe.Options{KeyLog: &r.keyLog, ShowSecrets: true, Time: clock,
		Listener: event.ListenerFunc(func(e event.Event) { seen = append(seen, e) })})
	tell := func(events []event.Event) (out []string) {
		for _, e := range events {
			switch e := e.(type) {
			case *event.Message:
				out = append(out, fmt.Sprintf("%v %v %x %v %v", e.Dir, e.Kind, e.Raw, e.Move, e.Ref))
				if err := wire.Covered(e.Fields, len(e.Raw)); err != nil {
					t.Errorf("%v: %v", e.Kind, err)
				}
			case *event.Data:
				out = append(out, fmt.Sprintf("%v %q", e.Dir, e.Data))
			case *event.Alert:
				out = append(out, fmt.Sprintf("%v %v", e.Dir, e.Description))
			}
		}
		return out
	}
	if got, want := tell(seen), tell(r.client); !slices.Equal(got, want) {
		t.Errorf("the observer tells\n%s\nthe client\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	records := func(events []event.Event) (out []string) {
		for _, e := range events {
			if e, ok := e.(*event.Record); ok {
				out = append(out, fmt.Sprintf("%v %v %d/%d %v %v %x %x", e.Dir, e.Type, e.Epoch, e.Sequence, e.Keys, e.Protected, e.Wire, e.Payload))
			}
		}
		slices.Sort(out) // a flight is marshalled before it is sent, so only the order within a direction is the same
		return out
	}
	if got, want := records(seen), records(r.client); !slices.Equal(got, want) {
		t.Errorf("the observer tells\n%s\nthe client\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for i, e := range seen {
		if m := e.Head(); m.Party != "listener" || m.Seq != uint64(i+1) || !m.Time.Equal(clock()) {
			t.Fatalf("event %d: %+v", i, m)
		}
		if s, ok := e.(*event.Secret); ok && s.Label == event.LabelKeyBlock {
			return
		}
	}
	t.Error("no key block was told of")
}

// TestClosedRecords: without keys a record still has its length, and its number.
func TestClosedRecords(t *testing.T) {
	r := record(t, "rsa", tls12)
	var closed []*event.Record
	rep := r.show(t, 1<<20, observe.Options{Listener: event.ListenerFunc(func(e event.Event) {
		if rec, ok := e.(*event.Record); ok && rec.Protected {
			closed = append(closed, rec)
		}
		if s, ok := e.(*event.Secret); ok {
			t.Errorf("a listener without keys tells secret %s", s.Label)
		}
	})})
	if len(closed) != rep.Sealed || rep.Sealed != 5 { // two Finished, request, reply, close_notify
		t.Errorf("%d closed records, %d told of", rep.Sealed, len(closed))
	}
	for _, c := range closed {
		if c.Payload != nil || c.Epoch != 1 || len(c.Wire) == 0 {
			t.Errorf("%+v", c)
		}
	}
}

// TestResumed: a resumed connection opens with the master secret of the first, by
// its session ID or its ticket, and a thief of the RSA key finds it there.
func TestResumed(t *testing.T) {
	for _, how := range []string{"id", "ticket"} {
		t.Run(how, func(t *testing.T) {
			sessions, servers, tickets := session.NewMemory(0), session.NewMemory(0), session.NewTicketKeys(zeroes{}, 0)
			tune := func(c, s *handshake.Config) {
				only(suite.ByID(0x009c))(c, s)
				c.Sessions, c.NoTickets = sessions, how == "id"
				if how == "id" {
					s.Sessions = servers
				} else {
					s.Tickets = tickets
				}
			}
			full, resumed := record(t, "rsa", tune), record(t, "rsa", tune)
			loot := full.show(t, 1<<20, observe.Options{RSAKey: lesson.Key("leaf").(*rsa.PrivateKey)})
			if full.mustRead(t, loot); loot.Resumed {
				t.Error("the first connection resumed something")
			}
			rep := resumed.show(t, 1<<20, observe.Options{RSAKey: lesson.Key("leaf").(*rsa.PrivateKey)})
			if !rep.Resumed || rep.ReadData || rep.Master != nil || rep.Sealed == 0 || rep.Closed != observe.EarlierSession {
				t.Errorf("the key alone: %+v", rep)
			}
			loot.Master.ClientRandom = nil // of the other connection
			resumed.mustRead(t, resumed.show(t, 1<<20, observe.Options{Masters: []observe.Master{{Secret: [48]byte{1}, SessionID: []byte("other")}, *loot.Master}}))
		})
	}
}

// TestWrongKeys: keys that do not fit are found out, and are no knowledge.
func TestWrongKeys(t *testing.T) {
	r := record(t, "rsa", only(suite.ByID(0x009c)))
	rep := r.show(t, 1<<20, observe.Options{Masters: []observe.Master{{Secret: [48]byte{1}}}})
	if rep.Master != nil || rep.ReadData || rep.ReadHandshake || reason.Of(rep.Err) != reason.BadRecordMAC || rep.Sealed != 5 || rep.Closed != observe.DidNotOpen {
		t.Errorf("%+v", rep)
	}
	// Another server's key: it is not even tried.
	rep = r.show(t, 1<<20, observe.Options{RSAKey: lesson.Key("client").(*rsa.PrivateKey)})
	if rep.Master != nil || rep.ReadData || rep.Err != nil || rep.Closed != observe.OtherServerKey {
		t.Errorf("%+v", rep)
	}
}

func TestKeyLogErrors(t *testing.T) {
	random, master := strings.Repeat("00", 32), strings.Repeat("00", 48)
	for _, bad := range []string{"CLIENT_RANDOM " + random, "CLIENT_RANDOM xx " + master, "CLIENT_RANDOM " + random + " " + random,
		"CLIENT_TRAFFIC_SECRET_0 00 00", "SERVER_TRAFFIC_SECRET_0 " + random, "SERVER_HANDSHAKE_TRAFFIC_SECRET " + random + " " + random + "00",
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET " + random + " " + random + " 00"} {
		if _, err := observe.New(observe.Options{KeyLog: strings.NewReader("# mine\n" + bad)}); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := observe.New(observe.Options{KeyLog: strings.NewReader("\n# c\nEXPORTER_SECRET 00 00\nCLIENT_RANDOM " + random + " " + master + "\nCLIENT_TRAFFIC_SECRET_0 " + random + " " + master + "\n")}); err != nil {
		t.Error(err)
	}
}

// TestNotTLS: what cannot be followed is said, and nothing more is claimed.
func TestNotTLS(t *testing.T) {
	ob, err := observe.New(observe.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ob.ClientBytes([]byte("GET / HTTP/1.1\r\n\r\n"))
	ob.ServerBytes([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	if rep := ob.Report(); reason.Of(rep.Err) != reason.NotTLS || rep.ReadData || rep.Suite != 0 {
		t.Errorf("%+v", rep)
	}
}

// TestUnknownSuite: hellos can be read whatever they choose; ServerKeyExchange,
// whose shape the suite decides, is kept unread.
func TestUnknownSuite(t *testing.T) {
	own := *suite.ByID(0xc02f)
	own.ID = 0xff02
	r := record(t, "rsa", only(&own))
	var kinds []message.Kind
	l := event.ListenerFunc(func(e event.Event) {
		if m, ok := e.(*event.Message); ok {
			kinds = append(kinds, m.Kind)
			if err := wire.Covered(m.Fields, len(m.Raw)); err != nil {
				t.Errorf("%v: %v", m.Kind, err)
			}
		}
	})
	rep := r.show(t, 1<<20, observe.Options{Listener: l, KeyLog: bytes.NewReader(r.keyLog.Bytes())})
	if rep.ReadData || rep.Suite != own.ID || rep.Closed != observe.UnknownSuite || !slices.Contains(kinds, message.KindServerKeyExchange) {
		t.Errorf("%+v %v", rep, kinds)
	}
	r.mustRead(t, r.show(t, 1<<20, observe.Options{Suites: []*suite.Suite{&own}, KeyLog: &r.keyLog}))
}

// TestEveryGroup: what the group is makes no difference to an observer.
func TestEveryGroup(t *testing.T) {
	for _, g := range kx.Defaults12() {
		x := iana.CipherSuite(0xc02f)
		if kx.Serves(iana.KxDHE, g) {
			x = 0x009e
		}
		r := record(t, "rsa", func(c, s *handshake.Config) {
			only(suite.ByID(x))(c, s)
			c.Groups, s.Groups = []kx.Group{g}, []kx.Group{g}
		})
		r.mustRead(t, r.show(t, 1<<20, observe.Options{KeyLog: &r.keyLog}))
	}
}
