package scenario

import (
	"slices"
	"strings"
	"unicode"

	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/pki/lesson"
)

// OptionsError says which options make no lesson, and what to do.
type OptionsError struct {
	Option string       // the field of Options, "Resume"
	With   string       // the field that it contradicts; "" if it is wrong by itself, or lacks another
	Why    string       // what is wrong, and what would be right
	Said   reason.Usage // Why, for other languages
	// Versions: the two ask for different versions of TLS.
	Versions bool
}

// Error names the option, then says why.
func (e *OptionsError) Error() string { return "option " + e.Option + ": " + e.Why }

func refuse(option, format string, args ...any) error {
	return contradict(option, "", format, args...)
}

// twoVersions is contradict of options that ask for different versions.
func twoVersions(option, with, format string, args ...any) error {
	e := contradiction(option, with, reason.Usagef(format, args...))
	e.Versions = true
	return e
}

// setOf is a if it is set, else b.
func setOf(a string, set bool, b string) string {
	if set {
		return a
	}
	return b
}

func contradict(option, with, format string, args ...any) error {
	return contradiction(option, with, reason.Usagef(format, args...))
}

func contradiction(option, with string, said reason.Usage) *OptionsError {
	return &OptionsError{Option: option, With: with, Why: said.String(), Said: said}
}

// validate finds the options that cannot be played.
func (o *Options) validate() error {
	if err := firstOf(o.validatePlaces(), o.validateWords()); err != nil {
		return err
	}
	if err := o.validateVersion(); err != nil {
		return err
	}
	if err := o.validateSuites(); err != nil {
		return err
	}
	for _, t := range o.terms() {
		if t != in13 && !slices.ContainsFunc(o.exchanges(), func(e kx.Exchange) bool { return e.Kx() == t.kx }) {
			return refuse("Exchanges", "nothing there can do key exchange %v; add yours", t.kx)
		}
		for _, s := range o.suites(t) {
			if s.Auth == iana.AuthRSA && !o.rsaKey() || s.Auth == iana.AuthECDSA && o.rsaKey() || s.Kx == iana.KxRSA && o.keyAlg() != "rsa" {
				return contradict("KeyAlg", setOf("Suites", o.Suites != nil, "Kx"), "%v needs a certificate with an %v key, not %s; choose another suite or key", s, s.Auth, o.keyAlg())
			}
		}
	}
	if err := firstOf(o.validateGroups(), o.validateSizes(), o.validateALPN()); err != nil {
		return err
	}
	switch {
	case o.Resume != NoResume && o.MITM:
		return contradict("Resume", "MITM", "resumption and an interceptor are two lessons; choose one")
	case o.PSK != nil && (o.MITM || o.Resume != NoResume):
		return contradict("PSK", setOf("MITM", o.MITM, "Resume"), "a key given by other means is a lesson of its own, without resumption and without an interceptor")
	case o.PSK != nil && (len(o.PSK.Identity) == 0 || len(o.PSK.Key) == 0):
		return refuse("PSK", "it needs a name and a key, of a byte each at least")
	case o.PSKOnly && o.AllowNoDHE:
		return contradict("AllowNoDHE", "PSKOnly", "PSKOnly takes the key exchange away that this would allow; set one of the two")
	case o.AllowNoDHE && o.PSK == nil && !o.Resume.tls13():
		return refuse("AllowNoDHE", "there is no pre-shared key to use; set Resume or PSK")
	case o.PSKOnly && o.PSK == nil && !o.Resume.tls13():
		return refuse("PSKOnly", "there is no pre-shared key to use; set Resume or PSK")
	case o.Resume != NoResume && len(o.terms()) > 1:
		return refuse("Resume", "one flow is enough to resume from; set Version, or name one key exchange in Kx")
	case o.MITM && len(o.terms()) > 1:
		return refuse("MITM", "one flow goes through the interceptor; set Version, or name one key exchange in Kx")
	case o.KeyUpdate && o.MITM:
		return contradict("KeyUpdate", "MITM", "the interceptor carries data, and no KeyUpdate; leave one of the two out")
	case o.NoClientCert && !o.ClientAuth:
		return refuse("NoClientCert", "nobody asks the client for a certificate; set ClientAuth too")
	}
	if err := o.validateMITM(); err != nil {
		return err
	}
	if o.Cert == lesson.Revoked && o.Staple == "good" {
		return contradict("Staple", "Cert", "a revoked certificate with a good status is one that nobody knows to be revoked; leave one of the two out")
	}
	return nil
}

