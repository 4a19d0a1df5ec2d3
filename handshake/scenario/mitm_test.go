package scenario_test

import (
	"errors"
	"fmt"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/pki"
)

// toggles are every combination of the six, over one flow.
func toggles(flow scenario.Options) []scenario.Options {
	var out []scenario.Options
	for n := range 1 << 6 {
		on := func(bit int) bool { return n>>bit&1 == 1 }
		o := flow
		o.Seed, o.MITM, o.TrustMITM, o.ClickThrough, o.Pin, o.ClientAuth, o.StolenCA, o.Passthrough = "test", true, on(0), on(1), on(2), on(3), on(4), on(5)
		out = append(out, o)
	}
	return out
}

// throughBox are the flows that go through an interceptor.
var throughBox = []scenario.Options{{Kx: []iana.Kx{iana.KxECDHE}}, {Kx: []iana.Kx{iana.KxRSA}}, {Version: iana.TLS13}}

// verdict is what a combination comes to.
type verdict struct {
	page      bool // the client got its page
	refused   string
	why       reason.Reason
	read      bool // the box had the request in clear
	delivered bool // the server received it
}

// rules are the lesson in the order in which a real box meets it, written without a look
// at the program.
func rules(o scenario.Options, tls13 bool) verdict {
	if o.Passthrough {
		return verdict{page: true, delivered: true} // an honest connection: nothing to forge, to read, to refuse
	}
	if o.ClientAuth && !tls13 {
		return verdict{refused: "server", why: reason.CertificateMissing} // before the box has anything to show to the client
	}
	believed := o.TrustMITM || o.StolenCA
	if !believed && !o.ClickThrough {
		return verdict{refused: "client", why: reason.CertificateUntrusted}
	}
	if o.Pin {
		return verdict{refused: "client", why: reason.CertificatePin} // whoever vouches, whatever the user clicks
	}
	if o.ClientAuth {
		return verdict{refused: "server", why: reason.CertificateRequired, read: true}
	}
	return verdict{page: true, read: true, delivered: true}
}

// TestEveryCombination plays all 2⁶ combinations in both versions.
func TestEveryCombination(t *testing.T) {
	for _, flow := range throughBox {
		for _, o := range toggles(flow) {
			want := rules(o, o.Version == iana.TLS13)
			name := fmt.Sprintf("%v %v trust=%t click=%t pin=%t auth=%t stolen=%t pass=%t", o.Version, o.Kx, o.TrustMITM, o.ClickThrough, o.Pin, o.ClientAuth, o.StolenCA, o.Passthrough)
			f := run(t, o).Flows[0]
			out := f.Outcome
			got := verdict{page: out.Done, refused: out.Refused, why: reason.Of(out.Err)}
			if out.Err == nil {
				got.why = reason.None
			}
			if s := scenario.SceneOf[*mitm.Decrypt](f); s != nil {
				got.read = s.Plaintext == request
			}
			got.delivered = received(f, "server") == request
			if got != want {
				t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
			}
			if page := received(f, "client"); out.Received != page || (page == reply) != want.page || page != "" && page != reply {
				t.Errorf("%s: the client got %q, the outcome says %q", name, page, out.Received)
			}
			if out.Intended != (want.refused != "") {
				t.Errorf("%s: intended %t", name, out.Intended)
			}
			// What the observer computed from the recording and the box's keys agrees.
			if k := know(t, f, "mitm"); k.ReadsData != want.read || (k.Plaintext != "") != want.read {
				t.Errorf("%s: %+v", name, k)
			}
			if k := know(t, f, "listener"); k.ReadsData {
				t.Errorf("%s: %+v", name, k)
			}
			steps(t, name, f, o, want)
		}
	}
}

// received is the application data that reached a party.
func received(f *scenario.Flow, party string) (got string) {
	for _, e := range f.Events {
		if d, ok := e.(*event.Data); ok && d.Party == party && d.Dir == event.Receive {
			got += string(d.Data)
		}
	}
	return got
}

