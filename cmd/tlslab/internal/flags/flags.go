package flags

import (
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/suite"
	"tlslab/pki"
	"tlslab/pki/authority"
)

// The flags of this file mean the same in every verb that has them.

// Offer is what an end offers or takes.
type Offer struct {
	TLS, Kx, KeyLog string
	Groups, Ciphers []string
	Compress, NoEMS bool
}

// Flags adds the flags.
func (o *Offer) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.TLS, "tls", "", "exactly this version: 1.2 or 1.3 (default: both)")
	f.StringVar(&o.Kx, "kx", "", "key exchange of TLS 1.2, and so that version: rsa, dhe or ecdhe")
	f.StringSliceVar(&o.Groups, "group", nil, "groups, most preferred first: X25519MLKEM768,X25519,P-256,… (also --groups)")
	f.StringSliceVar(&o.Ciphers, "cipher", nil, "cipher suites of both versions, by IANA's or OpenSSL's names;\nnaming one that encrypts nothing allows it")
	f.BoolVar(&o.Compress, "compress", false, "allow DEFLATE, which leaks what it compresses (CRIME; TLS 1.2)")
	f.BoolVar(&o.NoEMS, "no-ems", false, "no extended master secret: the textbook's formula of three randoms (TLS 1.2)")
	f.StringVar(&o.KeyLog, "keylogfile", "", "append the secrets, in NSS key log format, to this `file` (mode 0600)")
	cli.Complete(cmd, "tls", func() []string { return []string{"1.2", "1.3"} })
	cli.Complete(cmd, "kx", kxNames)
	cli.Complete(cmd, "group", func() []string { return append(GroupNames(), UnlistedNames()...) })
	cli.Complete(cmd, "cipher", suiteNames)
}

// version is the one that --tls or --kx asks for, 0 if neither was given. only12 names
// another given flag that only TLS 1.2 has, only13 one that only TLS 1.3 has; "" is no
// flag.
func (o *Offer) version(only12, only13 string) (iana.Version, error) {
	v, err := o.NamedVersion()
	if err != nil {
		return 0, err
	}
	by := "--tls " + o.TLS
	if o.Kx != "" {
		if v == iana.TLS13 {
			return 0, KxIn13()
		}
		v, by = iana.TLS12, "--kx "+o.Kx
	}
	switch {
	case v == iana.TLS12 && only13 != "":
		return 0, cli.Misuse("Leave one of the two out.", "%s is about TLS 1.3, and %s asks for TLS 1.2", only13, by)
	case v == iana.TLS13 && only12 != "":
		return 0, cli.Misuse("Leave one of the two out.", "%s is about TLS 1.2, and %s asks for TLS 1.3", only12, by)
	}
	return v, nil
}

// NamedVersion is the version that --tls names; 0 if it was not given.
func (o *Offer) NamedVersion() (iana.Version, error) {
	v := map[string]iana.Version{"1.2": iana.TLS12, "1.3": iana.TLS13}[o.TLS]
	if v == 0 && o.TLS != "" {
		return 0, cli.Misuse("Say --tls 1.2 or --tls 1.3, or leave it out for both.", "--tls %s: there is no such version here", o.TLS)
	}
	return v, nil
}

// KxIn13 is the refusal of --kx where TLS 1.3 is asked for.
func KxIn13() error {
	return cli.Misuse("Leave --kx out: in TLS 1.3 it is --group that says how keys are agreed.",
		"--kx is about TLS 1.2, where a suite names its key exchange; TLS 1.3's do not")
}

// only12 names a given flag that has no meaning after TLS 1.2; "" if no such flag was
// given.
func (o *Offer) only12() string {
	return FirstSet(Given("--compress", o.Compress), Given("--no-ems", o.NoEMS))
}

// Exchange is what --kx names; KxNone if it was not given.
func (o *Offer) Exchange() (iana.Kx, error) {
	switch strings.ToLower(o.Kx) {
	case "":
		return iana.KxNone, nil
	case "rsa":
		return iana.KxRSA, nil
	case "dhe":
		return iana.KxDHE, nil
	case "ecdhe":
		return iana.KxECDHE, nil
	}
	return 0, cli.Misuse("There are "+strings.Join(kxNames(), ", ")+".", "--kx %s: no such key exchange", o.Kx)
}

// Suites are those that --cipher names; nil if it was not given.
func (o *Offer) Suites() ([]*suite.Suite, error) {
	var out []*suite.Suite
	for _, list := range o.Ciphers {
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' }) {
			s, err := suite.ByName(name)
			var unknown *suite.UnknownError
			if errors.As(err, &unknown) {
				return nil, cli.Misuse("Near it: "+strings.Join(unknown.Near, ", ")+". All are listed by: tlslab list suites",
					"--cipher %s: %s", name, notBuilt(unknown))
			}
			out = append(out, s)
		}
	}
	return out, nil
}

func notBuilt(u *suite.UnknownError) string {
	if u.Registered {
		return "a registered cipher suite, but not one that tlslab has"
	}
	return "no cipher suite is called that"
}

// NamedGroups are those that --group names; nil if it was not given.
func (o *Offer) NamedGroups() ([]kx.Group, error) { return GroupsOf("--group", o.Groups) }