// validateMITM finds switches of an interceptor in a lesson without one, or with one that
// does not read.
func (o *Options) validateMITM() error {
	for _, s := range []struct {
		option string
		set    bool
	}{{"TrustMITM", o.TrustMITM}, {"StolenCA", o.StolenCA}, {"Passthrough", o.Passthrough}, {"Rewrite", o.Rewrite != mitm.Rewrite{}}} {
		if s.set && !o.MITM {
			return refuse(s.option, "there is no interceptor; set MITM too")
		}
	}
	switch {
	case o.Rewrite.New != "" && o.Rewrite.Old == "":
		return refuse("Rewrite", "say what shall be replaced; it may not be empty")
	case o.Rewrite.Old != "" && o.Passthrough:
		return contradict("Rewrite", "Passthrough", "an interceptor that forwards the bytes as they are can change no plaintext; leave out Passthrough")
	case o.StolenCA && o.UntrustedRoot:
		return contradict("StolenCA", "UntrustedRoot", "the client trusts no CA that could be stolen; leave out UntrustedRoot")
	case (o.ClickThrough || o.Pin) && (o.Resume != NoResume || o.PSK != nil):
		return contradict(setOf("ClickThrough", o.ClickThrough, "Pin"), setOf("Resume", o.Resume != NoResume, "PSK"), "ClickThrough and Pin are about a certificate, and a resumed handshake shows none; leave out Resume and PSK")
	}
	return nil
}

// firstOf is the first of errs that is not nil.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// validatePlaces finds places of lists in which there is nothing to play with, as a student leaves them.
func (o *Options) validatePlaces() error {
	switch {
	case slices.Contains(o.Groups, nil):
		return refuse("Groups", "one of them is nil")
	case slices.Contains(o.Exchanges, nil):
		return refuse("Exchanges", "one of them is nil")
	case slices.Contains(o.Suites, nil):
		return refuse("Suites", "one of them is nil")
	case slices.ContainsFunc(o.Suites, func(s *suite.Suite) bool { return s.Cipher == nil || !s.Hash.Available() }):
		return refuse("Suites", "one of them lacks its Cipher or Hash")
	case strings.ContainsFunc(o.Server, func(r rune) bool { return r > unicode.MaxASCII }):
		return refuse("Server", "%q is not in ASCII; idn.ToASCII writes it so", o.Server)
	}
	return nil
}

// validateGroups refuses a group under a number that the registry, or RFC 8701, has given
// to another: its name would be the other's in half of what is said of it. It refuses groups
// of which a flow of TLS 1.2 can use none, too.
func (o *Options) validateGroups() error {
	for _, g := range o.Groups {
		id := g.ID()
		if known, ok := iana.GroupByName(id.String()); (ok && known == id || iana.IsGREASE(uint16(id))) && id.String() != g.Name() {
			return refuse("Groups", "%s has the number 0x%04x, which is registered as %v; take one from 0x%04x (iana.GroupPrivate) to 0x%04x", g.Name(), uint16(id), id, uint16(iana.GroupPrivate), uint16(iana.GroupPrivateLast))
		}
	}
	for _, t := range o.terms() {
		needs := t.kx == iana.KxECDHE || t.kx == iana.KxDHE
		if o.Groups != nil && needs && !slices.ContainsFunc(o.Groups, func(g kx.Group) bool { return kx.Serves(t.kx, g) }) {
			return contradict("Groups", setOf("Kx", len(o.Kx) > 0, "Version"), "none of them is for %v; add one that is, or ask for another Version", t)
		}
	}
	return nil
}

