package handshake_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
)

// Attacks on the records of TLS 1.3: in clear where there are keys, across a change of
// keys, empty, too long, and floods of what means nothing.

// A ChangeCipherSpec means nothing, and may come from the first ClientHello to the
// peer's Finished (RFC 9846 §5). It must still be the one byte 1, there must be an end
// to it, and before and after it is unexpected.
func TestChangeCipherSpec13(t *testing.T) {
	ccs := func(b ...byte) []byte { return clearRecord(iana.ChangeCipherSpec, b) }
	for _, rec := range recorded(t) {
		if rec.version != iana.TLS13 {
			continue
		}
		for _, role := range []event.Role{client, server} {
			for n := range len(rec.to(role)) + 1 {
				here := rec.replay(t, role, n)
				if state := here.State(); state == event.Start || state == event.Connected {
					here.feed(ccs(1))
					if e := here.refused(t); e.Reason != reason.UnexpectedMessage || e.Field != "change_cipher_spec" {
						t.Errorf("%s: a ChangeCipherSpec to a %v in %v: %v", rec.name, role, state, e)
					}
					continue
				}
				for range 2 {
					here.feed(ccs(1))
				}
				if rec.finish(here, role, n); !here.connected {
					t.Errorf("%s: two ChangeCipherSpecs to a %v, %d records on: %v", rec.name, role, n, here.Err())
				}
				for _, bad := range [][]byte{ccs(0), ccs(2), ccs(1, 1)} {
					s := rec.replay(t, role, n)
					s.feed(bad)
					if e := s.refused(t); e.Reason != reason.UnexpectedRecord {
						t.Errorf("%s: ChangeCipherSpec %x to a %v: %v", rec.name, bad[5:], role, e)
					}
				}
				s := rec.replay(t, role, n)
				for range 5 {
					s.feed(ccs(1))
				}
				if e := s.refused(t); e.Reason != reason.WarningFlood || e.Field != "change_cipher_spec" {
					t.Errorf("%s: five ChangeCipherSpecs to a %v: %v", rec.name, role, e)
				}
				if rec.reads[role][n].sealed { // protected it is no disguise
					s := rec.replay(t, role, n)
					s.feed(sealAs(t, rec, role, n, iana.ChangeCipherSpec, 1))
					if e := s.refused(t); e.Reason != reason.UnexpectedRecord || e.Field != "inner_plaintext.type" {
						t.Errorf("%s: a protected ChangeCipherSpec to a %v: %v", rec.name, role, e)
					}
				}
			}
		}
	}
}

// sealAs seals what a Writer would leave in clear.
func sealAs(t testing.TB, rec *recording, role event.Role, n int, typ iana.ContentType, payload ...byte) []byte {
	t.Helper()
	w := rec.writer(t, role, n)
	w.SetVersion(iana.TLS12) // whose Writer protects whatever it is given
	return put(t, w, typ, payload)
}

// Once there are keys, what is in clear may come from anybody.
func TestPlaintextBehindKeys(t *testing.T) {
	for _, name := range []string{"1.3, ecdsa", "1.3, client certificate", "1.3, no disguise"} {
		rec := recordedAs(t, name)
		for _, role := range []event.Role{client, server} {
			list := rec.messages(t, role)
			for n := range len(rec.to(role)) + 1 {
				r := rec.reads[role][n]
				if !r.sealed {
					continue
				}
				plain := map[string][]byte{
					"a handshake message": clearRecord(iana.Handshake, list[min(n, len(list)-1)].payload),
					"a KeyUpdate":         clearRecord(iana.Handshake, []byte{24, 0, 0, 1, 0}),
					"heartbeat":           clearRecord(24, []byte{1, 64, 0}),
				}
				if r.seq > 0 { // before the first protected record an alert is a peer's that has no keys
					plain["an alert"] = clearRecord(iana.Alert, []byte{2, byte(iana.InternalError)})
					plain["close_notify"] = clearRecord(iana.Alert, []byte{1, 0})
				}
				for what, b := range plain {
					s := rec.replay(t, role, n)
					s.feed(b)
					if e := s.refused(t); e.Reason != reason.UnexpectedRecord || e.Field != "record.type" {
						t.Errorf("%s: %s in clear to a %v in record %d: %v", rec.name, what, role, n, e)
					}
				}
				s := rec.replay(t, role, n)
				s.feed(clearRecord(iana.ApplicationData, []byte("GET / HTTP/1.1\r\n\r\n")))
				if e := s.refused(t); e.Reason != reason.BadRecordMAC || s.Buffered() != 0 {
					t.Errorf("%s: data in clear to a %v in record %d: %v", rec.name, role, n, e)
				}
			}
		}
	}

	// A client that can make nothing of ServerHello has no keys to say so with: that one
	// alert is heard (RFC 9846 §6).
	rec := recordedAs(t, "1.3, ecdsa")
	s := rec.replay(t, server, 1)
	s.feed(clearRecord(iana.Alert, []byte{2, byte(iana.IllegalParameter)}))
	if e := s.refused(t); e.Reason != reason.PeerAlert || e.Got != iana.IllegalParameter {
		t.Errorf("a client's alert in clear: %v", e)
	}
}

