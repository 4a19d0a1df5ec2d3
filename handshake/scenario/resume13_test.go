package scenario_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
)

// TestResume13 is the replay lesson of TLS 1.3: what resuming saves, what a captured
// ticket is worth, what a stolen key is, and what replayed early data does.
func TestResume13(t *testing.T) {
	for name, o := range map[string]scenario.Options{
		"psk": {Resume: scenario.ResumePSK}, "0rtt": {Resume: scenario.ResumeEarly},
		"psk_ke": {Resume: scenario.ResumePSK, PSKOnly: true}, "0rtt, psk_ke": {Resume: scenario.ResumeEarly, PSKOnly: true},
		"SHA-384, P-256, plain": {Resume: scenario.ResumeEarly, Suites: []*suite.Suite{suite.ByID(0x1302)}, Groups: []kx.Group{kx.P256}, NoCompatibility: true},
		"ecdsa, alpn, POST":     {Resume: scenario.ResumeEarly, KeyAlg: "ecdsa", ALPN: []string{"h2"}, Request: "POST /transfer", Reply: "201"},
		"client certificate":    {Resume: scenario.ResumePSK, ClientAuth: true},
		"retried":               {Resume: scenario.ResumeEarly, Cookie: true},
		"long":                  {Resume: scenario.ResumeEarly, Request: strings.Repeat("q", 70000), Reply: strings.Repeat("r", 70000)},
	} {
		t.Run(name, func(t *testing.T) {
			o.Seed = "test"
			tr := run(t, o)
			early := o.Resume == scenario.ResumeEarly && !o.Cookie
			want := []string{"full", "resumed", "captured_session", "stolen_psk"}
			if early {
				want = slices.Insert(want, 2, "replayed_early_data")
			}
			var flows []string
			for _, f := range tr.Flows {
				flows = append(flows, f.Name)
			}
			if !slices.Equal(flows, want) || !tr.Outcome().Done {
				t.Fatalf("%v: %+v", flows, tr.Outcome())
			}
			saved(t, tr.Flow("resumed"), o, early)
			for _, f := range tr.Flows[:2] {
				if f.Outcome.Received == "" || !strings.HasSuffix(know(t, f, "client").Plaintext, requestOf(o)+f.Outcome.Received) || know(t, f, "thief").ReadsData {
					t.Errorf("%s: %+v", f.Name, f.Outcome)
				}
			}
			captured(t, tr.Flow("captured_session"), o, early)
			stolen(t, tr.Flow("stolen_psk"), o)
			if early {
				replayed(t, tr.Flow("replayed_early_data"))
			}
			for _, s := range scenes(tr) {
				if !slices.Contains(scenario.SceneKeys(), s.Key()) {
					t.Errorf("scene %q is not in SceneKeys", s.Key())
				}
			}
		})
	}
}

func requestOf(o scenario.Options) string {
	if o.Request != "" {
		return o.Request
	}
	return request
}

// saved: no certificate and no signature, and with early data no round trip.
func saved(t *testing.T, f *scenario.Flow, o scenario.Options, early bool) {
	t.Helper()
	c := scenario.SceneOf[*scenario.FullVsResumed](f)
	for _, r := range c.Rows() {
		if r.What != "messages" && r.What != "bytes" && r.What != "asymmetric" && r.What != "signatures" {
			continue
		}
		if r.Full <= r.Resumed && (r.What != "messages" || !early) {
			t.Errorf("resuming saved no %s: %+v", r.What, c.Values())
		}
	}
	trips, retries := 1, 0
	if o.Cookie {
		trips, retries = 2, 1
	}
	if c.Full.RoundTrips != 1+retries {
		t.Errorf("%+v", c.Values())
	}
	if early {
		trips = 0
	}
	if c.Resumed.RoundTrips != trips || c.Resumed.Signatures != 0 || !c.SameSecret || c.SameKeys {
		t.Errorf("%+v", c.Values())
	}
	if n := c.Resumed.ScalarMults; o.PSKOnly == (n == c.Full.ScalarMults) && !o.Cookie {
		t.Errorf("%+v", c.Values())
	}
	// The reply to early data is there before the server has seen the client's Finished.
	replied, finished := -1, -1
	for i, e := range f.Events {
		switch e := e.(type) {
		case *event.Data:
			if e.Party == "server" && e.Dir == event.Send && replied < 0 {
				replied = i
			}
		case *event.Check:
			if e.Party == "server" && e.What == event.CheckFinished {
				finished = i
			}
		}
	}
	if early != (replied < finished) {
		t.Errorf("the reply is event %d, the client's Finished event %d", replied, finished)
	}
}

