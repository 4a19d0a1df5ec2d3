package handshake_test

import (
	"bytes"
	"errors"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// TestVerifyConnection: either end has the last word, on full handshakes and on resumed ones, and
// sees what was agreed on. Whom it refuses hears why, and nothing is kept of the connection.
func TestVerifyConnection(t *testing.T) {
	unwanted := reason.Wrap(reason.AccessDenied, "", "connection", errors.New("not today"))
	for name, configure := range resumingWays(t) {
		for _, role := range []event.Role{client, server} {
			t.Run(name+", "+role.String(), func(t *testing.T) {
				cc, sc := configure()
				cc.ALPN, sc.ALPN = []string{"h2"}, []string{"h2"}
				var said []bool
				var verdict error
				ask := func(s *handshake.Summary) error {
					if s.Protocol != "h2" || s.Suite == nil || s.Version == 0 {
						t.Errorf("asked about %+v", s)
					}
					said = append(said, s.Resumed)
					return verdict
				}
				if role == client {
					cc.VerifyConnection = ask
				} else {
					sc.VerifyConnection = ask
				}
				refused := func(after bool) {
					t.Helper()
					verdict = unwanted
					c := connect(t, cc, sc).run(nil)
					verdict = nil
					if err := c.ends[role].Err(); !errors.Is(err, unwanted) {
						t.Errorf("refused with %v", err)
					}
					var e *reason.Error
					if err := c.ends[other(role)].Err(); !errors.As(err, &e) || e.Reason != reason.PeerAlert || e.Got != iana.AccessDenied {
						t.Errorf("the peer hears %v", err)
					}
					if got := said[len(said)-1]; got != after {
						t.Errorf("asked about a resumed one: %v", got)
					}
				}
				refused(false)
				for i := range 3 { // of the refused one nothing was kept
					c := connect(t, cc, sc).run(nil).completes()
					if said[len(said)-1] != (i > 0) || c.ends[client].Summary().Resumed != (i > 0) {
						t.Fatalf("connection %d: %v", i, said)
					}
				}
				if n := len(said); n != 4 {
					t.Errorf("asked %d times", n)
				}
				refused(true)
			})
		}
	}
}

// TestMaxSendFragment: no record that an end sends has more content, of whatever kind, and the
// peer's own wish counts too.
func TestMaxSendFragment(t *testing.T) {
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, test := range []struct{ own, peers, want int }{{100, 0, 100}, {100, 64, 64}, {0, 200, 200}, {300, 512, 300}, {0, 0, 1 << 14}} {
			cc, sc := ends13(world("rsa"))
			cc.MaxVersion, sc.MaxSendFragment, cc.RecordSizeLimit = version, test.own, test.peers
			if test.peers > 0 {
				sc.RecordSizeLimit = 1 << 14
			}
			c := connect(t, cc, sc).run(nil).completes()
			want := test.want
			if version == iana.TLS13 && test.peers == test.want {
				want-- // where the type counts, too (RFC 8449 §4)
			}
			data := bytes.Repeat([]byte("a lot to say "), 3000)
			say(t, c.ends[server].Endpoint, c.ends[client].Endpoint, string(data))
			most, protected := 0, 0
			for _, e := range c.heard[server] {
				if r, ok := e.(*event.Record); ok && r.Dir == event.Send {
					if most = max(most, len(r.Payload)); r.Protected && r.Type == iana.ApplicationData {
						protected = max(protected, len(r.Payload))
					}
				}
			}
			if protected != want || test.own > 0 && most > test.own {
				t.Errorf("%v, %+v: %d bytes of content in a record, %d in one of data", version, test, most, protected)
			}
		}
	}
}