// validateVersion finds a version that is not one of ours, and what does not go with the
// version.
func (o *Options) validateVersion() error {
	asked, by := o.Version, "Version"
	if len(o.Kx) > 0 {
		asked, by = iana.TLS12, "Kx"
	}
	only12, only13 := o.only12(), o.only13()
	switch {
	case o.Version != 0 && o.Version != iana.TLS12 && o.Version != iana.TLS13:
		return refuse("Version", "there is no lesson in %v; there are TLS 1.2 and TLS 1.3", o.Version)
	case slices.Contains(o.Kx, iana.KxNone):
		return refuse("Kx", "it is for key exchanges that a suite of TLS 1.2 names; for TLS 1.3 set Version")
	case o.Version == iana.TLS13 && len(o.Kx) > 0:
		return contradict("Kx", "Version", "TLS 1.3's suites name no key exchange; leave it out, and choose Groups")
	case only13 != "" && asked == iana.TLS12:
		return twoVersions(only13, by, "it is a switch of TLS 1.3; leave Kx out, and ask for no other Version")
	case only12 != "" && asked == iana.TLS13:
		return twoVersions(only12, by, "TLS 1.3 has no such thing; ask for no other Version than TLS 1.2")
	case only12 != "" && only13 != "":
		return twoVersions(only13, only12, "it is a switch of TLS 1.3, and %s is one of TLS 1.2; leave one of the two out", only12)
	}
	return nil
}

// validateSuites finds flows without a suite, and switches without one that they are about.
func (o *Options) validateSuites() error {
	has := func(is func(*suite.Suite) bool) bool { return slices.ContainsFunc(o.Suites, is) }
	all := o.terms()
	for _, t := range all {
		if len(o.suites(t)) == 0 && has(func(s *suite.Suite) bool { return termsOf(s).version == t.version }) {
			return contradict("Suites", "Kx", "none of them is for %v; add one that is, or ask for something else in Kx", t)
		}
		if len(o.suites(t)) == 0 {
			return contradict("Suites", "Version", "none of them is for %v; add one that is, or ask for another Version", t)
		}
	}
	switch {
	case len(all) == 0:
		return contradict("Suites", "Version", "none of them is for the version that is asked for; add one that is, or ask for another")
	case o.EncryptThenMAC && o.Suites != nil && !has(func(s *suite.Suite) bool { return s.Cipher.Kind == suite.CBC }):
		return contradict("EncryptThenMAC", "Suites", "encrypt-then-MAC means something for CBC suites only; name one, or leave Suites out")
	}
	return nil
}

// validateSizes finds numbers that no record can have.
func (o *Options) validateSizes() error {
	if o.Padding < 0 || o.Padding > 1<<14 {
		return refuse("Padding", "%d is no number of zeros that a record can have; 0 to 16384 is", o.Padding)
	}
	if l := o.RecordSizeLimit; l != 0 && (l < 64 || l > 1<<14+1) {
		return refuse("RecordSizeLimit", "%d is no limit; 64 to 16385 is", l)
	}
	return nil
}

// validateWords checks the options that are words out of a list.
func (o *Options) validateWords() error {
	if o.Cert != "" && !slices.Contains(lesson.Kinds(), o.Cert) {
		return refuse("Cert", "no kind of certificate is called %q; there are %v", o.Cert, lesson.Kinds())
	}
	for _, w := range []struct {
		option, word string
		known        []string
	}{
		{"KeyAlg", o.KeyAlg, lesson.KeyAlgs()},
		{"Staple", o.Staple, []string{"none", "good", "revoked", "stale", "unknown"}},
		{"Resume", string(o.Resume), []string{string(ResumeByID), string(ResumeByTicket), string(ResumePSK), string(ResumeEarly)}},
	} {
		if w.word != "" && !slices.Contains(w.known, w.word) {
			return refuse(w.option, "%q is none of %s", w.word, reason.Names(w.known))
		}
	}
	return nil
}
