package handshake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// The table of moves refuses all that it does not list: wherever an endpoint
// waits, in every flow, each kind of message, some types that are no message of
// TLS 1.2, and each kind of record. The error names the state and what it allows.
func TestWhatTheTableDoesNotList(t *testing.T) {
	t.Parallel()
	samples := map[message.Kind][]byte{message.KindChangeCipherSpec: {1}}
	for _, s := range message.Samples() {
		b, err := message.Marshal(s.Msg, nil)
		if err != nil {
			t.Fatal(err)
		}
		samples[s.Msg.Kind()] = b
	}
	for _, unknown := range []byte{3, 4, 5, 8, 10, 24, 25, 99, 254, 255} {
		samples[message.Kind(unknown)] = []byte{unknown, 0, 0, 0}
	}
	for _, k := range message.Kinds() {
		if samples[k] == nil {
			t.Fatalf("no sample of %v", k)
		}
	}

	type place struct {
		role    event.Role
		version iana.Version
		state   event.State
	}
	seen := map[place]bool{}
	for _, rec := range recorded(t) {
		for _, role := range []event.Role{event.Client, event.Server} {
			for n := range len(rec.to(role)) + 1 {
				here := rec.replay(t, role, n)
				if here.Err() != nil {
					t.Fatalf("%s: %v after %d records: %v", rec.name, role, n, here.Err())
				}
				seen[place{role, rec.version, here.State()}] = true
				allowed := receives(here.Legal())
				named := here.Awaits()
				for kind, raw := range samples {
					s := rec.replay(t, role, n)
					typ := iana.Handshake
					if kind == message.KindChangeCipherSpec {
						typ = iana.ChangeCipherSpec
					}
					s.feed(put(t, rec.writer(t, role, n), typ, raw))
					if slices.Contains(allowed, kind) {
						// It may be refused for what is in it; for coming at all only where no error says that it is waited for.
						if refused := reason.Of(s.Err()) == reason.UnexpectedMessage; refused == slices.Contains(named, kind) && !passesOver(here.Endpoint, rec.version, kind) {
							t.Errorf("%s: %v in %v, which waits for %v, gets %v: %v", rec.name, role, here.State(), named, kind, s.Err())
						}
						continue
					}
					if s.Err() == nil {
						t.Fatalf("%s: %v in %v takes %v", rec.name, role, here.State(), kind)
					}
					checkUnexpected(t, fmt.Sprintf("%s: %v in %v, which gets %v", rec.name, role, here.State(), kind),
						s.refused(t), here.State(), kind, named)
				}
				for _, typ := range []iana.ContentType{iana.ApplicationData, 19, 24, 0, 255} {
					passedOver := here.State() == event.WaitSecondClientHello && here.Summary().EarlyData == handshake.EarlyDataRejected
					if typ == iana.ApplicationData && (here.State().MayRead() != event.NoData || passedOver) {
						continue
					}
					s := rec.replay(t, role, n)
					s.feed(put(t, rec.writer(t, role, n), typ, []byte("x")))
					field := "record.type"
					if rec.version == iana.TLS13 && rec.reads[role][n].sealed && typ != iana.ApplicationData {
						field = "inner_plaintext.type"
					}
					if e := s.refused(t); e.Reason != reason.UnexpectedRecord || e.Field != field {
						t.Errorf("%s: %v in %v gets a record of type %d: %v", rec.name, role, here.State(), typ, e)
					}
				}
			}
		}
	}
	for _, role := range []event.Role{event.Client, event.Server} {
		for _, m := range handshake.Moves(role) {
			for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
				if m.Dir == event.Receive && (m.Version == 0 || m.Version == v) && !seen[place{role, v, m.In}] {
					t.Errorf("no flow let a %v of %v wait in %v", role, v, m.In)
				}
			}
		}
	}
}

// receives lists the kinds that rows receive.
func receives(rows []event.Move) (kinds []message.Kind) {
	for _, m := range rows {
		if m.Dir == event.Receive && !slices.Contains(kinds, m.Msg) {
			kinds = append(kinds, m.Msg)
		}
	}
	return kinds
}

// passesOver reports whether an end takes a message without having waited for it.
func passesOver(e *handshake.Endpoint, v iana.Version, k message.Kind) bool {
	return v == iana.TLS13 && k == message.KindChangeCipherSpec || k == message.KindHelloRequest && e.State() != event.Connected
}

