package scenario

import (
	"bytes"

	"tlslab/handshake"
	"tlslab/handshake/iana"
)

// cost is what a handshake took, counted from its events.
type cost struct {
	messages   int // ChangeCipherSpec among them
	bytes      int // on the wire, record headers included
	asymmetric int // public-key steps at both ends; each signature of a chain counts
	roundTrips int // that the client waits before its request can leave
}

// compare tells what resuming saved, and what it did not carry over. A Quiet
// lesson has no events to count secrets from.
func (p *play) compare(full, resumed *Flow) {
	f, r := full.cost(), resumed.cost()
	values := []handshake.SceneValue{
		value("full_messages", f.messages), value("resumed_messages", r.messages),
		value("full_bytes", f.bytes), value("resumed_bytes", r.bytes),
		value("full_round_trips", f.roundTrips), value("resumed_round_trips", r.roundTrips),
	}
	if !p.o.Quiet {
		values = append(values,
			value("full_asymmetric", f.asymmetric), value("resumed_asymmetric", r.asymmetric),
			value("same_master_secret", bytes.Equal(full.Secret("master_secret"), resumed.Secret("master_secret"))),
			value("same_key_block", bytes.Equal(full.Secret("key_block"), resumed.Secret("key_block"))))
	}
	p.scene("", "full_vs_resumed", values...)
}

func (f *Flow) cost() (c cost) {
	for _, e := range f.Events {
		switch e := e.(type) {
		case *handshake.MessageEvent:
			if e.Dir == handshake.Send {
				c.messages++
			}
		case *handshake.RecordEvent:
			if e.Dir == handshake.Send && (e.Type == iana.Handshake || e.Type == iana.ChangeCipherSpec) {
				c.bytes += len(e.Wire)
			}
		case *handshake.SecretEvent:
			if e.Op == handshake.OpAsymmetric {
				c.asymmetric++
			}
		case *handshake.CheckEvent:
			switch {
			case e.Report != nil:
				c.asymmetric += e.Report.SignatureChecks
			case e.Op == handshake.OpAsymmetric:
				c.asymmetric++
			}
		}
	}
	c.roundTrips = f.waits()
	return c
}

// waits counts the server's turns before the client's first application data.
func (f *Flow) waits() (n int) {
	last := ""
	for _, r := range all[*handshake.RecordEvent](f.Events) {
		switch {
		case r.Dir != handshake.Send:
		case r.Party == "client" && r.Type == iana.ApplicationData:
			return n
		case r.Party != last:
			if last = r.Party; last == "server" {
				n++
			}
		}
	}
	return n
}
