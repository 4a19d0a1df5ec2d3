package trust

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/event"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/pki/authority"
)

func newCAIssue() *cobra.Command {
	c := new(caFlags)
	var prefix string
	cmd := &cobra.Command{
		Use:   "issue NAME…",
		Short: "Make a key and a certificate for these names",
		Long: `Play both parts: the server makes a key and a request (CSR); the CA checks that the
request was signed by the key it names, fills in the to-be-signed part, hashes and signs
it, and returns the chain. Names are DNS names, in any script, or IP addresses.`,
		Example: "  tlslab ca issue www.lab.test 192.0.2.1 --cadir ca\n  tlslab ca issue alice --client --cadir ca --kind ed25519",
		Args:    cli.AtLeast(1, "a name: tlslab ca issue www.lab.test"),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.issue(cmd, args, prefix) },
	}
	c.signFlags(cmd)
	c.kindFlag(cmd, authority.RSA2048)
	cmd.Flags().StringVar(&prefix, "prefix", "", "write `PREFIX`.pem and PREFIX-key.pem (default: the first name)")
	return cmd
}

// signFlags are those of issue and sign.
func (c *caFlags) signFlags(cmd *cobra.Command) {
	c.View.Flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.dir, "cadir", "ca", "the `directory` of the CA")
	f.BoolVar(&c.client, "client", false, "for a client; otherwise for a server")
	f.BoolVar(&c.mustStaple, "must-staple", false, "it promises that a status is stapled to it (RFC 7633)")
	f.IntVar(&c.days, "days", 90, "valid for so many days")
	f.BoolVar(&c.force, "force", false, "replace files that are there already")
	f.BoolVar(&c.quiet, "quiet", false, "do not show the steps")
}

func (c *caFlags) issue(cmd *cobra.Command, names []string, prefix string) error {
	kind, err := c.keyKind()
	if err != nil {
		return err
	}
	if err := cli.FirstError(c.checkDays(cmd), c.CheckQuiet(c.quiet)); err != nil {
		return err
	}
	var request authority.Request
	for _, typed := range names {
		n, err := cli.CertName("", typed)
		if err != nil {
			return err
		}
		if request.CommonName == "" && len(n) <= authority.MaxCommonName { // a longer one is in the alternative names, where it counts
			request.CommonName = n
		}
		addr, err := netip.ParseAddr(n)
		switch ip := net.ParseIP(n); {
		case err == nil && addr.Is4In6():
			return cli.Misuse(reason.Usagef("Name %s: that is what a certificate holds, and what clients compare.", addr.Unmap()),
				"%q is an IPv4 address inside an IPv6 one", typed)
		case ip != nil:
			request.IPAddresses = append(request.IPAddresses, ip)
		case dnsName().MatchString(n) && len(n) > 253 || slices.ContainsFunc(strings.Split(n, "."), func(label string) bool { return len(label) > 63 }):
			return cli.Misuse("", "%q is longer than a DNS name can be: 253 characters, and 63 between dots (RFC 1035 §2.3.4)", n)
		case dnsName().MatchString(n):
			request.DNSNames = append(request.DNSNames, n)
		default:
			return cli.Misuse("Letters, digits and hyphens between dots, or *. and such a name.",
				"%q is neither a DNS name nor an IP address", typed)
		}
	}
	a, err := LoadAuthority(c.dir)
	if err != nil {
		return err
	}
	if prefix == "" {
		prefix = strings.NewReplacer("*", "_", "/", "_", ":", "_").Replace(names[0])
	}
	certFile, keyFile := prefix+".pem", prefix+"-key.pem"
	if !c.force {
		// Before the work. A key alone is not in the way: it is kept beside the new one.
		if _, err := os.Lstat(certFile); err == nil {
			return kept(os.ErrExist, certFile, otherPrefix)
		}
	}
	if err := cli.FirstError(cli.Try("--prefix", keyFile), cli.Try("--prefix", certFile)); err != nil {
		return err
	}
	key, err := authority.GenerateKey(kind, nil)
	if err != nil {
		return err
	}
	csr, err := authority.NewRequest(key, request)
	if err != nil {
		return err
	}
	issued, err := c.sign(cmd, a, csr)
	if err != nil {
		return err
	}
	was := pairThere(certFile, keyFile)
	aside, err := authority.SavePair(certFile, keyFile, issued.Chain, key, authority.FileOptions{Overwrite: c.force})
	if err != nil {
		return kept(c.intact(err, was, certFile, keyFile), certFile, otherPrefix)
	}
	c.say(cmd, "wrote_key", "file", keyFile)
	c.say(cmd, "wrote_chain", "file", certFile)
	c.sayAside(cmd, aside)
	return nil
}

