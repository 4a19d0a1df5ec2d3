package scenario_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/scenario"
)

// everyLesson is variety, and lessons with an attacker under switches that change what he
// gets.
func everyLesson() map[string]scenario.Options {
	lessons := map[string]scenario.Options{
		"id": {Resume: scenario.ResumeByID}, "ticket": {Resume: scenario.ResumeByTicket}, "ticket, rsa": {Resume: scenario.ResumeByTicket, Kx: []iana.Kx{iana.KxRSA}},
		"psk": {Resume: scenario.ResumePSK}, "0rtt": {Resume: scenario.ResumeEarly}, "psk_ke": {Resume: scenario.ResumePSK, PSKOnly: true},
		"0rtt, retry": {Resume: scenario.ResumeEarly, HelloRetry: true}, "psk, cookie": {Resume: scenario.ResumePSK, Cookie: true},
		"mutual": {Resume: scenario.ResumeEarly, ClientAuth: true}, "ticket, mutual": {Resume: scenario.ResumeByTicket, ClientAuth: true},
	}
	for name, o := range variety() {
		lessons["variety: "+name] = o
	}
	return lessons
}

// TestKnowledgeOfEveryAttempt: a table speaks of all connections of its flow and says of
// which; who made a Finished or the keys is not said to have none; and where there is no
// Finished, no data, no keys, nobody is said to have missed them.
func TestKnowledgeOfEveryAttempt(t *testing.T) {
	for name, o := range everyLesson() {
		o.Seed = "test"
		for _, f := range run(t, o).Flows {
			s := scenario.SceneOf[*scenario.WhoKnows](f)
			if s == nil {
				continue
			}
			var finished, data, keyed bool
			sent := map[string]map[message.Kind]bool{}
			for _, e := range f.Events {
				h := e.Head()
				if h.Conn == 0 {
					continue
				}
				if !slices.Contains(s.Connections, h.Conn) {
					t.Fatalf("%s, %s: about connections %v, and there is %d", name, f.Name, s.Connections, h.Conn)
				}
				if sent[h.Party] == nil {
					sent[h.Party] = map[message.Kind]bool{}
				}
				switch e := e.(type) {
				case *event.Message:
					finished = finished || e.Kind == message.KindFinished
					sent[h.Party][e.Kind] = sent[h.Party][e.Kind] || e.Dir == event.Send
				case *event.Data:
					data = true
				case *event.Secret:
					keyed = keyed || e.Label == event.LabelKeyBlock || e.Label == event.LabelHandshakeSecret
				}
			}
			if s.HasFinished != finished || s.HasSecrets != keyed || data && !s.HasData {
				t.Errorf("%s, %s: there is %v, want Finished %v, data %v, secrets %v", name, f.Name, s.Values()[:4], finished, data, keyed)
			}
			for _, k := range s.Parties {
				if sent[k.Party][message.KindFinished] && !k.ReadsHandshake {
					t.Errorf("%s, %s: %s sent a Finished and does not read it", name, f.Name, k.Party)
				}
				if k.Party == "server" && sent[k.Party][message.KindFinished] && !k.HasMaster {
					t.Errorf("%s, %s: the server made Finished from secrets that it does not have", name, f.Name)
				}
				if k.ReadsHandshake && !finished || k.HasMaster && !keyed || k.ReadsData && !s.HasData || k.EarlyOnly && !k.ReadsData {
					t.Errorf("%s, %s: %+v of what is not there", name, f.Name, k)
				}
			}
		}
	}
}

// TestSessionIsEnoughForBoth: a session's secret is all that either end shows of itself when
// it resumes (RFC 5246 §F.1.4, RFC 9846 §2.2). Whoever stole it is taken for the client, and
// for the server; whoever saw the ID or the ticket go by, for neither.
func TestSessionIsEnoughForBoth(t *testing.T) {
	for name, o := range map[string]scenario.Options{
		"id": {Resume: scenario.ResumeByID}, "ticket": {Resume: scenario.ResumeByTicket}, "psk": {Resume: scenario.ResumePSK},
		"psk_ke": {Resume: scenario.ResumePSK, PSKOnly: true}, "0rtt": {Resume: scenario.ResumeEarly},
	} {
		o.Seed = "test"
		for _, f := range run(t, o).Flows {
			switch f.Name {
			case "stolen_master", "stolen_psk":
				if got := know(t, f, "attacker"); !got.CanImpersonate || !got.ReadsData || !f.Outcome.Done {
					t.Errorf("%s, %s: %+v", name, f.Name, got)
				}
			case "captured_session", "replayed_early_data":
				if got := know(t, f, "attacker"); got.CanImpersonate {
					t.Errorf("%s, %s: %+v", name, f.Name, got)
				}
			}
		}
	}
}

