package scenario

import (
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
)

// FlowPlan is a flow that is yet to be played.
type FlowPlan struct {
	Name    string       // Flow.Name
	Version iana.Version // 0 without TLS
	Kx      iana.Kx      // of TLS 1.2's suites
	Parties []string     // Flow.Parties
	// Needs is the flow that must come to its end before: where its Outcome is not Done, this
	// one is not played. "": it is played in any case.
	Needs string
}

// Plan says, without playing anything, which flows Run plays, in their order; or the
// *OptionsError that Run would return. Whoever offers switches asks it what they lead to,
// and which go together.
func Plan(o Options) ([]FlowPlan, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return o.plan(), nil
}

// Validate is Plan where the flows do not matter.
func Validate(o Options) error { return o.validate() }

// plan is Plan of options that can be played.
func (o *Options) plan() (flows []FlowPlan) {
	add := func(t terms, name, needs string, parties ...string) {
		flows = append(flows, FlowPlan{Name: name, Version: t.version, Kx: t.kx, Parties: parties, Needs: needs})
	}
	if o.Plain {
		add(terms{}, "plain", "", "client", "server")
	}
	all := o.terms()
	first := all[0]
	switch {
	case o.MITM:
		add(first, "mitm", "", "client", "mitm", "server")
	case o.Resume != NoResume:
		add(first, "full", "", "client", "server")
		add(first, "resumed", "full", "client", "server")
		switch {
		case first != in13:
			add(first, "stolen_master", "resumed", "attacker", "server")
			add(first, "captured_session", "resumed", "attacker", "server")
			return flows
		case o.Resume == ResumeEarly && !o.HelloRetry && !o.Cookie: // a second ClientHello offers none (RFC 9846 §4.2.2)
			add(first, "replayed_early_data", "resumed", "attacker", "server")
		}
		add(first, "captured_session", "resumed", "attacker", "server")
		add(first, "stolen_psk", "resumed", "attacker", "server")
	case o.PSK != nil:
		add(first, "psk", "", "client", "server")
	default:
		for _, t := range all {
			add(t, t.flow(), "", "client", "server")
		}
	}
	return flows
}

// Single narrows options to one flow, and what hangs on it: a transcript that is read from
// top to bottom has room for one. If Version and Kx do not say the version, Single takes the
// one that a switch is about; else that of the first of Suites; else TLS 1.3 if an option is
// set that is best seen there (Groups, KeyAlg, GREASE, RecordSizeLimit); else TLS 1.2. In TLS
// 1.2, if Kx is empty, it takes the key exchange of the first suite of TLS 1.2 in Suites; DHE
// if Groups are of use for DHE and not for ECDHE; else ECDHE. Options that contradict each
// other stay as they are, and Plan refuses them.
func Single(o Options) Options {
	if o.validateVersion() != nil {
		return o
	}
	if o.Version = o.version(); o.Version == 0 {
		switch {
		case len(o.Suites) > 0:
			o.Version = termsOf(o.Suites[0]).version
		case o.Groups != nil || o.GREASE || o.RecordSizeLimit != 0 || o.KeyAlg != "":
			o.Version = iana.TLS13
		default:
			o.Version = iana.TLS12
		}
	}
	if o.Version != iana.TLS12 || len(o.Kx) > 0 {
		return o
	}
	uses := func(x iana.Kx) bool {
		return slices.ContainsFunc(o.Groups, func(g kx.Group) bool { return kx.Serves(x, g) })
	}
	x := iana.KxECDHE
	if i := slices.IndexFunc(o.Suites, func(s *suite.Suite) bool { return s.Version != iana.TLS13 }); i >= 0 {
		x = o.Suites[i].Kx
	} else if o.Suites == nil && uses(iana.KxDHE) && !uses(iana.KxECDHE) {
		x = iana.KxDHE
	}
	o.Kx = []iana.Kx{x}
	return o
}
