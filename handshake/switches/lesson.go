package switches

import (
	"errors"
	"slices"
	"strings"

	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/mitm"
	"tlslab/handshake/reason"
	"tlslab/handshake/scenario"
	"tlslab/pki/authority"
	"tlslab/pki/lesson"
)

// Lesson is the switches of a lesson as words. The zero value is the first screen: RSA, ECDHE
// and TLS 1.3. Each field has the name of its flag; a list is nil where the flag was not given.
type Lesson struct {
	TLS, Kx         string
	Group, Cipher   []string
	KeyAlg          string
	ALPN            []string
	Compress, NoEMS bool
	ETM, Grease     bool
	RecordSizeLimit int

	Cert, Staple  string
	UntrustedRoot bool
	ClientAuth    bool
	Pin           bool
	ClickThrough  bool

	MITM, TrustMITM bool
	StolenCA        bool
	Passthrough     bool
	Rewrite         string // OLD=NEW
	Plain           bool

	Resume           string
	PSK, PSKIdentity string
	PSKKe            bool
	AllowNoDHE       bool

	HelloRetry, Cookie bool
	KeyUpdate          bool
	NoCompat           bool
	Padding            int
	CompressCert       []string

	Seed string
}

// Box reports whether there is an interceptor.
func (l *Lesson) Box() bool {
	return l.MITM || l.TrustMITM || l.StolenCA || l.Passthrough || l.Rewrite != ""
}

// Chosen reports whether a switch changes the lesson itself, so that one flow is played.
func (l *Lesson) Chosen() bool {
	return l.Kx != "" || l.Cipher != nil || l.Group != nil || l.Compress || l.NoEMS || l.Box() || l.ClickThrough || l.Pin ||
		l.Resume != "" || l.ClientAuth || l.ETM || l.Plain || l.UntrustedRoot || l.Cert != "" || l.Staple != "" ||
		l.TLS != "" || l.ALPN != nil || l.HelloRetry || l.PSK != "" || l.PSKIdentity != "" || l.PSKKe || l.AllowNoDHE ||
		l.Padding != 0 || l.CompressCert != nil || l.NoCompat || l.KeyUpdate || l.Cookie ||
		l.Grease || l.RecordSizeLimit != 0 || l.KeyAlg != ""
}

// Options makes a lesson of the words. An error is an *Error; what else makes no lesson is said,
// as a *scenario.OptionsError, by whoever plays it.
func (l *Lesson) Options() (scenario.Options, error) {
	o := scenario.Options{Seed: l.Seed, ClientAuth: l.ClientAuth,
		EncryptThenMAC: l.ETM, NoEMS: l.NoEMS, Compress: l.Compress, Plain: l.Plain, UntrustedRoot: l.UntrustedRoot,
		HelloRetry: l.HelloRetry, Cookie: l.Cookie, KeyUpdate: l.KeyUpdate, NoCompatibility: l.NoCompat, GREASE: l.Grease,
		Padding: l.Padding, RecordSizeLimit: l.RecordSizeLimit}
	if err := firstError(l.box(&o), l.lists(&o), CheckSizes(l.Padding, l.RecordSizeLimit)); err != nil {
		return o, err
	}
	var err error
	if o.CertificateCompression, err = Compressions(l.CompressCert); err != nil {
		return o, err
	}
	if o.Groups, err = Groups("--group", l.Group); err != nil {
		return o, err
	}
	if o.Suites, err = Suites(l.Cipher); err != nil {
		return o, err
	}
	return o, l.settle(&o)
}

// box takes over the switches of an interceptor, and of what a client sets against one.
func (l *Lesson) box(o *scenario.Options) error {
	o.MITM, o.TrustMITM, o.StolenCA, o.Passthrough, o.ClickThrough, o.Pin = l.Box(), l.TrustMITM, l.StolenCA, l.Passthrough, l.ClickThrough, l.Pin
	if l.Rewrite == "" {
		return nil
	}
	rewrite, err := mitm.ParseRewrite(l.Rewrite)
	switch {
	case err != nil:
		return Misuse("mitm-rewrite", "Say for instance --mitm-rewrite hello=howdy.", "--mitm-rewrite %s: it is OLD=NEW, and OLD is not empty", l.Rewrite)
	case l.Passthrough:
		return Misuse("mitm-rewrite mitm-passthrough", "Leave one of the two out.", "--mitm-rewrite and --mitm-passthrough: an interceptor that forwards the bytes as they are can change no plaintext")
	}
	o.Rewrite = rewrite
	return nil
}

