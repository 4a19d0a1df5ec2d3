package scenario

import (
	"bytes"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
)

// compare tells what resuming saved, and what it did not carry over. A Quiet
// lesson has no events to count secrets from.
func (p *play) compare(full, resumed *Flow) {
	scene := &FullVsResumed{Full: full.cost(), Resumed: resumed.cost(), Version: iana.TLS12, Counted: !p.o.Quiet}
	same := func(from event.SecretLabel) bool { return bytes.Equal(full.Secret(from), resumed.Secret(from)) }
	switch {
	case !scene.Counted:
	case p.o.Resume.tls13():
		scene.Version = iana.TLS13
		scene.SameSecret = bytes.Equal(full.Secret(event.LabelResumptionPSK), resumed.mixedIn(event.LabelEarlySecret))
		scene.SameKeys = same(event.LabelMainSecret)
	default:
		scene.SameSecret, scene.SameKeys = same(event.LabelMasterSecret), same(event.LabelKeyBlock)
	}
	p.Scene("", scene)
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

// cost counts what a handshake took from its events.
func (f *Flow) cost() (c Spent) {
	for _, e := range f.Events {
		switch e := e.(type) {
		case *event.Message:
			if e.Dir == event.Send {
				c.Messages++
			}
		case *event.Record:
			if e.Dir == event.Send && (e.Type == iana.Handshake || e.Type == iana.ChangeCipherSpec) {
				c.Bytes += len(e.Wire)
			}
		}
	}
	c.RoundTrips = f.waits()
	n := f.count(time.Time{})
	c.Asymmetric, c.Signatures, c.ScalarMults = n.Asymmetric(), n.Signed+n.Verified, n.ScalarMults
	return c
}

// waits counts the server's turns before the client can send application data, or does.
// Early data that the server has passed over does not count.
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