// sign has the CA sign a request and shows how.
func (c *caFlags) sign(cmd *cobra.Command, a *authority.CA, csr []byte) (*authority.Issued, error) {
	out, err := c.View.Open(cmd.OutOrStdout(), cmd.ErrOrStderr())
	if err != nil {
		return nil, err
	}
	WarnExpired(cmd.ErrOrStderr(), c.Lang, c.dir, a)
	issued, err := a.Sign(csr, authority.LeafOptions{Client: c.client, Validity: c.validity(), MustStaple: c.mustStaple})
	if err != nil {
		return nil, cli.FirstError(err, out.Close())
	}
	c.sayOutlives(cmd, issued.Leaf, a)
	if c.quiet {
		return issued, out.Close()
	}
	term := render.NewTerminal(out, out.Options)
	for i, step := range issued.Steps {
		e := &event.Issue{Meta: event.Meta{Party: "ca", Time: time.Now(), Ref: step.Ref}, Step: step}
		if out.Options.Level == render.Brief { // as a move of a handshake: a line
			fmt.Fprintf(out, "%2d %s  %s\n", i+1, narrate.Must(c.Lang, narrate.Scene, narrate.EntryOf(e)).Title, step.Ref)
			continue
		}
		term.Event(e)
	}
	return issued, cli.FirstError(term.Close(), out.Close())
}

func newCASign() *cobra.Command {
	c := new(caFlags)
	var certOut string
	cmd := &cobra.Command{
		Use:   "sign CSR",
		Short: "Sign a certificate request, PEM or DER",
		Example: `  openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=www.lab.test \
      -addext subjectAltName=DNS:www.lab.test -out www.csr
  tlslab ca sign www.csr --cadir ca --cert-out www.pem`,
		Args: cli.Exactly(1, "the file with the request: tlslab ca sign www.csr"),
		RunE: func(cmd *cobra.Command, args []string) error { return c.signFile(cmd, args[0], certOut) },
	}
	c.signFlags(cmd)
	cmd.Flags().StringVar(&certOut, "cert-out", "", "write the chain to this `file` (default: the request's name with .pem)")
	return cmd
}

func (c *caFlags) signFile(cmd *cobra.Command, file, certOut string) error {
	if err := cli.FirstError(c.checkDays(cmd), c.CheckQuiet(c.quiet)); err != nil {
		return err
	}
	csr, err := readRequest(file)
	if err != nil {
		return err
	}
	if _, err := x509.ParseCertificateRequest(csr); err != nil {
		return cli.Unusable("It should be PEM, with a line -----BEGIN CERTIFICATE REQUEST-----, or DER.", "%s is not a PKCS #10 certificate request", file)
	}
	a, err := LoadAuthority(c.dir)
	if err != nil {
		return err
	}
	if certOut == "" {
		certOut = strings.TrimSuffix(file, filepath.Ext(file)) + ".pem"
	}
	const other = "Move it away, name another file with --cert-out, or say --force."
	if path, replaceable, err := ondisk.Find(certOut); err == nil && replaceable && !c.force { // before the work, too
		if _, err := os.Lstat(path); err == nil {
			return kept(os.ErrExist, certOut, other)
		}
	}
	if err := cli.Try("--cert-out", certOut); err != nil {
		return err
	}
	issued, err := c.sign(cmd, a, csr)
	if err != nil {
		return err
	}
	if err := authority.WriteChain(certOut, issued.Chain, authority.FileOptions{Overwrite: c.force}); err != nil {
		if !errors.Is(err, os.ErrExist) {
			err = cli.Unwritten("--cert-out", certOut, err)
		}
		return kept(err, certOut, other)
	}
	c.say(cmd, "wrote_chain", "file", certOut)
	return nil
}

// readRequest reads a PKCS #10 request, PEM or DER.
func readRequest(file string) ([]byte, error) {
	blocks, text, err := cli.PEMBlocks(file)
	if err != nil {
		return nil, err
	}
	for i := range blocks {
		if blocks[i].IsRequest() {
			return blocks[i].Bytes, nil
		}
	}
	return text, nil
}

// kept says, where err is a refusal to overwrite what, what to do about it.
func kept(err error, what any, remedy string) error {
	if errors.Is(err, os.ErrExist) {
		return cli.Unusable(remedy, "%s exists and is left as it is", what)
	}
	return err
}

// otherPrefix is the remedy where a certificate or a key is there already.
const otherPrefix = "Move it away, choose another --prefix, or say --force."