// lists takes over the switches whose values are words out of a list.
func (l *Lesson) lists(o *scenario.Options) error {
	switch {
	case l.Cert == ClientCertMissing:
		o.ClientAuth, o.NoClientCert = true, true
	case l.Cert == "" || slices.Contains(CertKinds(), l.Cert):
		o.Cert = lesson.Kind(l.Cert)
	default:
		return Misuse("cert", reason.Usagef("There are %v.", reason.Names(CertKinds())), "--cert %s: no such kind of certificate", l.Cert)
	}
	if l.Resume != "" && !slices.Contains(Resumptions(), l.Resume) {
		return Misuse("resume", reason.Usagef("There are %v.", reason.Names(Resumptions())), "--resume %s: no such way", l.Resume)
	}
	o.Resume = scenario.Resume(l.Resume)
	for _, p := range l.ALPN {
		if !slices.Contains(scenario.Protocols(), p) {
			return Misuse("alpn", "In client and server any name goes, and what is spoken there is up to you.", "--alpn %s: the lesson can speak %s", foreign.Quote(p), reason.Both(scenario.Protocols()))
		}
	}
	o.ALPN = l.ALPN
	var err error
	if o.PSK, err = PSK(l.PSK, l.PSKIdentity); err != nil {
		return err
	}
	mode, err := PSKMode(l.PSKKe, l.AllowNoDHE)
	if err != nil {
		return err
	}
	if o.PSKOnly, o.AllowNoDHE = l.PSKKe, l.AllowNoDHE; mode != "" && o.PSK == nil && l.Resume != "psk" && l.Resume != "0rtt" {
		return Misuse(mode, "Add --psk, --resume psk or --resume 0rtt.", "--%s: there is no pre-shared key to use", mode)
	}
	if l.KeyAlg != "" {
		var ok bool
		if o.KeyAlg, ok = KeyAlg(l.KeyAlg); !ok {
			return Misuse("key-alg", reason.Usagef("There are %v.", reason.Names(KeyNames())), "--key-alg %s: no such kind of key", l.KeyAlg)
		}
	}
	if l.Cert == string(lesson.SHA1) && slices.Contains([]string{"ed25519", "ed448", "rsa-pss"}, o.KeyAlg) {
		return Misuse("key-alg cert", "Say --key-alg rsa, p256, p384 or p521.", "--cert sha1: no key of the kind %s signs with SHA-1 here", l.KeyAlg)
	}
	if o.MITM && l.KeyUpdate {
		return Misuse("key-update mitm", "Leave one of the two out.", "--key-update and --mitm are two lessons")
	}
	if l.Staple != "" && !slices.Contains(StapleKinds(), l.Staple) {
		return Misuse("staple", reason.Usagef("There are %v.", reason.Names(StapleKinds())), "--staple %s: no such response", l.Staple)
	}
	o.Staple = l.Staple
	return nil
}

// settle finds the flow to play: TLS and Kx say which, and what else was given leads to it.
// Which that is, and what contradicts what, scenario knows; here are the flags' names.
func (l *Lesson) settle(o *scenario.Options) error {
	x, err := Exchange(l.Kx)
	if err != nil {
		return err
	}
	if o.Version, err = Version(l.TLS); err != nil {
		return err
	}
	if x != iana.KxNone {
		o.Kx = []iana.Kx{x}
	}
	if !l.Chosen() {
		return nil // the first screen's flows
	}
	one := *o
	if l.Group != nil && o.Groups == nil { // --group "" names none, and is about groups all the same
		one.Groups = kx.All()
	}
	one = scenario.Single(one)
	o.Version, o.Kx = one.Version, one.Kx
	_, err = scenario.Plan(*o)
	if err := l.contradiction(o, x, err); err != nil {
		return err
	}
	if o.Version != iana.TLS12 {
		return nil
	}
	if o.KeyAlg == string(authority.RSAPSS) {
		return Misuse("key-alg", "Leave out what asks for TLS 1.2, or say --key-alg rsa.", "--key-alg rsa-pss: these lessons show such a key in TLS 1.3")
	}
	if err := CheckGroups(o.Version, o.Kx[0], l.Group, o.Groups); err != nil {
		return err
	}
	if e := (*scenario.OptionsError)(nil); errors.As(err, &e) && e.Option == "EncryptThenMAC" {
		return Misuse("etm cipher", "Name a CBC suite, such as ECDHE-RSA-AES128-SHA256, or leave --cipher out.",
			"--etm: encrypt-then-MAC means something for CBC suites only")
	}
	return nil // what else makes no lesson is said when it is played
}