// steps holds that the steps told are those that were taken, in order, numbered.
func steps(t *testing.T, name string, f *scenario.Flow, o scenario.Options, v verdict) {
	t.Helper()
	last := 7
	switch {
	case o.Passthrough:
		last = 0
	case v.why == reason.CertificateMissing:
		last = 3
	case v.refused == "client":
		last = 4
	case v.refused == "server":
		last = 5
	}
	n := 0
	for _, e := range f.Events {
		s, ok := e.(event.Stepped)
		if !ok {
			continue
		}
		n++
		if at, of := s.Step(); s.Key() != mitm.Steps()[n-1] || at != n || of != 7 {
			t.Errorf("%s: step %d is %+v", name, n, s)
		}
	}
	if n != last {
		t.Errorf("%s: %d steps told, want %d", name, n, last)
	}
}

// TestRequestIsReadBeforeTheRefusal is the difference that TLS 1.3 makes to mutual TLS:
// the box has shown its Finished to the client, and has opened the request, before the
// server's refusal arrives; and the server never receives it.
func TestRequestIsReadBeforeTheRefusal(t *testing.T) {
	f := run(t, scenario.Options{Seed: "test", Version: iana.TLS13, MITM: true, TrustMITM: true, ClientAuth: true}).Flows[0]
	at := map[string]int{}
	for n, e := range f.Events {
		switch e := e.(type) {
		case event.Scene:
			at[string(e.Key())] = n
		case *event.Alert:
			if e.Description == iana.CertificateRequired {
				at[e.Party+" "+e.Dir.String()] = n
			}
		case *event.Message:
			if e.Move == "server/send/finished/tls13" && e.Party == "mitm" {
				at["finished"] = n
			}
		}
	}
	order := []string{"finished", "mitm_legs", "mitm_decrypt", "server send", "mitm recv", "mitm_undelivered"}
	for k, what := range order {
		if at[what] == 0 || k > 0 && at[what] < at[order[k-1]] {
			t.Errorf("%s at event %d; %v", what, at[what], at)
		}
	}
	if scenario.SceneOf[*mitm.Reencrypt](f) != nil || received(f, "server") != "" || received(f, "client") != "" {
		t.Error("the request went on, or an answer came back")
	}
}

// TestGenuineOrForged: which certificate the client sees, and under which root.
func TestGenuineOrForged(t *testing.T) {
	for _, c := range []struct {
		o      scenario.Options
		anchor string
		over   reason.Reason
	}{
		{scenario.Options{TrustMITM: true}, "Capture Tool Root", reason.None},
		{scenario.Options{StolenCA: true}, "Lesson Root", reason.None},
		{scenario.Options{Passthrough: true}, "Lesson Root", reason.None},
		{scenario.Options{ClickThrough: true}, "", reason.CertificateUntrusted},
	} {
		c.o.Seed, c.o.MITM = "test", true
		f := run(t, c.o).Flows[0]
		b := scenario.SceneOf[*scenario.Beliefs](f).Client
		if b.Peer != "www.lab.test" || b.Anchor != c.anchor || c.over != reason.None != (b.Over != nil) || b.Over != nil && reason.Of(b.Over) != c.over {
			t.Errorf("%+v", b)
		}
		if want := map[bool]string{true: "server", false: "mitm"}[c.o.Passthrough]; b.Truth != want {
			t.Errorf("the client talks to %s, want %s", b.Truth, want)
		}
		s := scenario.SceneOf[*scenario.CertificatesCompared](f)
		if c.o.Passthrough {
			if s != nil || scenario.SceneOf[*mitm.Forge](f) != nil {
				t.Error("a box that passes bytes on forged something")
			}
			continue
		}
		side := s.Sides
		same := map[string]bool{}
		for _, r := range side.Rows {
			same[r.What] = r.Same
		}
		for what, want := range map[string]bool{"subject": true, "names": true, "not_after": true, "serial": false, "spki_pin": false, "public_key": true,
			"issuer": c.o.StolenCA, "leads_to": c.o.StolenCA, "client_trusts_it": c.o.StolenCA || c.o.TrustMITM} {
			if same[what] != want {
				t.Errorf("%+v: %s is the same: %t", c.o, what, same[what])
			}
		}
	}
}

