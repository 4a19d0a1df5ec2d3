package main

import (
	"crypto"
	"crypto/x509"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/suite"
	"tlslab/pki"
)

// The flags of this file mean the same in every verb that has them.

// offer is what an end offers or takes.
type offer struct {
	tls, kx, keyLog string
	groups, ciphers []string
	compress, noEMS bool
}

func (o *offer) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.tls, "tls", "", "exactly this version: 1.2 or 1.3 (default: both)")
	f.StringVar(&o.kx, "kx", "", "key exchange of TLS 1.2, and so that version: rsa, dhe or ecdhe")
	f.StringSliceVar(&o.groups, "group", nil, "groups, most preferred first: X25519MLKEM768,X25519,P-256,… (also --groups)")
	f.StringSliceVar(&o.ciphers, "cipher", nil, "cipher suites of both versions, by IANA's or OpenSSL's names;\nnaming one that encrypts nothing allows it")
	f.BoolVar(&o.compress, "compress", false, "allow DEFLATE, which leaks what it compresses (CRIME; TLS 1.2)")
	f.BoolVar(&o.noEMS, "no-ems", false, "no extended master secret: the textbook's formula of three randoms (TLS 1.2)")
	f.StringVar(&o.keyLog, "keylogfile", "", "append the secrets, in NSS key log format, to this `file` (mode 0600)")
	complete(cmd, "tls", func() []string { return []string{"1.2", "1.3"} })
	complete(cmd, "kx", kxNames)
	complete(cmd, "group", func() []string { return append(groupNames(), unlistedNames()...) })
	complete(cmd, "cipher", suiteNames)
}

// version is the one that --tls or --kx asks for, 0 if neither was given. only12 and
// only13 name another flag given that one version alone has, "" for none.
func (o *offer) version(only12, only13 string) (iana.Version, error) {
	v, err := o.named()
	if err != nil {
		return 0, err
	}
	by := "--tls " + o.tls
	if o.kx != "" {
		if v == iana.TLS13 {
			return 0, kxIn13()
		}
		v, by = iana.TLS12, "--kx "+o.kx
	}
	switch {
	case v == iana.TLS12 && only13 != "":
		return 0, misuse("Leave one of the two out.", "%s is about TLS 1.3, and %s asks for TLS 1.2", only13, by)
	case v == iana.TLS13 && only12 != "":
		return 0, misuse("Leave one of the two out.", "%s is about TLS 1.2, and %s asks for TLS 1.3", only12, by)
	}
	return v, nil
}

// named is the version that --tls names; 0 if it was not given.
func (o *offer) named() (iana.Version, error) {
	v := map[string]iana.Version{"1.2": iana.TLS12, "1.3": iana.TLS13}[o.tls]
	if v == 0 && o.tls != "" {
		return 0, misuse("Say --tls 1.2 or --tls 1.3, or leave it out for both.", "--tls %s: there is no such version here", o.tls)
	}
	return v, nil
}

func kxIn13() error {
	return misuse("Leave --kx out: in TLS 1.3 it is --group that says how keys are agreed.",
		"--kx is about TLS 1.2, where a suite names its key exchange; TLS 1.3's do not")
}

// only12 names a flag given that has no meaning after TLS 1.2; "" if there is none.
func (o *offer) only12() string {
	return firstSet(given("--compress", o.compress), given("--no-ems", o.noEMS))
}

// exchange is what --kx names; KxNone if it was not given.
func (o *offer) exchange() (iana.Kx, error) {
	switch strings.ToLower(o.kx) {
	case "":
		return iana.KxNone, nil
	case "rsa":
		return iana.KxRSA, nil
	case "dhe":
		return iana.KxDHE, nil
	case "ecdhe":
		return iana.KxECDHE, nil
	}
	return 0, misuse("There are "+strings.Join(kxNames(), ", ")+".", "--kx %s: no such key exchange", o.kx)
}

