package main

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
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
	f.StringVar(&o.tls, "tls", "", "exactly this version: 1.2")
	f.StringVar(&o.kx, "kx", "", "key exchange: rsa, dhe or ecdhe")
	f.StringSliceVar(&o.groups, "group", nil, "groups, most preferred first: X25519,P-256,… (also --groups)")
	f.StringSliceVar(&o.ciphers, "cipher", nil, "cipher suites, by IANA's or OpenSSL's names; naming a NULL suite allows it")
	f.BoolVar(&o.compress, "compress", false, "allow DEFLATE, which leaks what it compresses (CRIME)")
	f.BoolVar(&o.noEMS, "no-ems", false, "no extended master secret: the textbook's formula of three randoms")
	f.StringVar(&o.keyLog, "keylogfile", "", "append the secrets, in NSS key log format, to this `file`")
	complete(cmd, "tls", func() []string { return []string{"1.2"} })
	complete(cmd, "kx", kxNames)
	complete(cmd, "group", groupNames)
	complete(cmd, "cipher", suiteNames)
}

// checkVersion refuses the versions that are not there.
func (o *offer) checkVersion() error {
	switch o.tls {
	case "", "1.2":
		return nil
	case "1.3":
		return misuse("Leave --tls out, or say --tls 1.2.", "TLS 1.3 comes with a later release; this one speaks TLS 1.2")
	}
	return misuse("Say --tls 1.2, or leave it out.", "--tls %s: there is no such version here", o.tls)
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
func (o *offer) namedGroups() ([]kx.Group, error) {
	var out []kx.Group
	for _, list := range o.groups {
		for _, name := range strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ' ' }) {
			g, err := kx.ByName(name)
			if err != nil {
				return nil, misuse("There are "+strings.Join(groupNames(), ", ")+".", "--group %s: no group is called that", name)
			}
			if !kx.Serves(iana.KxECDHE, g) && !kx.Serves(iana.KxDHE, g) {
				return nil, misuse("TLS 1.2 has "+strings.Join(groupNames(), ", ")+".", "--group %s: that group is TLS 1.3's alone", name)
			}
			out = append(out, g)
		}
	}
	return out, nil
}

// checkGroups refuses groups of which x uses none.
func (o *offer) checkGroups(x iana.Kx, groups []kx.Group) error {
	if groups != nil && !slices.ContainsFunc(groups, func(g kx.Group) bool { return kx.Serves(x, g) }) {
		return misuse("RSA key transport uses none; DHE uses ffdhe groups, ECDHE all others.",
			"--group %s: %v key exchange uses none of these", strings.Join(o.groups, ","), x)
	}
	return nil
}

// apply sets what a live end offers. Without flags that is all that is built, except
// NULL and DEFLATE.
func (o *offer) apply(cfg *handshake.Config) error {
	if err := o.checkVersion(); err != nil {
		return err
	}
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
		if cfg.Suites != nil && !slices.ContainsFunc(cfg.Suites, func(s *suite.Suite) bool { return s.Kx == x }) {
			return misuse("Name a suite of that key exchange, or leave one of the two flags out.",
				"--cipher %s has nothing with --kx %s", strings.Join(o.ciphers, ","), o.kx)
		}
		if err := o.checkGroups(x, cfg.Groups); err != nil {
			return err
		}
	}
	cfg.Weak.NULL = slices.ContainsFunc(cfg.Suites, func(s *suite.Suite) bool { return s.Weak })
	cfg.Weak.Compression = o.compress
	cfg.Weak.NoExtendedMasterSecret = o.noEMS
	return nil
}

// openKeyLog opens --keylogfile. The secrets in it open the recordings: others must
// not read it. It is nil, and so is the writer, if the flag was not given.
func (o *offer) openKeyLog() (io.Writer, func() error, error) {
	if o.keyLog == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.OpenFile(o.keyLog, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	return f, f.Close, nil
}

// identity is a certificate of this end, from files.
type identity struct{ cert, key string }

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
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(certs[0].PublicKey) {
		return nil, failure("The first certificate of --cert must be the one made for --key.",
			"%s is not the key of %s", keyFile, i.cert)
	}
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

func groupNames() []string {
	var out []string
	for _, g := range kx.Defaults12() {
		out = append(out, g.Name())
	}
	return out
}

func suiteNames() []string {
	var out []string
	for _, s := range suite.All() {
		out = append(out, s.String())
	}
	return out
}
