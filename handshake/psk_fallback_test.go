package handshake_test

import (
	"crypto"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
	"tlslab/pki"
)

// Every way not to resume in TLS 1.3: each leads to a full handshake, and says why.

// ticketed makes configurations of TLS 1.3 whose client keeps tickets, for any time.
func ticketed() (c, s *handshake.Config) {
	c, s = pair13()
	c.Sessions, s.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("ticket keys"), 0)
	return c, s
}

// at makes both ends' clocks show a time after the first connection.
func at(later time.Duration) func() time.Time { return func() time.Time { return clock().Add(later) } }

// kept changes each session that a client keeps.
func kept(t *testing.T, c *handshake.Config, change func(*session.Session)) {
	t.Helper()
	store := c.Sessions.(growing).frozen
	if len(store) == 0 {
		t.Fatal("the client keeps nothing")
	}
	for key, b := range store {
		s, err := session.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		if store[key], err = s.Marshal(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFallback13(t *testing.T) {
	type configs = func(t *testing.T, c, s *handshake.Config)
	mutual := func(t *testing.T, c, s *handshake.Config) { wantClientCert(t, c, s) }
	for _, test := range []struct {
		name   string
		first  configs // before the connection that is to be resumed
		second configs // after it
		who    event.Role
		why    event.Why
	}{
		{"another name", nil, func(t *testing.T, c, s *handshake.Config) {
			c.Edit(func(m message.Message) {
				if m, ok := m.(*message.ClientHello); ok {
					edit[*message.ServerName](m).Name = "other.lab.test"
				}
			})
		}, server, event.WhySessionOtherName},
		{"another name at the client", nil, func(t *testing.T, c, s *handshake.Config) {
			kept(t, c, func(s *session.Session) { s.ServerName = "other.lab.test" })
		}, client, event.WhySessionOtherName},
		{"a suite of another hash", func(_ *testing.T, c, s *handshake.Config) { s.Suites = only(aes128GCM) },
			func(_ *testing.T, c, s *handshake.Config) { s.Suites = only(0x1302) }, server, event.WhySessionOtherSuite},
		{"a suite no longer offered", func(_ *testing.T, c, s *handshake.Config) { s.Suites = only(aes128GCM) },
			func(_ *testing.T, c, s *handshake.Config) { c.Suites, s.Suites = only(0x1302), nil }, client, event.WhySessionOtherSuite},
		{"expired", nil, func(_ *testing.T, c, s *handshake.Config) { s.Time = at(session.DefaultLifetime) }, server, event.WhySessionExpired},
		{"from the future", nil, func(_ *testing.T, c, s *handshake.Config) { s.Time = at(-session.ClockSkew) }, server, event.WhySessionExpired},
		{"from the future, and so is its key", nil, func(_ *testing.T, c, s *handshake.Config) { s.Time = at(-time.Minute) }, server, event.WhyTicketUnreadable},
		{"expired at the client", nil, func(_ *testing.T, c, s *handshake.Config) { c.Time = at(session.DefaultLifetime) }, client, event.WhySessionExpired},
		{"a ticket of TLS 1.2", nil, func(t *testing.T, c, s *handshake.Config) {
			old := &session.Session{Version: iana.TLS12, Suite: ecdheECDSA, ServerName: "www.lab.test", Created: clock(), Lifetime: time.Hour}
			ticket, err := s.Tickets.Seal(old, seeded("seal"), clock())
			if err != nil {
				t.Fatal(err)
			}
			kept(t, c, func(s *session.Session) { s.Ticket = ticket })
		}, server, event.WhySessionOtherVersion},
		{"a session of TLS 1.2", nil, func(t *testing.T, c, s *handshake.Config) {
			kept(t, c, func(s *session.Session) { s.Version = iana.TLS12 })
		}, client, event.WhySessionOtherVersion},
		{"a certificate required", nil, mutual, server, event.WhySessionWithoutClientCertificate},
		{"no certificate wanted", mutual, func(_ *testing.T, c, s *handshake.Config) { s.ClientAuth = handshake.NoClientCert }, server, event.WhySessionWithClientCertificate},
		{"the client's certificate expired", func(t *testing.T, c, s *handshake.Config) {
			wantClientCert(t, c, s)
			s.SessionLifetime = 7 * 24 * time.Hour
			leaf, err := pki.ParseCached(c.Certificates[0].Chain[0])
			if err != nil {
				t.Fatal(err)
			}
			c.Time = func() time.Time { return leaf.NotAfter.Add(-time.Minute) }
			s.Time = c.Time
		}, func(t *testing.T, c, s *handshake.Config) {
			now := c.Time().Add(2 * time.Minute) // by the server's clock alone
			nobody(t, c)
			s.ClientAuth, s.Time = handshake.RequestClientCert, func() time.Time { return now }
		}, server, event.WhyClientCertificateExpired},
		{"trust in the client withdrawn", mutual, func(t *testing.T, c, s *handshake.Config) {
			nobody(t, c)
			s.ClientAuth, s.Roots = handshake.RequestClientCert, pki.NewTrustStore(world("rsa").Root.Cert)
		}, server, event.WhyTrustWithdrawn},
		{"trust in the server withdrawn", nil, func(t *testing.T, c, s *handshake.Config) {
			l := world("rsa") // the server has moved to another root, and the client with it
			c.Roots, s.Certificates = l.Roots, []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}
		}, client, event.WhyTrustWithdrawn},
		{"another server's ticket", nil, func(_ *testing.T, c, s *handshake.Config) {
			s.Tickets = session.NewTicketKeys(seeded("other ticket keys"), 0)
		}, server, event.WhyTicketUnreadable},
		{"a truncated ticket", nil, func(t *testing.T, c, s *handshake.Config) {
			kept(t, c, func(s *session.Session) { s.Ticket = s.Ticket[:len(s.Ticket)-1] })
		}, server, event.WhyTicketUnreadable},
		{"a ticket of one byte", nil, func(t *testing.T, c, s *handshake.Config) {
			kept(t, c, func(s *session.Session) { s.Ticket = s.Ticket[:1] })
		}, server, event.WhyTicketUnreadable},
		{"a ticket tampered with", nil, func(t *testing.T, c, s *handshake.Config) {
			kept(t, c, func(s *session.Session) { s.Ticket[len(s.Ticket)/2] ^= 1 })
		}, server, event.WhyTicketUnreadable},
		{"tickets no longer taken", nil, func(_ *testing.T, c, s *handshake.Config) { s.Tickets = nil }, server, event.WhyPSKUnknown},
		{"no common mode", nil, func(_ *testing.T, c, s *handshake.Config) {
			c.PSKModes = []iana.PSKKeyExchangeMode{iana.PSKOnly}
		}, server, event.WhyNoCommonPSKMode},
		{"no mode that there is", nil, func(_ *testing.T, c, s *handshake.Config) {
			c.PSKModes = []iana.PSKKeyExchangeMode{7, 250}
		}, server, event.WhyNoCommonPSKMode},
		{"a store that cannot be read", nil, func(_ *testing.T, c, s *handshake.Config) { c.Sessions = broken{} }, client, event.WhyStoreFailed},
		{"a store that holds something else", nil, func(_ *testing.T, c, s *handshake.Config) {
			store := c.Sessions.(growing).frozen
			for key := range store {
				store[key] = []byte("something else")
			}
		}, client, event.WhySessionUnreadable},
	} {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := ticketed()
			if test.first != nil {
				test.first(t, cc, sc)
			}
			connect(t, cc, sc).run(nil).is13()
			c := connect(t, cc, sc).run(nil).is13()
			if !c.ends[client].Summary().Resumed {
				t.Fatal("it would not have resumed anyway")
			}
			test.second(t, cc, sc)
			c = connect(t, cc, sc).run(nil).is13()
			for _, e := range c.ends {
				if got := e.Summary(); got.Resumed || got.PSK {
					t.Errorf("the %v resumed", e.Role())
				}
			}
			if len(c.sent(server, message.KindCertificate)) != 1 {
				t.Error("no full handshake")
			}
			if got := c.decisions(test.who, event.DecisionResumption); !slices.Contains(got, test.why) {
				t.Errorf("the %v says %v, want %s", test.who, got, test.why)
			}
			c.keptBack(test.who, test.why)
		})
	}
}

