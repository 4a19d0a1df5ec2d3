package handshake_test

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// Attacks on how messages are cut into records, on the state machine's patience,
// and on the end of a connection.

// A HelloRequest is ignored by a client that is negotiating already, wherever it stands, and
// counts for no Finished (RFC 5246 §7.4.1.1). A flood of them is no reason to go on for ever,
// and one that says something is none.
func TestHelloRequestsInTheHandshake(t *testing.T) {
	ask := []byte{0, 0, 0, 0}
	states := map[event.State]bool{}
	for _, rec := range recorded(t) {
		if rec.version != iana.TLS12 {
			continue
		}
		for n := range len(rec.to(client)) + 1 {
			s := rec.replay(t, client, n)
			state := s.State()
			if state == event.Connected {
				continue
			}
			states[state] = true
			if !slices.Contains(receives(s.Legal()), message.KindHelloRequest) {
				t.Errorf("%s: Legal in %v is %v", rec.name, state, s.Legal())
			}
			w := rec.writer(t, client, n)
			for range 4 {
				s.feed(put(t, w, iana.Handshake, ask))
			}
			if s.State() != state || s.Err() != nil {
				t.Errorf("%s: HelloRequests in %v lead to %v (%v)", rec.name, state, s.State(), s.Err())
				continue
			}
			if rec.reads[client][n].sealed { // each has taken a number of the records that follow
				s.feed(put(t, w, iana.Handshake, ask))
			} else if rec.finish(s, client, n); !s.connected {
				t.Errorf("%s: four HelloRequests in %v: %v", rec.name, state, s.Err())
				continue
			} else {
				s = rec.replay(t, client, n)
				for range 5 {
					s.feed(put(t, w, iana.Handshake, ask))
				}
			}
			if e := s.refused(t); e.Reason != reason.WarningFlood || e.Field != "renegotiation" {
				t.Errorf("%s: five HelloRequests in %v: %v", rec.name, state, e)
			}
			s = rec.replay(t, client, n)
			s.feed(put(t, rec.writer(t, client, n), iana.Handshake, []byte{0, 0, 0, 1, 0}))
			if e := s.refused(t); e.Reason != reason.TrailingBytes {
				t.Errorf("%s: a HelloRequest of one byte in %v: %v", rec.name, state, e)
			}
		}
	}
	for _, s := range []event.State{event.WaitServerHello, event.WaitCertificate, event.WaitCertificateStatus, event.WaitServerKeyExchange,
		event.WaitCertificateRequest, event.WaitServerHelloDone, event.WaitNewSessionTicket, event.WaitChangeCipherSpec, event.WaitFinished} {
		if !states[s] {
			t.Errorf("no flow waits in %v", s)
		}
	}

	// In pieces, and while the client may still come to TLS 1.3.
	cc, sc := ends(world("ecdsa"))
	cc.MaxVersion = iana.TLS13
	pieces := [][]byte{clearRecord(iana.Handshake, ask[:1]), clearRecord(iana.Handshake, ask[1:])}
	connect(t, cc, sc).run(before(server, message.KindServerHello, pieces...)).completes().talk()
	c := connect(t, cc, sc)
	c.run(before(server, message.KindServerHello, clearRecord(iana.Handshake, ask))).completes()
	if heard := c.sent(server, message.KindHelloRequest); len(heard) != 0 {
		t.Errorf("a server of ours sends %v", heard)
	}
	told := 0
	for _, m := range all[*event.Message](c.heard[client]) {
		if m.Kind == message.KindHelloRequest && m.Dir == event.Receive && m.Move == "client/recv/hello_request" && m.To == event.WaitServerHello {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told of %d HelloRequests, want 1", told)
	}
}

// A flood of warnings: each costs its sender nothing (CVE-2016-8610, "SSL death
// alert").
func TestWarningFlood(t *testing.T) {
	for _, role := range []event.Role{client, server} {
		w := want{reason.WarningFlood, "alert", -1, iana.UnexpectedMessage, event.Connected}
		cc, sc := pairFor(ecdheECDSA)
		c := connect(t, cc, sc).run(nil).completes()
		writer := c.as(other(role), 1)
		warn := func() { c.inject(role, put(t, writer, iana.Alert, []byte{1, byte(iana.UserCanceled)})) }
		for range 4 {
			warn()
		}
		c.inject(role, put(t, writer, iana.ApplicationData, []byte("x"))) // in a row is what counts
		for range 4 {
			warn()
		}
		if !c.ends[role].Done() {
			t.Fatalf("the %v cannot bear four warnings: %v", role, c.ends[role].Err())
		}
		warn()
		c.refuses(role, w)

		cc, sc = pairFor(ecdheECDSA)
		first := message.KindServerHello
		w.state = event.WaitServerHello
		if role == server {
			first, w.state = message.KindClientHello, event.Start
		}
		plain := clearRecord(iana.Alert, []byte{1, byte(iana.UnrecognizedName)})
		connect(t, cc, sc).run(before(other(role), first, bytes.Repeat(plain, 4))).completes()
		connect(t, cc, sc).run(before(other(role), first, bytes.Repeat(plain, 5))).refuses(role, w)
	}
}

// A flood of empty records: some senders of CBC put one before each record, to
// hide the next IV; nobody needs many. Empty records of other types are forbidden
// (RFC 5246 §6.2.1).
func TestEmptyRecordFlood(t *testing.T) {
	w := want{reason.EmptyRecordFlood, "record.plaintext", 5, iana.UnexpectedMessage, event.Connected}
	cc, sc := pairFor(ecdheCBC)
	c := connect(t, cc, sc).run(nil).completes()
	writer := c.as(client, 1)
	for range 16 {
		c.inject(server, put(t, writer, iana.ApplicationData, nil))
	}
	c.inject(server, put(t, writer, iana.ApplicationData, []byte("x")))
	for range 16 {
		c.inject(server, put(t, writer, iana.ApplicationData, nil))
	}
	if !c.ends[server].Done() {
		t.Fatalf("the server cannot bear sixteen empty records: %v", c.ends[server].Err())
	}
	c.inject(server, put(t, writer, iana.ApplicationData, nil))
	c.refuses(server, w)

	w.state = event.WaitCertificate
	for _, typ := range []iana.ContentType{iana.Handshake, iana.ChangeCipherSpec, iana.Alert} {
		cc, sc := pairFor(ecdheECDSA)
		connect(t, cc, sc).run(before(server, message.KindCertificate, clearRecord(typ, nil))).refuses(client, w)
	}
}

// A change of keys in the middle of a message: its halves would be protected by
// different keys, and what was said under the old ones would count as said under
// the new (RFC 9846 §5.1 forbids it; RFC 5246 forgot to). A message that another
// record type interrupts is as bad.
func TestInterruptedMessages(t *testing.T) {
	for _, test := range []struct {
		typ    iana.ContentType
		reason reason.Reason
	}{
		{iana.ChangeCipherSpec, reason.KeyChangeMidMessage},
		{iana.ApplicationData, reason.InterleavedMessage},
	} {
		for _, at := range []struct {
			victim event.Role
			kind   message.Kind
			in     event.State
		}{
			{server, message.KindClientKeyExchange, event.WaitClientKeyExchange},
			{client, message.KindServerKeyExchange, event.WaitServerKeyExchange},
			{client, message.KindCertificate, event.WaitCertificate},
		} {
			for _, cut := range []int{1, 4, 20} {
				cc, sc := pairFor(ecdheECDSA)
				connect(t, cc, sc).run(func(p packet) []byte {
					if !p.is(other(at.victim), at.kind) {
						return p.wire
					}
					return slices.Concat(clearRecord(iana.Handshake, p.body[:cut]), clearRecord(test.typ, []byte{1}), clearRecord(iana.Handshake, p.body[cut:]))
				}).refuses(at.victim, want{test.reason, "record.type", -1, iana.UnexpectedMessage, at.in})
			}
		}
	}

	// The same where ChangeCipherSpec is what is waited for: the beginning of a
	// message before it is one that may not come.
	cc, sc := pairFor(ecdheECDSA)
	connect(t, cc, sc).run(before(client, message.KindChangeCipherSpec, clearRecord(iana.Handshake, []byte{20}))).
		refuses(server, want{reason.UnexpectedMessage, "finished", 0, iana.UnexpectedMessage, event.WaitChangeCipherSpec})
}

// Something glued behind Finished, in its own record, would be believed to belong
// to the handshake, or be lost without a word.
func TestBehindFinished(t *testing.T) {
	for _, name := range []string{"ecdhe", "by rsa, resumed by an id"} {
		rec := recordedAs(t, name)
		for _, role := range []event.Role{client, server} {
			list := rec.messages(t, role)
			last := list[len(list)-1]
			s := rec.replay(t, role, last.at)
			s.feed(put(t, rec.writer(t, role, last.at), last.typ, append(last.payload, 11, 0, 0, 0)))
			if e := s.refused(t); e.Reason != reason.UnexpectedMessage || e.Field != "certificate" {
				t.Errorf("%s: a Certificate behind the Finished to a %v: %v", name, role, e)
			}
		}
	}
}

// Messages that nobody has announced: an OCSP status, a ticket.
func TestNotPromised(t *testing.T) {
	status := marshalled(t, &message.CertificateStatus{Type: iana.StatusOCSP, Response: []byte("fine")})
	cc, sc := pairFor(ecdheECDSA)
	cc.Stapling = true
	sc.Certificates[0].Staple = nil
	connect(t, cc, sc).run(before(server, message.KindServerKeyExchange, clearRecord(iana.Handshake, status))).
		refuses(client, want{reason.UnexpectedMessage, "certificate_status", 0, iana.UnexpectedMessage, event.WaitServerKeyExchange})

	ticket := marshalled(t, &message.NewSessionTicket12{Lifetime: 300, Ticket: []byte("a gift")})
	cc, sc = pairFor(ecdheECDSA)
	cc.Sessions = growing{frozen{}}
	c := connect(t, cc, sc).run(before(server, message.KindChangeCipherSpec, clearRecord(iana.Handshake, ticket)))
	c.refuses(client, want{reason.UnexpectedMessage, "new_session_ticket", 0, iana.UnexpectedMessage, event.WaitChangeCipherSpec})
	if n := len(cc.Sessions.(growing).frozen); n != 0 {
		t.Errorf("the client keeps %d sessions of a refused handshake", n)
	}
}

// Application data before Finished: SMACK's worst case had the client take it in
// clear, from anybody.
func TestEarlyApplicationData(t *testing.T) {
	data := clearRecord(iana.ApplicationData, []byte("GET / HTTP/1.1\r\n\r\n"))
	for _, test := range []struct {
		victim event.Role
		before message.Kind
		in     event.State
	}{
		{client, message.KindServerHello, event.WaitServerHello},
		{client, message.KindServerHelloDone, event.WaitCertificateRequest},
		{client, message.KindChangeCipherSpec, event.WaitChangeCipherSpec},
		{server, message.KindClientHello, event.Start},
		{server, message.KindClientKeyExchange, event.WaitClientKeyExchange},
		{server, message.KindChangeCipherSpec, event.WaitChangeCipherSpec},
	} {
		cc, sc := pairFor(ecdheECDSA)
		connect(t, cc, sc).run(before(other(test.victim), test.before, data)).
			refuses(test.victim, want{reason.UnexpectedRecord, "record.type", -1, iana.UnexpectedMessage, test.in})
	}
	// Protected, with the right keys, in place of Finished.
	for _, role := range []event.Role{client, server} {
		rec := recordedAs(t, "ecdhe")
		n := len(rec.to(role)) - 1
		s := rec.replay(t, role, n)
		s.feed(put(t, rec.writer(t, role, n), iana.ApplicationData, []byte("hello")))
		if e := s.refused(t); e.Reason != reason.UnexpectedRecord || s.Buffered() != 0 {
			t.Errorf("data for Finished to a %v: %v", role, e)
		}
	}
	// Nor does an endpoint let its own side send or read any.
	e := newEnd(t, client, recordedAs(t, "ecdhe").config(client))
	if _, err := e.Write([]byte("x")); reason.Of(err) != reason.Misuse || e.Err() != nil {
		t.Errorf("Write before the handshake: %v, then %v", err, e.Err())
	}
}

// How messages are cut into records is nobody's business: one byte a record, or
// all in one, and a message that ends where the next begins.
func TestFragmentation(t *testing.T) {
	for _, rec := range recorded(t) {
		tiny := func(p packet) []byte {
			if p.typ != iana.Handshake || p.sealed {
				return p.wire
			}
			var b []byte
			for i := range p.body {
				b = append(b, clearRecord(iana.Handshake, p.body[i:i+1])...)
			}
			return b
		}
		connect(t, rec.config(client), rec.config(server)).run(tiny).completes().talk()

		// A flight's messages in one record: what comes before ServerHelloDone,
		// or ChangeCipherSpec, is held back until then.
		var held []byte
		coalesce := func(p packet) []byte {
			if p.typ != iana.Handshake || p.sealed {
				b := slices.Clone(p.wire)
				if len(held) > 0 {
					b = append(clearRecord(iana.Handshake, held), b...)
				}
				held = nil
				return b
			}
			held = append(held, p.body...)
			switch message.Kind(p.body[0]) {
			case message.KindServerHelloDone, message.KindClientHello, message.KindServerHello:
				if p.body[0] == byte(iana.ServerHello) && rec.version == iana.TLS12 {
					return nil // more will follow
				}
				b := clearRecord(iana.Handshake, held)
				held = nil
				return b
			}
			return nil
		}
		connect(t, rec.config(client), rec.config(server)).run(coalesce).completes().talk()
	}
}

// Truncation (RFC 5246 §7.2.1): who cuts the stream must not be able to pass the
// cut off as its end.
func TestTruncation(t *testing.T) {
	buf := make([]byte, 100)
	cc, sc := pairFor(ecdheECDSA)
	c := connect(t, cc, sc).run(nil).completes()
	c.ends[client].Write([]byte("the end"))
	c.ends[server].Feed(c.ends[client].Output())
	c.ends[server].FeedEOF()
	if n, err := c.ends[server].Read(buf); n != 7 || err != nil {
		t.Errorf("what came before the cut: %d, %v", n, err)
	}
	if _, err := c.ends[server].Read(buf); reason.Of(err) != reason.TruncatedStream {
		t.Errorf("a cut stream reads as %v", err)
	}

	c = connect(t, cc, sc).run(nil).completes()
	for range 2 { // the second time does nothing
		if err := c.ends[client].CloseWrite(); err != nil {
			t.Error(err)
		}
	}
	c.ends[server].Feed(c.ends[client].Output())
	c.ends[server].FeedEOF()
	for range 2 {
		if n, err := c.ends[server].Read(buf); n != 0 || err != io.EOF {
			t.Errorf("a stream that ended reads as %d, %v", n, err)
		}
	}
	if c.ends[server].Err() != nil {
		t.Errorf("close_notify is an error: %v", c.ends[server].Err())
	}
	if _, err := c.ends[client].Write([]byte("x")); err == nil {
		t.Error("this end still sends after close_notify")
	}
	say(t, c.ends[server].Endpoint, c.ends[client].Endpoint, "a half-closed connection goes on")

	// What comes behind close_notify is not looked at.
	c.inject(server, put(t, c.as(client, 2), iana.ApplicationData, []byte("more")))
	if n, err := c.ends[server].Read(buf); n != 0 || err != io.EOF {
		t.Errorf("behind close_notify: %d, %v", n, err)
	}

	// Within the handshake it ends the handshake, and is no one's data's end.
	cc, sc = pairFor(ecdheECDSA)
	c = connect(t, cc, sc).run(before(server, message.KindCertificate, clearRecord(iana.Alert, []byte{1, 0})))
	if e := c.ends[client]; reason.Of(e.Err()) != reason.PeerAlert || e.State() != event.Failed {
		t.Errorf("close_notify in a handshake: %v in %v", e.Err(), e.State())
	}
}

// Records replayed, left out, or in another order: the sequence number that nobody
// sends is in every MAC.
func TestReplayedRecords(t *testing.T) {
	for _, id := range []iana.CipherSuite{ecdheECDSA, ecdheCBC, 0xcca9} {
		for name, send := range map[string][]int{"replayed": {0, 0}, "left out": {1}, "swapped": {1, 0}} {
			cc, sc := pairFor(id)
			c := connect(t, cc, sc).run(nil).completes()
			w := c.as(client, 1)
			list := [][]byte{put(t, w, iana.ApplicationData, []byte("pay 1")), put(t, w, iana.ApplicationData, []byte("pay 2"))}
			for _, i := range send {
				c.inject(server, slices.Clone(list[i]))
			}
			t.Log(id, name)
			c.refuses(server, want{reason.BadRecordMAC, "record.fragment", 5, iana.BadRecordMAC, event.Connected})
		}
	}
}

// Records in another version than the one agreed on: RFC 5246 §6.2.1 has one
// version for all records behind ServerHello, and App. E.1 any 3.x before it. A
// server holds its client to that from the change of keys on, for a client that
// could not read its ServerHello says so in the version that it began with.
func TestRecordVersion(t *testing.T) {
	version := func(minor byte, from event.Role, k message.Kind) hand {
		return func(p packet) []byte {
			if p.is(from, k) {
				p.wire[2] = minor
			}
			return p.wire
		}
	}
	for _, minor := range []byte{0, 1, 2, 3, 4, 255} {
		cc, sc := pairFor(ecdheECDSA)
		connect(t, cc, sc).run(version(minor, client, message.KindClientHello)).completes()
	}
	cc, sc := pairFor(ecdheECDSA)
	w := want{reason.BadRecordVersion, "record.version", 1, iana.ProtocolVersion, event.WaitCertificate}
	connect(t, cc, sc).run(version(2, server, message.KindCertificate)).refuses(client, w)
	w.state = event.WaitFinished
	for _, victim := range []event.Role{client, server} {
		cc, sc = pairFor(ecdheECDSA)
		connect(t, cc, sc).run(func(p packet) []byte {
			if p.from != victim && p.sealed && p.typ == iana.Handshake {
				p.wire[2] = 1
			}
			return p.wire
		}).refuses(victim, w)
	}

	cc, sc = pairFor(ecdheECDSA)
	c := connect(t, cc, sc).run(dropped(server, message.KindServerHello))
	if e, ok := c.ends[server].Err().(*reason.Error); !ok || e.Reason != reason.PeerAlert || e.Got != iana.UnexpectedMessage {
		t.Errorf("a client that missed the ServerHello told the server: %v", c.ends[server].Err())
	}
}

// A peer that speaks something else is told apart from one that attacks.
func TestNotTLS(t *testing.T) {
	for _, role := range []event.Role{client, server} {
		for _, text := range []string{"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "\x80\x2e\x01\x03\x01"} {
			s := recordedAs(t, "ecdhe").replay(t, role, 0)
			s.feed([]byte(text))
			if e := s.refused(t); e.Reason != reason.NotTLS {
				t.Errorf("%q to a %v: %v", text, role, e)
			}
		}
	}
}