// A message and the next in one record, with a change of keys between: the second was
// protected by the wrong keys, or by none (RFC 9846 §5.1). Behind a ClientHello it is refused
// before it comes to that: see TestMoreThanTheFlight.
func TestAcrossAChangeOfKeys(t *testing.T) {
	more := []byte{8, 0, 0, 2, 0, 0}
	for _, test := range []struct {
		flow string
		to   event.Role
		kind message.Kind
		tail []byte
	}{
		{"1.3, ecdsa", client, message.KindServerHello, more},
		{"1.3, retried for a group", client, message.KindServerHello, more},
		{"1.3, ecdsa", client, message.KindServerHello, more[:1]},
		{"1.3, ecdsa", client, message.KindFinished, []byte{4, 0, 0, 0}},
		{"1.3, ecdsa", client, message.KindFinished, []byte{24}},
		{"1.3, ecdsa", server, message.KindFinished, []byte{24, 0, 0, 1, 0}},
		{"1.3, client certificate", server, message.KindFinished, []byte{11}},
		{"1.3, keys updated by the client", server, message.KindKeyUpdate, []byte{24, 0, 0, 1, 0}},
		{"1.3, keys updated by the server", client, message.KindKeyUpdate, []byte{24}},
	} {
		rec := recordedAs(t, test.flow)
		found := false
		for _, m := range rec.messages(t, test.to) {
			parsed, err := message.Parse(rec.contextOf(other(test.to)), m.payload, nil)
			if m.typ != iana.Handshake || err != nil || parsed.Kind() != test.kind {
				continue
			}
			found = true
			s := rec.replay(t, test.to, m.at)
			s.feed(put(t, rec.writer(t, test.to, m.at), iana.Handshake, append(slices.Clone(m.payload), test.tail...)))
			if e := s.refused(t); e.Reason != reason.KeyChangeMidMessage {
				t.Errorf("%s: %x behind %v in its record to a %v: %v", test.flow, test.tail, test.kind, test.to, e)
			}
		}
		if !found {
			t.Errorf("%s has no %v to a %v", test.flow, test.kind, test.to)
		}
	}

	// The beginning of a message before the change, the rest behind it.
	rec := recordedAs(t, "1.3, ecdsa")
	list := rec.messages(t, client)
	s := rec.replay(t, client, 0)
	s.feed(clearRecord(iana.Handshake, list[0].payload[:20]))
	s.feed(clearRecord(iana.ChangeCipherSpec, []byte{1}))
	if e := s.refused(t); e.Reason != reason.KeyChangeMidMessage && e.Reason != reason.InterleavedMessage {
		t.Errorf("a ChangeCipherSpec amid ServerHello: %v", e)
	}
}

// Records without content: of application data they are padding, a few of them; of
// handshake and alert they are forbidden (RFC 9846 §5.1); with nothing but zeros inside
// they have no type at all (§5.4).
func TestEmptyRecords13(t *testing.T) {
	for _, rec := range []*recording{recordedAs(t, "1.3, ecdsa"), recordedAs(t, "1.3, integrity only")} {
		for _, role := range []event.Role{client, server} {
			for n := range len(rec.to(role)) + 1 {
				for _, typ := range []iana.ContentType{iana.Handshake, iana.Alert} {
					s := rec.replay(t, role, n)
					s.feed(put(t, rec.writer(t, role, n), typ, nil))
					if e := s.refused(t); e.Reason != reason.EmptyRecordFlood {
						t.Errorf("%s: an empty %v to a %v in record %d: %v", rec.name, typ, role, n, e)
					}
				}
				if !rec.reads[role][n].sealed {
					continue
				}
				for _, zeros := range []int{0, 1, 100} {
					s := rec.replay(t, role, n)
					s.feed(sealAs(t, rec, role, n, 0, make([]byte, zeros)...))
					if e := s.refused(t); e.Reason != reason.UnexpectedRecord {
						t.Errorf("%s: %d zeros and no type to a %v in record %d: %v", rec.name, zeros, role, n, e)
					}
				}
			}
		}
	}

	cc, sc := pair13()
	c := connect(t, cc, sc).run(nil).completes()
	w := c.as(client, 0)
	for range 2 {
		for range 16 {
			c.inject(server, put(t, w, iana.ApplicationData, nil))
		}
		c.inject(server, put(t, w, iana.ApplicationData, []byte("x")))
	}
	for range 16 {
		c.inject(server, put(t, w, iana.ApplicationData, nil))
	}
	if !c.ends[server].Done() {
		t.Fatalf("the server cannot bear sixteen empty records: %v", c.ends[server].Err())
	}
	c.inject(server, put(t, w, iana.ApplicationData, nil))
	c.refuses(server, want{reason.EmptyRecordFlood, "record.plaintext", 5, iana.UnexpectedMessage, event.Connected})
}