// keptBack wants the client's Summary to say why it did not offer what it had kept, where
// that is whose decision it was: who does not listen asks there.
func (c *connection) keptBack(who event.Role, why event.Why) {
	c.t.Helper()
	if who == server {
		why = ""
	}
	for role, e := range c.ends {
		want := why
		if event.Role(role) == server {
			want = ""
		}
		if got := e.Summary().NotOffered; got != want {
			c.t.Errorf("the %v's summary says %q, want %q", e.Role(), got, want)
		}
	}
}

// A server that has gone back to TLS 1.2 makes nothing of a ticket of TLS 1.3; nor the
// other way round. In between both keep what is theirs.
func TestFallbackToOtherVersion(t *testing.T) {
	cc, sc := ticketed()
	old := *sc
	old.MaxVersion = iana.TLS12
	for i, step := range []struct {
		s       *handshake.Config
		version iana.Version
		resumed bool
	}{{sc, iana.TLS13, false}, {&old, iana.TLS12, false}, {sc, iana.TLS13, true}, {&old, iana.TLS12, true}, {sc, iana.TLS13, true}} {
		c := connect(t, cc, step.s).run(nil).completes()
		c.talk()
		if got := c.ends[server].Summary(); got.Version != step.version || got.Resumed != step.resumed {
			t.Errorf("connection %d: %v, resumed %v", i, got.Version, got.Resumed)
		}
	}
}

