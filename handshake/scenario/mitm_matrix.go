package scenario

import (
	"context"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/reason"
)

// MITMVerdict is what one combination of an interceptor's switches came to, in one version.
type MITMVerdict struct {
	Version iana.Version
	TrustMITM, ClickThrough, StolenCA, Passthrough,
	Pin, ClientAuth bool

	Page      bool          // the client got its page
	Read      bool          // the box had the request in clear
	Delivered bool          // the server received the request
	Refused   string        // the party that refused; "" if none
	Reason    reason.Reason // why; "" if nobody did
}

// Came reports whether two combinations came to the same.
func (v MITMVerdict) Came(to MITMVerdict) bool {
	return v.Page == to.Page && v.Read == to.Read && v.Delivered == to.Delivered && v.Refused == to.Refused && v.Reason == to.Reason
}

// MITMMatrix plays every combination of the switches, in TLS 1.2 and in TLS 1.3, and
// returns what each came to. Nothing in it is known beforehand.
func MITMMatrix(ctx context.Context, seed string) ([]MITMVerdict, error) {
	var out []MITMVerdict
	for _, version := range []iana.Version{iana.TLS12, iana.TLS13} {
		for n := range 1 << 6 {
			on := func(bit int) bool { return n>>bit&1 == 1 }
			// With P-256 keys: 128 lessons with RSA take four times as long, and come to the same.
			o := Options{Seed: seed, Version: version, MITM: true, Quiet: true, KeyAlg: "ecdsa", TrustMITM: on(0), ClickThrough: on(1), StolenCA: on(2),
				Passthrough: on(3), Pin: on(4), ClientAuth: on(5)}
			t, err := Run(ctx, o, nil)
			if err != nil {
				return nil, err
			}
			out = append(out, mitmVerdict(&o, t.Flows[0]))
		}
	}
	return out, nil
}

// mitmVerdict looks at what happened.
func mitmVerdict(o *Options, f *Flow) MITMVerdict {
	v := MITMVerdict{Version: o.Version, TrustMITM: o.TrustMITM, ClickThrough: o.ClickThrough, StolenCA: o.StolenCA, Passthrough: o.Passthrough,
		Pin: o.Pin, ClientAuth: o.ClientAuth, Page: f.Outcome.Done, Refused: f.Outcome.Refused}
	if f.Outcome.Err != nil {
		v.Reason = reason.Of(f.Outcome.Err)
	}
	if s := SceneOf[*WhoKnows](f); s != nil { // what the box's keys open of the recording
		v.Read = s.Of("mitm").ReadsData
	}
	var got []byte
	for _, d := range all[*event.Data](f.Events) {
		if d.Party == "server" && d.Dir == event.Receive {
			got = append(got, d.Data...)
		}
	}
	v.Delivered = string(got) == o.request()
	return v
}
