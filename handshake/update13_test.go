package handshake_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/session"
)

// What TLS 1.3 does once there are keys: changes of them, padding, tickets, exports.

// Keys are updated from either end, any number of times, with an answer and without,
// and what is said then is read; every generation has other keys.
func TestKeyUpdate(t *testing.T) {
	for _, id := range []iana.CipherSuite{aes128GCM, 0x1302, 0x1303, sha256Only} {
		for _, role := range []event.Role{client, server} {
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
				for _, s := range all[*event.Secret](c.heard[role]) {
					if strings.HasSuffix(string(s.Label), "_key") && strings.Contains(string(s.Label), "application") {
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
		if n := len(c.sent(event.Role(role), message.KindKeyUpdate)); n != 2 {
			t.Errorf("the %v updates %d times", event.Role(role), n)
		}
	}
}

// However often one end asks, an end that is silent meanwhile answers once (RFC 9846
// §4.7.3): as long as its answer lies in Output, nothing of it has been said. What is asked
// once that has left has an answer of its own, and so has what crosses a question of ours.
func TestOneAnswerToManyKeyUpdates(t *testing.T) {
	for _, asker := range []event.Role{client, server} {
		configs := [2]*handshake.Config{}
		configs[client], configs[server] = pair13()
		configs[asker].Edit(func(m message.Message) { // it would ask one question at a time
			if k, ok := m.(*message.KeyUpdate); ok {
				k.RequestUpdate = iana.UpdateRequested
			}
		})
		c := connect(t, configs[client], configs[server]).run(nil).is13()
		silent := c.ends[other(asker)]
		ask := func(times int) {
			for range times {
				if err := c.ends[asker].UpdateKeys(true); err != nil {
					t.Fatal(err)
				}
				silent.Feed(c.ends[asker].Output())
				steps(t, silent.Endpoint) // and nobody carries its Output off
			}
		}
		answers := func(want int) {
			t.Helper()
			if n := len(c.sent(silent.Role(), message.KindKeyUpdate)); n != want {
				t.Errorf("the %v has answered %d times, want %d", silent.Role(), n, want)
			}
		}
		ask(3)
		answers(1)
		if _, err := silent.Write([]byte("data behind the answer")); err != nil {
			t.Fatal(err)
		}
		ask(2)
		answers(1)
		c.ends[asker].feed(silent.Output())
		steps(t, silent.Endpoint)
		answers(1)
		ask(2)
		answers(2)
		c.ends[asker].feed(silent.Output())
		if err := silent.UpdateKeys(true); err != nil { // a question, and no answer
			t.Fatal(err)
		}
		ask(2)
		c.ends[asker].feed(silent.Output())
		steps(t, silent.Endpoint)
		answers(4)
		c.run(nil).talk()
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
	for _, r := range all[*event.Record](c.heard[client]) {
		if r.Dir == event.Send && r.Protected {
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
	if err := c.UpdateKeys(true); reason.Of(err) != reason.Misuse || c.Err() != nil {
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
	for _, q := range []struct {
		label string
		n     int
	}{{"", 32}, {strings.Repeat("l", 250), 32}, {"EXPORTER-x", 255*32 + 1}, {"EXPORTER-x", -1}} {
		if b, err := c.Export(q.label, nil, q.n); err == nil { // RFC 9846 §7.1, RFC 5869 §2.3
			t.Errorf("a label of %d bytes and %d bytes of output: exported %d", len(q.label), q.n, len(b))
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
		if got := c.decisions(client, event.DecisionSessionTicket); len(got) != want || len(tickets) != want {
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
		if len(kept.frozen) != min(want, 4) {
			t.Errorf("the client keeps %d of %d tickets", len(kept.frozen), want)
		}
		for i, m := range tickets[want-len(kept.frozen):] { // the last ones, wherever
			m, slot := m.(*message.NewSessionTicket13), (want-len(kept.frozen)+i)%4
			own, err := session.Parse(kept.frozen[fmt.Sprintf("ticket:%d:www.lab.test", slot)])
			if err != nil {
				t.Fatal(err)
			}
			if !psk[string(own.PSK)] || !bytes.Equal(own.Ticket, m.Ticket) || own.AgeAdd != m.AgeAdd || own.Version != iana.TLS13 {
				t.Errorf("the client keeps %+v", own)
			}
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

// The key log has what a tool needs to read along (RFC 9850 §2), at both ends the same.
func TestKeyLog13(t *testing.T) {
	var logs [2]bytes.Buffer
	cc, sc := pair13()
	cc.KeyLog, sc.KeyLog = &logs[0], &logs[1]
	c := connect(t, cc, sc).run(nil).is13()
	if logs[0].String() != logs[1].String() {
		t.Errorf("the client logs\n%s\nthe server\n%s", &logs[0], &logs[1])
	}
	random := c.sent(client, message.KindClientHello)[0].(*message.ClientHello).Random
	secrets := map[string][]byte{}
	for _, s := range all[*event.Secret](c.heard[client]) {
		secrets[string(s.Label)] = s.Value
	}
	var want string
	for _, l := range [][2]string{{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "client_handshake_traffic_secret"}, {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "server_handshake_traffic_secret"},
		{"CLIENT_TRAFFIC_SECRET_0", "client_application_traffic_secret_0"}, {"SERVER_TRAFFIC_SECRET_0", "server_application_traffic_secret_0"}, {"EXPORTER_SECRET", "exporter_secret"}} {
		want += fmt.Sprintf("%s %x %x\n", l[0], random, secrets[l[1]])
	}
	if got := logs[0].String(); got != want {
		t.Errorf("the log is\n%s\nwant\n%s", got, want)
	}
}