// A client that resumes nothing that it cannot keep.
func TestTicketNotKept(t *testing.T) {
	cc, sc := ticketed()
	cc.Sessions = broken{}
	c := connect(t, cc, sc).run(nil).is13()
	if why := c.decisions(client, event.DecisionResumption); !slices.Contains(why, event.WhyStoreFailed) {
		t.Errorf("the client says %v", why)
	}
	if why := c.decisions(client, event.DecisionSessionTicket); len(why) != 0 {
		t.Errorf("of a ticket that is not kept the client says %v", why)
	}
}

// Several tickets a connection, and each is offered once: by as many clients at once as
// there are, and by no other.
func TestTicketsAreUsedOnce(t *testing.T) {
	cc, sc := ticketed()
	cc.Sessions, sc.SessionTickets = session.NewMemory(0), 4
	connect(t, cc, sc).run(nil).is13()
	sc.SessionTickets = 1
	offered := map[string]bool{}
	var pending []*connection
	for i := range 5 {
		c := connect(t, cc, sc)
		c.ends[client].drive()
		pending = append(pending, c)
		x, ok := message.Get[*message.PreSharedKeyClient](&c.sent(client, message.KindClientHello)[0].(*message.ClientHello).Extensions)
		if ok != (i < 4) {
			t.Fatalf("client %d offers a ticket: %v", i, ok)
		}
		if ok {
			if len(x.Identities) != 1 || offered[string(x.Identities[0].Identity)] {
				t.Errorf("client %d offers %d tickets, one of them again", i, len(x.Identities))
			}
			offered[string(x.Identities[0].Identity)] = true
		}
	}
	for i, c := range pending {
		if c.run(nil).is13(); c.ends[server].Summary().Resumed != (i < 4) {
			t.Errorf("client %d: resumed %v", i, c.ends[server].Summary().Resumed)
		}
	}
}

// The age of a ticket is hidden by a number that only the two ends know, modulo 2^32.
func TestTicketAge(t *testing.T) {
	for _, add := range []uint32{0, 1, 1 << 31, 1<<32 - 1, 1<<32 - 1000} {
		cc, sc := ticketed()
		sc.Edit(func(m message.Message) {
			if m, ok := m.(*message.NewSessionTicket13); ok {
				m.AgeAdd = add
			}
		})
		connect(t, cc, sc).run(nil).is13()
		cc.Time = at(61*time.Second + 234*time.Millisecond)
		c := connect(t, cc, sc)
		c.ends[client].drive()
		hello := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
		if got := edit[*message.PreSharedKeyClient](hello).Identities[0].ObfuscatedAge - add; got != 61_234 {
			t.Errorf("ticket_age_add %d: an age of %d ms", add, got)
		}
	}
	cc, sc := pair13()
	cc.PSKs = []handshake.PSK{{Identity: []byte("lab"), Key: []byte("0123456789abcdef")}}
	c := connect(t, cc, sc).run(nil).is13()
	hello := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
	if age := edit[*message.PreSharedKeyClient](hello).Identities[0].ObfuscatedAge; age != 0 { // RFC 9846 §4.3.11
		t.Errorf("an external key has age %d", age)
	}
}