func checkUnexpected(t *testing.T, what string, e *reason.Error, in event.State, kind message.Kind, allowed []message.Kind) {
	t.Helper()
	name := kind.String()
	if kind == message.KindHelloRetryRequest && !slices.Contains(allowed, message.KindServerHello) {
		name = message.KindServerHello.String() // refused by its type, before its random was read
	}
	if e.Reason != reason.UnexpectedMessage || e.Field != name || e.Off != 0 {
		t.Errorf("%s: %v", what, e)
	}
	text := e.Error()
	want := []string{fmt.Sprintf("got %v in state %v", name, in)}
	for _, k := range allowed {
		want = append(want, k.String())
	}
	if len(allowed) == 0 {
		want = append(want, "no handshake message")
	}
	if slices.Contains(strings.Fields(fmt.Sprint(e.Want)), name) {
		t.Errorf("%s: %q expects what it refuses", what, text)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: %q does not say %q", what, text, w)
		}
	}
}

// What a row lists under a guard is refused, with the state's name, where the
// guard does not hold: without a ServerKeyExchange an ephemeral handshake has no
// key, and with one a static handshake would be FREAK.
func TestWhatAGuardForbids(t *testing.T) {
	skeOf := func(name string) []byte {
		rec := recordedAs(t, name)
		for _, b := range rec.to(event.Client) {
			if b[0] == byte(iana.Handshake) && b[5] == byte(iana.ServerKeyExchange) {
				return body(b)
			}
		}
		t.Fatalf("%s has no ServerKeyExchange", name)
		return nil
	}
	for _, test := range []struct {
		flow string
		kind message.Kind
		raw  []byte
	}{
		{"every extension", message.KindServerHelloDone, []byte{14, 0, 0, 0}},
		{"every extension", message.KindCertificateRequest, []byte{13, 0, 0, 8, 1, 1, 0, 2, 4, 1, 0, 0}},
		{"rsa, every extension", message.KindServerKeyExchange, skeOf("ecdhe, signed by RSA")},
		{"rsa, every extension", message.KindServerKeyExchange, skeOf("dhe")},
	} {
		rec := recordedAs(t, test.flow)
		s := rec.replay(t, event.Client, 2)
		if s.State() != event.WaitCertificateStatus {
			t.Fatalf("%s: after ServerHello and Certificate the client is in %v", test.flow, s.State())
		}
		waited := s.Awaits()
		s.feed(clearRecord(iana.Handshake, test.raw))
		checkUnexpected(t, test.flow+": "+test.kind.String(), s.refused(t), event.WaitCertificateStatus, test.kind, waited)
	}
}

// The same in TLS 1.3: a compressed certificate that was not offered, a second
// HelloRetryRequest.
func TestWhatAGuardForbids13(t *testing.T) {
	packed := message.KindCompressedCertificate
	for _, test := range []struct {
		flow string
		role event.Role
		in   event.State
		kind message.Kind
		from string // the flow to take such a message from
	}{
		{"1.3, ecdsa", event.Client, event.WaitCertificateOrRequest, packed, "1.3, compressed"},
		{"1.3, client certificate", event.Client, event.WaitCertificate, packed, "1.3, compressed"},
		{"1.3, client certificate", event.Server, event.WaitCertificate, packed, "1.3, compressed, client certificate"},
		{"1.3, retried for a group", event.Client, event.WaitServerHello, message.KindHelloRetryRequest, "1.3, retried for a group"},
	} {
		var raw []byte
		from := recordedAs(t, test.from)
		for _, m := range from.messages(t, test.role) {
			if m, err := message.Parse(from.contextOf(other(test.role)), m.payload, nil); m != nil && err == nil && m.Kind() == test.kind {
				raw = marshalled(t, m)
			}
		}
		rec := recordedAs(t, test.flow)
		n := len(rec.to(test.role))
		s := rec.replay(t, test.role, n)
		for s.State() != test.in { // the last time that it waits there
			n--
			s = rec.replay(t, test.role, n)
		}
		legal := s.Legal()
		s.feed(put(t, rec.writer(t, test.role, n), iana.Handshake, raw))
		e := s.refused(t)
		if e.Reason != reason.UnexpectedMessage || e.Field != test.kind.String() || !slices.Contains(receives(legal), test.kind) ||
			strings.Contains(fmt.Sprint(e.Want), test.kind.String()) {
			t.Errorf("%s: a %v in %v gets %v: %v", test.flow, test.role, test.in, test.kind, e)
		}
	}
}

