package handshake_test

import (
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
)

// askedAgain is, by who is asked, the message by which a peer wants another handshake.
func askedAgain(t *testing.T) map[event.Role][]byte {
	return map[event.Role][]byte{client: marshalled(t, &message.HelloRequest{}), server: body(recordedAs(t, "ecdhe").to(server)[0])}
}

// Renegotiation (CVE-2009-3555): a second handshake inside the first, so that an
// attacker's first words are taken for the victim's. This engine does none: it says
// so with a warning, goes on, and after a few attempts has had enough.
func TestRenegotiation(t *testing.T) {
	for victim, ask := range askedAgain(t) {
		cc, sc := pairFor(ecdheECDSA)
		c := connect(t, cc, sc).run(nil).completes()
		w := c.as(other(victim), 1)
		for i := range 4 {
			c.inject(victim, put(t, w, iana.Handshake, ask))
			warnings := all[*event.Alert](c.heard[victim])
			if e := c.ends[victim]; !e.Done() || len(warnings) != i+1 || len(e.out) == 0 {
				t.Fatalf("attempt %d: the %v is in %v (%v) and has sent %d alerts", i+1, victim, e.State(), e.Err(), len(warnings))
			}
			if a := warnings[i]; a.Level != iana.Warning || a.Description != iana.NoRenegotiation || reason.Of(a.Err) != reason.RenegotiationRefused {
				t.Errorf("the %v answers %v %v, %v", victim, a.Level, a.Description, a.Err)
			}
		}
		c.inject(victim, put(t, w, iana.Handshake, ask))
		c.refuses(victim, want{reason.WarningFlood, "renegotiation", -1, iana.UnexpectedMessage, event.Connected})
	}
}

// Application data may come between the pieces of a message by which a peer of TLS 1.2 asks for
// another handshake: "data of different TLS record layer content types MAY be interleaved" (RFC
// 5246 §6.2.1). It is read, and the message is answered once it is whole.
func TestDataAmidRenegotiation(t *testing.T) {
	for victim, ask := range askedAgain(t) {
		cc, sc := pairFor(ecdheECDSA)
		c := connect(t, cc, sc).run(nil).completes()
		w := c.as(other(victim), 1)
		c.inject(victim, put(t, w, iana.Handshake, ask[:2]), put(t, w, iana.ApplicationData, []byte("hello ")),
			put(t, w, iana.Handshake, ask[2:]), put(t, w, iana.ApplicationData, []byte("again")))
		var read []byte
		for _, d := range all[*event.Data](c.heard[victim]) {
			read = append(read, d.Data...)
		}
		if string(read) != "hello again" {
			t.Errorf("the %v reads %q: %v", victim, read, c.ends[victim].Err())
		}
		alerts := all[*event.Alert](c.heard[victim])
		if len(alerts) != 1 || alerts[0].Description != iana.NoRenegotiation {
			t.Errorf("the %v answers with %d alerts", victim, len(alerts))
		}
		c.inject(victim, put(t, w, iana.Handshake, ask[:2]), put(t, w, iana.ChangeCipherSpec, []byte{1}))
		c.refuses(victim, want{reason.KeyChangeMidMessage, "record.type", -1, iana.UnexpectedMessage, event.Connected})
	}
}