// contradiction says by the flags' names which version, key exchange x of --kx, and suites
// contradict each other. It is nil if err is about something else.
func (l *Lesson) contradiction(o *scenario.Options, x iana.Kx, err error) error {
	var e *scenario.OptionsError
	if !errors.As(err, &e) {
		return nil
	}
	flag, with := l.ofVersion(e.Option), l.ofVersion(e.With)
	asks := map[string]words{"Version": {"tls", l.TLS}, "Kx": {"kx", l.Kx}}[e.With]
	switch {
	case e.Option == "Kx" && e.With == "Version":
		return ExchangeIn13()
	case e.Option == "Suites":
		return CheckSuites(o.Version, x, l.Kx, l.Cipher, o.Suites)
	case flag.name != "" && asks.name != "" && o.Version == iana.TLS13:
		return Misuse(flag.name+" "+asks.name, "Leave one of the two out.", "%v is about TLS 1.2, and %v asks for TLS 1.3", flag, asks)
	case flag.name != "" && asks.name != "":
		return Misuse(flag.name+" "+asks.name, "Leave one of the two out.", "%v is about TLS 1.3, and %v asks for TLS 1.2", flag, asks)
	case flag.name != "" && with.name != "" && e.Versions:
		return Misuse(flag.name+" "+with.name, "Leave one of the two out.", "%v is about TLS 1.2, and %v about TLS 1.3", with, flag)
	}
	return nil
}

// words is a switch as it was given.
type words struct{ name, value string }

// String is the switch on a command line.
func (w words) String() string {
	if w.value == "" {
		return "--" + w.name
	}
	return "--" + w.name + " " + w.value
}

// ofVersion is the switch, as it was given, of an option that one version alone has; the zero
// value of others.
func (l *Lesson) ofVersion(option string) words {
	name := map[string]string{
		"Compress": "compress", "NoEMS": "no-ems", "EncryptThenMAC": "etm", "Resume": "resume",
		"HelloRetry": "hello-retry", "PSK": "psk", "PSKOnly": "psk-ke", "AllowNoDHE": "allow-no-dhe-kex", "Padding": "padding",
		"CertificateCompression": "compress-cert", "NoCompatibility": "no-compat", "KeyUpdate": "key-update", "Cookie": "cookie",
	}[option]
	if name == "resume" {
		return words{name, l.Resume}
	}
	return words{name: name}
}

// Of names the switches of l that scenario's refusal is about: for each of its options those that
// set it, all of which have to go together.
func Of(e *scenario.OptionsError, l *Lesson) (options [][]string) {
	for _, option := range []string{e.Option, e.With} {
		var names []string
		for _, name := range strings.Fields(ofOption[option]) {
			if s, ok := ByName(name); ok && s.Value(l) != "" {
				names = append(names, name)
			}
		}
		if len(names) > 0 {
			options = append(options, names)
		}
	}
	return options
}

// ofOption says which switches set a field of scenario.Options.
var ofOption = map[string]string{
	"Version": "tls", "Kx": "kx", "Suites": "cipher", "Groups": "group", "ALPN": "alpn", "KeyAlg": "key-alg", "Cert": "cert", "Staple": "staple",
	"UntrustedRoot": "untrusted-root", "ClientAuth": "client-auth", "NoClientCert": "cert", "EncryptThenMAC": "etm", "NoEMS": "no-ems", "Compress": "compress",
	"HelloRetry": "hello-retry", "Cookie": "cookie", "KeyUpdate": "key-update", "NoCompatibility": "no-compat", "GREASE": "grease", "Padding": "padding",
	"RecordSizeLimit": "record-size-limit", "CertificateCompression": "compress-cert", "Plain": "plain", "Resume": "resume", "PSK": "psk psk-identity",
	"PSKOnly": "psk-ke", "AllowNoDHE": "allow-no-dhe-kex", "MITM": "mitm trust-mitm mitm-stolen-ca mitm-passthrough mitm-rewrite", "TrustMITM": "trust-mitm",
	"StolenCA": "mitm-stolen-ca", "Passthrough": "mitm-passthrough", "Rewrite": "mitm-rewrite", "ClickThrough": "click-through", "Pin": "pin",
}
