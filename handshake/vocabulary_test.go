package handshake_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/handshake/suite"
)

// No event carries a key that package event does not list, so that narrate can
// explain each; and each that it lists is emitted by one of these runs, so that
// nothing is explained that never happens.
func TestVocabulary(t *testing.T) {
	heard := map[string]map[string]bool{"secret": {}, "check": {}, "decision": {}}
	decisions := event.DecisionNames()
	note := func(c *connection) {
		for _, events := range c.heard {
			for _, e := range events {
				switch e := e.(type) {
				case *event.Secret:
					heard["secret"][string(e.Label)] = true
					if !slices.Contains(event.SecretLabels(), e.Label) {
						t.Errorf("a secret is labelled %q", e.Label)
					}
				case *event.Check:
					heard["check"][string(e.What)] = true
					if !slices.Contains(event.CheckNames(), e.What) {
						t.Errorf("a check is called %q", e.What)
					}
				case *event.Decision:
					heard["decision"][string(e.What)+" "+string(e.Why)] = true
					if !slices.Contains(decisions[e.What], e.Why) {
						t.Errorf("a decision about %q is made for %q", e.What, e.Why)
					}
				}
				if m := e.Head(); m.Ref != "" && !strings.HasPrefix(m.Ref, "RFC ") || (m.Ref == "") != (m.Move == "") {
					t.Errorf("%T in move %q refers to %q", e, m.Move, m.Ref)
				}
			}
		}
	}
	for _, run := range vocabularyRuns(t) {
		run(note)
	}
	for _, run := range keyRuns(t) {
		run(note)
	}
	for _, rec := range recorded(t) {
		note(rec.connect(t).run(nil))
	}

	for _, label := range event.SecretLabels() {
		if !heard["secret"][string(label)] {
			t.Errorf("no run emits the secret %q", label)
		}
	}
	for _, name := range event.CheckNames() {
		if !heard["check"][string(name)] {
			t.Errorf("no run emits the check %q", name)
		}
	}
	for what, list := range decisions {
		for _, why := range list {
			if !heard["decision"][string(what)+" "+string(why)] {
				t.Errorf("no run decides about %s for %q", what, why)
			}
		}
	}
}

