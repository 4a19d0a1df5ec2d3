package handshake_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
	"tlslab/handshake/wire"
)

// Events are numbered without a gap, each tells the state it happened in, and what
// Legal says of a state is the table's part that starts there.
func TestEventsInOrder(t *testing.T) {
	for _, rec := range recorded(t) {
		c := rec.connect(t).run(nil).completes()
		c.talk()
		for role, events := range c.heard {
			table := func(s event.State) []event.Move { return legalIn(event.Role(role), rec.version, s) }
			state := event.Start // where the moves so far have led
			for i, e := range events {
				h := e.Head()
				if h.Seq != uint64(i+1) || h.Party != event.Role(role).String() || !h.Time.Equal(clock()) {
					t.Fatalf("%s: event %d has the head %+v", rec.name, i+1, h)
				}
				switch e := e.(type) {
				case *event.Message:
					if e.State != state || !slices.ContainsFunc(table(state), func(m event.Move) bool {
						return m.Dir == e.Dir && m.Msg == e.Kind && m.To == e.To && m.Ref == e.Ref && m.String() == e.Move
					}) {
						t.Errorf("%s: %v from %v to %v, in %v: no row says so", rec.name, e.Move, e.State, e.To, state)
					}
					if err := wire.Covered(e.Fields, len(e.Raw)); err != nil {
						t.Errorf("%s: %v: %v", rec.name, e.Move, err)
					}
					if again, err := message.Marshal(e.Msg, nil); err != nil || !bytes.Equal(again, e.Raw) {
						t.Errorf("%s: %v marshals to other bytes: %v", rec.name, e.Move, err)
					}
					state = e.To
				case *event.Stop:
					if e.State != state || !slices.Equal(e.Legal, table(state)) {
						t.Errorf("%s: stops in %v, should in %v; Legal is %v, the table has %v", rec.name, e.State, state, e.Legal, table(state))
					}
				}
			}
			if e := c.ends[role]; e.State() != state || !slices.Equal(e.Legal(), table(state)) {
				t.Errorf("%s: the events end in %v, the %v in %v", rec.name, state, e.Role(), e.State())
			}
		}
	}
}

// Every state of each role is reached by a flow, and so is every row but those
// that this list has a reason for.
func TestEveryRowIsTaken(t *testing.T) {
	never := map[string]string{
		"client WAIT_SH client/recv/server_hello WAIT_TICKET":         "TestTicketRenewed",
		"server SEND_SH server/send/server_hello SEND_TICKET":         "TestTicketRenewed",
		"client WAIT_STATUS client/recv/server_key_exchange WAIT_CR":  "our server sends each status it promised",
		"client WAIT_STATUS client/recv/certificate_request WAIT_SHD": "the same",
		"client WAIT_STATUS client/recv/server_hello_done SEND_CKE":   "the same",
		"client WAIT_STATUS client/recv/server_hello_done SEND_CERT":  "the same",
		"client CONNECTED client/recv/hello_request CONNECTED":        "TestRenegotiation",
		"server CONNECTED server/recv/client_hello CONNECTED":         "TestRenegotiation",
	}
	taken := map[string]bool{}
	for _, rec := range recorded(t) {
		c := rec.connect(t).run(nil).completes()
		for role, events := range c.heard {
			for _, e := range all[*event.Message](events) {
				taken[fmt.Sprint(event.Role(role), " ", e.State, " ", e.Move, " ", e.To)] = true
			}
		}
	}
	for _, role := range []event.Role{client, server} {
		for _, m := range handshake.Moves(role) {
			row := fmt.Sprint(role, " ", m.In, " ", m, " ", m.To)
			if _, ok := never[row]; !ok && !taken[row] {
				t.Errorf("no flow takes the row %s", row)
			} else if ok && taken[row] {
				t.Errorf("a flow takes the row %s after all", row)
			}
		}
	}
}