// A session that comes from a session lives no longer than the first of them.
func TestResumedTicketsDoNotLiveLonger(t *testing.T) {
	cc, sc := ticketed()
	var elapsed time.Duration
	cc.Time = func() time.Time { return clock().Add(elapsed) }
	sc.Time = cc.Time
	for i := range 3 {
		c := connect(t, cc, sc).run(nil).is13()
		if c.ends[server].Summary().Resumed != (i > 0) {
			t.Fatalf("connection %d: resumed %v", i, i == 0)
		}
		for _, m := range c.sent(server, message.KindNewSessionTicket) {
			if got, want := m.(*message.NewSessionTicket13).Lifetime, uint32((session.DefaultLifetime - elapsed).Seconds()); got != want {
				t.Errorf("after %v a ticket for %d s, want %d", elapsed, got, want)
			}
		}
		elapsed += 50 * time.Minute
	}
	c := connect(t, cc, sc).run(nil).is13()
	if c.ends[server].Summary().Resumed {
		t.Errorf("resumed after %v", elapsed)
	}
}

// Which mode two ends come to, and that without a key exchange there is none.
func TestPSKModes(t *testing.T) {
	type modes = []iana.PSKKeyExchangeMode
	ke, dhe := modes{iana.PSKOnly}, modes{iana.PSKWithDHE}
	both, greased := modes{iana.PSKOnly, iana.PSKWithDHE}, modes{0x0b, iana.PSKWithDHE}
	for _, test := range []struct {
		c, s                modes
		resumed, exchanging bool
	}{
		{nil, nil, true, true}, {dhe, both, true, true}, {both, dhe, true, true}, {both, both, true, true}, {greased, nil, true, true},
		{ke, both, true, false}, {both, ke, true, false}, {ke, ke, true, false},
		{nil, ke, false, true}, {ke, nil, false, true},
	} {
		for _, retried := range []bool{false, true} {
			cc, sc := ticketed()
			connect(t, cc, sc).run(nil).is13()
			cc.PSKModes, sc.PSKModes, sc.RetryWithCookie = test.c, test.s, retried
			c := connect(t, cc, sc).run(nil).is13()
			for _, e := range c.ends {
				if got := e.Summary(); got.Resumed != test.resumed || (got.Group != 0) != test.exchanging {
					t.Errorf("%v and %v: the %v resumed %v, group %v", test.c, test.s, e.Role(), got.Resumed, got.Group)
				}
			}
		}
	}
}