// vocabularyRuns are what the recorded flows do not show: refusals, fallbacks,
// and weaknesses switched on.
func vocabularyRuns(t *testing.T) []func(note func(*connection)) {
	l := world("ecdsa")
	// again runs a first handshake under change, and notes a second.
	again := func(tickets bool, first, change func(c, s *handshake.Config)) func(func(*connection)) {
		return func(note func(*connection)) {
			cc, sc := pairFor(ecdheECDSA)
			cc.Suites, sc.Suites = only(ecdheECDSA, 0xcca9), only(ecdheECDSA, 0xcca9)
			cc.Sessions, cc.NoTickets = growing{frozen{}}, !tickets
			if tickets {
				sc.Tickets = session.NewTicketKeys(seeded("keys"), 0)
			} else {
				sc.Sessions = growing{frozen{}}
			}
			first(cc, sc)
			note(connect(t, cc, sc).run(nil).completes())
			change(cc, sc)
			note(connect(t, cc, sc).run(nil).completes())
		}
	}
	nothing := func(c, s *handshake.Config) {}
	withoutEMS := func(c, s *handshake.Config) { c.Weak.NoExtendedMasterSecret = true }
	mutual := func(c, s *handshake.Config) {
		c.Certificates = []handshake.Certificate{alice(t, l)}
		s.ClientAuth, s.Roots, s.SessionLifetime = handshake.RequireClientCert, l.Roots, 1000*24*time.Hour
		c.SessionLifetime = s.SessionLifetime
	}
	bend := func(store session.Store, change func(*session.Session)) {
		for key, b := range store.(growing).frozen {
			s, err := session.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			change(s)
			if b, err = s.Marshal(); err != nil {
				t.Fatal(err)
			}
			store.(growing).frozen[key] = b
		}
	}
	garble := func(store session.Store) {
		for key := range store.(growing).frozen {
			store.(growing).frozen[key] = []byte("not a session")
		}
	}
	once := func(change func(c, s *handshake.Config), h hand) func(func(*connection)) {
		return func(note func(*connection)) {
			cc, sc := pairFor(ecdheECDSA)
			change(cc, sc)
			note(connect(t, cc, sc).run(h))
		}
	}
	return []func(func(*connection)){
		once(withoutEMS, nil),
		once(func(c, s *handshake.Config) { c.VerifyConnection = func(*handshake.Summary) error { return nil } }, nil),
		once(func(c, s *handshake.Config) { s.SuiteOrder = handshake.ClientOrder }, nil),
		once(func(c, s *handshake.Config) {
			c.VerifyConnection, c.FalseStart = func(*handshake.Summary) error { return nil }, true
		}, nil),
		once(func(c, s *handshake.Config) {
			s.ClientAuth, s.Roots = handshake.RequestClientCert, l.Roots
			c.ClientCertificate = func(*handshake.CertificateRequest) (*handshake.Certificate, error) { return nil, nil }
		}, nil),
		once(func(c, s *handshake.Config) {
			c.Suites, s.Suites, s.SuiteOrder = only(0xcca9), suite.Defaults(), handshake.ChaChaFirst
		}, nil),
		once(func(c, s *handshake.Config) { c.Weak.SkipVerify, c.Roots = true, nil }, nil),
		once(func(c, s *handshake.Config) { s.ClientAuth, s.Roots = handshake.RequestClientCert, l.Roots }, nil),
		once(nothing, edited(t, helloCtx, server, message.KindServerHello, func(m message.Message) {
			x := &hello(m).Extensions
			x.List = slices.DeleteFunc(x.List, func(x message.Extension) bool { return x.Type() == iana.ExtRenegotiationInfo })
		})),
		again(true, nothing, func(c, s *handshake.Config) { s.Tickets = session.NewTicketKeys(seeded("other keys"), 0) }),
		again(true, nothing, func(c, s *handshake.Config) { c.NoTickets = true }),
		again(true, nothing, func(c, s *handshake.Config) { s.Time = later(3 * time.Hour) }),
		again(true, nothing, func(c, s *handshake.Config) { c.Suites = only(0xcca9) }),
		again(true, nothing, withoutEMS),
		again(true, withoutEMS, nothing),
		again(false, nothing, func(c, s *handshake.Config) { s.Sessions = growing{frozen{}} }),
		again(false, nothing, func(c, s *handshake.Config) { garble(s.Sessions) }),
		again(false, nothing, func(c, s *handshake.Config) { garble(c.Sessions) }),
		again(false, nothing, func(c, s *handshake.Config) { s.Sessions = broken{} }),
		again(false, nothing, func(c, s *handshake.Config) {
			bend(s.Sessions, func(s *session.Session) { s.ServerName = "another.test" })
		}),
		again(false, nothing, func(c, s *handshake.Config) { bend(s.Sessions, func(s *session.Session) { s.Version = iana.TLS11 }) }),
		again(false, nothing, func(c, s *handshake.Config) { mutual(c, s) }),
		again(false, mutual, func(c, s *handshake.Config) { s.ClientAuth = handshake.NoClientCert }),
		again(false, mutual, func(c, s *handshake.Config) {
			// Past the client certificate's end, though the server's goes on.
			s.Time, s.ClientAuth = later(200*24*time.Hour), handshake.RequestClientCert
			nobody(t, c)
		}),
		again(false, mutual, func(c, s *handshake.Config) {
			s.Roots, s.ClientAuth = nil, handshake.RequestClientCert
			nobody(t, c)
		}),
		again(false, mutual, func(c, s *handshake.Config) { c.Certificates, s.ClientAuth = nil, handshake.RequestClientCert }),
		once(func(c, s *handshake.Config) { c.FalseStart = true }, nil),
		once(func(c, s *handshake.Config) { c.FalseStart, c.Suites, s.Suites = true, only(0xc023), only(0xc023) }, nil),
		func(note func(*connection)) { // False Start, and no forward secrecy
			cc, sc := pairFor(0x009c)
			cc.FalseStart = true
			note(connect(t, cc, sc).run(nil).completes())
		},
		func(note func(*connection)) { // a client that names no groups
			cc, sc := pairFor(ecdheECDSA)
			silenced(cc)
			note(connect(t, cc, sc).run(nil).completes())
		},
		func(note func(*connection)) { // a client of both versions, a server of the older
			cc, sc := ends13(l)
			sc.MaxVersion = iana.TLS12
			note(connect(t, cc, sc).run(nil).completes())
		},
		func(note func(*connection)) { // a ticket that nobody keeps
			cc, sc := ends13(l)
			c := connect(t, cc, sc).run(nil).completes()
			c.inject(client, put(t, c.as(server, 0), iana.Handshake, marshalled(t, &message.NewSessionTicket13{Lifetime: 9, Ticket: []byte("t")})))
			note(c)
		},
		func(note func(*connection)) { // keys that have done enough
			cc, sc := ends13(l)
			cc.Suites = spentAfter(3)
			c := connect(t, cc, sc).run(nil).completes()
			for range 5 {
				c.talk()
			}
			note(c)
		},
	}
}