// Events own their bytes: what is fed, and what Output returned, may be
// overwritten as soon as the call is over.
func TestEventsOwnTheirBytes(t *testing.T) {
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{client, server} {
			run := func(spoil bool) collect {
				var heard collect
				cfg := rec.config(role)
				cfg.Listener, cfg.ShowSecrets = &heard, true
				e := newEnd(t, role, cfg)
				step := func() {
					for {
						if progress, err := e.Step(); err != nil || !progress {
							break
						}
					}
					if out := e.Output(); spoil {
						clear(out)
					}
				}
				step()
				for _, b := range rec.to(role) {
					b = slices.Clone(b)
					e.Feed(b)
					if spoil {
						clear(b)
					}
					step()
					if spoil { // the endpoint's own buffer, too
						clear(e.Space(1)[:1])
					}
				}
				if !e.Done() {
					t.Fatalf("%s: %v in %v: %v", rec.name, role, e.State(), e.Err())
				}
				return heard
			}
			kept, spoilt := run(false), run(true)
			for i := range kept {
				look(kept[i])
				look(spoilt[i])
				if !reflect.DeepEqual(kept[i], spoilt[i]) {
					t.Errorf("%s: event %d of the %v was changed from outside: %T", rec.name, i+1, role, kept[i])
				}
			}
		}
	}
}

// What a Listener keeps stays as it was told: the room in which fields are noted, and in which
// labels are put together, is another message's and another connection's afterwards.
func TestEventsStay(t *testing.T) {
	var all []event.Event
	var told []string
	write := func(e event.Event) string { return fmt.Sprintf("%T%+v", e, e) }
	listener := event.ListenerFunc(func(e event.Event) {
		switch e.(type) {
		case *event.Message, *event.Record, *event.Secret:
			all, told = append(all, e), append(told, write(e))
		}
	})
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{client, server} {
			cfg := rec.config(role)
			cfg.Listener, cfg.ShowSecrets = listener, true
			e := newEnd(t, role, cfg)
			for _, b := range append([][]byte{nil}, rec.to(role)...) {
				e.Feed(b)
				for {
					if progress, err := e.Step(); err != nil || !progress {
						break
					}
				}
				e.Output()
			}
		}
	}
	for i, e := range all {
		if now := write(e); now != told[i] {
			t.Fatalf("it was told:\n%s\nand is now:\n%s", told[i], now)
		}
	}
}

// look asks for what a report computes only when it is looked at.
func look(e event.Event) {
	c, ok := e.(*event.Check)
	if !ok || c.Report == nil {
		return
	}
	for _, p := range c.Report.Paths {
		for _, check := range p.Checks {
			for _, in := range check.Inputs {
				_ = in.Value()
			}
		}
		_ = p.Looked()
	}
}

// Where nobody listens no event is built: ShowSecrets alone costs nothing, and
// neither does a record of data.
func TestSilence(t *testing.T) {
	for _, name := range []string{"resumed by a ticket", "1.3, ecdsa"} {
		checkSilence(t, recordedAs(t, name))
	}
}

func checkSilence(t *testing.T, rec *recording) {
	allocs := func(secrets bool) float64 {
		return testing.AllocsPerRun(20, func() {
			cfg := rec.config(client)
			cfg.ShowSecrets = secrets
			e := newEnd(t, client, cfg)
			for _, b := range append([][]byte{nil}, rec.to(client)...) {
				e.Feed(b)
				for {
					if progress, err := e.Step(); err != nil || !progress {
						break
					}
				}
				e.Output()
			}
			if !e.Done() {
				t.Fatal(e.State(), e.Err())
			}
		})
	}
	if scale == 1 && allocs(true) > allocs(false)+1 { // one is noise of the pools
		t.Errorf("%s: secrets that nobody hears cost allocations: %v, else %v", rec.name, allocs(true), allocs(false))
	}

	// One record of data, there and back, costs no allocation at all.
	c, s := mustShake(t, rec.config(client), rec.config(server))
	buf, text := make([]byte, 20000), make([]byte, 16000)
	send := func() {
		if _, err := c.Write(text); err != nil {
			t.Fatal(err)
		}
		s.Feed(c.Output())
		if n, err := s.Read(buf); n != len(text) || err != nil {
			t.Fatal(n, err)
		}
	}
	send()
	if n := testing.AllocsPerRun(50, send); scale == 1 && n >= 1 {
		t.Errorf("%s: a silent record costs %v allocations", rec.name, n)
	}
}

