package trust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/reason"
	"tlslab/handshake/switches"
	"tlslab/pki/authority"
)

// caFlags are what the verbs under ca have in common.
type caFlags struct {
	cli.View
	dir, kind  string
	days       int
	client     bool
	mustStaple bool
	force      bool
	quiet      bool
	pem        bool // the file to show is PEM, and it was not said yet
}

// NewCA is the verb ca.
func NewCA() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "A small certification authority in a directory",
		Long: `A certification authority: a key, a certificate, and the right to sign others. It
issues certificates; it is not one. Keys are written with mode 0600, and no certificate is
replaced without --force. A key and its certificate are written both or neither; those
that they replace are kept beside them, their names ending in .old, .old2, ….`,
		Example: `  tlslab ca init ca                            a root in the directory ca
  tlslab ca init inter --parent ca             an intermediate that ca signs
  tlslab ca issue www.lab.test --cadir inter   www.lab.test.pem and www.lab.test-key.pem
  tlslab ca issue alice --client --cadir ca    for a client
  tlslab ca sign request.csr --cadir ca        for somebody else's key
  tlslab ca ocsp www.lab.test.pem --cadir inter  whether it is revoked, signed
  tlslab ca show www.lab.test.pem              what a file holds`,
		Args: cli.NoVerb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCAInit(), newCAIssue(), newCASign(), newCAOCSP(), newCAShow())
	return cmd
}

func newCAInit() *cobra.Command {
	c := new(caFlags)
	var parent, name string
	cmd := &cobra.Command{
		Use:     "init DIR",
		Short:   "Make a root, or with --parent an intermediate",
		Example: "  tlslab ca init ca\n  tlslab ca init inter --parent ca --kind rsa2048 --name 'Lab Intermediate'",
		Args:    cli.Exactly(1, "the directory of the new CA: tlslab ca init DIR"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.init(cmd, args[0], parent, name) },
	}
	c.LangFlag(cmd)
	c.kindFlag(cmd, authority.P256)
	f := cmd.Flags()
	f.StringVar(&parent, "parent", "", "the `directory` of the CA that signs this one")
	f.StringVar(&name, "name", "", "common name (default: by the directory's name)")
	f.IntVar(&c.days, "days", 0, "valid for so many days (default: 10 years for a root, 5 below)")
	f.BoolVar(&c.force, "force", false, "replace a CA that is there already; what it issued does not verify under the new one")
	f.BoolVar(&c.quiet, "quiet", false, "say nothing, unless something was replaced or will not hold")
	return cmd
}

func (c *caFlags) kindFlag(cmd *cobra.Command, normal authority.KeyKind) {
	cmd.Flags().StringVar(&c.kind, "kind", string(normal), "kind of key: "+strings.Join(switches.KeyKinds(), ", "))
	cli.Complete(cmd, "kind", switches.KeyKinds)
}

// keyKind checks --kind.
func (c *caFlags) keyKind() (authority.KeyKind, error) {
	if !slices.Contains(switches.KeyKinds(), c.kind) {
		return "", cli.Misuse(reason.Usagef("There are %v.", reason.Names(switches.KeyKinds())), "--kind %s: no such kind of key", c.kind)
	}
	return authority.KeyKind(c.kind), nil
}

// maxDays is some 290 years: as long as what counts time here can count.
const maxDays = int(math.MaxInt64 / (24 * time.Hour))

// checkDays refuses a certificate that would end before it is of use, or whose end cannot be
// counted. Without --days, days are the verb's usual ones.
func (c *caFlags) checkDays(cmd *cobra.Command) error {
	switch {
	case !cmd.Flags().Changed("days"):
		return nil
	case c.days < 1:
		return cli.Misuse("Give at least 1. Bad certificates are made by: tlslab run --cert expired", "--days %d: such a certificate would be of no use at any time", c.days)
	case c.days > maxDays:
		return cli.Misuse(reason.Usagef("Give at most %d.", maxDays), "--days %d: that is more than can be counted here", c.days)
	}
	return nil
}

// checkName refuses a common name that a certificate cannot carry.
func checkName(flag, name string) error {
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return cli.Misuse("", "%s %q: this is not UTF-8", flag, name)
	case n > authority.MaxCommonName:
		return cli.Misuse("Give a shorter one with --name.", "%s %q has %d characters; a common name has at most %d (RFC 5280, ub-common-name)", flag, name, n, authority.MaxCommonName)
	}
	return nil
}