// CheckGroups refuses groups if v, or x if it is not KxNone, uses no group of them.
func (o *Offer) CheckGroups(v iana.Version, x iana.Kx, groups []kx.Group) error {
	if groups == nil || v != iana.TLS12 {
		return nil
	}
	serves := func(g kx.Group) bool { return kx.Serves(x, g) }
	if x == iana.KxNone {
		serves = func(g kx.Group) bool { return kx.Serves(iana.KxECDHE, g) || kx.Serves(iana.KxDHE, g) }
	}
	switch {
	case slices.ContainsFunc(groups, serves):
		return nil
	case x == iana.KxNone || x == iana.KxECDHE && !slices.ContainsFunc(groups, func(g kx.Group) bool { return kx.Serves(iana.KxDHE, g) }):
		return cli.Misuse("TLS 1.2 has curves and finite fields: "+strings.Join(names12(), ", ")+".",
			"--group %s: KEMs and hybrids are TLS 1.3's alone", strings.Join(o.Groups, ","))
	}
	return cli.Misuse("RSA key transport uses none; DHE uses ffdhe groups, ECDHE the curves.",
		"--group %s: %v key exchange uses none of these", strings.Join(o.Groups, ","), x)
}

// CheckSuites refuses suites if v, or x if it is not KxNone, uses no suite of them.
func (o *Offer) CheckSuites(v iana.Version, x iana.Kx, suites []*suite.Suite) error {
	named := strings.Join(o.Ciphers, ",")
	switch {
	case suites == nil || v == 0:
		return nil
	case !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Version == v }):
		return cli.Misuse("Name a suite of that version (tlslab list suites), or leave one of the two flags out.",
			"--cipher %s has nothing for %v", named, v)
	case x != iana.KxNone && !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Kx == x }):
		return cli.Misuse("Name a suite of that key exchange, or leave one of the two flags out.",
			"--cipher %s has nothing with --kx %s", named, o.Kx)
	}
	return nil
}

// Apply sets what a live end offers. Without flags that is all that is built, except what
// encrypts nothing and DEFLATE. only13 names another given flag that only TLS 1.3 has.
func (o *Offer) Apply(cfg *handshake.Config, only13 string) error {
	v, err := o.version(o.only12(), only13)
	if err != nil {
		return err
	}
	cfg.MinVersion, cfg.MaxVersion = v, v
	x, err := o.Exchange()
	if err != nil {
		return err
	}
	if cfg.Suites, err = o.Suites(); err != nil {
		return err
	}
	if cfg.Groups, err = o.NamedGroups(); err != nil {
		return err
	}
	if x != iana.KxNone {
		cfg.Exchanges = slices.DeleteFunc(kx.Exchanges(), func(e kx.Exchange) bool { return e.Kx() != x })
	}
	if err := cli.FirstError(o.CheckSuites(v, x, cfg.Suites), o.CheckGroups(v, x, cfg.Groups)); err != nil {
		return err
	}
	cfg.Weak.NULL = slices.ContainsFunc(cfg.Suites, func(s *suite.Suite) bool { return s.Weak })
	cfg.Weak.Compression = o.Compress
	cfg.Weak.NoExtendedMasterSecret = o.NoEMS
	return nil
}

// Identity is a certificate of this end, from files.
type Identity struct {
	Cert, Key string
	Chain     []*x509.Certificate // what --cert holds, once it is loaded
}

// Flags adds --cert and --key.
func (i *Identity) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.Cert, "cert", "", "our certificate chain, PEM `file`, leaf first")
	f.StringVar(&i.Key, "key", "", "its private key, PEM `file` (default: the --cert file)")
}

// Load reads the chain and its key; nothing if --cert was not given.
func (i *Identity) Load() ([]handshake.Certificate, error) {
	if i.Cert == "" {
		if i.Key != "" {
			return nil, cli.Misuse("Add --cert with the chain that the key belongs to.", "--key without --cert")
		}
		return nil, nil
	}
	certs, err := authority.ReadCerts(i.Cert)
	if err != nil {
		return nil, err
	}
	keyFile := i.Key
	if keyFile == "" {
		keyFile = i.Cert
	}
	key, err := authority.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(pki.PublicKey(certs[0])) {
		return nil, cli.Failure("The first certificate of --cert must be the one made for --key.",
			"%s is not the key of %s", keyFile, i.Cert)
	}
	i.Chain = certs
	return []handshake.Certificate{{Chain: rawChain(certs), Key: key, Leaf: certs[0]}}, nil
}

func rawChain(certs []*x509.Certificate) [][]byte {
	out := make([][]byte, len(certs))
	for i, c := range certs {
		out[i] = c.Raw
	}
	return out
}

// RootsFrom reads the trust anchors of --CAfile.
func RootsFrom(file string) (*pki.TrustStore, error) {
	certs, err := authority.ReadCerts(file)
	if err != nil {
		return nil, err
	}
	return pki.NewTrustStore(certs...), nil
}

func kxNames() []string { return []string{"rsa", "dhe", "ecdhe"} }

func suiteNames() []string {
	var out []string
	for _, s := range suite.All() {
		out = append(out, s.String())
	}
	return out
}