// No state before the end both sends and receives, so what Legal returns is either
// what this end does next or what it waits for; every row leads to a state that goes
// on, or to the end. That holds for each version's rows alone.
func TestTheTables(t *testing.T) {
	for _, role := range []event.Role{event.Client, event.Server} {
		for _, v := range []iana.Version{iana.TLS12, iana.TLS13} {
			checkTable(t, role, v)
		}
	}
}

func checkTable(t *testing.T, role event.Role, v iana.Version) {
	byState := map[event.State][]event.Move{}
	for _, m := range handshake.Moves(role) {
		if m.Version != 0 && m.Version != v {
			continue
		}
		byState[m.In] = append(byState[m.In], m)
		if !strings.HasPrefix(m.Ref, "RFC ") || !strings.Contains(m.Ref, " §") {
			t.Errorf("%v in %v refers to %q", m, m.In, m.Ref)
		}
		name := fmt.Sprintf("%v/%v/%v", role, m.Dir, m.Msg)
		if m.Version == iana.TLS13 && m.In != event.Start {
			name += "/tls13"
		}
		if m.Role != role || m.String() != name {
			t.Errorf("%v of %v is called %q", m, role, m.String())
		}
	}
	reached := map[event.State]bool{event.Start: true}
	for changed := true; changed; {
		changed = false
		for in, rows := range byState {
			for _, m := range rows {
				if reached[in] && !reached[m.To] {
					reached[m.To], changed = true, true
				}
			}
		}
	}
	for state, rows := range byState {
		if !reached[state] {
			t.Errorf("%v %v: nothing leads to %v", v, role, state)
		}
		unguarded := map[string]bool{} // a send takes the first that may go, whatever it is
		for _, m := range rows {
			what := m.Dir.String()
			if m.Dir == event.Receive {
				what = m.Msg.String()
			}
			if m.Dir != rows[0].Dir && state != event.Connected {
				t.Errorf("%v %v in %v both sends and receives", v, role, state)
			}
			if unguarded[what] {
				t.Errorf("%v %v in %v: a row for %v behind one without a guard can never fire", v, role, state, m.Msg)
			}
			unguarded[what] = !m.Guarded
			if byState[m.To] == nil {
				t.Errorf("%v %v in %v: %v leads to %v, which has no rows", v, role, state, m, m.To)
			}
			if m.Dir == event.Send && state == event.Connected && (!m.Guarded || m.To != state) {
				t.Errorf("%v %v: %v would be sent for ever, or ends what is complete", v, role, m)
			}
		}
		if last := rows[len(rows)-1]; last.Dir == event.Send && last.Guarded {
			t.Errorf("%v %v in %v: if no guard holds it is stuck", v, role, state)
		}
		reads, writes := event.NoData, event.NoData
		switch state {
		case event.Connected:
			reads, writes = event.ApplicationData, event.ApplicationData
		case event.WaitEndOfEarlyData: // a server may answer at once
			reads, writes = event.EarlyData, event.ApplicationData
		}
		if state.MayRead() != reads || state.MayWrite() != writes {
			t.Errorf("%v reads %v and writes %v", state, state.MayRead(), state.MayWrite())
		}
	}
	for state := range reached {
		if state != event.Failed && byState[state] == nil {
			t.Errorf("%v %v: %v is reached and has no rows", v, role, state)
		}
	}
}

// Before the version is settled what may come is what either version allows; where
// there is but one, only that.
func TestLegalBeforeTheVersion(t *testing.T) {
	for _, test := range []struct{ min, max, rows iana.Version }{
		{0, 0, 0}, {iana.TLS12, iana.TLS12, iana.TLS12}, {iana.TLS13, iana.TLS13, iana.TLS13},
	} {
		cc, _ := ends13(world("ecdsa"))
		cc.MinVersion, cc.MaxVersion = test.min, test.max
		e := newEnd(t, client, cc)
		e.Step()
		if got, want := e.Legal(), legalIn(client, test.rows, event.WaitServerHello); !slices.Equal(got, want) {
			t.Errorf("%v to %v: %v may come, want %v", test.min, test.max, got, want)
		}
	}
}
