package handshake_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// What TLS 1.3 can do between our two ends: every suite, group and kind of key, and which
// version it comes to.

// pair13 makes configurations of TLS 1.3 over an ECDSA chain, quick ones.
func pair13() (c, s *handshake.Config) {
	c, s = ends13(world("ecdsa"))
	c.Groups, s.Groups = []kx.Group{kx.X25519, kx.P256}, []kx.Group{kx.X25519, kx.P256}
	return c, s
}

// wantClientCert makes a client prove itself, and a server demand it.
func wantClientCert(t testing.TB, c, s *handshake.Config) {
	t.Helper()
	l := world("ecdsa")
	c.Certificates = []handshake.Certificate{alice(t, l)}
	s.ClientAuth, s.Roots = handshake.RequireClientCert, l.Roots
}

// is13 holds that both ends have come to TLS 1.3, and talk.
func (c *connection) is13() *connection {
	c.t.Helper()
	c.completes().talk()
	for _, e := range c.ends {
		if v := e.Summary().Version; v != iana.TLS13 {
			c.t.Errorf("the %v speaks %v", e.Role(), v)
		}
	}
	return c
}

// Every suite with every group and every kind of certificate.
func TestEverySuiteGroupAndKey13(t *testing.T) {
	t.Parallel()
	n := 0
	for _, alg := range lesson.KeyAlgs() {
		for _, s := range suite.Of(iana.TLS13) {
			for _, g := range kx.All() {
				if n++; n%scale > 0 {
					continue
				}
				cc, sc := ends13(world(alg))
				cc.Weak.NULL, sc.Weak.NULL = true, true
				cc.Suites, cc.Groups = []*suite.Suite{s}, []kx.Group{g}
				sc.Suites = suite.All()
				c, srv := mustShake(t, cc, sc)
				say(t, c, srv, "question")
				say(t, srv, c, "answer")
				for _, sum := range []*handshake.Summary{c.Summary(), srv.Summary()} {
					if sum.Version != iana.TLS13 || sum.Suite.ID != s.ID || sum.Group != g.ID() {
						t.Fatalf("%v, %v and %s came to %v, %v, %v", s, g.ID(), alg, sum.Version, sum.Suite, sum.Group)
					}
					if sc := schemeOf(alg); sum.Scheme != sc {
						t.Fatalf("a key of %s signs with %v, want %v", alg, sum.Scheme, sc)
					}
				}
			}
		}
	}
}

// schemeOf is what a lesson key signs with by default.
func schemeOf(alg string) iana.SignatureScheme {
	return map[string]iana.SignatureScheme{"rsa": iana.RSAPSSRSAESHA256, "rsa-pss": iana.RSAPSSPSSSHA256, "ecdsa": iana.ECDSAP256SHA256,
		"p384": iana.ECDSAP384SHA384, "p521": iana.ECDSAP521SHA512, "ed25519": iana.Ed25519, "ed448": iana.Ed448}[alg]
}

func schemes(t testing.TB, ids ...iana.SignatureScheme) (list []*sig.Scheme) {
	t.Helper()
	for _, id := range ids {
		s := sig.ByID(id)
		if s == nil {
			t.Fatalf("no scheme %v", id)
		}
		list = append(list, s)
	}
	return list
}