// captured: without the key the binder fails, and a recording of all at the Finished.
func captured(t *testing.T, f *scenario.Flow, o scenario.Options, early bool) {
	t.Helper()
	want := reason.BadRecordMAC
	switch {
	case early:
		want = reason.BadBinder // the recording has had a flow of its own
	case o.Cookie:
		want = reason.BadValue
	}
	if out := f.Outcome; out.Refused != "server" || reason.Of(out.Err) != want || !out.Intended || out.Done {
		t.Errorf("%+v", out)
	}
	if s := scenario.SceneOf[*scenario.CapturedTicket](f); len(s.Ticket) < 50 {
		t.Errorf("%+v", s.Values())
	}
	if s := scenario.SceneOf[*scenario.Replayed](f); (s == nil) != early || s != nil && reason.Of(s.FirstAttempt) != reason.BadBinder {
		t.Errorf("%+v", s)
	}
	for _, e := range f.Events {
		if d, ok := e.(*event.Data); ok {
			t.Errorf("%s got data", d.Party)
		}
	}
}

// stolen: the thief is the client until the ticket expires. Of the recordings he reads
// what only the key protects, and nothing of the connection that the key comes from.
func stolen(t *testing.T, f *scenario.Flow, o scenario.Options) {
	t.Helper()
	if !f.Outcome.Done || f.Outcome.Received == "" {
		t.Errorf("%+v", f.Outcome)
	}
	opened := ""
	switch {
	case o.PSKOnly:
		opened = requestOf(o) + reply
	case o.Resume == scenario.ResumeEarly:
		opened = requestOf(o) // taken or not: it has been on the wire
	}
	if s := scenario.SceneOf[*scenario.PSKTried](f); !slices.Equal(s.Opened, []scenario.Opened{{Flow: "full"}, {Flow: "resumed", Plaintext: opened}}) {
		t.Errorf("%q", s.Values())
	}
	if s := scenario.SceneOf[*scenario.TicketKeyServer](f); !s.Accepted {
		t.Errorf("%+v", s.Values())
	}
	if s := scenario.SceneOf[*scenario.PSKExpired](f); s.Why != event.WhySessionExpired || s.Lifetime != 2*time.Hour {
		t.Errorf("%+v", s.Values())
	}
}

// replayed: the server reads the request again, and finds out too late.
func replayed(t *testing.T, f *scenario.Flow) {
	t.Helper()
	if s := scenario.SceneOf[*scenario.EarlyDataActed](f); s.Times != 2 {
		t.Errorf("%+v", s.Values())
	}
	if out := f.Outcome; out.Done || out.Refused != "server" || reason.Of(out.Err) != reason.BadRecordMAC || !out.Intended {
		t.Errorf("%+v", out)
	}
	if k := know(t, f, "attacker"); k.ReadsData || k.ReadsHandshake {
		t.Errorf("%+v", k)
	}
}

// TestExternalPSK: a key given by other means stands in for the certificate. Whoever
// learns it later reads what it protected alone.
func TestExternalPSK(t *testing.T) {
	key := &handshake.PSK{Identity: []byte("sensor 7"), Key: []byte("0123456789abcdef")}
	for _, only := range []bool{false, true} {
		tr := run(t, scenario.Options{Seed: "test", PSK: key, PSKOnly: only, GREASE: true})
		f := tr.Flows[0]
		opened := ""
		if only {
			opened = request + reply
		}
		if !f.Outcome.Done || f.Name != "psk" || !slices.Equal(scenario.SceneOf[*scenario.PSKTried](f).Opened, []scenario.Opened{{Flow: "psk", Plaintext: opened}}) {
			t.Errorf("%+v", f.Outcome)
		}
		if k := know(t, f, "thief"); k.ReadsData {
			t.Errorf("%+v", k)
		}
		for _, m := range tr.Messages() {
			if name := m.Kind.String(); strings.Contains(name, "certificate") {
				t.Errorf("there is a %s", name)
			}
		}
	}
	// It is no client certificate: a server that wants one gets it in a full handshake.
	if out := run(t, scenario.Options{Seed: "test", PSK: key, ClientAuth: true}).Outcome(); !out.Done {
		t.Errorf("%+v", out)
	}
}

// TestImpossible13: what makes no lesson about a pre-shared key.
func TestImpossible13(t *testing.T) {
	key := &handshake.PSK{Identity: []byte("i"), Key: []byte("k")}
	for want, o := range map[string]scenario.Options{
		"Resume psk over ECDHE":  {Resume: scenario.ResumePSK, Kx: onlyECDHE},
		"Resume id over TLS 1.3": {Resume: scenario.ResumeByID, Version: iana.TLS13},
		"Resume through a box":   {Resume: scenario.ResumeEarly, MITM: true},
		"PSK over RSA":           {PSK: key, Kx: []iana.Kx{iana.KxRSA}},
		"PSK and a ticket":       {PSK: key, Resume: scenario.ResumePSK},
		"PSK without a name":     {PSK: &handshake.PSK{Key: []byte("k")}},
		"PSKOnly without a key":  {PSKOnly: true, Version: iana.TLS13},
		"PSKOnly over ECDHE":     {PSKOnly: true, Resume: scenario.ResumeByTicket},
	} {
		if _, err := scenario.Run(t.Context(), o, nil); err == nil || !strings.HasPrefix(err.Error(), "option "+strings.Fields(want)[0]+":") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