// External keys: of either hash, among others, after a retry, and where they do not fit.
func TestExternalPSKs(t *testing.T) {
	key := func(name string, h int) handshake.PSK {
		p := handshake.PSK{Identity: []byte(name), Key: []byte("key of " + name + " ..............")}
		if h == 384 {
			p.Hash = crypto.SHA384
		}
		return p
	}
	type keys = []handshake.PSK
	for _, test := range []struct {
		name   string
		c, s   keys
		suites []iana.CipherSuite // of the server
		psk    bool
		why    event.Why
	}{
		{"SHA-256", keys{key("a", 256)}, keys{key("a", 256)}, nil, true, event.WhyPSKKnown},
		{"SHA-384", keys{key("a", 384)}, keys{key("a", 384)}, nil, true, event.WhyPSKKnown},
		{"the second", keys{key("a", 256), key("b", 384)}, keys{key("b", 384)}, nil, true, event.WhyPSKKnown},
		{"of one hash, for suites of the other", keys{key("a", 384)}, keys{key("a", 384)}, []iana.CipherSuite{aes128GCM}, false, event.WhySessionOtherSuite},
		{"one of each, for suites of one", keys{key("a", 384), key("b", 256)}, keys{key("a", 384), key("b", 256)}, []iana.CipherSuite{0x1303}, true, event.WhyPSKKnown},
		{"unknown", keys{key("a", 256)}, keys{key("b", 256)}, nil, false, event.WhyPSKUnknown},
	} {
		for _, retried := range []bool{false, true} {
			cc, sc := pair13()
			cc.PSKs, sc.PSKs, sc.RetryWithCookie = test.c, test.s, retried
			if test.suites != nil {
				sc.Suites = only(test.suites...)
			}
			c := connect(t, cc, sc).run(nil).is13()
			for _, e := range c.ends {
				if got := e.Summary(); got.PSK != test.psk || got.Resumed || got.Group == 0 {
					t.Errorf("%s: %v has PSK %v, resumed %v", test.name, e.Role(), got.PSK, got.Resumed)
				}
			}
			if why := c.decisions(server, event.DecisionResumption); !slices.Contains(why, test.why) {
				t.Errorf("%s: the server says %v", test.name, why)
			}
			for _, d := range all[*event.Decision](c.heard[server]) {
				if test.psk && d.What == event.DecisionResumption && d.Chosen == "full_handshake" {
					t.Errorf("%s: the server announces a full handshake because of %s, and takes a key", test.name, d.Why)
				}
			}
		}
	}

	// A key is no certificate: who demands one gets it.
	cc, sc := pair13()
	cc.PSKs, sc.PSKs = keys{key("a", 256)}, keys{key("a", 256)}
	wantClientCert(t, cc, sc)
	c := connect(t, cc, sc).run(nil).is13()
	if got := c.ends[server].Summary(); got.PSK || len(got.PeerChain) == 0 {
		t.Errorf("PSK %v, a chain of %d", got.PSK, len(got.PeerChain))
	}
}

// A client that resumes in its first ClientHello and not in its second is not taken for
// the one that the ticket named.
func TestResumedThenNot(t *testing.T) {
	cc, sc := ticketed()
	wantClientCert(t, cc, sc)
	connect(t, cc, sc).run(nil).is13()
	nobody(t, cc)
	sc.ClientAuth, sc.RetryWithCookie = handshake.RequestClientCert, true
	c := connect(t, cc, sc).run(nil).is13()
	if got := c.ends[server].Summary(); !got.Resumed || len(got.PeerChain) == 0 {
		t.Fatalf("resumed %v", got.Resumed)
	}
	connectAs := *cc
	hellos := 0
	connectAs.Edit(func(m message.Message) {
		if m, ok := m.(*message.ClientHello); ok {
			if hellos++; hellos == 2 {
				x := edit[*message.PreSharedKeyClient](m)
				x.Identities[0].Identity = []byte("no ticket")
			}
		}
	})
	c = connect(t, &connectAs, sc).run(nil)
	if got := c.ends[server].Summary(); got.Resumed || len(got.PeerChain) != 0 || !c.ends[server].Done() {
		t.Errorf("the server is in %v; resumed %v; takes the client for %d certificates", c.ends[server].State(), got.Resumed, len(got.PeerChain))
	}
}

// A retry for a suite of another hash makes a key useless, and the client drops it
// (RFC 9846 §4.2.2).
func TestRetriedForAnotherHash(t *testing.T) {
	cc, sc := ticketed()
	sc.Suites = only(aes128GCM)
	connect(t, cc, sc).run(nil).is13()
	sc.Suites, sc.RetryWithCookie, sc.Groups = only(0x1302), true, []kx.Group{kx.P256}
	c := connect(t, cc, sc).run(nil).is13()
	hellos := c.sent(client, message.KindClientHello)
	for i, m := range hellos {
		if has := m.(*message.ClientHello).Extensions.Find(iana.ExtPreSharedKey) != nil; has != (i == 0) {
			t.Errorf("ClientHello %d offers a key: %v", i, has)
		}
	}
	if len(hellos) != 2 || c.ends[client].Summary().Resumed {
		t.Errorf("%d ClientHellos, resumed %v", len(hellos), c.ends[client].Summary().Resumed)
	}
}