// Clients' certificates of every kind; asked for and not shown; compressed.
func TestClientCertificates13(t *testing.T) {
	for _, alg := range lesson.KeyAlgs() {
		for _, packed := range []bool{false, true} {
			cc, sc := pair13()
			l := world(alg)
			cc.Certificates = []handshake.Certificate{alice(t, l)}
			sc.ClientAuth, sc.Roots = handshake.RequireClientCert, l.Roots
			if packed {
				cc.CertificateCompression, sc.CertificateCompression = allCompressions, allCompressions
			}
			c := connect(t, cc, sc).run(nil).is13()
			got := c.ends[server].Summary().PeerChain
			if len(got) == 0 || !bytes.Equal(got[0].Raw, cc.Certificates[0].Chain[0]) {
				t.Errorf("%s: the server has seen %d certificates", alg, len(got))
			}
			if sent := c.sent(client, message.KindCompressedCertificate); len(sent) > 0 != packed {
				t.Errorf("%s: %d compressed certificates, compression agreed on: %v", alg, len(sent), packed)
			}
		}
	}

	cc, sc := pair13()
	sc.ClientAuth, sc.Roots = handshake.RequestClientCert, world("ecdsa").Roots
	c := connect(t, cc, sc).run(nil).is13()
	if s := c.ends[server].Summary(); !s.CertificateRequested || len(s.PeerChain) != 0 || !c.ends[client].Summary().CertificateRequested {
		t.Errorf("asked in vain: %+v", s)
	}

	// One that the request does not fit: by another authority, or with another key.
	for name, change := range map[string]func(cc, sc *handshake.Config){
		"another authority": func(cc, sc *handshake.Config) { sc.Roots = forgery(t).Roots },
		"another key":       func(cc, sc *handshake.Config) { sc.Schemes = schemes(t, iana.Ed25519) },
	} {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		sc.ClientAuth = handshake.RequestClientCert
		if name == "another key" {
			l := world("ed25519") // the server signs with what it takes
			sc.Certificates = []handshake.Certificate{{Chain: l.Chain, Key: l.Key}}
			cc.Roots = l.Roots
		}
		change(cc, sc)
		c := connect(t, cc, sc).run(nil).is13()
		if why := c.decisions(client, event.DecisionClientCertificate); !slices.Equal(why, []event.Why{event.WhyNothingFitsRequest}) {
			t.Errorf("%s: the client decides for %v", name, why)
		}
	}
}

// sent lists the messages of a kind that an end has sent.
func (c *connection) sent(from event.Role, k message.Kind) (list []message.Message) {
	for _, m := range all[*event.Message](c.heard[from]) {
		if m.Dir == event.Send && m.Kind == k {
			list = append(list, m.Msg)
		}
	}
	return list
}

// A client is sent back for a share, for a cookie, for both; each comes to the group
// that the server wanted, and the first ClientHello is a hash in the transcript.
func TestHelloRetryRequest(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(cc, sc *handshake.Config)
		group  iana.Group
		why    []event.Why // of hello_retry
	}{
		{"none shared", func(cc, sc *handshake.Config) { cc.KeyShares = []iana.Group{} }, iana.X25519, []event.Why{event.WhyNoShare}},
		{"another shared", func(cc, sc *handshake.Config) { sc.Groups = []kx.Group{kx.P256} }, iana.P256, []event.Why{event.WhyNoShare}},
		{"a cookie", func(cc, sc *handshake.Config) { sc.RetryWithCookie = true }, iana.X25519, []event.Why{event.WhyCookieWanted}},
		{"both", func(cc, sc *handshake.Config) { cc.KeyShares, sc.RetryWithCookie = []iana.Group{}, true }, iana.X25519, []event.Why{event.WhyNoShare, event.WhyCookieWanted}},
		{"neither", func(cc, sc *handshake.Config) {}, iana.X25519, nil},
		{"a share of a lesser group", func(cc, sc *handshake.Config) { cc.KeyShares = []iana.Group{iana.P256} }, iana.P256, nil},
	} {
		for _, plain := range []bool{false, true} {
			cc, sc := pair13()
			cc.NoCompatibilityMode = plain
			test.change(cc, sc)
			c := connect(t, cc, sc).run(nil).is13()
			retried, hellos := test.why != nil, 1
			if retried {
				hellos = 2
			}
			for _, e := range c.ends {
				if s := e.Summary(); s.Group != test.group || s.Retried != retried {
					t.Errorf("%s: the %v has %v, retried %v", test.name, e.Role(), s.Group, s.Retried)
				}
			}
			if why := c.decisions(server, event.DecisionHelloRetry); !slices.Equal(why, test.why) {
				t.Errorf("%s: the server decides for %v", test.name, why)
			}
			if n := len(c.sent(client, message.KindClientHello)); n != hellos {
				t.Errorf("%s: %d ClientHellos", test.name, n)
			}
			waits := slices.DeleteFunc(c.states(client), func(s event.State) bool { return s != event.WaitServerHello })
			if len(waits) != hellos {
				t.Errorf("%s: the client stops %d times for a ServerHello", test.name, len(waits))
			}
			for role := range c.ends {
				if n := len(c.decisions(event.Role(role), event.DecisionTranscript)); n != hellos-1 {
					t.Errorf("%s: %d message_hashes", test.name, n)
				}
			}
		}
	}
}

