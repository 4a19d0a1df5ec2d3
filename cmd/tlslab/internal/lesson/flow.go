package lesson

import (
	"errors"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/flags"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/scenario"
	"tlslab/pki/authority"
)

// settle finds the flow to play: --tls and --kx say which, and what else was given leads to
// it. Which that is, and what contradicts what, scenario knows; here are the flags' names.
func (r *runFlags) settle(o *scenario.Options) error {
	x, err := r.Exchange()
	if err != nil {
		return err
	}
	if o.Version, err = r.NamedVersion(); err != nil {
		return err
	}
	if x != iana.KxNone {
		o.Kx = []iana.Kx{x}
	}
	if !r.chosen() {
		return nil // the first screen's flows
	}
	one := *o
	if r.Groups != nil && o.Groups == nil { // --group "" names none, and is about groups all the same
		one.Groups = kx.All()
	}
	one = scenario.Single(one)
	o.Version, o.Kx = one.Version, one.Kx
	_, err = scenario.Plan(*o)
	if err := r.contradiction(o, x, err); err != nil {
		return err
	}
	if o.Version != iana.TLS12 {
		return nil
	}
	if o.KeyAlg == string(authority.RSAPSS) {
		return cli.Misuse("Leave out what asks for TLS 1.2, or say --key-alg rsa.", "--key-alg rsa-pss: these lessons show such a key in TLS 1.3")
	}
	if err := r.CheckGroups(o.Version, o.Kx[0], o.Groups); err != nil {
		return err
	}
	if e := (*scenario.OptionsError)(nil); errors.As(err, &e) && e.Option == "EncryptThenMAC" {
		return cli.Misuse("Name a CBC suite, such as ECDHE-RSA-AES128-SHA256, or leave --cipher out.",
			"--etm: encrypt-then-MAC means something for CBC suites only")
	}
	return nil // what else makes no lesson is said when it is played
}

// contradiction says by the flags' names which version, key exchange x of --kx, and suites
// contradict each other. It is nil if err is about something else.
func (r *runFlags) contradiction(o *scenario.Options, x iana.Kx, err error) error {
	var e *scenario.OptionsError
	if !errors.As(err, &e) {
		return nil
	}
	flag, with := r.ofVersion(e.Option), r.ofVersion(e.With)
	asks := map[string]string{"Version": "--tls " + r.TLS, "Kx": "--kx " + r.Kx}[e.With]
	switch {
	case e.Option == "Kx" && e.With == "Version":
		return flags.KxIn13()
	case e.Option == "Suites":
		return r.CheckSuites(o.Version, x, o.Suites)
	case flag != "" && asks != "" && o.Version == iana.TLS13:
		return cli.Misuse("Leave one of the two out.", "%s is about TLS 1.2, and %s asks for TLS 1.3", flag, asks)
	case flag != "" && asks != "":
		return cli.Misuse("Leave one of the two out.", "%s is about TLS 1.3, and %s asks for TLS 1.2", flag, asks)
	case flag != "" && with != "" && e.Versions:
		return cli.Misuse("Leave one of the two out.", "%s is about TLS 1.2, and %s about TLS 1.3", with, flag)
	}
	return nil
}

// ofVersion is the flag, as it was given, of an option that one version alone has; "" of others.
func (r *runFlags) ofVersion(option string) string {
	return map[string]string{
		"Compress": "--compress", "NoEMS": "--no-ems", "EncryptThenMAC": "--etm", "Resume": "--resume " + r.resume,
		"HelloRetry": "--hello-retry", "PSK": "--psk", "PSKOnly": "--psk-ke", "AllowNoDHE": "--allow-no-dhe-kex", "Padding": "--padding",
		"CertificateCompression": "--compress-cert", "NoCompatibility": "--no-compat", "KeyUpdate": "--key-update", "Cookie": "--cookie",
	}[option]
}

// resumes13 reports whether the way to resume is one of TLS 1.3's.
func (r *runFlags) resumes13() bool { return r.resume == "psk" || r.resume == "0rtt" }
