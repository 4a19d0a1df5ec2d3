package handshake_test

import (
	"bytes"
	"slices"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
	"tlslab/handshake/record"
)

// Early data itself: what may come under its keys and what may not, how much, and what is
// passed over where it was not taken.

// begin lets the client say its first flight, with data behind ClientHello, and the
// server hear it.
func (c *connection) begin(data string) *connection {
	c.t.Helper()
	e := c.ends[client]
	e.drive()
	if n, err := e.WriteEarly([]byte(data)); n != len(data) || err != nil {
		c.t.Fatalf("WriteEarly took %d of %d bytes, %v", n, len(data), err)
	}
	e.drive()
	c.inject(server, e.out)
	e.out = nil
	return c
}

// beginEarly makes a connection that has just begun with early data.
func beginEarly(t *testing.T, data string, change func(c, s *handshake.Config)) *connection {
	t.Helper()
	cc, sc := pair13()
	withEarlyData(cc, sc)
	if change != nil {
		change(cc, sc)
	}
	return connect(t, cc, sc).begin(data)
}

// under returns a writer with a role's latest keys of a stage, n records in.
func (c *connection) under(from event.Role, stage string, n int) *record.Writer {
	c.t.Helper()
	now := reading{sealed: true, seq: uint64(n)}
	for _, s := range all[*event.Secret](c.heard[from]) {
		switch s.Label {
		case event.SecretLabel(from.String() + "_" + stage + "_key"):
			now.keys.Key = s.Value
		case event.SecretLabel(from.String() + "_" + stage + "_iv"):
			now.keys.IV = s.Value
		}
	}
	if now.keys.Key == nil {
		c.t.Fatalf("the %v has no %s keys", from, stage)
	}
	return now.writer(c.t, c.ends[other(from)].Summary().Suite, false)
}

// got is what an end has received as data.
func (c *connection) got(role event.Role) (data []byte) {
	for _, e := range all[*event.Data](c.heard[role]) {
		if e.Dir == event.Receive {
			data = append(data, e.Data...)
		}
	}
	return data
}

var endOfEarlyData = []byte{5, 0, 0, 0}

func TestUnderEarlyKeys(t *testing.T) {
	unexpected := func(field string) want {
		return want{reason.UnexpectedMessage, field, 0, iana.UnexpectedMessage, event.WaitEndOfEarlyData}
	}
	finished := append([]byte{20, 0, 0, 32}, zero32...)
	for _, test := range []struct {
		name    string
		typ     iana.ContentType
		payload []byte
		want    want
	}{
		{"KeyUpdate", iana.Handshake, []byte{24, 0, 0, 1, 0}, unexpected("key_update")},
		{"Finished, without EndOfEarlyData", iana.Handshake, finished, unexpected("finished")},
		{"Certificate", iana.Handshake, []byte{11, 0, 0, 4, 0, 0, 0, 0}, unexpected("certificate")},
		{"ClientHello", iana.Handshake, []byte{1, 0, 0, 0}, unexpected("client_hello")},
		{"NewSessionTicket", iana.Handshake, []byte{4, 0, 0, 0}, unexpected("new_session_ticket")},
		{"EndOfEarlyData with something in it", iana.Handshake, []byte{5, 0, 0, 1, 0},
			want{reason.TrailingBytes, "end_of_early_data", anywhere, iana.DecodeError, event.WaitEndOfEarlyData}},
		{"EndOfEarlyData and more", iana.Handshake, append(slices.Clone(endOfEarlyData), 20),
			want{reason.KeyChangeMidMessage, "record", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData}},
		{"EndOfEarlyData twice in one", iana.Handshake, append(slices.Clone(endOfEarlyData), endOfEarlyData...),
			want{reason.KeyChangeMidMessage, "record", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData}},
		{"one byte more than the ticket allows", iana.ApplicationData, make([]byte, 991),
			want{reason.UnexpectedRecord, "record", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData}},
		{"ever so much more", iana.ApplicationData, make([]byte, 1<<14),
			want{reason.UnexpectedRecord, "record", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData}},
		{"ChangeCipherSpec", iana.ChangeCipherSpec, []byte{1},
			want{reason.UnexpectedRecord, "inner_plaintext.type", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := beginEarly(t, "0123456789", nil)
			w := c.under(client, "early", 1)
			if test.typ == iana.ChangeCipherSpec {
				w.SetVersion(iana.TLS12) // whose Writer protects it
			}
			c.inject(server, put(t, w, test.typ, test.payload))
			c.refuses(server, test.want)
		})
	}

	// As much as the ticket allows is taken, whatever the server allows by now, and not a
	// byte more: the endpoint that is to send it says so, too.
	c := beginEarly(t, "", func(_, s *handshake.Config) { s.MaxEarlyData = 1 })
	data := bytes.Repeat([]byte("0123456789"), 100)
	if n, err := c.ends[client].WriteEarly(append(data, 'x')); n != len(data) || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := c.ends[client].WriteEarly([]byte("x")); n != 0 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	c.run(nil).is13()
	if got := c.got(server); !bytes.HasPrefix(got, data) {
		t.Errorf("%d bytes came", len(got))
	}

	// A fatal alert is heard; half a message is not the end of one.
	c = beginEarly(t, "", nil)
	c.inject(server, put(t, c.under(client, "early", 0), iana.Alert, []byte{2, byte(iana.InternalError)}))
	if reason.Of(c.ends[server].Err()) != reason.PeerAlert {
		t.Errorf("after an alert: %v", c.ends[server].Err())
	}
	c = beginEarly(t, "", nil)
	w := c.under(client, "early", 0)
	c.inject(server, put(t, w, iana.Handshake, endOfEarlyData[:2]), put(t, w, iana.ApplicationData, []byte("x")))
	c.refuses(server, want{reason.InterleavedMessage, "record.type", anywhere, iana.UnexpectedMessage, event.WaitEndOfEarlyData})
}