// The disguise is a session ID that comes back and one ChangeCipherSpec from each end,
// behind its first message (RFC 9846 §E.4); without it there is neither.
func TestCompatibilityMode(t *testing.T) {
	for _, plain := range []bool{false, true} {
		for _, retried := range []bool{false, true} {
			cc, sc := pair13()
			cc.NoCompatibilityMode, sc.RetryWithCookie = plain, retried
			c := connect(t, cc, sc)
			var order [2][]iana.ContentType
			c.run(func(p packet) []byte { order[p.from] = append(order[p.from], p.typ); return p.wire }).is13()
			n := 1
			if plain {
				n = 0
			}
			for role := range c.ends {
				seen := 0
				for i, typ := range order[role] {
					if typ == iana.ChangeCipherSpec {
						if seen++; i != 1 {
							t.Errorf("the %v's ChangeCipherSpec is its record %d", event.Role(role), i+1)
						}
					}
				}
				if seen != n {
					t.Errorf("disguised %v, retried %v: the %v sends %d ChangeCipherSpecs", !plain, retried, event.Role(role), seen)
				}
			}
			ch := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
			sh := c.sent(server, message.KindServerHello)[0].(*message.ServerHello)
			if !bytes.Equal(ch.SessionID, sh.SessionID) || len(ch.SessionID) != 32*n {
				t.Errorf("session IDs %x and %x", ch.SessionID, sh.SessionID)
			}
			why := choose(plain, event.WhySessionIDEmpty, event.WhySessionIDEchoed)
			if got := c.decisions(client, event.DecisionCompatibilityMode); !slices.Equal(got, []event.Why{why}) {
				t.Errorf("the client decides for %v", got)
			}
		}
	}
}

func choose[T any](b bool, yes, no T) T {
	if b {
		return yes
	}
	return no
}

// Which version it comes to. Who has both and comes to the older one says so, or sees
// that the other does not.
func TestVersions(t *testing.T) {
	type bounds struct{ min, max iana.Version }
	both, old, young := bounds{}, bounds{max: iana.TLS12}, bounds{min: iana.TLS13}
	for _, test := range []struct {
		c, s bounds
		want iana.Version // 0: none
	}{
		{both, both, iana.TLS13}, {both, old, iana.TLS12}, {both, young, iana.TLS13},
		{old, both, iana.TLS12}, {old, old, iana.TLS12}, {old, young, 0},
		{young, both, iana.TLS13}, {young, old, 0}, {young, young, iana.TLS13},
	} {
		cc, sc := ends13(world("ecdsa"))
		cc.MinVersion, cc.MaxVersion, sc.MinVersion, sc.MaxVersion = test.c.min, test.c.max, test.s.min, test.s.max
		c := connect(t, cc, sc).run(nil)
		if test.want == 0 {
			field := "client_hello.client_version"
			if test.c == young {
				field = "client_hello.extensions.supported_versions"
			}
			c.refuses(server, want{reason.UnsupportedVersion, field, anywhere, iana.ProtocolVersion, event.Start})
			continue
		}
		c.completes().talk()
		for _, e := range c.ends {
			if v := e.Summary().Version; v != test.want {
				t.Errorf("%v and %v: the %v speaks %v", test.c, test.s, e.Role(), v)
			}
		}
		sh := c.sent(server, message.KindServerHello)[0].(*message.ServerHello)
		marked := string(sh.Random[24:]) == "DOWNGRD\x01"
		if marked != (test.want == iana.TLS12 && test.s == both) {
			t.Errorf("%v and %v: the server's random ends with %q", test.c, test.s, sh.Random[24:])
		}
		for _, r := range all[*event.Record](c.heard[client]) {
			if first := r.Dir == event.Send && r.Sequence == 0 && r.Epoch == 0; r.Version != iana.TLS12 && !(first && r.Version == iana.TLS10) {
				t.Errorf("a record header says %v", r.Version)
			}
		}
	}
}