// sayOutlives says of a certificate that those above it, issuer first, end before it does: a
// chain is good only while all of it is (RFC 5280 §6.1.3).
func (c *caFlags) sayOutlives(cmd *cobra.Command, cert *x509.Certificate, above *authority.CA) {
	var ends *x509.Certificate
	for ; above != nil; above = above.Parent {
		if ends == nil || above.Cert.NotAfter.Before(ends.NotAfter) {
			ends = above.Cert
		}
	}
	if ends == nil || !cert.NotAfter.After(ends.NotAfter) || time.Now().After(ends.NotAfter) { // the last is WarnExpired's to say
		return
	}
	c.say(cmd, "ca_outlived", "until", cert.NotAfter.UTC().Format(time.DateOnly), "name", ends.Subject.CommonName, "end", ends.NotAfter.UTC().Format(time.DateOnly))
}

// dnsName is what a certificate can carry as one, with the underscore of many a lab.
var dnsName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*)(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*$`)
})

func (c *caFlags) validity() time.Duration { return time.Duration(c.days) * 24 * time.Hour }

func (c *caFlags) init(cmd *cobra.Command, dir, parent, name string) error {
	if err := c.CheckLang(); err != nil {
		return err
	}
	kind, err := c.keyKind()
	if err != nil {
		return err
	}
	if err := c.checkDays(cmd); err != nil {
		return err
	}
	flag := "--name"
	if name == "" {
		flag = "the CA's name, by its directory,"
		abs, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		name = "tlslab " + filepath.Base(abs)
	}
	if err := checkName(flag, name); err != nil {
		return err
	}
	o := authority.Options{CommonName: name, KeyKind: kind, Validity: c.validity()}
	var a *authority.CA
	if parent == "" {
		a, err = authority.NewRoot(o)
	} else {
		var above *authority.CA
		if above, err = LoadAuthority(parent); err == nil {
			a, err = above.NewIntermediate(o)
		}
	}
	if err != nil {
		return err
	}
	certFile, keyFile := filepath.Join(dir, authority.CertFile), filepath.Join(dir, authority.KeyFile)
	was := pairThere(certFile, keyFile)
	aside, err := authority.Save(dir, a, authority.FileOptions{Overwrite: c.force})
	if err != nil {
		return kept(c.intact(err, was, certFile, keyFile), reason.Usagef("the CA in %s", dir), "Choose another directory, or say --force: what the old CA issued does not verify under the new one.")
	}
	c.sayMade(cmd, a, dir, certFile, keyFile)
	asideIs := func(of string) bool {
		return slices.ContainsFunc(aside, func(name string) bool { return strings.HasPrefix(name, of) })
	}
	switch {
	case asideIs(certFile):
		c.say(cmd, "ca_replaced", "dir", dir)
	case asideIs(keyFile):
		c.say(cmd, "ca_unfinished", "dir", dir)
	}
	c.sayAside(cmd, aside)
	c.sayOutlives(cmd, a.Cert, a.Parent)
	return nil
}

// sayMade says what there is now, unless it is not to be said.
func (c *caFlags) sayMade(cmd *cobra.Command, a *authority.CA, dir, certFile, keyFile string) {
	if c.quiet {
		return
	}
	c.say(cmd, "ca_made", "name", a.Cert.Subject.CommonName, "dir", dir)
	c.say(cmd, "wrote_key", "file", keyFile)
	c.say(cmd, "wrote", "file", certFile)
	if a.Parent == nil {
		c.say(cmd, "ca_install", "file", certFile)
	} else {
		c.say(cmd, "wrote", "file", filepath.Join(dir, authority.IssuersFile))
	}
}

func (c *caFlags) say(cmd *cobra.Command, key string, pairs ...string) {
	fmt.Fprintln(cmd.ErrOrStderr(), cli.Say(c.Lang, key, pairs...))
}

// sayAside says where the files are that were replaced.
func (c *caFlags) sayAside(cmd *cobra.Command, aside []string) {
	for _, file := range aside {
		c.say(cmd, "kept_aside", "file", file)
	}
}

// pairThere returns the certificate of a pair that is whole; nil if there is no such pair.
func pairThere(certFile, keyFile string) *x509.Certificate {
	certs, _, err := authority.LoadPair(certFile, keyFile)
	if err != nil {
		return nil
	}
	return certs[0]
}

// intact returns err, the error of writing a pair in the place of was; was is nil if there
// was no pair before. If the pair of was is still there, the error says so.
func (c *caFlags) intact(err error, was *x509.Certificate, certFile, keyFile string) error {
	if was == nil || errors.Is(err, os.ErrExist) || !was.Equal(pairThere(certFile, keyFile)) {
		return err
	}
	remedy := cli.Say(c.Lang, "pair_intact", "file", certFile)
	return cli.Failure(remedy, "%w", err)
}