// TestThieves: what the key of the tickets, or the pre-shared key, opens afterwards.
// In TLS 1.2 it is all, of the first connection too, whose ticket goes by in clear: it has
// the master secret inside. In TLS 1.3 it is early data, and without a key exchange all of
// a connection that resumes (RFC 9846 §2.2, §2.3). And it lets its thief be the server.
func TestThieves(t *testing.T) {
	psk := &handshake.PSK{Identity: []byte("sensor"), Key: bytes.Repeat([]byte{7}, 32)}
	const nothing, early, everything = 0, 1, 2
	for name, c := range map[string]struct {
		o     scenario.Options
		opens map[string]int // by flow
		party string
	}{
		"ticket":       {scenario.Options{Resume: scenario.ResumeByTicket}, map[string]int{"full": everything, "resumed": everything}, "ticket_thief"},
		"psk":          {scenario.Options{Resume: scenario.ResumePSK}, map[string]int{"full": nothing, "resumed": nothing}, "ticket_thief"},
		"psk_ke":       {scenario.Options{Resume: scenario.ResumePSK, PSKOnly: true}, map[string]int{"full": nothing, "resumed": everything}, "ticket_thief"},
		"0rtt":         {scenario.Options{Resume: scenario.ResumeEarly}, map[string]int{"full": nothing, "resumed": early}, "ticket_thief"},
		"0rtt, psk_ke": {scenario.Options{Resume: scenario.ResumeEarly, PSKOnly: true}, map[string]int{"full": nothing, "resumed": everything}, "ticket_thief"},
		"0rtt, mutual": {scenario.Options{Resume: scenario.ResumeEarly, ClientAuth: true}, map[string]int{"full": nothing, "resumed": early}, "ticket_thief"},
		"external":     {scenario.Options{PSK: psk}, map[string]int{"psk": nothing}, "psk_thief"},
		"external, ke": {scenario.Options{PSK: psk, PSKOnly: true}, map[string]int{"psk": everything}, "psk_thief"},
	} {
		c.o.Seed = "test"
		tr := run(t, c.o)
		for flow, opens := range c.opens {
			got := know(t, tr.Flow(flow), c.party)
			want := scenario.Knowledge{Party: c.party, CanImpersonate: true}
			switch opens {
			case early:
				want.ReadsData, want.EarlyOnly, want.Plaintext = true, true, request
			case everything:
				want.ReadsHandshake, want.ReadsData, want.HasMaster, want.Plaintext = true, true, true, request+reply
			}
			if got != want {
				t.Errorf("%s, %s: %+v, want %+v", name, flow, got, want)
			}
		}
	}
	if f := run(t, scenario.Options{Resume: scenario.ResumeByID, Seed: "test"}).Flow("resumed"); scenario.SceneOf[*scenario.WhoKnows](f).Of("ticket_thief").Party != "" {
		t.Error("a thief of tickets where there are none")
	}
}

// TestNothingIsToldThatWasNotSent: each record that an end tells of sending is on the wire.
func TestNothingIsToldThatWasNotSent(t *testing.T) {
	for name, o := range everyLesson() {
		o.Seed = "test"
		for _, f := range run(t, o).Flows {
			alerts := 0
			for _, e := range f.Events {
				switch e := e.(type) {
				case *event.Record:
					if e.Dir == event.Send && !slices.ContainsFunc(f.Wire, func(s scenario.Segment) bool {
						return s.Conn == e.Conn && s.From == e.Party && bytes.Contains(s.Bytes, e.Wire)
					}) {
						t.Errorf("%s, %s: %s tells of a record of %v that never left", name, f.Name, e.Party, e.Type)
					}
					if e.Dir == event.Send && e.Type == iana.Alert {
						alerts++
					}
				case *event.Alert:
					if e.Dir == event.Send {
						alerts--
					}
				}
			}
			if alerts != 0 {
				t.Errorf("%s, %s: alerts and their records: %d too many of one", name, f.Name, alerts)
			}
		}
	}
}