// A client that greases everything connects, whatever it draws; the values come in the
// places that RFC 8701 §3.1 names.
func TestGREASE13(t *testing.T) {
	for i := range 32 {
		cc, sc := pair13()
		cc.GREASE, cc.Rand = true, seeded(fmt.Sprint("grease", i))
		cc.KeyShares = []iana.Group{iana.X25519}
		sc.RetryWithCookie = i%2 == 0
		c := connect(t, cc, sc).run(nil).is13()
		for _, m := range c.sent(client, message.KindClientHello) {
			m := m.(*message.ClientHello)
			v, g, k := edit[*message.SupportedVersions](m), edit[*message.SupportedGroups](m), edit[*message.KeyShareClient](m)
			for what, value := range map[string]uint16{"suite": uint16(m.CipherSuites[0]), "version": uint16(v.Versions[0]),
				"group": uint16(g.Groups[0]), "share": uint16(k.Shares[0].Group), "extension": uint16(m.Extensions.List[0].Type())} {
				if !iana.IsGREASE(value) {
					t.Errorf("the first %s is %#x", what, value)
				}
			}
			if k.Shares[0].Group != g.Groups[0] {
				t.Error("a share of a group that is not listed")
			}
		}
	}
}

// A flight's messages share a record unless they are kept apart, and arrive the same.
func TestSeparateRecords(t *testing.T) {
	count := func(apart bool) (n int) {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		cc.SeparateRecords, sc.SeparateRecords = apart, apart
		connect(t, cc, sc).run(func(p packet) []byte { n++; return p.wire }).is13()
		return n
	}
	// ClientHello, ServerHello, two ChangeCipherSpecs, and the two flights: 5 messages and 3.
	if together, apart := count(false), count(true); together != 6 || apart != 12 {
		t.Errorf("%d records, kept apart %d", together, apart)
	}
}

// A Config that could never come to anything is refused before there is a connection.
func TestConfigRefused(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*handshake.Config)
		field  string
	}{
		"TLS 1.1 at most":             {func(c *handshake.Config) { c.MaxVersion = iana.TLS11 }, "config"},
		"more than there is":          {func(c *handshake.Config) { c.MinVersion = 0x0305 }, "config"},
		"the wrong way round":         {func(c *handshake.Config) { c.MinVersion, c.MaxVersion = iana.TLS13, iana.TLS12 }, "config.suites"},
		"suites of another version":   {func(c *handshake.Config) { c.Suites, c.MaxVersion = only(aes128GCM), iana.TLS12 }, "config.suites"},
		"suites that hide nothing":    {func(c *handshake.Config) { c.Suites = only(sha256Only) }, "config.suites"},
		"a limit that leaves no room": {func(c *handshake.Config) { c.RecordSizeLimit = 63 }, "config.record_size_limit"},
		"a limit above all":           {func(c *handshake.Config) { c.RecordSizeLimit = 1<<14 + 2 }, "config.record_size_limit"},
		"a share of no group of ours": {func(c *handshake.Config) { c.KeyShares = []iana.Group{iana.X448} }, "config.key_shares"},
		"a certificate without one":   {func(c *handshake.Config) { c.Certificates = []handshake.Certificate{{}} }, "config.certificates"},
	} {
		cc, sc := pair13()
		test.change(cc)
		test.change(sc)
		_, err1 := handshake.NewClient(cc)
		_, err2 := handshake.NewServer(sc)
		for _, err := range []error{err1, err2} {
			if re, ok := err.(*reason.Error); !ok || re.Reason != reason.Misuse || re.Field != test.field {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// What fails at this end is not blamed on the other: a key log that is full, a key that
// does not sign.
func TestOwnFault13(t *testing.T) {
	for line := range 5 {
		for _, role := range []event.Role{client, server} {
			cc, sc := pair13()
			ends := [2]*handshake.Config{cc, sc}
			ends[role].KeyLog = &full{line}
			c, s := shake(t, cc, sc)
			if e := [2]*handshake.Endpoint{c, s}[role]; reason.Of(e.Err()) != reason.Internal {
				t.Errorf("a key log with room for %d lines, at a %v: %v", line, role, e.Err())
			}
		}
	}
	for _, role := range []event.Role{client, server} {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		ends := [2]*handshake.Config{cc, sc}
		ends[role].Certificates = []handshake.Certificate{{Chain: ends[role].Certificates[0].Chain, Key: world("rsa").Key}}
		c, s := shake(t, cc, sc)
		if e := [2]*handshake.Endpoint{c, s}[role]; reason.Of(e.Err()) != reason.Misuse {
			t.Errorf("a key of another kind, at a %v: %v", role, e.Err())
		}
	}
}

// full is a writer with room for so many lines.
type full struct{ lines int }

func (f *full) Write(b []byte) (int, error) {
	if f.lines--; f.lines < 0 {
		return 0, errDown
	}
	return len(b), nil
}