// Records longer than any may be, by a byte: on the wire, and inside.
func TestOversizedRecords13(t *testing.T) {
	rec := recordedAs(t, "1.3, ecdsa")
	for _, role := range []event.Role{client, server} {
		n := len(rec.to(role))
		s := rec.replay(t, role, n)
		s.feed([]byte{23, 3, 3, 0x41, 0x01}) // 2^14 + 257, and its header is enough
		if e := s.refused(t); e.Reason != reason.RecordOverflow || e.Field != "record.length" {
			t.Errorf("2^14+257 bytes to a %v: %v", role, e)
		}
		for over, ok := range []bool{true, false} {
			s := rec.replay(t, role, n)
			s.feed(sealLong(t, rec, role, n, 1<<14+over))
			if ok && s.Err() != nil {
				t.Errorf("2^14 bytes to a %v: %v", role, s.Err())
			} else if !ok {
				if e := s.refused(t); e.Reason != reason.RecordOverflow {
					t.Errorf("2^14+1 bytes to a %v: %v", role, e)
				}
			}
		}
	}
}

// sealLong seals so much application data as one record, which a Writer would split.
func sealLong(t testing.TB, rec *recording, role event.Role, n, length int) []byte {
	t.Helper()
	r := rec.reads[role][n]
	p, err := rec.suite.Cipher.Protect(r.keys, suite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Seal(nil, r.seq, iana.ApplicationData, iana.TLS12, make([]byte, length), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// maxIdle is how many KeyUpdates and tickets may come in a row.
const maxIdle = 32

// Floods of what costs its sender nothing: KeyUpdates, each two hashes and a key
// schedule for us and an answer if it asks; tickets, each a session to keep.
func TestFloods13(t *testing.T) {
	for _, request := range []iana.KeyUpdateRequest{iana.UpdateNotRequested, iana.UpdateRequested} {
		for _, role := range []event.Role{client, server} {
			cc, sc := pair13()
			c := connect(t, cc, sc).run(nil).completes()
			from := c.ends[other(role)]
			for range maxIdle {
				if err := from.UpdateKeys(request == iana.UpdateRequested); err != nil {
					t.Fatal(err)
				}
			}
			c.inject(role, from.Output())
			if !c.ends[role].Done() {
				t.Fatalf("the %v cannot bear so many KeyUpdates: %v", role, c.ends[role].Err())
			}
			if n := len(c.sent(role, message.KindKeyUpdate)); request == iana.UpdateRequested && (n < 1 || n > maxIdle) || request == iana.UpdateNotRequested && n != 0 {
				t.Errorf("%d KeyUpdates are answered with %d", maxIdle, n)
			}
			if err := from.UpdateKeys(false); err != nil {
				t.Fatal(err)
			}
			c.inject(role, from.Output())
			c.refuses(role, want{reason.WarningFlood, "key_update", -1, iana.UnexpectedMessage, event.Connected})
		}
	}

	ticket := marshalled(t, &message.NewSessionTicket13{Lifetime: 9, Ticket: []byte("t")})
	cc, sc := pair13()
	c := connect(t, cc, sc).run(nil).completes()
	w := c.as(server, 0)
	for range 2 { // with data between there is no end to it
		for range maxIdle {
			c.inject(client, put(t, w, iana.Handshake, ticket))
		}
		c.inject(client, put(t, w, iana.ApplicationData, []byte("x")))
	}
	for range maxIdle + 1 {
		c.inject(client, put(t, w, iana.Handshake, ticket))
	}
	c.refuses(client, want{reason.WarningFlood, "new_session_ticket", -1, iana.UnexpectedMessage, event.Connected})
}

// An alert's level means nothing any more (RFC 9846 §6): close_notify closes,
// user_canceled announces, and every other, known or not, is the end.
func TestAlertLevels13(t *testing.T) {
	rec := recordedAs(t, "1.3, ecdsa")
	for _, role := range []event.Role{client, server} {
		n := len(rec.to(role))
		for _, level := range []byte{0, 1, 2, 3, 255} {
			alert := func(d iana.AlertDescription) *subject {
				s := rec.replay(t, role, n)
				s.feed(put(t, rec.writer(t, role, n), iana.Alert, []byte{level, byte(d)}))
				return s
			}
			if s := alert(iana.CloseNotify); s.Err() != nil {
				t.Errorf("close_notify of level %d to a %v: %v", level, role, s.Err())
			} else if n, err := s.Read(make([]byte, 1)); n != 0 || err == nil {
				t.Errorf("close_notify of level %d to a %v does not close: %v", level, role, err)
			}
			if s := alert(iana.UserCanceled); s.Err() != nil {
				t.Errorf("user_canceled of level %d to a %v: %v", level, role, s.Err())
			}
			for _, d := range []iana.AlertDescription{iana.HandshakeFailure, iana.UnrecognizedName, iana.NoRenegotiation, iana.InternalError, 99} {
				if e := alert(d).refused(t); e.Reason != reason.PeerAlert || e.Got != d {
					t.Errorf("alert %v of level %d to a %v: %v", d, level, role, e)
				}
			}
		}
		// One alert, one record: neither cut nor joined (RFC 9846 §5.1).
		for _, b := range [][]byte{{2}, {1, 0, 1, 0}, {2, 40, 0}} {
			s := rec.replay(t, role, n)
			s.feed(put(t, rec.writer(t, role, n), iana.Alert, b))
			if e := s.refused(t); e.Reason != reason.Truncated && e.Reason != reason.TrailingBytes {
				t.Errorf("alert %x to a %v: %v", b, role, e)
			}
		}
		// Without an end, user_canceled is a flood like any other.
		s := rec.replay(t, role, n)
		w := rec.writer(t, role, n)
		for range 5 {
			s.feed(put(t, w, iana.Alert, []byte{1, byte(iana.UserCanceled)}))
		}
		if e := s.refused(t); e.Reason != reason.WarningFlood {
			t.Errorf("five times user_canceled to a %v: %v", role, e)
		}
	}
}

// What an end says when it refuses is under its keys as soon as it has them, and is
// what its reason asks for.
func TestAlertIsProtected(t *testing.T) {
	for _, rec := range recorded(t) {
		if rec.version != iana.TLS13 {
			continue
		}
		for _, role := range []event.Role{client, server} {
			for n := range len(rec.to(role)) + 1 {
				var heard collect
				s := rec.end(t, role, &heard)
				for _, b := range rec.to(role)[:n] {
					s.feed(b)
				}
				sealed := false
				for _, e := range heard {
					if e, ok := e.(*event.KeyChange); ok && e.Dir == event.Send {
						sealed = e.Keys != event.InClear // a second ClientHello is in clear again
					}
				}
				s.feed(put(t, rec.writer(t, role, n), iana.Handshake, []byte{99, 0, 0, 0}))
				s.refused(t)
				records := all[*event.Record](heard)
				last := records[len(records)-1]
				for _, r := range records {
					if r.Dir == event.Send {
						last = r
					}
				}
				if want := []byte{2, byte(iana.UnexpectedMessage)}; last.Type != iana.Alert || last.Protected != sealed || !bytes.Equal(last.Payload, want) {
					t.Errorf("%s: a %v after %d records refuses with %v %x, protected %v", rec.name, role, n, last.Type, last.Payload, last.Protected)
				}
			}
		}
	}
}

// Records replayed, left out, or in another order: the number that nobody sends is in
// every nonce; and a record of one epoch does not open in the next.
func TestReplayedRecords13(t *testing.T) {
	for _, id := range []iana.CipherSuite{aes128GCM, 0x1303, 0x1304, sha256Only} {
		for name, send := range map[string][]int{"replayed": {0, 0}, "left out": {1}, "swapped": {1, 0}, "of the epoch before": {2, 0}} {
			cc, sc := pair13()
			cc.Suites, sc.Suites, cc.Weak.NULL, sc.Weak.NULL = only(id), only(id), true, true
			c := connect(t, cc, sc).run(nil).completes()
			list := make([][]byte, 3)
			w := c.as(client, 0)
			list[0], list[1] = put(t, w, iana.ApplicationData, []byte("pay 1")), put(t, w, iana.ApplicationData, []byte("pay 2"))
			list[2] = put(t, c.as(client, 0), iana.Handshake, []byte{24, 0, 0, 1, 0})
			for _, i := range send {
				c.inject(server, slices.Clone(list[i]))
			}
			t.Log(id, name)
			c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.Connected})
		}
	}
}