// TestLegsHaveKeysOfTheirOwn: no secret of one leg is one of the other.
func TestLegsHaveKeysOfTheirOwn(t *testing.T) {
	for _, o := range throughBox {
		o.Seed, o.MITM, o.TrustMITM = "test", true, true
		side := scenario.SceneOf[*scenario.LegsCompared](run(t, o).Flows[0]).Sides
		keys := 0
		for _, r := range side.Rows {
			if _, ok := r.Left.([]byte); ok {
				if keys++; r.Same {
					t.Errorf("%v %v: %s is the same on both legs", o.Version, o.Kx, r.What)
				}
			}
		}
		if keys != 3 {
			t.Errorf("%v %v: %d keys compared", o.Version, o.Kx, keys)
		}
	}
}

// TestRewrite: both ends receive what the box made of what the other sent, and each takes
// it for the other's word.
func TestRewrite(t *testing.T) {
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for _, c := range []struct {
			old, new, request, reply string
			limit                    int
		}{
			{old: "hello", new: "howdy", request: request, reply: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhowdy, you.\n"},
			{old: "4711", new: "1", request: "GET / HTTP/1.1\r\nHost: www.lab.test\r\nCookie: id=1\r\n\r\n", reply: reply},
			{old: "HTTP/1.1", new: "HTTP/9", request: "GET / HTTP/9\r\nHost: www.lab.test\r\nCookie: id=4711\r\n\r\n",
				reply: "HTTP/9 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, you.\n", limit: 64},
			{old: "nowhere", new: "x", request: request, reply: reply},
			{old: "hello", new: "", request: request, reply: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\n, you.\n"},
		} {
			f := run(t, scenario.Options{Seed: "test", Version: version, MITM: true, TrustMITM: true, Rewrite: mitm.Rewrite{Old: c.old, New: c.new}, RecordSizeLimit: c.limit}).Flows[0]
			if got := received(f, "server"); got != c.request {
				t.Errorf("%q: the server got %q", c.old, got)
			}
			if got := received(f, "client"); got != c.reply || !f.Outcome.Done || f.Outcome.Received != c.reply {
				t.Errorf("%q: the client got %q, %+v", c.old, got, f.Outcome)
			}
			b := scenario.SceneOf[*scenario.Beliefs](f).Client
			s := scenario.SceneOf[*scenario.Beliefs](f).Server
			if b.Sent != request || s.Received != c.request || s.OtherSent != request || s.Sent != reply || b.Received != c.reply || b.OtherSent != reply {
				t.Errorf("%+v %+v", b, s)
			}
			if changed := c.request != request || c.reply != reply; changed != (scenario.SceneOf[*mitm.Rewritten](f) != nil) {
				t.Errorf("%q: a change is told: %t", c.old, !changed)
			}
		}
	}
}

// TestClickThroughAlone: the warning is a "what if" without a box too. Not everything has
// a button to go on.
func TestClickThroughAlone(t *testing.T) {
	for kind, goesOn := range map[pki.Kind]bool{pki.Expired: true, pki.WrongHost: true, pki.SelfSigned: true, pki.UntrustedRoot: true,
		pki.Revoked: false, pki.BadSignature: false} {
		f := run(t, scenario.Options{Seed: "test", Kx: onlyECDHE, Cert: kind, ClickThrough: true}).Flows[0]
		s := scenario.SceneOf[*scenario.ClickThrough](f)
		if s == nil || s.GoesOn != goesOn || f.Outcome.Done != goesOn || f.Outcome.Intended == goesOn {
			t.Errorf("%s: %+v %+v", kind, s, f.Outcome)
		}
		if goesOn && !checkFailed(f) {
			t.Errorf("%s: the check is not shown as failed", kind)
		}
	}
	f := run(t, scenario.Options{Seed: "test", UntrustedRoot: true, ClickThrough: true, Version: iana.TLS13}).Flows[0]
	if !f.Outcome.Done || scenario.SceneOf[*scenario.ClickThrough](f) == nil {
		t.Errorf("%+v", f.Outcome)
	}
}

func checkFailed(f *scenario.Flow) bool {
	for _, e := range f.Events {
		if c, ok := e.(*event.Check); ok && c.What == event.CheckCertificateChain && !c.OK && c.Err != nil {
			return true
		}
	}
	return false
}

// TestPin: a pin holds where the server is the server, and shows both values where not.
func TestPin(t *testing.T) {
	for _, box := range []bool{false, true} {
		f := run(t, scenario.Options{Seed: "test", Pin: true, MITM: box, TrustMITM: box, Kx: onlyECDHE}).Flows[0]
		var pin *pki.Check
		for _, e := range f.Events {
			if c, ok := e.(*event.Check); ok && c.Party == "client" && c.What == event.CheckCertificateChain {
				for k := range c.Report.Paths[0].Checks {
					if c.Report.Paths[0].Checks[k].Key == scenario.CheckPin {
						pin = &c.Report.Paths[0].Checks[k]
					}
				}
			}
		}
		if pin == nil || pin.OK == box || f.Outcome.Done == box {
			t.Fatalf("box %t: %+v %+v", box, pin, f.Outcome)
		}
		want, got := pin.Inputs[0].Value(), pin.Inputs[1].Value()
		if (want == got) == box {
			t.Errorf("expected %v, received %v", want, got)
		}
	}
}

// TestMITMMatrix holds the table to the rules, and that it has every combination.
func TestMITMMatrix(t *testing.T) {
	rows, err := scenario.MITMMatrix(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[scenario.MITMVerdict]bool{}
	for _, v := range rows {
		o := scenario.Options{TrustMITM: v.TrustMITM, ClickThrough: v.ClickThrough, StolenCA: v.StolenCA, Passthrough: v.Passthrough, Pin: v.Pin, ClientAuth: v.ClientAuth}
		want := rules(o, v.Version == iana.TLS13)
		if got := (verdict{v.Page, v.Refused, v.Reason, v.Read, v.Delivered}); got != want {
			t.Errorf("%v %+v:\n got %+v\nwant %+v", v.Version, o, got, want)
		}
		seen[v] = true
	}
	if len(seen) != 2<<6 {
		t.Errorf("%d combinations", len(seen))
	}
}

// TestBoxOptions: what makes no lesson is said by the option's name.
func TestBoxOptions(t *testing.T) {
	for option, o := range map[string]scenario.Options{
		"TrustMITM":    {TrustMITM: true},
		"StolenCA":     {MITM: true, StolenCA: true, UntrustedRoot: true},
		"Passthrough":  {Passthrough: true},
		"Rewrite":      {MITM: true, Passthrough: true, Rewrite: mitm.Rewrite{Old: "a", New: "b"}},
		"ClickThrough": {ClickThrough: true, Resume: scenario.ResumePSK},
		"Pin":          {Pin: true, Resume: scenario.ResumePSK},
	} {
		_, err := scenario.Run(t.Context(), o, nil)
		var wrong *scenario.OptionsError
		if !errors.As(err, &wrong) || wrong.Option != option {
			t.Errorf("%s: %v", option, err)
		}
	}
	if _, err := scenario.Run(t.Context(), scenario.Options{MITM: true, Rewrite: mitm.Rewrite{New: "b"}}, nil); err == nil {
		t.Error("a rewriting of nothing was taken")
	}
}

// TestBoxHasNoUser: a bad server the box refuses for itself; nobody clicks there.
func TestBoxHasNoUser(t *testing.T) {
	for _, c := range []struct {
		passthrough bool
		refused     string
	}{{false, "mitm"}, {true, ""}} {
		f := run(t, scenario.Options{Seed: "test", MITM: true, Passthrough: c.passthrough, ClickThrough: true, Cert: pki.Expired}).Flows[0]
		if out := f.Outcome; out.Refused != c.refused || out.Done == (c.refused != "") || out.Intended != (c.refused != "") {
			t.Errorf("%+v: %+v", c, out)
		}
	}
}
