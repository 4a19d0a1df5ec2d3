package handshake_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/sig"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// What TLS 1.3 can do between our two ends, feature by feature.

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
	for _, alg := range pki.LessonKeyAlgs() {
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
		s, ok := sig.ByID(id)
		if !ok {
			t.Fatalf("no scheme %v", id)
		}
		list = append(list, s)
	}
	return list
}

// Clients' certificates of every kind; asked for and not shown; compressed.
func TestClientCertificates13(t *testing.T) {
	for _, alg := range pki.LessonKeyAlgs() {
		for _, packed := range []bool{false, true} {
			cc, sc := pair13()
			l := world(alg)
			cc.Certificates = []handshake.Certificate{alice(t, l)}
			sc.ClientAuth, sc.Roots = handshake.RequireClientCert, l.Roots
			if packed {
				cc.CertificateCompression, sc.CertificateCompression = certcompress.Algorithms(), certcompress.Algorithms()
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
		if why := c.decisions(client, "client_certificate"); !slices.Equal(why, []string{"nothing_fits_request"}) {
			t.Errorf("%s: the client decides for %v", name, why)
		}
	}
}

// sent lists the messages of a kind that an end has sent.
func (c *connection) sent(from handshake.Role, k message.Kind) (list []message.Message) {
	for _, m := range all[*handshake.MessageEvent](c.heard[from]) {
		if m.Dir == handshake.Send && m.Kind == k {
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
		why    []string // of hello_retry
	}{
		{"none shared", func(cc, sc *handshake.Config) { cc.KeyShares = []iana.Group{} }, iana.X25519, []string{"no_share"}},
		{"another shared", func(cc, sc *handshake.Config) { sc.Groups = []kx.Group{kx.P256} }, iana.P256, []string{"no_share"}},
		{"a cookie", func(cc, sc *handshake.Config) { sc.RetryWithCookie = true }, iana.X25519, []string{"cookie_wanted"}},
		{"both", func(cc, sc *handshake.Config) { cc.KeyShares, sc.RetryWithCookie = []iana.Group{}, true }, iana.X25519, []string{"no_share"}},
		{"neither", func(cc, sc *handshake.Config) {}, iana.X25519, nil},
		{"a share of a lesser group", func(cc, sc *handshake.Config) { cc.KeyShares = []iana.Group{iana.P256} }, iana.P256, nil},
	} {
		for _, plain := range []bool{false, true} {
			cc, sc := pair13()
			cc.NoCompatibilityMode = plain
			test.change(cc, sc)
			c := connect(t, cc, sc).run(nil).is13()
			retried := test.why != nil
			for _, e := range c.ends {
				if s := e.Summary(); s.Group != test.group || s.Retried != retried {
					t.Errorf("%s: the %v has %v, retried %v", test.name, e.Role(), s.Group, s.Retried)
				}
			}
			if why := c.decisions(server, "hello_retry"); !slices.Equal(why, test.why) {
				t.Errorf("%s: the server decides for %v", test.name, why)
			}
			if n := len(c.sent(client, message.KindClientHello)); n != 1+len(test.why) {
				t.Errorf("%s: %d ClientHellos", test.name, n)
			}
			for role := range c.ends {
				if n := len(c.decisions(handshake.Role(role), "transcript")); n != len(test.why) {
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
							t.Errorf("the %v's ChangeCipherSpec is its record %d", handshake.Role(role), i+1)
						}
					}
				}
				if seen != n {
					t.Errorf("disguised %v, retried %v: the %v sends %d ChangeCipherSpecs", !plain, retried, handshake.Role(role), seen)
				}
			}
			ch := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
			sh := c.sent(server, message.KindServerHello)[0].(*message.ServerHello)
			if !bytes.Equal(ch.SessionID, sh.SessionID) || len(ch.SessionID) != 32*n {
				t.Errorf("session IDs %x and %x", ch.SessionID, sh.SessionID)
			}
			why := choose(plain, "session_id_empty", "session_id_echoed")
			if got := c.decisions(client, "compatibility_mode"); !slices.Equal(got, []string{why}) {
				t.Errorf("the client decides for %v", got)
			}
		}
	}
}

func choose(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// Keys are updated from either end, any number of times, with an answer and without,
// and what is said then is read; every generation has other keys.
func TestKeyUpdate(t *testing.T) {
	for _, id := range []iana.CipherSuite{aes128GCM, 0x1302, 0x1303, sha256Only} {
		for _, role := range []handshake.Role{client, server} {
			for _, request := range []bool{false, true} {
				cc, sc := pair13()
				cc.Suites, sc.Suites, cc.Weak.NULL, sc.Weak.NULL = only(id), only(id), true, true
				c := connect(t, cc, sc).run(nil).is13()
				for range 20 { // more than may come in a row: with data between
					if err := c.ends[role].UpdateKeys(request); err != nil {
						t.Fatal(err)
					}
					c.run(nil).talk()
				}
				answers := 0
				if request {
					answers = 20
				}
				if n := len(c.sent(role, message.KindKeyUpdate)); n != 20 {
					t.Errorf("%d KeyUpdates sent", n)
				}
				if n := len(c.sent(other(role), message.KindKeyUpdate)); n != answers {
					t.Errorf("%d KeyUpdates come back, want %d", n, answers)
				}
				seen := map[string]bool{}
				for _, s := range all[*handshake.SecretEvent](c.heard[role]) {
					if strings.HasSuffix(s.Label, "_key") && strings.Contains(s.Label, "application") {
						if seen[string(s.Value)] {
							t.Fatalf("a key comes back: %x", s.Value)
						}
						seen[string(s.Value)] = true
					}
				}
				if len(seen) != 2+20+answers {
					t.Errorf("%d keys, want %d", len(seen), 2+20+answers)
				}
			}
		}
	}
}

// Both ask at once: each updates twice, and nobody goes on for ever.
func TestKeyUpdatesCross(t *testing.T) {
	cc, sc := pair13()
	c := connect(t, cc, sc).run(nil).is13()
	for _, e := range c.ends {
		if err := e.UpdateKeys(true); err != nil {
			t.Fatal(err)
		}
	}
	c.run(nil).talk()
	for role := range c.ends {
		if n := len(c.sent(handshake.Role(role), message.KindKeyUpdate)); n != 2 {
			t.Errorf("the %v updates %d times", handshake.Role(role), n)
		}
	}
}

// Keys that have protected what they should are changed before the next record.
func TestKeysWearOut(t *testing.T) {
	cc, sc := pair13()
	cc.Suites = spentAfter(3)
	c := connect(t, cc, sc).run(nil).is13()
	for range 10 {
		say(t, c.ends[client].Endpoint, c.ends[server].Endpoint, "on and on")
	}
	if n := len(c.sent(client, message.KindKeyUpdate)); n < 3 {
		t.Errorf("keys for 3 records were changed %d times in 11", n)
	}
	epoch := map[int]int{}
	for _, r := range all[*handshake.RecordEvent](c.heard[client]) {
		if r.Dir == handshake.Send && r.Protected {
			epoch[r.Epoch]++
		}
	}
	for e, n := range epoch {
		if n > 4 { // three, and the KeyUpdate that says so
			t.Errorf("epoch %d has %d records", e, n)
		}
	}
}

// UpdateKeys needs TLS 1.3, a handshake that is complete, and somebody to talk to.
func TestUpdateKeysRefused(t *testing.T) {
	cc, sc := pair13()
	e := newEnd(t, client, cc)
	if err := e.UpdateKeys(true); err == nil || e.Err() != nil {
		t.Errorf("before the handshake: %v, then %v", err, e.Err())
	}
	c, _ := mustShake(t, cc, sc)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.UpdateKeys(true); err == nil || c.Err() != nil {
		t.Errorf("after close_notify: %v, then %v", err, c.Err())
	}
	cc.MaxVersion = iana.TLS12
	c, s := mustShake(t, cc, sc)
	if err := c.UpdateKeys(true); reason.Of(err) != reason.Internal || c.Err() != nil {
		t.Errorf("in TLS 1.2: %v, then %v", err, c.Err())
	}
	say(t, c, s, "no harm done")
}

// An end that has closed its side does not answer a request: it may send nothing more.
func TestKeyUpdateAfterClose(t *testing.T) {
	cc, sc := pair13()
	c := connect(t, cc, sc).run(nil).is13()
	if err := c.ends[server].CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if err := c.ends[client].UpdateKeys(true); err != nil {
		t.Fatal(err)
	}
	c.run(nil)
	say(t, c.ends[client].Endpoint, c.ends[server].Endpoint, "a half-closed connection goes on")
	if n := len(c.sent(server, message.KindKeyUpdate)); n != 0 {
		t.Errorf("%d KeyUpdates behind close_notify", n)
	}
}

// Padding hides lengths: every protected record comes out at one size.
func TestPadding13(t *testing.T) {
	cc, sc := pair13()
	cc.Padding = func(n int) int { return 1023 - n }
	c := connect(t, cc, sc).run(nil).is13()
	for _, text := range []string{"x", "a longer text", strings.Repeat("y", 1000)} {
		if _, err := c.ends[client].Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if out := c.ends[client].Output(); len(out) != 5+1024+16 {
			t.Errorf("%d bytes of text make a record of %d", len(text), len(out))
		} else {
			c.ends[server].Feed(out)
		}
		buf := make([]byte, 2000)
		if n, err := c.ends[server].Read(buf); string(buf[:n]) != text || err != nil {
			t.Errorf("%d bytes arrive as %d, %v", len(text), n, err)
		}
	}
	// One that would pad without end is cut off, one that would take away adds nothing.
	for _, by := range []int{-7, 1 << 20} {
		cc, sc := pair13()
		cc.Padding = func(int) int { return by }
		sc.Padding = cc.Padding
		c, s := mustShake(t, cc, sc)
		say(t, c, s, strings.Repeat("z", 40000))
		say(t, s, c, strings.Repeat("z", 40000))
	}
}

// Both ends export the same, another for each label, context and length; a context of
// no bytes is none (RFC 9846 §7.5).
func TestExport13(t *testing.T) {
	cc, sc := pair13()
	e := newEnd(t, client, cc)
	if _, err := e.Export("EXPORTER-x", nil, 32); err == nil {
		t.Error("exports before the handshake")
	}
	c, s := mustShake(t, cc, sc)
	c2, _ := mustShake(t, cc, sc)
	seen := map[string]string{}
	for _, q := range []struct {
		label   string
		context []byte
		n       int
	}{{"EXPORTER-x", nil, 32}, {"EXPORTER-y", nil, 32}, {"EXPORTER-x", []byte("a"), 32}, {"EXPORTER-x", []byte("b"), 32}, {"EXPORTER-x", nil, 33}, {"EXPORTER-x", nil, 8160}} {
		a, err1 := c.Export(q.label, q.context, q.n)
		b, err2 := s.Export(q.label, q.context, q.n)
		if err1 != nil || err2 != nil || !bytes.Equal(a, b) || len(a) != q.n {
			t.Errorf("%+v: %x (%v) and %x (%v)", q, a, err1, b, err2)
			continue
		}
		what := fmt.Sprintf("%+v", q)
		if twin, ok := seen[string(a[:32])]; ok {
			t.Errorf("%s exports what %s does", what, twin)
		}
		seen[string(a[:32])] = what
		if elsewhere, err := c2.Export(q.label, q.context, q.n); err != nil || bytes.Equal(a, elsewhere) {
			t.Errorf("%s exports the same in another connection, %v", what, err)
		}
	}
	a, _ := c.Export("EXPORTER-x", nil, 32)
	b, _ := s.Export("EXPORTER-x", []byte{}, 32)
	if !bytes.Equal(a, b) {
		t.Error("no context and an empty one differ")
	}
}

// Tickets: as many as the server gives, each with a nonce and so a PSK of its own; the
// client keeps them, and what it keeps is what the server will find in the ticket.
func TestNewSessionTickets(t *testing.T) {
	for _, n := range []int{0, 1, 2, 10} {
		cc, sc := pair13()
		kept := growing{frozen{}}
		cc.Sessions, sc.SessionTickets = kept, n
		sc.Tickets = session.NewTicketKeys(seeded("ticket keys"), 0)
		cc.ALPN, sc.ALPN = []string{"h2"}, []string{"h2"}
		c := connect(t, cc, sc).run(nil).is13()
		want := n
		if n == 0 {
			want = 2
		}
		tickets := c.sent(server, message.KindNewSessionTicket)
		if got := c.decisions(client, "session_ticket"); len(got) != want || len(tickets) != want {
			t.Errorf("%d tickets wanted, %d sent, %d taken", want, len(tickets), len(got))
		}
		psk := map[string]bool{}
		for _, m := range tickets {
			m := m.(*message.NewSessionTicket13)
			opened, _, err := sc.Tickets.Open(m.Ticket, clock())
			if err != nil {
				t.Fatal(err)
			}
			if psk[string(opened.PSK)] {
				t.Error("two tickets have one PSK")
			}
			psk[string(opened.PSK)] = true
			if opened.AgeAdd != m.AgeAdd || m.Lifetime == 0 || m.Lifetime > 7*24*3600 || opened.Suite != c.ends[0].Summary().Suite.ID ||
				opened.ServerName != "www.lab.test" || opened.Protocol != "h2" || opened.Version != iana.TLS13 {
				t.Errorf("a ticket of %d s holds %+v", m.Lifetime, opened)
			}
		}
		own, err := session.Parse(kept.frozen["client:www.lab.test"])
		if err != nil {
			t.Fatal(err)
		}
		last := tickets[len(tickets)-1].(*message.NewSessionTicket13)
		if !psk[string(own.PSK)] || !bytes.Equal(own.Ticket, last.Ticket) || own.AgeAdd != last.AgeAdd || own.Version != iana.TLS13 {
			t.Errorf("the client keeps %+v", own)
		}
		// It is for the next time, which this version of the engine does not offer yet: a
		// second connection is a full handshake, and no worse.
		c = connect(t, cc, sc).run(nil).is13()
		if c.ends[client].Summary().Resumed {
			t.Error("resumed")
		}
	}

	// A long wish is cut to a week, whoever has it.
	cc, sc := pair13()
	cc.Sessions, sc.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("ticket keys"), 0)
	cc.SessionLifetime, sc.SessionLifetime = 1000*time.Hour, 1000*time.Hour
	c := connect(t, cc, sc).run(nil).is13()
	if m := c.sent(server, message.KindNewSessionTicket)[0].(*message.NewSessionTicket13); m.Lifetime != 7*24*3600 {
		t.Errorf("a ticket for %d s", m.Lifetime)
	}

	// Who wants none gets none.
	for name, change := range map[string]func(cc, sc *handshake.Config){
		"no store":     func(cc, sc *handshake.Config) { cc.Sessions = nil },
		"switched off": func(cc, sc *handshake.Config) { cc.NoTickets = true },
		"no keys":      func(cc, sc *handshake.Config) { sc.Tickets = nil },
	} {
		cc, sc := pair13()
		cc.Sessions, sc.Tickets = growing{frozen{}}, session.NewTicketKeys(seeded("ticket keys"), 0)
		change(cc, sc)
		c := connect(t, cc, sc).run(nil).is13()
		if n := len(c.sent(server, message.KindNewSessionTicket)); n != 0 {
			t.Errorf("%s: %d tickets", name, n)
		}
	}
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
			c.refuses(server, want{reason.UnsupportedVersion, field, anywhere, iana.ProtocolVersion, handshake.Start})
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
		for _, r := range all[*handshake.RecordEvent](c.heard[client]) {
			if first := r.Dir == handshake.Send && r.Sequence == 0 && r.Epoch == 0; r.Version != iana.TLS12 && !(first && r.Version == iana.TLS10) {
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

// Each algorithm for certificates, in both directions; the first of ours that the peer
// takes; none if there is none.
func TestCertificateCompression(t *testing.T) {
	type algs = []iana.CertificateCompressionAlgorithm
	z, b, s := iana.CompressZlib, iana.CompressBrotli, iana.CompressZstd
	for _, test := range []struct {
		client, server algs
		down, up       iana.CertificateCompressionAlgorithm // what the server uses, and the client
	}{
		{algs{z}, algs{z}, z, z}, {algs{b}, algs{b}, b, b}, {algs{s}, algs{s}, s, s},
		{algs{z, b, s}, algs{s, b}, s, b}, {algs{z}, algs{b}, 0, 0}, {algs{z}, nil, 0, 0}, {nil, algs{z}, 0, 0},
	} {
		cc, sc := pair13()
		wantClientCert(t, cc, sc)
		cc.CertificateCompression, sc.CertificateCompression = test.client, test.server
		c := connect(t, cc, sc).run(nil).is13()
		for role, want := range []iana.CertificateCompressionAlgorithm{test.up, test.down} {
			from := handshake.Role(role)
			packed, plain := c.sent(from, message.KindCompressedCertificate), c.sent(from, message.KindCertificate)
			if len(packed)+len(plain) != 1 || len(packed) > 0 != (want != 0) {
				t.Errorf("%+v: the %v sends %d plain and %d compressed", test, from, len(plain), len(packed))
			} else if want != 0 && packed[0].(*message.CompressedCertificate).Algorithm != want {
				t.Errorf("%+v: the %v uses %v", test, from, packed[0].(*message.CompressedCertificate).Algorithm)
			}
		}
	}
}

// Small records, each way a limit of its own, in both versions; and no answer to what
// was not asked.
func TestRecordSizeLimit(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, test := range []struct{ client, server int }{{64, 16385}, {16385, 64}, {64, 65}, {1000, 200}, {16384, 16385}, {100, 0}, {0, 100}} {
			cc, sc := pair13()
			wantClientCert(t, cc, sc)
			cc.MaxVersion, sc.MaxVersion = v, v
			cc.RecordSizeLimit, sc.RecordSizeLimit = test.client, test.server
			cc.Padding = func(int) int { return 300 }
			c := connect(t, cc, sc).run(nil).completes()
			say(t, c.ends[0].Endpoint, c.ends[1].Endpoint, strings.Repeat("a", 20000))
			say(t, c.ends[1].Endpoint, c.ends[0].Endpoint, strings.Repeat("b", 20000))
			agreed := test.client > 0 && test.server > 0
			for role, peer := range []int{test.server, test.client} {
				if got := c.ends[role].Summary().RecordSizeLimit; agreed && got != peer || !agreed && got != 0 {
					t.Errorf("%v, %+v: the %v has a limit of %d", v, test, handshake.Role(role), got)
				}
				longest := 0
				for _, r := range all[*handshake.RecordEvent](c.heard[role]) {
					if r.Dir != handshake.Send || !r.Protected {
						continue
					}
					n := len(r.Payload)
					if v == iana.TLS13 {
						n = len(r.Wire) - 5 - 16 // type and padding count
					}
					longest = max(longest, n)
				}
				want := 1 << 14
				if v == iana.TLS13 {
					want++
				}
				if agreed {
					want = min(want, peer)
				}
				if longest != want {
					t.Errorf("%v, %+v: the longest record of the %v holds %d bytes, want %d", v, test, handshake.Role(role), longest, want)
				}
			}
		}
	}
}

// What a client's limit says it takes it takes, and not a byte more.
func TestRecordSizeLimitIsExact(t *testing.T) {
	for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
		for over := range 2 {
			cc, sc := pair13()
			cc.MaxVersion, cc.RecordSizeLimit, sc.RecordSizeLimit = v, 100, 16385
			c := connect(t, cc, sc).run(nil).completes()
			n := 100 + over
			if v == iana.TLS13 {
				n-- // the content type counts
			}
			sent := 0
			if v == iana.TLS12 {
				sent = 1
			}
			c.inject(client, put(t, c.as(server, sent), iana.ApplicationData, make([]byte, n)))
			if over == 0 {
				if !c.ends[client].Done() {
					t.Errorf("%v: a record of %d bytes: %v", v, n, c.ends[client].Err())
				}
				continue
			}
			field := choose(v == iana.TLS13, "inner_plaintext", "record.plaintext")
			c.refuses(client, want{reason.RecordOverflow, field, anywhere, iana.RecordOverflow, handshake.Connected})
		}
	}
}

// A staple comes with the certificate that it speaks of.
func TestStapling13(t *testing.T) {
	for _, asked := range []bool{false, true} {
		cc, sc := pair13()
		cc.Stapling = asked
		c := connect(t, cc, sc).run(nil).is13()
		cert := c.sent(server, message.KindCertificate)[0].(*message.Certificate13)
		if _, ok := message.Get[*message.StapledStatus](&cert.Entries[0].Extensions); ok != asked {
			t.Errorf("asked for %v, stapled %v", asked, ok)
		}
		if got := c.ends[client].Summary().Staple; asked != bytes.Equal(got, world("ecdsa").Staple) {
			t.Errorf("asked for %v, the client has %d bytes of staple", asked, len(got))
		}
	}
	cc, sc := pair13()
	cc.Stapling = true
	sc.Certificates = []handshake.Certificate{sc.Certificates[0]}
	sc.Certificates[0].Staple = nil
	connect(t, cc, sc).run(nil).is13()
}

// What either end says of the signatures in certificates, and of authorities.
func TestCertificateWishes(t *testing.T) {
	ids := []iana.SignatureScheme{iana.ECDSAP256SHA256, iana.Ed25519}
	own := schemes(t, ids...)
	cc, sc := pair13()
	wantClientCert(t, cc, sc)
	cc.CertificateSchemes, sc.CertificateSchemes, cc.SendCertificateAuthorities = own, own, true
	c := connect(t, cc, sc).run(nil).is13()
	ch := c.sent(client, message.KindClientHello)[0].(*message.ClientHello)
	cr := c.sent(server, message.KindCertificateRequest)[0].(*message.CertificateRequest13)
	root := world("ecdsa").Root.Cert.RawSubject
	for what, x := range map[string]*message.Extensions{"ClientHello": &ch.Extensions, "CertificateRequest": &cr.Extensions} {
		if s, ok := message.Get[*message.SignatureAlgorithmsCert](x); !ok || !slices.Equal(s.Schemes, ids) {
			t.Errorf("%s: signature_algorithms_cert %v", what, s)
		}
		if a, ok := message.Get[*message.CertificateAuthorities](x); !ok || len(a.Authorities) != 1 || !bytes.Equal(a.Authorities[0], root) {
			t.Errorf("%s: certificate_authorities %v", what, a)
		}
	}

	// A server with two chains shows the one whose root the client names.
	for _, l := range []*pki.Lesson{world("ecdsa"), forgery(t)} {
		cc, sc := pair13()
		cc.Roots, cc.SendCertificateAuthorities = l.Roots, true
		other := forgery(t)
		sc.Certificates = append(sc.Certificates, handshake.Certificate{Chain: other.Chain, Key: other.Key})
		connect(t, cc, sc).run(nil).is13()
	}
}

// forgery is a chain for the same name by another root, which bears another name.
func forgery(t testing.TB) *pki.Lesson {
	t.Helper()
	l, err := pki.NewForgery(pki.LessonOptions{KeyAlg: "ecdsa", Name: "www.lab.test", Time: clock()})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The suites of RFC 9150 hide nothing: the text can be read on the wire, beside its
// MAC. They are for who asks twice: in Suites and in Weak.
func TestIntegrityOnly(t *testing.T) {
	for id, mac := range map[iana.CipherSuite]int{0xc0b4: 32, 0xc0b5: 48} {
		cc, sc := pair13()
		cc.Suites, sc.Suites, cc.Weak.NULL, sc.Weak.NULL = only(id), only(id), true, true
		c := connect(t, cc, sc).run(nil).is13()
		if _, err := c.ends[client].Write([]byte("for everybody to read")); err != nil {
			t.Fatal(err)
		}
		out := slices.Clone(c.ends[client].Output())
		if want := "for everybody to read\x17"; string(out[5:5+len(want)]) != want || len(out) != 5+len(want)+mac {
			t.Errorf("%v: on the wire stands %q", id, out)
		}
		out[7] ^= 1
		c.inject(server, out)
		c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, handshake.Connected})

		for who := range 2 {
			cc, sc := pair13()
			cc.Suites, sc.Suites = only(id, aes128GCM), only(id, aes128GCM)
			cc.Weak.NULL, sc.Weak.NULL = who == 0, who == 1
			c := connect(t, cc, sc).run(nil).is13()
			if got := c.ends[client].Summary().Suite.ID; got != aes128GCM {
				t.Errorf("only one end asks for %v, and it comes to %v", id, got)
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