// What is accepted is not passed over: a record that does not open is the end. So is one
// under the keys of before, or of later.
func TestEarlyKeysAndOthers(t *testing.T) {
	badMAC := func(in event.State) want {
		return want{reason.BadRecordMAC, "record.fragment", anywhere, iana.BadRecordMAC, in}
	}
	junk := clearRecord(iana.ApplicationData, make([]byte, 100))
	taken := beginEarly(t, "x", nil)
	taken.inject(server, junk)
	taken.refuses(server, badMAC(event.WaitEndOfEarlyData))

	flight := func() (*connection, [][]byte) { // the client's second, but for what is to come of it
		c := beginEarly(t, "x", nil)
		c.ends[client].feed(c.ends[server].out)
		out := slices.Collect(eachRecord(c.ends[client].out))
		if len(out) != 2 {
			t.Fatalf("EndOfEarlyData and Finished are %d records", len(out))
		}
		return c, out
	}
	c, out := flight()
	c.inject(server, out[1]) // Finished without EndOfEarlyData
	c.refuses(server, badMAC(event.WaitEndOfEarlyData))
	c, out = flight()
	c.inject(server, out[0], put(t, c.under(client, "early", 2), iana.ApplicationData, []byte("too late")))
	c.refuses(server, badMAC(event.WaitFinished))
	c, out = flight()
	c.inject(server, out[0], out[0])
	c.refuses(server, badMAC(event.WaitFinished))

	// A record replayed, left out, swapped: numbers count here as anywhere.
	for name, order := range map[string][]int{"replayed": {0, 0}, "left out": {1}, "swapped": {1, 0}} {
		c := beginEarly(t, "", nil)
		w := c.under(client, "early", 0)
		records := [][]byte{put(t, w, iana.ApplicationData, []byte("pay 1")), put(t, w, iana.ApplicationData, []byte("pay 2"))}
		for _, i := range order {
			c.inject(server, slices.Clone(records[i]))
		}
		t.Log(name)
		c.refuses(server, badMAC(event.WaitEndOfEarlyData))
	}
}

// EndOfEarlyData from the wrong side, or where there was no early data.
func TestEndOfEarlyDataOutOfPlace(t *testing.T) {
	unexpected := func(in event.State) want {
		return want{reason.UnexpectedMessage, "end_of_early_data", 0, iana.UnexpectedMessage, in}
	}
	for _, setup := range []func(c, s *handshake.Config){nil, withTicket, func(c, s *handshake.Config) { withEarlyData(c, s); s.MaxEarlyData = 0 }} {
		cc, sc := pair13()
		if setup != nil {
			setup(cc, sc)
		}
		c := connect(t, cc, sc)
		c.ends[client].drive()
		c.inject(server, c.ends[client].out)
		c.ends[client].out = nil
		c.ends[client].feed(c.ends[server].out) // which gives it its handshake keys
		c.inject(server, put(t, c.under(client, "handshake", 0), iana.Handshake, endOfEarlyData))
		c.refuses(server, unexpected(event.WaitFinished))

		c = connect(t, cc, sc).run(nil).completes()
		c.inject(server, put(t, c.as(client, 0), iana.Handshake, endOfEarlyData))
		c.refuses(server, unexpected(event.Connected))
	}
	c := beginEarly(t, "x", nil)
	hello := slices.Collect(eachRecord(c.ends[server].out))
	c.ends[client].feed(hello[0])
	c.ends[client].feed(put(t, c.under(server, "handshake", 0), iana.Handshake, endOfEarlyData))
	c.refuses(client, unexpected(event.WaitEncryptedExtensions))

	cc, sc := pair13()
	c = connect(t, cc, sc).run(nil).completes()
	c.inject(client, put(t, c.as(server, 0), iana.Handshake, endOfEarlyData))
	c.refuses(client, unexpected(event.Connected))
}

