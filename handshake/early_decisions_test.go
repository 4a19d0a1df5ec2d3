package handshake_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/session"
)

// earlyCase is an offer of early data, and why the server takes it or does not.
type earlyCase struct {
	name  string
	setup func(c, s *handshake.Config)
	why   event.Why
}

func earlyDataCases(t *testing.T) []earlyCase {
	cases := []earlyCase{
		{"taken", withEarlyData, event.WhyAccepted},
		{"taken, with a protocol", withProtocols, event.WhyAccepted},
		{"off", func(c, s *handshake.Config) { withEarlyData(c, s); s.MaxEarlyData = 0 }, event.WhyEarlyDataOff},
		{"no ticket", func(c, s *handshake.Config) { withEarlyData(c, s); s.Tickets = nil }, event.WhyEarlyDataWithoutTicket},
		{"a ticket without", func(c, s *handshake.Config) {
			c.EarlyData = true
			withTicket(c, s)
			s.MaxEarlyData = 9
			kept(t, c, func(s *session.Session) { s.MaxEarlyData = 1000 })
		}, event.WhyEarlyDataNotInTicket},
		{"retried", func(c, s *handshake.Config) { withEarlyData(c, s); s.RetryWithCookie = true }, event.WhyEarlyDataAndRetry},
		{"another suite", func(c, s *handshake.Config) {
			s.Suites = only(aes128GCM)
			withEarlyData(c, s)
			s.Suites = only(0x1303)
		}, event.WhySessionOtherSuite},
		{"another protocol", func(c, s *handshake.Config) { withProtocols(c, s); s.ALPN = []string{"b"} }, event.WhySessionOtherProtocol},
	}
	for _, word := range []event.Why{event.WhyNotFresh, event.WhySeenBefore, event.WhyStoreFailed, event.WhyStoreTooYoung} {
		cases = append(cases, earlyCase{"AcceptEarlyData says " + string(word), func(c, s *handshake.Config) {
			withEarlyData(c, s)
			s.AcceptEarlyData = func(handshake.EarlyDataInput) event.Why { return word }
		}, word})
	}
	return cases
}

// withProtocols is withEarlyData where a protocol is agreed on.
func withProtocols(c, s *handshake.Config) {
	c.ALPN, s.ALPN = []string{"a", "b"}, []string{"a", "b"}
	withEarlyData(c, s)
}

// Why a server does not take early data, and what it asks before it does.
func TestEarlyDataDecisions(t *testing.T) {
	for _, test := range earlyDataCases(t) {
		t.Run(test.name, func(t *testing.T) {
			cc, sc := pair13()
			test.setup(cc, sc)
			c := connect(t, cc, sc).begin("early bird").run(nil).is13()
			if why := c.decisions(server, event.DecisionEarlyData); !slices.Equal(why, []event.Why{test.why}) {
				t.Errorf("the server says %v", why)
			}
			took := test.why == event.WhyAccepted
			if bytes.HasPrefix(c.got(server), []byte("early bird")) != took || len(c.sent(client, message.KindEndOfEarlyData)) == 1 != took {
				t.Errorf("it got %q", c.got(server))
			}
			status, word := handshake.EarlyDataRejected, event.WhyServerPassedOver
			if took {
				status, word = handshake.EarlyDataAccepted, event.WhyServerTookIt
			}
			for _, e := range c.ends {
				if got := e.Summary().EarlyData; got != status {
					t.Errorf("the %v calls it %v", e.Role(), got)
				}
			}
			if why := c.decisions(client, event.DecisionEarlyData); !slices.Contains(why, word) {
				t.Errorf("the client says %v", why)
			}
		})
	}

	// A client offers none where the ticket does not go with what it wants now.
	for name, change := range map[string]func(c, s *handshake.Config){
		"not wanted":                func(c, s *handshake.Config) { withEarlyData(c, s); c.EarlyData = false },
		"not in the ticket":         func(c, s *handshake.Config) { c.EarlyData = true; withTicket(c, s); s.MaxEarlyData = 9 },
		"no ticket":                 func(c, s *handshake.Config) { c.EarlyData, s.MaxEarlyData = true, 9 },
		"a protocol not offered":    func(c, s *handshake.Config) { withProtocols(c, s); c.ALPN = []string{"b"} },
		"a protocol where was none": func(c, s *handshake.Config) { withEarlyData(c, s); c.ALPN, s.ALPN = []string{"a"}, []string{"a"} },
	} {
		cc, sc := pair13()
		change(cc, sc)
		c := connect(t, cc, sc)
		c.ends[client].drive()
		if n, err := c.ends[client].WriteEarly([]byte("x")); n != 0 || err != nil {
			t.Errorf("%s: WriteEarly took %d, %v", name, n, err)
		}
		if c.run(nil).is13(); c.ends[client].Summary().EarlyData != handshake.NoEarlyData {
			t.Errorf("%s: early data is %v", name, c.ends[client].Summary().EarlyData)
		}
	}

	// What the application is asked.
	cc, sc := pair13()
	withEarlyData(cc, sc)
	cc.Time, sc.Time = at(5*time.Second), at(7*time.Second)
	var in handshake.EarlyDataInput
	sc.AcceptEarlyData = func(i handshake.EarlyDataInput) event.Why { in = i; return "" }
	c := connect(t, cc, sc).begin("x").run(nil).is13()
	x := edit[*message.PreSharedKeyClient](clientHello(c.sent(client, message.KindClientHello)[0]))
	if in.Age != 5*time.Second || in.Elapsed != 7*time.Second || !bytes.Equal(in.Binder, x.Binders[0]) || !bytes.Equal(in.Ticket, x.Identities[0].Identity) ||
		in.Session == nil || in.Session.MaxEarlyData != 1000 || !in.Time.Equal(sc.Time()) {
		t.Errorf("%+v", in)
	}
}

// Where nobody says what is fresh the ticket's age must fit the server's clock to ten
// seconds, either way (RFC 9846 §4.3.10); the handshake resumes all the same.
func TestEarlyDataIsFresh(t *testing.T) {
	const age, most = time.Minute, 10 * time.Second
	for late, fresh := range map[time.Duration]bool{
		0: true, most: true, -most: true, most + time.Millisecond: false, -most - time.Millisecond: false, 50 * time.Minute: false,
	} {
		cc, sc := pair13()
		withEarlyData(cc, sc)
		cc.Time, sc.Time = at(age), at(age+late)
		c := connect(t, cc, sc).begin("early bird").run(nil).is13()
		why := c.decisions(server, event.DecisionEarlyData)
		if sum := c.ends[server].Summary(); !sum.Resumed || (sum.EarlyData == handshake.EarlyDataAccepted) != fresh || slices.Equal(why, []event.Why{event.WhyNotFresh}) == fresh {
			t.Errorf("%v late: resumed %v, early data %v, for %v", late, sum.Resumed, sum.EarlyData, why)
		}
	}
}