// suites are those that --cipher names; nil if it was not given.
func (o *offer) suites() ([]*suite.Suite, error) {
	var out []*suite.Suite
	for _, list := range o.ciphers {
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' }) {
			s, err := suite.ByName(name)
			var unknown *suite.UnknownError
			if errors.As(err, &unknown) {
				return nil, misuse("Near it: "+strings.Join(unknown.Near, ", ")+". All are listed by: tlslab list suites",
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

// namedGroups are those that --group names; nil if it was not given.
func (o *offer) namedGroups() ([]kx.Group, error) { return groupsOf("--group", o.groups) }

// groupsOf finds the groups that a flag's values name, each once.
func groupsOf(flag string, values []string) ([]kx.Group, error) {
	var out []kx.Group
	for _, list := range values {
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' }) {
			g, err := private.ByName(name)
			if err != nil {
				return nil, misuse("There are "+strings.Join(groupNames(), ", ")+"; more are in: tlslab groups --help",
					"%s %s: no group is called that", flag, name)
			}
			if !slices.Contains(out, g) {
				out = append(out, g)
			}
		}
	}
	return out, nil
}

// checkGroups refuses groups of which v, or x if it is not KxNone, uses none.
func (o *offer) checkGroups(v iana.Version, x iana.Kx, groups []kx.Group) error {
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
		return misuse("TLS 1.2 has curves and finite fields: "+strings.Join(names12(), ", ")+".",
			"--group %s: KEMs and hybrids are TLS 1.3's alone", strings.Join(o.groups, ","))
	}
	return misuse("RSA key transport uses none; DHE uses ffdhe groups, ECDHE the curves.",
		"--group %s: %v key exchange uses none of these", strings.Join(o.groups, ","), x)
}

// checkSuites refuses suites of which v, or x if it is not KxNone, uses none.
func (o *offer) checkSuites(v iana.Version, x iana.Kx, suites []*suite.Suite) error {
	named := strings.Join(o.ciphers, ",")
	switch {
	case suites == nil || v == 0:
		return nil
	case !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Version == v }):
		return misuse("Name a suite of that version (tlslab list suites), or leave one of the two flags out.",
			"--cipher %s has nothing for %v", named, v)
	case x != iana.KxNone && !slices.ContainsFunc(suites, func(s *suite.Suite) bool { return s.Kx == x }):
		return misuse("Name a suite of that key exchange, or leave one of the two flags out.",
			"--cipher %s has nothing with --kx %s", named, o.kx)
	}
	return nil
}

// apply sets what a live end offers. Without flags that is all that is built, except
// what encrypts nothing and DEFLATE. only13 names another flag given that is TLS 1.3's.
func (o *offer) apply(cfg *handshake.Config, only13 string) error {
	v, err := o.version(o.only12(), only13)
	if err != nil {
		return err
	}
	cfg.MinVersion, cfg.MaxVersion = v, v
	x, err := o.exchange()
	if err != nil {
		return err
	}
	if cfg.Suites, err = o.suites(); err != nil {
		return err
	}
	if cfg.Groups, err = o.namedGroups(); err != nil {
		return err
	}
	if x != iana.KxNone {
		cfg.Exchanges = slices.DeleteFunc(kx.Exchanges(), func(e kx.Exchange) bool { return e.Kx() != x })
	}
	if err := firstError(o.checkSuites(v, x, cfg.Suites), o.checkGroups(v, x, cfg.Groups)); err != nil {
		return err
	}
	cfg.Weak.NULL = slices.ContainsFunc(cfg.Suites, func(s *suite.Suite) bool { return s.Weak })
	cfg.Weak.Compression = o.compress
	cfg.Weak.NoExtendedMasterSecret = o.noEMS
	return nil
}

// identity is a certificate of this end, from files.
type identity struct {
	cert, key string
	chain     []*x509.Certificate // what --cert holds, once it is loaded
}

func (i *identity) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.cert, "cert", "", "our certificate chain, PEM `file`, leaf first")
	f.StringVar(&i.key, "key", "", "its private key, PEM `file` (default: the --cert file)")
}

// load reads the chain and its key; nothing if --cert was not given.
func (i *identity) load() ([]handshake.Certificate, error) {
	if i.cert == "" {
		if i.key != "" {
			return nil, misuse("Add --cert with the chain that the key belongs to.", "--key without --cert")
		}
		return nil, nil
	}
	certs, err := pki.ReadCerts(i.cert)
	if err != nil {
		return nil, err
	}
	keyFile := i.key
	if keyFile == "" {
		keyFile = i.cert
	}
	key, err := pki.ReadKey(keyFile)
	if err != nil {
		return nil, err
	}
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(pki.PublicKey(certs[0])) {
		return nil, failure("The first certificate of --cert must be the one made for --key.",
			"%s is not the key of %s", keyFile, i.cert)
	}
	i.chain = certs
	return []handshake.Certificate{{Chain: rawChain(certs), Key: key, Leaf: certs[0]}}, nil
}

func rawChain(certs []*x509.Certificate) [][]byte {
	out := make([][]byte, len(certs))
	for i, c := range certs {
		out[i] = c.Raw
	}
	return out
}

// rootsFrom reads the trust anchors of --CAfile.
func rootsFrom(file string) (*pki.TrustStore, error) {
	certs, err := pki.ReadCerts(file)
	if err != nil {
		return nil, err
	}
	return pki.NewTrustStore(certs...), nil
}

// complete offers values for a flag in the shell.
func complete(cmd *cobra.Command, flag string, values func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag's name is written a few lines above each call
	}
}

func kxNames() []string { return []string{"rsa", "dhe", "ecdhe"} }

func groupNames() []string { return namesOfGroups(listedGroups()) }

func names12() []string { return namesOfGroups(kx.Defaults12()) }

func suiteNames() []string {
	var out []string
	for _, s := range suite.All() {
		out = append(out, s.String())
	}
	return out
}