// Without ShowSecrets a listener is told no secret.
func TestSecretsAreOptIn(t *testing.T) {
	for _, rec := range recorded(t) {
		var heard collect
		cc := rec.config(client)
		cc.Listener = &heard
		mustShake(t, cc, rec.config(server))
		if n := len(all[*event.Secret](heard)); n > 0 {
			t.Errorf("%s: %d secrets", rec.name, n)
		}
		for label, value := range rec.secret {
			switch label { // the peer sees them
			case "client_verify_data", "server_verify_data", "server_ephemeral", "client_key_share", "certificate_verify_signature", "psk_binder":
				continue
			}
			for _, e := range heard {
				if m, ok := e.(*event.Message); ok && len(value) >= 16 && bytes.Contains(m.Raw, value) {
					t.Errorf("%s: %s stands in a %v", rec.name, label, m.Kind)
				}
			}
		}
	}
}

// The same Rand and Time make the same bytes both ways, listening or not.
func TestDeterminism(t *testing.T) {
	for _, f := range flows() {
		a, err1 := f.record()
		b, err2 := f.record()
		if err1 != nil || err2 != nil {
			t.Fatal(f.name, err1, err2)
		}
		if !reflect.DeepEqual(a.turns, b.turns) || !reflect.DeepEqual(a.secret, b.secret) {
			t.Errorf("%s: two runs differ", f.name)
		}
		for _, role := range []event.Role{client, server} {
			s := a.replay(t, role, len(a.to(role)))
			if want := bytes.Join(a.to(other(role)), nil); !bytes.Equal(s.out, want) {
				t.Errorf("%s: a silent %v says something else", f.name, role)
			}
		}
		other := *f
		other.name += ", another seed"
		if c, err := other.record(); err != nil || reflect.DeepEqual(a.turns[0], c.turns[0]) {
			t.Errorf("%s: another seed makes the same ClientHello, %v", f.name, err)
		}
	}
}

// Ready says beforehand whether Step would do anything.
func TestReady(t *testing.T) {
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{client, server} {
			e := newEnd(t, role, rec.config(role))
			check := func() {
				for {
					ready := e.Ready()
					progress, err := e.Step()
					if ready != (progress || err != nil) {
						t.Fatalf("%s: %v in %v: Ready says %v, Step %v, %v", rec.name, role, e.State(), ready, progress, err)
					}
					if !progress {
						return
					}
				}
			}
			check()
			for _, b := range rec.to(role) {
				for len(b) > 0 {
					n := min(3, len(b))
					e.Feed(b[:n])
					check()
					b = b[n:]
				}
			}
			if !e.Done() {
				t.Fatalf("%s: %v", rec.name, e.Err())
			}
		}
	}
	for what, b := range map[string][]byte{
		"a header that is none":          []byte("HTTP/"),
		"a message that may not come":    clearRecord(22, []byte{20}),
		"a message that is far too long": clearRecord(22, []byte{2, 0xff, 0xff, 0xff}),
	} {
		e := newEnd(t, client, recordedAs(t, "ecdhe").config(client))
		e.Step()
		e.Feed(b)
		for e.Ready() {
			e.Step()
		}
		if _, err := e.Step(); e.Err() == nil || err == nil {
			t.Errorf("%s is not refused: %v", what, err)
		} else if e.Ready() {
			t.Errorf("%s: ready after a failure", what)
		}
	}
}

// A source of randomness that fails is our own fault, and says so wherever it is
// asked.
func TestRandomnessFails(t *testing.T) {
	for _, name := range []string{"first of a ticket, client certificate", "1.3, every extension, client certificate"} {
		rec := recordedAs(t, name)
		for _, role := range []event.Role{client, server} {
			checkRandomnessFails(t, rec, role)
		}
	}
}

func checkRandomnessFails(t *testing.T, rec *recording, role event.Role) {
	failed := 0
	for n := range 2000 {
		cfg := rec.config(role)
		cfg.Rand = io.LimitReader(cfg.Rand, int64(n))
		if role == server {
			cfg.Tickets = session.NewTicketKeys(seeded("k"), 0)
		}
		peer := newEnd(t, other(role), rec.config(other(role)))
		e := newEnd(t, role, cfg)
		pump(peer, e)
		if e.Done() {
			break
		}
		if failed++; reason.Of(e.Err()) != reason.Internal {
			t.Fatalf("%s: after %d random bytes the %v fails with %v", rec.name, n, role, e.Err())
		}
	}
	if failed < 32 || failed == 2000 {
		t.Errorf("%s: a %v fails with up to %d random bytes", rec.name, role, failed)
	}
}
