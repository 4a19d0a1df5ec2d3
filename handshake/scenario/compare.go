package scenario

import (
	"bytes"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// cost is what a handshake took, counted from its events.
type cost struct {
	messages   int // ChangeCipherSpec among them
	bytes      int // on the wire, record headers included
	roundTrips int // that the client waits before its request can leave
}

// compare tells what resuming saved, and what it did not carry over. A Quiet
// lesson has no events to count secrets from.
func (p *play) compare(full, resumed *Flow) {
	f, r := full.cost(), resumed.cost()
	values := []event.Value{
		value("full_messages", f.messages), value("resumed_messages", r.messages),
		value("full_bytes", f.bytes), value("resumed_bytes", r.bytes),
		value("full_round_trips", f.roundTrips), value("resumed_round_trips", r.roundTrips),
	}
	if !p.o.Quiet {
		c, d := full.count(time.Time{}), resumed.count(time.Time{})
		values = append(values,
			value("full_asymmetric", c.asymmetric()), value("resumed_asymmetric", d.asymmetric()),
			value("full_signatures", c.Signed+c.Verified), value("resumed_signatures", d.Signed+d.Verified),
			value("full_scalar_mults", c.ScalarMults), value("resumed_scalar_mults", d.ScalarMults))
		if p.o.Resume.tls13() {
			values = append(values,
				value("same_psk", bytes.Equal(full.Secret(event.LabelResumptionPSK), resumed.mixedIn(event.LabelEarlySecret))),
				value("same_main_secret", bytes.Equal(full.Secret(event.LabelMainSecret), resumed.Secret(event.LabelMainSecret))))
		} else {
			values = append(values,
				value("same_master_secret", bytes.Equal(full.Secret(event.LabelMasterSecret), resumed.Secret(event.LabelMasterSecret))),
				value("same_key_block", bytes.Equal(full.Secret(event.LabelKeyBlock), resumed.Secret(event.LabelKeyBlock))))
		}
	}
	p.scene("", "full_vs_resumed", values...)
}

// mixedIn is what was extracted into the flow's first secret so labelled, or nil.
func (f *Flow) mixedIn(label event.SecretLabel) []byte {
	for _, s := range all[*event.Secret](f.Events) {
		for _, v := range s.Inputs {
			if s.Label == label && v.Name == "ikm" {
				return v.Bytes
			}
		}
	}
	return nil
}

func (f *Flow) cost() (c cost) {
	for _, e := range f.Events {
		switch e := e.(type) {
		case *event.Message:
			if e.Dir == event.Send {
				c.messages++
			}
		case *event.Record:
			if e.Dir == event.Send && (e.Type == iana.Handshake || e.Type == iana.ChangeCipherSpec) {
				c.bytes += len(e.Wire)
			}
		}
	}
	c.roundTrips = f.waits()
	return c
}

// waits counts the server's turns before the client can send application data, or does.
// Early data that the server has passed over is none.
func (f *Flow) waits() (n int) {
	last := ""
	passedOver := f.earlyData() == "rejected"
	for _, e := range f.Events {
		switch e := e.(type) {
		case *event.Message:
			if e.Party == "client" && e.To == event.Connected {
				return n
			}
		case *event.Record:
			if e.Dir != event.Send {
				continue
			}
			if e.Party == "client" && e.Type == iana.ApplicationData && !passedOver {
				return n
			}
			if e.Party != last {
				if last = e.Party; last == "server" {
					n++
				}
			}
		}
	}
	return n
}