// Early data that is not taken is passed over, up to a bound, and up to the first record
// that is meant; what is not early data never is.
func TestEarlyDataPassedOver(t *testing.T) {
	badMAC := func(in event.State) want {
		return want{reason.BadRecordMAC, "record.fragment", anywhere, iana.BadRecordMAC, in}
	}
	const bound = 1 << 15                                                                         // bytes of content, for tickets of up to 2^14
	junk := func(n int) []byte { return clearRecord(iana.ApplicationData, make([]byte, n+1+16)) } // type and tag
	off := func(_, s *handshake.Config) { s.MaxEarlyData = 0 }
	retried := func(_, s *handshake.Config) { s.RetryWithCookie = true }
	for _, test := range []struct {
		name   string
		change func(c, s *handshake.Config)
		in     event.State
	}{{"off", off, event.WaitFinished}, {"retried", retried, event.WaitSecondClientHello}} {
		t.Run(test.name, func(t *testing.T) {
			c := beginEarly(t, "", test.change)
			for range 2 {
				c.inject(server, junk(bound/2))
			}
			if err := c.ends[server].Err(); err != nil || c.ends[server].State() != test.in {
				t.Fatalf("in %v: %v", c.ends[server].State(), err)
			}
			c.run(nil).is13()
			if got := c.got(server); bytes.Contains(got, make([]byte, 10)) {
				t.Error("what was passed over was handed on")
			}
			if got := c.ends[client].Summary().EarlyData; got != handshake.EarlyDataRejected {
				t.Errorf("the client thinks it was %v", got)
			}

			c = beginEarly(t, "", test.change)
			c.inject(server, junk(bound/2), junk(bound/2), junk(1))
			if e := c.ends[server].Err(); e == nil {
				t.Error("there is no bound")
			}
			c = beginEarly(t, "", test.change)
			c.inject(server, junk(bound/2), junk(bound/2+1))
			c.refuses(server, badMAC(test.in))

			c = beginEarly(t, "", test.change) // however small the records
			for range 1600 {
				c.inject(server, junk(10))
			}
			if err := c.ends[server].Err(); err != nil {
				t.Errorf("small records: %v", err)
			}

			c = beginEarly(t, "", test.change) // done once a record is meant
			c.run(nil).is13()
			c.inject(server, junk(100))
			c.refuses(server, badMAC(event.Connected))
		})
	}

	// After the second ClientHello none can come.
	c := beginEarly(t, "", retried)
	c.ends[client].feed(c.ends[server].out)
	c.inject(server, c.ends[client].out, junk(100))
	c.refuses(server, badMAC(event.WaitFinished))

	// Nor where none was announced.
	cc, sc := pair13()
	c = connect(t, cc, sc)
	c.ends[client].drive()
	c.inject(server, c.ends[client].out, junk(100))
	c.refuses(server, badMAC(event.WaitFinished))

	// What opens under the handshake's keys is no early data, and has no place there.
	c = beginEarly(t, "", off)
	c.ends[client].out = nil
	c.ends[client].feed(c.ends[server].out)
	c.inject(server, put(t, c.under(client, "handshake", 0), iana.ApplicationData, []byte("x")))
	c.refuses(server, want{reason.UnexpectedRecord, "record.type", anywhere, iana.UnexpectedMessage, event.WaitFinished})
}

// A server may answer early data before it has heard the client's Finished.
func TestAnswerToEarlyData(t *testing.T) {
	c := beginEarly(t, "question", nil)
	s := c.ends[server]
	if s.State() != event.WaitEndOfEarlyData {
		t.Fatalf("in %v", s.State())
	}
	if n, err := s.Write([]byte("answer")); n != 6 || err != nil {
		t.Fatal(n, err)
	}
	c.run(nil).is13()
	if got := c.got(client); !bytes.HasPrefix(got, []byte("answer")) {
		t.Errorf("the client got %q", got)
	}
}
