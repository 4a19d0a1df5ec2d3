package flags

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/reason"
	"tlslab/handshake/suite"
	"tlslab/handshake/switches"
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
	cli.Complete(cmd, "tls", switches.VersionNames)
	cli.Complete(cmd, "kx", switches.ExchangeNames)
	cli.Complete(cmd, "group", func() []string { return append(switches.GroupNames(), switches.UnlistedNames()...) })
	cli.Complete(cmd, "cipher", switches.SuiteNames)
}

// version is the one that --tls or --kx asks for, 0 if neither was given. only12 names
// another given flag that only TLS 1.2 has, only13 one that only TLS 1.3 has; "" is no
// flag.
func (o *Offer) version(only12, only13 string) (iana.Version, error) {
	v, err := switches.Version(o.TLS)
	if err != nil {
		return 0, err
	}
	by := "--tls " + o.TLS
	if o.Kx != "" {
		if v == iana.TLS13 {
			return 0, switches.ExchangeIn13()
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

// only12 names a given flag that has no meaning after TLS 1.2; "" if no such flag was
// given.
func (o *Offer) only12() string {
	return FirstSet(Given("--compress", o.Compress), Given("--no-ems", o.NoEMS))
}

// Apply sets what a live end offers. Without flags that is all that is built, except what
// encrypts nothing and DEFLATE. only13 names another given flag that only TLS 1.3 has.
func (o *Offer) Apply(cfg *handshake.Config, only13 string) error {
	v, err := o.version(o.only12(), only13)
	if err != nil {
		return err
	}
	cfg.MinVersion, cfg.MaxVersion = v, v
	x, err := switches.Exchange(o.Kx)
	if err != nil {
		return err
	}
	if cfg.Suites, err = switches.Suites(o.Ciphers); err != nil {
		return err
	}
	if cfg.Groups, err = switches.Groups("--group", o.Groups); err != nil {
		return err
	}
	if x != iana.KxNone {
		cfg.Exchanges = slices.DeleteFunc(kx.Exchanges(), func(e kx.Exchange) bool { return e.Kx() != x })
	}
	if err := cli.FirstError(switches.CheckSuites(v, x, o.Kx, o.Ciphers, cfg.Suites), switches.CheckGroups(v, x, o.Groups, cfg.Groups)); err != nil {
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

	CertFlag, KeyFlag string // where they are called otherwise than --cert and --key
	OneFile           bool   // there is no flag for the key: chain and key are in one file
}

// names are the flags, as they are typed.
func (i *Identity) names() (cert, key string) {
	return cmp.Or(i.CertFlag, "--cert"), cmp.Or(i.KeyFlag, "--key")
}

// Flags adds --cert and --key.
func (i *Identity) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.Cert, "cert", "", "our certificate chain, a `file` in PEM or DER, leaf first; of a bundle (PKCS #7) the leaf is the one that fits the key")
	f.StringVar(&i.Key, "key", "", "its private key, a `file` in PEM or DER (default: the --cert file)")
}

// Load reads the chain and its key; nothing if --cert was not given.
func (i *Identity) Load() ([]handshake.Certificate, error) {
	certFlag, keyFlag := i.names()
	if i.Cert == "" {
		if i.Key != "" {
			return nil, cli.Misuse(reason.Usagef("Add %s with the chain that the key belongs to.", certFlag), "%s without %s", keyFlag, certFlag)
		}
		return nil, nil
	}
	keyFile := i.Key
	if keyFile == "" {
		keyFile = i.Cert
	}
	chain, key, err := authority.ReadChainAndKey(i.Cert, keyFile)
	if err != nil {
		return nil, i.noKey(keyFile, err)
	}
	certs := chain.Certs
	if pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !pub.Equal(pki.PublicKey(certs[0])) {
		if keyFile == i.Cert {
			return nil, cli.Unusable("The first certificate in it must be the one made for the key in it.", "%s %s: the private key in it is another certificate's", certFlag, i.Cert)
		}
		return nil, cli.Unusable(reason.Usagef("The first certificate of %s must be the one made for %s.", certFlag, keyFlag), "%s is not the key of %s", keyFile, i.Cert)
	}
	i.Chain = certs
	return []handshake.Certificate{{Chain: rawChain(certs), Key: key, Leaf: certs[0]}}, nil
}

// noKey is err, or what it comes from: a key that was not named, or a certificate in its place.
func (i *Identity) noKey(keyFile string, err error) error {
	var p *pki.PEMError
	if !errors.As(err, &p) || p.Fault != pki.PEMNothing || p.Label != "PRIVATE KEY" {
		return err
	}
	certFlag, keyFlag := i.names()
	remedy := reason.Usagef("Name the file of its private key: %s FILE", keyFlag)
	switch _, cerr := authority.ReadCerts(keyFile); {
	case i.OneFile:
		return cli.Unusable("Put the private key behind the chain, into the same file.", "%s %s: there is no private key in that file", certFlag, i.Cert)
	case i.Key == "":
		return cli.Misuse(remedy, "%s %s: there is no private key in that file, and %s is missing", certFlag, i.Cert, keyFlag)
	case cerr == nil:
		return cli.Misuse(remedy, "%s %s: that is a certificate, and no private key", keyFlag, keyFile)
	}
	return err
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
