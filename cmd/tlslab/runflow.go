package main

import (
	"cmp"
	"slices"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/scenario"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// settle finds the flow to play: --tls and --kx say which, --cipher, --group and the
// switches of one version imply it, and where nothing does it is ECDHE in TLS 1.2.
func (r *runFlags) settle(o *scenario.Options) error {
	x, err := r.exchange()
	if err != nil {
		return err
	}
	v, err := r.version(r.about12(), r.about13())
	if err != nil {
		return err
	}
	if v == 0 {
		if v, err = r.implied(o); err != nil {
			return err
		}
	}
	if err := r.checkSuites(v, x, o.Suites); err != nil {
		return err
	}
	if v == iana.TLS13 {
		o.Version = v
		return nil
	}
	if o.KeyAlg == string(pki.RSAPSS) && r.chosen() {
		return misuse("Leave out what asks for TLS 1.2, or say --key-alg rsa.", "--key-alg rsa-pss: these lessons show such a key in TLS 1.3")
	}
	serves := func(x iana.Kx) func(kx.Group) bool { return func(g kx.Group) bool { return kx.Serves(x, g) } }
	switch {
	case x != iana.KxNone:
	case o.Suites != nil:
		x = o.Suites[slices.IndexFunc(o.Suites, func(s *suite.Suite) bool { return s.Version == iana.TLS12 })].Kx
	case o.Groups != nil && slices.ContainsFunc(o.Groups, serves(iana.KxDHE)) && !slices.ContainsFunc(o.Groups, serves(iana.KxECDHE)):
		x = iana.KxDHE
	case r.chosen():
		x = iana.KxECDHE
	default:
		return nil // the first screen's flows
	}
	o.Kx = []iana.Kx{x}
	if err := r.checkGroups(v, x, o.Groups); err != nil {
		return err
	}
	return r.settleETM(o, x)
}

// implied is the version that is asked for by flags about something else.
func (r *runFlags) implied(o *scenario.Options) (iana.Version, error) {
	about12, about13 := r.about12(), r.about13()
	switch {
	case about12 != "" && about13 != "":
		return 0, misuse("Leave one of the two out.", "%s is about TLS 1.2, and %s about TLS 1.3", about12, about13)
	case about12 != "":
		return iana.TLS12, nil
	case about13 != "":
		return iana.TLS13, nil
	case o.Suites != nil:
		return o.Suites[0].Version, nil
	case r.leans13():
		return iana.TLS13, nil
	}
	return iana.TLS12, nil
}

// settleETM sees to it that there is a CBC suite for --etm.
func (r *runFlags) settleETM(o *scenario.Options, x iana.Kx) error {
	if !o.EncryptThenMAC {
		return nil
	}
	cbc := func(s *suite.Suite) bool { return s.Kx == x && s.Cipher.Kind == suite.CBC && s.Auth == iana.AuthRSA }
	switch {
	case o.Suites == nil:
		i := slices.IndexFunc(suite.All(), cbc)
		o.Suites = suite.All()[i : i+1]
	case !slices.ContainsFunc(o.Suites, func(s *suite.Suite) bool { return s.Cipher.Kind == suite.CBC }):
		return misuse("Name a CBC suite, such as ECDHE-RSA-AES128-SHA256, or leave --cipher out.",
			"--etm: encrypt-then-MAC means something for CBC suites only")
	}
	return nil
}

// about13 names a flag given that is about TLS 1.3 alone, and so asks for it; "" if
// there is none.
func (r *runFlags) about13() string {
	return cmp.Or(firstSet(given{"--hello-retry", r.helloRetry}, given{"--resume " + r.resume, r.resumes13()}), r.preShared.only13(), r.whatIf.only13())
}

// about12 is the same for TLS 1.2.
func (r *runFlags) about12() string {
	return cmp.Or(r.offer.only12(), firstSet(given{"--etm", r.etm}, given{"--resume " + r.resume, r.resume != "" && !r.resumes13()}))
}

// resumes13 reports whether the way to resume is one of TLS 1.3's.
func (r *runFlags) resumes13() bool { return r.resume == "psk" || r.resume == "0rtt" }

// leans13 reports whether a flag given shows in TLS 1.3 what it is about, and does so in
// TLS 1.2 only if that is asked for.
func (r *runFlags) leans13() bool {
	return r.groups != nil || r.grease || r.recordSize != 0 || r.keyAlg != ""
}