// TestMaxMessage: a message that is longer is refused as soon as its header says so, and one that
// the default refuses may pass.
func TestMaxMessage(t *testing.T) {
	l := world("rsa")
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		cc, sc := ends13(l)
		cc.MaxVersion, cc.MaxMessage = version, 4096
		own := sc.Certificates[0]
		for range 5 {
			own.Chain = append(own.Chain, own.Chain[1])
		}
		sc.Certificates[0] = own
		if c := connect(t, cc, sc).run(nil); reason.Of(c.ends[client].Err()) != reason.MessageTooLong {
			t.Errorf("%v: %v", version, c.ends[client].Err())
		}
		cc.MaxMessage = 0
		connect(t, cc, sc).run(nil).completes()
		for range 500 {
			own.Chain = append(own.Chain, own.Chain[1])
		}
		sc.Certificates[0] = own
		if c := connect(t, cc, sc).run(nil); reason.Of(c.ends[client].Err()) != reason.MessageTooLong {
			t.Errorf("%v: %v", version, c.ends[client].Err())
		}
		cc.MaxMessage = 1 << 20
		connect(t, cc, sc).run(nil).completes()
	}
	for _, c := range []handshake.Config{{MaxMessage: 100}, {MaxMessage: 1 << 24}, {MaxSendFragment: 63}, {MaxSendFragment: 1<<14 + 1}} {
		c.ServerName = "a.test"
		if _, err := handshake.NewClient(&c); reason.Of(err) != reason.Misuse {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestExportEarly: both ends export the same as soon as early data is on its way and after the
// handshake, and nothing else is exported so; what was rejected exports nothing.
func TestExportEarly(t *testing.T) {
	for _, test := range earlyDataCases(t) {
		cc, sc := pair13()
		test.setup(cc, sc)
		c := connect(t, cc, sc).begin("early bird")
		during, err := c.ends[client].ExportEarly("EXPORTER-test", []byte("x"), 40)
		if err != nil || len(during) != 40 {
			if test.name != "no ticket" || c.ends[client].Summary().EarlyData == handshake.EarlyDataOffered {
				t.Errorf("%s: %v", test.name, err)
			}
		}
		c.run(nil).is13()
		a, err1 := c.ends[client].ExportEarly("EXPORTER-test", []byte("x"), 40)
		b, err2 := c.ends[server].ExportEarly("EXPORTER-test", []byte("x"), 40)
		if took := test.why == event.WhyAccepted; took != (err1 == nil) || took != (err2 == nil) || took && (!bytes.Equal(a, b) || !bytes.Equal(a, during)) {
			t.Errorf("%s: %x and %x, %v and %v", test.name, a, b, err1, err2)
		}
		late, err := c.ends[client].Export("EXPORTER-test", []byte("x"), 40)
		if err != nil || bytes.Equal(late, during) {
			t.Errorf("%s: %v", test.name, err)
		}
		if err1 == nil {
			if _, err := c.ends[client].ExportEarly("", nil, 40); err == nil {
				t.Error("an empty label")
			}
		}
	}
	cc, sc := pair13()
	c := connect(t, cc, sc).run(nil).is13()
	if _, err := c.ends[client].ExportEarly("EXPORTER-test", nil, 40); err == nil {
		t.Error("without early data something is exported as such")
	}
}

// TestVerifyConnectionBeforeData: whoever has the last word has it before data goes out, though False
// Start would let it go; and keeps a summary that does not change under it.
func TestVerifyConnectionBeforeData(t *testing.T) {
	cc, sc := pairFor(ecdheECDSA)
	cc.FalseStart = true
	asked := false
	var kept *handshake.Summary
	cc.VerifyConnection = func(s *handshake.Summary) error {
		asked, kept = true, s
		return nil
	}
	c, err := handshake.NewClient(cc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := handshake.NewServer(sc)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if c.MayWrite() == event.ApplicationData && !asked {
			t.Fatalf("data may go in %v, and nobody was asked", c.State())
		}
		progress, err := c.Step()
		if err != nil {
			t.Fatal(err)
		}
		s.Feed(c.Output())
		for s.Ready() {
			if _, err := s.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if out := s.Output(); len(out) > 0 {
			c.Feed(out)
		} else if !progress && !c.Ready() {
			break
		}
	}
	if !c.Done() || !asked || kept == c.Summary() {
		t.Errorf("done %v, asked %v", c.Done(), asked)
	}
}