// keyRuns are the same for what begins with a key.
func keyRuns(t *testing.T) (runs []func(note func(*connection))) {
	for _, test := range earlyDataCases(t) {
		runs = append(runs, func(note func(*connection)) {
			cc, sc := pair13()
			test.setup(cc, sc)
			note(connect(t, cc, sc).begin("early bird").run(nil).is13())
		})
	}
	// A ticket used once more, with a store that says what it may about that.
	for _, store := range []session.Store{frozen{}, young{}} {
		runs = append(runs, func(note func(*connection)) {
			cc, sc := pair13()
			withTicket(cc, sc)
			sc.SingleUse = store
			note(connect(t, cc, sc).run(nil).is13())
		})
	}
	for _, change := range []func(c, s *handshake.Config){
		func(c, s *handshake.Config) { s.Tickets = nil },
		func(c, s *handshake.Config) { c.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly} },
		func(c, s *handshake.Config) { // either way
			c.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly, iana.PSKWithDHE}
			s.PSKModes = c.PSKModes
		},
		func(c, s *handshake.Config) { // more keys than a server looks at
			s.Tickets = nil
			for i := range byte(9) {
				c.PSKs = append(c.PSKs, handshake.PSK{Identity: []byte{i}, Key: make([]byte, 32)})
			}
		},
	} {
		runs = append(runs, func(note func(*connection)) {
			cc, sc := pair13()
			withTicket(cc, sc)
			change(cc, sc)
			note(connect(t, cc, sc).run(nil).is13())
		})
	}
	return runs
}

// young is a store that has begun only after whatever it is asked about.
type young struct{ frozen }

func (young) Once(string, time.Time, time.Time) (bool, error) { return true, nil }
func (young) Began(now time.Time) (time.Time, error)          { return now, nil }

// spentAfter is a suite whose keys last n records.
func spentAfter(n uint64) []*suite.Suite {
	s := *suite.ByID(aes128GCM)
	cipher := *s.Cipher
	cipher.MaxRecords = n
	s.Cipher = &cipher
	return []*suite.Suite{&s}
}

// broken is a store that is down.
type broken struct{}

var errDown = errors.New("the store is down")

func (broken) Put(string, []byte, time.Time) error    { return errDown }
func (broken) Get(string, time.Time) ([]byte, error)  { return nil, errDown }
func (broken) Delete(string) error                    { return errDown }
func (broken) Take(string, time.Time) ([]byte, error) { return nil, errDown }

func (broken) Once(string, time.Time, time.Time) (bool, error) { return false, errDown }
func (broken) Began(time.Time) (time.Time, error)              { return time.Time{}, errDown }

// The lists themselves hold each key once.
func TestVocabularyIsUnique(t *testing.T) {
	once(t, event.SecretLabels())
	once(t, event.CheckNames())
	for _, whys := range event.DecisionNames() {
		once(t, whys)
	}
}

func once[T ~string](t *testing.T, list []T) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(list))
	if len(slices.Compact(slices.Clone(sorted))) != len(list) {
		t.Errorf("listed twice: %v", sorted)
	}
}
